"""Runs of jobs as dbt Cloud's API lists them (`/runs/`, with `include_related=run_steps,job`), or one of them.

A helper of the dbt source: it describes no system. A run's steps are the commands of its job; what became of each model
is in the run_results.json of its artifacts. Triggers, users and logs are not read.
"""

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from ..readers import text as textfiles
from . import Part, Table, Type

SIGNS = frozenset({"id", "job_definition_id", "status", "is_complete"})
# Numbers that the API says states with.
STATUSES = {"1": "queued", "2": "queued", "3": "running", "10": "completed", "20": "failed", "30": "cancelled"}
COMMON = {"id": Type.KEY, "status": Type.WORD, "started_at": Type.UTC, "finished_at": Type.UTC}
RUNS = Table(
    columns={**COMMON, "job": Type.KEY, "status_message": Type.TEXT, "created_at": Type.UTC, "updated_at": Type.UTC},
    required=("id",),
)
STEPS = Table(
    columns={**COMMON, "run_id": Type.KEY, "position": Type.COUNT, "name": Type.KEY},
    required=("run_id", "name"),
)
TABLES = {"dbt_cloud_runs": RUNS, "dbt_cloud_steps": STEPS}


def find(path: Path) -> Path | None:
    """The path if it is a file with an answer of the API."""
    return path if path.is_file() and any(True for _ in _runs(path)) else None


def stage(path: Path) -> Iterator[tuple[str, tuple[Any, ...]]]:
    """A row for each run and for each of its steps."""
    for run in _runs(path):
        job = run.get("job")
        name = job.get("name") if isinstance(job, dict) else None
        named = {**run, "job": name or f"job {run.get('job_definition_id')}"}
        yield "dbt_cloud_runs", textfiles.row(RUNS.columns, named)
        steps = run.get("run_steps")
        for place, step in enumerate(steps if isinstance(steps, list) else (), start=1):
            if isinstance(step, dict):
                placed = {"position": place, **step, "run_id": run.get("id")}
                yield "dbt_cloud_steps", textfiles.row(STEPS.columns, placed)


def _runs(path: Path) -> Iterator[Mapping[str, Any]]:
    """The runs of an answer; none of any other file."""
    for _, record, _ in textfiles.records(path):
        data = (record or {}).get("data")
        run = data if isinstance(data, dict) else record or {}
        if not run.keys() >= SIGNS:
            return
        yield run


# An answer is a page of the newest runs, and says nothing of those that it lacks.
PART = Part(tables=TABLES, feeds={}, statuses=STATUSES, find=find, stage=stage)
