"""Gemini CLI's sessions: one file of `chats` a session, as a JSON document or (since 2026) as a log of JSON lines.

A log writes a message again, under its id, when more of it is known; a checkpoint repeats all of them. Messages that
a rewind takes back were used and count. Prompts, answers, thoughts and folders are not staged; session ids are hashed.
"""

from collections.abc import Iterable, Iterator, Mapping
from itertools import chain
from pathlib import Path
from typing import Any

from ..readers import text as textfiles
from . import System, Type, recordfiles

# google-gemini/gemini-cli: packages/core/src/services/chatRecordingTypes.ts, TokensSummary.
COUNTERS = ("input", "output", "cached", "thoughts", "tool", "total")
# tmp/<project>/chats/<session>/<agent>.jsonl below ~/.gemini
DEEPEST = 4

MESSAGES = recordfiles.table(
    {
        "session": Type.KEY,
        "message_id": Type.KEY,
        "timestamp": Type.UTC,
        "model": Type.WORD,
        **{f"{counter}_tokens": Type.COUNT for counter in COUNTERS},
    },
    required=("message_id",),
)


def is_ours(record: Mapping[str, Any]) -> bool:
    """Whether a record is a session of Gemini CLI, or one of its messages with its tokens."""
    tokens = record.get("tokens")
    if {"sessionId", "projectHash", "startTime"} <= record.keys():
        return True
    return record.get("type") == "gemini" and isinstance(tokens, dict) and {"input", "output", "total"} <= tokens.keys()


def files(folder: Path) -> Iterator[Path]:
    """The sessions below a folder, and those of their agents."""
    home = folder / "tmp"
    for file in recordfiles.below(home if home.is_dir() else folder, "*.json", "*.jsonl", deepest=DEEPEST):
        if file.name.startswith("session-") or "chats" in file.parts:
            yield file


def read(file: Path, records: Iterable[textfiles.Record]) -> Iterator[recordfiles.Item]:
    """A row for each time that a message of a model is written."""
    session = recordfiles.digest(file.name)
    for number, record, problem in records:
        if record is None:
            yield number, None, problem
            continue
        session = recordfiles.digest(record.get("sessionId")) or session
        for message in chain([record], _held(record), _held(recordfiles.inside(record, "$set"))):
            if isinstance(message, dict) and message.get("type") == "gemini" and message.get("tokens") is not None:
                yield number, *_row(message, session)


def _held(record: Any) -> list[Any]:
    messages = recordfiles.inside(record, "messages") if isinstance(record, Mapping) else None
    return messages if isinstance(messages, list) else []


def _row(message: Mapping[str, Any], session: str | None) -> tuple[recordfiles.Row | None, str | None]:
    tokens = message["tokens"]
    if not isinstance(tokens, dict):
        return None, "tokens is no object"
    used = {f"{counter}_tokens": tokens.get(counter) for counter in COUNTERS}
    names = {"message_id": "id", "timestamp": "timestamp", "model": "model"}
    return {"session": session, **recordfiles.columns(message, names), **used}, None


SYSTEM = System(
    name="gemini_cli",
    title="Gemini CLI session",
    pieces_file=recordfiles.SESSIONS,
    parts={
        "sessions": recordfiles.part(
            "gemini_messages", MESSAGES, is_ours, lambda: read, files=files, feeds=("runs", "calls")
        )
    },
    has_private_names=True,
)
