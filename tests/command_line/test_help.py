"""Help texts: complete, current and in docs/commands.md."""

from pathlib import Path

import click
import pytest
from helpers import ROOT
from helpers.cli_cases import unchanged
from helpers.command_line import built_help, help_block, ok, page_parts

from storyreport import __version__
from storyreport.__main__ import HELP
from storyreport.cli import cli

COMMANDS = (
    *(
        "ack",
        "backup",
        "check",
        "demo",
        "diagnose",
        "digest",
        "doctor",
        "export-lake",
        "fix-script",
        "ingest",
        "init",
        "optimize",
        "prune",
    ),
    *(
        "record",
        "report",
        "reprice",
        "restore",
        "rollup",
        "run",
        "scrub",
        "serve",
        "snapshot",
        "sources",
        "stats",
        "status",
    ),
    *("note", "token", "user"),
)


def test_the_stored_help_is_current() -> None:
    """It equals the help that the command line builds; `python -m docs.generate` writes it."""
    assert f"```\n{Path(HELP).read_text(encoding='utf-8')}```\n" == help_block()
    assert ok("--help", cwd=ROOT) == built_help()
    assert ok("-h", cwd=ROOT) == built_help()


def test_the_page_shows_the_help_texts() -> None:
    """docs/commands.md has the help texts of the commands; `python -m docs.generate` writes them."""
    assert page_parts()[1] == help_block()


def test_every_command_and_option_has_a_help_text() -> None:
    """Nothing that can be typed is left unexplained."""
    context = click.Context(cli)
    assert cli.list_commands(context) == sorted(COMMANDS)
    for command in (cli, *filter(None, (cli.get_command(context, name) for name in COMMANDS))):
        assert command.help, command.name
        for parameter in command.params:
            if isinstance(parameter, click.Option):
                assert parameter.help, (command.name, parameter.name)
                assert parameter.help.endswith((".", "].")), (command.name, parameter.name)


@pytest.mark.parametrize("command", COMMANDS)
@pytest.mark.parametrize("option", ["-h", "--help"])
def test_help(command: str, option: str, tmp_path: Path) -> None:
    """Every command explains itself and does nothing else."""
    with unchanged(tmp_path):
        assert ok(command, option, cwd=tmp_path) == built_help(command)
    assert built_help(command).startswith(f"Usage: storyreport {command} ")


@pytest.mark.parametrize("more", [[], ["--help"]])
def test_version(more: list[str], tmp_path: Path) -> None:
    """The version is that of the package, by the short way and by click's."""
    assert ok("--version", *more, cwd=tmp_path) == f"storyreport {__version__}\n"
