"""The price list as reports compare with it: what a million tokens cost now, of each model of genai-prices' list.

Only where the list is loaded anyway, for that takes longer than an ingest without news. Names that it does not have
are kept too, as models of nobody: to look for thousands of them takes seconds.
"""

import sqlite3
import sys
from collections.abc import Iterable, Iterator
from datetime import datetime
from typing import TYPE_CHECKING, Any

from .listed import find

if TYPE_CHECKING:
    from genai_prices.types import ModelInfo

NOTHING = (0.0,) * 5
NOT_LISTED = ""
# (provider, model, the listed provider and model, whether the model's name alone means that provider, the prices)
Row = tuple[Any, ...]


def keep_list(connection: sqlite3.Connection, now: str) -> None:
    """Bring main.list_prices up to date: daily, and with each version of the list and each new name in a call."""
    if "genai_prices" not in sys.modules:
        return
    from genai_prices import __version__

    version = f"{__version__} of {now[:10]}"
    noon = datetime.fromisoformat(f"{now[:10]}T12:00:00+00:00")
    kept = connection.execute("select version from main.list_prices limit 1").fetchone()
    if kept != (version,):
        connection.execute("delete from main.list_prices")
        _insert(connection, _listed(noon), version)
    names = connection.execute("""
        select distinct provider, model
        from main.rollup_calls
        where (provider, model) not in (select provider, model from main.list_prices)""").fetchall()
    _insert(connection, _named(names, noon), version)


def _listed(moment: datetime) -> Iterator[Row]:
    """The rows of the list's own names."""
    from genai_prices.data_snapshot import get_snapshot

    for provider in get_snapshot().providers:
        for model in provider.models:
            usual = provider.model_match is not None and provider.model_match.is_match(model.id)
            yield provider.id, model.id, f"{provider.id}/{model.id}", usual, *_prices(model, moment)


def _named(names: Iterable[tuple[str, str]], moment: datetime) -> Iterator[Row]:
    """The rows of names that calls have: for models of the list, or for none."""
    for provider, model in names:
        found = find(provider, model) if model else None
        prices = _prices(found.model, moment) if found else NOTHING
        listed_as = f"{found.provider.id}/{found.model.id}" if found and any(prices) else NOT_LISTED
        yield provider, model, listed_as, False, *prices


def _insert(connection: sqlite3.Connection, rows: Iterable[Row], version: str) -> None:
    connection.executemany(
        f"insert or ignore into main.list_prices values ({', '.join('?' * 10)})",
        ((*row, version) for row in rows if any(row[4:]) or row[2] == NOT_LISTED),
    )


def _prices(model: "ModelInfo", moment: datetime) -> tuple[float, ...]:
    """Dollars a million tokens within the first tier: in, out, read from the cache, written to it, for an hour.

    Tokens without a price of their own have that of those which include them; 0 each where tokens have none.
    """
    prices = model.get_prices(moment)

    def price(name: str, otherwise: float) -> float:
        listed = getattr(prices, name)
        return otherwise if listed is None else float(getattr(listed, "base", listed))

    plain = price("input_mtok", 0.0)
    written = price("cache_write_mtok", plain)
    return (
        plain,
        price("output_mtok", 0.0),
        price("cache_read_mtok", plain),
        written,
        price("cache_write_1h_mtok", written),
    )
