"""Fixes of the story-generation service; the two databases may be apart, and only ids tie them together."""

from .fix import OPEN_STATUSES, SILENT, SILENT_RUNS, STRANGE_RUNS, Fix, Fixes, statuses

LOST_RUNS = """
    select {columns}
    from main.runs
    where
        source_id = :source_id
        and story_key is not null
        and gone_at is null
        and kind = 'workflow_run'
        and source_id in (select source_id from main.sources_with_stories)"""
RUN_AS_SEEN = """
    exists (
        select 1
        from story_generation_runs as r
        where SAME(r.run_id, t.run_id) and SAME(r.status, seen.status) and SAME(r.story_id, seen.story_id)
    )"""
ORPHANS = (
    Fix(
        "story_generation_steps",
        ("run_id",),
        LOST_RUNS.format(columns="source_key, source_status, story_key"),
        "steps of runs whose story does not exist: deleted with their run",
        ("status", "story_id"),
        RUN_AS_SEEN,
        row=("run_id", "step_name"),
    ),
    Fix(
        "story_generation_runs",
        ("run_id",),
        LOST_RUNS.format(columns="source_key, source_status, story_key"),
        "runs whose story does not exist (check in the main database that it does not): deleted",
        ("status", "story_id"),
        "SAME(t.status, seen.status) and SAME(t.story_id, seen.story_id)",
    ),
    Fix(
        "story_generation_steps",
        ("run_id", "step_name"),
        """
        select step_runs.run_key, steps.name
        from main.step_runs
        join main.steps on steps.id = step_runs.step_id
        where step_runs.source_id = :source_id and run_key is not null and gone_at is null""",
        "steps whose run does not exist: deleted",
        (),
        "not exists (select 1 from story_generation_runs as r where SAME(r.run_id, t.run_id))",
    ),
    Fix(
        "token_usage_tracking",
        ("token_usage_id",),
        """
        select source_key, story_key
        from main.calls
        where
            source_id = :source_id
            and story_key is not null
            and gone_at is null
            and source_id in (select source_id from main.sources_with_stories)""",
        "token usage of stories that do not exist: deleted, and its cost with it",
        ("story_id",),
        "SAME(t.story_id, seen.story_id)",
    ),
)
STUCK = (
    Fix(
        "story_generation_steps",
        ("run_id", "step_name"),
        SILENT
        + f"""
        select runs.source_key, steps.name, step_runs.source_status, silent.seen_at
        from silent
        join main.runs on runs.source_id = silent.source_id and runs.source_key = silent.run
        join main.step_runs on step_runs.run_id = runs.id
        join main.steps on steps.id = step_runs.step_id
        where
            runs.status in {OPEN_STATUSES}
            and step_runs.status in {OPEN_STATUSES}
            and step_runs.gone_at is null""",
        "open steps of runs without a sign of life: marked as failed, as their run is",
        ("status", "seen_at"),
        "SAME(t.status, seen.status) and exists"
        " (select 1 from story_generation_runs as r where SAME(r.run_id, t.run_id) and SILENT(r.updated_at))",
        {"status": "'failed'", "ended_at": "NOW", "updated_at": "NOW"},
    ),
    Fix(
        "story_generation_runs",
        ("run_id",),
        SILENT_RUNS,
        "runs without a sign of life: marked as failed",
        ("status", "seen_at"),
        "SAME(t.status, seen.status) and SILENT(t.updated_at)",
        {
            "status": "'failed'",
            "failure_code": "'NO_SIGN_OF_LIFE'",
            "error_message": "'marked as failed: no sign of life'",
            "ended_at": "NOW",
            "updated_at": "NOW",
        },
    ),
)
CHAPTERS = (
    Fix(
        "stories",
        ("story_id",),
        """
        select
            stories.source_key,
            coalesce(
                nullif(
                    (
                        select count(distinct steps.name)
                        from main.step_runs
                        join main.steps on steps.id = step_runs.step_id
                        where
                            step_runs.story_id = stories.id
                            and step_runs.gone_at is null
                            and step_runs.status = 'completed'
                            and steps.family = 'write_chapter'
                    ),
                    0
                ),
                :chapters
            ) as chapters
        from main.stories
        where stories.source_id = :source_id and stories.lacks_chapters and stories.gone_at is null and chapters > 0""",
        "stories without a chapter count: as many as were written, or the number that was given",
        ("chapters",),
        "coalesce(t.chapter_count, 0) = 0",
        {"chapter_count": "cast(seen.chapters as integer)", "updated_at": "NOW"},
    ),
)
STEP_WORDS = """
    select runs.source_key, steps.name, step_runs.source_status, own_word
    from main.step_runs
    join main.steps on steps.id = step_runs.step_id
    join main.runs on runs.id = step_runs.run_id
    join temp.fix_words on word = lower(trim(step_runs.source_status))
    where step_runs.source_id = :source_id and step_runs.gone_at is null and step_runs.source_status <> own_word"""
FIXES: Fixes = {
    "orphans": {"workflows": ORPHANS},
    "stuck": {"workflows": STUCK},
    "chapters": {"main": CHAPTERS},
    "statuses": {
        "workflows": (
            statuses("story_generation_steps", ("run_id", "step_name"), STEP_WORDS),
            statuses("story_generation_runs", ("run_id",), STRANGE_RUNS),
        )
    },
}
