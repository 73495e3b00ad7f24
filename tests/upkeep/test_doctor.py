"""The doctor finds what was broken by hand, rollups, references and files, and repairs what can be repaired."""

import contextlib
import shutil
import sqlite3
from pathlib import Path

import pytest
from helpers.command_line import storyreport
from helpers.report_database import ReportDatabase, change

from storyreport.upkeep.doctor import examine


@pytest.fixture
def db(sampled: ReportDatabase, tmp_path: Path) -> ReportDatabase:
    """A report database fed by sources of every system, that may be broken."""
    db = ReportDatabase(tmp_path)
    shutil.copy(sampled.path, db.path)
    return db


def rollups(db: ReportDatabase) -> dict[str, list[tuple[object, ...]]]:
    """The rows of every rollup."""
    names = [name for (name,) in db.sql("select name from sqlite_master where type = 'table' and name glob 'rollup_*'")]
    return {name: sorted(db.sql(f"select * from {name}"), key=str) for name in names}


def test_nothing_is_wrong(db: ReportDatabase) -> None:
    """A database that only ingests have written has no findings, and looking at it changes nothing."""
    before = db.path.read_bytes()
    assert examine(db.path) == []
    assert db.path.read_bytes() == before


def test_every_rollup_is_compared_and_repaired(db: ReportDatabase) -> None:
    """In each table of rollups a changed, a lost and an invented row are found, counted, and repaired."""
    whole = rollups(db)
    planted = {}
    with contextlib.closing(sqlite3.connect(db.path)) as connection, connection:
        for table, rows in whole.items():
            columns = connection.execute(f"select name, type, pk from pragma_table_info('{table}')").fetchall()
            keys = ", ".join(name for name, _, pk in columns if pk)
            value = next(
                (name for name, kind, pk in columns if not pk and kind != "TEXT" and name != "source_id"), None
            )
            first, last = (
                f"({keys}) = (select {keys} from {table} order by {keys} {way} limit 1)" for way in ("", "desc")
            )
            planted[table] = 0
            if len(rows) > 1:
                connection.execute(f"delete from {table} where {last}")
                planted[table] += 1
            if rows and value:
                connection.execute(f"update {table} set {value} = coalesce({value}, 0) + 1 where {first}")
                planted[table] += 1
    assert sum(count == 2 for count in planted.values()) > 15
    found: dict[str, int] = {}
    for finding in examine(db.path):
        found[finding.table] = found.get(finding.table, 0) + finding.rows
    # Totals are those of the days as they ought to be, so that no table is wrong because of another one.
    assert found == {table: count for table, count in planted.items() if count}

    assert sum(finding.rows for finding in examine(db.path, repair=True)) == sum(planted.values())
    assert examine(db.path) == []
    assert rollups(db) == whole


def test_an_invented_row(db: ReportDatabase) -> None:
    """A row that nothing adds up to is found and taken away; the example names it."""
    change(db.path, "insert into rollup_log_days values ('1999-01-01', 1, 'made up', 3, null)")
    (finding,) = examine(db.path, repair=True)
    assert (finding.table, finding.rows) == ("rollup_log_days", 1)
    assert "1999-01-01" in finding.example
    assert "nothing adds up to" in finding.example
    assert db.one("select count(*) from rollup_log_days where metric = 'made up'") == 0


def test_base_rows_that_were_changed_by_hand(db: ReportDatabase, tmp_path: Path) -> None:
    """The rollups follow the rows: a step run that is gone, one that took longer, and one more."""
    gone, longer, copied = (
        row[0]
        for row in db.sql(
            "select id from step_runs where status = 'completed' and duration_ms is not null order by id limit 3"
        )
    )
    names = [name for _, name, *_ in db.sql("pragma table_info(step_runs)") if name not in ("id", "source_key")]
    change(
        db.path,
        f"delete from step_runs where id = {gone}",
        f"update step_runs set duration_ms = 9000000000 where id = {longer}",
        f"insert into step_runs (source_key, {', '.join(names)})"
        f" select 'one more', {', '.join(names)} from step_runs where id = {copied}",
    )
    assert {"rollup_step_days", "rollup_steps"} <= {finding.table for finding in examine(db.path, repair=True)}
    assert examine(db.path) == []
    (row,) = db.sql("""
        select sum(executions), sum(total_ms), max(max_ms) from rollup_steps
    """)
    assert (
        row
        == db.sql("""
        select
            sum(status in ('completed', 'failed')),
            sum(case when status = 'completed' or acceptance_passed = 0 then duration_ms end),
            max(case when status = 'completed' or acceptance_passed = 0 then duration_ms end)
        from step_runs
    """)[0]
    )
    assert row[2] == 9000000000


def test_money_that_was_added_in_another_order(db: ReportDatabase) -> None:
    """What differs by the last bits of a sum is no finding; what differs by a cent is."""
    change(db.path, "update rollup_logs set total = total * (1 + 1e-13)")
    assert examine(db.path) == []
    rows = db.one("select count(*) from rollup_calls where cost_nano is not null")
    change(db.path, "update rollup_calls set cost_nano = cost_nano + 10000000")
    assert sum(finding.rows for finding in examine(db.path)) == rows


