"""Fixes of the sprint runner: rows that a dead runner left open, and those whose owner is gone."""

from .fix import OPEN_STATUSES, Fix, Fixes, silent, statuses

# An epoch as the row has them: in seconds or in milliseconds.
ENDED = "case when t.{began} > 100000000000 then 1000 else 1 end * cast(strftime('%s', 'now') as integer)"
# table → the core table, the prefix of its keys there, when it began and when it ends, its word for failed
OPEN = {
    "commands": ("step_runs", "command/", "started_at", "ended_at", "failed"),
    "background_tasks": ("step_runs", "task/", "spawned_at", "completed_at", "failed"),
    "stories": ("runs", "story/", "started_at", "ended_at", "failed"),
    "batches": ("runs", "batch/", "started_at", "ended_at", "error"),
}


def _stuck(table: str) -> Fix:
    core, prefix, began, ends, word = OPEN[table]
    kinds = "runs.source_key = silent.run" if core == "runs" else "runs.id = step_runs.run_id"
    number = f"substr({core}.source_key, {len(prefix) + 1})"
    joined = (
        "runs.source_id = silent.source_id and runs.source_key = silent.run and runs.kind = silent.kind"
        if core == "runs"
        else "step_runs.source_id = silent.source_id and step_runs.kind = silent.kind and step_runs.gone_at is null"
        " join main.steps on steps.id = step_runs.step_id and steps.name = silent.step"
        f" left join main.runs on {kinds}"
    )
    found = silent(core, f"{number}, {core}.source_status", joined)
    at_run = "" if core == "runs" else " and coalesce(runs.source_key, step_runs.run_key) is silent.run"
    return Fix(
        table,
        ("id",),
        f"{found} where {core}.source_key glob '{prefix}*'{at_run} and {core}.status in {OPEN_STATUSES}",
        "without a sign of life: closed",
        ("status", "seen_at"),
        f"SAME(t.status, seen.status) and t.{ends} is null",
        {"status": f"'{word}'", ends: ENDED.format(began=began)},
    )


def _orphans(table: str, core: str, prefix: str, column: str, owner: str) -> Fix:
    return Fix(
        table,
        ("id",),
        f"""
        select substr(source_key, {len(prefix) + 1})
        from main.{core}
        where
            source_id = :source_id
            and gone_at is null
            and not coalesce({"is_derived" if core != "events" else "0"}, 0)
            and {"parent_key" if core == "runs" else "run_key"} is not null
            and source_key glob '{prefix}*'""",
        f"rows whose owner in {owner} does not exist: deleted",
        (),
        f"not exists (select 1 from {owner} as o where SAME(o.id, t.{column}))",
    )


ORPHANS = (
    _orphans("events", "events", "", "batch_id", "batches"),
    _orphans("commands", "step_runs", "command/", "story_id", "stories"),
    _orphans("background_tasks", "step_runs", "task/", "batch_id", "batches"),
    _orphans("stories", "runs", "story/", "batch_id", "batches"),
)


def _words(table: str) -> Fix:
    core, prefix, *_ = OPEN[table]
    return statuses(
        table,
        ("id",),
        f"""
        select substr(source_key, {len(prefix) + 1}), source_status, own_word
        from main.{core}
        join temp.fix_words on word = lower(trim(source_status))
        where
            source_id = :source_id
            and gone_at is null
            and not is_derived
            and source_key glob '{prefix}*'
            and source_status <> own_word""",
    )


FIXES: Fixes = {
    "orphans": {"database": ORPHANS},
    "stuck": {"database": tuple(_stuck(table) for table in OPEN)},
    "statuses": {"database": tuple(_words(table) for table in OPEN)},
}
