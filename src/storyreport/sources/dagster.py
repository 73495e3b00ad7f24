"""Dagster: the runs of its storage, and the events of runs that say what became of their steps.

The default storage keeps runs in history/runs.db and the events of each run in a file of its own, history/runs/<id>.db;
PostgreSQL keeps both in one database. Given both, the events come with the runs; given events alone, a run is what its
events say. Of tags, that of a re-execution is read; configurations, assets and the values that steps pass are not.
"""

import contextlib
import itertools
import re
import shutil
import sqlite3
import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from . import Part, System, Table, Type, dagster_answers, signs

# What the events of all runs are beside: index.db repeats some of them.
RUN_FILE = re.compile(r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}\.db", re.ASCII)
EVENT_COLUMNS = {
    "id": Type.COUNT,
    "run_id": Type.KEY,
    "dagster_event_type": Type.WORD,
    "timestamp": Type.UTC,
    "step_key": Type.KEY,
    # Errors are in it, beside all else.
    "event": Type.JSON,
}
# The events of steps and of runs; others, such as those of outputs, say nothing that is reported.
READ_EVENTS = "dagster_event_type glob 'STEP_*' or dagster_event_type glob 'PIPELINE_*'"
READ_TYPE = re.compile("STEP_|PIPELINE_")
# A view, a virtual table and a generated column would run the SQL of their author.
IS_PLAIN = """
    select 1
    from sqlite_master
    where
        name = 'event_logs'
        and type = 'table'
        and sql not like 'create virtual%'
        and not exists (select 1 from pragma_table_xinfo('event_logs') where hidden = 2)
"""

RUNS = Part(
    tables={
        "runs": Table(
            columns={
                "run_id": Type.KEY,
                "pipeline_name": Type.KEY,
                "status": Type.WORD,
                "create_timestamp": Type.UTC,
                "update_timestamp": Type.UTC,
                "start_time": Type.UTC,
                "end_time": Type.UTC,
            },
            required=("run_id",),
            export_signs=frozenset({"run_id", "pipeline_name", "snapshot_id", "run_body"}),
            group="run_id",
            changed="update_timestamp",
        ),
        # One tag is read: which run this one does again. A run has its tags from its beginning.
        "run_tags": Table(columns={"run_id": Type.KEY, "key": Type.KEY, "value": Type.KEY}, group="run_id"),
    },
    feeds={"runs": ("runs",)},
    grouped={"runs": "source_key"},
    statuses={
        "queued": "queued",
        "not_started": "queued",
        "managed": "queued",
        "starting": "queued",
        "started": "running",
        "canceling": "running",
        "suspended": "waiting",
        "success": "completed",
        "failure": "failed",
        "canceled": "cancelled",
    },
    signs=signs(("runs", {"run_id", "pipeline_name", "snapshot_id", "run_body"})),
)


def find(path: Path) -> Path | None:
    """The folder of runs' own files at a path or below it, as deep as Dagster's home has it; a file of events."""
    if path.is_file():
        return dagster_answers.find_events(path)
    folders = (path, path / "runs", path / "history" / "runs")
    return next((folder for folder in folders if any(_run_files(folder))), None)


def stage(path: Path) -> Iterator[tuple[str, tuple[Any, ...]]]:
    """A row for each event of the runs whose files are in a folder, or of those in the file that is given."""
    yield from stage_files([path] if path.is_file() else list(_run_files(path)))


def stage_files(paths: Sequence[Path]) -> Iterator[tuple[str, tuple[Any, ...]]]:
    """A row for each event in some files: of a run each, or pages of the API."""
    numbers = itertools.count(1)
    for file in paths:
        if not dagster_answers.is_database(file):
            for row in dagster_answers.stage_events(file, numbers):
                if row[-1] or READ_TYPE.match(row[2] or ""):
                    yield "event_logs", row
            continue
        try:
            with _opened(file) as connection:
                sql = f"select {', '.join(EVENT_COLUMNS)} from event_logs where {READ_EVENTS} order by id"
                for row in connection.execute(sql):
                    yield "event_logs", (*row, None)
        except sqlite3.DatabaseError as error:
            yield "event_logs", (*[None] * len(EVENT_COLUMNS), f"{file.name} cannot be read ({error})")


def _run_files(folder: Path) -> Iterator[Path]:
    if folder.is_dir():
        yield from sorted(file for file in folder.iterdir() if RUN_FILE.fullmatch(file.name) and file.is_file())


@contextlib.contextmanager
def _opened(file: Path) -> Iterator[sqlite3.Connection]:
    """A run's file, or a copy where reading it in place would leave files beside it: its log needs an index."""
    log, index = (file.with_name(file.name + ending) for ending in ("-wal", "-shm"))
    with tempfile.TemporaryDirectory(prefix="storyreport-") as scratch:
        place = f"{file.resolve().as_uri()}?mode=ro"
        if not log.exists():
            place = f"{file.resolve().as_uri()}?immutable=1"
        elif not index.exists():
            copy = Path(scratch) / "run.db"
            shutil.copyfile(file, copy)
            shutil.copyfile(log, copy.with_name("run.db-wal"))
            place = copy.as_uri()
        with contextlib.closing(sqlite3.connect(place, uri=True)) as connection:
            # Texts need not be UTF-8.
            connection.text_factory = lambda value: value.decode(errors="replace")
            connection.execute("pragma trusted_schema = off")
            if not connection.execute(IS_PLAIN).fetchone():
                raise sqlite3.DatabaseError("its event_logs is no plain table")
            yield connection


EVENTS = Part(
    tables={"event_logs": Table(columns=EVENT_COLUMNS, required=("run_id",), group="run_id", added="timestamp")},
    # Most events make no row, so that their number tells nothing.
    feeds={},
    grouped={"runs": "source_key", "step_runs": "run_key"},
    statuses={
        "pipeline_enqueued": "queued",
        "pipeline_dequeued": "queued",
        "pipeline_starting": "queued",
        "step_worker_starting": "queued",
        "step_worker_started": "queued",
        "pipeline_start": "running",
        "pipeline_canceling": "running",
        "step_start": "running",
        "step_restarted": "running",
        "wait_for_retry": "waiting",
        "pipeline_success": "completed",
        "step_success": "completed",
        "pipeline_failure": "failed",
        "step_failure": "failed",
        "step_up_for_retry": "failed",
        "pipeline_canceled": "cancelled",
        "step_skipped": "skipped",
    },
    signs=signs(("event_logs", {"run_id", "dagster_event_type", "step_key"})),
    find=find,
    stage=stage,
    stage_files=stage_files,
    # Pages of one run's events.
    is_one=True,
)

# Runs have the storage's status words, steps have their own.
ANSWERED = {**RUNS.statuses, "in_progress": "running", "skipped": "skipped"}
# Answers name the job of a run, which a page of its events does not.
PARTS = {"runs": RUNS, "answers": replace(dagster_answers.PART, statuses=ANSWERED), "events": EVENTS}

SYSTEM = System(name="dagster", title="Dagster storage", parts=PARTS)
