"""GitHub Actions: the jobs of workflow runs as `gh api …/actions/runs/<run>/jobs` prints them, each with its steps.

Known by GitHub's REST documentation (version 2022-11-28) and one invented sample; no real response was seen. Every step
is a step run; a job without steps (skipped, queued) is one itself. The outcome of a run is that of its jobs: a job can
time out although none of its steps failed. Runners, branches, commits and addresses are not read.
"""

from collections.abc import Iterator
from itertools import islice
from pathlib import Path
from typing import Any

from ..readers import text as textfiles
from . import Part, System, Table, Type

ENDINGS = (".json", ".jsonl", ".json.gz", ".jsonl.gz")
# A document is a page, and so many pages may have no jobs.
LOOKED_AT = 1000
JOB_FIELDS = {"run_id", "run_attempt", "conclusion"}

JOBS = Table(
    columns={
        "run_id": Type.KEY,
        "id": Type.KEY,
        "document": Type.COUNT,
        "run_attempt": Type.COUNT,
        "workflow_name": Type.KEY,
        "name": Type.KEY,
        "status": Type.WORD,
        "conclusion": Type.WORD,
        "created_at": Type.UTC,
        "started_at": Type.UTC,
        "completed_at": Type.UTC,
    },
    required=("run_id", "id", "name"),
)
STEPS = Table(
    columns={
        "job": Type.KEY,
        "document": Type.COUNT,
        "number": Type.COUNT,
        "name": Type.KEY,
        "status": Type.WORD,
        "conclusion": Type.WORD,
        "started_at": Type.UTC,
        "completed_at": Type.UTC,
    },
    required=("job", "number", "name"),
)

# Pages of jobs follow those of the runs.
LOOKED_AT = 1000


def find(path: Path) -> Path | None:
    """The path, if it is a list of jobs or a folder that holds one."""
    files = [path] if path.is_file() else _documents(path)
    return path if any(_is_document(file) for file in files) else None


def _documents(folder: Path) -> list[Path]:
    return sorted(file for file in folder.iterdir() if file.name.endswith(ENDINGS) and file.is_file())


def _is_document(file: Path) -> bool:
    return any(_has_jobs(record) for _, record, _ in islice(textfiles.records(file), LOOKED_AT))


def _has_jobs(document: dict[str, Any] | None) -> bool:
    jobs = (document or {}).get("jobs")
    return isinstance(jobs, list) and any(isinstance(job, dict) and job.keys() >= JOB_FIELDS for job in jobs)


def stage(path: Path) -> Iterator[tuple[str, tuple[Any, ...]]]:
    """(table, row) of each job and step; a row has the table's columns in order, then its problem or None."""
    number = 0
    for file in [path] if path.is_file() else [file for file in _documents(path) if _is_document(file)]:
        for _, document, broken in textfiles.records(file):
            number += 1  # one file may hold several pages
            if broken:
                yield _row("job_records", JOBS, {"document": number}, f"{file.name}: {broken}")
            elif document and "jobs" in document:
                yield from _rows(document, number)


def _rows(document: dict[str, Any], number: int) -> Iterator[tuple[str, tuple[Any, ...]]]:
    for job, problem in _items(document, "jobs"):
        yield _row("job_records", JOBS, {**job, "document": number}, problem)
        for step, step_problem in _items(job, "steps"):
            yield _row("step_records", STEPS, {**step, "job": job.get("id"), "document": number}, step_problem)


def _items(holder: dict[str, Any], name: str) -> Iterator[tuple[dict[str, Any], str | None]]:
    """The objects of a list, each with its problem or None."""
    items = holder.get(name) or []
    if not isinstance(items, list):
        yield {}, f"{name} is no list"
        return
    for item in items:
        yield (item, None) if isinstance(item, dict) else ({}, f"an item of {name} is no object")


def _row(name: str, table: Table, values: dict[str, Any], problem: str | None = None) -> tuple[str, tuple[Any, ...]]:
    try:
        cells = [textfiles.single(values.get(column), column) for column in table.columns]
    except textfiles.BrokenRecord as error:
        cells, problem = [None] * len(table.columns), str(error)
    return name, (*cells, problem)


SYSTEM = System(
    name="github_actions",
    title="jobs of GitHub Actions",
    parts={
        "jobs": Part(
            tables={"job_records": JOBS, "step_records": STEPS},
            feeds={"runs": ("job_records",), "step_runs": ("job_records", "step_records")},
            # A run whose jobs are run again begins again.
            restarts=frozenset({"runs"}),
            statuses={
                "queued": "queued",
                "requested": "queued",
                "pending": "queued",
                "waiting": "waiting",
                "in_progress": "running",
                "success": "completed",
                "neutral": "completed",
                "failure": "failed",
                "timed_out": "failed",
                "startup_failure": "failed",
                "cancelled": "cancelled",
                "skipped": "skipped",
            },
            find=find,
            stage=stage,
        )
    },
)
