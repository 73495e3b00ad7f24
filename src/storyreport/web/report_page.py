"""A report's page: its form, headline, chart, rows and links, and what it says where it has no rows."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import chain
from typing import Any

from .. import reports
from ..outcomes import STATUSES
from . import addresses, answers, charts, columns, context, drawn, empty, freshness, lakes, links, listing, mode, notes
from .charts import BARS
from .empty import Empty
from .listing import REFRESH, SORT, SORT_DESC, Paging
from .rows import Listed, listed
from .tables import Column, Table, table
from .visitor import Visitor

PLURALS = {"One run, one story": "single runs and stories", "Data": "the data"}
# What a form of the page keeps, beside the parameters.
KEPT = (SORT, SORT_DESC, BARS, REFRESH, "_explore")


@dataclass(frozen=True)
class Field:
    """A field of the form: `options` are a select's values, `suggestions` an input's."""

    name: str
    label: str
    kind: str
    value: str
    help: str
    placeholder: str = ""
    options: tuple[tuple[str, str], ...] = ()  # (value, label)
    suggestions: tuple[str, ...] = ()
    is_wrong: bool = False
    least: float | None = None
    most: float | None = None


@dataclass(frozen=True)
class Form:
    """The form of a report whose values were refused, with these values."""

    fields: list[Field]
    plain_address: str
    selected: dict[str, str]
    hidden: dict[str, str]


@dataclass(frozen=True)
class ReportPage:
    """All that a report's page shows."""

    report: reports.Report
    title: str
    is_embedded: bool
    is_explored: bool
    refresh_seconds: int
    freshness: freshness.Freshness
    fields: list[Field]  # those that the bar does not have
    is_folded: bool  # the form, where nothing needs to be chosen
    filters: str  # what is chosen in it
    hidden: dict[str, str]  # what the bar has: the form keeps it
    selected: dict[str, str]
    headline: str
    chart: charts.Chart | None
    plain_address: str
    address: str
    address_unexplored: str
    json_address: str
    csv_address: str
    explore_address: str
    picture_address: str  # for a link to the page that is shown elsewhere
    edit_address: str
    siblings_title: str
    siblings: list[tuple[str, str, str]]  # (title, summary, address)
    empty: Empty | None  # where there are no rows
    lake: tuple[str, ...]  # what is missing of sources whose detail is elsewhere
    error: str
    status: int
    table: Table | None
    empty_columns: str  # those that the table leaves out
    paging: Paging
    notes: notes.Notes


async def view(visitor: Visitor, report: reports.Report) -> ReportPage:
    """The page of a report with the parameters of the visitor's request; UsageError where one cannot be."""
    datasette, request = visitor.datasette, visitor.request
    # Read once: Datasette parses the query string each time.
    args = request.args
    values = reports.bind(report, addresses.given(request))
    own = listing.kept(args, *KEPT)
    rows = await listed(visitor, report, values, args)
    fresh = await freshness.of(visitor, values.get("source", ""))
    siblings = [each for each in await visitor.reports() if each.topic == report.topic and each.name != report.name]
    empty_columns = _hidden(values, rows)
    repeated = _repeated(values, rows, [source.name for source in await visitor.sources()])
    title = links.title(report, values)
    json_address = links.report(datasette, report.name, {**values, **listing.kept(args, SORT, SORT_DESC)}, "json")
    chart = await _chart(visitor, report, values, rows)
    own_params = [param for param in report.params if param.name not in context.NAMES]
    selected = links.selected(report, values)
    return ReportPage(
        report=report,
        title=title,
        is_embedded=bool(args.get("_embed")),
        is_explored=bool(args.get("_explore")),
        refresh_seconds=listing.refresh_seconds(args),
        freshness=fresh,
        fields=[await _field(visitor, param, values[param.name]) for param in own_params],
        is_folded=not any(param.is_required for param in own_params),
        filters=", ".join(f"{_label(param)} {values[param.name]}" for param in own_params if param.name in selected),
        hidden={**_from_bar(report, values), **own},
        selected=selected,
        headline=rows.headline,
        chart=chart,
        plain_address=links.plain(datasette, report.name),
        address=links.report(datasette, report.name, {**values, **own}),
        address_unexplored=links.report(datasette, report.name, {**values, **listing.kept(args, *KEPT[:-1])}),
        json_address=json_address,
        csv_address=json_address.replace(".json", ".csv", 1) + ("&" if "?" in json_address else "?") + "_dl=1",
        explore_address=links.exploring(datasette, report, values),
        picture_address=datasette.absolute_url(request, chart.png_address) if chart else "",
        edit_address=links.editing(datasette, report, values) if mode.of(datasette).sql else "",
        siblings_title=f"More about {PLURALS.get(report.topic, report.topic.lower())}:",
        siblings=[(each.title, each.summary, links.report(datasette, each.name)) for each in siblings],
        empty=None if rows.total or rows.error else await empty.of_report(visitor, report, values),
        lake=await lakes.missing(visitor, report, values),
        error=rows.error,
        status=rows.status,
        table=await _table(visitor, report, values, rows, {*empty_columns, *repeated}),
        empty_columns=columns.words(empty_columns),
        paging=_paging(visitor, report, values, rows),
        notes=await notes.of_report(visitor, report, values),
    )


