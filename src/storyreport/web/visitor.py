"""Whoever asks for a page: which reports they may see, the rows of these, and the sources with their freshness."""

import inspect
import json
import sqlite3
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timezone
from typing import Any

from datasette.database import QueryInterrupted
from datasette.plugins import pm

from .. import reports as catalogue
from ..charts import Href
from ..reports import Report
from . import DATABASE, answers, lakes, links
from .columns import ordered
from .permissions import visible
from .tables import Table, table

SOURCES = """
    select
        name,
        system,
        last_ingest_at as read_at,
        detail_since,
        rolled_up_by,
        up_to_day
    from source_states
    order by id
"""
# So many names can be chosen from a list; of more steps and pipelines it has the latest.
MOST_NAMES = 500
STEPS = f"select family as name from steps group by family order by max(id) desc limit {MOST_NAMES + 1}"
PIPELINES = f"select name from pipelines group by name order by max(id) desc limit {MOST_NAMES + 1}"


@dataclass(frozen=True)
class Source:
    """A source, when it was read last (UTC text or None), and that in words; of a lake, by what and up to which day."""

    name: str
    system: str
    read_at: str | None
    detail_since: str | None
    rolled_up_by: str | None
    up_to_day: str | None
    age: str
    address: str


@dataclass(frozen=True)
class Result:
    """A report's rows within a page: as they are (`rows`), and as people read them; or why there are none."""

    report: Report
    address: str
    file_name: str
    columns: list[str] = field(default_factory=list)
    rows: list[dict[str, Any]] = field(default_factory=list)
    cells: list[list[Any]] = field(default_factory=list)
    is_cut: bool = False
    error: str = ""
    href: Href | None = None  # what a mark of its chart leads to

    def table(self, label: str) -> Table:
        """The rows as a template shows them."""
        return table(label, self.columns, self.cells)


@dataclass(frozen=True)
class Rows:
    """Rows of an SQL select from a report, as they are; or why there are none."""

    report: Report
    address: str
    rows: list[dict[str, Any]] = field(default_factory=list)
    error: str = ""


