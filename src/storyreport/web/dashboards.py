"""The pages of dashboards, and the list of them: what their files say, with the rows of their reports."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import zip_longest
from typing import Any
from urllib.parse import urlencode

from datasette import Forbidden, Response
from datasette.utils import tilde_decode, tilde_encode
from markupsafe import Markup, escape

from .. import dashboards, reports
from ..dashboards import ROWS, VALUE, Dashboard, Part
from ..nouns import counted
from . import charts, context, drawn, freshness, links, listing
from .permissions import ensure_database
from .rows import listed
from .tables import Table, table
from .unknown import Offered, is_unknown, offered
from .visitor import Result, Visitor

# An en dash stands for a value that is not known.
UNKNOWN = "\N{EN DASH}"
NO_VALUE = "No value is known."
SENTENCES = re.compile(r"(?<=[.!?])\s+")
# The widths of charts, on screens and on phones.
CHART_WIDTHS = {width: {**charts.WIDTHS, "wide": pixels} for width, pixels in (("third", 360), ("half", 560))}
CHART_WIDTHS["full"] = charts.WIDTHS
COUNT = f"select count(*) as {ROWS} from report"


@dataclass(frozen=True)
class Number:
    """A number, and what tells it apart from others of its part."""

    value: Any
    label: Any


@dataclass(frozen=True)
class Shown:
    """A part as the template shows it; `note` says why there is nothing, or that there is more."""

    title: str
    text: Markup
    width: str
    address: str = ""
    note: str = ""
    numbers: tuple[Number, ...] = ()
    chart: charts.Chart | None = None
    table: Table | None = None


@dataclass(frozen=True)
class Page:
    """A dashboard for a visitor; `error` is what is wrong with the address."""

    title: str
    text: Markup
    parts: tuple[Shown, ...]
    freshness: freshness.Freshness
    error: str
    refresh_seconds: int
    unknown: str = ""  # a sentence on a source or pipeline that there is not, with names to choose from
    near: Offered | None = None


@dataclass(frozen=True)
class Listed:
    """The dashboards that a visitor may see, as (title, address, reports), and a sentence for each broken file."""

    pages: tuple[tuple[str, str, str], ...]
    broken: tuple[str, ...]
    unknown: str = ""


async def page(request: Any, datasette: Any) -> Response:
    """A dashboard, for whoever may see one of its reports; 404 with the known ones where there is none of that name."""
    await ensure_database(datasette, request.actor)
    visitor, name = Visitor(datasette, request), tilde_decode(request.url_vars["page"])
    found = dashboards.load().pages.get(name)
    if found is None:
        return await _list(visitor, _unknown(name), 404)
    if not await visitor.may_see(_reports(found)):
        raise Forbidden("You may not see this page.")
    view = await _view(visitor, found)
    html = await datasette.render_template("dashboard.html", {"page": view}, request=request)
    return Response.html(html, status=400 if view.error else 200)


async def index(request: Any, datasette: Any) -> Response:
    """The list of dashboards."""
    await ensure_database(datasette, request.actor)
    return await _list(Visitor(datasette, request), "", 200)


def takes(name: str) -> tuple[str, ...]:
    """The choices of the bar that a part of the dashboard takes; none for an unknown one."""
    known, found = reports.load_reports(), dashboards.load().pages.get(name)
    names = {
        param.name
        for part in (found.parts if found else ())
        if part.report in known
        for param in known[part.report].params
    }
    return tuple(choice for choice in context.NAMES if choice in names)


async def _list(visitor: Visitor, unknown: str, status: int) -> Response:
    loaded = dashboards.load()
    known, pages = reports.load_reports(), []
    for found in loaded.pages.values():
        if shown := await visitor.may_see(_reports(found)):
            titles = ", ".join(dict.fromkeys(known[part.report].title for part in found.parts if part.report in shown))
            pages.append((found.title, _address(visitor, found.name), titles))
    # Whoever may see no report learns nothing of files, either.
    sentences = (f"{error.path.name}, line {error.line}: {error.reason}." for error in loaded.broken)
    view = Listed(tuple(pages), tuple(sentences) if await visitor.reports() else (), unknown)
    html = await visitor.datasette.render_template("dashboards.html", {"listed": view}, request=visitor.request)
    return Response.html(html, status=status)


def _unknown(name: str) -> str:
    is_broken = any(error.name == name for error in dashboards.load().broken)
    return f"The file of the page '{name}' cannot be used." if is_broken else f"No page '{name}'."


def _address(visitor: Visitor, name: str) -> str:
    return links.with_context(str(visitor.datasette.urls.path(f"/-/page/{tilde_encode(name)}")), context.NAMES)


def _reports(found: Dashboard) -> set[str]:
    return {part.report for part in found.parts}


async def _view(visitor: Visitor, found: Dashboard) -> Page:
    given = {name: visitor.request.args.get(name) or "" for name in context.NAMES}
    error = context.wrong_period(visitor.request)
    # The page is shown without a period that makes no sense.
    left_out = context.DATES if error else ()
    chosen = {name: value for name, value in given.items() if value and name not in left_out}
    parts = [await _part(visitor, part, chosen) for part in found.parts]
    fresh = await freshness.of(visitor, chosen.get("source", ""))
    text = await _text(visitor, found, found.text, chosen)
    try:
        seconds = listing.refresh_seconds(visitor.request.args)
    except reports.UsageError as wrong:
        error, seconds = error or str(wrong), 0
    return Page(found.title, text, tuple(parts), fresh, error, seconds, *await _unknown_choice(visitor, found, chosen))


async def _unknown_choice(visitor: Visitor, found: Dashboard, chosen: Mapping[str, str]) -> tuple[str, Offered | None]:
    """A sentence on the first choice that names something unknown, and names for the same page."""
    path = str(visitor.datasette.urls.path(f"/-/page/{tilde_encode(found.name)}"))
    for name in ("source", "pipeline"):
        if (value := chosen.get(name, "")) and await is_unknown(visitor, name, value):

            def address(choice: str, _: str, name: str = name) -> str:
                return f"{path}?{urlencode({**chosen, name: choice})}"

            return f"There is no {name} {value!r}.", await offered(visitor, name, value, address)
    return "", None


async def _part(visitor: Visitor, part: Part, chosen: Mapping[str, str]) -> Shown:
    if not await visitor.may_see([part.report]):
        return Shown("", Markup(""), part.width, note="You may not see this report.")
    given = {**part.params, **chosen}
    try:
        result = await _result(visitor, part.report, given, _select(part))
    except reports.UsageError as error:
        return Shown(part.title, escape(part.text), part.width, note=str(error))
    text = await _values(visitor, part.text, {part.report: given}, chosen)
    shown = Shown(part.title, text, part.width, result.address, result.error)
    if result.error or not result.rows:
        return replace(shown, note=result.error or "No rows.")
    if part.show == "chart":
        chart = await _chart(visitor, part, result.report, given)
        return replace(shown, chart=chart, note="" if chart else NO_VALUE)
    return _numbers(part, result, shown) if part.show == "number" else _table(part, result, shown)


async def _result(visitor: Visitor, name: str, given: Mapping[str, str], select: str) -> Result:
    """The rows of a select from a report, which the visitor may see, with the values that it takes."""
    names = {param.name for param in reports.find(name).params}
    result = await visitor.result(name, {key: value for key, value in given.items() if key in names}, select)
    assert result
    return result


def _select(part: Part) -> str:
    if part.column == ROWS:
        return COUNT
    # A chart has all rows, whatever a query may return.
    # Of numbers, those that are not known are left out.
    most = {"chart": 1, "number": dashboards.MOST_ROWS + 1, "table": part.rows + 1}[part.show]
    return f"select * from report limit {most}"


def _numbers(part: Part, result: Result, shown: Shown) -> Shown:
    place = result.columns.index(part.column)
    rows = zip(result.cells, result.rows, strict=True)
    # A source paid in two currencies has two rows.
    known = dict.fromkeys(
        Number(cells[place], _label(part, result, row, cells)) for cells, row in rows if row[part.column] is not None
    )
    if not known:
        return replace(shown, note=NO_VALUE)
    note = f"The first {part.rows}." if len(known) > part.rows else ""
    return replace(shown, numbers=tuple(known)[: part.rows], note=note)


def _label(part: Part, result: Result, row: Mapping[str, Any], cells: Sequence[Any]) -> Any:
    """What a number is of; where that has several pipelines, these tell it apart."""
    if part.label not in result.columns:
        return ""
    label = cells[result.columns.index(part.label)]
    others = {other.get("pipeline") for other in result.rows if other[part.label] == row[part.label]}
    if len(others) < 2:
        return label
    return Markup("{} {}").format(label, cells[result.columns.index("pipeline")] or "")


def _table(part: Part, result: Result, shown: Shown) -> Shown:
    rows = result.rows[: part.rows]
    shown_names = part.columns or [name for name in result.columns if any(row[name] not in (None, "") for row in rows)]
    places = [result.columns.index(name) for name in shown_names]
    cells = [[row[place] for place in places] for row in result.cells[: part.rows]]
    found = table(part.title, [result.columns[place] for place in places], cells)
    note = f"The first {counted(part.rows, 'row')}." if len(result.rows) > part.rows else ""
    return replace(shown, table=found, note=note)


def _bound(report: reports.Report, given: Mapping[str, str]) -> dict[str, str]:
    """The values of a report's parameters, as far as it takes them."""
    return reports.bind(report, {param.name: given[param.name] for param in report.params if param.name in given})


