"""The command `digest`: what happened in a period, for a mail, a chat or a job's summary."""

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from ..terminal.control import CONTROL
from .options import EPILOG, with_config, with_database
from .reports import opened, use_limits

if TYPE_CHECKING:
    import sqlite3

    from ..sharing.digest import Digest

# Slack's limit for a section is 3,000, for a header 150.
SLACK_LETTERS, SLACK_HEADER = 2800, 150


@click.command(epilog=EPILOG)
@click.option("--period", default="24h", show_default=True, metavar="PERIOD", help="24h, 7d, month, ….")
@click.option(
    "--format",
    "form",
    type=click.Choice(["text", "markdown", "slack", "html", "mail", "json"]),
    default="text",
    show_default=True,
    help="Output; slack is the JSON of an incoming webhook, mail a whole message with its pictures.",
)
@click.option("--url", "base", default="", metavar="URL", help="Address of the server that the links lead to.")
@with_config
@with_database
def digest(period: str, form: str, base: str, config_path: Path | None, database: Path) -> None:
    """Print findings, work done, cost, changes and new errors of a period that ends now."""
    from ..sharing.digest import digest as run

    use_limits(config_path)
    with opened(database) as connection:
        found = run(connection, period)
        pictures = _pictures(connection, found) if form in ("html", "mail") else {}
    if pictures:
        click.echo(DRAWN[form](found, base, pictures))
    else:
        click.echo(FORMATS[form](found, base))


def _pictures(connection: "sqlite3.Connection", found: "Digest") -> dict[str, bytes]:
    """Title → chart as PNG, of the sections that show one."""
    from ..sharing import stills

    drawn = {
        section.title: stills.of_section(connection, section.report, section.params)
        for section in found.sections
        if section.is_pictured
    }
    return {name: picture for name, picture in drawn.items() if picture}


def _title(found: "Digest") -> str:
    # Not the hours of the sentence: its figures and those of the sections differ.
    return CONTROL.sub(" ", f"{_days(found)}: {found.verdict}")


def _days(found: "Digest") -> str:
    days = found.since if found.since == found.until else f"{found.since} to {found.until}"
    return f"storyreport, {days} (UTC days)"


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
        if base and section.is_pictured:
            lines += ["", f"![{section.title}]({section.url(base, '.png')})"]
    return "\n".join(lines)


def _slack(found: "Digest", base: str) -> str:
    def plain(text: str) -> str:
        return CONTROL.sub(" ", text).replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")

    title = _title(found)
    fits = len(title) <= SLACK_HEADER
    header = title if fits else _days(found)
    blocks: list[dict[str, Any]] = [{"type": "header", "text": {"type": "plain_text", "text": header}}]
    if not fits:
        verdict = plain(found.verdict)[:SLACK_LETTERS]
        blocks.append({"type": "section", "text": {"type": "mrkdwn", "text": verdict}})
    for section in found.sections:
        title = f"*<{section.url(base)}|{section.title}>*" if base else f"*{section.title}*"
        text = "\n".join([title, *(f"• {plain(line)}" for line in section.lines)])
        blocks.append({"type": "section", "text": {"type": "mrkdwn", "text": text[:SLACK_LETTERS]}})
    import json

    return json.dumps({"text": plain(_title(found)), "blocks": blocks}, ensure_ascii=False, indent=1)


def _html(found: "Digest", base: str, pictures: Mapping[str, str] | None = None) -> str:
    """One page; `pictures`: title of the section → the address of its picture."""
    import html

    lines = [
        "<!doctype html>",
        '<html lang="en"><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1">',
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
        if address := (pictures or {}).get(section.title):
            alt = html.escape(f"Chart: {section.title}")
            lines.append(f'<p><img src="{address}" alt="{alt}" width="600" style="max-width: 100%"></p>')
    return "\n".join([*lines, "</body></html>"])


def _page(found: "Digest", base: str, pictures: Mapping[str, bytes]) -> str:
    """One page with its pictures within, for browsers."""
    import base64

    inline = {name: f"data:image/png;base64,{base64.b64encode(each).decode()}" for name, each in pictures.items()}
    return _html(found, base, inline)


def _mail(found: "Digest", base: str, pictures: Mapping[str, bytes] | None = None) -> str:
    """A message as text and HTML; its pictures are parts of it, as mail programs show no `data:` addresses."""
    from email.message import EmailMessage, MIMEPart

    message = EmailMessage()
    message["Subject"] = _title(found)
    message["MIME-Version"] = "1.0"
    message.set_content(_text(found, base))
    known = pictures or {}
    message.add_alternative(_html(found, base, {name: f"cid:{_id(name)}" for name in known}), subtype="html")
    page = message.get_payload()[1]  # type: ignore[index]
    assert isinstance(page, MIMEPart)
    for name, picture in known.items():
        page.add_related(picture, "image", "png", cid=f"<{_id(name)}>", disposition="inline")
    return message.as_string()


def _id(title: str) -> str:
    return f"{title.lower().replace(' ', '-')}@storyreport"


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
    "mail": _mail,
    "json": _json,
}
# The formats that have pictures within, where there are any.
DRAWN: dict[str, Callable[["Digest", str, Mapping[str, bytes]], str]] = {"html": _page, "mail": _mail}
