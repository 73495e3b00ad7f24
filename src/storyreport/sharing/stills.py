"""Pictures of reports' charts for what has no server: snapshots and digests."""

import sqlite3
from collections.abc import Mapping, Sequence
from typing import Any

from .. import charts, reports
from ..charts import drawer
from ..reports import Report
from ..verdicts import bounds

# A page's width, and that of a mail.
WIDE, NARROW = 1100, 600


def of(
    report: Report, values: Mapping[str, str], rows: Sequence[dict[str, Any]], sources: Sequence[str]
) -> tuple[str, str]:
    """A report's chart as SVG in the colours of its page, and what it leaves out; both '' where it draws nothing."""
    drawing = _drawing(report, values, rows, sources, WIDE)
    if not drawing:
        return "", ""
    return drawer.picture(drawing, report.title, charts.PAGE, report.name), " ".join(drawing.notes)


def png(report: Report, values: Mapping[str, str], rows: Sequence[dict[str, Any]], sources: Sequence[str]) -> bytes:
    """A report's chart as PNG on white; empty where there is nothing to draw."""
    drawing = _drawing(report, values, rows, sources, NARROW)
    return drawer.png(drawing, report.title, charts.LIGHT) if drawing else b""


def of_section(connection: sqlite3.Connection, name: str, params: Mapping[str, str]) -> bytes:
    """The chart of a digest's section as PNG; empty where it has none."""
    report = reports.find(name)
    columns, rows = reports.run(connection, report, params)
    sources = [source for (source,) in connection.execute("select name from sources order by id")]
    whole = [dict(zip(columns, row, strict=True)) for row in rows]
    return png(report, reports.bind(report, params), whole, sources)


def _drawing(
    report: Report, values: Mapping[str, str], rows: Sequence[dict[str, Any]], sources: Sequence[str], width: int
) -> charts.Drawing | None:
    if not report.chart or not rows:
        return None
    by = values.get("by") or "day"
    limits = bounds.of_chart(report, values)
    context = charts.Context(report.title, report.columns, sources, width, by=by, bounds=limits)
    return charts.drawing(report.chart, [dict(row) for row in rows[: charts.MOST_ROWS]], context)
