"""The story pipeline tracker: a SQLite database, a folder of outputs and a folder of runs.

The tracker replaces a row of step_status whenever its status changes, so that row's id grows and its start is lost;
step_history has one row an execution. outputs/<step>/<story>.json and .runs/<run>/<step>_<story>.json are written with
or without the database.
"""

import json
import os
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from . import Part, System, Table, Type, aliases, signs

STATUSES = {"pending": "queued", "running": "running", "completed": "completed", "failed": "failed"}
OUR_FOLDERS = (".runs", "outputs")
STEP = re.compile(r"\d\d_\w+")
LARGEST_FILE = 64 * 1024 * 1024

TRACKER = Part(
    tables={
        "stories": Table(
            columns={
                "story_id": Type.KEY,
                "title": Type.TEXT,
                "source": Type.WORD,
                "created_at": Type.UTC,
                "updated_at": Type.UTC,
            },
            required=("story_id",),
            export_signs=frozenset({"story_id", "title", "source"}),
            aliases=aliases.of("story_id", "created_at", "updated_at"),
            group="story_id",
            changed="updated_at",
        ),
        "step_status": Table(
            columns={
                "id": Type.KEY,
                "story_id": Type.KEY,
                "step_name": Type.KEY,
                "status": Type.WORD,
                "run_id": Type.KEY,
                "error_message": Type.TEXT,
                "acceptance_passed": Type.FLAG,
                "acceptance_details": Type.TEXT,
                "started_at": Type.LOCAL,
                "completed_at": Type.LOCAL,
                "created_at": Type.UTC,
            },
            required=("story_id", "step_name"),
            export_signs=frozenset({"story_id", "step_name", "acceptance_passed"}),
            aliases={
                **aliases.of("story_id", "step_name", "status", "run_id", "created_at"),
                "error_message": ("error", "error_msg"),
                "completed_at": ("finished_at", "ended_at"),
                "started_at": ("start_time",),
                "acceptance_passed": ("acceptance_ok", "passed_acceptance", "accepted"),
                "acceptance_details": ("acceptance_message", "acceptance_result"),
            },
            group="story_id",
            step="step_name",
        ),
        "step_history": Table(
            columns={
                "id": Type.KEY,
                "story_id": Type.KEY,
                "step_name": Type.KEY,
                "run_id": Type.KEY,
                "status": Type.WORD,
                "error_message": Type.TEXT,
                "execution_time_ms": Type.MS,
                "timestamp": Type.UTC,
            },
            required=("id", "story_id", "step_name"),
            export_signs=frozenset({"story_id", "step_name", "execution_time_ms"}),
            aliases={
                **aliases.of("story_id", "step_name", "status", "run_id", "timestamp"),
                "error_message": ("error", "error_msg"),
                "execution_time_ms": ("duration_ms", "elapsed_ms", "execution_ms"),
            },
            group="story_id",
            step="step_name",
        ),
    },
    feeds={"stories": ("stories",), "step_runs": ("step_status", "step_history")},
    grouped={"stories": "source_key", "step_runs": "story_key"},
    repeats=frozenset({"step_runs"}),
    statuses=STATUSES,
    signs=signs(
        ("step_status", {"story_id", "step_name", "status"}),
        ("step_history", {"story_id", "step_name", "execution_time_ms"}),
    ),
)


def find_runs(path: Path) -> Path | None:
    """The .runs folder at or below a path: one that holds <run>/<step>_<story>.json."""
    for folder in (path, path / ".runs"):
        if any(STEP.match(name) and name.endswith(".json") for _, name, _ in _files(folder)):
            return folder
    return None


def find_outputs(path: Path) -> Path | None:
    """The outputs folder at or below a path: one that holds <step>/<story>.json."""
    for folder in (path, path / "outputs"):
        if any(STEP.fullmatch(step) and name.endswith(".json") for step, name, _ in _files(folder)):
            return folder
    return None


