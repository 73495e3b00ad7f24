"""Rows from a script that has no log of its own: a step or a call, one JSON line each, beside the report database.

    from storyreport import record
    record.step("write", story="A-17", duration_s=3.2)
    record.call(provider="openai", model="gpt-4o", cost=0.0046, currency="USD")

`storyreport ingest` loads them as the source `recorded`. Many processes may record at once. Little is imported, so that
a script waits for milliseconds.
"""

import json
import os
import re
import time
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from .errors import UsageError
from .outcomes import STATUSES

if TYPE_CHECKING:
    from datetime import datetime

NAME = "recorded"
FILES = {"step": "steps.jsonl", "call": "calls.jsonl"}
# What the runs of `storyreport run` hand on to the commands within them.
CONTEXT = {"run": "STORYREPORT_RUN", "story": "STORYREPORT_STORY"}
ISO = re.compile(r"\d{4}-\d\d-\d\d([T ]\d\d:\d\d(:\d\d(\.\d{1,6})?)?(Z|[+-]\d\d:?\d\d)?)?", re.ASCII)
CURRENCY = re.compile("[A-Za-z]{3}")
LONGEST = 10_000


def folder(database: str) -> str:
    """The folder of a report database's recorded rows: storyreport.db → storyreport-recorded."""
    return f"{os.path.splitext(database)[0]}-{NAME}"


def _text(value: Any) -> str | None:
    return value[:LONGEST] if isinstance(value, str) and value.strip() else None


def _amount(value: Any) -> float | None:
    try:
        number = float(value)
    except (TypeError, ValueError):
        return None
    return number if 0 <= number < 1e15 else None


def _count(value: Any) -> int | None:
    number = _amount(value)
    return int(number) if number is not None and number == int(number) else None


def _ordinal(value: Any) -> int | None:
    return _count(value) or None


def _time(value: Any) -> str | None:
    if not isinstance(value, str) or not ISO.fullmatch(value.strip()):
        return None
    try:
        found = _read(value.strip())
    except ValueError:
        return None
    return value.strip() if found.year > 1 else None


def _status(value: Any) -> str | None:
    return value if value in STATUSES else None


def _flag(value: Any) -> int | None:
    return {"1": 1, "true": 1, "yes": 1, "0": 0, "false": 0, "no": 0}.get(str(value).lower())


Kind = tuple[Callable[[Any], Any], str]
TEXT: Kind = (_text, "a text")
AMOUNT: Kind = (_amount, "a number, not negative")
COUNT: Kind = (_count, "a whole number, not negative")
ORDINAL: Kind = (_ordinal, "a whole number, 1 or more")
MOMENT: Kind = (_time, "a time such as 2026-03-01T10:00:00Z")
STATUS: Kind = (
    _status,
    "one of queued, running, waiting, completed, failed, cancelled, skipped and blocked",
)
FLAG: Kind = (_flag, "yes or no")
MONEY: Kind = (lambda value: value if CURRENCY.fullmatch(str(value)) else None, "a currency such as USD")
COMMON = {"id": TEXT, "run": TEXT, "story": TEXT, "status": STATUS, "error": TEXT}
DURATIONS = {"duration_ms": AMOUNT, "duration_s": AMOUNT}
# The fields of docs/plain-formats.md.
FIELDS: dict[str, dict[str, Kind]] = {
    "step": {
        "step": TEXT,
        **COMMON,
        "story_title": TEXT,
        "family": TEXT,
        "attempt": ORDINAL,
        "queued_at": MOMENT,
        "started_at": MOMENT,
        "ended_at": MOMENT,
        **DURATIONS,
        "acceptance_passed": FLAG,
    },
    "call": {
        "provider": TEXT,
        "model": TEXT,
        "endpoint": TEXT,
        **COMMON,
        "step": TEXT,
        "called_at": MOMENT,
        **DURATIONS,
        **{
            f"{name}_tokens": COUNT
            for name in ("input", "output", "cache_read", "cache_write", "cache_write_1h", "reasoning", "total")
        },
        "web_searches": COUNT,
        "input_characters": COUNT,
        "audio_seconds": AMOUNT,
        "document_pages": COUNT,
        "cost": AMOUNT,
        "currency": MONEY,
        "tier": TEXT,
        "team": TEXT,
        "project": TEXT,
        "tag": TEXT,
        "calls": COUNT,
    },
}


def step(name: str, *, database: str | os.PathLike[str] | None = None, **fields: Any) -> str:
    """Record an execution of a step and return its id; UsageError for an unknown field or an impossible value.

    Without times it ended now. Of several rows with one `id` the ended one counts.
    """
    return record("step", {"step": name, **fields}, database)


def call(*, database: str | os.PathLike[str] | None = None, **fields: Any) -> str:
    """Record a call of a model or another paid service and return its id; UsageError as `step`."""
    return record("call", fields, database)


