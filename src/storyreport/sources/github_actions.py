"""GitHub Actions: runs of workflows and their jobs as `gh api …/actions/runs`, `gh run list` and `view` print them.

Known by GitHub's REST documentation (version 2022-11-28) and by responses that public projects keep. Every step is a
step run; a job without steps (skipped, queued) is one itself. The outcome of a run is that of its jobs: a job can
time out although none of its steps failed. The times of a run that was run again are those of its last attempt.
Runners, branches, commits and addresses are not read.
"""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from ..readers import text as textfiles
from . import Part, System, Table, Type

ENDINGS = (".json", ".jsonl", ".json.gz", ".jsonl.gz")
# A document is a page, and so many pages may have no jobs.
LOOKED_AT = 1000
JOB_FIELDS = {"id", "run_id", "run_attempt", "conclusion"}
RUN_FIELDS = {"run_attempt", "conclusion", "created_at", "updated_at"}
# Tables that people make of runs call its id so, and name its end and workflow by words of their own.
ROW_FIELDS = {"run_id", "conclusion"}
STARTS = {"created_at", "started_at", "run_started_at"}
ROW_NAMES = {"run_id": "id", "workflow": "workflow_name", "completed_at": "updated_at"}
# `gh run list` and `view` print the fields that they are asked for; the address of a run or a job has the run's id.
CLI_TIMES = {"createdAt", "startedAt", "updatedAt"}
CLI_JOB_FIELDS = {"databaseId", "name", "startedAt", "completedAt"}
RUN_ADDRESS = "/actions/runs/"
# test (3.12) is an instance of the job test, made by its matrix; jobs of a called workflow are `deploy (prod) / build`.
# A long name is cut off; more than a few of these at one place are nobody's.
OF_MATRIX = re.compile(r"(?<=\S)(?: \([^()]*(?:\([^()]*\)[^()]*){0,9}(?:\)|\.{3}$)){1,9}(?= / |$)")
# What `gh run list --json` and `gh run view --json` call the fields of the API.
CLI_NAMES = {
    "databaseId": "id",
    "workflowName": "workflow_name",
    "attempt": "run_attempt",
    "createdAt": "created_at",
    "startedAt": "started_at",
    "updatedAt": "updated_at",
    "completedAt": "completed_at",
}
# The names of the lists, and those under which events carry a single item.
LISTS = {"workflow_runs": "runs", "jobs": "jobs"}
EVENTS = {"workflow_run": "runs", "workflow_job": "jobs"}

RUNS = Table(
    columns={
        "id": Type.KEY,
        "document": Type.COUNT,
        "run_attempt": Type.COUNT,
        "workflow_name": Type.KEY,
        "status": Type.WORD,
        "conclusion": Type.WORD,
        "created_at": Type.UTC,
        "run_started_at": Type.UTC,
        "updated_at": Type.UTC,
    },
    required=("id",),
)

