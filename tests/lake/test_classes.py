"""What reports say of a lake of which not all landed: as their class promises, and where the rest is."""

import contextlib
import datetime as dt
import shlex
from pathlib import Path
from typing import Any, NamedTuple

import duckdb
import pytest
from click.testing import CliRunner
from helpers import lakes, serving
from helpers.report_database import ask

from storyreport import lake_detail, reports, schema
from storyreport.cli import cli
from storyreport.given import Request, requests_for
from storyreport.ingest import ingest
from storyreport.lake.run import Request as Lake
from storyreport.lake.run import roll_up
from storyreport.web.mode import mode_for
from storyreport.web.server import Extras

NOW = dt.datetime.now(dt.timezone.utc).replace(tzinfo=None, microsecond=0)
RUNS, STEPS, LAND = 300, 4, 500
OUTSIDE = 600
CURRENT = [name for name, report in reports.load_reports().items() if reports.class_of(report) == "current state"]


def history() -> dict[str, list[lakes.Row]]:
    """A run of four steps every half hour, some failed; the latest and two old ones are still open.

    Every three minutes a step of no run is skipped.
    """
    steps, calls = [], []
    for number in range(RUNS * STEPS):
        run, step = divmod(number, STEPS)
        began = NOW - dt.timedelta(minutes=30 * (RUNS - run) - 5 * step)
        status = "running" if run == RUNS - 1 or number in (41, 83) else "failed" if number % 97 == 7 else "completed"
        named = {"run": f"r{run}", "story": f"s{run // 2}", "step": f"step_{step}", "pipeline": "books"}
        ended = None if status == "running" else began + dt.timedelta(seconds=30 + number % 240)
        error = "Timeout" if status == "failed" else None
        times = {"started_at": began, "ended_at": ended}
        steps.append({"id": f"a{number}", **named, "attempt": 1, "status": status, "error": error, **times})
        call = {"id": f"c{number}", **named, "called_at": began, "cost": 0.25, "status": "success", "model": "gpt-4o"}
        calls.append(call)
    for number in range(OUTSIDE):
        times = dict.fromkeys(("started_at", "ended_at"), NOW - dt.timedelta(minutes=3 * number + 1))
        steps.append({"id": f"o{number}", "step": "tidy", "status": "skipped", **times})
    return {"step_runs": steps, "calls": calls}


class Both(NamedTuple):
    """The report databases of one history, and its lake."""

    ingested: Path
    rolled_up: Path
    lake: Path


@pytest.fixture(scope="module")
def both(tmp_path_factory: pytest.TempPathFactory) -> Both:
    folder = tmp_path_factory.mktemp("classes")
    ingested, rolled_up = lakes.new_database(folder / "ingested.db"), lakes.new_database(folder / "rolled_up.db")
    (request,) = requests_for([lakes.write_sqlite(folder / "history.db", history())], "x", None)
    assert isinstance(request, Request)
    ingest(ingested, request)
    lake = lakes.write_lake(folder / "lake", history())
    roll_up(rolled_up, Lake(str(lake), "x", land=LAND))
    return Both(ingested, rolled_up, lake)


def answer(database: Path, name: str, **given: str) -> list[tuple[Any, ...]]:
    report = reports.find(name)
    as_of = {"as_of": f"{NOW.isoformat()}Z"} if any(param.name == "as_of" for param in report.params) else {}
    with contextlib.closing(schema.open_for_reading(database)) as connection:
        return lake_detail.run(connection, report, {**as_of, **given})[1]


def test_not_all_landed(both: Both) -> None:
    """Or nothing would be shown by what follows."""
    ((steps, calls),) = ask(
        both.rolled_up, "select (select count(run_id) from step_runs), (select count(*) from calls)"
    )
    assert max(steps, calls) < RUNS * STEPS


@pytest.mark.parametrize("name", CURRENT)
def test_a_report_of_the_current_state_is_equal(both: Both, name: str) -> None:
    assert answer(both.rolled_up, name) == answer(both.ingested, name)


def test_reports_of_the_current_state_have_rows(both: Both) -> None:
    """Those about blocked and pending stories need what the plain form does not have."""
    filled = {name for name in CURRENT if answer(both.ingested, name)}
    assert set(CURRENT) - filled <= {"blocked_stories", "pending_stories", "slow_runs", "missing_runs"}


def test_hours_of_which_not_all_landed_are_unknown(both: Both) -> None:
    """The last 500 calls are of 62 hours: two days are known, the two before are not; of all runs both are.

    Two days have 95 runs of four calls, and three calls of the run that began with them.
    """
    rows = {figure: rest for _, figure, *rest in answer(both.rolled_up, "last_hours", hours="48")}
    assert rows["cost"][:2] == [(95 * 4 + 3) * 0.25, None]
    assert None not in rows["runs"][:2]


@pytest.mark.parametrize(("hours", "skipped"), [("24", 480), ("26", None)])
def test_recent_work_of_which_not_all_landed_is_unknown(both: Both, hours: str, skipped: int | None) -> None:
    """Of the skipped steps, which took no time and belong to no run, the last 500 landed: of 25 hours."""
    counts = {
        (kind, status): count for _, kind, status, count, *_ in answer(both.rolled_up, "recent_statuses", hours=hours)
    }
    assert counts["step", "skipped"] == skipped
    assert counts["run", "completed"] > 20