def record(kind: str, fields: dict[str, Any], database: str | os.PathLike[str] | None = None) -> str:
    """Record a row of a kind (`step`, `call`) and return its id; nothing is written where a value is impossible."""
    row = _row(kind, fields)
    path = os.fspath(database or os.environ.get("STORYREPORT_DB") or "storyreport.db")
    home = folder(path)
    os.makedirs(home, exist_ok=True)
    line = json.dumps(row, ensure_ascii=False) + "\n"
    _append(os.path.join(home, FILES[kind]), line.encode("utf-8", "replace"))
    return str(row["id"])


def _row(kind: str, fields: dict[str, Any]) -> dict[str, Any]:
    known = FIELDS[kind]
    row: dict[str, Any] = {}
    given = {name: os.environ[variable] for name, variable in CONTEXT.items() if os.environ.get(variable)}
    for name, value in {**given, **{name: value for name, value in fields.items() if value is not None}}.items():
        if name not in known:
            raise UsageError(f"A {kind} has no field {name!r}: its fields are {', '.join(known)}.")
        accepts, words = known[name]
        row[name] = accepts(value)
        if row[name] is None:
            raise UsageError(f"{name} must be {words}, not {value!r}.")
    row.setdefault("id", os.urandom(8).hex())
    _check(kind, row)
    return row


def _check(kind: str, row: dict[str, Any]) -> None:
    """Fill in the times that are needed, and refuse what cannot be."""
    duration = row.get("duration_s", row.get("duration_ms", 0) / 1000)
    if kind == "call":
        _check_call(row, time.time() - duration)
    else:
        _check_step(row, duration)


def _check_call(row: dict[str, Any], began: float) -> None:
    if not {"provider", "model"} & row.keys():
        raise UsageError("A call needs a provider or a model.")
    row.setdefault("called_at", moment(began))


def _check_step(row: dict[str, Any], duration: float) -> None:
    now = time.time()
    if "step" not in row:
        raise UsageError("A step needs a name.")
    is_open = row.get("status") in ("queued", "running", "waiting")
    if is_open and "ended_at" in row:
        raise UsageError(f"A step that is {row['status']} has not ended: leave out ended_at.")
    if not {"queued_at", "started_at", "ended_at"} & row.keys():
        if is_open:
            row["started_at" if row["status"] == "running" else "queued_at"] = moment(now)
        else:
            row["ended_at"] = moment(now)
            row["started_at"] = moment(now - duration) if duration else ""
    row.setdefault("started_at", "")
    if row["started_at"] and row.get("ended_at") and _read(row["ended_at"]) < _read(row["started_at"]):
        raise UsageError(f"ended_at {row['ended_at']} is before started_at {row['started_at']}.")


def _read(text: str) -> "datetime":
    """A time that ISO accepts, in UTC where it names no offset; ValueError for an impossible one."""
    from datetime import datetime, timezone

    # Python 3.10 reads neither Z nor an offset without a colon.
    found = datetime.fromisoformat(re.sub(r"([+-]\d\d)(\d\d)$", r"\1:\2", text.replace("Z", "+00:00")))
    return found if found.tzinfo else found.replace(tzinfo=timezone.utc)


def moment(seconds: float | None = None) -> str:
    """A time, or now, as UTC text with milliseconds."""
    seconds = time.time() if seconds is None else seconds
    return time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(seconds)) + f".{int(seconds % 1 * 1000):03d}Z"


def _append(path: str, line: bytes) -> None:
    """Append a line in one write, which no other process's goes between; OSError where it is not written whole."""
    file = os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT | getattr(os, "O_BINARY", 0), 0o600)
    try:
        lock(file)
        if os.write(file, line) != len(line):
            raise OSError(28, "The disk is full", path)
    finally:
        os.close(file)


def lock(file: int) -> None:
    """Wait until no other process writes, where the system has such locks (they end with the file)."""
    try:
        import fcntl
    except ImportError:
        return
    fcntl.flock(file, fcntl.LOCK_EX)


def quick(arguments: list[str]) -> bool:
    """Record what plain arguments say without the rest of the program; False where the command line has to look."""
    if len(arguments) < 2 or arguments[0] not in FILES:
        return False
    kind, words = arguments[0], arguments[1:]
    fields: dict[str, Any] = {}
    database = None
    if kind == "step":
        if words[0].startswith("-"):
            return False
        fields["step"], words = words[0], words[1:]
    if len(words) % 2:
        return False
    for option, value in zip(words[::2], words[1::2], strict=True):
        name = option.removeprefix("--").replace("-", "_")
        if option == "--db":
            database = value
        elif option.startswith("--") and name in FIELDS[kind] and name not in fields:
            fields[name] = value
        else:
            return False
    try:
        record(kind, fields, database)
    except (UsageError, OSError):
        # Said by the command line, in its way.
        return False
    return True
