"""Estimate what calls cost where their source recorded no cost: from prices of one's own, else from genai-prices.

A rate says what calls of one provider, model and endpoint cost while one price holds. For the few rates that some calls
need Python asks the price lists, once; the calls themselves are priced by one SQL statement. An estimate is kept beside
the recorded cost, which it never replaces. It lasts until the call changes, or its source is ingested with a price
file, or all is priced anew (`reprice`). The list within genai-prices is used as it is installed, never updated.
"""

import math
import re
import sqlite3
from collections.abc import Iterable, Iterator
from dataclasses import astuple, dataclass, fields, replace
from datetime import date, datetime, time, timedelta, timezone
from decimal import Decimal
from functools import cache
from itertools import pairwise, product
from pathlib import Path
from typing import TYPE_CHECKING, Any

from .errors import StoryreportError

if TYPE_CHECKING:
    from genai_prices.types import PriceCalculation

MATCHED = ("provider", "model", "endpoint")
PRICES = ("per_call", "per_second", "per_1m_input_tokens", "per_1m_cached_input_tokens", "per_1m_output_tokens")
KEYS = (*MATCHED, "from", "until", "currency", *PRICES)
FIRST_DAY, AFTER_LAST_DAY = "0001-01-01", "9999-99-99"
AFTER_LAST_TIME = "24:00"
# Names of providers in OpenTelemetry and LiteLLM that genai-prices does not know them by.
ALIASES = {"x_ai": "x-ai", "fireworks_ai": "fireworks"}
# What an estimate is made of: when it changes, the estimate is void.
BASIS = (
    *MATCHED,
    "called_at",
    "duration_ms",
    "calls",
    "input_tokens",
    "output_tokens",
    "cache_read_tokens",
    "cache_write_tokens",
    "cost",
)

# A bill is a recorded cost without calls of its own: it covers its provider's calls of that day.
IS_BILLED = """
    exists (
        select 1
        from main.calls as bills
        where
            bills.source_id = calls.source_id
            and bills.day = calls.day
            and bills.provider = calls.provider
            and bills.calls = 0
            and bills.cost is not null
    )"""
# rollups notes which days of which sources the ingest has made dirty.
NEW_CALLS = f"""
    select calls.*
    from temp.dirty_day_calls as touched
    cross join main.calls on calls.source_id = touched.source_id and calls.day = touched.day
    where
        calls.cost is null
        and (calls.estimated_cost is null or {IS_BILLED})"""
CALLS_OF_SOURCE = "select * from main.calls where source_id = :source_id and cost is null"
ALL_CALLS = "select * from main.calls where cost is null"

HAS_TOKENS = "coalesce(input_tokens, 0) + coalesce(cache_read_tokens, 0) + coalesce(output_tokens, 0) > 0"
# The tokens are those of a call, or of all calls that a row stands for: then the tier is that of their mean. Tokens
# that contradict each other, and 0 of them (a stream whose usage nobody recorded), say nothing about the cost.
PRICED = """
    with measured as (
        select
            *,
            substr(coalesce(called_at, :now), 1, 10) as on_day,
            substr(coalesce(called_at, :now), 12, 12) as at_time,
            coalesce(input_tokens, cache_read_tokens + cache_write_tokens, cache_read_tokens, cache_write_tokens, 0)
                as all_input,
            coalesce(cache_read_tokens, 0) as cache_read,
            coalesce(cache_write_tokens, 0) as cache_write,
            coalesce(output_tokens, 0) as output,
            {is_billed} as is_billed
        from ({calls}) as calls
    ),
    rated as (
        select
            measured.id,
            measured.estimated_cost,
            measured.estimated_currency,
            measured.priced_as,
            measured.is_billed,
            rates.currency,
            rates.priced_as as rated_as,
            rates.is_free,
            rates.per_call * measured.calls
                + case when rates.per_second is null then 0 else rates.per_second * measured.duration_ms / 1000.0 end
                + case
                    when not rates.takes_tokens then 0
                    when all_input + output > 0 and all_input >= cache_read + cache_write
                        then
                            rates.per_input_token * (all_input - cache_read - cache_write)
                            + rates.per_cache_read_token * cache_read
                            + rates.per_cache_write_token * cache_write
                            + rates.per_output_token * output
                end as cost
        from measured
        left join temp.rates
            on rates.provider = measured.provider
            and rates.model = measured.model
            and rates.endpoint = measured.endpoint
            and rates.from_day <= measured.on_day
            and rates.until_day > measured.on_day
            and rates.from_time <= measured.at_time
            and rates.until_time > measured.at_time
            and rates.above_tokens * max(measured.calls, 1) < all_input
            and (rates.upto_tokens is null or rates.upto_tokens * max(measured.calls, 1) >= all_input)
    ),
    known as (
        select
            *,
            not is_billed and (cost > 0 or (cost = 0 and is_free)) as is_known
        from rated
    ),
    priced as (
        select
            id,
            case when is_known then cost end as cost,
            case when is_known then currency end as currency,
            case when is_known then rated_as end as priced_as,
            estimated_cost,
            estimated_currency,
            priced_as as estimated_as
        from known
    )
    insert into temp.priced
    select id, cost, currency, priced_as
    from priced
    where (cost, currency, priced_as) is not (estimated_cost, estimated_currency, estimated_as)"""