JOBS = Table(
    columns={
        "run_id": Type.KEY,
        "id": Type.KEY,
        "document": Type.COUNT,
        "run_attempt": Type.COUNT,
        "workflow_name": Type.KEY,
        "name": Type.KEY,
        "family": Type.KEY,
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


def find(path: Path) -> Path | None:
    """The path, if it is a list of jobs or a folder that holds one."""
    files = [path] if path.is_file() else _documents(path)
    return path if any(_is_document(file) for file in files) else None


def _documents(folder: Path) -> list[Path]:
    return textfiles.in_order(file for file in folder.iterdir() if file.name.endswith(ENDINGS) and file.is_file())


def _is_document(file: Path) -> bool:
    return any(record and _is_ours(record) for _, record, _ in textfiles.first_records(file, LOOKED_AT))


def _is_ours(record: dict[str, Any]) -> bool:
    """Whether a record has jobs or runs, or is one."""
    found = _found(record)
    if "total_count" in record and any(record.get(name) == [] for name in LISTS):
        return True
    return bool(_kind(record)) or any(
        isinstance(item, dict) and _kind(item) for items in found.values() for item in items
    )


def _kind(item: dict[str, Any]) -> str | None:
    """Whether an item is one of `jobs` or `runs`; None for anything else."""
    fields = _named(item).keys()
    if fields >= JOB_FIELDS or item.keys() >= CLI_JOB_FIELDS:
        return "jobs"
    is_printed = fields >= {"id", "conclusion"} and bool(item.keys() & CLI_TIMES)
    return "runs" if fields >= RUN_FIELDS or is_printed or _is_row(item) else None


def _is_row(item: dict[str, Any]) -> bool:
    """Whether an item is a run as a row of a table: without an id of its own."""
    return item.keys() >= ROW_FIELDS and "id" not in item and bool(item.keys() & STARTS)


def _named(item: dict[str, Any]) -> dict[str, Any]:
    """An item by the names of the API."""
    names = ROW_NAMES if _is_row(item) else CLI_NAMES
    named = {names.get(name, name): value for name, value in item.items()}
    run = str(item.get("url")).partition(RUN_ADDRESS)[2].partition("/")[0]
    if run.isdecimal():
        named.setdefault("run_id" if item.keys() >= CLI_JOB_FIELDS else "id", run)
    return named


def _found(record: dict[str, Any]) -> dict[str, list[Any]]:
    """The runs and the jobs of a record, as they are: of a page, of an event, or the one item that it is."""
    item = _named(record)
    found: dict[str, list[Any]] = {"runs": [], "jobs": []}
    for name, kind in LISTS.items():
        held = record.get(name) or []
        found[kind] += held if isinstance(held, list) else [held]
    for name, kind in EVENTS.items():
        found[kind] += [record[name]] if isinstance(record.get(name), dict) else []
    # `gh run view` has the jobs in their run, without its id and attempt.
    carried = {"run_id": item.get("id"), **{name: item.get(name) for name in ("run_attempt", "workflow_name")}}
    found["jobs"] = [{**carried, **_named(job)} if isinstance(job, dict) else job for job in found["jobs"]]
    if own := _kind(record):
        found[own].append(item)
    return found


def stage(path: Path) -> Iterator[tuple[str, tuple[Any, ...]]]:
    """(table, row) of each run, job and step; a row has the table's columns in order, then its problem or None."""
    number = 0
    for file in [path] if path.is_file() else [file for file in _documents(path) if _is_document(file)]:
        for _, record, broken in textfiles.records(file):
            number += 1  # one file may hold several pages
            if record is None:
                yield "job_records", textfiles.row(JOBS.columns, {"document": number}, f"{file.name}: {broken}")
            else:
                yield from _rows(record, number)


def _rows(record: dict[str, Any], number: int) -> Iterator[tuple[str, tuple[Any, ...]]]:
    found = _found(record)
    for run in found["runs"]:
        row = _named(run) if isinstance(run, dict) else {}
        named = {"workflow_name": row.get("name"), "run_started_at": row.get("started_at"), **row, "document": number}
        problem = None if row else "an item of workflow_runs is no object"
        yield "run_records", textfiles.row(RUNS.columns, named, problem)
    for job, problem in _items({"jobs": found["jobs"]}, "jobs"):
        name = job.get("name")
        family = OF_MATRIX.sub("", name) if isinstance(name, str) else name
        yield "job_records", textfiles.row(JOBS.columns, {**job, "family": family, "document": number}, problem)
        for step, step_problem in _items(job, "steps"):
            values = {**_named(step), "job": job.get("id"), "document": number}
            yield "step_records", textfiles.row(STEPS.columns, values, step_problem)


def _items(holder: dict[str, Any], name: str) -> Iterator[tuple[dict[str, Any], str | None]]:
    """The objects of a list, each with its problem or None."""
    items = holder.get(name) or []
    if not isinstance(items, list):
        yield {}, f"{name} is no list"
        return
    for item in items:
        yield (item, None) if isinstance(item, dict) else ({}, f"an item of {name} is no object")


SYSTEM = System(
    name="github_actions",
    title="runs and jobs of GitHub Actions",
    parts={
        "jobs": Part(
            tables={"run_records": RUNS, "job_records": JOBS, "step_records": STEPS},
            # An answer is a page of the newest runs, or the jobs of one, and says nothing of those that it lacks.
            feeds={},
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
                "action_required": "blocked",
                "cancelled": "cancelled",
                "skipped": "skipped",
            },
            find=find,
            stage=stage,
        )
    },
)
