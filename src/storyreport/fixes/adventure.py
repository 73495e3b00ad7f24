"""Fixes of the choose-your-own-adventure service."""

from .fix import SILENT_RUNS, STRANGE_RUNS, Fix, Fixes, statuses

ORPHANS = (
    Fix(
        "story_jobs",
        ("job_id",),
        """
        select source_key, story_key
        from main.runs
        where source_id = :source_id and story_key is not null and gone_at is null""",
        "jobs that name a story that does not exist: without it",
        ("story_id",),
        "SAME(t.story_id, seen.story_id) and not exists (select 1 from stories as s where SAME(s.id, t.story_id))",
        {"story_id": "null"},
    ),
    Fix(
        "story_nodes",
        ("id",),
        """
        select source_key, story_key
        from main.story_nodes
        where source_id = :source_id and story_key is not null and gone_at is null""",
        "nodes of stories that do not exist: deleted",
        ("story_id",),
        "SAME(t.story_id, seen.story_id) and not exists (select 1 from stories as s where SAME(s.id, t.story_id))",
    ),
)
STUCK = (
    Fix(
        "story_jobs",
        ("job_id",),
        SILENT_RUNS,
        "jobs without a sign of life: marked as failed",
        ("status", "seen_at"),
        "SAME(t.status, seen.status) and t.completed_at is null",
        {"status": "'failed'", "error": "'marked as failed: no sign of life'", "completed_at": "LOCAL_NOW"},
    ),
)
FIXES: Fixes = {
    "orphans": {"database": ORPHANS},
    "stuck": {"database": STUCK},
    "statuses": {"database": (statuses("story_jobs", ("job_id",), STRANGE_RUNS),)},
}
