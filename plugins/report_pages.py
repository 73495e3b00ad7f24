"""Gives the templates words: the catalogue by topic, and what a report is called, found by and linked with."""

# mypy: disallow-untyped-decorators=False

import re
from collections.abc import Collection, Mapping
from itertools import groupby
from typing import Any
from urllib.parse import urlencode

from datasette import hookimpl
from datasette.utils import tilde_encode

from storyreport import reports

DATABASE = "storyreport"


@hookimpl
def extra_css_urls() -> list[str]:
    """The look of every page."""
    return ["/static/storyreport.css"]


@hookimpl
def extra_template_vars(datasette: Any) -> dict[str, Any]:
    """Functions that the templates call as they need them."""

    def link(report: reports.Report, values: Mapping[str, str]) -> str:
        query = urlencode(values)
        return str(datasette.urls.query(DATABASE, report.name)) + (f"?{query}" if query else "")

    return {
        "report_topics": topics,
        "report_named": named,
        "report_link": link,
        "report_exploring": lambda report, values: link(report, {**values, "_explore": "1"}) + fragment(report),
        "report_thing": lambda kind, key: datasette.urls.path(f"/-/{kind}/{tilde_encode(key)}"),
        "report_chosen": chosen,
        "report_title": title,
        "report_file_name": file_name,
        "report_words": words,
        "report_matching": matching,
        "report_number_columns": number_columns,
        "report_heading": heading,
        "report_row_limit": datasette.setting("max_returned_rows"),
    }


def topics(names: Collection[str]) -> list[tuple[str, list[reports.Report]]]:
    """These reports by topic, in the catalogue's order."""
    members = [report for name, report in reports.load_reports().items() if name in names]
    return [(topic, list(of_topic)) for topic, of_topic in groupby(members, key=lambda report: report.topic)]


def named(database: str, name: str | None) -> reports.Report | None:
    """The report that a query's page shows, None for other SQL."""
    return reports.load_reports().get(name) if name and database == DATABASE else None


def chosen(report: reports.Report, values: Mapping[str, str]) -> dict[str, str]:
    """The parameters that have another value than their default."""
    return {param.name: values[param.name] for param in report.params if values[param.name] != param.default}


def title(report: reports.Report, values: Mapping[str, str]) -> str:
    """The report's title with what was chosen: what a tab, a chart and a shared link are called."""
    told = ", ".join(f"{name.replace('_', ' ')} {value}" for name, value in chosen(report, values).items())
    return f"{report.title} ({told})" if told else report.title


def file_name(report: reports.Report, values: Mapping[str, str]) -> str:
    """What a saved chart is called, without an ending."""
    return re.sub(r"[^\w.-]+", "-", "-".join([report.name, *chosen(report, values).values()]))


def words(report: reports.Report) -> str:
    """What a report can be found by."""
    names = [report.name, report.name.replace("_", " "), report.title, report.topic, report.description]
    return " ".join([*names, *(param.name for param in report.params)]).lower()


def matching(members: list[reports.Report], sought: str) -> list[reports.Report]:
    """The reports that are about every word."""
    return [report for report in members if all(word in words(report) for word in sought.lower().split())]


def fragment(report: reports.Report) -> str:
    """How datasette-vega is told to begin with the report's own chart, where it can draw it."""
    encoding = (report.chart or {}).get("encoding", {})
    axes = [channel for channel in (encoding.get("x"), encoding.get("y")) if channel and "field" in channel]
    if len(axes) < 2:
        return ""
    # It draws bars upwards only: what is measured goes up.
    axes.sort(key=lambda channel: channel["type"] == "quantitative")
    mark = report.chart["mark"] if report.chart else ""
    mark = mark if isinstance(mark, str) else mark["type"]
    drawn = {"g.mark": mark if mark in ("bar", "line") else "circle"}
    for name, channel in zip("xy", axes, strict=True):
        drawn[f"g.{name}_column"] = channel["field"]
        drawn[f"g.{name}_type"] = "ordinal" if channel["type"] == "nominal" else channel["type"]
    if "field" in encoding.get("color", {}):
        drawn["g.color_column"] = encoding["color"]["field"]
    return "#" + urlencode(drawn)


def number_columns(display_rows: list[list[Any]]) -> set[int]:
    """The positions of the columns that hold numbers, which stand to the right."""
    return {
        position
        for row in display_rows
        for position, cell in enumerate(row)
        if hasattr(cell, "__html__") and str(cell).startswith('<span class="num"')
    }


def heading(column: str) -> str:
    """A column's name for people; its unit stands in its cells."""
    for suffix in ("_ms", "_pct", "_bytes", "_minutes"):
        column = column.removesuffix(suffix)
    return column.replace("_", " ")
