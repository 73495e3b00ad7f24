"""Limits on what a chart draws, as red rules with their values."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from .units import Row

# A limit further off than this many times the largest value would leave the chart without a shape.
FAR = 3
RED = "#d32f2f"


@dataclass(frozen=True)
class Bound:
    """A limit in the unit of the drawn column: its value, as text, its currency, and whether each row is held by it."""

    value: float
    text: str
    currency: str = ""
    is_of_rows: bool = True

    @property
    def short(self) -> str:
        """Its text without zeros that say nothing: 10 %, 2 USD."""
        return re.sub(r"\.0+(?=\D|$)", "", self.text)


def near(found: Sequence[Bound], values: Sequence[Mapping[str, Any]], notes: list[str]) -> list[Row]:
    """The data of the limits that fit into the chart of these values; a note says where the others are."""
    sums: dict[Any, float] = {}
    for value in values:
        sums[value["name"]] = sums.get(value["name"], 0.0) + value["value"]
    peak = max(sums.values(), default=0.0)
    drawn = [each for each in found if each.value <= FAR * peak]
    notes += [f"The limit, {each.short}, is far above what is drawn." for each in found if each not in drawn]
    if drawn:
        notes.append("A red line is a limit.")
    return [{"value": each.value, "says": f"limit: {each.short}", "text": f"limit {each.short}"} for each in drawn]


def layers(drawn: Sequence[Row], axis: str) -> list[dict[str, Any]]:
    """A rule across the chart at each limit, and its text beside it; `axis` is that of the values."""
    if not drawn:
        return []
    place = {"field": "value", "type": "quantitative"}
    says, text = ({"field": name, "type": "nominal"} for name in ("says", "text"))
    rule = {
        "mark": {"type": "rule", "color": RED, "strokeWidth": 1.5, "strokeDash": []},
        "encoding": {axis: place, "description": says, "tooltip": says},
    }
    # Outside of the plot, where no mark is below it.
    beside = {"align": "left", "x": "width", "dx": 4} if axis == "y" else {"y": -4, "baseline": "bottom"}
    words = {
        "mark": {"type": "text", "color": RED, **beside},
        "encoding": {axis: place, "text": text},
    }
    return [{"data": {"values": list(drawn)}, **layer} for layer in (rule, words)]