UPDATE = """
    update main.calls
    set (estimated_cost, estimated_currency, priced_as) = (
        select cost, currency, priced_as
        from temp.priced
        where priced.id = calls.id
    )
    where id in (select id from temp.priced)"""


@dataclass(frozen=True)
class Rate:
    """What calls cost while one price holds: for each call, second and token, in `currency`."""

    priced_as: str
    currency: str = "USD"
    is_free: bool = False  # the price list says 0, and means it
    per_call: float = 0.0
    per_second: float | None = None
    takes_tokens: bool = False
    per_input_token: float = 0.0
    per_cache_read_token: float = 0.0
    per_cache_write_token: float = 0.0
    per_output_token: float = 0.0
    # Days and times are UTC; the last ones of each pair are the first that no longer belong to it.
    from_day: str = FIRST_DAY
    until_day: str = AFTER_LAST_DAY
    from_time: str = "00:00"
    until_time: str = AFTER_LAST_TIME
    above_tokens: int = -1  # for calls with more input tokens than this, and at most those
    upto_tokens: int | None = None


@dataclass(frozen=True)
class Entry:
    """One entry of a price file: the calls that it is for, and their rate."""

    patterns: dict[str, re.Pattern[str]]
    rate: Rate

    def matches(self, call: dict[str, str]) -> bool:
        """Whether it is for calls of this provider, model and endpoint (on the days of its rate)."""
        return all(pattern.fullmatch(call[field]) for field, pattern in self.patterns.items())


@dataclass(frozen=True)
class PriceFile:
    """Prices of one's own: the file's text, and its entries, of which the first that matches decides."""

    text: str = ""
    entries: tuple[Entry, ...] = ()


@dataclass(frozen=True)
class Change:
    """What pricing anew has done to the estimates in one currency: calls that have one now, sums before and after."""

    currency: str
    calls: int
    before: float
    after: float


# Price files -----------------------------------------------------------------------------------------------------


def read_price_file(path: Path) -> PriceFile:
    """A price file (YAML); StoryreportError names the entry that is none."""
    try:
        text = path.read_text(encoding="utf-8")
    except OSError as error:
        raise StoryreportError(f"{path} cannot be read as a price file ({error.strerror or error}).") from None
    except UnicodeDecodeError:
        raise StoryreportError(f"{path} cannot be read as a price file (it is not UTF-8 text).") from None
    return parse(text, str(path))


def parse(text: str, name: str) -> PriceFile:
    """The prices in the text of a price file; `name` is what errors call it."""
    import yaml

    try:
        content = yaml.safe_load(text)
    except (yaml.YAMLError, ValueError, RecursionError) as error:
        mark = getattr(error, "problem_mark", None)
        where = f" (line {mark.line + 1})" if mark else ""
        raise StoryreportError(f"{name} is no YAML that can be read{where}: mend it there.") from None
    if not isinstance(content, dict) or set(content) != {"prices"} or not isinstance(content["prices"], list):
        raise StoryreportError(f"{name} is no price file: it must hold a list under `prices:` and nothing else.")
    entries = content["prices"]
    return PriceFile(text, tuple(_entry(entry, f"{name}, entry {n}") for n, entry in enumerate(entries, start=1)))