async def _chart(
    visitor: Visitor, report: reports.Report, values: Mapping[str, str], rows: Listed
) -> charts.Chart | None:
    """The report's chart with its links."""
    datasette, args = visitor.datasette, visitor.request.args
    most = charts.most_bars(args)
    around = await drawn.context(visitor, report, values, most=most, rows_in_all=rows.in_all)
    is_explored = bool(args.get("_explore"))
    made = charts.of(report.chart, rows.all, around) if is_explored else None
    chart = made if is_explored else await charts.kept(visitor, report, values, rows.all, around)
    if not chart:
        return None
    own = listing.kept(args, BARS)
    here = {**values, **listing.kept(args, SORT, SORT_DESC, "_explore")}
    return replace(
        chart,
        is_explored=is_explored,
        svg_address=links.report(datasette, report.name, {**values, **own}, "svg"),
        png_address=links.report(datasette, report.name, {**values, **own}, "png"),
        all_address=links.report(datasette, report.name, {**here, BARS: "all"}) if chart.has_more else "",
        fewer_address=links.report(datasette, report.name, here) if own else "",
    )


async def _table(
    visitor: Visitor, report: reports.Report, values: Mapping[str, str], rows: Listed, hidden: Collection[str]
) -> Table | None:
    """The rows of this page; each heading leads to the rows in its order."""
    if not rows.shown:
        return None
    known = list(rows.shown[0].keys())
    own = values.get("compare") is not None
    names = [
        name for name in columns.ordered(report.name, columns.compared(known) if own else known) if name not in hidden
    ]
    below = columns.below(names, [rows.order.column] if rows.order else [])
    names = [name for name in names if name not in {*chain(*below.values())}]

    async def made() -> list[list[Any]]:
        cells = []
        for row in rows.shown:
            # Python 3.10 awaits in no comprehension within another one.
            cells.append([await _cell(visitor, row, name, known if own else (), below.get(name, ())) for name in names])
        return cells

    key = (*names, *await visitor.asks())
    cells = await answers.cells(rows.answer, key, made) if rows.answer else await made()
    plain = table(f"{report.title}, rows", names, cells)
    args = visitor.request.args
    here = {**values, **listing.kept(args, BARS, "_explore")}

    def sorting(column: Column) -> Column:
        is_now = rows.order is not None and rows.order.column == column.name
        # The largest number is what people look for first, and the first name.
        is_descending = not rows.order.is_descending if is_now and rows.order else "number" in column.css
        next_order = listing.Order(column.name, is_descending)
        address = links.report(visitor.datasette, report.name, {**here, **next_order.args})
        sort = ("descending" if rows.order.is_descending else "ascending") if is_now and rows.order else ""
        return replace(column, sort_address=address, sort=sort)

    return replace(plain, columns=tuple(map(sorting, plain.columns)))


async def _cell(visitor: Visitor, row: Any, name: str, known: Collection[str], below: Collection[str]) -> Any:
    """A cell, below it those of other columns, beside it the one of the period before."""
    if below:
        others = {other: await visitor.cell(row, other) for other in below}
        return columns.stacked(await visitor.cell(row, name), others)
    cell, before = await visitor.cell(row, name), columns.PREVIOUS + name
    if before not in known or row[before] is None:
        return cell
    change = name + columns.CHANGE
    return columns.beside(cell, await visitor.cell(row, before), row[change] if change in known else None)


