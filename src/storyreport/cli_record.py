"""The commands that record: single steps and calls, and a command that is wrapped as a run."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import click

from . import record as recording
from .cli_sources import EPILOG
from .options import with_database

# Of what a failed command writes to stderr, so much is kept.
TAIL_LINES, TAIL_LETTERS = 12, 2000


@click.group()
def record() -> None:
    """Record a step or a call from a script, beside the report database; `ingest` loads it."""


def _add(kind: str, text: str) -> None:
    """A command with an option for each field of a kind."""

    def callback(database: Path, **fields: Any) -> None:
        recording.record(kind, fields, database)

    command: click.Command = click.command(kind, help=text, epilog=EPILOG)(with_database(callback))
    for name, (_, words) in recording.FIELDS[kind].items():
        if name == "step" and kind == "step":
            command.params.insert(0, click.Argument(["step"], metavar="STEP"))
        else:
            option = click.Option([f"--{name.replace('_', '-')}", name], metavar="VALUE", help=f"{words.capitalize()}.")
            command.params.append(option)
    record.add_command(command)


_add("step", "Record an execution of STEP; without times it ended now.")
_add("call", "Record a call of a model or another paid service.")


@click.command("run", epilog=EPILOG)
@click.argument("name")
@click.argument("command", nargs=-1, required=True, type=click.UNPROCESSED, metavar="-- COMMAND...")
@click.option("--story", metavar="KEY", help="The story that the run is about.")
@click.option("--run", "key", metavar="KEY", help="The key of the run [default: NAME with the time].")
@with_database
def run_command(name: str, command: tuple[str, ...], story: str | None, key: str | None, database: Path) -> None:
    """Run COMMAND and record it as a run of the step NAME: start, end, exit code, end of stderr (redacted).

    The exit code is the command's; 127 if it is not found.
    """
    key = key or f"{name}-{time.strftime('%Y%m%dT%H%M%SZ', time.gmtime())}-{os.urandom(3).hex()}"
    fields: dict[str, Any] = {"step": name, "run": key, "story": story or os.environ.get("STORYREPORT_STORY")}
    fields |= {"id": f"{key}/{name}", "started_at": _now()}
    _note(database, {**fields, "status": "running"})
    code, tail = _wrapped(command, {"STORYREPORT_RUN": key, "STORYREPORT_STORY": fields["story"] or ""})
    ended = {"ended_at": _now(), "status": "failed" if code else "completed"}
    _note(database, {**fields, **ended, **({"error": _error(code, tail)} if code else {})})
    sys.exit(code)


def _note(database: Path, fields: dict[str, Any]) -> None:
    """Record a row; the command matters more than a record that cannot be written."""
    try:
        recording.record("step", fields, database.absolute())
    except OSError as error:
        click.echo(f"Warning: The run is not recorded: {error.filename}: {error.strerror}.", err=True)


def _wrapped(command: tuple[str, ...], variables: dict[str, str]) -> tuple[int, str]:
    """Run a command; return its exit code (128 and the number of a signal) and the end of its stderr."""
    try:
        process = subprocess.Popen(command, stderr=subprocess.PIPE, env={**os.environ, **variables})
    except OSError as error:
        click.echo(f"Error: {command[0]}: {error.strerror}.", err=True)
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


def _now() -> str:
    moment = time.time()
    return time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(moment)) + f".{int(moment % 1 * 1000):03d}Z"
