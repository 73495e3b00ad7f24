"""The axes of categories: days, names, and the times of a timeline."""

from collections.abc import Sequence
from datetime import date, timedelta
from typing import Any

# About as wide as a letter is and as high as a line, in pixels.
LETTER, WIDE_LETTER, LINE = 6.5, 7.4, 13
NARROW = 560
# More days than this are drawn on a scale of time, which is not as exact about where a bar stands.
MOST_BANDS = 400
# A bar of a few days is no wider.
WIDEST_BAR = 120
# A time's label, as fine as the ticks are: a day, a minute, a second or a part of it.
TICK = (
    "utcFormat(datum.value, datum.value % 1000 ? '%S.%L s' : utcseconds(datum.value) ? '%H:%M:%S' :"
    " utchours(datum.value) + utcminutes(datum.value) ? '%H:%M' : '%b %d')"
)
SPLIT = "split(datum.label, '\\n')"


def days(found: Sequence[str], by: str = "day", most: int = MOST_BANDS) -> list[str]:
    """All days (first days of weeks, of months) from the first to the last that is found; of too many, those found."""
    known = sorted(day[:10] for day in found)
    at, last = date.fromisoformat(known[0]), date.fromisoformat(known[-1])
    if (last - at).days > most * {"week": 7, "month": 31}.get(by, 1):
        return known
    every = []
    while at <= last:
        every.append(at.isoformat())
        at = (
            (at.replace(day=1) + timedelta(days=32)).replace(day=1)
            if by == "month"
            else at + timedelta(7 if by == "week" else 1)
        )
    return every


def bucket(day: str, later: int, by: str) -> str:
    """The first day of the day, week or month so many days later."""
    moved = date.fromisoformat(day) + timedelta(later)
    if by == "month":
        return moved.replace(day=1).isoformat()
    return (moved - timedelta(moved.weekday() if by == "week" else 0)).isoformat()


def is_banded(every: Sequence[str], is_bar: bool) -> bool:
    """Whether days have bands: those of bars, and a single day, which would be no length of time."""
    return len(every) == 1 or (is_bar and len(every) <= MOST_BANDS)


def dated(every: Sequence[str], own: dict[str, Any], width: int, is_bar: bool, by: str = "day") -> dict[str, Any]:
    """The channel of days: never shifted by the reader's time zone, one label on the last day."""
    form, room = ("%b %d", 80) if width < NARROW else ("%Y-%m-%d", 110)
    form = "%Y-%m" if by == "month" else form
    most = max(2 if width > 1.5 * room else 1, min(10, width // room))
    axis = {"title": None, "labelAngle": 0, "grid": False, "labelFlush": False, **own.get("axis", {})}
    step = -(-len(every) // most)
    shown = list(every)[::-1][::step][::-1]
    if is_banded(every, is_bar):
        axis |= {"values": shown, "labelExpr": f"utcFormat(toDate(datum.label), '{form}')", "labelOverlap": False}
        return {"type": "ordinal", "field": "name", "scale": {"domain": list(every)}, "axis": axis}
    axis |= {"format": form}
    if len(every) <= MOST_BANDS:
        axis["values"] = [{"expr": f"toDate('{day}')"} for day in shown]
    return {"type": "temporal", "field": "name", "timeUnit": "utcyearmonthdate", "axis": axis}


def moment(day: str) -> dict[str, Any]:
    """A day as Vega-Lite's scales of time take it."""
    found = date.fromisoformat(day)
    return {"year": found.year, "month": found.month, "date": found.day, "utc": True}


def named(own: dict[str, Any], labels: Sequence[str], limit: float) -> tuple[dict[str, Any], int]:
    """The channel of names beside bars, and how much room these take, in pixels."""
    # Vega centres the first line only.
    up = f"{-LINE / 2} * (length({SPLIT}) - 1)"
    encoding = {"text": {"value": {"signal": SPLIT}}, "dy": {"value": {"signal": up}}}
    axis = {
        "title": None,
        "labelLimit": round(1.2 * limit),
        "labelLineHeight": LINE,
        "encoding": {"labels": encoding},
        **own.get("axis", {}),
    }
    # The page's letters may be wider than the ones that the axis was measured with.
    longest = max((len(line) for label in labels for line in label.split("\n")), default=1)
    axis["minExtent"] = round(min(axis["labelLimit"], longest * WIDE_LETTER)) + 10
    lines = max((label.count("\n") + 1 for label in labels), default=1)
    channel = {"type": "nominal", "field": "name", "sort": list(labels), "axis": axis}
    return channel, len(labels) * max(24, LINE * lines + 8)


def stepped(own: dict[str, Any], names: Sequence[str]) -> dict[str, Any]:
    """The channel of a few names or months below bars."""
    axis = {"title": None, "labelAngle": 0, "labelOverlap": True, "labelSeparation": 8, **own.get("axis", {})}
    return {"type": "ordinal", "field": "name", "sort": own.get("sort", list(names)), "axis": axis}


def spanned(own: dict[str, Any], narrow: bool) -> dict[str, Any]:
    """The channel of the beginning of a span of time (UTC)."""
    axis = {"title": own.get("title"), "tickCount": 4 if narrow else 8, "labelExpr": TICK}
    # Hours of a day may be twice as many as were asked for.
    axis |= {"labelOverlap": True, "labelSeparation": 8, **own.get("axis", {})}
    return {"type": "temporal", "field": "since", "scale": {"type": "utc"}, "axis": axis}
