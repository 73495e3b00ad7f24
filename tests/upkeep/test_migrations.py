"""A report database of an earlier storyreport is brought up to date with all that it holds."""

import contextlib
import sqlite3
from collections import defaultdict
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from helpers import previous
from helpers.command_line import storyreport
from helpers.previous import examine
from helpers.report_database import ReportDatabase, ask

from storyreport import reports, rollups, schema
from storyreport.errors import StoryreportError
from storyreport.schema import migrations
from storyreport.transaction import transaction

# day, source, provider, model, endpoint, currency, calls, succeeded, failed, timed, total_ms, max_ms, tokens, cost,
# estimated, unpriced: as the second migration laid them out.
EARLIER: list[tuple[Any, ...]] = [
    ("2025-03-01", 1, "openai", "gpt-5", "chat", "USD", 3, 2, 1, 3, 3000, 1500, 100, 12.5, 0.25, 0),
    ("2025-03-01", 1, "openai", "gpt-5", "image", "USD", 2, 2, 0, 1, 9000, 9000, None, 2.25, None, 0),
    ("2025-03-01", 1, "openai", "tts", "chat", "USD", 1, 0, 1, 0, 0, None, 7, 0.5, None, 0),
    ("2025-03-02", 1, "openai", "gpt-5", "chat", "USD", 4, 4, 0, 4, 400, 100, 30, 1.0, 1.0, 0),
    ("2025-03-02", 1, "openai", "gpt-5", "chat", "", 5, 5, 0, 5, 500, 100, None, None, None, 5),
    ("2025-03-02", 2, "", "", "", "EUR", 1, 0, 0, 0, 0, None, None, 7.0, None, 0),
]
COLUMNS = (
    "day, source_id, provider, model, endpoint, currency, calls, succeeded, failed, timed, total_ms, max_ms,"
    " total_tokens, cost, estimated_cost, unpriced_calls"
)


