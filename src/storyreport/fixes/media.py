"""Fixes of the story-to-video service: what its own clean-up leaves behind, and a clean-up that leaves nothing."""

from .fix import SILENT_RUNS, STRANGE_RUNS, Fix, Fixes, statuses

LOST = """
    select source_key, run_key
    from main.{core}
    where source_id = :source_id and run_key is not null and gone_at is null"""
NO_WORKFLOW = """
    SAME(t.workflow_id, seen.workflow_id)
    and not exists (select 1 from workflows as w where SAME(w.id, t.workflow_id))"""
ORPHANS = (
    *(
        Fix(
            table,
            ("id",),
            LOST.format(core=core),
            "rows of workflows that do not exist: deleted",
            ("workflow_id",),
            NO_WORKFLOW,
        )
        for table, core in (
            ("generated_files", "artifacts"),
            ("scenes", "story_nodes"),
            ("generation_progress", "events"),
        )
    ),
    Fix(
        "api_usage",
        ("id",),
        LOST.format(core="calls"),
        "usage of workflows that do not exist: deleted, and its cost with it",
        ("workflow_id",),
        NO_WORKFLOW,
    ),
)
STUCK = (
    Fix(
        "workflows",
        ("id",),
        SILENT_RUNS,
        "workflows without a sign of life: marked as failed",
        ("status", "seen_at"),
        "SAME(t.status, seen.status) and SILENT(t.updated_at)",
        {"status": "'failed'", "updated_at": "NOW", "completed_at": "NOW"},
    ),
)
OLD = """
    select source_key, source_status
    from main.runs
    where
        source_id = :source_id
        and kind = 'media_workflow'
        and status in ('completed', 'failed', 'cancelled')
        and gone_at is null
        and coalesce(ended_at, last_activity_at, started_at)
        < strftime('%Y-%m-%dT%H:%M:%fZ', julianday('now') - cast(:days as real))"""
AS_SEEN = "exists (select 1 from workflows as w where SAME(w.id, t.workflow_id) and SAME(w.status, seen.status))"
CLEANUP = (
    *(
        Fix(
            table,
            ("workflow_id",),
            OLD,
            "of old finished workflows: deleted with them",
            ("status",),
            AS_SEEN,
            row=("id",),
        )
        for table in ("generated_files", "scenes", "generation_progress")
    ),
    Fix(
        "api_usage",
        ("workflow_id",),
        OLD,
        "usage of old finished workflows: deleted, and its cost with it; it would be orphaned",
        ("status",),
        AS_SEEN,
        row=("id",),
    ),
    Fix(
        "workflows",
        ("id",),
        OLD,
        "old finished workflows: deleted; their files on disk are yours to delete",
        ("status",),
        "SAME(t.status, seen.status)",
    ),
)
FIXES: Fixes = {
    "orphans": {"database": ORPHANS},
    "stuck": {"database": STUCK},
    "cleanup": {"database": CLEANUP},
    "statuses": {"database": (statuses("workflows", ("id",), STRANGE_RUNS),)},
}
