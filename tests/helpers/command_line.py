"""The command line as a process of its own, and its help texts (`python -m docs.generate` writes them)."""

import os
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

import click
from click.testing import CliRunner

from helpers import ROOT
from storyreport.cli import cli

README = ROOT / "README.md"


def environment(**more: str) -> dict[str, str]:
    """The environment without what would lead the command line elsewhere."""
    kept = {name: value for name, value in os.environ.items() if name not in ("STORYREPORT_DB", "COLUMNS")}
    return {**kept, "COLUMNS": "80", "PYTHONIOENCODING": "utf-8", **more}


def storyreport(
    *arguments: object, cwd: Path, prefix: Sequence[str] = (), typed: str = "", **variables: str
) -> subprocess.CompletedProcess[str]:
    """Run the command line to its end; `typed` comes on standard input."""
    return subprocess.run(
        [*prefix, sys.executable, "-m", "storyreport", *map(str, arguments)],
        cwd=cwd,
        env=environment(**variables),
        input=typed,
        capture_output=True,
        encoding="utf-8",
        timeout=60,
        check=False,
    )


def ok(*arguments: object, cwd: Path, **variables: str) -> str:
    """Run the command line, which must succeed without a word on stderr; return its stdout."""
    done = storyreport(*arguments, cwd=cwd, **variables)
    assert (done.returncode, done.stderr) == (0, "")
    return done.stdout


def printed(*arguments: object) -> str:
    """What a command prints that succeeds, called in this process, to a file of 80 columns."""
    # A command sets some of them for the processes that it starts.
    variables = {"COLUMNS": "80", **dict.fromkeys(("STORYREPORT_DB", "STORYREPORT_QUERIES", "STORYREPORT_LIMITS"))}
    done = CliRunner().invoke(cli, list(map(str, arguments)), prog_name="storyreport", env=variables)
    assert (done.exit_code, done.stderr) == (0, ""), done.output
    return done.stdout


def help_block() -> str:
    """The help texts of the program, all its commands and their own commands, as README.md shows them."""
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


def readme_parts() -> tuple[str, str, str]:
    """README.md before, between and after the marks of the help texts."""
    content = README.read_text(encoding="utf-8")
    before, begin, rest = content.partition("<!-- help: storyreport -->\n")
    block, end, after = rest.partition("<!-- end help -->")
    assert begin
    assert end
    return before + begin, block, end + after
