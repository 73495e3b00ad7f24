"""A static site of the reports as they are now, which opens from disk; or one page with all of them."""

import html
import json
import sqlite3
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import compress
from pathlib import Path
from typing import Any

from .. import reports
from ..errors import UsageError
from ..nouns import counted
from ..reports import Report
from ..terminal import tables
from ..terminal.output import FORMATS, Shape
from ..values import prose
from ..values.quantities import MONEY, TIME, heading
from . import stills
from .digest import Digest

# A folder that holds this file is a snapshot, which may be written again.
MARK = "storyreport-snapshot.json"
FOLDERS = ("data", "stories")
# More rows are in the data files; a page of them would not open.
MOST_ROWS, ROWS_OF_MANY = 1000, 25
# Stories that failed have pages of their own, the latest ones.
MOST_STORIES = 50
STYLE = """
body { font: 15px/1.5 system-ui, sans-serif; margin: 1.5rem auto; max-width: 72rem; padding: 0 1rem; color: #222 }
table { border-collapse: collapse; display: block; overflow-x: auto; font-size: 14px }
th, td { text-align: left; padding: .2rem .8rem .2rem 0; border-bottom: 1px solid #ddd; vertical-align: top }
:is(td, th).number { text-align: right } :is(td.number, td.time) { white-space: nowrap } .bad { color: #a32824 }
.chart { margin: 1rem 0; overflow-x: auto } .chart figcaption { color: #555 }
.chart svg { height: auto; max-width: 100% } .heading { fill: currentColor }
h1 { font-size: 1.5rem; line-height: 1.3 } h2 { margin-top: 2rem } a { color: #0550ae }
@media (max-width: 640px) { h1 { font-size: 1.2rem } .chart svg { max-width: none; width: 46rem } }
@media print { body { max-width: none } table { font-size: 7.5pt } .chart { break-inside: avoid } }
"""
BAD = ("failed", "problem", "blocked")


@dataclass(frozen=True)
class Answer:
    """A report with its rows."""

    report: Report
    columns: Sequence[str]
    rows: Sequence[Sequence[Any]]
    params: Mapping[str, str]
    chart: str = ""  # as SVG
    chart_notes: str = ""


def answers(connection: sqlite3.Connection) -> list[Answer]:
    """All reports that need no key, with their rows."""
    sources = [name for (name,) in connection.execute("select name from sources order by id")]
    found = []
    for report in reports.load_reports().values():
        if not any(param.is_required for param in report.params):
            columns, rows = reports.run(connection, report, {})
            drawn = stills.of(report, {}, [dict(zip(columns, row, strict=True)) for row in rows], sources)
            found.append(Answer(report, columns, rows, {}, *drawn))
    return found


def failed_stories(connection: sqlite3.Connection) -> list[Answer]:
    """The status of each story that is failed, the latest ones first."""
    stories = reports.select(
        connection,
        reports.find("failed_stories"),
        {},
        f"select distinct source, story from report where story is not null limit {MOST_STORIES}",
    )
    report = reports.find("story_status")
    return [Answer(report, *reports.run(connection, report, story), story) for story in stories]


def write_site(folder: Path, digest: Digest, found: Sequence[Answer], stories: Sequence[Answer]) -> int:
    """Write the site and return the number of its files; UsageError where the folder holds other things."""
    check_folder(folder)
    for name in FOLDERS:
        (folder / name).mkdir(parents=True, exist_ok=True)
    files = {
        MARK: json.dumps({"until": digest.until}),
        "index.html": _page("storyreport", _home(digest, found, stories)),
    }
    for answer in found:
        name = answer.report.name
        files[f"{name}.html"] = _page(answer.report.title, _report(answer, MOST_ROWS))
        files[f"data/{name}.json"] = json.dumps([dict(zip(answer.columns, row, strict=True)) for row in answer.rows])
        files[f"data/{name}.csv"] = FORMATS["csv"](answer.columns, answer.rows, Shape(is_safe=True))
    for number, answer in enumerate(stories):
        files[f"stories/{number}.html"] = _page(
            answer.params["story"], [_title(answer), *_table(answer, MOST_ROWS)], "../"
        )
    for name, text in files.items():
        write_anew(folder / name, text)
    return len(files)


def write_anew(path: Path, text: str) -> None:
    """Write a file of a folder of ours; a link in its place makes way, for it may lead to a file of somebody's own."""
    if path.is_symlink():
        path.unlink()
    path.write_text(text, encoding="utf-8", newline="")


def one_file(digest: Digest, found: Sequence[Answer]) -> str:
    """One page with the digest and the first rows of every report that has some; it needs no other file."""
    body = [*_digest(digest, {})]
    for answer in found:
        if answer.rows:
            body += [f"<h2>{html.escape(answer.report.title)}</h2>", *_chart(answer), *_table(answer, ROWS_OF_MANY)]
    return _html("storyreport", body)


def check_folder(folder: Path) -> None:
    """Raise UsageError where a folder holds other things than a snapshot."""
    if folder.exists() and not folder.is_dir():
        raise UsageError(f"{folder} is a file: name a folder.")
    if folder.is_dir() and any(folder.iterdir()) and not (folder / MARK).is_file():
        raise UsageError(f"{folder} holds other things: name a new or empty folder.")
    for name in FOLDERS:
        if (folder / name).is_symlink():
            raise UsageError(f"{folder / name} is a link to another folder: delete it, or name a new folder.")


