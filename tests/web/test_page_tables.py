"""Tables of pages: what is shortened, what is left out, what stands first, and the columns that a page file names."""

import re
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest
from helpers.attempts import attempt, moment, write
from helpers.report_database import ReportDatabase
from helpers.serving import Served

from storyreport import dashboards
from storyreport.dashboards import BrokenPageError
from storyreport.web.cells import ID
from storyreport.web.columns import beside
from storyreport.web.tables import table

HEADING = r'<th[^>]*class="col-(\w+)'
STEPS = "run,pipeline,story,step,status,started_at,ended_at,error\n"


@pytest.mark.parametrize(
    "key", ["7b6c718f-d40c-4c42-9c95-4d4bd25ac949", "73927514-2103-4282-b9ee-45df823bbb5d", "c54fd8d784b7429f"]
)
def test_a_key_that_no_person_has_chosen_is_shortened(key: str) -> None:
    assert ID.match(key)


@pytest.mark.parametrize("key", ["20261129-063358", "20261129063358", "STORY-0392", "story/84", "deadline-2026"])
def test_a_key_whose_end_tells_it_apart_is_not(key: str) -> None:
    """Of runs that are named after their time all would look the same."""
    assert not ID.match(key)


def test_amounts_say_their_currency_themselves() -> None:
    """A column of currencies beside no amount stays."""
    found = table("", ["step", "cost", "currency", "calls"], [["write", "2.00 USD", "USD", 3]])
    assert [column.name for column in found.columns] == ["step", "cost", "calls"]
    assert list(found.rows) == [["write", "2.00 USD", 3]]
    assert [column.name for column in table("", ["currency", "calls"], [["USD", 3]]).columns] == ["currency", "calls"]


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    folder = tmp_path_factory.mktemp("tables")
    (folder / "studio.csv").write_text(
        f"{STEPS}n-1,books,x,write,failed,2026-03-01T10:00:00Z,2026-03-01T10:01:00Z,Boom\n", "utf-8"
    )
    db = ReportDatabase(folder)
    db.ingest(folder / "studio.csv")
    with closing(Served(db.path)) as served:
        yield served


@pytest.mark.parametrize(
    ("address", "first"),
    [
        ("failed_runs", ["run", "step", "error"]),
        ("failed_stories", ["story", "step", "error"]),
        ("run_status?run=n-1", ["run", "status", "summary"]),
    ],
)
def test_what_went_wrong_is_among_the_first_columns(served: Served, address: str, first: list[str]) -> None:
    assert re.findall(HEADING, served.get(f"/storyreport/{address}").text)[:3] == first


def test_the_list_of_runs_begins_with_what_is_looked_for(served: Served) -> None:
    """JSON and CSV keep the order of the report."""
    page = served.get("/storyreport/recent_runs").text
    names = re.findall(HEADING, page)
    # The only source is no column.
    assert names[:5] == ["run", "status", "started_at", "duration_ms", "error"]
    assert {"kind", "failed_steps", "attempts", "pipeline"} < set(names)
    # Nothing is known to be usual, and nothing was paid; what rows are sorted by is shown nevertheless.
    assert "Not shown, as all are empty: usual, slower, cost, currency.</p>" in page
    sorted_by = served.get("/storyreport/recent_runs?_sort=usual_ms").text
    assert "usual_ms" in re.findall(HEADING, sorted_by)
    assert "Not shown, as all are empty: slower, cost, currency.</p>" in sorted_by
    assert served.get("/storyreport/recent_runs.csv").text.startswith("source,kind,run,story,status,")


@pytest.mark.parametrize(
    ("before", "change", "expected"),
    [
        ("5 s", None, '7 s<small class="before">5 s before</small>'),
        ("5 s", 1039.6, '7 s<small class="before">5 s before, +1,040 %</small>'),
        ("<b>", -0.6, '7 s<small class="before">&lt;b&gt; before, -1 %</small>'),
        ("7 s", -0.4, '7 s<small class="before">7 s before</small>'),
        ("", None, "7 s"),
    ],
)
def test_the_value_before_stands_beside(before: str, change: float | None, expected: str) -> None:
    assert beside("7 s", before, change) == expected


