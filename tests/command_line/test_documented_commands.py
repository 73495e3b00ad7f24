"""Every command line of README.md and docs names a command that there is, with options that it has."""

import re
import shlex

import click
import pytest
from helpers import ROOT

from storyreport.cli import cli

PAGES = [ROOT / "README.md", ROOT / "CONTRIBUTING.md", *sorted((ROOT / "docs").rglob("*.md"))]
# From an indented or quoted `storyreport` to the end of the line, a pipe, a redirection, a comment or the quotation.
LINE = re.compile(r"(?:^(?: {4,}|\$ )|`|&& |\|\| )(storyreport [a-z](?:'[^'\n]*'|[^\n`|>'])*)", re.MULTILINE)


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
