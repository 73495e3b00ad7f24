"""Files of pages: what they may say, and that a wrong one names its line and leaves the others alone."""

import re
from pathlib import Path

import pytest
from helpers import ROOT

from storyreport import dashboards
from storyreport.dashboards import BrokenPageError, Part

WHOLE = """title: Money
text: Spent {cost_forecast.cost_to_date}, {failed_runs.rows} failures.
parts:
  - report: cost_by_month
    title: By month
    show: number
    column: cost
    label: source
    rows: 3
    params: {since: 28d}
  - report: cost
    show: chart
    width: half
  - report: run_status
    show: table
    params: {run: r1}
"""


def read(folder: Path, text: str, name: str = "money.yml") -> dashboards.Dashboard:
    (folder / name).write_text(text, "utf-8")
    return dashboards.read(folder / name)


def test_a_whole_file(tmp_path: Path) -> None:
    """What is left out has a sensible value: the report's title, ten rows of a table, one number, a width by kind."""
    page = read(tmp_path, WHOLE)
    assert (page.name, page.title) == ("money", "Money")
    assert page.text == "Spent {cost_forecast.cost_to_date}, {failed_runs.rows} failures."
    assert page.parts == (
        Part("cost_by_month", "number", "By month", "", {"since": "28d"}, "cost", "source", 3, "third"),
        Part("cost", "chart", "Cost", "", {}, "", "", 10, "half"),
        Part("run_status", "table", "Status of a run", "", {"run": "r1"}, "", "", 10, "full"),
    )


def test_ours_can_be_used() -> None:
    loaded = dashboards.load()
    assert set(loaded.pages) == {path.stem for path in (ROOT / "pages").glob("*.yml")}
    assert (loaded.broken, loaded.missing) == ((), ())


def test_the_documented_example_can_be_used(tmp_path: Path) -> None:
    found = re.search(r"```yaml\n(.*?)```", (ROOT / "docs" / "adding-a-page.md").read_text("utf-8"), re.DOTALL)
    assert found
    assert [part.show for part in read(tmp_path, found[1]).parts] == ["number", "chart", "table"]


@pytest.mark.parametrize(
    ("right", "wrong", "line", "reason"),
    [
        ("title: Money", "titel: Money", 1, "a page has no key 'titel'; the known keys are parts, text, title"),
        ("title: Money\n", "", 1, "a page needs title"),
        ("title: Money", "title: [Money]", 1, "a text is expected here"),
        ("title: Money", "title: Money\ntitle: More", 2, "a page has 'title' twice"),
        ("title: Money", "title: 'Money", 17, "it is not YAML"),
        ("cost_forecast.cost_to_date", "cost_forecast.cost_to_day", 2, "has no column 'cost_to_day': did you mean"),
        ("cost_to_date}", "cost_to_date.sum@mont}", 2, "cost_forecast has no column 'mont': did you mean month?"),
        ("failed_runs.rows", "faild_runs.rows", 2, "no report called 'faild_runs': did you mean failed_runs"),
        ("failed_runs.rows", "run_status.status", 2, "{run_status.status} needs a run"),
        ("report: cost_by_month", "report: cost_by_moth", 4, "no report called 'cost_by_moth': did you mean"),
        ("    column: cost\n", "", 4, "show: number needs a column"),
        ("column: cost", "column: costs", 7, "cost_by_month has no column 'costs': did you mean cost?"),
        ("label: source", "label: sorce", 8, "cost_by_month has no column 'sorce': did you mean source?"),
        ("rows: 3", "rows: 0", 9, "rows is a number from 1 to 100, not '0'"),
        ("rows: 3", "rows: ٣", 9, "rows is a number from 1 to 100"),
        ("{since: 28d}", "{sins: 28d}", 10, "cost_by_month has no parameter 'sins': it takes"),
        ("{since: 28d}", "{since: 28x}", 10, "since must be a date"),
        ("{since: 28d}", "{since: today, until: yesterday}", 10, "is after until yesterday"),
        ("{since: 28d}", "28d", 10, "params is not a mapping"),
        ("show: chart", "show: graph", 12, "show is one of number, chart, table, not 'graph'"),
        ("  - report: cost\n", "  - report: ingests\n", 12, "ingests has no chart; show a table or a number"),
        ("width: half", "width: 50%", 13, "width is one of third, half, full, not '50%'"),
        ("width: half", "wide: half", 13, "a part has no key 'wide'"),
        ("    params: {run: r1}\n", "", 14, "run_status needs a run; give it below params"),
        (WHOLE, "", 1, "it is empty; it needs a title and parts"),
        (WHOLE, "- title: x\n", 1, "a page is not a mapping"),
        (WHOLE, "title: x\nparts: []\n", 2, "parts is not a list of 1 to 24 parts"),
        (WHOLE, "title: x\nparts: cost\n", 2, "parts is not a list of 1 to 24 parts"),
        (WHOLE, "title: x\nparts:\n  - cost\n", 3, "a part is not a mapping"),
        (WHOLE, "title: " + "[" * 5000, 1, ""),
    ],
)
def test_a_wrong_one_names_its_line(tmp_path: Path, right: str, wrong: str, line: int, reason: str) -> None:
    assert right in WHOLE
    with pytest.raises(BrokenPageError) as broken:
        read(tmp_path, WHOLE.replace(right, wrong, 1))
    assert broken.value.line == line
    assert reason in str(broken.value)
    assert str(broken.value).startswith(f"{tmp_path / 'money.yml'}:{line}: ")
    assert "\n" not in str(broken.value)


def test_a_broken_file_leaves_the_others_alone(tmp_path: Path) -> None:
    """Neither bytes, nor a name that is no address, nor a name that is taken, nor a missing folder stops the rest."""
    one, two = tmp_path / "one", tmp_path / "two"
    one.mkdir()
    two.mkdir()
    read(one, WHOLE)
    (one / "bytes.yml").write_bytes(b"title: \xff\n")
    (one / "No Name.yml").write_text(WHOLE, "utf-8")
    (two / "money.yml").write_text(WHOLE, "utf-8")
    (two / "folder.yml").mkdir()
    found = dashboards.read_folders([one, two, tmp_path / "three"])
    assert list(found.pages) == ["money"]
    assert [(error.path.name, error.reason) for error in found.broken] == [
        ("No Name.yml", "its name is its address; use small letters, digits, _ and -"),
        ("bytes.yml", "it is not UTF-8 text; save it as UTF-8"),
        ("folder.yml", "it cannot be read (Is a directory)"),
        ("money.yml", "there is a page 'money' already; rename the file"),
    ]
    assert found.missing == (f"{tmp_path / 'three'} does not exist.",)