def stage_runs(folder: Path) -> Iterator[tuple[str, tuple[Any, ...]]]:
    """A row for each run file."""
    for run, name, entry in _files(folder):
        if not name.endswith(".json"):
            continue
        content, problem = _read_object(entry)
        record = [content.get(field) for field in ("run_id", "step", "story_id", "status", "timestamp")]
        if not problem and any(isinstance(value, (dict, list)) for value in record):
            problem = "a field that should be text holds an object or a list"
            record = [None] * len(record)
        yield "run_files", (f"{run}/{name}", *record, problem)


def stage_outputs(folder: Path) -> Iterator[tuple[str, tuple[Any, ...]]]:
    """A row for each output file; of what is in it only the title."""
    for step, name, entry in _files(folder):
        if not STEP.fullmatch(step) or not name.endswith(".json"):
            continue
        content, problem = _read_object(entry)
        title = content.get("title")
        about = _size_and_time(entry)
        yield (
            "output_files",
            (
                f"{step}/{name}",
                step,
                name.removesuffix(".json"),
                title if isinstance(title, str) else None,
                *about,
                problem,
            ),
        )


def _files(folder: Path) -> Iterator[tuple[str, str, "os.DirEntry[str]"]]:
    """(subfolder, file name, entry) of each file one level down, in the order of their names."""
    if not folder.is_dir():
        return
    with os.scandir(folder) as entries:
        subfolders = sorted(entry.name for entry in entries if entry.is_dir(follow_symlinks=False))
    for subfolder in subfolders:
        is_ours = folder.name in OUR_FOLDERS or bool(STEP.fullmatch(subfolder))
        try:
            with os.scandir(folder / subfolder) as entries:
                files = sorted((entry for entry in entries if _is_file(entry, is_ours)), key=lambda entry: entry.name)
        except OSError:
            # Others may keep what they like beside the tracker's files.
            if is_ours:
                raise
            continue
        for entry in files:
            yield subfolder, entry.name, entry


def _is_file(entry: "os.DirEntry[str]", is_ours: bool) -> bool:
    """Whether it is a file; what cannot be looked at (a link that leads to itself) is one if it should be ours."""
    try:
        return entry.is_file()
    except OSError:
        return is_ours or bool(STEP.match(entry.name))


def _size_and_time(entry: "os.DirEntry[str]") -> tuple[int | None, float | None]:
    try:
        about = entry.stat()
    except OSError:
        return None, None
    return about.st_size, about.st_mtime


def _read_object(entry: "os.DirEntry[str]") -> tuple[dict[str, Any], str | None]:
    """The JSON object in a file, or an empty one and why it could not be read."""
    try:
        if entry.stat().st_size > LARGEST_FILE:
            return {}, f"larger than {LARGEST_FILE} bytes"
        content = json.loads(Path(entry.path).read_bytes())
    except OSError as error:
        return {}, f"cannot be read: {error.strerror}"
    except (ValueError, RecursionError):
        return {}, "broken JSON"
    return (content, None) if isinstance(content, dict) else ({}, "not a JSON object")


RUNS = Part(
    tables={
        "run_files": Table(
            columns={
                "path": Type.KEY,
                "run_id": Type.KEY,
                "step": Type.KEY,
                "story_id": Type.KEY,
                "status": Type.WORD,
                "timestamp": Type.LOCAL,
            },
            required=("path", "run_id", "step", "story_id"),
        )
    },
    feeds={"stories": ("run_files",), "step_runs": ("run_files",)},
    statuses={**STATUSES, "success": "completed", "succeeded": "completed", "error": "failed"},
    find=find_runs,
    stage=stage_runs,
)

OUTPUTS = Part(
    tables={
        "output_files": Table(
            columns={
                "path": Type.KEY,
                "step": Type.KEY,
                "story_id": Type.KEY,
                "title": Type.TEXT,
                "size_bytes": Type.COUNT,
                "modified_at": Type.UTC,
            },
            required=("path", "step", "story_id"),
        )
    },
    feeds={"stories": ("output_files",), "step_runs": ("output_files",), "artifacts": ("output_files",)},
    statuses={},
    find=find_outputs,
    stage=stage_outputs,
)

SYSTEM = System(
    name="pipeline",
    title="story pipeline tracker",
    parts={"database": TRACKER, "runs": RUNS, "outputs": OUTPUTS},
    pipeline="pipeline",
)
