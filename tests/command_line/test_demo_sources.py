"""The demo's sources are in the systems' own formats, up to now, and replaced by the next demo."""

import hashlib
import json
import shutil
from collections.abc import Iterator
from datetime import datetime, timedelta, timezone
from pathlib import Path

import pytest
from helpers import everything
from helpers.demo_sources import NOW, WORKFLOW_COLUMNS, number, rows

from storyreport.demo import MANIFEST, write_sources
from storyreport.demo.invent import ODD_TITLES
from storyreport.errors import StoryreportError

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
TIMES = ("created_at", "updated_at", "started_at", "completed_at", "timestamp")


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


@pytest.fixture
def fresh(samples: list[Path]) -> Path:
    """The folder of a demo of everything.NOW; to be read only."""
    return samples[0].parent


def test_same_now_same_files(fresh: Path, tmp_path: Path) -> None:
    write_sources(tmp_path, everything.NOW.astimezone(timezone(timedelta(hours=9))))
    assert snapshot(tmp_path) == snapshot(fresh)


def test_second_demo_replaces_the_first_and_leaves_the_rest(fresh: Path, tmp_path: Path) -> None:
    folder = tmp_path / "demo"
    write_sources(folder, everything.NOW - timedelta(days=3))
    mine = {"notes.txt": "mine", "storyteller/outputs/01_ingest/MINE.json": "{}", "storyteller/data/other.db": "x"}
    for name, text in mine.items():
        (folder / name).write_text(text)
    write_sources(folder, everything.NOW)
    assert {name: (folder / name).read_text() for name in mine} == mine
    for name in mine:
        (folder / name).unlink()
    assert snapshot(folder) == snapshot(fresh)
    assert all(any(path.iterdir()) for path in folder.rglob("*") if path.is_dir())


def test_demo_that_was_cut_short_is_replaced(fresh: Path, tmp_path: Path) -> None:
    shutil.copytree(fresh, tmp_path, dirs_exist_ok=True)
    (tmp_path / "moviemaker.db").write_bytes(b"half")
    (tmp_path / "storyteller/data/pipeline_stories.db").unlink()
    write_sources(tmp_path, everything.NOW)
    assert snapshot(tmp_path) == snapshot(fresh)


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


def test_edited_manifest_deletes_nothing_else(fresh: Path, tmp_path: Path) -> None:
    folder = Path(shutil.copytree(fresh, tmp_path / "demo"))
    (tmp_path / "precious").write_text("x")
    with (folder / MANIFEST).open("a") as manifest:
        manifest.write(f"../precious\nstoryteller/../../precious\n{tmp_path / 'precious'}\n\n")
    write_sources(folder, NOW)
    assert (tmp_path / "precious").exists()
