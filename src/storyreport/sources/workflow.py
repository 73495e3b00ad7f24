"""The story-generation service: two databases (PostgreSQL, or exports of their tables) and its log.

The main database has the stories, the workflows one has runs, steps and token usage; only ids tie them together.
Prompts (input_prompt_json), authors and step details are private: they are not read.
"""

import hashlib
import re
from collections import Counter
from collections.abc import Iterator
from itertools import islice
from pathlib import Path
from typing import Any

from ..readers.text import Line
from . import Part, System, Table, Type, aliases, envelopes, log_lines, signs
from .recordfiles import object_in

STATUSES = {
    "queued": "queued",
    "pending": "queued",
    "running": "running",
    "completed": "completed",
    "failed": "failed",
    "cancelled": "cancelled",
    "blocked": "blocked",
}

MAIN = Part(
    tables={
        "stories": Table(
            columns={
                "story_id": Type.KEY,
                "title": Type.TEXT,
                "chapter_count": Type.COUNT,
                "status": Type.WORD,
                "created_at": Type.UTC,
                "updated_at": Type.UTC,
            },
            required=("story_id",),
            export_signs=frozenset({"story_id", "chapter_count"}),
            aliases=aliases.of("story_id", "status", "created_at", "updated_at"),
            group="story_id",
            changed="updated_at",
            added="created_at",
        )
    },
    feeds={"stories": ("stories",)},
    grouped={"stories": "source_key"},
    # What is made of a story is its own affair: these words are kept, not translated.
    statuses={},
    signs=signs(("stories", {"story_id", "chapter_count"})),
)

WORKFLOWS = Part(
    tables={
        "story_generation_runs": Table(
            columns={
                "run_id": Type.KEY,
                "story_id": Type.KEY,
                "status": Type.WORD,
                "current_step": Type.WORD,
                "failure_stage": Type.WORD,
                "failure_code": Type.WORD,
                "error_message": Type.TEXT,
                "started_at": Type.UTC,
                "ended_at": Type.UTC,
                "created_at": Type.UTC,
                "updated_at": Type.UTC,
            },
            required=("run_id",),
            export_signs=frozenset({"run_id", "story_id", "current_step"}),
            aliases={
                **aliases.of("run_id", "story_id", "status", "created_at", "updated_at"),
                "current_step": ("step", "current_stage"),
                "failure_stage": ("failed_stage", "failed_step"),
                "failure_code": ("error_code",),
                "error_message": ("error", "failure_reason", "failure_message"),
                "ended_at": ("completed_at", "finished_at", "end_time"),
                "started_at": ("start_time",),
            },
            group="run_id",
            changed="updated_at",
            added="created_at",
        ),
        "story_generation_steps": Table(
            columns={
                "run_id": Type.KEY,
                "step_name": Type.KEY,
                "status": Type.WORD,
                "started_at": Type.UTC,
                "ended_at": Type.UTC,
                "created_at": Type.UTC,
                "updated_at": Type.UTC,
            },
            required=("run_id", "step_name"),
            export_signs=frozenset({"run_id", "step_name", "status"}),
            aliases={
                **aliases.of("run_id", "step_name", "status", "created_at", "updated_at"),
                "ended_at": ("completed_at", "finished_at", "end_time"),
                "started_at": ("start_time",),
            },
            group="run_id",
            changed="updated_at",
            added="created_at",
        ),
        "token_usage_tracking": Table(
            columns={
                "token_usage_id": Type.KEY,
                "story_id": Type.KEY,
                "action": Type.WORD,
                "ai_model": Type.WORD,
                "input_tokens": Type.COUNT,
                "output_tokens": Type.COUNT,
                "estimated_cost_in_euros": Type.MONEY,
                "created_at": Type.UTC,
            },
            required=("token_usage_id",),
            export_signs=frozenset({"token_usage_id", "ai_model"}),
            aliases={
                **aliases.of("story_id", "created_at"),
                "ai_model": ("model", "model_name"),
                "input_tokens": ("prompt_tokens", "tokens_in"),
                "output_tokens": ("completion_tokens", "tokens_out"),
                "estimated_cost_in_euros": ("estimated_cost_in_eur", "estimated_cost_eur", "cost_in_euros", "cost_eur"),
                "action": ("operation", "action_type"),
            },
            added="created_at",
        ),
    },
    feeds={
        "runs": ("story_generation_runs",),
        "step_runs": ("story_generation_steps",),
        "calls": ("token_usage_tracking",),
    },
    grouped={"runs": "source_key", "step_runs": "run_key"},
    statuses=STATUSES,
    signs=signs(
        ("story_generation_runs", {"run_id", "story_id"}),
        ("story_generation_steps", {"run_id", "step_name"}),
        ("token_usage_tracking", {"ai_model", "action"}),
    ),
)