class Visitor:
    """The actor of a request; what was found out holds for the whole page."""

    def __init__(self, datasette: Any, request: Any) -> None:
        self.datasette = datasette
        self.request = request
        self.actor = request.actor if request else None
        self._visible: dict[str, bool] = {}
        self._sources: list[Source] | None = None

    async def may_see(self, names: Collection[str]) -> set[str]:
        """Those of the reports that the visitor may see."""
        unknown = [name for name in names if name not in self._visible]
        allowed = await visible(self.datasette, self.actor, unknown) if unknown else set()
        self._visible.update({name: name in allowed for name in unknown})
        return {name for name in names if self._visible[name]}

    async def reports(self) -> list[Report]:
        """The reports that the visitor may see, in the catalogue's order."""
        known = catalogue.load_reports()
        allowed = await self.may_see(known)
        return [report for name, report in known.items() if name in allowed]

    async def sources(self) -> list[Source]:
        """All sources; none for those who may see no report."""
        if self._sources is None:
            self._sources = [self._source(row) for row in await self._rows(SOURCES)]
        return self._sources

    def _source(self, row: Any) -> Source:
        address = links.detail(self.datasette, "source", row["name"])
        return Source(**dict(row), age=age(row["read_at"]), address=address)

    async def steps(self) -> list[str]:
        """The families of all steps; of more than MOST_NAMES the latest, one too many."""
        return sorted(row["name"] for row in await self._rows(STEPS))

    async def pipelines(self) -> list[str]:
        """The names of all pipelines; of more than MOST_NAMES the latest, one too many."""
        return sorted(row["name"] for row in await self._rows(PIPELINES))

    async def has_pipeline(self, name: str) -> bool:
        """Whether there is a pipeline of this name."""
        return bool(await self._rows("select 1 from pipelines where name = :name", {"name": name}))

    async def result(
        self, name: str, given: Mapping[str, str] | None = None, select: str = "", most_cells: int | None = None
    ) -> Result | None:
        """A report's rows, or those of an SQL select from `report`; None where the visitor may not see it.

        A parameter that the report does not take is a condition on its column of that name. Cells are made of the
        first rows alone, `most_cells` of them, or of all.
        """
        report = catalogue.load_reports().get(name)
        if report is None or not await self.may_see([name]):
            return None
        return await self._run(report, given or {}, select, most_cells)

    async def rows(self, name: str, given: Mapping[str, str], select: str) -> Rows | None:
        """The plain rows of an SQL select from a report; None where the visitor may not see it.

        A parameter that the report does not take is a value of the select.
        """
        report = catalogue.load_reports().get(name)
        if report is None or not await self.may_see([name]):
            return None
        values = _values(report, given)
        address = links.report(self.datasette, report.name, values)
        found = await self._found(report, {**given, **catalogue.for_sql(report, values)}, select)
        if isinstance(found, str):
            return Rows(report, address, error=found)
        return Rows(report, address, [dict(row) for row in found.rows])

    async def _rows(self, sql: str, given: Mapping[str, str] | None = None) -> list[Any]:
        # Whoever may see no report does not learn which sources there are.
        for name in catalogue.load_reports():
            if await self.may_see([name]):
                return list((await answers.rows(self.datasette, sql, given)).rows)
        return []

    async def _run(self, report: Report, given: Mapping[str, str], select: str, most_cells: int | None) -> Result:
        values = _values(report, given)
        conditions = " and ".join(f"{name} = :{name}" for name in given if name not in values and given[name])
        outer = select or "select * from report" + (f" where {conditions}" if conditions else "")
        named = (report, links.report(self.datasette, report.name, values), links.file_name(report, values))
        href = links.of_marks(self.datasette, report, values)
        if not select and (of_lake := await lakes.rows(self, report, catalogue.for_sql(report, values))) is not None:
            columns = ordered(report.name, _informative(of_lake, given))
            return Result(*named, columns, of_lake, await self._cells(of_lake[:most_cells], columns), href=href)
        found = await self._found(report, {**given, **catalogue.for_sql(report, values)}, outer)
        if isinstance(found, str):
            return Result(*named, error=found)
        rows = [dict(row) for row in found.rows]
        columns = list(found.columns) if select else ordered(report.name, _informative(rows, given))
        key = (most_cells, *columns, *await self.asks())
        cells = await answers.cells(found, key, lambda: self._cells(found.rows[:most_cells], columns))
        return Result(*named, columns, rows, cells, found.truncated, href=href)

    async def asks(self) -> tuple[object, ...]:
        """What cells depend on beside their values: the address, who asks, and the reports that links may lead to."""
        actor = json.dumps(self.actor, sort_keys=True, default=str)
        seen = frozenset(await self.may_see(catalogue.load_reports()))
        return self.request.path, self.request.query_string, actor, seen

    async def _cells(self, rows: Iterable[Any], columns: list[str]) -> list[list[Any]]:
        # Python 3.10 awaits in no comprehension within another one.
        cells = []
        for row in rows:
            cells.append([await self.cell(row, column) for column in columns])
        return cells

    async def _found(self, report: Report, bound: Mapping[str, str], select: str) -> Any:
        """What Datasette finds for a select from a report; a sentence where it finds nothing out."""
        try:
            sql = f"with report as (\n{report.sql}\n)\n{select}"
            return await answers.rows(self.datasette, sql, bound, truncate=True)
        except QueryInterrupted:
            return "This took too long here: open the report and narrow it down."
        except sqlite3.Error as error:
            return f"This cannot be shown ({error})."

    async def cell(self, row: Any, column: str) -> Any:
        """A value as a query's page shows it: the first answer of a plugin."""
        value = row[column]
        # The arguments of both Datasette lines; a plugin takes those that it names.
        rendered = pm.hook.render_cell(
            row=row,
            value=value,
            column=column,
            table=None,
            pks=[],
            database=DATABASE,
            datasette=self.datasette,
            request=self.request,
            column_type=None,
        )
        for candidate in rendered:
            if inspect.isawaitable(candidate):
                candidate = await candidate
            if candidate is not None:
                return candidate
        return "" if value is None else str(value)


def _values(report: Report, given: Mapping[str, str]) -> dict[str, str]:
    """The values in force of a report's parameters; what it does not take is left out."""
    takes = {param.name for param in report.params}
    return catalogue.bind(report, {name: value for name, value in given.items() if name in takes})


def _informative(rows: list[dict[str, Any]], given: Mapping[str, str]) -> list[str]:
    """The columns that are not empty, and do not repeat a parameter in every row."""
    known = {"title"} if given.get("story") else set()
    return [
        column
        for column in (rows[0] if rows else [])
        if column not in known and any(row[column] not in (None, "", given.get(column)) for row in rows)
    ]


def age(moment: str | None) -> str:
    """How long ago a source was read, in the largest unit that fits."""
    if not moment:
        return "never read"
    then = datetime.strptime(moment[:19], "%Y-%m-%dT%H:%M:%S").replace(tzinfo=timezone.utc)
    minutes = int((datetime.now(timezone.utc) - then).total_seconds() // 60)
    for count, unit in ((minutes // 1440, "day"), (minutes // 60, "hour"), (minutes, "minute")):
        if count > 0:
            return f"read {count} {unit}{'s' if count > 1 else ''} ago"
    return "read just now"
