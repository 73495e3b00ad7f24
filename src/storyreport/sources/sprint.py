"""The sprint runner: a SQLite database of batches, stories, commands and events, or an older header-less CSV of events.

Epochs are seconds or milliseconds, value by value. Rows are updated in place and do not say when: besides the newest
ones the mapping reads what was open the last time again, by its id. A command's output and an event's payload are not
copied.
"""

import csv
import re
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

from ..readers.text import Line, lines
from . import Part, System, Table, Type, aliases, signs

STATUSES = {
    "pending": "queued",
    "running": "running",
    "in-progress": "running",
    "completed": "completed",
    "done": "completed",
    "stopped": "cancelled",
    "error": "failed",
    "failed": "failed",
    "blocked": "blocked",
    "skipped": "skipped",
    # An event's words.
    "start": "running",
    "progress": "running",
    "end": "completed",
}
EPOCH = re.compile(r"\d{1,16}(?:\.\d+)?", re.ASCII)
# How each event begins: a recent epoch, in seconds or milliseconds.
BEGINNING = re.compile(r'\s*"?\d{9,16}(?:\.\d+)?"?\s*,', re.ASCII)
# A command is called by a name, and no name begins like a date.
NAME = re.compile(r"(?!\d{4}-\d\d-\d\d)\S*[A-Za-z]\S*", re.ASCII)
WORD = re.compile(r"[A-Za-z][\w-]*", re.ASCII)
HEADER = re.compile(r'\W*\w+"?,"?epic_id"?,"?story_key"?,"?command\b', re.IGNORECASE)
EARLIEST_EPOCH = 100_000_000
FIELDS = ("epoch", "epic_id", "story_key", "command", "task_id", "status", "message")
REQUIRED_FIELDS = 6
LINES_TO_LOOK_AT = 10
# A message may hold line ends; one whose quotes never close must not swallow the rest of the file.
LONGEST_MESSAGE_LINES = 100

DATABASE = Part(
    tables={
        "batches": Table(
            columns={
                "id": Type.KEY,
                "started_at": Type.UTC,
                "ended_at": Type.UTC,
                "max_cycles": Type.COUNT,
                "cycles_completed": Type.COUNT,
                "status": Type.WORD,
            },
            required=("id",),
            export_signs=frozenset({"max_cycles", "cycles_completed"}),
            aliases={
                **aliases.of("status"),
                "max_cycles": ("cycles", "total_cycles"),
                "started_at": ("start_time", "started", "created_at"),
                "ended_at": ("end_time", "ended", "completed_at", "finished_at"),
            },
        ),
        "stories": Table(
            columns={
                "id": Type.KEY,
                "batch_id": Type.KEY,
                "story_key": Type.KEY,
                "epic_id": Type.WORD,
                "status": Type.WORD,
                "started_at": Type.UTC,
                "ended_at": Type.UTC,
            },
            required=("id", "story_key"),
            export_signs=frozenset({"id", "batch_id", "story_key", "epic_id"}),
            aliases={
                **aliases.of("status", "batch_id", "story_key"),
                "started_at": ("start_time", "started", "created_at"),
                "ended_at": ("end_time", "ended", "completed_at", "finished_at"),
            },
        ),
        "commands": Table(
            columns={
                "id": Type.KEY,
                "story_id": Type.KEY,
                "command": Type.WORD,
                "task_id": Type.WORD,
                "started_at": Type.UTC,
                "ended_at": Type.UTC,
                "status": Type.WORD,
            },
            required=("id", "command"),
            export_signs=frozenset({"id", "story_id", "command", "task_id"}),
            aliases={
                **aliases.of("status"),
                "command": ("command_name",),
                "started_at": ("start_time", "started", "created_at"),
                "ended_at": ("end_time", "ended", "completed_at", "finished_at"),
            },
        ),
        "events": Table(
            columns={
                "id": Type.KEY,
                "batch_id": Type.KEY,
                "story_id": Type.KEY,
                "command_id": Type.KEY,
                "timestamp": Type.UTC,
                "epic_id": Type.WORD,
                "story_key": Type.KEY,
                "command": Type.WORD,
                "task_id": Type.WORD,
                "status": Type.WORD,
                "event_type": Type.WORD,
                "message": Type.TEXT,
            },
            required=("id",),
            export_signs=frozenset({"id", "batch_id", "story_key", "command", "task_id"}),
            aliases=aliases.of("batch_id", "story_key", "status", "timestamp"),
            # The events that make a step run are of one batch.
            group="batch_id",
        ),
        "background_tasks": Table(
            columns={
                "id": Type.KEY,
                "batch_id": Type.KEY,
                "story_key": Type.KEY,
                "task_type": Type.WORD,
                "spawned_at": Type.UTC,
                "completed_at": Type.UTC,
                "status": Type.WORD,
            },
            required=("id", "task_type"),
            export_signs=frozenset({"batch_id", "task_type", "spawned_at"}),
            aliases={
                **aliases.of("batch_id", "story_key", "status"),
                "spawned_at": ("started_at", "created_at"),
                "completed_at": ("ended_at", "finished_at"),
            },
        ),
    },
    # Not stories: several rows may be of one story. The mapping selects the deleted ones.
    feeds={
        "runs": ("batches", "stories"),
        "step_runs": ("commands", "background_tasks"),
        "events": ("events",),
    },
    statuses=STATUSES,
    signs=signs(
        ("batches", {"max_cycles", "cycles_completed"}),
        ("stories", {"batch_id", "story_key", "epic_id"}),
        ("commands", {"story_id", "command", "task_id"}),
        ("events", {"story_key", "command", "task_id"}),
        ("background_tasks", {"batch_id", "task_type", "spawned_at"}),
    ),
)