# Messages that are counted as metrics.
METRICS = (
    ("Story context loaded successfully", "context_loaded"),
    ("Chapter count determined from outline", "chapter_count_from_outline"),
    ("Chapter count determined from database", "chapter_count_from_database"),
    ("Could not determine chapter count", "chapter_count_defaulted"),
    ("Chapter count retrieved from cache", "chapter_count_cached"),
    ("Progress update already in progress, skipping", "progress_conflict"),
    ("Skipping progress update for failed run", "failed_run_skip"),
    ("Workflow error occurred", "workflow_error"),
    ("Story not found", "story_not_found"),
    ("Marked orphaned run as failed", "orphaned_run_failed"),
)
# A line of the stack of an error, which belongs to the line above it: of Node and Java; of Python up to the error.
FRAME = re.compile(
    r"\s+(?:at \S.*|\.\.\. \d+ (?:more|common frames omitted|lines matching cause stack trace.*))"
    r"|(?:Caused by: |Suppressed: )?(?:[\w$]+\.)+[\w$]*(?:Exception|Error)(?:: .*)?"
)
TRACEBACK = re.compile(r"\s*(?:\|?\s*)Traceback \(most recent call last\):")
# What loggers call the object that holds the fields.
HOLDERS = (
    *("metadata", "meta", "attributes", "context", "fields", "extra", "@fields", "contextMap", "mdc", "Properties"),
    *("State", "properties"),
)
# What loggers call the message, beside message and msg; the last ones where a time or a level is beside them.
MESSAGES = ("@message", "RenderedMessage", "Message", "@m", "@mt", "event")
MESSAGE_BESIDE = {"@m": ("@t",), "@mt": ("@t",), "event": ("level", "log_level")}
# Behind the key of a file's last line that has no end: the mapping deletes its row once the file goes on.
TORN = "/torn/"
# A service may say a lot before its first line.
LOOKED_AT, MOST_LETTERS = 100, 250_000


def find_log(path: Path) -> Path | None:
    """The path itself if its first lines are those of the service's log, in either form."""
    if not path.is_file():
        return None
    texts: list[str] = []
    for _, text, _ in islice(_texts(path), LOOKED_AT):
        texts += [text] if text else []
        if sum(map(len, texts)) > MOST_LETTERS:
            break
    found = [entry for text in texts if (entry := _entry(text))]
    if not any(entry["metric"] for entry in found) and any(map(_is_plain, texts)):
        return None
    return path if any(entry["run_id"] or entry["story_id"] or entry["metric"] for entry in found) else None


def _is_plain(text: str) -> bool:
    """Whether a line has a step run or a call in the plain form, which a logger has written."""
    fields = {name.lower() for name in object_in(text)}
    return fields >= {"step", "started_at"} or "called_at" in fields


def _texts(path: Path) -> Iterator[Line]:
    return log_lines.joined(envelopes.texts(path))


def stage_log(path: Path) -> Iterator[tuple[str, tuple[Any, ...]]]:
    """A row for each line; the key of a last one that has no end yet says so, for it may go on."""
    file = hashlib.sha256(path.name.encode()).hexdigest()[:8]
    last: tuple[Any, ...] = ()
    for row in _log_rows(path):
        if last:
            yield "log_lines", (*last[:-1], file, last[-1])
        last = row
    if last:
        key, *said, problem = last
        is_torn = problem is None and not log_lines.ends(path)
        yield "log_lines", (f"{key}{TORN}{file}" if is_torn else key, *said, file, problem)


def _log_rows(path: Path) -> Iterator[tuple[Any, ...]]:
    """The key of each line (its text, for logs are rotated and cut), what it says, and its problem."""
    seen: Counter[str] = Counter()
    may_be_frame = is_traced = False
    for number, text, problem in _texts(path):
        entry = _entry(text) if text else None
        bare = log_lines.uncoloured(text or "") if entry else _bare(text or "")
        if not entry and (is_traced or (may_be_frame and TRACEBACK.fullmatch(bare))):
            # It ends with the error, the first line that is not indented.
            is_traced = not is_traced or bare[:1].isspace()
            continue
        is_traced = False
        may_be_frame = bool(entry or (may_be_frame and FRAME.fullmatch(bare)))
        if may_be_frame and not entry:
            continue
        if entry is None:
            # What it says is kept with the reason, up to fields that may hold a prompt.
            said = log_lines.without_fields(bare) if text else None
            yield (f"line {number}", None, said, *[None] * 4, problem or "is no line of a log")
            continue
        digest = hashlib.sha256((text or "").encode()).hexdigest()[:20]
        seen[digest] += 1
        columns = ("level", "message", "metric", "run_id", "story_id", "timestamp")
        yield (f"{digest}/{seen[digest]}", *(entry[column] for column in columns), None)


