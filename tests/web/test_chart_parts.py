"""Charts of columns that are parts of a whole, of rates with the size of what they are of, and below each other."""

from typing import Any

import pytest
from helpers.drawings import drawn

from storyreport import charts, reports
from storyreport.charts import single
from storyreport.charts.colours import STATUS
from storyreport.charts.single import LOW_HEIGHT, LOWEST_HEIGHT
from storyreport.charts.words import wrapped

STATES: list[dict[str, Any]] = [
    {"source": "tales", "step": "write", "completed": 7, "failed": 2, "pending": 0},
    {"source": "tales", "step": "draw", "completed": 4, "failed": 0, "pending": 5},
    {"source": "films", "step": "write", "completed": 1, "failed": 1, "pending": 1},
]
FOLDED = {
    "mark": "bar",
    "fold": ["completed", "failed", "pending"],
    "encoding": {
        "y": {"field": "step", "type": "nominal", "sort": None},
        "x": {"field": "value", "type": "quantitative", "stack": "zero", "title": "stories"},
        "color": {"field": "key", "type": "nominal"},
        "row": {"field": "source", "type": "nominal"},
    },
}
# The success of two sources on days that only partly are the same.
RATES: list[dict[str, Any]] = [
    {"day": "2026-03-01", "source": "tales", "success_pct": 50.0, "runs": 40},
    {"day": "2026-03-04", "source": "tales", "success_pct": 100.0, "runs": 2},
    {"day": "2026-03-02", "source": "films", "success_pct": 0.0, "runs": 1},
    {"day": "2026-03-03", "source": "films", "success_pct": None, "runs": 3},
]
RATE: dict[str, Any] = {
    "mark": "line",
    "encoding": {
        "x": {"field": "day", "type": "temporal"},
        "y": {"field": "success_pct", "type": "quantitative", "of": "runs", "title": "completed"},
        "row": {"field": "source", "type": "nominal"},
    },
}


def values(part: charts.Part) -> list[dict[str, Any]]:
    """The data of the first layer."""
    found: list[dict[str, Any]] = (part.spec["layer"][0] if "layer" in part.spec else part.spec)["data"]["values"]
    return found


@pytest.mark.parametrize(
    ("pairs", "field", "names"),
    [
        # Two pipelines of one source would be two lines of one colour.
        ([("tales", "books"), ("tales", "shorts")], "pipeline", ["books", "shorts"]),
        ([("tales", "books"), ("tales", None), ("films", "reels")], "pipeline", ["books", "none", "reels"]),
        # A name in two sources tells no more than these.
        ([("tales", "books"), ("films", "books")], "source", ["films", "tales"]),
        ([("tales", "books"), ("tales", "reels"), ("films", "books")], "source", ["films", "tales"]),
        ([("tales", "books")], "source", ["tales"]),
    ],
)
def test_lines_of_one_colour_are_distinguished(pairs: list[tuple[str, str]], field: str, names: list[str]) -> None:
    encoding = {
        "x": {"field": "day", "type": "temporal"},
        "y": {"field": "p95_ms", "type": "quantitative"},
        "color": {"field": "source", "type": "nominal"},
        "detail": {"field": "pipeline", "type": "nominal"},
    }
    rows = [
        {"day": f"2026-03-0{day}", "source": source, "pipeline": pipeline, "p95_ms": 1000 + day}
        for source, pipeline in pairs
        for day in (1, 2)
    ]
    (part,) = drawn({"mark": "line", "encoding": encoding}, rows).parts
    assert {value["colour"] for value in values(part)} == {*names}
    channel = (part.spec["layer"][0] if "layer" in part.spec else part.spec)["encoding"]["color"]
    assert (channel["title"], sorted(channel["scale"]["domain"])) == (field, names)


def test_each_folded_column_is_a_part_of_its_bar() -> None:
    tales, films = drawn(FOLDED, STATES).parts
    assert (tales.heading, films.heading) == ("tales", "films")
    assert {(value["name"], value["colour"]): value["value"] for value in values(tales) if value["value"]} == {
        ("write", "completed"): 7,
        ("write", "failed"): 2,
        ("draw", "completed"): 4,
        ("draw", "pending"): 5,
    }
    scale = tales.spec["encoding"]["color"]["scale"]
    assert scale["domain"] == ["completed", "failed", "pending"]
    assert scale["range"][:2] == [STATUS["completed"], STATUS["failed"]]
    # One legend is enough for all.
    assert (tales.spec["encoding"]["color"]["legend"] is None, films.spec["encoding"]["color"]["legend"]) == (
        False,
        None,
    )
    # A mark says its row as the report has it.
    said = {value["says"] for value in values(films)}
    assert said == {"source: films; step: write; completed: 1; failed: 1; pending: 1"}


