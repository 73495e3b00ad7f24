"""The demo's sources hold every trouble that the reports are to show, in the systems' own formats."""

import hashlib
import json
import re
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from datetime import datetime, timedelta, timezone
from pathlib import Path

import pytest

from storyreport.demo import MANIFEST, write_sources
from storyreport.demo.invent import ODD_TITLES
from storyreport.errors import StoryreportError

NOW = datetime(2025, 11, 20, 14, 17, 33, 123456, tzinfo=timezone.utc)
# A night after a weekend, the first hour of a year, a leap day: the troubles are there at any hour.
NOWS = (
    NOW,
    datetime(2026, 3, 2, 0, 4, tzinfo=timezone.utc),
    datetime(2026, 1, 1, 0, 0, 1, tzinfo=timezone.utc),
    datetime(2028, 2, 29, 23, 59, 59, 999999, tzinfo=timezone.utc),
)
PIPELINE_COLUMNS = {
    "stories": "id story_id title source metadata created_at updated_at",
    "step_status": "id story_id step_name status run_id error_message acceptance_passed acceptance_details"
    " started_at completed_at created_at",
    "step_history": "id story_id step_name run_id status error_message execution_time_ms timestamp",
}
MEDIA_COLUMNS = {
    "users": "id username email created_at updated_at",
    "workflows": "id user_id original_prompt enhanced_story story_title max_scenes current_phase status"
    " created_at updated_at completed_at total_processing_time",
    "generated_files": "id workflow_id file_type file_path file_name file_size mime_type metadata created_at",
    "scenes": "id workflow_id scene_number description prompt duration image_file_id created_at",
    "generation_progress": "id workflow_id progress_percentage current_step status estimated_time_remaining created_at",
    "api_usage": "id workflow_id api_provider endpoint tokens_used cost_usd response_time success"
    " error_message created_at",
}
SPRINT_COLUMNS = {
    "batches": "id started_at ended_at max_cycles cycles_completed status",
    "stories": "id batch_id story_key epic_id status started_at ended_at",
    "commands": "id story_id command task_id started_at ended_at status output_summary",
    "events": "id batch_id story_id command_id timestamp epic_id story_key command task_id status message"
    " event_type payload_json",
    "background_tasks": "id batch_id story_key task_type spawned_at completed_at status",
}
ADVENTURE_COLUMNS = {
    "stories": "id title session_id created_at",
    "story_jobs": "id job_id session_id theme status story_id error created_at completed_at",
    "story_nodes": "id story_id content is_root is_ending is_winning_ending options",
}
WORKFLOW_COLUMNS = {
    "stories": "story_id author_id title chapter_count status created_at updated_at",
    "story_generation_runs": "run_id story_id gcp_workflow_execution status current_step failure_stage failure_code"
    " error_message started_at ended_at metadata created_at updated_at",
    "story_generation_steps": "run_id step_name status detail_json started_at ended_at created_at updated_at",
    "token_usage_tracking": "token_usage_id author_id story_id action ai_model input_tokens output_tokens"
    " estimated_cost_in_euros input_prompt_json created_at",
}
TIMES = ("created_at", "updated_at", "started_at", "completed_at", "timestamp")

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
# The exports and the log, as tables of one file: see `told`.
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
LOG_LINE = re.compile(r"(?P<level>\w+): (?P<message>.*?) (?P<fields>{.*})")


def rows(path: Path, sql: str, now: datetime = NOW) -> list[tuple[object, ...]]:
    with closing(sqlite3.connect(path)) as connection:
        return connection.execute(sql, {"now": now.strftime("%Y-%m-%d %H:%M:%S")}).fetchall()


def number(path: Path, sql: str, now: datetime = NOW) -> float:
    value = rows(path, sql, now)[0][0]
    assert isinstance(value, int | float)
    return value


def text(path: Path, sql: str) -> str:
    return str(rows(path, sql)[0][0])


def snapshot(folder: Path) -> dict[str, str]:
    files = (path for path in folder.rglob("*") if path.is_file())
    return {str(path.relative_to(folder)): hashlib.sha256(path.read_bytes()).hexdigest() for path in files}


def outputs(pipeline: Path) -> set[tuple[str, str]]:
    return {(path.parent.name, path.stem) for path in pipeline.glob("outputs/*/*.json")}


