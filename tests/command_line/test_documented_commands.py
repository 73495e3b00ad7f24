"""Every command line of README.md and docs names a command that there is, with options that it has."""

import re
import shlex
from pathlib import Path

import click
import pytest
from helpers import ROOT
from helpers.command_line import ok, printed
from helpers.tracker import Tracker

from storyreport.cli import cli

PAGES = [ROOT / "README.md", ROOT / "CONTRIBUTING.md", *sorted((ROOT / "docs").rglob("*.md"))]
# From an indented or quoted `storyreport` to the end of the line, a pipe, a redirection, a comment or the quotation.
LINE = re.compile(r"(?:^(?: {4,}|\$ )|`|&& |\|\| )(storyreport [a-z](?:'[^'\n]*'|[^\n`|>'])*)", re.MULTILINE)

# Pages of which the lines with these commands are run; others name files and sources of the reader's.
RUN = {"README.md", "daily.md", "upkeep.md"}
RUNNING = {
    "report",
    "check",
    "digest",
    "status",
    "stats",
    "doctor",
    "prune",
    "optimize",
    "reprice",
    "sources",
    "record",
}
# Its names are placeholders.
NOT_RUN = "rename"


def lines() -> list[tuple[str, str]]:
    """(page, command) of each."""
    found = [(page.name, line) for page in PAGES for line in LINE.findall(re.sub(r"\$ ", "", page.read_text("utf-8")))]
    return [(page, re.split(r" {2,}| # | && | \(|…|\$\(", line)[0]) for page, line in dict.fromkeys(found)]


def test_lines_are_found() -> None:
    """In README.md and in the pages that explain commands."""
    pages = {page for page, _ in lines()}
    assert {"README.md", "daily.md", "sources.md", "upkeep.md", "pages.md"} <= pages
    assert len(lines()) > 60


@pytest.mark.parametrize(("page", "line"), lines())
def test_a_documented_line_can_be_typed(page: str, line: str) -> None:
    """Its command and the options before a command that it wraps are known."""
    words = shlex.split(line.replace("…", ""))[1:]
    command: click.Command = cli
    while isinstance(command, click.Group) and words and not words[0].startswith("-"):
        child = command.get_command(click.Context(command), words[0])
        if child is None:
            assert command.name == "sources", f"{page}: {line}"
            break
        command, words = child, words[1:]
    own = words[: words.index("--")] if "--" in words else words
    given = {word.partition("=")[0] for word in own if re.match(r"--?[a-z]", word)}
    # Not `get_params`: it keeps the names of the help option for all later callers.
    names = {name for param in command.params for name in (*param.opts, *param.secondary_opts)}
    assert given <= names | {"-h", "--help"}, f"{page}: {line}"


@pytest.fixture(scope="module")
def studio(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a report database of the source `studio`, in which the story of the examples is."""
    folder = tmp_path_factory.mktemp("documented")
    tracker = Tracker(folder / "studio.db")
    tracker.register("STORY-0318", "The Fox")
    tracker.end("STORY-0318", "01_ingest", "run-1", 500)
    tracker.close()
    ok("ingest", "studio.db", cwd=folder)
    return folder


@pytest.mark.parametrize(
    "line",
    sorted({line for page, line in lines() if page in RUN and line.split()[1] in RUNNING and NOT_RUN not in line}),
)
def test_a_documented_line_runs(line: str, studio: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """As it is printed, without a word on stderr."""
    monkeypatch.chdir(studio)
    printed(*shlex.split(line)[1:])