def _entry(entry: Any, name: str) -> Entry:
    if not isinstance(entry, dict):
        raise StoryreportError(f"{name}: must be a mapping of {', '.join(KEYS)}, not {entry!r}.")
    if unknown := [key for key in entry if key not in KEYS]:
        raise StoryreportError(f"{name}: {unknown[0]!r} is not known, only {', '.join(KEYS)} are.")
    patterns = {field: _pattern(entry[field], field, name) for field in MATCHED if field in entry}
    if not patterns:
        raise StoryreportError(f"{name}: says not which calls it is for, give it a provider, model or endpoint.")
    amounts = {key: _amount(entry[key], key, name) for key in PRICES if key in entry}
    if not amounts:
        raise StoryreportError(f"{name}: has no price, give it one of {', '.join(PRICES)}.")
    currency = entry.get("currency", "USD")
    if not isinstance(currency, str) or not re.fullmatch("[A-Za-z]{3}", currency):
        raise StoryreportError(f"{name}: currency must be three letters like EUR, not {currency!r}.")
    first = _day(entry["from"], "from", name) if "from" in entry else None
    last = _day(entry["until"], "until", name) if "until" in entry else None
    if first and last and first > last:
        raise StoryreportError(f"{name}: ends before it begins (from {first}, until {last}).")
    per_input = amounts.get("per_1m_input_tokens", 0.0)
    # Cached tokens are input tokens: without a price of their own they have that of the others.
    per_cached = amounts.get("per_1m_cached_input_tokens", per_input)
    rate = Rate(
        priced_as="price file: " + "/".join(str(entry.get(field, "*")) for field in MATCHED),
        currency=currency.upper(),
        is_free=not any(amounts.values()),
        per_call=amounts.get("per_call", 0.0),
        per_second=amounts.get("per_second"),
        takes_tokens=any(key.endswith("_tokens") for key in amounts),
        per_input_token=per_input / 1e6,
        per_cache_read_token=per_cached / 1e6,
        per_cache_write_token=per_input / 1e6,
        per_output_token=amounts.get("per_1m_output_tokens", 0.0) / 1e6,
        from_day=first.isoformat() if first else FIRST_DAY,
        until_day=(last + timedelta(days=1)).isoformat() if last and last < date.max else AFTER_LAST_DAY,
    )
    return Entry(patterns, rate)


def _pattern(value: Any, field: str, name: str) -> re.Pattern[str]:
    if not isinstance(value, str):
        raise StoryreportError(f"{name}: {field} must be a text, not {value!r} (put it in quotes).")
    return re.compile(".*".join(map(re.escape, value.split("*"))), re.IGNORECASE | re.DOTALL)


def _amount(value: Any, key: str, name: str) -> float:
    try:
        if isinstance(value, (int, float)) and not isinstance(value, bool) and 0 <= float(value) < math.inf:
            return float(value)
    except OverflowError:
        pass
    raise StoryreportError(f"{name}: {key} must be a number from 0 up like 0.04, not {value!r}.")


def _day(value: Any, key: str, name: str) -> date:
    if isinstance(value, date) and not isinstance(value, datetime):
        return value
    try:
        if isinstance(value, str) and re.fullmatch(r"\d{4}-\d\d-\d\d", value):
            return date.fromisoformat(value)
    except ValueError:
        pass
    raise StoryreportError(f"{name}: {key} must be a date YYYY-MM-DD, not {value!r}.")


def keep(connection: sqlite3.Connection, price_file: PriceFile, now: str) -> None:
    """Keep a price file in the report database, for the next ingests; nothing is written where it is kept already."""
    connection.execute(
        """
        insert into main.price_files (yaml, read_at)
        select :yaml, :now
        where :yaml is not (select yaml from main.price_files order by id desc limit 1)
        """,
        {"yaml": price_file.text, "now": now},
    )


def _kept(connection: sqlite3.Connection) -> PriceFile:
    row = connection.execute("select yaml from main.price_files order by id desc limit 1").fetchone()
    return parse(row[0], "The price file that the report database keeps") if row else PriceFile()


# Pricing ---------------------------------------------------------------------------------------------------------


def watch(connection: sqlite3.Connection) -> None:
    """From now on until the connection closes, void the estimate of a call when what it was made of changes."""
    before, after = (", ".join(f"{row}.{column}" for column in BASIS) for row in ("old", "new"))
    connection.execute(f"""
        create temp trigger void_estimate after update on main.calls
        when old.estimated_cost is not null and ({before}) is not ({after})
        begin
            update calls
            set estimated_cost = null, estimated_currency = null, priced_as = null
            where id = new.id;
        end""")


