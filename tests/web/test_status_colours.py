"""Colours of statuses: people who do not see red and green apart see these, and all pages have the same."""

import math
import re
from itertools import combinations
from pathlib import Path

import pytest

from storyreport.charts.colours import STATUS

# Machado, Oliveira and Fernandes (2009), in linear RGB: no cones for green, none for red, and all of them.
SIGHTS = {
    "deuteranopia": ((0.367, 0.861, -0.228), (0.280, 0.673, 0.047), (-0.012, 0.043, 0.969)),
    "protanopia": ((0.152, 1.053, -0.205), (0.115, 0.786, 0.099), (-0.004, -0.048, 1.052)),
    "all": ((1, 0, 0), (0, 1, 0), (0, 0, 1)),
}
# Two colours this far apart in CIELAB are seen apart at a glance.
LEAST = 15
STATIC = Path(__file__).parents[2] / "static"


def lab(colour: str, sight: str) -> tuple[float, ...]:
    """A colour in CIELAB, as it is seen."""
    shares = [int(colour[place : place + 2], 16) / 255 for place in (1, 3, 5)]
    linear = [share / 12.92 if share <= 0.04045 else ((share + 0.055) / 1.055) ** 2.4 for share in shares]
    seen = [min(1, max(0, sum(a * b for a, b in zip(row, linear, strict=True)))) for row in SIGHTS[sight]]
    weights = ((0.4339, 0.3762, 0.1899), (0.2126, 0.7152, 0.0722), (0.0177, 0.1095, 0.8729))
    parts = [sum(a * b for a, b in zip(row, seen, strict=True)) for row in weights]
    x, y, z = (part ** (1 / 3) if part > 0.008856 else 7.787 * part + 16 / 116 for part in parts)
    return 116 * y - 16, 500 * (x - y), 200 * (y - z)


@pytest.mark.parametrize("sight", SIGHTS)
@pytest.mark.parametrize("pair", [*combinations(("completed", "failed", "running", "waiting"), 2)], ids="-".join)
def test_the_statuses_of_most_runs_are_distinguished(pair: tuple[str, str], sight: str) -> None:
    assert math.dist(*(lab(STATUS[status], sight) for status in pair)) >= LEAST


def test_the_timeline_of_a_run_has_the_colours_of_the_charts() -> None:
    css = (STATIC / "run.css").read_text("utf-8")
    found = dict(re.findall(r"\.took-(\w+) \{ fill: (#\w+); \}", css))
    assert found
    assert found == {status: STATUS[status] for status in found}
