"""Fixes of the story pipeline tracker: stories that steps name are registered, as the tracker itself would."""

from .fix import OPEN_STATUSES, Fix, Fixes, silent, statuses

ORPHANS = (
    Fix(
        "stories",
        ("story_id",),
        """
        select distinct story_key
        from main.step_runs
        join main.inputs on inputs.id = step_runs.input_id and inputs.part = 'database'
        where step_runs.source_id = :source_id and story_key is not null and gone_at is null""",
        "stories that steps name and that are not registered: registered",
        (),
        "not exists (select 1 from stories as s where SAME(s.story_id, seen.story_id))",
        {"source": "'retroactive'"},
        inserts=True,
    ),
)
STUCK = (
    Fix(
        "step_status",
        ("story_id", "step_name"),
        silent(
            "step_runs",
            "coalesce(stories.source_key, step_runs.story_key), silent.step, step_runs.source_status",
            f"step_runs.source_id = silent.source_id and step_runs.status in {OPEN_STATUSES}"
            " and step_runs.gone_at is null and step_runs.story_id is silent.story_id"
            " and step_runs.story_key is silent.story_key"
            " join main.steps on steps.id = step_runs.step_id and steps.name = silent.step"
            " left join main.stories on stories.id = step_runs.story_id",
        ),
        "steps without a sign of life: marked as failed",
        ("status", "seen_at"),
        "SAME(t.status, seen.status) and t.completed_at is null",
        {"status": "'failed'", "error_message": "'marked as failed: no sign of life'", "completed_at": "LOCAL_NOW"},
    ),
)
WORDS = """
    select coalesce(stories.source_key, step_runs.story_key), steps.name, step_runs.source_status, own_word
    from main.step_runs
    join main.steps on steps.id = step_runs.step_id
    left join main.stories on stories.id = step_runs.story_id
    join temp.fix_words on word = lower(trim(step_runs.source_status))
    where step_runs.source_id = :source_id and step_runs.gone_at is null and step_runs.source_status <> own_word"""
FIXES: Fixes = {
    "orphans": {"database": ORPHANS},
    "stuck": {"database": STUCK},
    "statuses": {
        "database": (
            statuses("step_status", ("story_id", "step_name"), WORDS),
            statuses("step_history", ("story_id", "step_name"), WORDS, row=("id",)),
        )
    },
}