def test_attempts_are_known_of_runs_that_landed_whole(both: Both) -> None:
    """Of the latest; of most runs before, no step run or one landed, as one of the slowest."""
    attempts = {
        run: attempts for _, _, run, *_, attempts, _, _, _, _ in answer(both.rolled_up, "recent_runs", limit="300")
    }
    assert {attempts[f"r{number}"] for number in range(RUNS - 100, RUNS)} == {STEPS}
    assert {attempts[f"r{number}"] for number in range(RUNS - 200)} == {None}
    landed = ask(both.rolled_up, "select count(distinct run_id) from step_runs")
    assert landed[0][0] > 200


def test_days_of_which_the_stories_are_elsewhere_are_unknown(both: Both) -> None:
    """How many stories had an error on some days is not known; how often it occurred is."""
    (row,) = answer(both.rolled_up, "top_errors", since="7d")
    (expected,) = answer(both.ingested, "top_errors", since="7d")
    assert (row[1], row[2]) == (expected[1], None)


@pytest.mark.parametrize(
    ("name", "given"),
    [("run_timeline", {"run": "r30"}), ("run_calls", {"run": "r30"}), ("story_status", {"story": "s15"})],
)
def test_one_thing_is_read_in_the_lake(both: Both, name: str, given: dict[str, str]) -> None:
    """Of a run that did not land: all of its rows, but for what is usual, which needs the others and is unknown."""
    rows, expected = answer(both.rolled_up, name, **given), answer(both.ingested, name, **given)
    usual = 2 if name == "run_timeline" else 0
    assert {row[len(row) - usual :] for row in rows} == {(None,) * usual}
    assert [row[: len(row) - usual] for row in rows] == [row[: len(row) - usual] for row in expected]
    assert len(rows) == STEPS


def test_one_thing_of_the_lake_is_data_too(both: Both) -> None:
    """JSON and CSV have the rows of the page, in the order of the address; a page that is not there is refused."""
    served = serving.Served(both.rolled_up)
    address = "/storyreport/run_timeline.{}?run=r30&_sort_desc=offset_ms"
    rows = served.get(address.format("json")).json()["rows"]
    lines = served.get(address.format("csv")).text.splitlines()
    page = served.get(address.replace(".{}", "") + "&_page=2")
    served.close()
    assert [row["step"] for row in rows] == [f"step_{number}" for number in (3, 2, 1, 0)]
    assert [row["offset_ms"] for row in rows] == [900_000, 600_000, 300_000, 0]
    assert [line.split(",")[0] for line in lines] == ["step", "step_3", "step_2", "step_1", "step_0"]
    assert {(row["usual_ms"], row["p95_ms"]) for row in rows} == {(None, None)}
    assert page.status_code == 400


def test_what_is_usual_is_known_of_what_landed(both: Both) -> None:
    """The rollups say it of the latest runs, whose other rows are in the lake: at least 20 of 28 days."""
    run = f"r{RUNS - 2}"
    rows, expected = answer(both.rolled_up, "run_timeline", run=run), answer(both.ingested, "run_timeline", run=run)
    assert rows == expected
    assert all(row[-2] for row in rows)


def said(database: Path, *arguments: str) -> tuple[int, str]:
    result = CliRunner().invoke(cli, ["report", *arguments, "--db", str(database)])
    return result.exit_code, result.output


def test_where_the_rest_is_is_said(both: Both) -> None:
    """With a command line that shows it; a run that the lake does not know is refused, but not as unknown."""
    code, output = said(both.rolled_up, "story_attempts", "-p", "story=s15")
    assert (code, "x is rolled up from a lake" in output) == (0, True)
    assert f"{both.lake}/step_runs/date=*/*.parquet" in output
    code, output = said(both.rolled_up, "run_timeline", "-p", "run=nobody")
    assert (code, "may be in a lake" in output, "There is no run" in output) == (2, True, False)


def test_the_line_that_is_said_shows_the_rows(both: Both) -> None:
    """What is between quotes is SQL that DuckDB runs."""
    line = reports.Lake("x", str(both.lake)).line("step_runs", "run", "r30")
    assert len(duckdb.sql(shlex.split(line)[2]).fetchall()) == STEPS


def test_a_report_of_rollups_says_nothing_of_it(both: Both) -> None:
    assert "lake" not in said(both.rolled_up, "slowest_steps")[1]


@pytest.mark.parametrize(("is_stranger", "rows"), [(False, STEPS), (True, 0)])
def test_a_page_reads_the_lake_for_people_alone(both: Both, is_stranger: bool, rows: int) -> None:
    """Whoever has not logged in, and comes from elsewhere, gets what landed: nothing of this run."""
    extras = Extras(mode=mode_for(both.rolled_up, "0.0.0.0", False, True, True, ())) if is_stranger else None
    served = serving.Served(both.rolled_up, extras)
    page = served.get("/storyreport/run_calls?run=r30").text
    data = served.get("/storyreport/run_timeline.json?run=r30&_shape=array").json()
    served.close()
    assert page.count("gpt-4o") >= rows
    assert len(data) == rows
    assert ("x is rolled up from a lake" in page) is is_stranger
    assert str(both.lake) not in page
