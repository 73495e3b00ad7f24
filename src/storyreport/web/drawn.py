"""What a report's chart needs beside its rows: the sources, the notes of its period, and what its marks lead to."""

from collections.abc import Mapping

from .. import reports
from ..charts import MOST_BARS, Context
from ..verdicts import bounds
from . import links, notes, rows
from .visitor import Visitor


async def context(
    visitor: Visitor,
    report: reports.Report,
    values: Mapping[str, str],
    *,
    most: int = MOST_BARS,
    width: int = 0,
    title: str = "",
    rows_in_all: str = "",
) -> Context:
    """The context of a report's chart with these values; without a title it has the report's."""
    before, days = await rows.before(visitor, report, values)
    return Context(
        title or links.title(report, values),
        report.columns,
        [source.name for source in await visitor.sources()],
        width,
        most,
        values.get("by") or "day",
        links.of_marks(visitor.datasette, report, values),
        before,
        days,
        await _rules(visitor, report, values),
        bounds.of_chart(report, values),
        rows_in_all,
    )


async def _rules(visitor: Visitor, report: reports.Report, values: Mapping[str, str]) -> list[tuple[str, str]]:
    if not notes.is_over_time(report.chart):
        return []
    marks = (await notes.of_report(visitor, report, values)).marks()
    return [(mark["day"], mark["text"]) for mark in marks]