@pytest.fixture
def earlier(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[sqlite3.Connection]:
    """A report database with the first two migrations and the rollups of some calls, whose detail was pruned."""
    first_two = dict(list(migrations.scripts().items())[:2])
    path = tmp_path / "storyreport.db"
    with closing(schema.connect(path)) as connection:
        with monkeypatch.context() as patched:
            patched.setattr(migrations, "scripts", lambda: first_two)
            migrations.apply(connection)
        connection.executemany(
            "insert into sources (id, name, system, created_at, detail_since) values (?, ?, 'usage', '', '2026-01-01')",
            [(1, "one"), (2, "two")],
        )
        places = ", ".join("?" for _ in EARLIER[0])
        connection.executemany(f"insert into rollup_call_days ({COLUMNS}) values ({places})", EARLIER)
    with transaction(path, lambda _: None) as connection:
        rollups.update(connection)
        connection.execute("commit")
        yield connection


def added(keys: tuple[int, ...], values: tuple[int, ...]) -> set[tuple[Any, ...]]:
    """What these columns add up to for each of those keys; of nothing but null it is null."""
    found: dict[tuple[Any, ...], list[tuple[Any, ...]]] = defaultdict(list)
    for row in EARLIER:
        found[tuple(row[key] for key in keys)].append(row)
    known = {
        key: [[row[value] for row in rows if row[value] is not None] for value in values] for key, rows in found.items()
    }
    return {(*key, *(sum(column) if column else None for column in columns)) for key, columns in known.items()}


def test_what_calls_cost_is_kept(earlier: sqlite3.Connection) -> None:
    money = "calls, total_tokens, cost_nano / 1e9, estimated_cost_nano / 1e9, unpriced_calls"
    days = set(earlier.execute(f"select day, source_id, provider, model, currency, {money} from rollup_call_days"))
    assert days == added((0, 1, 2, 3, 5), (6, 12, 13, 14, 15))
    whole = set(earlier.execute(f"select source_id, provider, model, currency, {money} from rollup_calls"))
    assert whole == added((1, 2, 3, 5), (6, 12, 13, 14, 15))
    kinds = set(earlier.execute("select typeof(cost_nano), typeof(estimated_cost_nano) from rollup_call_days"))
    assert kinds <= {(cost, estimated) for cost in ("integer", "null") for estimated in ("integer", "null")}


def test_how_calls_ended_is_kept(earlier: sqlite3.Connection) -> None:
    outcome = "calls, succeeded, failed, timed, total_ms"
    days = set(earlier.execute(f"select day, source_id, provider, endpoint, {outcome} from rollup_endpoint_days"))
    assert days == added((0, 1, 2, 4), (6, 7, 8, 9, 10))
    longest = "select provider, endpoint, max_ms from rollup_endpoints"
    assert set(earlier.execute(longest)) == {("openai", "chat", 1500), ("openai", "image", 9000), ("", "", None)}


def test_the_reports_read_it(earlier: sqlite3.Connection) -> None:
    cost = reports.find("cost")
    found = earlier.execute(cost.sql, reports.bind(cost, {"until": "2025-03-01"})).fetchall()
    assert [(row[3], row[4], row[8]) for row in found] == [("gpt-5", 5, 14.75), ("tts", 1, 0.5)]
    reliability = reports.find("api_reliability")
    found = earlier.execute(reliability.sql, reports.bind(reliability, {})).fetchall()
    assert [(row[2], row[3], row[5]) for row in found] == [
        ("chat", 13, round(100 * 11 / 13, 2)),
        ("image", 2, 100.0),
        (None, 1, None),
    ]


def report(db: ReportDatabase, name: str) -> list[dict[str, Any]]:
    """The rows of a report, or of '<name> of some days'."""
    found, some, _ = name.partition(" of some days")
    days = {"since": "2026-03-03", "until": "2026-03-07"} if some else {}
    return db.report(found, **days)


# What these count is defined in another way since: their own tests say how.
COUNTED_ANEW = {
    "flaky_steps": "work whose first attempt is not recorded is not recovered",
    "slowest_steps": "work that was not accepted has its time",
    "step_durations": "work that was not accepted has its time",
    "cost_by_story": "a missing story has its cost",
}


MISSING = ("missing", "not read")


def is_of_then(row: dict[str, Any]) -> bool:
    """Whether a row is of a kind that the previous version had: failed calls beside failed runs came later."""
    return row.get("failed_runs", 0) is not None or row.get("kind") != "call"


def test_the_previous_version_is_upgraded_by_an_ingest(db: ReportDatabase, tmp_path: Path) -> None:
    """Every report says what it said, pruned history included; the notes say what was rebuilt and what was kept."""
    previous.write(db.path)
    with pytest.raises(StoryreportError, match="made by an older storyreport: any `storyreport ingest`"):
        schema.open_for_reading(db.path)
    (tmp_path / "new.csv").write_text("step,started_at\nread,2026-03-09T10:00:00Z\n", encoding="utf-8")
    outcome = db.ingest(tmp_path / "new.csv")
    assert outcome.notes[0] == "all rollups were rebuilt (new definitions)"
    assert "history whose detail was pruned was kept as it was (" in outcome.notes[1]
    assert f" before {previous.DETAIL_SINCE}" in outcome.notes[1]
    assert examine(db.path) == []
    new = db.one("select name from sources order by id desc limit 1")
    for name, rows in previous.answers().items():
        columns = rows[0].keys() if rows else ()
        # Stories that calls name and the source does not have are listed from this version on.
        known = [row for row in report(db, name) if row.get("status") not in MISSING]
        now = [
            {column: row[column] for column in columns} for row in known if row.get("source") != new and is_of_then(row)
        ]
        assert now == rows or name.removesuffix(" of some days") in COUNTED_ANEW, name
    assert db.ingest(tmp_path / "new.csv").notes == []


def test_what_the_migration_renames(db: ReportDatabase) -> None:
    """Watermarks, warnings and billionths: the same values under their new names."""
    previous.write(db.path)
    before = ask(db.path, "select id, marks from inputs order by 1")
    costs = ask(db.path, "select story_id, run_id, day, cost from pruned_calls order by rowid")
    assert ask(db.path, "select count(*) from rejects where severity = 'doubted'") == [(1,)]
    assert any(cost for *_, cost in costs)
    others = (
        "select error_id, day, story_id, source_id from pruned_errors order by 1, 2, 3",
        "select * from pruned_warnings order by rowid",
    )
    remembered = [ask(db.path, sql) for sql in others]
    assert all(remembered)
    examine(db.path, repair=True)
    assert [ask(db.path, sql) for sql in others] == remembered
    assert ask(db.path, "select id, watermarks from inputs order by 1") == before
    assert ask(db.path, "select severity, count(*) from rejects group by 1") == [("rejected", 1), ("warning", 1)]
    nano = [(*key, cost if cost is None else round(cost * 10**9)) for *key, cost in costs]
    assert ask(db.path, "select story_id, run_id, day, cost_nano from pruned_calls order by rowid") == nano


def test_a_cost_that_no_integer_holds(db: ReportDatabase) -> None:
    """Of the previous version any cost was taken: the upgrade succeeds, and reports go on."""
    previous.write(db.path)
    with contextlib.closing(sqlite3.connect(db.path)) as connection, connection:
        connection.execute("update rollup_call_days set cost = 1e300 where day <> ''")
        connection.execute("update rollup_story_calls set cost = -1e300")
        connection.execute("update pruned_calls set cost = 1e18")
        connection.execute("update calls set cost = 1e18 where id % 2 = 0")
    examine(db.path, repair=True)
    assert examine(db.path) == []
    for name in ("cost", "cost_by_story", "cost_by_step", "cost_of_failures", "cost_forecast", "health"):
        db.report(name)


def test_the_doctor_upgrades_too(db: ReportDatabase, tmp_path: Path) -> None:
    """Without --repair it refuses an older database; with it the rollups are rebuilt, and stderr says so."""
    previous.write(db.path)
    done = storyreport("doctor", "--db", db.path, cwd=tmp_path)
    assert (done.returncode, done.stdout) == (1, "")
    assert "any `storyreport ingest` brings it up to date" in done.stderr
    done = storyreport("doctor", "--repair", "--db", db.path, cwd=tmp_path)
    assert "Note: all rollups were rebuilt (new definitions).\n" in done.stderr
    # Texts that were kept then and would not be today are all that is left.
    assert done.returncode == 1
    assert all("run `storyreport scrub`" in line for line in done.stdout.splitlines())
    assert storyreport("scrub", "--db", db.path, cwd=tmp_path).returncode == 0
    assert storyreport("doctor", "--db", db.path, cwd=tmp_path).stdout == "all is well\n"