def moments(path: Path) -> Iterator[str]:
    for (table,) in rows(path, "select name from sqlite_master where type = 'table' and name not like 'sqlite_%'"):
        for _, column, *_ in rows(path, f"pragma table_info({table})"):
            if column in TIMES:
                yield from (str(at) for (at,) in rows(path, f"select {column} from {table} where {column} is not null"))


@pytest.fixture(scope="module", params=NOWS, ids=str)
def written(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path, datetime]:
    pipeline, media, *_ = write_sources(tmp_path_factory.mktemp("demo"), request.param)
    return pipeline, media, request.param


def told(lines: list[str]) -> list[dict[str, object]]:
    """Read the lines of a log of either form."""
    found: list[dict[str, object]] = []
    for line in lines:
        if plain := LOG_LINE.fullmatch(line):
            fields, form = {**json.loads(plain["fields"]), **plain.groupdict()}, "plain"
        else:
            fields, form = {**json.loads(line), "fields": line}, "json"
        known = {name: fields[name] for name in ("level", "message", "fields", "timestamp")}
        found.append({**known, "run_id": fields["runId"], "story_id": fields["storyId"], "form": form})
    return found


@pytest.fixture(scope="module")
def later(
    written: tuple[Path, Path, datetime], tmp_path_factory: pytest.TempPathFactory
) -> tuple[dict[str, Path], datetime]:
    """The other systems' databases, those that exports are put into among them, and the time of the demo."""
    demo, scratch = written[0].parent, tmp_path_factory.mktemp("tables")
    tables = {
        "workflow": {name: exported(demo / f"taleservice/{name}.jsonl") for name in WORKFLOW_COLUMNS}
        | {"log": told((demo / "taleservice/service.log").read_text(encoding="utf-8").splitlines())},
        "usage": {"gateway": exported(demo / "gateway.jsonl")},
    }
    for system, contents in tables.items():
        with closing(sqlite3.connect(scratch / system)) as connection, connection:
            for table, content in contents.items():
                connection.execute(f"create table {table} ({', '.join(content[0])})")
                values = [[json.dumps(v) if isinstance(v, dict | list) else v for v in row.values()] for row in content]
                connection.executemany(f"insert into {table} values ({', '.join('?' * len(values[0]))})", values)
    databases = {"sprint": demo / "sprint-runner.db", "adventure": demo / "adventure.db"}
    return databases | {system: scratch / system for system in tables}, written[2]


def exported(path: Path) -> list[dict[str, object]]:
    return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]


def test_hands_over_a_source_of_each_system(tmp_path: Path) -> None:
    folder = tmp_path / "not" / "there yet"
    names = ("storyteller", "moviemaker.db", "taleservice", "sprint-runner.db", "adventure.db", "gateway.jsonl")
    assert write_sources(folder, NOW) == [folder / name for name in names]
    for name in ("storyteller/data/pipeline_stories.db", "moviemaker.db", "sprint-runner.db", "adventure.db"):
        database = folder / name
        assert rows(database, "pragma integrity_check") == [("ok",)]
        assert list(database.parent.glob(f"{database.name}-*")) == []


def test_tables_have_the_systems_columns(
    written: tuple[Path, Path, datetime], later: tuple[dict[str, Path], datetime]
) -> None:
    databases = {
        written[0] / "data/pipeline_stories.db": PIPELINE_COLUMNS,
        written[1]: MEDIA_COLUMNS,
        later[0]["workflow"]: WORKFLOW_COLUMNS,
        later[0]["sprint"]: SPRINT_COLUMNS,
        later[0]["adventure"]: ADVENTURE_COLUMNS,
    }
    for path, expected in databases.items():
        found = {table: [c[1] for c in rows(path, f"pragma table_info({table})")] for table in expected}
        assert found == {table: columns.split() for table, columns in expected.items()}


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


def test_files_and_database_disagree_here_and_there(written: tuple[Path, Path, datetime]) -> None:
    pipeline, _, _ = written
    database = pipeline / "data/pipeline_stories.db"
    files = outputs(pipeline)
    completed = {(str(s), str(k)) for s, k in rows(database, "select step_name, story_id from step_status "
                                                             "where status = 'completed'")}  # fmt: skip
    known = {str(s) for (s,) in rows(database, "select story_id from stories union select story_id from step_status")}
    assert 2 <= len(completed - files) <= 10
    assert 2 <= len({file for file in files - completed if file[1] in known}) <= 60
    assert {story for _, story in files} - known == {"LEGACY-001", "LEGACY-002"}


