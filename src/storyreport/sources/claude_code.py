"""Claude Code's session transcripts: one JSONL file a session, or the folder of projects that holds them.

A message is written again while it streams, and into each session that goes on from it, always under its message.id:
its largest line counts. Some gateways have one id for all messages: their requests or sessions tell them apart. What an
advisor model was asked meanwhile is beside the message's own usage. Contents, folders
and branches are private and never staged; of a session's id, a digest is.
"""

from collections.abc import Iterator, Mapping, Sequence
from itertools import islice
from pathlib import Path
from typing import Any

from ..readers import text as textfiles
from . import Part, System, Table, Type, answers, recordfiles

# Transcripts begin with summaries and snapshots; a folder may hold other JSON lines.
LINES_LOOKED_AT = 50
ENDINGS = ("*.jsonl", "*.jsonl.gz")
# projects/<project>/<session>/subagents/workflows/<workflow>/<agent>.jsonl, and room for more.
DEEPEST = 12
# Lines about a session, not of its conversation → a field that tells them from those of other tools. A session that was
# opened and left has no others.
NOTES = {
    "summary": "leafUuid",
    "file-history-snapshot": "messageId",
    "file-history-delta": "messageId",
    **dict.fromkeys(("queue-operation", "custom-title", "ai-title", "agent-name"), "sessionId"),
    **dict.fromkeys(("last-prompt", "mode", "permission-mode", "pr-link", "tag"), "sessionId"),
}
# The model of a message that no model wrote, such as a notice of an error.
NO_MODEL = "<synthetic>"
PROMPT = ("input_tokens", "cache_creation_input_tokens", "cache_read_input_tokens")

MESSAGES = Table(
    columns={
        "line": Type.KEY,
        "position": Type.COUNT,
        "message_id": Type.KEY,
        "request_id": Type.KEY,
        "session": Type.KEY,
        "timestamp": Type.UTC,
        "model": Type.WORD,
        "input_tokens": Type.COUNT,
        "cache_creation_input_tokens": Type.COUNT,
        "cache_read_input_tokens": Type.COUNT,
        "output_tokens": Type.COUNT,
        "reasoning_tokens": Type.COUNT,
        "context_tokens": Type.COUNT,
        "cache_write_1h_tokens": Type.COUNT,
        "web_searches": Type.COUNT,
        "service_tier": Type.WORD,
        "speed": Type.WORD,
        "inference_geo": Type.WORD,
        "cost_usd": Type.MONEY,
    },
    required=("message_id",),
    drops_values=True,
)


def find(path: Path) -> Path | None:
    """The path if it is a session's file, or a folder with such files below it (perhaps in `projects`)."""
    if path.is_file():
        return path if _is_session(path) else None
    folders = (path / "projects", path)
    return next((folder for folder in folders if any(_is_session(file) for file in _files(folder))), None)


def stage(path: Path) -> Iterator[tuple[str, tuple[Any, ...]]]:
    """A row for each line of a model's message, of one session or of all below a folder."""
    position = 0
    for number, file in enumerate([path] if path.is_file() else _files(path), start=1):
        for line, record, broken in _records(file):
            place = f"{number}/{line}"
            for row, problem in _read(record, broken, place):
                position += 1
                row |= {"line": place, "position": position}
                yield "claude_messages", (*(row.get(column) for column in MESSAGES.columns), problem)


def _read(
    record: Mapping[str, Any] | None, broken: str | None, place: str
) -> Iterator[tuple[dict[str, Any], str | None]]:
    """(row, None) of each model's answer on a line, or ({}, problem)."""
    if record is None:
        yield {}, broken
        return
    try:
        rows = list(_rows(_envelope(record), place))
    except textfiles.BrokenRecord as error:
        yield {}, str(error)
        return
    for row in rows:
        yield row, None


def _records(file: Path) -> Iterator[textfiles.Record]:
    try:
        yield from textfiles.records(file)
    except OSError as error:
        yield 0, None, f"the file cannot be read: {error.strerror}"


def _files(folder: Path) -> Iterator[Path]:
    """The JSONL files below a folder, in the order of their paths; links are not followed."""
    return recordfiles.below(folder, *ENDINGS, deepest=DEEPEST)


def _is_session(file: Path) -> bool:
    """Whether one of the first lines is a message in Claude Code's envelope, or all are notes about a session."""
    are_notes = set()
    for _, record, _ in islice(_records(file), LINES_LOOKED_AT):
        are_notes.add(_is_note(record))
        envelope = _envelope(record or {})
        message = envelope.get("message")
        if isinstance(message, dict) and "parts" not in message:
            if {"sessionId", "uuid"} <= set(envelope):
                return True
            usage = message.get("usage")
            if isinstance(usage, dict) and _is_message(envelope, usage):
                return True
    return are_notes == {True}


def _is_note(record: Mapping[str, Any] | None) -> bool:
    """Whether a line is a note about a session."""
    kind = (record or {}).get("type")
    return record is not None and isinstance(kind, str) and NOTES.get(kind) in record


def _is_message(envelope: Mapping[str, Any], usage: Mapping[str, Any]) -> bool:
    """Whether a line with usage is a transcript's; the earliest versions wrote little more than its time."""
    is_early = "timestamp" in envelope and {"input_tokens", "output_tokens"} <= usage.keys()
    return bool({"sessionId", "requestId", "parentUuid"} & set(envelope)) or (is_early and "session_id" not in envelope)


