"""The axis of a measure: the unit that fits its values, whole ticks of counts, a logarithmic scale."""

from collections.abc import Sequence
from typing import Any

from .words import reading, title

Row = dict[str, Any]
# The units of a column by its suffix, smallest first: name and size.
UNITS: dict[str, tuple[tuple[str, float], ...]] = {
    "_ms": (("ms", 1), ("seconds", 1e3), ("minutes", 6e4), ("hours", 36e5), ("days", 864e5)),
    "_minutes": (("minutes", 1), ("hours", 60), ("days", 1440)),
    "_bytes": (("B", 1), ("kB", 1e3), ("MB", 1e6), ("GB", 1e9)),
    "_pct": (("%", 1),),
}
# The ticks of a logarithmic scale.
ROUND: dict[str, tuple[float, ...]] = {
    "_ms": (1, 10, 100, 1e3, 1e4, 6e4, 6e5, 36e5, 216e5, 864e5, 6048e5, 2592e6, 31536e6),
    "_minutes": (0, 10, 60, 360, 1440, 10080, 43200, 525600),
}
# Ticks from here on are written 500k, 2M, 3B: whole numbers would run into each other.
LARGE = 1e5
SHORT = "replace(format(datum.value, '~s'), 'G', 'B')"
# Durations that differ by more than this are drawn on a logarithmic scale.
SPREAD = 100


def suffix(field: str | None) -> str:
    """The unit in a column's name, '' where it has none."""
    return next((end for end in UNITS if (field or "").endswith(end)), "")


def adds(measure: dict[str, Any]) -> bool:
    """Whether values of one bar may be added up."""
    return bool(measure.get("aggregate") or measure.get("stack") or measure.get("ratio"))


def is_logarithmic(measure: dict[str, Any]) -> bool:
    """Whether a measure's scale is not even."""
    return measure.get("scale", {}).get("type") in ("log", "symlog")


def spread(measure: dict[str, Any], values: Sequence[float], is_bar: bool) -> None:
    """Durations from a blink to an hour: an even scale would show the longest only. What adds up keeps an even one."""
    if measure.get("scale") or adds(measure) or suffix(measure.get("field")) not in ROUND:
        return
    positive = [value for value in values if value > 0]
    # A difference has two sides of zero, which are held against each other.
    if not positive or min(values) < 0 or max(positive) < SPREAD * min(positive):
        return
    is_log = not is_bar and len(positive) == len(values)
    measure["scale"] = {"type": "log", "nice": False} if is_log else {"type": "symlog", "constant": min(positive)}


def fitting(units: Sequence[tuple[str, float]], peak: float) -> tuple[str, float]:
    """The largest unit of which the peak has two."""
    return next(((name, size) for name, size in reversed(units) if abs(peak) >= 2 * size), units[0])


def measured(measure: dict[str, Any], rows: list[Row], peak: float, narrow: bool, currency: str) -> dict[str, Any]:
    """The channel of a measure with its axis; the rows get its value in the axis's unit as `measured`."""
    name = title(measure)
    # The last label is moved inwards: without a gap it could be read as one with its neighbour.
    axis: dict[str, Any] = {"title": name, "tickCount": 4 if narrow else 8, "labelSeparation": 6}
    axis |= measure.get("axis", {})
    units, size = UNITS.get(suffix(measure.get("field"))), 1.0
    if is_logarithmic(measure):
        ticks = [tick for tick in ROUND.get(suffix(measure.get("field")), ()) if tick <= peak]
        if ticks:
            axis |= {"values": ticks, "labelExpr": _said(measure["field"], ticks)}
        axis |= {"labelOverlap": "greedy", "labelFlush": True}
    elif units:
        unit, size = fitting(units, peak)
        axis["title"] = f"{name} ({unit})"
    else:
        # Counts are whole: no tick at half a call.
        if peak >= LARGE:
            axis["labelExpr"] = SHORT
        elif peak <= axis["tickCount"] and all(float(row["value"]).is_integer() and row["value"] >= 0 for row in rows):
            axis |= {"values": list(range(int(peak) + 1)), "format": "d"}
        axis["title"] = f"{name} ({currency})" if currency else name
    for row in rows:
        for value in ("value", "previous"):
            if row.get(value) is not None:
                row[value] /= size
    kept: dict[str, Any] = {key: measure[key] for key in ("type", "scale", "stack") if key in measure}
    return {**kept, "field": "value", "axis": axis}


def _round(field: str, tick: float) -> str:
    """A round value in words, without the decimal that cells have: `10 s`."""
    return reading(field, tick).replace(".0 ", " ")


def _said(field: str, ticks: Sequence[float]) -> str:
    """A Vega expression for the ticks of a logarithmic scale in words."""
    cases = "".join(f"datum.value == {tick:.0f} ? '{_round(field, tick)}' : " for tick in ticks)
    return f"{cases}datum.label"
