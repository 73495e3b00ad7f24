"""Exports that grow and name pipelines: a run's pipeline may be known later than the run."""

import json
from pathlib import Path

import pytest
from helpers.report_database import ReportDatabase

NAMES = """
    select {table}.source_key, pipelines.name
    from {table}
    left join pipelines on pipelines.id = {table}.pipeline_id
    order by 1"""


def call(number: int, run: str, pipeline: str | None) -> str:
    """A line of JSON: a call of a run."""
    row = {"id": f"c{number:03}", "run": run, "pipeline": pipeline, "step": "draft", "provider": "acme", "model": "m1"}
    return json.dumps({**row, "called_at": f"2026-03-01T{number // 60:02}:{number % 60:02}:00Z", "cost": 0.5}) + "\n"


# What is added to 100 calls of the pipeline novel and 10 of a run without one → (rows read, the runs' pipelines)
ADDED: dict[str, tuple[str, int, dict[str, str | None]]] = {
    "a known run with its pipeline": (call(110, "r9", "novel"), 1, {"r9": "novel", "bare": None}),
    "a new run of a new pipeline": (call(110, "r10", "essay"), 1, {"r9": "novel", "r10": "essay", "bare": None}),
    "a known run without its pipeline": (call(110, "r9", None), 111, {"r9": "novel", "bare": None}),
    "a pipeline for a run that had none": (call(110, "bare", "essay"), 111, {"r9": "novel", "bare": "essay"}),
}


@pytest.mark.parametrize("case", ADDED)
def test_the_pipeline_of_a_run_is_that_of_all_its_rows(db: ReportDatabase, tmp_path: Path, case: str) -> None:
    """What was added is read alone where it says nothing else of a run; otherwise the export is read whole."""
    line, read, expected = ADDED[case]
    path = tmp_path / "calls.jsonl"
    before = [call(n, f"r{n // 10}", "novel") for n in range(100)] + [call(n, "bare", None) for n in range(100, 110)]
    path.write_text("".join(before), "utf-8")
    db.ingest(path)
    with path.open("a", encoding="utf-8") as file:
        file.write(line)
    assert db.ingest(path).counts.read == read
    runs = dict(db.sql(NAMES.format(table="runs")))
    assert {run: runs[run] for run in expected} == expected
    # A call that names no pipeline is one of its run's.
    of_runs = "select count(*) from calls join runs on runs.id = run_id where calls.pipeline_id is not runs.pipeline_id"
    assert db.one(of_runs) == 0
    assert db.one("select count(*) from calls where gone_at is null") == 111