def _envelope(record: Mapping[str, Any]) -> Mapping[str, Any]:
    """A line as a message's envelope: the progress of a sub-agent holds that of the agent's message."""
    if record.get("type") != "progress":
        return record
    data = record.get("data")
    inner = recordfiles.inside(data, "message")
    if recordfiles.inside(data, "type") != "agent_progress" or not isinstance(inner, dict):
        return record
    around = {name: record[name] for name in ("sessionId", "uuid", "timestamp") if name in record}
    return {**around, **inner} if isinstance(inner.get("message"), dict) else {**around, "message": inner}


def _rows(record: Mapping[str, Any], place: str) -> Iterator[dict[str, Any]]:
    """A row for a message of a model, and one for each answer beside it; none for another line."""
    message = record.get("message")
    if record.get("type") not in ("assistant", None):
        return
    if not isinstance(message, dict):
        if record.get("type") is None and message is None:
            return
        raise textfiles.BrokenRecord("message is no object")
    if record.get("type") is None and "usage" not in message:
        return
    usage = textfiles.object_in(message, "usage")
    model = textfiles.single(message.get("model"), "model")
    if model == NO_MODEL:
        return
    session = textfiles.single(record.get("sessionId"), "sessionId")
    message_id = (
        textfiles.single(message.get("id"), "message.id")
        or textfiles.single(record.get("uuid"), "uuid")
        or f"line {place}"
    )
    around = {
        "request_id": textfiles.single(record.get("requestId"), "requestId"),
        "session": recordfiles.digest(session),
        "timestamp": textfiles.single(record.get("timestamp"), "timestamp"),
    }
    cost = textfiles.single(record.get("costUSD"), "costUSD")
    iterations = usage.get("iterations")
    parts = iterations if isinstance(iterations, list) else []
    yield {
        **around,
        "message_id": message_id,
        "model": model,
        **_usage(usage),
        "context_tokens": _longest_prompt(usage, parts),
        "cost_usd": cost,
    }
    for number, iteration in enumerate(parts):
        kind = recordfiles.inside(iteration, "type")
        if isinstance(kind, str) and (name := answers.BESIDE_MESSAGE.get(kind)):
            asked = record.get("advisorModel") if name == "advisor" else model
            yield {
                **around,
                "message_id": f"{message_id}/{name}/{number}",
                "model": textfiles.single(iteration.get("model") or asked, "advisorModel"),
                **_usage(iteration),
            }


def _longest_prompt(usage: Mapping[str, Any], iterations: Sequence[Any]) -> int | None:
    """The tokens of the longest prompt of a message that was asked for in several requests, whose sum its usage is."""
    asked = [_prompt(part) for part in iterations if recordfiles.inside(part, "type") == "message"]
    return max(asked) if len(asked) > 1 and sum(asked) == _prompt(usage) else None


def _prompt(usage: Mapping[str, Any]) -> int:
    """All tokens that went in, written to a cache or read from it."""
    counts = (textfiles.whole(usage.get(name)) for name in PROMPT)
    return sum(count for count in counts if type(count) is int)


def _usage(usage: Mapping[str, Any]) -> dict[str, Any]:
    """The usage of one answer by column."""
    names = ("input_tokens", "cache_read_input_tokens", "output_tokens", "service_tier", "speed", "inference_geo")
    durations = {
        name: textfiles.whole(textfiles.single(value, name))
        for name, value in textfiles.object_in(usage, "cache_creation").items()
        if name in ("ephemeral_5m_input_tokens", "ephemeral_1h_input_tokens") and value is not None
    }
    written = usage.get("cache_creation_input_tokens")
    if durations:
        if not all(isinstance(part, int) for part in durations.values()):
            raise textfiles.BrokenRecord("cache_creation holds no numbers")
        parts = sum(durations.values())
        # Some gateways pass on the durations alone, and a sum of 0.
        written = parts if written is None or (isinstance(written, int) and written < parts) else written
    searches = textfiles.object_in(usage, "server_tool_use").get("web_search_requests")
    thought = recordfiles.inside(usage, "output_tokens_details", "thinking_tokens")
    return {
        **{name: textfiles.single(usage.get(name), name) for name in names},
        "cache_creation_input_tokens": textfiles.single(written, "cache_creation_input_tokens"),
        "cache_write_1h_tokens": durations.get("ephemeral_1h_input_tokens"),
        "reasoning_tokens": textfiles.single(thought, "thinking_tokens"),
        "web_searches": textfiles.single(searches, "web_search_requests"),
    }


def why_not(path: Path) -> str | None:
    """Of a session of Qwen Code, whose lines are in the same envelope."""
    first = (record for _, record, _ in textfiles.first_records(path, LINES_LOOKED_AT))
    if any(isinstance(recordfiles.inside(record, "message", "parts"), list) for record in first):
        return "is a session of Qwen Code, which is not read: give its calls as CSV, see docs/plain-formats.md"
    return None


SESSIONS = Part(
    tables={"claude_messages": MESSAGES},
    feeds={"runs": ("claude_messages",), "calls": ("claude_messages",)},
    statuses={},
    find=find,
    stage=stage,
    why_not=why_not,
    largest_wins=True,
)

SYSTEM = System(
    name="claude_code",
    title="Claude Code session",
    pieces_file=recordfiles.SESSIONS,
    parts={"sessions": SESSIONS},
    has_private_names=True,
)
