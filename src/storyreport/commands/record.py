"""The commands that record: single steps and calls, and a command that is wrapped as a run."""

import sys
from pathlib import Path
from typing import Any

import click

from .. import record as recording
from .. import wrapped
from .options import EPILOG, with_database


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
            sentence = f"{words[:1].upper()}{words[1:]}."
            option = click.Option([f"--{name.replace('_', '-')}", name], metavar="VALUE", help=sentence)
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
    sys.exit(wrapped.run(name, command, story, key, database))
