"""Lines of blocks on a terminal: a report's values over time, and the last runs of a pipeline."""

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from datetime import date
from itertools import pairwise
from typing import Any

import click

from ..values.quantities import heading, number
from .tables import COLOURS, display_width, padded

BLOCKS = "▁▂▃▄▅▆▇█"
MOST_CELLS, MOST_SERIES, NAME_WIDTH = 42, 6, 22
# Two spaces and "at most 27 min 20 s".
SAID_WIDTH = 24
# A run that took its pipeline's p95 is as high as this share of a full block.
USUAL = 0.75
Row = Mapping[str, Any]
Channel = Mapping[str, Any]


def over_time(chart: Mapping[str, Any] | None, rows: Sequence[Row], width: int) -> Iterator[str]:
    """A chart over days as lines, one a series, each to its own scale; nothing for other charts, or a single day."""
    encoding = (chart or {}).get("encoding", {})
    # The colour of a cell is its value.
    y = encoding.get("color" if "ratio" in encoding.get("color", {}) else "y", {})
    if encoding.get("x", {}).get("type") != "temporal" or "field" not in y:
        return
    x = encoding["x"]["field"]
    # Rows of single runs have times, not days.
    dated = [(day, row) for row in rows if len(str(row[x])) == len("2026-01-31") and (day := _day(str(row[x])))]
    places = _places({day for day, _ in dated}, min(MOST_CELLS, width - NAME_WIDTH - SAID_WIDTH))
    if len(places) < 2:
        return
    telling = [encoding.get(channel, {}) for channel in ("y", "color", "detail", "row")]
    names = [channel["field"] for channel in telling if channel and channel is not y]
    series: dict[str, dict[int, list[Row]]] = defaultdict(lambda: defaultdict(list))
    for day, row in dated:
        series[" ".join(str(row[name]) for name in names if row[name])][places[day]].append(row)
    yield f"{_title(y)}, {min(places)} to {max(places)}"
    yield from _series(series, y, 1 + max(places.values()))


def blocks(values: Sequence[float | None]) -> str:
    """Values as blocks, the highest one full; a value that is not known is a space."""
    top = max(filter(None, values), default=0)
    return "".join(" " if value is None else _block(value / top if top > 0 else 0) for value in values)


def runs(wall: Sequence[Row]) -> str:
    """Runs, the newest first, as blocks in the colours of their status, the newest at the right; tall is long."""
    longest = max((run["duration_ms"] or 0 for run in wall), default=0)
    drawn = []
    for run in reversed(wall):
        took, p95 = run["duration_ms"] or 0, run["p95_ms"]
        share = USUAL * took / p95 if p95 else took / longest if longest else 1
        drawn.append(click.style(_block(share), fg=COLOURS.get(run["status"])))
    return "".join(drawn)


def _series(series: Mapping[str, Mapping[int, Sequence[Row]]], y: Channel, cells: int) -> Iterator[str]:
    """The lines of the series with the largest values, the largest one first."""
    values = {
        name: [_value(y, found[place]) if place in found else None for place in range(cells)]
        for name, found in series.items()
    }
    known = {name: line for name, line in values.items() if any(value is not None for value in line)}
    largest = sorted(known, key=lambda name: (-sum(filter(None, known[name])), name))
    margin = min(NAME_WIDTH, max(map(display_width, largest), default=0))
    for name in largest[:MOST_SERIES]:
        currency = next((str(row.get("currency") or "") for found in series[name].values() for row in found), "")
        label = f"{padded(name, margin)}  " if margin else ""
        yield f"{label}{blocks(known[name])}  {_range(y['field'], known[name], currency)}"
    if len(largest) > MOST_SERIES:
        yield f"and {len(largest) - MOST_SERIES} more"


def _range(column: str, values: Sequence[float | None], currency: str) -> str:
    """The highest value; of shares, which are all alike, the lowest one, too."""
    known = [value for value in values if value is not None]
    if column.endswith("_pct"):
        return f"{min(known):.0f} to {max(known):.0f} %"
    return f"at most {number(column, max(known), currency)}"


def _places(days: set[date], cells: int) -> dict[date, int]:
    """Each day's cell: one a day (or a week, where only weeks are known), or one for several if they are too many."""
    ordered = sorted(days)
    gaps = {(later - earlier).days for earlier, later in pairwise(ordered)}
    step = min(gaps, default=1)
    # Months are not all of one length: each that has a row gets a cell.
    places = {day: place if step > 7 else (day - ordered[0]).days // step for place, day in enumerate(ordered)}
    together = 1 + max(places.values(), default=0) // max(1, cells)
    return {day: place // together for day, place in places.items()}


def _value(y: Channel, rows: Sequence[Row]) -> float | None:
    """What the chart draws for rows of one place: a share of sums, a sum, or else the highest value."""
    if ratio := y.get("ratio"):
        part, whole = (sum(row[name] or 0 for row in rows) for name in ratio)
        return 100 * part / whole if whole else None
    known = [row[y["field"]] for row in rows if row[y["field"]] is not None]
    total: float = (sum if y.get("aggregate") or y.get("stack") else max)(known) if known else 0
    return total if known else None


def _block(share: float) -> str:
    return BLOCKS[max(0, min(len(BLOCKS), round(share * len(BLOCKS))) - 1)]


def _title(channel: Channel) -> str:
    text = str(channel.get("title") or heading(channel["field"]))
    return text[:1].upper() + text[1:]


def _day(text: str) -> date | None:
    try:
        return date.fromisoformat(text)
    except ValueError:
        return None
