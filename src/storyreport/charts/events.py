"""What happened on days that a chart draws, as rules with their texts, which neither cover each other nor leave it."""

from collections.abc import Sequence
from datetime import date
from typing import Any

from . import axes

# The room of a text in pixels, and as a share of the chart; lines below each other, and their height.
ROOM, SHARE, LINES, LINE = 160, 0.4, 3, 12


def layers(rules: Sequence[tuple[str, str]], every: Sequence[str], is_bar: bool, width: int) -> list[dict[str, Any]]:
    """The layers of rules as (day, text): each at the last of every day that is drawn and is not after it."""
    shown = [(max(known for known in every if known <= day), day, text) for day, text in rules if every[0] <= day]
    if not shown:
        return []
    is_banded = axes.is_banded(every, is_bar)
    channel: dict[str, Any] = {"field": "name", "type": "ordinal" if is_banded else "temporal"}
    if not is_banded:
        channel["timeUnit"] = "utcyearmonthdate"
    says = {"field": "says", "type": "nominal"}
    values = [{"name": name, "says": f"{day}: {text}"} for name, day, text in shown]
    encoding = {"x": channel, "description": says, "tooltip": says}
    found: list[dict[str, Any]] = [{"data": {"values": values}, "mark": "rule", "encoding": encoding}]
    for (is_left, line), texts in _placed(shown, every, is_banded, width).items():
        mark = {
            "type": "text",
            "align": "left" if is_left else "right",
            "dx": 4 if is_left else -4,
            "y": 6 + LINE * line,
            "limit": _room(width),
        }
        encoding = {"x": channel, "text": {"field": "text", "type": "nominal"}}
        found.append({"data": {"values": texts}, "mark": mark, "encoding": encoding})
    return found


def _placed(
    shown: Sequence[tuple[str, str, str]], every: Sequence[str], is_banded: bool, width: int
) -> dict[tuple[bool, int], list[dict[str, str]]]:
    """The texts by whether they go on to the right, and by line; one for which no line has room is left out."""
    together: dict[str, list[str]] = {}
    for name, _, text in shown:
        together.setdefault(name, []).append(text)
    taken: list[list[tuple[float, float]]] = [[] for _ in range(LINES)]
    found: dict[tuple[bool, int], list[dict[str, str]]] = {}
    for name in sorted(together):
        text = ", ".join(together[name])
        place = width * _share(name, every, is_banded)
        # In the right half a text goes to the left, so that it ends within the chart.
        is_left = place <= width / 2
        length = min(_room(width), axes.LETTER * len(text)) + 8
        span = (place, place + length) if is_left else (place - length, place)
        for line, others in enumerate(taken):
            if all(span[1] <= since or until <= span[0] for since, until in others):
                others.append(span)
                found.setdefault((is_left, line), []).append({"name": name, "text": text})
                break
    return found


def _room(width: int) -> int:
    return round(min(ROOM, SHARE * width))


def _share(name: str, every: Sequence[str], is_banded: bool) -> float:
    """How far to the right of the chart a day is, from 0 to 1."""
    if is_banded:
        return (list(every).index(name) + 0.5) / len(every)
    first, last, day = (date.fromisoformat(each) for each in (every[0], every[-1], name))
    return (day - first) / (last - first)
