"""A command that is run and recorded: start, end, exit code and the end of what it writes to stderr."""

import os
import sys
import time
from typing import Any

from . import record
from .errors import UsageError

# The end of a failed command's stderr that is kept.
TAIL_LINES, TAIL_LETTERS = 12, 2000
OPTIONS = {"--story": "story", "--run": "key", "--db": "database"}


def quick(arguments: list[str]) -> int | None:
    """Run what plain arguments say without click, and return the exit code; None where the command line has to look."""
    if "--" not in arguments:
        return None
    place = arguments.index("--")
    words, command = arguments[:place], tuple(arguments[place + 1 :])
    if not command or len(words) % 2 == 0 or words[0].startswith("-"):
        return None
    given: dict[str, str] = {}
    for option, value in zip(words[1::2], words[2::2], strict=True):
        if option not in OPTIONS or OPTIONS[option] in given:
            return None
        given[OPTIONS[option]] = value
    database = given.pop("database", "") or os.environ.get("STORYREPORT_DB") or "storyreport.db"
    try:
        return run(words[0], command, given.get("story"), given.get("key"), database)
    except UsageError:
        # Said by the command line, in its way; nothing was run.
        return None


def run(
    name: str, command: tuple[str, ...], story: str | None, key: str | None, database: str | os.PathLike[str]
) -> int:
    """Run a command, record it as a run of a step, and return its exit code.

    It is 127 if the command is not found; UsageError, and nothing is run, where it cannot be recorded as it is named.
    """
    key = key or f"{name}-{time.strftime('%Y%m%dT%H%M%SZ', time.gmtime())}-{os.urandom(3).hex()}"
    fields: dict[str, Any] = {"step": name, "run": key, "story": story or os.environ.get("STORYREPORT_STORY")}
    fields |= {"id": f"{key}/{name}", "started_at": record.moment()}
    # The command may go to another folder.
    database = os.path.abspath(database)
    _note(database, {**fields, "status": "running"})
    code, tail = _wrapped(command, {"STORYREPORT_RUN": key, "STORYREPORT_STORY": fields["story"] or ""})
    ended = {"ended_at": record.moment(), "status": "failed" if code else "completed"}
    _note(database, {**fields, **ended, **({"error": _error(code, tail)} if code else {})})
    return code


def _note(database: str, fields: dict[str, Any]) -> None:
    """Record a row; the command matters more than a record that cannot be written."""
    try:
        record.record("step", fields, database)
    except OSError as error:
        print(f"Warning: The run is not recorded: {error.filename}: {error.strerror}.", file=sys.stderr)


def _wrapped(command: tuple[str, ...], variables: dict[str, str]) -> tuple[int, str]:
    """Run a command; return its exit code (128 and the number of a signal) and the end of its stderr."""
    import signal
    import subprocess

    try:
        process = subprocess.Popen(command, stderr=subprocess.PIPE, env={**os.environ, **variables})
    except OSError as error:
        print(f"Error: {command[0]}: {error.strerror}.", file=sys.stderr)
        return (127 if isinstance(error, FileNotFoundError) else 126), f"{command[0]}: {error.strerror}"
    # A terminal's Ctrl-C reaches the command, too, and a signal to us is handed on: its end is recorded.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.signal(signal.SIGTERM, lambda *_: process.terminate())
    assert process.stderr
    tail = b""
    while chunk := os.read(process.stderr.fileno(), 65_536):
        sys.stderr.buffer.write(chunk)
        sys.stderr.buffer.flush()
        tail = (tail + chunk)[-4 * TAIL_LETTERS :]
    code = process.wait()
    return code if code >= 0 else 128 - code, tail.decode("utf-8", "replace")


def _error(code: int, tail: str) -> str:
    from .values.privacy import redacted

    lines = redacted(tail).strip().splitlines()[-TAIL_LINES:]
    return f"exit code {code}: {' '.join(' '.join(lines).split())[-TAIL_LETTERS:]}".rstrip(": ")