@pytest.mark.parametrize("changed", ["cast(round(cost_nano * 1.000001) as integer)", "null"])
def test_a_millionth_and_a_lost_sum_are_findings(db: ReportDatabase, changed: str) -> None:
    """Sums are compared to more digits than reports show, and no sum is not as good as one."""
    rows = db.one("select count(*) from rollup_calls where cost_nano > 1000000")
    assert rows > 0
    change(db.path, f"update rollup_calls set cost_nano = {changed} where cost_nano > 1000000")
    assert {finding.table for finding in examine(db.path)} == {"rollup_calls"}
    assert sum(finding.rows for finding in examine(db.path, repair=True)) == rows
    assert examine(db.path) == []


def test_an_orphan_that_is_none(db: ReportDatabase) -> None:
    """A reference cannot both lead somewhere and be lost: what is lost by name only is found again."""
    orphans = len(db.report("orphans"))
    row = db.one("select min(id) from step_runs where story_id is not null and run_key is null")
    change(db.path, f"update step_runs set story_key = 'lost' where id = {row}")
    first, *_ = examine(db.path, repair=True)
    assert (first.table, first.rows) == ("step_runs", 1)
    assert examine(db.path) == []
    assert len(db.report("orphans")) == orphans


def test_a_reference_to_a_row_that_is_not_there(db: ReportDatabase) -> None:
    """What no repair can know is said again, and what to do about it."""
    change(db.path, "update artifacts set story_id = 987654321 where id = (select min(id) from artifacts)")
    for repair in (True, False):
        (finding,) = [finding for finding in examine(db.path, repair) if not finding.repair]
        assert (finding.table, finding.rows) == ("artifacts", 1)
        assert "--full" in finding.example


def test_a_trigger_and_a_view_in_the_place_of_a_table(db: ReportDatabase) -> None:
    """Somebody else's file may change rows as ours are written, or compute for ever where a table was."""
    change(db.path, "create trigger evil after insert on ingests begin delete from notes; end")
    change(db.path, "alter table notes rename to kept_notes")
    change(db.path, "create view notes as select * from kept_notes")
    found = {finding.table: (finding.rows, finding.example) for finding in examine(db.path)}
    assert found == {
        "triggers": (1, "evil (storyreport makes none: drop it unless it is yours)"),
        "tables and views of another kind": (1, "notes, a view (restore a backup)"),
    }


def test_a_damaged_file(db: ReportDatabase) -> None:
    """Pages that were overwritten are found before anything is compared."""
    change(db.path, "pragma wal_checkpoint(truncate)")
    content = bytearray(db.path.read_bytes())
    page = db.one("pragma page_size")
    root = db.one("select rootpage from sqlite_master where name = 'step_runs_run'")
    content[(root - 1) * page : root * page] = b"\xff" * page
    db.path.write_bytes(content)
    (finding,) = examine(db.path)
    assert finding.table == "the file itself"


def test_the_command(db: ReportDatabase, tmp_path: Path) -> None:
    """Exit code 1 and a line a finding; 0 once they are repaired, and a word that says so."""
    done = storyreport("doctor", "--db", db.path, cwd=tmp_path)
    assert (done.returncode, done.stdout, done.stderr) == (0, "all is well\n", "")
    change(db.path, "delete from rollup_steps where source_id = (select min(source_id) from rollup_steps)")
    source = db.one("select name from sources where id = (select min(source_id) from step_runs)")
    lost = len(
        {
            step
            for (step,) in db.sql(
                "select family from step_runs join steps on steps.id = step_id"
                " where steps.source_id = (select min(source_id) from step_runs)"
            )
        }
    )
    done = storyreport("doctor", "--db", db.path, cwd=tmp_path)
    assert done.returncode == 1
    (line,) = done.stdout.splitlines()
    assert line.startswith(f"{source}, rollup_steps: {lost} rows, such as family ")
    assert done.stderr == ("Error: The report database has errors: repair them with `storyreport doctor --repair`.\n")
    done = storyreport("doctor", "--repair", "--db", db.path, cwd=tmp_path)
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.endswith(" (repaired)\n")
    assert storyreport("doctor", "--db", db.path, cwd=tmp_path).stdout == "all is well\n"


def test_a_database_that_may_not_be_written(db: ReportDatabase, tmp_path: Path) -> None:
    """Looking needs no right to write, and waits for no ingest."""
    with contextlib.closing(sqlite3.connect(db.path, isolation_level=None)) as ingest:
        ingest.execute("begin immediate")
        assert examine(db.path) == []


def test_no_database(tmp_path: Path) -> None:
    """Where there is no report database the commands say so, and make none."""
    for command in (("doctor",), ("doctor", "--repair"), ("optimize",), ("prune", "--older-than", "1d")):
        done = storyreport(*command, "--db", tmp_path / "none.db", cwd=tmp_path)
        assert done.returncode == 1
        assert "There is no report database" in done.stderr
    assert list(tmp_path.iterdir()) == []