def find_events(path: Path) -> Path | None:
    """The file, if most of its first lines are events and one of them has a status that the runner writes."""
    if not path.is_file():
        return None
    looked_at, events = 0, []
    for number, text, problem in lines(path):
        looked_at += 1
        if problem is None and _is_event(event := _event(number, text or "")):
            events.append(event)
        if looked_at == LINES_TO_LOOK_AT:
            break
    is_known = any(status.lower() in STATUSES for *_, status, _, _ in events)
    return path if is_known and len(events) * 2 >= looked_at else None


def stage_events(path: Path) -> Iterator[tuple[str, tuple[Any, ...]]]:
    """A row for each event, and for each line that is none, but for the names of columns that somebody added."""
    for number, text, problem in _whole(lines(path)):
        if text and HEADER.match(text):
            continue
        yield "csv_events", (number, *[None] * len(FIELDS), problem) if text is None else _event(number, text)


def _event(number: int, text: str) -> tuple[Any, ...]:
    """Line number, fields (the message may be missing, what follows it is left out) and what is wrong with them."""
    try:
        fields = [field.strip() for field in next(csv.reader([text]))]
    except csv.Error as error:
        return (number, *[None] * len(FIELDS), f"the line is broken CSV ({error})")
    epoch: Any = fields[0]
    problem = None
    if len(fields) < REQUIRED_FIELDS:
        problem = f"the line has {len(fields)} fields, expected at least {', '.join(FIELDS[:REQUIRED_FIELDS])}"
    elif not EPOCH.fullmatch(epoch):
        problem = "epoch is not a number"
    else:
        epoch = float(epoch) if "." in epoch else int(epoch)
    # An empty field of a CSV file is no value.
    values = [field or None for field in (*fields[1 : len(FIELDS)], *[""] * len(FIELDS))][: len(FIELDS) - 1]
    return (number, epoch, *values, problem)


def _is_event(row: tuple[Any, ...]) -> bool:
    _, epoch, _, story, command, _, status, _, problem = row
    names = story and NAME.fullmatch(command or "") and WORD.fullmatch(status or "")
    return bool(problem is None and epoch >= EARLIEST_EPOCH and names)


def _whole(parts: Iterable[Line]) -> Iterator[Line]:
    """Lines, those of one quoted message put together under the number of the first."""
    held: list[Line] = []
    for line in parts:
        _, text, _ = line
        if held and (text is None or BEGINNING.match(text) or len(held) == LONGEST_MESSAGE_LINES):
            # The quotes never close: each line for itself.
            yield from held
            held = []
        if held:
            held.append(line)
            message = "\n".join(text or "" for _, text, _ in held)
            if not _is_open(message):
                yield held[0][0], message, None
                held = []
        elif text is not None and BEGINNING.match(text) and _is_open(text):
            held = [line]
        else:
            yield line
    yield from held


def _is_open(text: str) -> bool:
    """Whether a CSV reader would go on reading: the text ends within quotes."""
    reader = csv.reader([text, ""])
    try:
        next(reader)
    except csv.Error:
        return False
    return reader.line_num > 1


EVENTS = Part(
    tables={
        "csv_events": Table(
            columns={
                "line": Type.COUNT,
                "epoch": Type.UTC,
                "epic_id": Type.WORD,
                "story_key": Type.KEY,
                "command": Type.WORD,
                "task_id": Type.WORD,
                "status": Type.WORD,
                "message": Type.TEXT,
            },
        )
    },
    feeds={"stories": ("csv_events",), "step_runs": ("csv_events",), "events": ("csv_events",)},
    statuses=STATUSES,
    find=find_events,
    stage=stage_events,
)

SYSTEM = System(
    name="sprint",
    title="sprint runner",
    parts={"database": DATABASE, "events": EVENTS},
    pipeline="sprint",
)