async def _chart(visitor: Visitor, part: Part, report: reports.Report, given: Mapping[str, str]) -> charts.Chart | None:
    values = _bound(report, given)
    found = await listed(visitor, report, values, {})
    context_ = await drawn.context(visitor, report, values, title=part.title, rows_in_all=found.in_all)
    return await charts.kept(visitor, report, values, found.all, context_, CHART_WIDTHS[part.width])


async def _text(visitor: Visitor, found: Dashboard, text: str, chosen: Mapping[str, str]) -> Markup:
    """A text of the page; a report that is one of the parts has the parameters of the first such part."""
    given = {part.report: {**part.params, **chosen} for part in reversed(found.parts)}
    return await _values(visitor, text, given, chosen)


async def _values(
    visitor: Visitor, text: str, given: Mapping[str, Mapping[str, str]], chosen: Mapping[str, str]
) -> Markup:
    """A text with the values of the first rows of reports in it, without the sentences of which no value is known."""
    sentences = []
    for sentence in SENTENCES.split(text):
        found = [await _value(visitor, match.groups(""), given, chosen) for match in VALUE.finditer(sentence)]
        if not found or any(value != UNKNOWN for value in found):
            # Of a split by a pattern with three groups, every fourth piece is text.
            texts = map(escape, VALUE.split(sentence)[::4])
            sentences.append(
                Markup("").join(piece for pair in zip_longest(texts, found, fillvalue="") for piece in pair)
            )
    return Markup(" ").join(sentences)


async def _value(
    visitor: Visitor, asked: Sequence[Any], given: Mapping[str, Mapping[str, str]], chosen: Mapping[str, str]
) -> Any:
    """A value of a report's first row, or what its rows come to, money by currency; `asked` are the groups of VALUE."""
    name, column, total = asked
    if not await visitor.may_see([name]):
        return UNKNOWN
    select = COUNT if column == ROWS else "select * from report limit 1"
    try:
        if total:
            report = reports.find(name)
            rows = (await listed(visitor, report, _bound(report, given.get(name, chosen)), {})).all
            return reports.headline((f"{{{column}{total}}}",), rows) or UNKNOWN
        result = await _result(visitor, name, given.get(name, chosen), select)
    except reports.UsageError:
        return UNKNOWN
    if not result.rows or result.rows[0][column] is None:
        return UNKNOWN
    return result.cells[0][result.columns.index(column)]
