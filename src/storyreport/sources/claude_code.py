"""Claude Code's session transcripts: one JSONL file a session, or the folder of projects that holds them.

A message is written again while it streams, and into each session that goes on from it, always under its message.id:
its last line counts. Contents, folders and branches are private and never staged; of a session's id, a digest is.
"""

import hashlib
import os
from collections.abc import Iterator, Mapping
from itertools import islice
from pathlib import Path
from typing import Any

from ..readers import text as textfiles
from . import Part, System, Table, Type

# Transcripts begin with summaries and snapshots; a folder may hold other JSON lines.
LINES_LOOKED_AT = 50
FILES_LOOKED_AT = 20
ENDINGS = (".jsonl", ".jsonl.gz")
# projects/<project>/<session>/subagents/<agent>.jsonl
DEEPEST = 4
# The model of a message that no model wrote, such as a notice of an error.
NO_MODEL = "<synthetic>"

MESSAGES = Table(
    columns={
        "line": Type.KEY,
        "position": Type.COUNT,
        "message_id": Type.KEY,
        "session": Type.KEY,
        "timestamp": Type.UTC,
        "model": Type.WORD,
        "input_tokens": Type.COUNT,
        "cache_creation_input_tokens": Type.COUNT,
        "cache_read_input_tokens": Type.COUNT,
        "output_tokens": Type.COUNT,
        "cost_usd": Type.MONEY,
    },
    required=("message_id",),
)


def find(path: Path) -> Path | None:
    """The path if it is a session's file, or a folder with such files below it (perhaps in `projects`)."""
    if path.is_file():
        return path if _is_session(path) else None
    for folder in (path, path / "projects"):
        if any(_is_session(file) for file in islice(_files(folder, deepest=2), FILES_LOOKED_AT)):
            return folder
    return None


def stage(path: Path) -> Iterator[tuple[str, tuple[Any, ...]]]:
    """A row for each line of a model's message, of one session or of all below a folder."""
    position = 0
    for number, file in enumerate([path] if path.is_file() else _files(path), start=1):
        for line, record, broken in _records(file):
            row: dict[str, Any] | None = {}
            place = f"{number}/{line}"
            if record is not None:
                try:
                    row = _row(record, place)
                except textfiles.BrokenRecord as error:
                    broken = str(error)
            if row is not None:
                position += 1
                row |= {"line": place, "position": position}
                yield "claude_messages", (*(row.get(column) for column in MESSAGES.columns), broken)


def _records(file: Path) -> Iterator[textfiles.Record]:
    try:
        yield from textfiles.records(file)
    except OSError as error:
        yield 0, None, f"the file cannot be read: {error.strerror}"


def _files(folder: Path, deepest: int = DEEPEST) -> Iterator[Path]:
    """The JSONL files below a folder, in the order of their names; links are not followed."""
    try:
        with os.scandir(folder) as found:
            ours = (entry for entry in found if entry.name.endswith(ENDINGS) or entry.is_dir(follow_symlinks=False))
            entries = sorted(ours, key=lambda entry: entry.name)
    except OSError:
        return
    for entry in entries:
        if entry.is_dir(follow_symlinks=False):
            if deepest > 1:
                yield from _files(Path(entry.path), deepest - 1)
        elif entry.is_file():
            yield Path(entry.path)


def _is_session(file: Path) -> bool:
    """Whether one of the first lines is a message in Claude Code's envelope."""
    for _, record, _ in islice(_records(file), LINES_LOOKED_AT):
        message = (record or {}).get("message")
        if record and isinstance(message, dict):
            if {"sessionId", "uuid"} <= set(record):
                return True
            if isinstance(message.get("usage"), dict) and {"sessionId", "requestId", "parentUuid"} & set(record):
                return True
    return False


def _row(record: Mapping[str, Any], place: str) -> dict[str, Any] | None:
    """The values of a line by column; None for one that is no message of a model."""
    message = record.get("message")
    if record.get("type") not in ("assistant", None):
        return None
    if not isinstance(message, dict):
        if record.get("type") is None and message is None:
            return None
        raise textfiles.BrokenRecord("message is no object")
    if record.get("type") is None and "usage" not in message:
        return None
    usage = textfiles.object_in(message, "usage")
    model = textfiles.single(message.get("model"), "model")
    if model == NO_MODEL:
        return None
    written = usage.get("cache_creation_input_tokens")
    if written is None:
        parts = [
            textfiles.single(value, name)
            for name, value in textfiles.object_in(usage, "cache_creation").items()
            if name in ("ephemeral_5m_input_tokens", "ephemeral_1h_input_tokens") and value is not None
        ]
        if not all(isinstance(part, int) for part in parts):
            raise textfiles.BrokenRecord("cache_creation holds no numbers")
        written = sum(parts) if parts else None
    session = textfiles.single(record.get("sessionId"), "sessionId")
    return {
        "message_id": textfiles.single(message.get("id"), "message.id")
        or textfiles.single(record.get("uuid"), "uuid")
        or f"line {place}",
        "session": hashlib.sha256(str(session).encode(errors="replace")).hexdigest()[:16] if session else None,
        "timestamp": textfiles.single(record.get("timestamp"), "timestamp"),
        "model": model,
        "input_tokens": textfiles.single(usage.get("input_tokens"), "input_tokens"),
        "cache_creation_input_tokens": textfiles.single(written, "cache_creation_input_tokens"),
        "cache_read_input_tokens": textfiles.single(usage.get("cache_read_input_tokens"), "cache_read_input_tokens"),
        "output_tokens": textfiles.single(usage.get("output_tokens"), "output_tokens"),
        "cost_usd": textfiles.single(record.get("costUSD"), "costUSD"),
    }


SESSIONS = Part(
    tables={"claude_messages": MESSAGES},
    feeds={"runs": ("claude_messages",), "calls": ("claude_messages",)},
    statuses={},
    find=find,
    stage=stage,
)

SYSTEM = System(
    name="claude_code",
    title="Claude Code session",
    parts={"sessions": SESSIONS},
    has_private_names=True,
)
