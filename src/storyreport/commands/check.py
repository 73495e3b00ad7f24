"""The command `check`: limits on what the reports say, as a gate for scripts and CI."""

import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import click

from ..nouns import counted
from ..terminal.control import CONTROL
from .options import EPILOG, with_config, with_database, with_queries
from .reports import opened, use_limits

if TYPE_CHECKING:
    from ..verdicts.limits import Verdict

BROKEN = 3
MOST_NAMED = 5


@click.command(epilog=EPILOG)
@click.option("--limit", "given", multiple=True, metavar="LIMIT", help="A limit, in place of the file's (repeatable).")
@click.option(
    "--format",
    "form",
    type=click.Choice(["text", "json", "junit", "markdown", "github"]),
    default="text",
    show_default=True,
    help="Output.",
)
@with_config
@with_database
@with_queries
def check(
    given: tuple[str, ...], form: str, config_path: Path | None, database: Path, queries: tuple[Path, ...]
) -> None:
    """Check limits, and that the data is fresh; exit code 3 if one is broken.

    A LIMIT is 'NAME > NUMBER [UNIT] [in PERIOD] [for KEY=VALUE]': 'failure_pct > 10 in 24h', 'cost > 20 USD in 1d',
    'slowest_steps.p95_ms > 10 min in 7d for step=write'. It is broken when its condition is true. Without
    --limit, the limits of storyreport.toml are checked; without those, that nothing is stuck, blocked or a broken tree.
    """
    from .. import reports
    from ..verdicts import limits

    found = use_limits(config_path)
    reports.add_folders(queries)
    texts = given or (found.limits if found else ()) or limits.DEFAULT
    parsed = [limits.parse(text) for text in texts]
    with opened(database) as connection:
        verdicts = limits.run(connection, parsed, found)
    click.echo(FORMATS[form](verdicts))
    if any(verdict.is_broken for verdict in verdicts):
        sys.exit(BROKEN)


def _text(verdicts: "Sequence[Verdict]") -> str:
    lines = []
    for verdict in verdicts:
        colour = "red" if verdict.is_broken else None
        lines.append(
            f"{click.style(f'{verdict.status:<8}', fg=colour)}{CONTROL.sub(' ', verdict.limit)}: {_line(verdict)}"
        )
        if verdict.is_broken:
            lines += [f"        {CONTROL.sub(' ', row)}" for row in _named(verdict)]
            lines.append(f"        see: {verdict.command}")
    return "\n".join(lines)


def _json(verdicts: "Sequence[Verdict]") -> str:
    import json
    from datetime import datetime, timezone

    answer = {
        "ok": not any(verdict.is_broken for verdict in verdicts),
        "checked_at": datetime.now(timezone.utc).strftime("%Y-%m-%dT%H:%M:%SZ"),
        "limits": [verdict._asdict() for verdict in verdicts],
    }
    return json.dumps(answer, indent=1)


def _junit(verdicts: "Sequence[Verdict]") -> str:
    from xml.sax.saxutils import escape, quoteattr

    failures = sum(verdict.is_broken for verdict in verdicts)
    skipped = sum(verdict.status == "no data" for verdict in verdicts)
    lines = [
        '<?xml version="1.0" encoding="UTF-8"?>',
        f'<testsuite name="storyreport" tests="{len(verdicts)}" failures="{failures}" skipped="{skipped}">',
    ]
    for verdict in verdicts:
        lines.append(f'  <testcase classname="storyreport" name={quoteattr(CONTROL.sub(" ", verdict.limit))}>')
        if verdict.is_broken:
            details = "\n".join(CONTROL.sub(" ", row) for row in (*_named(verdict), f"see: {verdict.command}"))
            lines.append(f"    <failure message={quoteattr(_line(verdict))}>{escape(details)}</failure>")
        elif verdict.status == "no data":
            lines.append('    <skipped message="no data"/>')
        lines.append("  </testcase>")
    return "\n".join([*lines, "</testsuite>"])


def _markdown(verdicts: "Sequence[Verdict]") -> str:
    broken = sum(verdict.is_broken for verdict in verdicts)
    lines = [f"**{broken} of {counted(len(verdicts), 'limit')} broken**" if broken else "**All limits hold**", ""]
    lines += ["| status | limit | value | more |", "| --- | --- | --- | --- |"]
    for verdict in verdicts:
        cells = (verdict.status, f"`{verdict.limit}`", "; ".join((_line(verdict), *_named(verdict))))
        escaped = (CONTROL.sub(" ", cell).replace("|", "\\|") for cell in (*cells, f"`{verdict.command}`"))
        lines.append(f"| {' | '.join(escaped)} |")
    return "\n".join(lines)


def _github(verdicts: "Sequence[Verdict]") -> str:
    """Annotations of a GitHub Actions job."""

    def escaped(text: str) -> str:
        return text.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")

    lines = []
    for verdict in verdicts:
        if verdict.is_broken:
            title = escaped(verdict.limit).replace(":", "%3A").replace(",", "%2C")
            message = "\n".join((_line(verdict), *_named(verdict), f"see: {verdict.command}"))
            lines.append(f"::error title={title}::{escaped(message)}")
        else:
            lines.append(CONTROL.sub(" ", f"{verdict.status}: {verdict.limit}: {_line(verdict)}"))
    return "\n".join(lines)


def _line(verdict: "Verdict") -> str:
    return CONTROL.sub(" ", verdict.sentence)


def _named(verdict: "Verdict") -> list[str]:
    """The worst rows, and how many more there are."""
    more = len(verdict.rows) - MOST_NAMED
    return [*verdict.rows[:MOST_NAMED], *([f"and {more} more"] if more > 0 else [])]


FORMATS: dict[str, Callable[["Sequence[Verdict]"], str]] = {
    "text": _text,
    "json": _json,
    "junit": _junit,
    "markdown": _markdown,
    "github": _github,
}
