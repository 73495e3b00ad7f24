"""The benchmarks' histories: what is planted in them is there, the same each time, and storyreport loads all of it."""

from datetime import date
from pathlib import Path

import click
import pytest
from benchmarks.histories import Span, append_to_tracker, write_gateway, write_media, write_tracker, write_wide
from helpers.report_database import ReportDatabase, ask

SPAN = Span(date(2026, 1, 1))


@pytest.mark.parametrize("rows", [4000, 5000])
def test_a_tracker_of_any_length(db: ReportDatabase, tmp_path: Path, rows: int) -> None:
    """As many step runs as asked for, all loaded; what needs somebody now does not grow with them."""
    path = tmp_path / "tracker.db"
    write_tracker(path, rows, SPAN)
    batches = (rows - 1000) // 125
    assert ask(path, "select min(date(timestamp)), max(date(timestamp)) from step_history") == [
        ("2025-01-01", "2025-12-31")
    ]
    assert db.ingest(path).counts.rejected == 0
    statuses = dict(db.sql("select status, count(*) from step_runs group by status"))
    assert statuses == {"running": 40, "failed": 170 + 5 * batches, "completed": rows - 210 - 5 * batches}
    kinds = "select substr(source_key, 1, instr(source_key, '-') - 1), count(*) from stories group by 1"
    assert dict(db.sql(kinds)) == {
        "stuck": 40,
        "pending": 40,
        "unstarted": 20,
        "failed": 50,
        "blocked": 30,
        "story": 8 * batches,
    }
    assert db.one("select count(distinct story_key) from step_runs where story_id is null") == 20
    assert len(db.report("stuck_runs", as_of="2026-01-03")) == 40
    assert db.report("data_quality") == []
    # Six services fail in six ways; numbers do not make another error of it.
    assert db.one("select count(*) from errors") == 36


def test_a_usual_story_takes_every_step(tmp_path: Path) -> None:
    """Fifteen steps in their order, each completed once; a failure is followed by the try that completes it."""
    path = tmp_path / "tracker.db"
    write_tracker(path, 4000, SPAN)
    stories: dict[str, list[tuple[str, str]]] = {}
    for story, step, status in ask(
        path, "select story_id, step_name, status from step_history where story_id like 'story-%' order by id"
    ):
        stories.setdefault(story, []).append((step, status))
    assert len(stories) == 192
    for attempts in stories.values():
        completed = [step for step, status in attempts if status == "completed"]
        assert len(completed) == 15
        assert completed == sorted(set(completed))
        for place, (step, status) in enumerate(attempts):
            if status == "failed":
                assert attempts[place + 1] == (step, "completed")


def test_durations_are_spread_as_work_is(tmp_path: Path) -> None:
    """The median is the step's own, and a few executions take several times as long."""
    path = tmp_path / "tracker.db"
    write_tracker(path, 31_000, SPAN)
    durations = [
        ms for (ms,) in ask(path, "select execution_time_ms from step_history where step_name = '13_encode' order by 1")
    ]
    assert 190_000 < durations[len(durations) // 2] < 230_000
    assert 3 < durations[-1] / durations[len(durations) // 2] < 6


def test_a_tracker_goes_on(db: ReportDatabase, tmp_path: Path) -> None:
    """What is appended is new, later, and loaded."""
    path = tmp_path / "tracker.db"
    write_tracker(path, 2000, SPAN)
    db.ingest(path)
    append_to_tracker(path, 2000, 250, SPAN)
    assert db.ingest(path).counts.rejected == 0
    assert db.one("select count(*) from step_runs") == 2250
    assert db.one("select count(*) from stories where source_key like 'story-%'") == 8 * 8 + 8 * 2
    assert db.one("select count(*) from step_runs where day >= '2026-01-01'") == 250


def test_calls_cost_what_is_recorded(db: ReportDatabase, tmp_path: Path) -> None:
    """The video service's and the gateway's calls are all loaded, with their cost; 15 belong to no workflow."""
    media, gateway = tmp_path / "movies.db", tmp_path / "gateway.db"
    write_media(media, 40, SPAN)
    write_gateway(gateway, 1000, SPAN)
    for path in (media, gateway):
        assert db.ingest(path).counts.rejected == 0
    spent = ask(media, "select sum(cost_usd) from api_usage")[0][0]
    spent += ask(gateway, 'select sum(spend) from "LiteLLM_SpendLogs"')[0][0]
    rows = db.report("cost")
    assert sum(row["calls"] for row in rows) == 40 * 25 + 1000
    assert sum(row["cost"] for row in rows) == pytest.approx(spent)
    assert sum(row["unpriced_calls"] for row in rows) == 0
    assert len(db.report("orphans", kind="call")) == 15
    assert len(db.report("stuck_runs", as_of="2026-01-03")) == 10


def test_wide_histories_share_no_step(db: ReportDatabase, tmp_path: Path) -> None:
    """Many sources over many years, each with steps of its own."""
    paths = write_wide(tmp_path / "wide", sources=3, rows_each=250, steps_each=10, span=Span(date(2026, 1, 1), 3652))
    db.ingest(*paths)
    assert db.one("select count(distinct name) from steps") == 30
    assert db.sql("select source_id, count(*) from step_runs group by 1") == [(1, 250), (2, 250), (3, 250)]
    assert db.one("select min(substr(day, 1, 4)) || max(substr(day, 1, 4)) from step_runs") == "20162025"


def test_histories_are_the_same_each_time(tmp_path: Path) -> None:
    """Two files that were written alike are alike, byte by byte."""
    for name in ("a", "b"):
        write_tracker(tmp_path / f"{name}.db", 2000, SPAN)
        write_media(tmp_path / f"{name}-media.db", 30, SPAN)
        write_gateway(tmp_path / f"{name}-gateway.db", 500, SPAN)
    for kind in ("", "-media", "-gateway"):
        assert (tmp_path / f"a{kind}.db").read_bytes() == (tmp_path / f"b{kind}.db").read_bytes()


@pytest.mark.parametrize("rows", [1000, 2001])
def test_rows_that_make_no_batches_are_refused(tmp_path: Path, rows: int) -> None:
    """The refusal says which numbers will do, and leaves no file."""
    with pytest.raises(click.UsageError, match="multiple of 125"):
        write_tracker(tmp_path / "tracker.db", rows, SPAN)
    assert not (tmp_path / "tracker.db").exists()
