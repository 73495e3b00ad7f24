"""A report's chart: the Vega-Lite mark and encoding of its header, checked against the report's columns."""

from collections.abc import Collection, Iterator
from typing import Any

KEYS = {"mark", "encoding"}
# What folded columns become (https://vega.github.io/vega-lite/docs/fold.html).
FOLDED = ("key", "value")
# https://vega.github.io/vega-lite/docs/mark.html and …/encoding.html: the ones that a chart of rows can have.
MARKS = {"arc", "area", "bar", "circle", "line", "point", "rect", "rule", "square", "text", "tick", "trail"}
CHANNELS = {
    *("x", "y", "x2", "y2", "xOffset", "yOffset", "theta", "radius"),
    *("color", "fill", "stroke", "opacity", "size", "shape", "strokeDash", "strokeWidth", "angle"),
    *("text", "tooltip", "href", "order", "detail", "row", "column", "facet"),
}


def problems(chart: dict[str, Any]) -> Iterator[tuple[str, str]]:
    """(word to look for in the file, reason) of everything that is wrong with a chart whatever its columns are."""
    if not chart.keys() >= KEYS:
        yield "chart", "its chart lacks a mark or an encoding"
        return
    mark, encoding = chart["mark"], chart["encoding"]
    kind = mark.get("type") if isinstance(mark, dict) else mark
    if kind not in MARKS:
        yield "mark", f"its chart has the unknown mark {kind!r}; the known marks are {', '.join(sorted(MARKS))}"
    if not isinstance(encoding, dict) or not all(isinstance(channel, dict) for channel in encoding.values()):
        yield "encoding", "its chart's encoding is not a mapping of channels"
        return
    folded = chart.get("fold", ["a column"])
    if not isinstance(folded, list) or not folded or not all(isinstance(column, str) for column in folded):
        yield "fold", "its chart's fold is not a list of columns"
    if loaded := _loads(chart):
        yield loaded, f"its chart has {loaded!r}; a chart draws the report's rows and loads nothing"
    for name in encoding.keys() - CHANNELS:
        yield str(name), f"its chart has the unknown channel {name!r}; the known ones are {', '.join(sorted(CHANNELS))}"


def fields(chart: dict[str, Any]) -> list[str]:
    """The columns that a chart draws."""
    folded = chart.get("fold") or ()
    drawn = [field for field in _fields(chart) if not folded or field not in FOLDED]
    return list(dict.fromkeys([*drawn, *folded]))


def unknown_fields(chart: dict[str, Any], columns: Collection[str]) -> list[str]:
    """The fields that a chart draws and a report does not have."""
    return [field for field in fields(chart) if field not in columns]


def _loads(value: Any) -> str:
    """The key with which a chart would load something, '' where it does not."""
    if isinstance(value, dict):
        own = next((key for key in ("url", "data", "datasets", "transform") if key in value), "")
        return own or next(filter(None, map(_loads, value.values())), "")
    return next(filter(None, map(_loads, value)), "") if isinstance(value, list) else ""


def _fields(value: Any) -> Iterator[str]:
    if isinstance(value, dict):
        if isinstance(value.get("field"), str):
            yield value["field"]
        yield from value.get("ratio") or ()
        if isinstance(value.get("of"), str):
            yield value["of"]
        for inner in value.values():
            yield from _fields(inner)
    elif isinstance(value, list):
        for inner in value:
            yield from _fields(inner)
