"""The command `digest`: what happened in a period, for a mail, a chat or a job's summary."""

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from .cli_reports import opened, use_limits
from .control import CONTROL
from .options import EPILOG, with_config, with_database

if TYPE_CHECKING:
    from .digest import Digest

# Slack's limit for a section is 3,000.
SLACK_LETTERS = 2800


@click.command(epilog=EPILOG)
@click.option("--period", default="24h", show_default=True, metavar="PERIOD", help="24h, 7d, month, ….")
@click.option(
    "--format",
    "form",
    type=click.Choice(["text", "markdown", "slack", "html", "json"]),
    default="text",
    show_default=True,
    help="Output; slack is the JSON of an incoming webhook.",
)
@click.option("--url", "base", default="", metavar="URL", help="Address of the server that the links lead to.")
@with_config
@with_database
def digest(period: str, form: str, base: str, config_path: Path | None, database: Path) -> None:
    """Print what is wrong, what was done, what changed and what is new in a period that ends now."""
    from .digest import digest as run

    use_limits(config_path)
    with opened(database) as connection:
        found = run(connection, period)
    click.echo(FORMATS[form](found, base))


def _title(found: "Digest") -> str:
    days = found.since if found.since == found.until else f"{found.since} to {found.until}"
    return f"storyreport, {days}: {found.verdict}"


def _text(found: "Digest", base: str) -> str:
    lines = [_title(found)]
    for section in found.sections:
        lines += ["", section.title, *(f"- {CONTROL.sub(' ', line)}" for line in section.lines)]
        lines += [f"  {section.url(base)}"] if base else []
    return "\n".join(lines)


def _markdown(found: "Digest", base: str) -> str:
    def plain(text: str) -> str:
        return "".join(f"\\{letter}" if letter in "\\`*_[]<>|#" else letter for letter in CONTROL.sub(" ", text))

    lines = [f"## {plain(_title(found))}"]
    for section in found.sections:
        title = f"[{section.title}]({section.url(base)})" if base else section.title
        lines += ["", f"### {title}", "", *(f"- {plain(line)}" for line in section.lines)]
    return "\n".join(lines)


def _slack(found: "Digest", base: str) -> str:
    def plain(text: str) -> str:
        return CONTROL.sub(" ", text).replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")

    blocks: list[dict[str, Any]] = [
        {"type": "header", "text": {"type": "plain_text", "text": CONTROL.sub(" ", _title(found))[:150]}}
    ]
    for section in found.sections:
        title = f"*<{section.url(base)}|{section.title}>*" if base else f"*{section.title}*"
        text = "\n".join([title, *(f"• {plain(line)}" for line in section.lines)])
        blocks.append({"type": "section", "text": {"type": "mrkdwn", "text": text[:SLACK_LETTERS]}})
    import json

    return json.dumps({"text": plain(_title(found)), "blocks": blocks}, ensure_ascii=False, indent=1)


def _html(found: "Digest", base: str) -> str:
    import html

    lines = [
        "<!doctype html>",
        '<html lang="en"><meta charset="utf-8">',
        f"<title>{html.escape(_title(found))}</title>",
    ]
    lines.append(
        f'<body style="font: 15px/1.5 sans-serif"><h1 style="font-size: 20px">{html.escape(_title(found))}</h1>'
    )
    for section in found.sections:
        title = html.escape(section.title)
        title = f'<a href="{html.escape(section.url(base))}">{title}</a>' if base else title
        lines += [f'<h2 style="font-size: 16px">{title}</h2>', "<ul>"]
        lines += [*(f"<li>{html.escape(CONTROL.sub(' ', line))}</li>" for line in section.lines), "</ul>"]
    return "\n".join([*lines, "</body></html>"])


def _json(found: "Digest", base: str) -> str:
    sections = [
        {
            "title": section.title,
            "report": section.report,
            "params": dict(section.params),
            "url": section.url(base) or None,
            "lines": section.lines,
            "rows": section.rows,
        }
        for section in found.sections
    ]
    about = {"since": found.since, "until": found.until, "verdict": found.verdict}
    import json

    return json.dumps({**about, "sections": sections}, indent=1)


FORMATS: dict[str, Callable[["Digest", str], str]] = {
    "text": _text,
    "markdown": _markdown,
    "slack": _slack,
    "html": _html,
    "json": _json,
}