def estimate(
    connection: sqlite3.Connection, source_id: int, price_file: PriceFile | None, now: str, is_new: bool
) -> int:
    """Price the new and changed calls of the ingest; all of a new source or with a price file. Return how many differ.

    Where the source is not new, the rollups must be watching the calls and not have been refreshed.
    """
    if price_file:
        keep(connection, price_file, now)
    return _price(connection, CALLS_OF_SOURCE if price_file or is_new else NEW_CALLS, now, source_id=source_id)


def reprice(connection: sqlite3.Connection, price_file: PriceFile | None, now: str) -> tuple[list[Change], int]:
    """Price all calls without a recorded cost anew; return the change by currency, and how many calls have no price."""
    if price_file:
        keep(connection, price_file, now)
    before = _totals(connection)
    _price(connection, ALL_CALLS, now)
    after = _totals(connection)
    nothing = (0, 0.0)
    changes = [
        Change(
            currency, after.get(currency, nothing)[0], before.get(currency, nothing)[1], after.get(currency, nothing)[1]
        )
        for currency in sorted(before.keys() | after.keys())
        if currency
    ]
    return changes, after.get("", nothing)[0]


def _totals(connection: sqlite3.Connection) -> dict[str, tuple[int, float]]:
    """Calls without a recorded cost or a bill and their estimates, by currency; '' is for those that have none."""
    rows = connection.execute(f"""
        select coalesce(estimated_currency, ''), sum(calls), coalesce(sum(estimated_cost), 0.0)
        from ({ALL_CALLS}) as calls
        where estimated_cost is not null or not {IS_BILLED}
        group by 1""")
    return {currency: (calls, cost) for currency, calls, cost in rows}


def _price(connection: sqlite3.Connection, calls: str, now: str, **parameters: Any) -> int:
    """Price the selected calls; return how many have another estimate than before."""
    keys = connection.execute(
        f"""
        select provider, model, endpoint, max({HAS_TOKENS})
        from ({calls})
        group by provider, model, endpoint
        """,
        parameters,
    ).fetchall()
    if not keys:
        return 0
    price_file = _kept(connection)
    with_tokens = {(provider, model, endpoint): bool(tokens) for provider, model, endpoint, tokens in keys}
    create_rates(
        connection, ((key, rate) for key in with_tokens for rate in _rates(*key, with_tokens[key], price_file))
    )
    connection.execute("create temp table priced (id integer primary key, cost, currency, priced_as)")
    connection.execute(PRICED.format(calls=calls, is_billed=IS_BILLED), {**parameters, "now": now})
    changed = connection.execute(UPDATE).rowcount
    connection.execute("drop table temp.priced")
    connection.execute("drop table temp.rates")
    return changed


def create_rates(connection: sqlite3.Connection, rates: Iterable[tuple[tuple[str, str, str], Rate]]) -> None:
    """Make temp.rates of the rates of each provider, model and endpoint."""
    columns = ", ".join(field.name for field in fields(Rate))
    connection.execute(f"""
        create temp table rates (
            provider text, model text, endpoint text, {columns},
            primary key (provider, model, endpoint, from_day, from_time, above_tokens)
        ) without rowid""")
    connection.executemany(
        f"insert into temp.rates values (?, ?, ?{', ?' * len(fields(Rate))})",
        ((*key, *astuple(rate)) for key, rate in rates),
    )


def _rates(provider: str, model: str, endpoint: str, with_tokens: bool, price_file: PriceFile) -> Iterator[Rate]:
    """The rates of some calls, no two for the same time and tokens: listed ones where no entry of the file holds."""
    call = {"provider": provider, "model": model, "endpoint": endpoint}
    own = [entry.rate for entry in price_file.entries if entry.matches(call)]
    is_covered = any((rate.from_day, rate.until_day) == (FIRST_DAY, AFTER_LAST_DAY) for rate in own)
    listed = _listed(provider, model) if model and with_tokens and not is_covered else ()
    days = {FIRST_DAY, AFTER_LAST_DAY} | {day for rate in (*own, *listed) for day in (rate.from_day, rate.until_day)}
    for day, until_day in pairwise(sorted(days)):
        first = next((rate for rate in own if rate.from_day <= day < rate.until_day), None)
        for rate in (first,) if first else (rate for rate in listed if rate.from_day <= day < rate.until_day):
            yield replace(rate, from_day=day, until_day=until_day)


