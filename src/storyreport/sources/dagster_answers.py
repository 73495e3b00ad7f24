"""Runs as Dagster's GraphQL API answers them: `runsOrError { ... on Runs { results { … stepStats { … } } } }`.

A helper of the Dagster source: it describes no system. Read are fields that the interface itself queries: runId,
jobName, rootRunId, status, creationTime, startTime and endTime of a run; stepKey, status, startTime, endTime, attempts
of a step. Of `logsForRun`: runId, timestamp, eventType (or __typename), stepKey and error of an event.
"""

import json
import re
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

from ..readers import text as textfiles
from ..readers.header import SQLITE_MAGIC, read_header
from . import Part, Table, Type
from .recordfiles import objects

# What holds runs, and what holds one.
LISTS = ("runsOrError", "pipelineRunsOrError", "runsFeedOrError")
SINGLE = ("runOrError", "pipelineRunOrError")
LOGS = "logsForRun"
# What an event is called without its type: ExecutionStepFailureEvent, RunStartEvent.
TYPE_NAME = re.compile(r"(?:Execution)?((?:Step|Run|Pipeline)\w+?)Event")
RUNS = Table(
    columns={
        "runid": Type.KEY,
        "jobname": Type.KEY,
        "rootrunid": Type.KEY,
        "status": Type.WORD,
        "creationtime": Type.UTC,
        "starttime": Type.UTC,
        "endtime": Type.UTC,
        "updatetime": Type.UTC,
    },
    required=("runid",),
)
STEPS = Table(
    columns={
        "runid": Type.KEY,
        "stepkey": Type.KEY,
        "attempt": Type.COUNT,
        "attempts": Type.COUNT,
        "status": Type.WORD,
        "starttime": Type.UTC,
        "endtime": Type.UTC,
    },
    required=("runid", "stepkey"),
)
TABLES = {"answered_runs": RUNS, "answered_steps": STEPS}


def find(path: Path) -> Path | None:
    """The path if it is a file with an answer of the API."""
    return path if path.is_file() and any(True for _ in _runs(path)) else None


def stage(path: Path) -> Iterator[tuple[str, tuple[Any, ...]]]:
    """A row for each run, and for each attempt of its steps."""
    for run in _runs(path):
        key = run.get("runId") or run.get("id")
        yield _staged("answered_runs", {**run, "runId": key, "jobName": run.get("jobName") or run.get("pipelineName")})
        for step in objects(run.get("stepStats")):
            tries = objects(step.get("attempts")) or [step]
            for attempt, times in enumerate(tries, start=1):
                is_last = attempt == len(tries)
                named = {"runId": key, "stepKey": step.get("stepKey"), "attempt": attempt, "attempts": len(tries)}
                # Another attempt follows one that failed.
                status = step.get("status") if is_last else "FAILURE"
                both = {name: times.get(name) for name in ("startTime", "endTime")}
                yield _staged("answered_steps", {**named, "status": status, **both})


def is_database(path: Path) -> bool:
    """Whether a file is a run's own, and no answer."""
    return read_header(path).startswith(SQLITE_MAGIC)


def find_events(path: Path) -> Path | None:
    """The path if it is a file with events of runs as the API answers them."""
    is_answer = path.is_file() and any(True for _ in _logs(textfiles.first_records(path, textfiles.LOOKED_AT)))
    return path if is_answer else None


def stage_events(path: Path, numbers: Iterator[int]) -> Iterator[tuple[Any, ...]]:
    """A row of the storage's event_logs for each event: id, run, type, time, step, and JSON with the error."""
    for events in _logs(textfiles.records(path)):
        for event in objects(events):
            error = _object(event.get("error"))
            held = {"dagster_event": {"event_specific_data": {"error": error}}} if error else {}
            try:
                run, time, step = (
                    textfiles.single(event.get(name), name) for name in ("runId", "timestamp", "stepKey")
                )
            except textfiles.BrokenRecord as problem:
                yield (*[None] * 6, str(problem))
                continue
            yield (next(numbers), run, _event_type(event), time, step, json.dumps(held), None)


def _event_type(event: Mapping[str, Any]) -> str | None:
    """The storage's word for an event: PIPELINE_START for RUN_START, and for RunStartEvent."""
    word, name = event.get("eventType"), event.get("__typename")
    if not isinstance(word, str) and isinstance(name, str) and (match := TYPE_NAME.fullmatch(name)):
        word = re.sub(r"(?<=[a-z])(?=[A-Z])", "_", match[1]).upper()
        word = {"STEP_RESTART": "STEP_RESTARTED"}.get(word, word)
    return re.sub(r"^RUN_", "PIPELINE_", word) if isinstance(word, str) else None


def _logs(records: Iterable[textfiles.Record]) -> Iterator[Any]:
    """The lists of events in answers; none of any other file."""
    for _, record, _ in records:
        data = (record or {}).get("data", record)
        events = _object(_object(data).get(LOGS)).get("events")
        if not isinstance(events, list):
            return
        yield events


def _staged(table: str, row: Mapping[str, Any]) -> tuple[str, tuple[Any, ...]]:
    return table, textfiles.row(TABLES[table].columns, {name.lower(): value for name, value in row.items()})


def _runs(path: Path) -> Iterator[Mapping[str, Any]]:
    """The runs of answers; none of any other file."""
    for _, record, _ in textfiles.records(path):
        data = (record or {}).get("data", record)
        if not isinstance(data, dict):
            return
        held = [item for name in LISTS for item in objects(_object(data.get(name)).get("results"))]
        held += [_object(data.get(name)) for name in SINGLE if name in data]
        runs = [run for run in held if isinstance(run.get("runId", run.get("id")), str) and "status" in run]
        if not runs and not any(name in data for name in (*LISTS, *SINGLE)):
            return
        yield from runs


def _object(value: Any) -> dict[str, Any]:
    return value if isinstance(value, dict) else {}


# An answer is a page of the newest runs, and says nothing of those that it lacks.
PART = Part(tables=TABLES, feeds={}, statuses={}, find=find, stage=stage)
