"""Numbers and times for people: durations, sizes, shares, money; a column's name says its unit."""

import math
import re

from ..patterns import Pattern

MONEY = (
    *("cost", "estimated_cost", "cost_per_call", "cost_to_date", "daily_avg", "forecast", "previous_month"),
    *("cost_per_accepted_story", "cost_of_failures", "previous_cost", "previous_cost_per_accepted_story"),
    *("usual_cost", "with_cost", "usual_low", "usual_high", "saved"),
)
UNITS = ("_ms", "_pct", "_bytes", "_minutes")
# Keys are no quantities: no thousands separator.
KEY = Pattern(r"(.*_)?(id|key)")
TIME = Pattern(r"(\d{4}-\d\d-\d\d)(?:T(\d\d:\d\d:\d\d)(?:\.\d+)?Z)?", re.ASCII)


def heading(column: str) -> str:
    """A column's name for people; its unit stands in its cells."""
    for unit in UNITS:
        column = column.removesuffix(unit)
    return column.replace("_", " ")


def number(column: str, value: float, currency: str = "") -> str:
    """A number of a column with its unit."""
    if column.endswith("_ms"):
        return duration(value)
    if column.endswith("_minutes"):
        return duration(value * 60_000) if value else "0 min"
    if column.endswith("_bytes"):
        return size(value)
    if column.endswith("_pct"):
        return share(value)
    if column in MONEY:
        return money(value, currency)
    return f"{value:,}" if isinstance(value, int) else f"{value:,.2f}"


def duration(ms: float) -> str:
    """Milliseconds as `340 ms`, `1.2 s`, `3 min 4 s`, `5 h 6 min` or `7 d 8 h`."""
    sign, ms = ("-" if ms < 0 else ""), abs(ms)
    if ms < 999.5:
        return f"{sign}{ms:.0f} ms"
    if ms < 59_950:
        return f"{sign}{ms / 1000:.1f} s"
    seconds, minutes, hours = round(ms / 1000), round(ms / 60_000), round(ms / 3_600_000)
    if seconds < 3600:
        return sign + _parts(divmod(seconds, 60), "min", "s")
    if minutes < 2 * 1440:
        return sign + _parts(divmod(minutes, 60), "h", "min")
    return sign + _parts(divmod(hours, 24), "d", "h")


def size(count: float) -> str:
    """Bytes as `3.4 MB`."""
    for unit in ("B", "kB", "MB", "GB", "TB"):
        if abs(count) < 999.5 or unit == "TB":
            break
        count /= 1000
    return f"{count:.0f} {unit}" if unit == "B" else f"{count:.1f} {unit}"


def share(pct: float) -> str:
    """A percentage with one decimal, or two where one would make all or nothing of it: `33.3 %`, `99.97 %`."""
    if isinstance(pct, int) or abs(pct) >= 1000:
        return f"{pct:,.0f} %"
    digits = 2 if pct not in (0, 100) and f"{abs(pct):.1f}" in ("0.0", "100.0") else 1
    return f"{pct:.{digits}f} %"


def money(amount: float, currency: str) -> str:
    """An amount with its currency, small ones with two digits that count: `12.30 USD`, `0.0012 USD`."""
    digits = 2 if amount == 0 or abs(amount) >= 0.1 else min(8, 1 - math.floor(math.log10(abs(amount))))
    return f"{amount:,.{digits}f} {currency}".rstrip()


def _parts(amounts: tuple[int, int], large: str, small: str) -> str:
    return f"{amounts[0]:,} {large} {amounts[1]} {small}" if amounts[1] else f"{amounts[0]:,} {large}"
