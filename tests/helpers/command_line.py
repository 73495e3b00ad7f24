"""The command line, here and as a process of its own, and its help texts (`python -m docs.generate` writes them)."""

import contextlib
import io
import os
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from unittest.mock import patch

import click
import pytest
from click.testing import CliRunner

from helpers import ROOT
from helpers.report_database import laid_out
from storyreport.__main__ import main
from storyreport.cli import cli

# The commands that ask a report database, and those that change nothing else than a few of its rows.
ASKING = frozenset({"ack", "check", "diagnose", "digest", "doctor", "note", "report", "sources", "stats", "status"})
PATIENCE_SECONDS = 60
COMMANDS_PAGE = ROOT / "docs" / "commands.md"


def environment(**more: str) -> dict[str, str]:
    """The environment without what would lead the command line elsewhere."""
    kept = {name: value for name, value in os.environ.items() if name not in ("STORYREPORT_DB", "COLUMNS")}
    return {**kept, "COLUMNS": "80", "PYTHONIOENCODING": "utf-8", **more}


def storyreport(
    *arguments: object, cwd: Path, prefix: Sequence[str] = (), typed: str = "", **variables: str
) -> subprocess.CompletedProcess[str]:
    """Run the command line to its end; `typed` comes on standard input.

    What only asks is asked in this process, with what is imported already: its answers are those of a process of its
    own, as tests/command_line/test_own_process.py compares.
    """
    if str(arguments[:1][0] if arguments else "") in ASKING and not (prefix or typed or variables):
        return in_this_process(*arguments, cwd=cwd)
    return in_its_own_process(
        *arguments, cwd=cwd, prefix=prefix, typed=typed, patience_seconds=PATIENCE_SECONDS, **variables
    )


def in_this_process(*arguments: object, cwd: Path) -> subprocess.CompletedProcess[str]:
    """What a process would answer in this folder."""
    words, code = list(map(str, arguments)), 0
    out, err = (io.TextIOWrapper(io.BytesIO(), encoding="utf-8", write_through=True) for _ in range(2))
    with (
        contextlib.redirect_stdout(out),
        contextlib.redirect_stderr(err),
        patch.dict(os.environ, environment(), clear=True),
        pytest.MonkeyPatch.context() as monkeypatch,
    ):
        monkeypatch.chdir(cwd)
        monkeypatch.setattr(sys, "argv", ["storyreport", *words])
        monkeypatch.setattr(sys, "stdin", io.StringIO())
        try:
            main()
        except SystemExit as end:
            code = end.code if isinstance(end.code, int) else int(bool(end.code))
    # With one kind of line ends, as a process is read.
    said = [io.TextIOWrapper(io.BytesIO(each.buffer.getvalue()), encoding="utf-8").read() for each in (out, err)]
    return subprocess.CompletedProcess(words, code, *said)


def in_its_own_process(
    *arguments: object,
    cwd: Path,
    prefix: Sequence[str] = (),
    typed: str = "",
    patience_seconds: float = PATIENCE_SECONDS,
    **variables: str,
) -> subprocess.CompletedProcess[str]:
    """The same as a person has it."""
    return subprocess.run(
        [*prefix, sys.executable, "-m", "storyreport", *map(str, arguments)],
        cwd=cwd,
        env=environment(**variables),
        input=typed,
        capture_output=True,
        encoding="utf-8",
        timeout=patience_seconds,
        check=False,
    )


def ok(*arguments: object, cwd: Path, **variables: str) -> str:
    """Run the command line, which must succeed without a word on stderr; return its stdout."""
    done = storyreport(*arguments, cwd=cwd, **variables)
    assert (done.returncode, done.stderr) == (0, "")
    return done.stdout


def loaded(*sources: object, cwd: Path) -> None:
    """Ingest sources into the report database of a folder, in this process: as a test of something else needs it."""
    database = cwd / "storyreport.db"
    if not database.exists():
        database.write_bytes(laid_out())
    done = in_this_process("ingest", *sources, cwd=cwd)
    assert (done.returncode, done.stderr) == (0, "")


def printed(*arguments: object) -> str:
    """What a command prints that succeeds, called in this process, to a file of 80 columns."""
    # A command sets some of them for the processes that it starts.
    variables = {"COLUMNS": "80", **dict.fromkeys(("STORYREPORT_DB", "STORYREPORT_QUERIES", "STORYREPORT_LIMITS"))}
    done = CliRunner().invoke(cli, list(map(str, arguments)), prog_name="storyreport", env=variables)
    assert (done.exit_code, done.stderr) == (0, ""), done.output
    return done.stdout


def help_block() -> str:
    """The help texts of the program, all its commands and their own commands, as docs/commands.md shows them."""
    texts = []
    for arguments in all_commands():
        called = " ".join(["storyreport", *arguments, "--help"])
        texts.append(f"$ {called}\n{built_help(*arguments).rstrip()}\n")
    return "```\n" + "\n".join(texts) + "```\n"


def all_commands() -> list[list[str]]:
    """The words of the program (none), of its commands, and after each of them of its own commands."""
    found: list[list[str]] = [[]]
    for name in cli.list_commands(click.Context(cli)):
        command = cli.get_command(click.Context(cli), name)
        own = command.list_commands(click.Context(command)) if isinstance(command, click.Group) else []
        found += [[name], *([name, inner] for inner in own)]
    return found


def built_help(*command: str) -> str:
    """The help that click builds for a terminal of 80 columns; `--help` prints the stored one."""
    width = 78 if command else None
    return CliRunner().invoke(cli, [*command, "--help"], prog_name="storyreport", terminal_width=width).output


def page_parts() -> tuple[str, str, str]:
    """docs/commands.md before, between and after the marks of the help texts."""
    content = COMMANDS_PAGE.read_text(encoding="utf-8")
    before, begin, rest = content.partition("<!-- help: storyreport -->\n")
    block, end, after = rest.partition("<!-- end help -->")
    assert begin
    assert end
    return before + begin, block, end + after