def test_run_folder_tells_of_completed_executions(written: tuple[Path, Path, datetime]) -> None:
    pipeline, _, now = written
    notes = list(pipeline.glob(".runs/*/*.json"))
    assert len(notes) > 1000
    for path in notes:
        note = json.loads(path.read_text(encoding="utf-8"))
        assert path.relative_to(pipeline / ".runs") == Path(note["run_id"], f"{note['step']}_{note['story_id']}.json")
        assert note["status"] == "completed"
        assert datetime.fromisoformat(note["timestamp"]) <= now.replace(tzinfo=None)


def test_nothing_happens_after_now(written: tuple[Path, Path, datetime]) -> None:
    pipeline, media, now = written
    latest = now.strftime("%Y-%m-%d %H:%M:%S.%f")
    assert max(moments(pipeline / "data/pipeline_stories.db")) <= latest
    assert max(moments(media)) <= latest
    assert all(path.stat().st_mtime <= now.timestamp() for path in pipeline.glob("outputs/*/*.json"))


def test_nothing_happens_after_now_elsewhere(later: tuple[dict[str, Path], datetime]) -> None:
    databases, now = later
    second = now.strftime("%Y-%m-%d %H:%M:%S")
    assert max(moments(databases["adventure"])) <= second
    latest = now.strftime("%Y-%m-%dT%H:%M:%S.%f+00:00")
    assert max(moments(databases["workflow"])) <= latest
    assert text(databases["usage"], "select max(endTime) from gateway") <= latest
    epochs = "select max({0} / iif({0} > 1e11, 1000, 1)) <= strftime('%s', :now) + 0 from {1}"
    for column, table in (("ended_at", "commands"), ("timestamp", "events"), ("completed_at", "background_tasks")):
        assert number(databases["sprint"], epochs.format(column, table), now) == 1


def test_other_systems_write_as_much_as_they_should(later: tuple[dict[str, Path], datetime]) -> None:
    databases, now = later
    assert 140 <= number(databases["workflow"], "select count(*) from story_generation_runs") <= 170
    families = "select count(distinct rtrim(step_name, '_0123456789')) from story_generation_steps"
    assert number(databases["workflow"], families) == 5
    stuck = "select count(*) from story_generation_runs where status = 'running' and {}"
    assert number(databases["workflow"], stuck.format("datetime(updated_at) < datetime(:now, '-3 hours')"), now) == 2
    actions = "select count(distinct action) from token_usage_tracking"
    assert number(databases["workflow"], actions) == 11
    euros = "select sum(estimated_cost_in_euros) / count(distinct story_id) from token_usage_tracking"
    assert 0.1 < number(databases["workflow"], euros) < 1
    assert number(databases["usage"], "select count(*) from gateway") == 1000
    assert 3 < number(databases["usage"], "select sum(spend) from gateway") < 50
    assert number(databases["usage"], "select count(distinct custom_llm_provider) from gateway") == 3
    trees = "(select count(*) as nodes from story_nodes group by story_id)"
    usual = f"select count(*) from {trees} where nodes between 10 and 27"
    assert number(databases["adventure"], usual) == number(databases["adventure"], "select count(*) from stories") > 50
    assert 18 <= number(databases["sprint"], "select count(*) from batches") <= 26
    assert number(databases["sprint"], "select count(*) - count(distinct story_key) from stories") == 0
    assert number(databases["sprint"], "select sum(status = 'done') / count(*) from stories where batch_id < 3") == 1


def test_tracker_writes_as_the_real_one_does(written: tuple[Path, Path, datetime]) -> None:
    database = written[0] / "data/pipeline_stories.db"
    assert (
        number(database, "select count(*) from step_status where started_at is not null and status <> 'running'") == 0
    )
    assert number(database, "select count(*) from step_status where completed_at is null and status = 'completed'") == 0
    assert number(database, "select max(id) > 2 * count(*) from step_status") == 1
    slower = "select avg(execution_time_ms) from step_history where step_name = '03_generate' and timestamp {} "
    before = number(database, slower.format("< datetime(:now, '-15 days')"), written[2])
    assert number(database, slower.format("> datetime(:now, '-5 days')"), written[2]) > 1.2 * before
    by_step = rows(database, "select avg(execution_time_ms), step_name from step_history group by 2 order by 1 desc")
    assert [step for _, step in by_step] == [
        "03_generate",
        "05_package",
        "04_postprocess",
        "02_preprocess",
        "01_ingest",
    ]


