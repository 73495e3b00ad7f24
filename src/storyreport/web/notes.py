"""Notes of what was changed, for charts over time and pages of reports with days."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from .. import reports
from . import answers, links
from .visitor import Visitor

REPORT = "notes"
MOST = 20
# Notes of a source are about all of its pipelines; those without one are about every source.
WITHIN = f"""
    select
        notes.at,
        notes.note as text,
        sources.name as source
    from notes
    left join sources on sources.id = notes.source_id
    where
        notes.at >= :since
        and substr(notes.at, 1, 10) <= coalesce(nullif(:until, ''), '9999-12-31')
        and (:source = '' or notes.source_id is null or sources.name = :source)
    order by notes.at desc, notes.id desc
    limit {MOST}
"""


@dataclass(frozen=True)
class Note:
    """A note: its moment (UTC text), its text, and its source ("" for all)."""

    at: str
    text: str
    source: str

    @property
    def day(self) -> str:
        """The UTC day."""
        return self.at[:10]


@dataclass(frozen=True)
class Notes:
    """The latest notes of a report's period, latest first; none where the visitor may not see the report of notes."""

    notes: tuple[Note, ...] = ()
    address: str = ""

    def marks(self) -> list[dict[str, str]]:
        """What a chart draws: a day and a text for each note, the earliest first."""
        return [{"day": note.day, "text": note.text} for note in reversed(self.notes)]


async def of_report(visitor: Visitor, report: reports.Report, values: Mapping[str, str]) -> Notes:
    """The notes for a report with these values: of its period, about its source or about all."""
    takes = {param.name for param in report.params}
    if not {"since", "until"} <= takes or not await visitor.may_see([REPORT]):
        return Notes()
    bound = reports.for_sql(report, values)
    given = {name: bound.get(name, "") for name in ("since", "until", "source")}
    rows = (await answers.rows(visitor.datasette, WITHIN, given)).rows
    found = tuple(Note(row["at"], row["text"], row["source"] or "") for row in rows)
    return Notes(found, links.report(visitor.datasette, REPORT) if found else "")


def is_over_time(chart: Mapping[str, Any] | None) -> bool:
    """Whether notes can be drawn into a chart: its x axis is a time, and its marks are no spans."""
    encoding = (chart or {}).get("encoding", {})
    return encoding.get("x", {}).get("type") == "temporal" and "x2" not in encoding