# What genai-prices lists -----------------------------------------------------------------------------------------


@cache
def _listed(provider: str, model: str) -> tuple[Rate, ...]:
    """The rates of a model in genai-prices, none if it does not know the model or has no price for its tokens."""
    try:
        found = _find(provider, model)
        return tuple(_rates_of(found)) if found else ()
    except (LookupError, ValueError):
        return ()


def _find(provider: str, model: str) -> "PriceCalculation | None":
    """The model as genai-prices knows it; never that of another provider than the call's own."""
    prefix, _, rest = model.partition("/")
    if not provider:
        return (_look_up(prefix, rest) if rest else None) or _look_up(None, model)
    # LiteLLM repeats the provider in the model's name; others put the maker of the model there.
    return _look_up(provider, model) or (_look_up(provider, rest) if rest else None)


def _look_up(provider: str | None, model: str) -> "PriceCalculation | None":
    from genai_prices import Usage, calc_price

    try:
        return calc_price(Usage(input_tokens=0), model, provider_id=ALIASES.get(provider or "", provider))
    except LookupError:
        return None


def _rates_of(found: "PriceCalculation") -> Iterator[Rate]:
    """The rates of a listed model: one for each stretch of days, hours of the day and tier of input tokens."""
    from genai_prices.types import StartDateConstraint, TieredPrices, TimeOfDateConstraint

    days, times = {FIRST_DAY, AFTER_LAST_DAY}, {"00:00:00", AFTER_LAST_TIME}
    for price in found.model.prices if isinstance(found.model.prices, list) else ():
        if isinstance(price.constraint, StartDateConstraint):
            days.add(price.constraint.start_date.isoformat())
        elif isinstance(price.constraint, TimeOfDateConstraint):
            times |= {_utc(price.constraint.start_time), _utc(price.constraint.end_time)}
        elif price.constraint is not None:
            raise LookupError("a newer genai-prices has conditions that are not known here")
    for (day, until_day), (at, until_time) in product(pairwise(sorted(days)), pairwise(sorted(times))):
        moment = datetime.combine(date.fromisoformat(day), time.fromisoformat(at), timezone.utc)
        prices = vars(found.model.get_prices(moment)).values()
        tiers = sorted({tier.start for price in prices if isinstance(price, TieredPrices) for tier in price.tiers})
        for above, upto in pairwise([-1, *tiers, None]):
            assert above is not None
            rate = _rate(found, moment, above, upto)
            if rate:
                yield replace(rate, from_day=day, until_day=until_day, from_time=at, until_time=until_time)


def _rate(found: "PriceCalculation", moment: datetime, above: int, upto: int | None) -> Rate | None:
    """The rate at a time within a tier, measured by asking for prices; None where tokens cost nothing (unknown)."""
    from genai_prices import Usage

    def cost(**tokens: int) -> Decimal:
        return found.model.calc_price(Usage(**tokens), found.provider, genai_request_timestamp=moment).total_price

    # Within a tier all is linear: a fee for the call, and a price for each kind of token.
    many = upto or above + 1_000_001
    plain = cost(input_tokens=many)
    per_input = plain - cost(input_tokens=many - 1)
    per_call = plain - per_input * many
    per_read = (cost(input_tokens=many, cache_read_tokens=many) - per_call) / many
    per_write = (cost(input_tokens=many, cache_write_tokens=many) - per_call) / many
    per_output = (cost(input_tokens=many, output_tokens=many) - plain) / many
    if not any((per_call, per_input, per_read, per_write, per_output)):
        return None
    return Rate(
        priced_as=f"{found.provider.id}/{found.model.id}",
        per_call=float(per_call),
        takes_tokens=True,
        per_input_token=float(per_input),
        per_cache_read_token=float(per_read),
        per_cache_write_token=float(per_write),
        per_output_token=float(per_output),
        above_tokens=above,
        upto_tokens=upto,
    )


def _utc(value: time) -> str:
    """A time of day in UTC, which is what one without a zone is."""
    moment = datetime.combine(date(1970, 1, 1), value)
    return (moment.astimezone(timezone.utc) if moment.tzinfo else moment).time().isoformat()
