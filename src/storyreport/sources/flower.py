"""Celery's tasks as Flower's API lists them (`/api/tasks`), an object with a task under each id, or gives one of them.

A helper of the Celery source: it describes no system. Arguments, results and the names of workers are not read.
"""

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from ..readers import text as textfiles
from . import Part, Table, Type

SIGNS = frozenset({"state", "received", "retries"})
# What is said of one task (`/api/task/info`) calls its id otherwise.
IDS = frozenset({"uuid", "task-id"})
TIMES = ("received", "started", "succeeded", "failed", "revoked", "rejected", "retried", "timestamp")

TASKS = Table(
    columns={
        "uuid": Type.KEY,
        "name": Type.KEY,
        "state": Type.WORD,
        "retries": Type.COUNT,
        "runtime": Type.SECONDS,
        "exception": Type.TEXT,
        "root_id": Type.KEY,
        "eta": Type.UTC,
        **dict.fromkeys(TIMES, Type.UTC),
    },
    required=("uuid",),
)


def find(path: Path) -> Path | None:
    """The path if it is a file with an answer of Flower."""
    return path if path.is_file() and any(True for _ in _tasks(path)) else None


def stage(path: Path) -> Iterator[tuple[str, tuple[Any, ...]]]:
    """A row for each task."""
    for task in _tasks(path):
        yield "flower_tasks", textfiles.row(TASKS.columns, task)


def _tasks(path: Path) -> Iterator[Mapping[str, Any]]:
    """The tasks of an answer; none of any other file."""
    for _, record, _ in textfiles.records(path):
        answer = record or {}
        items = [answer] if _is_task(answer) else list(answer.values())
        if not items or not all(map(_is_task, items)):
            return
        yield from ({"uuid": item.get("task-id"), **item} for item in items)


def _is_task(item: Any) -> bool:
    return isinstance(item, dict) and item.keys() >= SIGNS and bool(item.keys() & IDS)


# Flower forgets: its answer has the newest tasks, and says nothing of those that it lacks.
PART = Part(tables={"flower_tasks": TASKS}, feeds={}, statuses={}, find=find, stage=stage)
