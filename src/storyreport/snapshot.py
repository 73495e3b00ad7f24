"""A static site of the reports as they are now, which opens from disk; or one page with all of them."""

import html
import json
import shutil
import sqlite3
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from . import reports, terminal
from .digest import Digest
from .errors import UsageError
from .output import FORMATS, Shape
from .reports import Report
from .values.quantities import heading

# A folder that holds this file is a snapshot, which may be written again.
MARK = "storyreport-snapshot.json"
SCRIPTS = ("vega.min.js", "vega-lite.min.js", "vega-embed.min.js")
# More rows are in the data files; a page of them would not open.
MOST_ROWS, MOST_DRAWN, ROWS_OF_MANY = 1000, 5000, 25
# Stories that failed have pages of their own, the latest ones.
MOST_STORIES = 50
STYLE = """
body { font: 15px/1.5 system-ui, sans-serif; margin: 1.5rem auto; max-width: 72rem; padding: 0 1rem; color: #222 }
table { border-collapse: collapse; display: block; overflow-x: auto; font-size: 14px }
th, td { text-align: left; padding: .2rem .8rem .2rem 0; border-bottom: 1px solid #ddd; vertical-align: top }
td.number { text-align: right; white-space: nowrap } .chart { width: 100%; margin: 0; overflow-x: auto }
h2 { margin-top: 2rem } a { color: #0550ae }
"""
DRAW = """
for (const figure of document.querySelectorAll(".chart")) {
  const spec = JSON.parse(figure.nextElementSibling.textContent);
  vegaEmbed(figure, spec, {actions: false, renderer: "svg"}).then(() => figure.classList.add("drawn"));
}
"""


@dataclass(frozen=True)
class Answer:
    """A report with its rows."""

    report: Report
    columns: Sequence[str]
    rows: Sequence[Sequence[Any]]
    params: Mapping[str, str]


def answers(connection: sqlite3.Connection) -> list[Answer]:
    """All reports that need no key, with their rows."""
    found = []
    for report in reports.load_reports().values():
        if not any(param.is_required for param in report.params):
            columns, rows = reports.run(connection, report, {})
            found.append(Answer(report, columns, rows, {}))
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
    for name in ("data", "static", "stories"):
        (folder / name).mkdir(parents=True, exist_ok=True)
    for name, source in _scripts().items():
        shutil.copyfile(source, folder / "static" / name)
    files = {
        MARK: json.dumps({"until": digest.until}),
        "index.html": _page("storyreport", _home(digest, found, stories)),
    }
    for answer in found:
        name = answer.report.name
        files[f"{name}.html"] = _page(answer.report.title, _report(answer, MOST_ROWS), "./", bool(answer.report.chart))
        files[f"data/{name}.json"] = json.dumps([dict(zip(answer.columns, row, strict=True)) for row in answer.rows])
        files[f"data/{name}.csv"] = FORMATS["csv"](answer.columns, answer.rows, Shape(is_safe=True))
    for number, answer in enumerate(stories):
        files[f"stories/{number}.html"] = _page(
            answer.params["story"], [_title(answer), *_table(answer, MOST_ROWS)], "../"
        )
    for name, text in files.items():
        (folder / name).write_text(text, encoding="utf-8", newline="")
    return len(files) + len(SCRIPTS)