def _hidden(values: Mapping[str, str], rows: Listed) -> list[str]:
    """The columns that no row has a value for; the one that rows are sorted by is shown."""
    if not rows.all:
        return []
    known = columns.compared(rows.all[0]) if values.get("compare") is not None else rows.all[0]
    return [name for name in columns.without_values(known, rows.all) if not rows.order or rows.order.column != name]


def _repeated(values: Mapping[str, str], rows: Listed, sources: Sequence[str]) -> list[str]:
    """The columns that only say in each row which source or pipeline is chosen, or is the only one."""
    chosen = {"source": sources[0] if len(sources) == 1 else values.get("source"), "pipeline": values.get("pipeline")}
    return [
        name
        for name, value in chosen.items()
        if value and not (rows.order and rows.order.column == name) and all(row.get(name) == value for row in rows.all)
    ]


def _paging(visitor: Visitor, report: reports.Report, values: Mapping[str, str], rows: Listed) -> Paging:
    args = visitor.request.args
    here = {**values, **listing.kept(args, SORT, SORT_DESC, BARS, "_explore")}

    def address(page: int) -> str:
        own = {listing.PAGE: str(page)} if page > 1 else {}
        return links.report(visitor.datasette, report.name, {**here, **own}) + "#rows"

    first = (rows.page - 1) * listing.PAGE_ROWS + 1
    last = first + len(rows.shown) - 1
    return Paging(
        first,
        last,
        rows.total,
        previous=address(rows.page - 1) if rows.page > 1 else "",
        next=address(rows.page + 1) if last < rows.total and rows.shown else "",
    )


async def refused(visitor: Visitor, report: reports.Report, error: reports.UsageError) -> Form:
    """The form with the values that were given, for the sentence that says what is wrong with them."""
    given = addresses.given(visitor.request)
    values = {param.name: given.get(param.name) or param.default for param in report.params}
    wrong = error.names if isinstance(error, reports.WrongValueError) else ()
    fields = [await _field(visitor, param, values[param.name], param.name in wrong) for param in report.params]
    return Form(fields, links.plain(visitor.datasette, report.name), links.selected(report, values), {})


def _from_bar(report: reports.Report, values: Mapping[str, str]) -> dict[str, str]:
    chosen = {name: values[name] for name in context.NAMES if values.get(name)}
    return chosen | {name: value for name, value in context.carried(values, {}).items() if name not in chosen}


def _label(param: reports.Param) -> str:
    return param.name.replace("_", " ")


async def _field(visitor: Visitor, param: reports.Param, value: str, is_wrong: bool = False) -> Field:
    label = _label(param)
    if param.type == "source":
        names = [source.name for source in await visitor.sources()]
        names += [value] if value and value not in names else []
        options = (("", "all"), *((name, name) for name in names))
        return Field(param.name, label, "select", value, param.help, options=options, is_wrong=is_wrong)
    if param.choices:
        names = [*param.choices] if param.default else ["", *param.choices]
        names += [value] if value not in names else []
        options = tuple((name, name or "-") for name in names)
        return Field(param.name, label, "select", value, param.help, options=options, is_wrong=is_wrong)
    # A browser's number field shows nothing but a number, not even the one that was meant.
    kind = "number" if param.type in reports.BOUNDS and not is_wrong else "text"
    suggestions = tuple(await _suggestions(visitor, "status" if param.name == "status" else param.type))
    placeholder = param.default or ("7d, 2026-01-31" if param.type == "date" else "")
    bounds = param.bounds if kind == "number" else (None, None)
    return Field(param.name, label, kind, value, param.help, placeholder, (), suggestions, is_wrong, *bounds)


async def _suggestions(visitor: Visitor, kind: str) -> Collection[str]:
    """What a text field of a parameter suggests."""
    if kind == "step":
        return await visitor.steps()
    if kind == "pipeline":
        return await visitor.pipelines()
    if kind == "status":
        return STATUSES
    return reports.DATES if kind == "date" else ()
