"""The demo's sources hold every trouble that the reports are to show."""

from datetime import datetime
from pathlib import Path

import pytest
from helpers.demo_sources import number

# Each of these counts one kind of trouble; :now is the time of the demo.
PIPELINE_TROUBLES = {
    "failed check of a step that the history knows": """select count(*) from step_status s where status = 'failed'
        and run_id is null and error_message is null and acceptance_details <> '' and completed_at is not null
        and exists (select 1 from step_history h where h.story_id = s.story_id and h.step_name = s.step_name)""",
    "failed check of a step that the history does not know": """select count(*) from step_status s
        where status = 'failed' and run_id is null and acceptance_details <> '' and story_id in
        (select story_id from stories) and not exists
        (select 1 from step_history h where h.story_id = s.story_id and h.step_name = s.step_name)""",
    "failed execution": """select count(*) from step_status
        where status = 'failed' and run_id is not null and error_message <> ''""",
    "retry in one run": """select count(*) from (select 1 from step_history
        group by story_id, step_name, run_id having count(*) > 1 and count(distinct status) = 2)""",
    "retry in another run": """select count(*) from (select 1 from step_history
        group by story_id, step_name having count(distinct run_id) > 1)""",
    "running now": """select count(*) from step_status
        where status = 'running' and run_id <> '' and started_at > datetime(:now, '-10 minutes')""",
    "hanging for hours": """select count(*) from step_status where status = 'running'
        and started_at between datetime(:now, '-1 day') and datetime(:now, '-3 hours')""",
    "hanging for days": """select count(*) from step_status
        where status = 'running' and started_at < datetime(:now, '-1 day')""",
    "pending": """select count(*) from step_status
        where status = 'pending' and coalesce(started_at, completed_at) is null""",
    "steps of a deleted story": """select count(distinct story_id) from step_history
        where story_id not in (select story_id from stories)""",
    "step of a story that was never registered": """select count(*) from step_status
        where story_id not in (select story_id from stories union select story_id from step_history)""",
    "checked step, whose row has no run any more": """select count(*) from step_status
        where status = 'completed' and run_id is null and acceptance_passed = 1""",
    "unchecked step": """select count(*) from step_status
        where status = 'completed' and run_id is not null and acceptance_passed = 0""",
    "story without a title": "select count(*) from stories where title is null",
    "a night in which three stories failed of one error": """select count(*) = 3 from (select story_id from step_history
        where step_name = '03_generate' and error_message like 'Error code: 429%'
        and timestamp between datetime(:now, '-10 hours') and datetime(:now, '-6 hours')
        group by story_id, run_id having count(*) = 3 and max(status) = 'failed')
        join step_status using (story_id) where step_name = '03_generate' and status = 'failed'""",
    "work in the last hour": "select count(*) from step_history where timestamp > datetime(:now, '-1 hour')",
}
MEDIA_TROUBLES = {
    "failed workflow": "select count(*) from workflows where status = 'failed' and completed_at is null",
    "hanging workflow": """select count(*) from workflows
        where status = 'active' and updated_at < datetime(:now, '-3 hours')""",
    "active workflow": """select count(*) from workflows
        where status = 'active' and updated_at > datetime(:now, '-10 minutes')""",
    "failed phase": "select count(*) from generation_progress where status = 'failed'",
    "failed call": "select count(*) from api_usage where not success and error_message <> ''",
    "call without a price": "select count(*) from api_usage where success and cost_usd is null",
    "call without tokens": "select count(*) from api_usage where success and tokens_used is null",
    "anonymous workflow": "select count(*) from workflows where user_id is null",
    "image that a scene names and the clean-up deleted": """select count(*) from scenes
        where image_file_id not in (select id from generated_files)""",
    "orphaned calls": "select count(*) from api_usage where workflow_id not in (select id from workflows)",
    "orphaned scenes": "select count(*) from scenes where workflow_id not in (select id from workflows)",
    "orphaned progress": "select count(*) from generation_progress where workflow_id not in (select id from workflows)",
}
# The exports and the log, as tables of one file: see `shown`.
WORKFLOW_TROUBLES = {
    "failed run": """select count(*) from story_generation_runs
        where status = 'failed' and failure_stage <> '' and failure_code <> '' and error_message <> ''""",
    "failed step": "select count(*) from story_generation_steps where status = 'failed' and step_name glob '*_[0-9]'",
    "blocked run": "select count(*) from story_generation_runs where status = 'blocked' and ended_at is null",
    "cancelled run": "select count(*) from story_generation_runs where status = 'cancelled' and ended_at <> ''",
    "queued run": "select count(*) from story_generation_runs where status = 'queued' and started_at is null",
    "running now": """select count(*) from story_generation_runs
        where status = 'running' and datetime(updated_at) > datetime(:now, '-10 minutes')""",
    "stuck run with its step": """select count(*) from story_generation_runs r
        join story_generation_steps s on s.run_id = r.run_id and step_name = current_step
        where r.status = 'running' and s.status = 'running' and datetime(r.updated_at) < datetime(:now, '-3 hours')""",
    "run without a story, and its 404": """select count(*) from story_generation_runs join log using (run_id)
        where story_generation_runs.story_id not in (select story_id from stories)
        and failure_code = 'STORY_NOT_FOUND' and message = 'Story not found' and fields like '%404%'""",
    "calls of a deleted story": """select count(*) from token_usage_tracking
        where story_id not in (select story_id from stories)""",
    "run that succeeded after another failed": """select count(*) from story_generation_runs r
        join story_generation_runs f using (story_id) where r.status = 'completed' and f.status = 'failed'""",
    "published story with an unknown count of chapters": """select count(*) from stories
        where status = 'published' and chapter_count is null""",
    "story of no chapters": "select count(*) from stories where chapter_count = 0",
    "warning repeated for one run": """select count(*) from (select 1 from log
        where message like 'Could not determine chapter count%using default' group by run_id having count(*) > 5)""",
    "progress conflict": "select count(*) from log where message = 'Progress update already in progress, skipping'",
    "update of a failed run": """select count(*) from log join story_generation_runs using (run_id)
        where message = 'Skipping progress update for failed run' and status = 'failed'""",
    "workflow error": "select count(*) from log where level = 'error' and message = 'Workflow error occurred'",
    "count from the outline": "select count(*) from log where message = 'Chapter count determined from outline'",
    "count from the database": "select count(*) from log where message = 'Chapter count determined from database'",
    "line of JSON": "select count(*) from log where form = 'json' and fields like '%timestamp%'",
    "plain line": "select count(*) from log where form = 'plain' and fields like '%timestamp%'",
    "private prompt": "select count(*) from token_usage_tracking where input_prompt_json like '%secret%'",
    "call without a cost": "select count(*) from token_usage_tracking where estimated_cost_in_euros is null",
    "call without tokens": "select count(*) from token_usage_tracking where input_tokens is null",
}
USAGE_TROUBLES = {
    "streamed call for nothing": """select count(*) from gateway where spend = 0 and status = 'success'
        and cache_hit = 'False' and total_tokens > 0 and model not like '%private%'""",
    "call without spend": "select count(*) from gateway where spend is null and status = 'success'",
    "failed call": """select count(*) from gateway where status = 'failure' and total_tokens = 0
        and metadata like '%error_message%'""",
    "call of a private model": """select count(*) from gateway where model = 'talewright-13b-private'
        and coalesce(spend, 0) = 0 and total_tokens > 0""",
    "answer from the cache": "select count(*) from gateway where cache_hit = 'True' and spend = 0",
    "prompt read from a cache": """select count(*) from gateway
        where json_extract(metadata, '$.usage_object.prompt_tokens_details.cached_tokens') > 0""",
    "user's address": "select count(*) from gateway where user like '%@%'",
}
SPRINT_TROUBLES = {
    "batch in seconds": "select count(*) from batches where started_at < 1e10 and ended_at < 1e10",
    "batch in milliseconds": "select count(*) from batches where started_at > 1e12 and ended_at > 1e12",
    "batch mixing both in a row": "select count(*) = 1 from batches where started_at < 1e10 and ended_at > 1e12",
    "batch whose runner died": """select count(*) = 1 from batches b join stories s on s.batch_id = b.id
        join commands c on c.story_id = s.id where b.status = 'running' and s.status = 'in-progress'
        and c.status = 'running' and c.started_at / 1000 < strftime('%s', :now, '-4 days') + 0""",
    "batch running now": """select count(*) = 1 from batches b join stories s on s.batch_id = b.id
        join commands c on c.story_id = s.id where b.status = 'running' and s.status = 'in-progress'
        and c.status = 'running' and c.started_at / 1000 > strftime('%s', :now, '-90 minutes') + 0
        and b.cycles_completed < b.max_cycles""",
    "stopped batch": "select count(*) from batches where status = 'stopped' and cycles_completed < max_cycles",
    "batch that ended in an error": "select count(*) from batches where status = 'error'",
    "blocked story": """select count(*) from stories where status = 'blocked' and 3 = (select sum(status = 'failed')
        from (select status from commands where story_id = stories.id order by id desc limit 3))""",
    "failed story": "select count(*) from stories where status = 'failed'",
    "skipped story": "select count(*) from stories where status = 'skipped'",
    "command that succeeded after it failed": """select count(*) from (select 1 from commands
        group by story_id, command, task_id having count(distinct status) = 2)""",
    "failed command with its output": "select count(*) from commands where status = 'failed' and output_summary <> ''",
    "background task that is stuck": """select count(*) from background_tasks t join batches b on b.id = batch_id
        where t.status = 'running' and b.status = 'completed'
        and spawned_at / 1000 < strftime('%s', :now, '-1 day') + 0""",
    "failed background task": "select count(*) from background_tasks where status = 'failed'",
    "event of no story": "select count(*) from events where story_id is null and status = 'create'",
    "event from before events had types": "select count(*) from events where event_type is null and timestamp < 1e10",
    "event with a payload": "select count(*) from events where event_type <> '' and json_valid(payload_json)",
}
OPTIONS = """select count(*) from story_nodes node, json_each(iif(json_valid(node.options), node.options, '[]')) option
    join story_nodes target on target.id = json_extract(option.value, '$.node_id') """
