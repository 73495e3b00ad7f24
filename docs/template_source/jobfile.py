"""A job runner that writes JSON documents: its jobs, each with the attempts of its tasks. A template for new sources.

The runner is invented; docs/adding-a-source.md explains each part. A real module says here which versions it knows,
what is private and not read, and where no real sample was seen. Users and prompts are not read.
"""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from ..readers import text as textfiles
from . import Part, System, Table, Type

WRITER = "jobfile"
ENDINGS = (".json", ".json.gz")

JOBS = Table(
    columns={
        "id": Type.KEY,
        "document": Type.COUNT,
        "story": Type.KEY,
        "title": Type.TEXT,
        "state": Type.WORD,
        "submitted": Type.UTC,
        "started": Type.UTC,
        "finished": Type.UTC,
    },
    required=("id",),
)
TASKS = Table(
    columns={
        "job": Type.KEY,
        "document": Type.COUNT,
        "name": Type.KEY,
        "try": Type.COUNT,
        "state": Type.WORD,
        "started": Type.UTC,
        "finished": Type.UTC,
        "message": Type.TEXT,
    },
    required=("job", "name"),
)


def find(path: Path) -> Path | None:
    """The path, if it is a document of this runner or a folder that holds one."""
    files = [path] if path.is_file() else _documents(path)
    return path if any(_is_document(file) for file in files) else None


def _documents(folder: Path) -> list[Path]:
    return sorted(file for file in folder.iterdir() if file.name.endswith(ENDINGS) and file.is_file())


def _is_document(file: Path) -> bool:
    return any((record or {}).get("writer") == WRITER for _, record, _ in textfiles.records(file))


def stage(path: Path) -> Iterator[tuple[str, tuple[Any, ...]]]:
    """(table, row) of each job and task; a row has the table's columns in order, then its problem or None."""
    for number, file in enumerate([path] if path.is_file() else _documents(path), start=1):
        for _, document, broken in textfiles.records(file):
            if broken:
                yield "job_records", textfiles.row(JOBS.columns, {"document": number}, f"{file.name}: {broken}")
            elif document and document.get("writer") == WRITER:
                yield from _rows(document, number)


def _rows(document: dict[str, Any], number: int) -> Iterator[tuple[str, tuple[Any, ...]]]:
    for job, job_problem in _items(document, "jobs"):
        yield "job_records", textfiles.row(JOBS.columns, {**job, "document": number}, job_problem)
        for task, problem in _items(job, "tasks"):
            values = {**task, "job": job.get("id"), "document": number}
            yield "task_records", textfiles.row(TASKS.columns, values, problem)


def _items(holder: dict[str, Any], name: str) -> Iterator[tuple[dict[str, Any], str | None]]:
    """The objects of a list, each with its problem or None."""
    items = holder.get(name) or []
    if not isinstance(items, list):
        yield {}, f"{name} is no list"
        return
    for item in items:
        yield (item, None) if isinstance(item, dict) else ({}, f"an item of {name} is no object")


SYSTEM = System(
    name="jobfile",
    title="job runner with JSON documents",
    parts={
        "documents": Part(
            tables={"job_records": JOBS, "task_records": TASKS},
            feeds={"runs": ("job_records",), "step_runs": ("task_records",)},
            statuses={
                "submitted": "queued",
                "active": "running",
                "ok": "completed",
                "error": "failed",
                "timeout": "failed",
                "stopped": "cancelled",
            },
            find=find,
            stage=stage,
        )
    },
)
