"""dbt: results of invocations, one file after the other, with a manifest or without."""

import json
from pathlib import Path
from typing import Any

import pytest
from helpers.report_database import ReportDatabase
from helpers.run_pairs import check_pair, rows, source_of

from storyreport.errors import StoryreportError


def results(**metadata: Any) -> dict[str, Any]:
    """The results of the pair, some of their metadata replaced."""
    found: dict[str, Any] = json.loads(source_of("dbt--build").read_text(encoding="utf-8"))
    found["metadata"].update(metadata)
    return found


def write(path: Path, content: object) -> Path:
    """A file with some JSON."""
    path.parent.mkdir(exist_ok=True)
    path.write_text(json.dumps(content), encoding="utf-8")
    return path


def test_the_pair(db: ReportDatabase) -> None:
    """Every status, a test without its digest, and an invocation that began as long ago as it took."""
    check_pair(db, "dbt--build")


def test_the_next_invocation(db: ReportDatabase, tmp_path: Path) -> None:
    """An invocation takes the place of the one before it in the file, and is added to it here."""
    path = tmp_path / "target" / "run_results.json"
    db.ingest(write(path, results()))
    begun = {"invocation_id": "next", "invocation_started_at": "2026-03-02T10:00:00.250000Z"}
    db.ingest(write(path, results(generated_at="2026-03-02T10:00:56.000000Z", **begun)))
    assert db.sql("select source_key, started_at, gone_at from runs order by started_at") == [
        ("5d1f7a3e-0b7c-4c55-9c1e-0f6f3b1c2d4e", "2026-03-01T10:00:05.250Z", None),
        ("next", "2026-03-02T10:00:00.250Z", None),
    ]
    assert db.one("select count(*) from step_runs where gone_at is null") == 18


@pytest.mark.parametrize("given", ["project", "project/target"])
def test_a_folder_with_a_manifest(db: ReportDatabase, tmp_path: Path, given: str) -> None:
    """A project or its target: several invocations are one source, and the manifest says what nodes are called."""
    target = tmp_path / "project" / "target"
    target.parent.mkdir()
    write(target / "run_results.json", results())
    write(target / "run_results_before.json", results(invocation_id="before"))
    node = {"resource_type": "model", "name": "all_stories", "raw_code": "select 'secret prompt'"}
    write(target / "manifest.json", {"metadata": {}, "nodes": {"model.tales.stories": node, "x": 1}})
    db.ingest(tmp_path / given)
    assert db.one("select count(*) from runs") == 2
    families = {row["step"]: row["family"] for row in rows(db, "step_runs")}
    assert families["model.tales.stories"] == "model.all_stories"
    assert families["model.tales.chapters"] == "model.chapters"
    assert db.report("orphans") == []


@pytest.mark.parametrize(
    ("words", "status"),
    [
        (["success", "pass", "warn"], "completed"),
        (["success", "skipped"], "completed"),
        (["success", "fail"], "failed"),
        (["runtime error", "gleaming"], "failed"),
        (["success", "gleaming"], None),
        ([], "completed"),
    ],
)
def test_how_an_invocation_ended(db: ReportDatabase, tmp_path: Path, words: list[str], status: str | None) -> None:
    """An invocation has failed if one of its results has; an unknown word leaves it unknown."""
    content = results()
    content["results"] = [{**content["results"][n], "status": word} for n, word in enumerate(words)]
    db.ingest(write(tmp_path / "run_results.json", content))
    assert db.sql("select status from runs") == [(status,)]


@pytest.mark.parametrize("together", [True, False])
def test_a_retry_is_of_the_invocation_before(db: ReportDatabase, tmp_path: Path, together: bool) -> None:
    """`dbt retry` does the invocation before it again, also where a retry fails in between."""
    calls = (
        ("i1", 1, "error", "dbt build"),
        ("i2", 2, "error", "dbt retry"),
        ("i3", 3, "success", "dbt retry --debug"),
    )
    for name, hour, word, command in calls:
        document = results(invocation_id=name, generated_at=f"2026-03-01T0{hour}:00:00.000000Z")
        document["results"] = [{"unique_id": "model.shop.a", "status": word, "timing": []}]
        document["args"] = {"invocation_command": command}
        write(tmp_path / (f"run_results_{name}.json" if together else "run_results.json"), document)
        if not together or name == "i3":
            db.ingest(tmp_path)
    assert db.sql("select run, recovered_at from failed_work order by 1") == [
        ("i1", "2026-03-01T03:00:00.000Z"),
        ("i2", "2026-03-01T03:00:00.000Z"),
    ]


def test_broken_results(db: ReportDatabase, tmp_path: Path) -> None:
    """A result that is none is rejected; the others are loaded."""
    content = results()
    content["results"][0] = "text"
    content["results"][1]["timing"] = "text"
    content["results"][2]["unique_id"] = None
    assert db.ingest(write(tmp_path / "run_results.json", content)).counts.rejected == 3
    assert db.one("select count(*) from step_runs") == 6


def test_a_test_of_many_values(db: ReportDatabase, tmp_path: Path) -> None:
    """The id of a test has all values that it accepts: however many they are, each test is a step of its own."""
    content = results()
    ids = [f"test.tales.accepted_values_stories_status__{'__drizzle_moderate' * 40}.{digest}" for digest in "ab"]
    for number, unique_id in enumerate(ids):
        content["results"][number]["unique_id"] = unique_id
    assert db.ingest(write(tmp_path / "run_results.json", content)).counts.rejected == 0
    names = db.sql("select name, family from steps where length(name) > 100 order by name")
    assert [name[-2:] for name, _ in names] == [".a", ".b"]
    assert all(name[:300] == ids[0][:300] for name, _ in names)
    assert {family[:50] for _, family in names} == {"test." + ids[0].removeprefix("test.tales.")[:45]}


@pytest.mark.parametrize("schema", ["manifest/v12.json", "catalog/v1.json", "sources/v3.json"])
def test_other_files_of_dbt(db: ReportDatabase, tmp_path: Path, schema: str) -> None:
    """dbt's other files are no results."""
    content = results(dbt_schema_version=f"https://schemas.getdbt.com/dbt/{schema}")
    with pytest.raises(StoryreportError, match="is an artifact of dbt without results of runs"):
        db.ingest(write(tmp_path / "run_results.json", content))


def test_steps_of_a_rejected_run(db: ReportDatabase, tmp_path: Path) -> None:
    """A run whose job's name is no key is rejected, and costs neither its steps nor the other runs."""
    content = json.loads(source_of("dbt--cloud").read_text(encoding="utf-8"))
    (content["data"][0]["job"])["name"] = "x" * 200_000
    of_run = len(content["data"][0]["run_steps"])
    db.ingest(write(tmp_path / "runs.json", content))
    assert db.one("select count(*) from runs") == len(content["data"]) - 1
    assert db.one("select count(*) from step_runs where run_key = '271'") == of_run