def test_volume_breathes_and_costs_are_plausible(written: tuple[Path, Path, datetime]) -> None:
    pipeline, media, now = written
    share = (
        "select avg(strftime('%w', created_at) in ('0', '6')) from stories where created_at < datetime(:now, '-2 days')"
    )
    assert 0.02 < number(pipeline / "data/pipeline_stories.db", share, now) < 0.2
    month = "select sum(cost_usd) from api_usage where created_at > datetime(:now, '-30 days')"
    assert 20 < number(media, month, now) < 500
    assert number(media, "select count(distinct api_provider) from api_usage") == 4


def test_odd_titles_are_there(written: tuple[Path, Path, datetime]) -> None:
    pipeline, _, _ = written
    titles = {str(title) for (title,) in rows(pipeline / "data/pipeline_stories.db", "select title from stories")}
    assert titles >= set(ODD_TITLES)
    assert len(titles) > 300
    assert any("<b>" in title and '"' in title for title in ODD_TITLES)


def test_same_now_same_files(tmp_path: Path) -> None:
    write_sources(tmp_path / "one", NOW)
    write_sources(tmp_path / "two", NOW.astimezone(timezone(timedelta(hours=9))))
    assert snapshot(tmp_path / "one") == snapshot(tmp_path / "two")


def test_second_demo_replaces_the_first_and_leaves_the_rest(tmp_path: Path) -> None:
    write_sources(tmp_path / "fresh", NOW)
    folder = tmp_path / "demo"
    write_sources(folder, NOW - timedelta(days=3))
    mine = {"notes.txt": "mine", "storyteller/outputs/01_ingest/MINE.json": "{}", "storyteller/data/other.db": "x"}
    for name, text in mine.items():
        (folder / name).write_text(text)
    write_sources(folder, NOW)
    assert {name: (folder / name).read_text() for name in mine} == mine
    for name in mine:
        (folder / name).unlink()
    assert snapshot(folder) == snapshot(tmp_path / "fresh")
    assert all(any(path.iterdir()) for path in folder.rglob("*") if path.is_dir())


def test_demo_that_was_cut_short_is_replaced(tmp_path: Path) -> None:
    write_sources(tmp_path, NOW)
    complete = snapshot(tmp_path)
    (tmp_path / "moviemaker.db").write_bytes(b"half")
    (tmp_path / "storyteller/data/pipeline_stories.db").unlink()
    write_sources(tmp_path, NOW)
    assert snapshot(tmp_path) == complete


@pytest.mark.parametrize(
    ("name", "is_folder"),
    [
        ("storyteller", False),
        ("storyteller/outputs", False),
        ("storyteller/data/pipeline_stories.db", False),
        ("moviemaker.db", False),
        ("moviemaker.db", True),
        ("taleservice", False),
        ("taleservice/service.log", False),
        ("gateway.jsonl", False),
    ],
)
def test_refuses_what_is_in_the_way(tmp_path: Path, name: str, is_folder: bool) -> None:
    path = tmp_path / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.mkdir() if is_folder else path.write_text("precious")
    before = snapshot(tmp_path)
    with pytest.raises(StoryreportError, match="in the way") as caught:
        write_sources(tmp_path, NOW)
    assert str(path) in str(caught.value)
    assert snapshot(tmp_path) == before


def test_refuses_a_folder_that_is_a_file(tmp_path: Path) -> None:
    (tmp_path / "demo").write_text("precious")
    with pytest.raises(StoryreportError, match="in the way"):
        write_sources(tmp_path / "demo", NOW)


def test_edited_manifest_deletes_nothing_else(tmp_path: Path) -> None:
    folder = tmp_path / "demo"
    write_sources(folder, NOW)
    (tmp_path / "precious").write_text("x")
    with (folder / MANIFEST).open("a") as manifest:
        manifest.write(f"../precious\nstoryteller/../../precious\n{tmp_path / 'precious'}\n\n")
    write_sources(folder, NOW)
    assert (tmp_path / "precious").exists()
