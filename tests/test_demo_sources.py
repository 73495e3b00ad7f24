"""The demo's sources hold every trouble that the reports are to show, in the systems' own formats."""

import hashlib
import json
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


def rows(path: Path, sql: str, now: datetime = NOW) -> list[tuple[object, ...]]:
    with closing(sqlite3.connect(path)) as connection:
        return connection.execute(sql, {"now": now.strftime("%Y-%m-%d %H:%M:%S")}).fetchall()


def number(path: Path, sql: str, now: datetime = NOW) -> float:
    value = rows(path, sql, now)[0][0]
    assert isinstance(value, int | float)
    return value


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
    pipeline, media = write_sources(tmp_path_factory.mktemp("demo"), request.param)
    return pipeline, media, request.param


def test_hands_over_a_pipeline_folder_and_a_media_file(tmp_path: Path) -> None:
    folder = tmp_path / "not" / "there yet"
    assert write_sources(folder, NOW) == [folder / "storyteller", folder / "moviemaker.db"]
    for database in (folder / "storyteller/data/pipeline_stories.db", folder / "moviemaker.db"):
        assert rows(database, "pragma integrity_check") == [("ok",)]
        assert list(database.parent.glob(f"{database.name}-*")) == []


def test_tables_have_the_systems_columns(written: tuple[Path, Path, datetime]) -> None:
    pipeline, media, _ = written
    databases = {pipeline / "data/pipeline_stories.db": PIPELINE_COLUMNS, media: MEDIA_COLUMNS}
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
