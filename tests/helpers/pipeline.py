"""Executions and attempts of a story pipeline, read without a look at the mapping."""

from pathlib import Path

from helpers.report_database import ReportDatabase, ask

# Written without a look at the mapping: an execution is a row of the history, or a state that no row of it explains.
EXECUTIONS = """
    select step_name, count(*), sum(status = 'completed'), sum(status = 'failed')
    from (
        select h.step_name,
            case when h.id = (select max(id) from step_history where story_id = h.story_id and step_name = h.step_name)
                and exists (select 1 from step_status s where s.story_id = h.story_id and s.step_name = h.step_name
                    and s.status = 'failed' and s.run_id is null)
                then 'failed' else h.status end as status
        from step_history h
        union all
        select s.step_name, s.status from step_status s
        where s.status in ('completed', 'failed') and not exists (
            select 1 from step_history h where h.story_id = s.story_id and h.step_name = s.step_name
                and (s.run_id is null or h.run_id = s.run_id))
    )
    group by step_name
"""


def executions_of(path: Path) -> set[tuple[object, ...]]:
    """(step, executions, completed, failed) as SQL on the source itself says."""
    return set(ask(path, EXECUTIONS))


def reported_executions(db: ReportDatabase) -> set[tuple[object, ...]]:
    """The same as the report says."""
    rows = db.report("failure_rates")
    return {(row["step"], row["executions"], row["completed"], row["failed"]) for row in rows}


def attempts(db: ReportDatabase) -> list[tuple[object, ...]]:
    """(story, step, attempt, status, run, acceptance, error) of each step run that the source still shows."""
    return db.sql("""
        select coalesce(stories.source_key, step_runs.story_key), steps.name, attempt, step_runs.status,
            runs.source_key, acceptance_passed, step_runs.error_message
        from step_runs
        join steps on steps.id = step_id
        left join stories on stories.id = step_runs.story_id
        left join runs on runs.id = step_runs.run_id
        where step_runs.gone_at is null
        order by 1, 2, 3
    """)
