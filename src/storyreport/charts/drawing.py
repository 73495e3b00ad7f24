"""The Vega-Lite specifications of a report's rows: one, or one for each currency or unit."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from . import units
from .colours import NONE
from .marks import distinct, drawable, totals
from .single import MOST_BARS, Context, Single
from .strips import Strips
from .units import Row

# More take too long to be sorted while somebody waits.
MOST_ROWS = 10_000
# Bars from a start to an end, one a row; and lines of one colour. More are a surface. More names beside such bars are a
# picture of many screens.
MOST_RANGES, MOST_DETAILS, MOST_NAMES = 2_000, 60, 100


@dataclass(frozen=True)
class Part:
    """A specification with its heading, '' where it is the only one."""

    heading: str
    spec: dict[str, Any]


@dataclass(frozen=True)
class Drawing:
    """The parts of a chart, what is left out of it in sentences, and whether more bars could be drawn."""

    parts: tuple[Part, ...]
    notes: tuple[str, ...]
    has_more: bool


def drawing(chart: Mapping[str, Any], rows: Sequence[Row], context: Context) -> Drawing | None:
    """The chart of rows (column → value); None where nothing can be drawn."""
    notes: list[str] = []
    encoding = chart["encoding"]
    kept = drawable(rows, chart, notes)
    measure = next((encoding[name] for name in "xy" if encoding.get(name, {}).get("type") == "quantitative"), None)
    # A rate of nothing is as bad as it can be; a sum of nothing is no bar.
    is_sum = measure and measure.get("field") and not measure.get("of")
    if not kept or (measure and is_sum and not any(row[measure["field"]] for row in kept)):
        return None
    kept = _fewer(encoding, measure, kept, notes, context.rows_in_all)
    chart = _distinguished(chart, kept)
    split = encoding.get("row", {}).get("field")
    names = distinct(kept, split) if split else [None]
    # Charts below each other are compared: they have the same days.
    time = next((encoding[name]["field"] for name in "xy" if encoding.get(name, {}).get("type") == "temporal"), "")
    days = distinct(kept, time) if time and len(names) > 1 else []
    if Strips.is_meant(chart):
        chart = Strips.of_one(chart, kept)
    kind = Strips if Strips.is_meant(chart) else Single
    parts: list[Part] = []
    # Where all bars are drawn, so are all parts.
    most = max(encoding.get("row", {}).get("most", MOST_BARS), context.most if context.most > MOST_BARS else 0)
    has_more = len(names) > most
    if has_more and measure:
        sums = totals(kept, split, measure)
        names = sorted(names, key=lambda name: -sums[name])[:most]
        notes.append(f"The {most} largest of {len(sums)} are drawn.")
    chart = _scaled_alike(chart, [[row for row in kept if row[split] == name] for name in names] if split else [])
    for name in names:
        own = [row for row in kept if not split or row[split] == name]
        before = [row for row in context.before if not split or (row[split] or NONE) == name]
        part = kind(chart, own, context, notes, len(names), before, days, is_first=not parts)
        spec = part.spec()
        if spec:
            parts.append(Part(str(name or "none") if len(names) > 1 else "", spec))
            has_more = has_more or part.has_more
    return Drawing(tuple(parts), tuple(dict.fromkeys(notes)), has_more) if parts else None


def _fewer(
    encoding: Mapping[str, Any],
    measure: Mapping[str, Any] | None,
    rows: list[Row],
    notes: list[str],
    in_all: str,
) -> list[Row]:
    """The rows that make as many marks as can be distinguished, with a note on what is left out."""
    if "x2" in encoding and len(rows) > MOST_RANGES:
        notes.append(f"The first {MOST_RANGES:,} of {in_all or f'{len(rows):,}'} are drawn.")
        return _of_first_names(encoding["y"]["field"], rows[:MOST_RANGES], notes)
    if in_all:
        notes.append(f"Drawn from the first {len(rows):,} of {in_all}.")
    if "x2" in encoding:
        return _of_first_names(encoding["y"]["field"], rows, notes)
    detail = encoding.get("detail", {}).get("field")
    if detail and measure and len(sums := totals(rows, detail, measure)) > MOST_DETAILS:
        notes.append(f"Of {len(sums):,} {detail}s the {MOST_DETAILS} largest are drawn.")
        kept = set(sorted(sums, key=lambda name: -sums[name])[:MOST_DETAILS])
        return [row for row in rows if row[detail] in kept]
    return rows


def _of_first_names(field: str, rows: list[Row], notes: list[str]) -> list[Row]:
    """The rows of as many names as fit on a few screens."""
    names = distinct(rows, field)
    if len(names) <= MOST_NAMES:
        return rows
    notes.append(f"Of {len(names):,} {field}s the first {MOST_NAMES} are drawn.")
    kept = set(names[:MOST_NAMES])
    return [row for row in rows if row[field] in kept]


def _scaled_alike(chart: Mapping[str, Any], parts: Sequence[Sequence[Row]]) -> Mapping[str, Any]:
    """The chart with a logarithmic scale in all parts where one needs it: below each other they are read as one."""
    encoding, mark = chart["encoding"], chart["mark"]
    axis = next((name for name in "xy" if encoding.get(name, {}).get("type") == "quantitative"), "")
    field = encoding.get(axis, {}).get("field")
    if len(parts) < 2 or not field:
        return chart
    is_bar = (mark if isinstance(mark, str) else mark["type"]) == "bar"

    def scaled(rows: Sequence[Row]) -> dict[str, Any]:
        measure = dict(encoding[axis])
        units.spread(measure, [row[field] for row in rows], is_bar)
        return measure

    if not any(units.is_logarithmic(scaled(rows)) for rows in parts):
        return chart
    return {**chart, "encoding": {**encoding, axis: scaled([row for rows in parts for row in rows])}}


def _distinguished(chart: Mapping[str, Any], rows: Sequence[Row]) -> Mapping[str, Any]:
    """The chart with lines coloured by their detail, where each of these has a colour of its own then, and had none."""
    encoding = chart["encoding"]
    colour, detail = (encoding.get(name, {}).get("field") for name in ("color", "detail"))
    if not colour or not detail:
        return chart
    details = distinct(rows, detail)
    pairs = {(row[colour], row[detail]) for row in rows}
    if not len(distinct(rows, colour)) < len(details) == len(pairs):
        return chart
    return {**chart, "encoding": {**encoding, "color": {**encoding["color"], "field": detail}}}
