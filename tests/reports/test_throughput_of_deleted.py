"""A story that its source has deleted completed once, whatever is left of its runs."""

from pathlib import Path

from helpers.report_database import ReportDatabase, change, pairs
from helpers.sprint import SCHEMA


def test_a_deleted_story_completed_once(db: ReportDatabase, tmp_path: Path) -> None:
    """Of two stories in a batch each completed once on its day; the deletion of one changes no count."""
    path = tmp_path / "sprint-runner.db"
    change(
        path,
        *SCHEMA.split(";"),
        "insert into batches values (1, 1772359200, 1772359260, 5, 2, 'completed')",
        *(
            f"insert into stories values ({number}, 1, 's-{number}', 'e', 'done', 1772359200, 1772359250)"
            for number in (1, 2)
        ),
    )
    db.ingest(path)
    # 1772359200 is 2026-03-01 10:00 UTC. Three runs: the batch and one of each story.
    expected = [("2026-03-01", 2, 2, 3)]
    counted = ("day", "stories_started", "stories_completed", "runs_completed")
    assert pairs(db.report("throughput"), *counted) == expected
    change(path, "delete from stories where id = 2")
    db.ingest(path)
    assert db.one("select count(*) from stories where gone_at is not null") == 1
    assert pairs(db.report("throughput"), *counted) == expected