def _html(title: str, body: Sequence[str]) -> str:
    head = f'<!doctype html>\n<html lang="en">\n<meta charset="utf-8">\n<title>{html.escape(title)}</title>'
    sized = '<meta name="viewport" content="width=device-width, initial-scale=1">'
    return "\n".join([head, sized, f"<style>{STYLE}</style>", "<body>", *body, "</body>", "</html>"]) + "\n"


def _page(title: str, body: Iterable[str], root: str = "./") -> str:
    above = [f'<p><a href="{root}index.html">All reports</a></p>'] if title != "storyreport" else []
    return _html(title, [*above, *body])


def _home(digest: Digest, found: Sequence[Answer], stories: Sequence[Answer]) -> Iterator[str]:
    yield from _digest(digest, {answer.report.name: f"{answer.report.name}.html" for answer in found})
    if stories:
        yield "<h2>Failed stories</h2><ul>"
        for number, answer in enumerate(stories):
            yield f'<li><a href="stories/{number}.html">{html.escape(answer.params["story"])}</a></li>'
        yield "</ul>"
    topic = ""
    for answer in found:
        if answer.report.topic != topic:
            yield f"{'</ul>' if topic else ''}<h2>{html.escape(answer.report.topic)}</h2><ul>"
            topic = answer.report.topic
        title, summary = html.escape(answer.report.title), prose.html(answer.report.summary)
        yield f'<li><a href="{answer.report.name}.html">{title}</a>: {summary}</li>'
    yield "</ul>"


def _digest(digest: Digest, pages: Mapping[str, str]) -> Iterator[str]:
    yield f"<h1>{html.escape(digest.verdict)}</h1><p>{digest.since} to {digest.until} (UTC)</p>"
    for section in digest.sections:
        title = html.escape(section.title)
        yield (
            f'<h2><a href="{pages[section.report]}">{title}</a></h2>'
            if section.report in pages
            else f"<h2>{title}</h2>"
        )
        yield f"<ul>{''.join(f'<li>{html.escape(line)}</li>' for line in section.lines)}</ul>"


def _title(answer: Answer) -> str:
    params = "".join(f" {html.escape(value)}" for value in answer.params.values())
    row = dict(zip(answer.columns, answer.rows[0], strict=True)) if params and answer.rows else {}
    below = f"<p>{html.escape(str(row['title']))}</p>" if row.get("title") else ""
    return f"<h1>{html.escape(answer.report.title)}{':' if params else ''}{params}</h1>{below}"


def _report(answer: Answer, most: int) -> Iterator[str]:
    yield _title(answer)
    yield f"<p>{prose.html(answer.report.description)}</p>"
    yield from _chart(answer)
    yield from _table(answer, most)
    name = answer.report.name
    rows = counted(len(answer.rows), "row")
    yield f'<p>{rows} as <a href="data/{name}.csv">CSV</a>, <a href="data/{name}.json">JSON</a></p>'


def _chart(answer: Answer) -> Iterator[str]:
    if answer.chart:
        said = f"<figcaption>{html.escape(answer.chart_notes)}</figcaption>" if answer.chart_notes else ""
        # The drawing escapes all that comes from data.
        yield f'<figure class="chart">{answer.chart}{said}</figure>'


def _table(answer: Answer, most: int) -> Iterator[str]:
    if not answer.rows:
        yield "<p>No rows.</p>"
        return
    rows = answer.rows[:most]
    named = list(zip(answer.columns, zip(*rows, strict=True), strict=True))
    is_shown = [_is_shown(answer, name, values) for name, values in named]
    headings = [f"<th{_class(values)}>{html.escape(heading(name))}</th>" for name, values in compress(named, is_shown)]
    yield f"<table><tr>{''.join(headings)}</tr>"
    for cells, row in zip(tables.texts(answer.columns, rows), rows, strict=True):
        yield f"<tr>{''.join(map(_cell, compress(cells, is_shown), compress(row, is_shown)))}</tr>"
    yield "</table>"
    if len(answer.rows) > most:
        yield f"<p>The first {most:,} of {counted(len(answer.rows), 'row')}.</p>"


def _is_shown(answer: Answer, name: str, values: Sequence[Any]) -> bool:
    """Whether a column says what the page does not: amounts say their currency themselves, a title its story."""
    if (name == "currency" and not set(MONEY).isdisjoint(answer.columns)) or (name == "title" and answer.params):
        return False
    return not {*values} <= {None, "", answer.params.get(name)}


def _cell(text: str, value: Any) -> str:
    return f"<td{_class([value])}>{html.escape(text)}</td>"


def _class(values: Iterable[Any]) -> str:
    """How a cell looks, or the heading of some."""
    known = [value for value in values if value is not None]
    if known and all(isinstance(value, (int, float)) for value in known):
        return ' class="number"'
    if len(known) == 1 and (known[0] in BAD or TIME.fullmatch(str(known[0]))):
        return ' class="bad"' if known[0] in BAD else ' class="time"'
    return ""