@pytest.mark.parametrize("many", [1, single.MANY_POINTS])
def test_a_folded_part_of_several_rows_says_what_they_are_together(many: int) -> None:
    """A step of two pipelines is one bar: 3 and 4 completed are 7."""
    rows = [
        {**STATES[2], "step": f"write {n}", "pipeline": pipeline, "completed": completed}
        for n in range(many)
        for pipeline, completed in (("a", 3), ("b", 4))
    ]
    says = {value["says"] for part in drawn(FOLDED, rows).parts for value in values(part)}
    assert "step: write 0; completed: 7" in says


def test_a_point_is_as_large_as_what_its_rate_is_of() -> None:
    tales, films = drawn(RATE, RATES).parts
    sizes = tales.spec["layer"][1]
    assert sizes["mark"]["type"] == "circle"
    assert [value["n"] for value in sizes["data"]["values"]] == [40, 2]
    assert values(films)[0]["value"] == 0


def test_charts_below_each_other_have_the_same_days() -> None:
    first, last = {"year": 2026, "month": 3, "date": 1, "utc": True}, {"year": 2026, "month": 3, "date": 4, "utc": True}
    for part in drawn(RATE, RATES).parts:
        assert part.spec["layer"][0]["encoding"]["x"]["scale"]["domain"] == [first, last]


def test_a_row_without_a_rate_is_said_to_have_no_value() -> None:
    assert drawn(RATE, RATES).notes == ("1 row has no value and is only in the table.",)
    undated = [{**RATES[0], "day": None}, *RATES[1:3]]
    assert drawn(RATE, undated).notes == ("1 row has no day and is only in the table.",)


@pytest.mark.parametrize(
    ("report", "row", "title", "ticks"),
    [
        # 52 s less, not 52,000 ms less.
        ("run_diff", {"step": "write", "status": "completed", "difference_ms": -52_000}, "(seconds)", None),
        ("token_mix", {"model": "gpt-5", "source": "tales", "input_tokens": 2_500_000_000}, "tokens", ("~s", "'B'")),
        ("token_mix", {"model": "gpt-5", "source": "tales", "input_tokens": 99_000}, "tokens", None),
    ],
)
def test_an_axis_has_the_unit_of_its_largest_value(
    report: str, row: dict[str, Any], title: str, ticks: tuple[str, ...] | None
) -> None:
    chart = reports.load_reports()[report].chart
    assert chart
    (part,) = drawn(dict(chart), [row, {**row, "step": "draw", "model": "other"}]).parts
    axis = (part.spec["layer"][0] if "layer" in part.spec else part.spec)["encoding"]["x"]["axis"]
    assert axis["title"].endswith(title)
    assert ("labelExpr" in axis) == bool(ticks)
    assert all(tick in axis["labelExpr"] for tick in ticks or ())


def test_the_values_of_an_uneven_axis_are_round_and_apart() -> None:
    """From 2 s to 15 min: `10 s`, as no cell has it; there is a gap between labels, as the last one moves inwards."""
    chart = {
        "mark": "bar",
        "encoding": {
            "y": {"field": "run", "type": "nominal"},
            "x": {"field": "duration_ms", "type": "quantitative"},
        },
    }
    rows = [{"run": "a", "duration_ms": 2_000}, {"run": "b", "duration_ms": 900_000}]
    (part,) = drawn(chart, rows).parts
    axis = (part.spec["layer"][0] if "layer" in part.spec else part.spec)["encoding"]["x"]["axis"]
    assert "'10 s'" in axis["labelExpr"]
    assert "'1 min'" in axis["labelExpr"]
    assert axis["labelSeparation"] > 0


