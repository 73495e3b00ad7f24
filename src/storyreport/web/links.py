"""Names and addresses: what a report, a run, a story, a step or a source is called and where its page is."""

import re
from collections.abc import Mapping
from typing import Any
from urllib.parse import unquote, urlencode

from datasette.utils import tilde_decode, tilde_encode

from .. import reports
from ..charts import Href
from ..reports import periods
from . import DATABASE, context

# The columns that name something with a page of its own, and the kind of that page.
PAGES = {
    "story": "story",
    "run": "run",
    "previous_run": "run",
    "next_run": "run",
    "with_run": "run",
    "batch": "run",
    "step": "step",
    "current_step": "step",
    "next_step": "step",
    "pipeline": "pipeline",
    "source": "source",
}

# The address of a page about one run or story.
ABOUT = re.compile(r"^/-/(run|story)/([^/]+)$")


def report(datasette: Any, name: str, values: Mapping[str, str] | None = None, ending: str = "") -> str:
    """A report's address with these parameters and, if it is a page, the choices; `ending` is `json` or `csv`."""
    path = str(datasette.urls.query(DATABASE, name, format=ending or None))
    known = reports.load_reports().get(name)
    takes = {param.name for param in known.params} if known else set()
    carried = {} if ending else context.carried(takes, values or {})
    query = urlencode({**(values or {}), **carried})
    return f"{path}?{query}" if query else path


def plain(datasette: Any, name: str) -> str:
    """A report's address without any parameter."""
    return str(datasette.urls.query(DATABASE, name))


def with_context(path: str, takes: tuple[str, ...]) -> str:
    """The address of a page that takes these parameters, with the choices of the visitor."""
    query = urlencode(context.carried(takes, {}))
    return f"{path}?{query}" if query else path


def named(part: str) -> str:
    """The name in a part of an address: as Datasette writes it (`~2F`), or as browsers and scripts do (`%2F`)."""
    # A name's own per cent sign is ~25.
    name: str = tilde_decode(unquote(part))
    return name


def named_by(request: Any) -> dict[str, str]:
    """The run or story that the page of a request is about."""
    found = ABOUT.search(request.scope.get("route_path") or request.path)
    return {found[1]: named(found[2])} if found else {}


def detail(datasette: Any, kind: str, key: str, source: str = "") -> str:
    """The address of the page of a run, story, step, pipeline or source."""
    path = str(datasette.urls.path(f"/-/{kind}/{tilde_encode(key)}"))
    own = {"source": source} if source and kind != "source" else {}
    takes = ("since", "until", "pipeline") if kind == "step" else ()
    query = urlencode({**own, **context.carried(takes, {})})
    return f"{path}?{query}" if query else path


def selected(report: reports.Report, values: Mapping[str, str]) -> dict[str, str]:
    """The parameters that differ from their defaults."""
    return {param.name: values[param.name] for param in report.params if values[param.name] != param.default}


def title(report: reports.Report, values: Mapping[str, str]) -> str:
    """The report's title with the selected parameters: for a tab, a chart and a shared link."""
    params = ", ".join(f"{name.replace('_', ' ')} {value}" for name, value in selected(report, values).items())
    return f"{report.title} ({params})" if params else report.title


def file_name(report: reports.Report, values: Mapping[str, str]) -> str:
    """The name of a saved chart, without an ending."""
    return re.sub(r"[^\w.-]+", "-", "-".join([report.name, *selected(report, values).values()]))


def of_marks(datasette: Any, report_: reports.Report, values: Mapping[str, str]) -> Href:
    """What the marks of a report's chart lead to: the page of what they name, or its rows of that period or kind."""
    takes = {param.name for param in report_.params}
    rows = report(datasette, report_.name, values) + "#rows"

    def href(column: str, row: Mapping[str, Any]) -> str:
        column = "story" if column == "title" and row.get("story") else column
        value = row.get(column)
        if not value:
            return rows
        if column in PAGES:
            return detail(datasette, PAGES[column], str(value), str(row.get("source") or ""))
        if column in ("day", "period") and {"since", "until"} <= takes:
            first, last = periods.days_of(str(value), values.get("by", "day"))
            return report(datasette, report_.name, {**values, "since": first, "until": last})
        if column in takes and not values.get(column):
            return report(datasette, report_.name, {**values, column: str(value)})
        return rows

    return href


def exploring(datasette: Any, report_: reports.Report, values: Mapping[str, str]) -> str:
    """The report's address with datasette-vega, which begins with the report's own chart where it can draw it."""
    return report(datasette, report_.name, {**values, "_explore": "1"}) + _fragment(report_)


def editing(datasette: Any, report: reports.Report, values: Mapping[str, str]) -> str:
    """The address of Datasette's SQL editor with a copy of the report."""
    path = str(datasette.urls.database(DATABASE)) + ("/-/query" if hasattr(datasette, "add_query") else "")
    return f"{path}?{urlencode({'sql': report.sql, **reports.for_sql(report, values)})}"


def _fragment(report: reports.Report) -> str:
    encoding = (report.chart or {}).get("encoding", {})
    axes = [channel for channel in (encoding.get("x"), encoding.get("y")) if channel and "field" in channel]
    if len(axes) < 2:
        return ""
    # Datasette-vega draws bars upwards only: the measure is y.
    axes.sort(key=lambda channel: channel.get("type") == "quantitative")
    mark = report.chart["mark"] if report.chart else ""
    mark = mark if isinstance(mark, str) else mark["type"]
    drawn = {"g.mark": mark if mark in ("bar", "line") else "circle"}
    for name, channel in zip("xy", axes, strict=True):
        drawn[f"g.{name}_column"] = channel["field"]
        kind = channel.get("type", "nominal")
        drawn[f"g.{name}_type"] = "ordinal" if kind == "nominal" else kind
    if "field" in encoding.get("color", {}):
        drawn["g.color_column"] = encoding["color"]["field"]
    return "#" + urlencode(drawn)
