"""Strips: a row a step, a cell a day, its colour a rate and its height the number that it is of."""

from typing import Any

import pytest
from helpers.drawings import drawn

from storyreport import charts

STRIPS = {
    "mark": "rect",
    "encoding": {
        "x": {"field": "day", "type": "temporal"},
        "y": {"field": "step", "type": "nominal"},
        "color": {"field": "failure_pct", "type": "quantitative", "ratio": ["failed", "executions"]},
    },
}


def executions(day: int, step: str, executions: int, failed: int, source: str = "tales") -> dict[str, Any]:
    pct = 100 * failed / executions
    row = {"day": f"2026-03-{day:02}", "source": source, "step": step, "failure_pct": pct}
    return {**row, "executions": executions, "failed": failed}


def test_the_step_that_got_worst_has_the_first_strip() -> None:
    """Of eight days the last two are held against the six before.

    draw had 20 % of 10 and has 3 of 4: 2.2 more than at that rate. write had 10 % of 60 and has 8 % of 25: fewer. Twice
    as many failed of it as of draw, and of ten executions a cell is as high as a cell can be.
    """
    rows = [
        *(executions(day, "write", 10, 1) for day in range(1, 7)),
        executions(7, "write", 5, 2),
        executions(8, "write", 20, 0),
        executions(2, "draw", 10, 2),
        executions(8, "draw", 4, 3),
    ]
    (part,) = drawn(STRIPS, rows).parts
    cells, texts = (layer["data"]["values"] for layer in part.spec["layer"])
    assert [(text["row"], text["text"].strip()) for text in texts] == [
        ("draw", "20 → 75 % of 4"),
        ("write", "10 → 8 % of 25"),
    ]
    assert {(cell["row"], cell["name"][-2:]): cell["colour"] for cell in cells if cell["name"] >= "2026-03-06"} == {
        ("draw", "08"): "> 50 %",
        ("write", "06"): "≤ 10 %",
        ("write", "07"): "≤ 50 %",
        ("write", "08"): "none",
    }
    heights = {cell["name"]: cell["tall"] for cell in cells if cell["row"] == "write"}
    assert max(heights, key=heights.__getitem__) == "2026-03-08"
    assert heights["2026-03-01"] > heights["2026-03-07"]
    assert "in the last 2 days" in drawn(STRIPS, rows).notes[0]


@pytest.mark.parametrize(
    ("rows", "names", "texts"),
    [
        # Namesakes of two sources are two strips; a single day has none before it.
        (
            [executions(1, "write", 2, 1), executions(1, "write", 4, 0, "films")],
            ["write (tales)", "write (films)"],
            ["50 % of 2", "0 % of 4"],
        ),
        # A step that ended before the last days is not worse; a new one that fails is.
        (
            [executions(1, "old", 2, 1), executions(8, "new", 2, 1)],
            ["new", "old"],
            ["50 % of 2", "50 → not run"],
        ),
    ],
)
def test_strips_of_namesakes_and_of_a_part_of_the_days(
    rows: list[dict[str, Any]], names: list[str], texts: list[str]
) -> None:
    (part,) = drawn(STRIPS, rows).parts
    beside = part.spec["layer"][1]["data"]["values"]
    assert [text["row"] for text in beside] == names
    assert [text["text"].strip() for text in beside] == texts


def test_a_single_strip_is_a_line() -> None:
    """Its points are as large as the number of executions; a limit is a rule."""
    rows = [executions(1, "write", 8, 2), executions(2, "write", 2, 1)]
    (part,) = drawn(STRIPS, rows).parts
    line, points = part.spec["layer"]
    assert line["mark"]["type"] == "line"
    assert [(value["value"], value["n"]) for value in points["data"]["values"]] == [(25.0, 8), (50.0, 2)]


def test_where_there_is_little_room_a_cell_is_several_days() -> None:
    """On a phone 24 months of days: some 240 pixels have room for 48 cells, and no execution is lost."""
    rows = [
        {**executions(1, step, 3, 1), "day": f"{year}-{month:02}-{day:02}"}
        for step in ("write", "draw")
        for year in (2024, 2025)
        for month in range(1, 13)
        for day in range(1, 29)
    ]
    found = charts.drawing(STRIPS, rows, charts.Context("A chart", list(rows[0]), ["tales"], 350))
    assert found
    cells = found.parts[0].spec["layer"][0]["data"]["values"]
    # Rows of 731 days, of which 10 to 16 are in a cell.
    assert 2 * 731 / 16 <= len(cells) <= 2 * 731 / 10
    assert sum(cell["n"] for cell in cells) == 3 * len(rows)


def test_a_rate_over_its_limit_is_red() -> None:
    bounds = (charts.Bound(40.0, "40 %"),)
    rows = [executions(8, "write", 2, 1), executions(8, "draw", 3, 1)]
    found = charts.drawing(STRIPS, rows, charts.Context("A chart", list(rows[0]), ["tales"], bounds=bounds))
    assert found
    beside = found.parts[0].spec["layer"][1]["data"]["values"]
    assert {text["row"]: text["over"] for text in beside} == {"write": True, "draw": False}
    assert "Red is over the limit, 40 %." in found.notes
