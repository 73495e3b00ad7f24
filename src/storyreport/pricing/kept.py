"""The price list as reports compare with it: what a million tokens cost now, of each model of genai-prices' list.

Only where the list is loaded anyway, for that takes longer than an ingest without news.
"""

import sqlite3
import sys
from collections.abc import Iterator

from .listed import listed_rates

MILLION = 1_000_000
# (input, output, read from the cache, written to it, written for an hour), in dollars a million tokens.
Prices = tuple[float, float, float, float, float]


def keep_list(connection: sqlite3.Connection, now: str) -> None:
    """Bring main.list_prices up to date: daily, and with each version of the list and each new name in a call."""
    if "genai_prices" not in sys.modules:
        return
    from genai_prices import __version__

    day = now[:10]
    version = f"{__version__} of {day}"
    kept = connection.execute("select version from main.list_prices limit 1").fetchone()
    if kept != (version,):
        connection.execute("delete from main.list_prices")
        _insert(connection, _listed_names(), day, version)
    names = connection.execute("""
        select distinct provider, model
        from main.rollup_calls
        where (provider, model) not in (select provider, model from main.list_prices)""").fetchall()
    _insert(connection, ((*name, False) for name in names), day, version)


def _listed_names() -> Iterator[tuple[str, str, bool]]:
    """(provider, model, whether the model's name alone means this provider) of each listed model."""
    from genai_prices.data_snapshot import get_snapshot

    for provider in get_snapshot().providers:
        for model in provider.models:
            usual = provider.model_match is not None and provider.model_match.is_match(model.id)
            yield provider.id, model.id, usual


def _insert(connection: sqlite3.Connection, names: Iterator[tuple[str, str, bool]], day: str, version: str) -> None:
    rows = (
        (provider, model, found[0], usual, *found[1], version)
        for provider, model, usual in names
        if (found := _prices(provider, model, day))
    )
    connection.executemany(f"insert or ignore into main.list_prices values ({', '.join('?' * 10)})", rows)


def _prices(provider: str, model: str, day: str) -> tuple[str, Prices] | None:
    """What a model is in the list, and its prices on a day at noon within the first tier; None where it has none."""
    for rate in listed_rates(provider, model):
        is_now = rate.from_day <= day < rate.until_day and rate.from_time <= "12:00" < rate.until_time
        if is_now and rate.above_tokens < 0 and rate.prices_tokens:
            hour = rate.per_cache_write_token + rate.details.get("cache_write_1h_tokens", 0.0)
            tokens = (rate.per_input_token, rate.per_output_token, rate.per_cache_read_token)
            prices = (*tokens, rate.per_cache_write_token, hour)
            return rate.priced_as, tuple(price * MILLION for price in prices)  # type: ignore[return-value]
    return None
