"""Fixes of the choose-your-own-adventure service."""

from .fix import Fix, Fixes, silent, statuses

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
        silent(
            "runs",
            "runs.source_key, runs.source_status",
            "runs.source_id = silent.source_id and runs.source_key = silent.run"
            " and runs.status in ('running', 'queued', 'waiting')",
        ),
        "jobs without a sign of life: marked as failed",
        ("status", "seen_at"),
        "SAME(t.status, seen.status) and t.completed_at is null",
        {"status": "'failed'", "error": "'marked as failed: no sign of life'", "completed_at": "LOCAL_NOW"},
    ),
)
WORDS = """
    select source_key, source_status, own_word
    from main.runs
    join temp.fix_words on word = lower(trim(source_status))
    where source_id = :source_id and gone_at is null and source_status <> own_word"""
FIXES: Fixes = {
    "orphans": {"database": ORPHANS},
    "stuck": {"database": STUCK},
    "statuses": {"database": (statuses("story_jobs", ("job_id",), WORDS),)},
}