def _bare(text: str) -> str:
    """A line that says nothing, without what a collector writes before it."""
    payload = envelopes.unwrapped(log_lines.uncoloured(text)).payload
    return log_lines.uncoloured(payload if isinstance(payload, str) else text)


def _entry(text: str) -> dict[str, str | None] | None:
    """Level, message, metric, run_id, story_id and timestamp of a line; None where it is not a line of a log."""
    text = log_lines.uncoloured(text)
    if not text.lstrip().startswith("{") and (entry := _line(text)):
        return entry
    found = envelopes.unwrapped(text)
    if found.payload == text:
        return _line(text)
    is_wrapped = found.time is not None or found.level is not None
    entry = _fields_of(found.payload) if isinstance(found.payload, dict) else _payload_line(found.payload, is_wrapped)
    if entry:
        entry["level"] = entry["level"] or (found.level or "info" if is_wrapped else None)
        entry["timestamp"] = entry["timestamp"] or _word(found.time)
    return entry


def _payload_line(text: str, is_wrapped: bool) -> dict[str, str | None] | None:
    """The line in a payload; the export may have taken its level, which then is that of the wrapper."""
    bare = log_lines.uncoloured(text)
    if bare[:1].isspace() and FRAME.fullmatch(bare):
        return None
    text = bare.strip()
    entry = _line(text)
    if entry is None and text and is_wrapped and (entry := _line(f"info: {text}")):
        entry["level"] = None
    return entry


def _line(text: str) -> dict[str, str | None] | None:
    """What a line says that a logger has printed for people."""
    fields = log_lines.parsed(text)
    return _fields_of(fields) if fields else None


def _fields_of(fields: dict[str, Any]) -> dict[str, str | None] | None:
    """What a line says whose fields are known; None where it has no message."""
    if not fields.keys().isdisjoint(HOLDERS):
        for name in HOLDERS:
            if isinstance(more := fields.get(name), dict):
                fields = {**more, **fields}
    if isinstance(more := fields.get("message"), dict):
        # An object was logged in place of a text.
        fields = {**fields, **more}
    message = fields.get("message", fields.get("msg"))
    if message is None:
        names = (name for name in MESSAGES if not fields.keys().isdisjoint(MESSAGE_BESIDE.get(name, (name,))))
        message = envelopes.first(fields, tuple(names))
    if not isinstance(message, str):
        return None
    metric = next((name for beginning, name in METRICS if message.startswith(beginning)), None)
    # pino calls it err.
    error = fields.get("error", fields.get("err"))
    if isinstance(error, dict):
        error = error.get("message")
    # Serilog leaves out that of information.
    level = envelopes.first(fields, envelopes.LEVELS) or ("info" if "@t" in fields else None)
    return {
        "level": envelopes.level_word(log_lines.uncoloured(str(level))) if level is not None else None,
        "message": f"{message}: {error}" if isinstance(error, str) and error not in message else message,
        "metric": metric,
        "run_id": _word(fields.get("runId", fields.get("run_id"))),
        "story_id": _word(fields.get("storyId", fields.get("story_id"))),
        "timestamp": _word(envelopes.first(fields, envelopes.TIMES)) or _instant(fields.get("instant")),
    }


def _instant(value: Any) -> str | None:
    """The time that log4j2 writes as an object."""
    return _word(value.get("epochSecond")) if isinstance(value, dict) else None


def _word(value: Any) -> str | None:
    return str(value) if isinstance(value, (str, int, float)) and not isinstance(value, bool) else None


LOGS = Part(
    tables={
        "log_lines": Table(
            columns={
                "key": Type.KEY,
                "level": Type.WORD,
                "message": Type.TEXT,
                "metric": Type.WORD,
                "run_id": Type.KEY,
                "story_id": Type.KEY,
                # Winston's own formats of times, and those of other loggers, are local and have no offset.
                "timestamp": Type.LOCAL,
                # A digest of the file's name.
                "file": Type.KEY,
            },
            required=("key",),
        )
    },
    # A line that has been rotated away has not been taken back.
    feeds={},
    statuses={},
    find=find_log,
    stage=stage_log,
)

SYSTEM = System(
    name="workflow",
    title="story-generation service",
    parts={"main": MAIN, "workflows": WORKFLOWS, "logs": LOGS},
    pipeline="workflow",
)