def test_the_period_before_stands_beside_where_it_is_compared(tmp_path: Path) -> None:
    """3 USD today, 2 USD the day before: 50 % more. JSON and CSV have columns of their own at all times."""
    db = ReportDatabase(tmp_path)
    calls = [f"a,acme,{moment(2)},3,USD", f"b,acme,{moment(26)},2,USD"]
    db.ingest(write(tmp_path / "studio", [attempt("a", 2), attempt("b", 26)], calls))
    with closing(Served(db.path)) as served:
        address = "/storyreport/overview?since=7d&by=day"
        plain, compared = (served.get(address + more).text for more in ("", "&compare=previous"))
        assert "previous_cost" in served.get("/storyreport/overview.csv").text
    assert re.findall(HEADING, plain) == re.findall(HEADING, compared)
    assert not [name for name in re.findall(HEADING, plain) if name.startswith("previous") or "change" in name]
    before = [re.sub("<[^>]*>", "", found) for found in re.findall(r'<small class="before">(.*?)</small>', compared)]
    assert "2.00 USD before, +50 %" in before
    assert '<small class="before">' not in plain


def test_of_many_columns_some_stand_below_others(tmp_path: Path) -> None:
    """The run took 60 s, 21 before it 10 s each; a column that rows are sorted by is one of its own."""
    lines = [f"n-{n},books,x,write,completed,2026-03-{n:02}T10:00:00Z,2026-03-{n:02}T10:00:10Z," for n in range(1, 22)]
    lines += ["n-22,books,x,write,failed,2026-03-22T10:00:00Z,2026-03-22T10:01:00Z,Boom"]
    lines += ["n-23,films,y,write,completed,2026-03-22T10:00:00Z,2026-03-22T10:01:00Z,"]
    (tmp_path / "studio.csv").write_text(STEPS + "\n".join(lines) + "\n", "utf-8")
    (tmp_path / "others.csv").write_text(STEPS + lines[0] + "\n", "utf-8")
    calls = "id,run,provider,called_at,cost,currency\nc,n-22,acme,2026-03-22T10:00:00Z,1,USD\n"
    (tmp_path / "calls.csv").write_text(calls, "utf-8")
    db = ReportDatabase(tmp_path)
    db.ingest(tmp_path / "studio.csv", tmp_path / "calls.csv", name="studio")
    db.ingest(tmp_path / "others.csv")
    with closing(Served(db.path)) as served:
        page = served.get("/storyreport/recent_runs").text
        by_kind = served.get("/storyreport/recent_runs?_sort=kind").text
    headings = re.findall(HEADING, page)
    assert {"kind", "usual_ms", "pipeline"}.isdisjoint(headings)
    assert {"run", "source", "duration_ms"} <= {*headings}
    row = next(row for row in page.split("<tr>") if ">n-22<" in row)
    assert re.findall(r'<small class="before">(.*?)</small>', row)[0] == "run"
    assert "usually 10.0 s" in re.sub("<[^>]+>", "", row)
    assert re.search(r'col-source.*?<small class="before"><a[^>]*>books</a></small>', row, re.DOTALL)
    assert "kind" in re.findall(HEADING, by_kind)


def read(folder: Path, columns: str, show: str = "table") -> dashboards.Dashboard:
    path = folder / "team.yml"
    path.write_text(
        f"title: Team\nparts:\n  - report: failure_rates\n    show: {show}\n    columns: {columns}\n", "utf-8"
    )
    return dashboards.read(path)


def test_a_page_file_names_the_columns_of_a_table(tmp_path: Path) -> None:
    assert read(tmp_path, "[failure_pct, step]").parts[0].columns == ("failure_pct", "step")
    for columns, show, reason in (
        ("[stepp]", "table", "failure_rates has no column 'stepp': did you mean step?"),
        ("step", "table", "columns is not a list of columns; write [step, failure_pct]."),
        ("[step]", "chart", "columns are those of show: table."),
    ):
        with pytest.raises(BrokenPageError, match=re.escape(f"team.yml:5: {reason}")):
            read(tmp_path, columns, show)


def test_a_page_shows_these_columns_in_their_order(served: Served) -> None:
    """Those of Quality."""
    page = served.get("/-/page/quality?source=studio&since=2026-01-01").text
    part = page[page.index(">Failure rates<") :]
    assert re.findall(HEADING, part)[:5] == ["source", "step", "executions", "failed", "failure_pct"]