def one_file(digest: Digest, found: Sequence[Answer]) -> str:
    """One page with the digest and the first rows of every report that has some; it needs no other file."""
    body = [*_digest(digest, {})]
    for answer in found:
        if answer.rows:
            first = Answer(answer.report, answer.columns, answer.rows[: MOST_DRAWN // 10], answer.params)
            body += [f"<h2>{html.escape(answer.report.title)}</h2>", *_chart(first), *_table(answer, ROWS_OF_MANY)]
    scripts = "\n".join(f"<script>{path.read_text(encoding='utf-8')}</script>" for path in _scripts().values())
    return _html("storyreport", [*body, scripts, f"<script>{DRAW}</script>"])


def check_folder(folder: Path) -> None:
    """Raise UsageError where a folder holds other things than a snapshot."""
    if folder.exists() and not folder.is_dir():
        raise UsageError(f"{folder} is a file: name a folder.")
    if folder.is_dir() and any(folder.iterdir()) and not (folder / MARK).is_file():
        raise UsageError(f"{folder} holds other things: name a new or empty folder.")


def _scripts() -> dict[str, Path]:
    # Datasette, which the package imports, is not needed.
    spec = find_spec("datasette_dashboards")
    assert spec
    assert spec.submodule_search_locations
    return {name: Path(spec.submodule_search_locations[0]) / "static" / name for name in SCRIPTS}


def _html(title: str, body: Sequence[str]) -> str:
    head = f'<!doctype html>\n<html lang="en">\n<meta charset="utf-8">\n<title>{html.escape(title)}</title>'
    sized = '<meta name="viewport" content="width=device-width, initial-scale=1">'
    return "\n".join([head, sized, f"<style>{STYLE}</style>", "<body>", *body, "</body>", "</html>"]) + "\n"


def _page(title: str, body: Iterable[str], root: str = "./", has_chart: bool = False) -> str:
    scripts = [f'<script src="{root}static/{name}"></script>' for name in SCRIPTS] if has_chart else []
    scripts += [f"<script>{DRAW}</script>"] if has_chart else []
    above = [f'<p><a href="{root}index.html">All reports</a></p>'] if title != "storyreport" else []
    return _html(title, [*above, *body, *scripts])


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
        title, summary = html.escape(answer.report.title), html.escape(answer.report.summary)
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
    return f"<h1>{html.escape(answer.report.title)}{':' if params else ''}{params}</h1>"


def _report(answer: Answer, most: int) -> Iterator[str]:
    yield _title(answer)
    yield f"<p>{html.escape(answer.report.description)}</p>"
    yield from _chart(answer)
    yield from _table(answer, most)
    name = answer.report.name
    yield f'<p>{len(answer.rows):,} rows as <a href="data/{name}.csv">CSV</a>, <a href="data/{name}.json">JSON</a></p>'


def _chart(answer: Answer) -> Iterator[str]:
    if answer.report.chart and answer.rows:
        drawn = [name for name in answer.report.drawn if name in answer.columns]
        places = [list(answer.columns).index(name) for name in drawn]
        values = [
            {name: row[place] for name, place in zip(drawn, places, strict=True)} for row in answer.rows[:MOST_DRAWN]
        ]
        spec = {**_in_utc(answer.report.chart), "data": {"values": values}}
        if not {"row", "column", "facet"} & set(answer.report.chart["encoding"]):
            spec |= {"width": "container", "autosize": {"type": "fit-x", "contains": "padding"}}
        # A text may hold what ends a script.
        text = json.dumps(spec).replace("<", "\\u003c")
        yield f'<figure class="chart"></figure><script type="application/json">{text}</script>'


def _in_utc(chart: Mapping[str, Any]) -> dict[str, Any]:
    """The chart with UTC days, wherever it is looked at."""
    encoding = {
        name: {**channel, "scale": {"type": "utc", **channel.get("scale", {})}}
        if channel.get("type") == "temporal"
        else channel
        for name, channel in chart["encoding"].items()
    }
    return {**chart, "encoding": encoding}


def _table(answer: Answer, most: int) -> Iterator[str]:
    if not answer.rows:
        yield "<p>No rows.</p>"
        return
    rows = answer.rows[:most]
    yield f"<table><tr>{''.join(f'<th>{html.escape(heading(name))}</th>' for name in answer.columns)}</tr>"
    for cells, row in zip(terminal.texts(answer.columns, rows), rows, strict=True):
        shown = (
            f'<td class="number">{html.escape(cell)}</td>'
            if isinstance(value, (int, float))
            else f"<td>{html.escape(cell)}</td>"
            for cell, value in zip(cells, row, strict=True)
        )
        yield f"<tr>{''.join(shown)}</tr>"
    yield "</table>"
    if len(answer.rows) > most:
        yield f"<p>The first {most:,} of {len(answer.rows):,} rows.</p>"