ADVENTURE_TROUBLES = {
    "job that seems to end before it began": """select count(*) from story_jobs
        where (julianday(created_at) - julianday(completed_at)) * 24 between 6.5 and 7""",
    "status in odd case": "select count(*) from story_jobs where status <> lower(status)",
    "failed job": """select count(*) from story_jobs
        where lower(status) = 'failed' and error <> '' and story_id is null and completed_at <> ''""",
    "pending job": "select count(*) from story_jobs where status = 'pending' and completed_at is null",
    "running now": """select count(*) from story_jobs
        where status = 'processing' and created_at > datetime(:now, '-10 minutes')""",
    "hanging job": """select count(*) from story_jobs
        where lower(status) = 'processing' and created_at < datetime(:now, '-3 hours')""",
    "job of a deleted story": "select count(*) from story_jobs where story_id not in (select id from stories)",
    "tree without a root": """select count(*) from stories
        where id not in (select story_id from story_nodes where is_root)""",
    "dead end": "select count(*) from story_nodes where not is_ending and options = '[]'",
    "option of another story": OPTIONS + "where target.story_id <> node.story_id",
    # A child's id is greater than its parent's.
    "loop": OPTIONS + "where target.story_id = node.story_id and target.id < node.id",
    "broken options": "select count(*) from story_nodes where not json_valid(options)",
}
TROUBLES = [
    (system, trouble, sql)
    for system, troubles in {
        "workflow": WORKFLOW_TROUBLES,
        "usage": USAGE_TROUBLES,
        "sprint": SPRINT_TROUBLES,
        "adventure": ADVENTURE_TROUBLES,
    }.items()
    for trouble, sql in troubles.items()
]


@pytest.mark.parametrize("trouble", PIPELINE_TROUBLES)
def test_pipeline_trouble_is_planted(written: tuple[Path, Path, datetime], trouble: str) -> None:
    pipeline, _, now = written
    assert number(pipeline / "data/pipeline_stories.db", PIPELINE_TROUBLES[trouble], now) >= 1


@pytest.mark.parametrize("trouble", MEDIA_TROUBLES)
def test_media_trouble_is_planted(written: tuple[Path, Path, datetime], trouble: str) -> None:
    _, media, now = written
    assert number(media, MEDIA_TROUBLES[trouble], now) >= 1


@pytest.mark.parametrize(
    ("system", "trouble", "sql"), TROUBLES, ids=[f"{system}: {name}" for system, name, _ in TROUBLES]
)
def test_other_trouble_is_planted(later: tuple[dict[str, Path], datetime], system: str, trouble: str, sql: str) -> None:
    databases, now = later
    assert number(databases[system], sql, now) >= 1, trouble
