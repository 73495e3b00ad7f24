"""Estimate what calls cost where their source recorded no cost.

A rate is the price of calls of one provider, model, endpoint and tier while one price holds. Python reads the price
lists once, for the few rates that some calls need; the calls themselves are priced by one SQL statement. An estimate is
kept beside the recorded cost, which it never replaces. It lasts until the call changes, or its source is ingested with
a price file, or all is priced again (`reprice`).
"""

import sqlite3
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, fields, replace
from itertools import pairwise
from typing import Any

from .files import PriceFile, keep, kept
from .listed import listed_rates
from .rates import AFTER_LAST_DAY, DETAILS, FIRST_DAY, KEY, WITHIN, Rate

# What an estimate is made of: when it changes, the estimate is void.
BASIS = (
    *KEY,
    "called_at",
    "duration_ms",
    "calls",
    "input_tokens",
    "output_tokens",
    "cache_read_tokens",
    "cache_write_tokens",
    "total_tokens",
    "context_tokens",
    *DETAILS,
    "cost",
)

# A bill is a recorded cost without calls of its own: it covers its provider's calls of that day. One of 0 covers
# nothing: free is what a provider says is free, and a line that is not yet billed is 0 too.
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
            and bills.cost <> 0
    )"""
# The rollups note the dirty days of each source.
NEW_CALLS = f"""
    select calls.*
    from temp.dirty_day_calls as dirty
    cross join main.calls on calls.source_id = dirty.source_id and calls.day = dirty.day
    where
        calls.cost is null
        and (calls.estimated_cost is null or {IS_BILLED})"""
CALLS_OF_SOURCE = "select * from main.calls where source_id = :source_id and cost is null"
# What a lake's calls cost is computed where all of them are.
ALL_CALLS = """
    select *
    from main.calls
    where
        cost is null
        and source_id not in (select source_id from main.lakes)"""

# What is not counted in tokens.
OTHER_UNITS = tuple(detail for detail in DETAILS if detail not in WITHIN)
HAS_USAGE = " + ".join(
    f"coalesce({column}, 0)" for column in ("input_tokens", "cache_read_tokens", "output_tokens", *OTHER_UNITS)
)
HAS_DETAILS = f"coalesce({', '.join(DETAILS)}) is not null"
# Tokens of a kind cannot be more than those that they are among.
CONTRADICTS = " or ".join(
    " + ".join(f"coalesce({detail}, 0)" for detail, within in WITHIN.items() if within == group) + f" > {group}"
    for group in dict.fromkeys(WITHIN.values())
)
# A detail without a price makes the whole call unpriced.
DETAILS_COST = " + ".join(
    f"case when measured.{detail} > 0 then rates.extra_{detail} * measured.{detail} else 0 end" for detail in DETAILS
)
# What keeps SQLite from computing a cost again for each condition that asks for it: it takes three times as long.
ONCE = "limit -1"
# The tokens are those of a call, or of all calls that a row stands for: then the tier of input tokens is the one that
# the row names (context_tokens), otherwise that of the mean. No cost comes of tokens that contradict each other, of 0
# of everything (a stream whose usage was not recorded), nor of an answer to an unknown number of tokens.
PRICED = f"""
    with counted as (
        select
            *,
            substr(coalesce(called_at, :now), 1, 10) as on_day,
            substr(coalesce(called_at, :now), 12, 12) as at_time,
            coalesce(input_tokens, cache_read_tokens + cache_write_tokens, cache_read_tokens, cache_write_tokens, 0)
                as all_input,
            coalesce(cache_read_tokens, 0) as cache_read,
            coalesce(cache_write_tokens, 0) as cache_write,
            coalesce(output_tokens, 0) as output,
            input_tokens is null
                and coalesce(nullif(cache_read_tokens, 0), nullif(cache_write_tokens, 0)) is null
                and output_tokens > 0 as lacks_input,
            {HAS_USAGE} > 0 as has_usage,
            {HAS_DETAILS} as has_details,
            {{is_billed}} as is_billed
        from ({{calls}}) as calls
    ),
    measured as (
        select
            *,
            coalesce(context_tokens * max(calls, 1), all_input) as sized,
            -- What a total has beside input and output is of a kind that nobody knows.
            all_input < cache_read + cache_write
                or coalesce(total_tokens, 0) > all_input + output
                or (has_details and ({CONTRADICTS})) as is_contradictory
        from counted
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
                    when not has_usage or is_contradictory then null
                    when not rates.prices_tokens and all_input + output > 0 then null
                    when lacks_input and rates.per_input_token > 0 then null
                    else
                        rates.per_input_token * (all_input - cache_read - cache_write)
                        + rates.per_cache_read_token * cache_read
                        + rates.per_cache_write_token * cache_write
                        + rates.per_output_token * output
                        + case when has_details then {DETAILS_COST} else 0 end
                end as cost
        from measured
        left join temp.rates
            on rates.provider = measured.provider
            and rates.model = measured.model
            and rates.endpoint = measured.endpoint
            and rates.tier = measured.tier
            and rates.from_day <= measured.on_day
            and rates.until_day > measured.on_day
            and rates.from_time <= measured.at_time
            and rates.until_time > measured.at_time
            and rates.above_tokens * max(measured.calls, 1) < sized
            and (rates.upto_tokens is null or rates.upto_tokens * max(measured.calls, 1) >= sized)
        {ONCE}
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

# The columns of a rate, and those of the table of rates.
PLAIN = [one.name for one in fields(Rate) if one.name != "details"]
RATE_COLUMNS = (*KEY, *PLAIN, *(f"extra_{detail}" for detail in DETAILS))


@dataclass(frozen=True)
class Change:
    """The change of the estimates in one currency by pricing again: calls that have one now, sums before and after."""

    currency: str
    calls: int
    before: float
    after: float


def watch(connection: sqlite3.Connection) -> None:
    """From now on until the connection closes, void the estimate of a call when its basis changes."""
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
    """Price all calls without a recorded cost again; return the change by currency, and how many have no price."""
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
        select {", ".join(KEY)}, max({HAS_USAGE}) > 0
        from ({calls})
        group by {", ".join(KEY)}
        """,
        parameters,
    ).fetchall()
    if not keys:
        return 0
    price_file = kept(connection)
    create_rates(
        connection,
        ((tuple(key), rate) for *key, has_usage in keys for rate in rates_of(tuple(key), bool(has_usage), price_file)),
    )
    connection.execute("create temp table priced (id integer primary key, cost, currency, priced_as)")
    priced = PRICED.format(calls=calls, is_billed=IS_BILLED)
    connection.execute(f"insert into temp.priced {priced}", {**parameters, "now": now})
    changed = connection.execute(UPDATE).rowcount
    connection.execute("drop table temp.priced")
    connection.execute("drop table temp.rates")
    return changed


def create_rates(connection: sqlite3.Connection, rates: Iterable[tuple[tuple[str, ...], Rate]]) -> None:
    """Make temp.rates of the rates of each provider, model, endpoint and tier."""
    connection.execute(f"""
        create temp table rates (
            {", ".join(f"{name} text" for name in KEY)}, {", ".join(RATE_COLUMNS[len(KEY) :])},
            primary key ({", ".join(KEY)}, from_day, from_time, above_tokens)
        ) without rowid""")
    connection.executemany(
        f"insert into temp.rates values ({', '.join('?' * len(RATE_COLUMNS))})",
        (rate_row(key, rate) for key, rate in rates),
    )


def rate_row(key: tuple[str, ...], rate: Rate) -> tuple[Any, ...]:
    """A rate as a row of RATE_COLUMNS."""
    return (*key, *(getattr(rate, name) for name in PLAIN), *map(rate.details.get, DETAILS))


def rates_of(key: tuple[str, ...], has_usage: bool, price_file: PriceFile) -> Iterator[Rate]:
    """The rates of some calls, no two for the same time and tokens: listed ones where no entry of the file holds."""
    call = dict(zip(KEY, key, strict=True))
    provider, model, _, tier = key
    own = [entry.rate for entry in price_file.entries if entry.matches(call)]
    is_covered = any((rate.from_day, rate.until_day) == (FIRST_DAY, AFTER_LAST_DAY) for rate in own)
    listed = listed_rates(provider, model, tier) if model and has_usage and not is_covered else ()
    days = {FIRST_DAY, AFTER_LAST_DAY} | {day for rate in (*own, *listed) for day in (rate.from_day, rate.until_day)}
    for day, until_day in pairwise(sorted(days)):
        first = next((rate for rate in own if rate.from_day <= day < rate.until_day), None)
        for rate in (first,) if first else (rate for rate in listed if rate.from_day <= day < rate.until_day):
            yield replace(rate, from_day=day, until_day=until_day)
