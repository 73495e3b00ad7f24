"""DeepSeek's usage export: `amount-*.csv` (tokens and requests) and `cost-*.csv` (charges).

The amounts have a price, but not its currency, which is that of the account (USD or CNY): it is staged and not used.
Charges are in the other file. Users and keys are not copied; a digest of them separates rows.
"""

import re
from collections.abc import Iterator, Mapping
from datetime import timedelta
from typing import Any

from . import System, Type, recordfiles
from .moments import zoned

COMPACT_DATE = re.compile(r"(\d{4})(\d\d)(\d\d)", re.ASCII)
BY = ("user_id", "api_key_name", "api_key")

AMOUNTS = recordfiles.table(
    {
        "started_at": Type.UTC,
        "grouping": Type.KEY,
        "account": Type.KEY,
        "is_day": Type.FLAG,
        "model": Type.WORD,
        "kind": Type.WORD,
        "price": Type.NUMBER,
        "amount": Type.COUNT,
    },
    required=("started_at", "kind", "amount"),
)
COSTS = recordfiles.table(
    {
        "started_at": Type.UTC,
        "grouping": Type.KEY,
        "account": Type.KEY,
        "model": Type.WORD,
        "wallet_type": Type.WORD,
        "cost": Type.NUMBER,
        "currency": Type.WORD,
    },
    required=("started_at", "cost", "currency"),
)


def amounts(record: Mapping[str, Any]) -> Iterator[recordfiles.Row]:
    """The row of one kind of usage."""
    same = {name: name for name in ("model", "price", "amount")}
    yield {
        **recordfiles.columns(record, {"kind": "type", **same}),
        "is_day": _is_day(record),
        **_time_and_owner(record),
    }


def costs(record: Mapping[str, Any]) -> Iterator[recordfiles.Row]:
    """The row of a charge."""
    names = {name: name for name in ("model", "wallet_type", "cost", "currency")}
    yield {**recordfiles.columns(record, names), **_time_and_owner(record)}


def _is_day(record: Mapping[str, Any]) -> bool:
    """Whether a row is of more than an hour, on which the price of newer models depends: most exports have days."""
    begin, end = (zoned(record.get(name)) for name in ("start_time_iso", "end_time_iso"))
    return not record.get("start_time_iso") or bool(begin and end and end - begin > timedelta(hours=1))


def _time_and_owner(record: Mapping[str, Any]) -> recordfiles.Row:
    date = record.get("start_time_iso") or record.get("utc_date")
    compact = COMPACT_DATE.fullmatch(date) if isinstance(date, str) else None
    return {
        "started_at": "-".join(compact.groups()) if compact else date,
        "grouping": recordfiles.digest([str(record[name]) for name in BY if record.get(name) is not None]),
        "account": recordfiles.account(record, "user_id"),
    }


def _is_amount(record: Mapping[str, Any]) -> bool:
    return {"model", "api_key_name", "type", "price", "amount"} <= record.keys() and _has_time(record)


def _is_cost(record: Mapping[str, Any]) -> bool:
    return {"model", "wallet_type", "cost", "currency"} <= record.keys() and _has_time(record)


def _has_time(record: Mapping[str, Any]) -> bool:
    return bool({"utc_date", "start_time_iso"} & record.keys())


SYSTEM = System(
    name="deepseek",
    title="DeepSeek usage export",
    parts={
        "costs": recordfiles.part("deepseek_costs", COSTS, _is_cost, recordfiles.each(costs)),
        "amounts": recordfiles.part("deepseek_amounts", AMOUNTS, _is_amount, recordfiles.each(amounts)),
    },
)
