"""Dates in words: the UTC day that `7d`, `yesterday`, `2026-11`, a date or a time stands for."""

import calendar
import contextlib
import re
from collections.abc import Callable
from datetime import date, datetime, timezone
from typing import NamedTuple

from ..values import times

# What a form suggests.
SUGGESTIONS = ("24h", "7d", "28d", "today", "yesterday", "month", "last_month")
ACCEPTED = (
    "a date (2026-01-31), a time (2026-01-31T09:30Z), a month (2026-01), or one of 24h, 7d, 4w (any number of hours, "
    "days or weeks), today, yesterday, month and last_month"
)
AGO = re.compile(r"([1-9]\d{0,8})([hdw])", re.ASCII)
DAY = re.compile(r"\d{4}-\d\d-\d\d", re.ASCII)
MONTH = re.compile(r"(\d{4})-(\d\d)", re.ASCII)
DAY_SECONDS = 86_400


class Bounds(NamedTuple):
    """The day that a period begins on (as `since`), and the last day that belongs to it (as `until`)."""

    since: date
    until: date


def now() -> datetime:
    """The present, in UTC like everything here."""
    return datetime.now(timezone.utc)


def bounds(text: str, moment: datetime | None = None) -> Bounds | None:
    """The days of a date, a time or a word, as seen at a moment (UTC; default now); None for any other text."""
    moment, word = moment or now(), text.strip().lower()
    today = moment.date()
    if found := AGO.fullmatch(word):
        return _ago(int(found[1]), found[2], moment)
    if found := MONTH.fullmatch(word):
        return _month(int(found[1]), int(found[2]))
    if word in WORDS:
        return WORDS[word](today)
    if DAY.fullmatch(word):
        with contextlib.suppress(ValueError):
            return _day(date.fromisoformat(word))
    at = times.to_utc(text) if times.TIME.fullmatch(text.strip()) else None
    return _day(date.fromisoformat(at[:10])) if at else None


def is_counted_from_now(text: str) -> bool:
    """Whether a text stands for days that are counted back from today: 7d, yesterday, month."""
    word = text.strip().lower()
    return word in WORDS or AGO.fullmatch(word) is not None


def before(since: str, until: str) -> tuple[str, str, int]:
    """The period of the same length before a period (of days, `until` '' is today), and its length in days."""
    first = date.fromisoformat(since)
    last = date.fromisoformat(until) if until else max(first, now().date())
    length = (last - first).days + 1
    return str(_before(first, length)), str(_before(first, 1)), length


def days_of(day: str, by: str) -> tuple[str, str]:
    """The first and the last day of the day, week or month that begins on a day."""
    first = date.fromisoformat(day)
    if by == "month":
        return day, str(date(first.year, first.month, calendar.monthrange(first.year, first.month)[1]))
    return day, str(_after(first, 6 if by == "week" else 0))


def _ago(number: int, unit: str, moment: datetime) -> Bounds:
    """Hours are the day of that moment; `7d` as since is six days ago, as until the day before that."""
    today = moment.date()
    if unit == "h":
        seconds = moment.hour * 3600 + moment.minute * 60 + moment.second
        return _day(_before(today, -((seconds - number * 3600) // DAY_SECONDS)))
    days = number * (7 if unit == "w" else 1)
    return Bounds(_before(today, days - 1), _before(today, days))


def _day(day: date) -> Bounds:
    return Bounds(day, day)


def _month(year: int, month: int) -> Bounds | None:
    try:
        return Bounds(date(year, month, 1), date(year, month, calendar.monthrange(year, month)[1]))
    except ValueError:
        return None


def _after(day: date, days: int) -> date:
    """So many days later, but no later than the last day that there is."""
    return date.fromordinal(min(date.max.toordinal(), day.toordinal() + days))


def _before(day: date, days: int) -> date:
    """So many days before, but no earlier than the first day that there is."""
    return date.fromordinal(max(1, day.toordinal() - days))


# A word → its days, as seen today.
WORDS: dict[str, Callable[[date], Bounds | None]] = {
    "today": _day,
    "yesterday": lambda today: _day(_before(today, 1)),
    "month": lambda today: _month(today.year, today.month),
    "last_month": lambda today: WORDS["month"](_before(today.replace(day=1), 1)),
}