def test_a_legend_fits_beside_the_names_of_a_phone() -> None:
    """Names take up to 199 of 350 pixels, 151 are left: one column of \"completed\" and \"running\"."""
    rows = [{"run": f"{name} " * 20, "status": name, "duration_ms": 5} for name in ("completed", "running")]
    chart = {
        "mark": "bar",
        "encoding": {
            "y": {"field": "run", "type": "nominal", "sort": "-x"},
            "x": {"field": "duration_ms", "type": "quantitative"},
            "color": {"field": "status", "type": "nominal"},
        },
    }
    found = charts.drawing(chart, rows, charts.Context("A chart", list(rows[0]), [], width=350))
    assert found
    spec = found.parts[0].spec
    colour = (spec["layer"][0] if "layer" in spec else spec)["encoding"]["color"]
    assert colour["legend"]["columns"] == 1


def test_many_charts_are_lower_than_a_few() -> None:
    many = [{**RATES[0], "source": name} for name in "abcd"]
    assert {part.spec["height"] for part in drawn(RATE, many).parts} == {LOWEST_HEIGHT}
    assert {part.spec["height"] for part in drawn(RATE, many[:2]).parts} == {LOW_HEIGHT}


def test_months_run_from_left_to_right() -> None:
    for name in ("cost_by_month", "cost_forecast"):
        chart = reports.load_reports()[name].chart
        assert chart
        measure = chart["encoding"]["y"]["field"]
        row = {"source": "tales", measure: 1.0, "currency": "USD"}
        rows = [{**row, "month": month} for month in ("2026-03", "2026-02")]
        (part,) = drawn(chart, rows).parts
        assert part.spec["encoding"]["x"]["sort"] == "ascending"


@pytest.mark.parametrize(
    ("name", "lines"),
    [
        ("render_scene", ["render_scene"]),
        ("render_scene_with_light", ["render_", "scene_with_", "light"]),
        # What has no place to break at is broken: after a bracket or dot, else where the line ends.
        ("HTTPSConnectionPool(host=a)", ["HTTPSConnect", "ionPool(", "host=a)"]),
        ("v1.2.3", ["v1.2.3"]),
        ("x" * 30, ["x" * 12, "x" * 12, "x" * 6]),
        # A letter of East Asia is as wide as two others.
        ("红狐狸和会唱歌的灯塔", ["红狐狸和会唱", "歌的灯塔"]),
        ("one two three four five six seven", ["one two ", "three four ", "five six …"]),
    ],
)
def test_a_long_name_has_lines_that_fit(name: str, lines: list[str]) -> None:
    assert wrapped(name, 12) == lines


@pytest.mark.parametrize(("bars", "headings"), [(12, ["c", "d"]), (200, ["a", "b", "c", "d"])])
def test_of_many_charts_the_largest_are_drawn(bars: int, headings: list[str]) -> None:
    """Those of 90 and 80 of four; all of them where all bars are."""
    chart = {**RATE, "encoding": {**RATE["encoding"], "row": {"field": "source", "type": "nominal", "most": 2}}}
    rows = [
        {"day": f"2026-03-{day:02}", "source": name, "success_pct": float(pct - day), "runs": 1}
        for name, pct in (("a", 50), ("b", 70), ("c", 91), ("d", 81))
        for day in (1, 2)
    ]
    found = charts.drawing(chart, rows, charts.Context("A chart", list(rows[0]), ["a"], most=bars))
    assert found
    assert [part.heading for part in found.parts] == headings
    assert found.has_more == (len(headings) == 2)
    assert found.notes == (("The 2 largest of 4 are drawn.",) if found.has_more else ())


DURATIONS: dict[str, Any] = {
    "mark": "line",
    "encoding": {
        "x": {"field": "day", "type": "temporal"},
        "y": {"field": "p95_ms", "type": "quantitative"},
        "row": {"field": "step", "type": "nominal"},
    },
}


def of_steps(**steps: tuple[int, ...]) -> list[dict[str, Any]]:
    """Durations of steps on the first days of March."""
    return [
        {"step": step, "day": f"2026-03-0{day}", "p95_ms": value}
        for step, found in steps.items()
        for day, value in enumerate(found, 1)
    ]


