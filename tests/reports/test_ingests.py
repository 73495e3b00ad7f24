"""How fresh the data is, and what could not be loaded."""

from helpers.report_database import ReportDatabase, change
from helpers.tracker import STEPS, Tracker


def test_each_ingest_the_latest_first(db: ReportDatabase, tracker: Tracker) -> None:
    """What was read and written is what the ingest itself returned."""
    tracker.register("A")
    first = db.ingest(tracker.path)
    tracker.end("A", STEPS[0], "r1", 1000)
    second = db.ingest(tracker.path)
    third = db.ingest(tracker.path)
    rows = db.report("ingests")
    assert [row["status"] for row in rows] == ["unchanged", "completed", "completed"]
    for row, outcome in zip(rows, (third, second, first), strict=True):
        counts = outcome.counts
        assert (row["rows_read"], row["inserted"], row["updated"], row["rejected"]) == (
            counts.read,
            counts.inserted,
            counts.updated,
            counts.rejected,
        )
        assert row["started_at"] <= row["finished_at"]
    assert rows[-1]["inserted"] == 1
    assert db.report("ingests", source="other") == []


def test_rejected_rows_say_why(db: ReportDatabase, tracker: Tracker) -> None:
    """A row that cannot be loaded, with its key and what it held; not one that lost but a value; gone once repaired."""
    tracker.register("A")
    db.ingest(tracker.path)
    assert db.report("rejected_rows") == []
    change(
        tracker.path,
        "insert into step_history (story_id, step_name, run_id, status) values ('A', '', 'r1', 'completed')",
        "insert into step_history (story_id, step_name, run_id, status, execution_time_ms)"
        " values ('A', '01_ingest', 'r1', 'completed', -5)",
    )
    db.ingest(tracker.path)
    (row,) = db.report("rejected_rows")
    assert (row["source"], row["table"], row["key"]) == ("studio", "step_history", "1")
    assert "step_name" in row["reason"]
    assert '"r1"' in row["row"]
    assert row["ingested_at"] == db.report("ingests")[0]["started_at"]
    change(tracker.path, "update step_history set step_name = '02_preprocess' where step_name = ''")
    db.ingest(tracker.path, full=True)
    assert db.report("rejected_rows") == []
