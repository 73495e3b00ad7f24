"""A report's page: its form, its chart, its links, and what it says where it has no rows."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from .. import reports
from . import addresses, charts, context, freshness, links, notes
from .tables import Table, table
from .visitor import Visitor

PLURALS = {"One run, one story": "single runs and stories", "Data": "the data"}


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


@dataclass(frozen=True)
class Form:
    """The form of a report whose values were refused, with these values."""

    fields: list[Field]
    plain_address: str
    selected: dict[str, str]
    hidden: dict[str, str]


@dataclass(frozen=True)
class ReportPage:
    """All that a report's page shows beside its rows."""

    report: reports.Report
    title: str
    is_embedded: bool
    is_explored: bool
    freshness: freshness.Freshness
    fields: list[Field]  # those that the bar does not have
    hidden: dict[str, str]  # what the bar has: the form keeps it
    selected: dict[str, str]
    chart: charts.Chart | None
    plain_address: str
    address: str
    json_address: str
    csv_address: str
    explore_address: str
    siblings_title: str
    siblings: list[tuple[str, str, str]]  # (title, summary, address)
    if_empty: str
    row_limit: int
    notes: notes.Notes

    def table(self, columns: Sequence[str], rows: Sequence[Sequence[Any]]) -> Table:
        """Datasette's rows as the template shows them."""
        return table(f"{self.report.title}, rows", columns, rows)


async def view(visitor: Visitor, report: reports.Report) -> ReportPage:
    """The page of a report with the parameters of the visitor's request."""
    datasette, request = visitor.datasette, visitor.request
    # Read once: Datasette parses the query string each time.
    given = request.args
    try:
        values = reports.bind(report, addresses.given(request))
    except reports.UsageError:
        values = reports.bind(report, {})
    sources = await visitor.sources()
    fresh = await freshness.of(visitor, values.get("source", ""))
    siblings = [each for each in await visitor.reports() if each.topic == report.topic and each.name != report.name]
    title, is_explored = links.title(report, values), bool(given.get("_explore"))
    json_address = links.report(datasette, report.name, values, "json")
    chart = None
    if report.chart and not is_explored:
        names = [source.name for source in sources]
        chart = charts.of_address(title, links.file_name(report, values), report.chart, json_address, names)
    return ReportPage(
        report=report,
        title=title,
        is_embedded=bool(given.get("_embed")),
        is_explored=is_explored,
        freshness=fresh,
        fields=[
            await _field(visitor, param, values[param.name])
            for param in report.params
            if param.name not in context.NAMES
        ],
        hidden=_hidden(report, values),
        selected=links.selected(report, values),
        chart=chart,
        plain_address=links.plain(datasette, report.name),
        address=links.report(datasette, report.name, values),
        json_address=json_address,
        csv_address=links.report(datasette, report.name, {**values, "_dl": "1"}, "csv"),
        explore_address=links.exploring(datasette, report, values),
        siblings_title=f"More about {PLURALS.get(report.topic, report.topic.lower())}:",
        siblings=[(each.title, each.summary, links.report(datasette, each.name)) for each in siblings],
        if_empty=_if_empty(report, values, bool(sources), fresh),
        row_limit=datasette.setting("max_returned_rows"),
        notes=await notes.of_report(visitor, report, values),
    )


async def refused(visitor: Visitor, report: reports.Report, error: reports.UsageError) -> Form:
    """The form with the values that were given, for the sentence that says what is wrong with them."""
    given = addresses.given(visitor.request)
    values = {param.name: given.get(param.name) or param.default for param in report.params}
    wrong = error.names if isinstance(error, reports.WrongValueError) else ()
    fields = [await _field(visitor, param, values[param.name], param.name in wrong) for param in report.params]
    return Form(fields, links.plain(visitor.datasette, report.name), links.selected(report, values), {})


def _hidden(report: reports.Report, values: Mapping[str, str]) -> dict[str, str]:
    chosen = {name: values[name] for name in context.NAMES if values.get(name)}
    return chosen | {name: value for name, value in context.carried(values, {}).items() if name not in chosen}


async def _field(visitor: Visitor, param: reports.Param, value: str, is_wrong: bool = False) -> Field:
    label = param.name.replace("_", " ")
    if param.type == "source":
        names = [source.name for source in await visitor.sources()]
        names += [value] if value and value not in names else []
        options = (("", "all"), *((name, name) for name in names))
        return Field(param.name, label, "select", value, param.help, options=options)
    if param.choices:
        names = [*param.choices] if param.default else ["", *param.choices]
        names += [value] if value not in names else []
        return Field(
            param.name, label, "select", value, param.help, options=tuple((name, name or "-") for name in names)
        )
    # A browser's number field shows nothing but a number, not even the one that was meant.
    kind = "number" if param.type == "number" and not is_wrong else "text"
    suggestions = tuple(await _suggestions(visitor, param.type))
    placeholder = param.default or ("7d, 2026-01-31" if param.type == "date" else "")
    return Field(param.name, label, kind, value, param.help, placeholder, (), suggestions, is_wrong)


async def _suggestions(visitor: Visitor, kind: str) -> Collection[str]:
    """What a text field of a parameter suggests."""
    if kind == "step":
        return await visitor.steps()
    if kind == "pipeline":
        return await visitor.pipelines()
    return reports.DATES if kind == "date" else ()


def _if_empty(report: reports.Report, values: Mapping[str, str], has_sources: bool, fresh: freshness.Freshness) -> str:
    """The sentence of a report without rows."""
    if not has_sources:
        return "Nothing has been ingested yet: run `storyreport ingest SOURCE`."
    if not fresh.sources:
        return f"There is no source called {values['source']}."
    if selected := links.selected(report, values):
        return f"No rows for {', '.join(f'{name} = {value}' for name, value in selected.items())}."
    missing = [param.name for param in report.params if param.name in ("run", "story", "batch") and not param.default]
    if report.topic == "One run, one story" and missing:
        return f"Enter a {missing[0]} key above."
    return "The sources have no rows for this report."
