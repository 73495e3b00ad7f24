"""Log events of coding agents as OTLP JSON: Claude Code's API requests, Codex CLI's responses, Gemini CLI's responses.

One export request a line, or one document; or the records themselves, as Gemini CLI writes them to its outfile.
Prompts, tools, errors' texts, accounts and addresses are never staged; of a session's id, a digest is. Claude Code's
events were seen as they are documented; the other two in the agents' sources.
"""

from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

from ..readers import text as textfiles
from . import System, Type, recordfiles

# event → (agent, provider, whether it failed)
EVENTS = {
    "claude_code.api_request": ("claude_code", "anthropic", False),
    "claude_code.api_error": ("claude_code", "anthropic", True),
    "gemini_cli.api_response": ("gemini_cli", "google", False),
    "gemini_cli.api_error": ("gemini_cli", "google", True),
    "codex.sse_event": ("codex", "openai", False),
}
# Claude Code's events are called without the agent before them.
BARE_NAMES = {"api_request": "claude_code.api_request", "api_error": "claude_code.api_error"}
WRAPPERS = ("stringValue", "intValue", "doubleValue", "boolValue")
NAMES = {
    "session": ("session.id", "conversation.id"),
    "request_id": ("request_id", "client_request_id"),
    "time": "event.timestamp",
    "sequence": "event.sequence",
    "model": "model",
    "status_code": ("status_code", "http.response.status_code"),
    "duration_ms": "duration_ms",
    "cost_usd": "cost_usd",
    "speed": "speed",
    "input_tokens": ("input_tokens", "input_token_count"),
    "output_tokens": ("output_tokens", "output_token_count"),
    "cache_read_tokens": ("cache_read_tokens", "cached_content_token_count", "cached_token_count"),
    "cache_write_tokens": "cache_creation_tokens",
    "thought_tokens": ("thoughts_token_count", "reasoning_token_count"),
    "tool_tokens": "tool_token_count",
    "kind": "event.kind",
    "user": ("user.id", "user.account_uuid", "user.email"),
}
READ = frozenset(
    ("event.name", *(name for names in NAMES.values() for name in ((names,) if isinstance(names, str) else names)))
)

REQUESTS = recordfiles.table(
    {
        "agent": Type.WORD,
        "provider": Type.WORD,
        "is_failed": Type.FLAG,
        "session": Type.KEY,
        "request_id": Type.KEY,
        "called_at": Type.UTC,
        "sequence": Type.COUNT,
        "model": Type.WORD,
        "status_code": Type.WORD,
        "duration_ms": Type.MS,
        "cost_usd": Type.MONEY,
        "speed": Type.WORD,
        "user": Type.HASHED,
        **{name: Type.COUNT for name in NAMES if name.endswith("_tokens")},
    },
    required=("called_at",),
)


def is_ours(record: Mapping[str, Any]) -> bool:
    """Whether an export request has an event of an agent."""
    return any(problem is None and _event(entry) in EVENTS for entry, problem in _entries(record))


def read(file: Path, records: Iterable[textfiles.Record]) -> Iterator[recordfiles.Item]:
    """A row for each event of a request."""
    for number, record, problem in records:
        if record is None:
            yield number, None, problem
            continue
        for entry, broken in _entries(record):
            row = None if broken else _row(entry)
            if broken or row is not None:
                yield number, row, broken


def _entries(record: Mapping[str, Any]) -> Iterator[tuple[Mapping[str, Any], str | None]]:
    """(log record, None) or ({}, problem) of each log record of an export request."""
    if "hrTime" in record:
        yield _as_otlp(record), None
        return
    below: list[Any] = [record]
    for name in ("resourceLogs", "scopeLogs", "logRecords"):
        held = [holder.get(name) for holder in below]
        if any(value is not None and not isinstance(value, list) for value in held):
            yield {}, f"{name} is no list"
        items = [item for value in held if isinstance(value, list) for item in value]
        below = [item for item in items if isinstance(item, dict)]
        if len(below) < len(items):
            yield {}, f"an item of {name} is no object"
    for entry in below:
        yield entry, None


def _as_otlp(record: Mapping[str, Any]) -> Mapping[str, Any]:
    """A log record of OpenTelemetry's package for JavaScript as OTLP has it."""
    attributes, moment = record.get("attributes"), record["hrTime"]
    held = attributes.items() if isinstance(attributes, dict) else ()
    is_moment = isinstance(moment, list) and len(moment) == 2 and all(type(part) is int for part in moment)
    return {
        "attributes": [{"key": key, "value": {"stringValue": value}} for key, value in held],
        "body": {"stringValue": record.get("body")},
        "timeUnixNano": moment[0] * 10**9 + moment[1] if is_moment else None,
    }


def _attributes(entry: Mapping[str, Any]) -> dict[str, Any]:
    """The attributes that are read, unwrapped."""
    attributes = entry.get("attributes")
    found = {}
    for attribute in attributes if isinstance(attributes, list) else []:
        key, value = recordfiles.inside(attribute, "key"), recordfiles.inside(attribute, "value")
        if isinstance(key, str) and key in READ and isinstance(value, dict):
            found[key] = next((value[name] for name in WRAPPERS if name in value), None)
    return found


def _event(entry: Mapping[str, Any]) -> str:
    """The event's name with its agent's before it; the body has it too, where it is no text for people."""
    body = str(recordfiles.inside(entry, "body", "stringValue") or "")
    name = str(_attributes(entry).get("event.name") or body)
    return BARE_NAMES.get(name, name) if body in ("", name, BARE_NAMES.get(name)) else name


def _row(entry: Mapping[str, Any]) -> recordfiles.Row | None:
    """An event by column; None for one that is no request."""
    event, attributes = _event(entry), _attributes(entry)
    if event not in EVENTS:
        return None
    row = recordfiles.columns(attributes, NAMES)
    if event == "codex.sse_event" and row["kind"] != "response.completed":
        return None
    agent, provider, is_failed = EVENTS[event]
    return {
        **row,
        "agent": agent,
        "provider": provider,
        "is_failed": is_failed,
        "session": recordfiles.digest(row["session"]),
        "called_at": row["time"] or _milliseconds(entry.get("timeUnixNano") or entry.get("observedTimeUnixNano")),
    }


def _milliseconds(nanoseconds: Any) -> Any:
    """Nanoseconds since 1970 (as text: they have 64 bits) as milliseconds; another value as it is."""
    is_text = isinstance(nanoseconds, str) and nanoseconds.isascii() and nanoseconds.isdigit() and len(nanoseconds) < 21
    if is_text or (isinstance(nanoseconds, int) and not isinstance(nanoseconds, bool)):
        return int(nanoseconds) // 1_000_000
    return nanoseconds


SYSTEM = System(
    name="agent_logs",
    title="coding agent's OTLP log",
    pieces_file=recordfiles.SESSIONS,
    parts={"logs": recordfiles.part("agent_requests", REQUESTS, is_ours, lambda: read, feeds=("runs", "calls"))},
)
