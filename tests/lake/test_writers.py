"""A source has one writer: `ingest`, or `rollup`; and the days that are computed again."""

import datetime as dt
from pathlib import Path
from typing import Any, NamedTuple

import pytest
from click.testing import CliRunner
from helpers import lakes
from helpers.report_database import ask

from storyreport.cli import cli
from storyreport.errors import StoryreportError
from storyreport.given import Request as Given
from storyreport.given import requests_for
from storyreport.ingest import ingest
from storyreport.lake import pick
from storyreport.lake.run import Request, roll_up

DAYS = 12


def history(days: range) -> dict[str, list[lakes.Row]]:
    """A run a day of two steps, of which the second fails, and a call of a dollar."""
    steps, calls = [], []
    for day in days:
        began = dt.datetime(2026, 3, 1, 10) + dt.timedelta(days=day)
        for step, status in (("outline", "completed"), ("write", "failed")):
            row = {"id": f"{step}{day}", "run": f"r{day}", "story": f"s{day}", "step": step, "status": status}
            steps.append(row | {"started_at": began, "ended_at": began + dt.timedelta(minutes=1)})
        call = {"id": f"c{day}", "run": f"r{day}", "step": "write", "model": "gpt-4o", "cost": 1.0, "called_at": began}
        calls.append(call)
    return {"step_runs": steps, "calls": calls}


class Landed(NamedTuple):
    database: Path
    lake: Path


@pytest.fixture(scope="module")
def landed(tmp_path_factory: pytest.TempPathFactory) -> Landed:
    """A lake of twelve days, rolled up, and then of two more days, rolled up again."""
    folder = tmp_path_factory.mktemp("writers")
    first = history(range(DAYS))
    # A clock that is wrong says nothing of the days until then.
    first["step_runs"].append(
        {"id": "f", "step": "outline", "status": "completed", "started_at": dt.datetime(2099, 1, 1)}
    )
    lake = lakes.write_lake(folder / "lake", first)
    database = lakes.new_database(folder / "report.db")
    roll_up(database, Request(str(lake), "books"))
    # What comes late for a day that is settled is not seen; what comes for the last days is.
    late = history(range(DAYS + 2))
    late["step_runs"] += [row | {"id": f"late{row['id']}"} for row in history(range(1, 11, 9))["step_runs"]]
    lakes.write_lake(lake, late)
    roll_up(database, Request(str(lake), "books"))
    return Landed(database, lake)


def test_the_days_since_are_computed_again(landed: Landed) -> None:
    """Three days before the last that was known, the 12th: from the 9th on. The 2nd is settled, the 11th is not."""
    rows = ask(landed.database, "select day, sum(executions) from rollup_step_days group by day order by day")
    expected = [(f"2026-03-{day:02}", 4 if day == 11 else 2) for day in range(1, DAYS + 3)]
    assert rows == [*expected, ("2099-01-01", 1)]
    assert ask(landed.database, "select since_day, until_day from lakes") == [("2026-03-09", "2026-03-14")]


def test_totals_add_up_all_days(landed: Landed) -> None:
    """Fourteen days of two steps, the two that came late and the one of the future; a dollar a day."""
    assert ask(landed.database, "select sum(executions) from rollup_steps") == [(31,)]
    assert ask(landed.database, "select sum(cost_nano) from rollup_calls") == [(14_000_000_000,)]


def test_what_was_not_read_again_stays(landed: Landed) -> None:
    """Each of the fourteen stories failed, and each run cost a dollar; the first of them are from before the reach."""
    counts = [
        ("count(*) from rollup_failed_steps", 14),
        ("count(*) from rollup_run_costs", 14),
        ("sum(cost_nano) from rollup_failed_run_calls", 14_000_000_000),
        ("sum(cost_nano) from rollup_failed_calls", 14_000_000_000),
    ]
    for what, expected in counts:
        assert ask(landed.database, f"select {what}") == [(expected,)], what


def slowed(history: dict[str, list[lakes.Row]], times: int) -> dict[str, list[lakes.Row]]:
    """The same rows over so many times as many days."""
    return {
        table: [
            {
                name: lakes.START + (value - lakes.START) * times if isinstance(value, dt.datetime) else value
                for name, value in row.items()
            }
            for row in rows
        ]
        for table, rows in history.items()
    }


@pytest.fixture(scope="module")
def fortnight() -> dict[str, list[lakes.Row]]:
    """300 step runs in stories of fourteen hours, over two weeks: none lasts from before the reach until now."""
    return slowed(lakes.ordinary(300), 20)


def by_days(folder: Path, history: dict[str, list[lakes.Row]], land: int, also: str = "select 1") -> list[Any]:
    """What is selected after a lake was rolled up with eleven days, and with all of them (in report.db)."""
    end = lakes.START + dt.timedelta(days=11)
    steps = [row for row in history["step_runs"] if row["started_at"] < end]
    runs = {row["run"] for row in steps}
    begun = {"step_runs": steps, "calls": [row for row in history["calls"] if row["run"] in runs]}
    database, found = lakes.new_database(folder / "report.db"), []
    for rows in (begun, history):
        lake = lakes.write_lake(folder / "lake", rows)
        roll_up(database, Request(str(lake), "x", settle_days=2, reach_days=2, land=land))
        found.append(ask(database, also))
    return found


