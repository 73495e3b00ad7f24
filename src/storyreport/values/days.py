"""Dates whose day and month may be each other, 3/4/2026: what one says of its column, and ISO's form if it is known."""

import re

from ..patterns import Pattern

DATE = Pattern(
    r"(?P<first>\d{1,2})(?P<mark>[./-])(?P<second>\d{1,2})(?P=mark)(?P<year>\d{4}|(?<=[./])\d\d)"
    r"(?:,?[ T](?P<hour>\d{1,2}):(?P<minute>\d\d)(?::(?P<seconds>\d\d(?:\.\d{1,9})?))?"
    r"[\s\u202f\u00a0]*(?:(?P<half>[AaPp])\.?[Mm]\.?)?\s*(?P<zone>Z|[A-Z]{2,5}|[+-]\d\d:?\d\d)?)?",
    re.ASCII,
)


def order_of(match: re.Match[str]) -> str | None:
    """`day` or `month`, what a date must begin with; None where it may be either, or dots say that it is the day."""
    if match["mark"] == ".":
        return None
    if int(match["first"]) > 12:
        return "day"
    return "month" if int(match["second"]) > 12 else None


def in_iso(match: re.Match[str], is_day_first: bool) -> str:
    """The time in ISO's form, its zone as it is written."""
    day, month = ("first", "second") if is_day_first else ("second", "first")
    hour = int(match["hour"] or 0)
    if match["half"]:
        hour = hour % 12 + (12 if match["half"] in "Pp" else 0)
    year = match["year"] if len(match["year"]) == 4 else f"20{match['year']}"
    clock = f"{hour:02}:{match['minute'] or '00'}:{match['seconds'] or '00'}"
    return f"{year}-{int(match[month]):02}-{int(match[day]):02}T{clock}{match['zone'] or ''}"


def day_order(value: object) -> str | None:
    """What a value says of its column: `day`, `month`, `either`; None for one that is no such date."""
    match = DATE.fullmatch(value.strip()) if isinstance(value, str) else None
    return (order_of(match) or "either") if match and match["mark"] != "." else None


def with_year_first(value: object, is_day_first: int) -> object:
    """A value of a column whose order is known: a date in ISO's form, any other as it is."""
    match = DATE.fullmatch(value.strip()) if isinstance(value, str) else None
    return in_iso(match, match["mark"] == "." or bool(is_day_first)) if match else value