@pytest.mark.parametrize(
    ("steps", "scale"),
    [
        # One of them differs a hundred times: beside it an even scale would look like another trend.
        ({"write": (1000, 100_000), "draw": (2000, 3000)}, "log"),
        ({"write": (1000, 100_000), "draw": (0, 3000)}, "symlog"),
        # Each of them is even, however far apart they are.
        ({"write": (1, 2), "draw": (200_000, 300_000)}, None),
    ],
)
def test_parts_below_each_other_have_one_kind_of_scale(steps: dict[str, tuple[int, ...]], scale: str | None) -> None:
    found = [encoding(part)["y"].get("scale", {}).get("type") for part in drawn(DURATIONS, of_steps(**steps)).parts]
    assert found == [scale, scale]


@pytest.mark.parametrize("mark", ["line", "bar"])
def test_a_single_day_stands_in_the_middle_with_its_date(mark: str) -> None:
    (part,) = drawn({**DURATIONS, "mark": mark}, of_steps(write=(1000,))).parts
    assert encoding(part)["x"]["type"] == "ordinal"
    assert encoding(part)["x"]["axis"]["values"] == ["2026-03-01"]
    (part,) = drawn({**DURATIONS, "mark": mark}, of_steps(write=(1000, 2000))).parts
    assert encoding(part)["x"]["type"] == ("temporal" if mark == "line" else "ordinal")


@pytest.mark.parametrize(("field", "title"), [("cost", "cost (USD)"), ("input_tokens", "input tokens")])
def test_only_money_has_a_currency(field: str, title: str) -> None:
    """Tokens stand beside what they saved, in rows with a currency."""
    chart = {
        "mark": "bar",
        "encoding": {"y": {"field": "model", "type": "nominal"}, "x": {"field": field, "type": "quantitative"}},
    }
    (part,) = drawn(chart, [{"model": "m", field: 7, "saved": 2.0, "currency": "USD"}]).parts
    assert encoding(part)["x"]["axis"]["title"] == title


def encoding(part: charts.Part) -> dict[str, Any]:
    """The channels of the first layer."""
    found: dict[str, Any] = (part.spec["layer"][0] if "layer" in part.spec else part.spec)["encoding"]
    return found


def test_a_rate_of_nothing_is_drawn() -> None:
    """All runs of two days failed."""
    rows = [{**row, "success_pct": 0.0} for row in RATES[:2]]
    assert [value["value"] for value in values(drawn(RATE, rows).parts[0])] == [0.0, 0.0]


def test_work_outside_of_any_run_is_called_by_what_it_is_about() -> None:
    """Three queued steps of no run; the one run has its own name."""
    about = (("run-7", "write", "S-1"), (None, "write", "S-2"), (None, "write", "S-3"), (None, "draw", "S-4"))
    rows = [
        {"source": "tales", "kind": "step", "run": run, "step": step, "story": story, "stuck_minutes": 90 - place}
        for place, (run, step, story) in enumerate(about)
    ]
    report = reports.find("stuck_runs")
    found = charts.drawing(report.chart or {}, rows, charts.Context("Stuck", list(rows[0]), ["tales"]))
    assert found
    assert [value["name"] for value in values(found.parts[0])] == ["run-7", "write (S-2)", "write (S-3)", "draw"]


@pytest.mark.parametrize("mark", ["bar", "line"])
def test_texts_of_notes_lie_beside_each_other_within_the_chart(mark: str) -> None:
    """Of 28 days: the first has room to its right, the last to its left; a long text near another is a line below."""
    rows = [{"day": f"2026-03-{day:02}", "cost": 1.0, "currency": "USD"} for day in range(1, 29)]
    day, cost = {"field": "day", "type": "temporal"}, {"field": "cost", "type": "quantitative"}
    notes = [
        ("2026-03-01", "a"),
        ("2026-03-26", "b" * 60),
        ("2026-03-27", "c"),
        ("2026-03-28", "d"),
        ("2026-03-28", "eeee"),
    ]
    context = charts.Context("Cost", list(rows[0]), rules=notes)
    found = charts.drawing({"mark": mark, "encoding": {"x": day, "y": cost}}, rows, context)
    assert found
    layers = found.parts[0].spec["layer"][1:]
    assert [value["says"][12:] for value in layers[0]["data"]["values"]] == [text for _, text in notes]
    placed = {
        value["text"]: (layer["mark"]["align"], layer["mark"]["y"])
        for layer in layers[1:]
        for value in layer["data"]["values"]
    }
    assert placed == {"a": ("left", 6), "b" * 60: ("right", 6), "c": ("right", 6), "d, eeee": ("right", 18)}