def test_rolled_up_by_days_is_rolled_up_at_once(tmp_path: Path, fortnight: dict[str, list[lakes.Row]]) -> None:
    """Every rollup, those of stories and runs and their totals included, is that of an ingest of all rows."""
    ingested = lakes.new_database(tmp_path / "ingested.db")
    (request,) = requests_for([lakes.write_sqlite(tmp_path / "history.db", fortnight)], "x", None)
    assert isinstance(request, Given)
    ingest(ingested, request)
    by_days(tmp_path, fortnight, 10_000)
    database = tmp_path / "report.db"
    for table in lakes.rollup_names():
        assert lakes.rollup_rows(database, table) == lakes.rollup_rows(ingested, table), table


def test_a_total_of_more_than_landed_is_as_of_the_last_full_time(
    tmp_path: Path, fortnight: dict[str, list[lakes.Row]], monkeypatch: pytest.MonkeyPatch
) -> None:
    """The rows that are here cannot say it, and does not shrink to those of the last days."""
    monkeypatch.setattr(pick, "NEWEST", 1)
    before, after = by_days(tmp_path, fortnight, 5, "select * from rollup_failed_calls")
    assert before == after
    assert before


def test_ids_stay_from_one_time_to_the_next(landed: Landed, tmp_path: Path) -> None:
    """A page's address means the same story after the next night."""
    known = dict(ask(landed.database, "select source_key, id from stories"))
    roll_up(landed.database, Request(str(landed.lake), "books"))
    assert dict(ask(landed.database, "select source_key, id from stories")) == known


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("ingest", "{history}", "--name", "books"), "'books' is rolled up from the lake"),
        (("rollup", "{lake}", "--name", "tales", "--engine", "duckdb"), "'tales' is a source that `ingest` loads"),
        (("export-lake", "{folder}/out"), "'books' is rolled up from a lake, and not all here"),
        (("rollup", "{folder}", "--name", "books", "--engine", "duckdb"), "was rolled up from"),
        (("rollup", "{lake}", "--name", "new", "--engine", "duckdb", "--since", "2026-03-05"), "not been rolled up"),
    ],
)
def test_another_writer_is_refused(landed: Landed, tmp_path: Path, arguments: tuple[str, ...], said: str) -> None:
    file = lakes.write_sqlite(tmp_path / "history.db", history(range(1)))
    where = {"history": file, "lake": landed.lake, "folder": tmp_path}
    runner = CliRunner()
    assert runner.invoke(cli, ["ingest", str(file), "--name", "tales", "--db", str(landed.database)]).exit_code == 0
    given = [one.format(**where) for one in arguments]
    before = ask(landed.database, "select count(*) from ingests")
    result = runner.invoke(cli, [*given, "--db", str(landed.database)])
    assert (result.exit_code, said in result.output) == (1, True), result.output
    assert ask(landed.database, "select count(*) from ingests") == before


def test_prune_and_reprice_leave_a_lake_s_rows_alone(landed: Landed, tmp_path: Path) -> None:
    """And say so."""
    counts = (
        "select (select count(*) from step_runs), (select count(*) from calls), (select count(*) from rollup_steps)"
    )
    other = lakes.write_sqlite(tmp_path / "other.db", history(range(1)))
    CliRunner().invoke(cli, ["ingest", str(other), "--name", "tales", "--db", str(landed.database)])
    before = ask(landed.database, counts)
    for command in (["prune", "--older-than", "1d", "--dry-run"], ["reprice"]):
        result = CliRunner().invoke(cli, [*command, "--db", str(landed.database)])
        assert (result.exit_code, "Note: 'books' is rolled up from the lake" in result.output) == (0, True)
    assert ask(landed.database, counts) == before


def test_a_lake_that_was_exported_is_the_same(tmp_path: Path) -> None:
    """A source moves to a lake with all that its rollups say."""
    file = lakes.write_sqlite(tmp_path / "history.db", lakes.ordinary(60))
    ingested, again = lakes.new_database(tmp_path / "a.db"), lakes.new_database(tmp_path / "b.db")
    runner = CliRunner()
    for command in (
        ["ingest", str(file), "--name", "x", "--db", str(ingested)],
        ["export-lake", str(tmp_path / "lake"), "--db", str(ingested)],
        ["rollup", str(tmp_path / "lake"), "--name", "x", "--engine", "duckdb", "--db", str(again)],
    ):
        result = runner.invoke(cli, command)
        assert result.exit_code == 0, result.output
    for table in lakes.rollup_names():
        assert lakes.rollup_rows(again, table) == lakes.rollup_rows(ingested, table), table


def test_a_scratch_folder_is_removed_or_named(tmp_path: Path) -> None:
    """Removed on success; a second run on a lake that broke says where what it computed is."""
    lake = lakes.write_lake(tmp_path / "lake", history(range(1)))
    scratch = tmp_path / "scratch"
    scratch.mkdir()
    database = lakes.new_database(tmp_path / "report.db")
    roll_up(database, Request(str(lake), "books", scratch=scratch))
    assert list(scratch.iterdir()) == []
    next((lake / "calls").rglob("*.parquet")).write_bytes(b"nothing")
    with pytest.raises(StoryreportError, match=f"What was computed is in {scratch}/storyreport-"):
        roll_up(database, Request(str(lake), "books", scratch=scratch))
