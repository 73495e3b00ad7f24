"""The pages of one story, run, step and source: what the reports say of it, one section a report."""

from dataclasses import dataclass
from typing import Any

from datasette import Response
from datasette.utils import tilde_decode

from ..reports.details import SECTIONS, Section
from . import DATABASE, freshness, links
from .charts import Chart, of_rows
from .permissions import ensure_database
from .tables import Table
from .visitor import Result, Visitor

__all__ = ["SECTIONS", "page"]

# A step's page is that of its family; a cell may name one of its instances.
FAMILY = """
    select family
    from steps
    where
        :name in (name, family)
        and (:source = '' or source_id = (select id from sources where name = :source))
    order by family <> :name
    limit 1
"""
# Keys of a table, with the names of their sources.
KEYS = """
    select
        {table}.source_key as key,
        sources.name as source
    from {table}
    join sources on sources.id = {table}.source_id
    where {table}.gone_at is null and {condition}
    order by {order}
    limit 10
"""
# What an unknown key is answered with: the keys that begin like it, or else the latest ones.
SUGGESTIONS = {
    "Did you mean:": ("{table}.source_key like :start escape '\\'", "{table}.source_key"),
    "The latest {table}:": ("true", "{table}.id desc"),
}
KEYED = {"story": "stories", "run": "runs"}


TEXTS = {
    "story": "Steps, runs, errors, files, tree and cost.",
    "run": "Timeline, problems and calls.",
    "step": "Durations, failures and cost.",
    "source": "Freshness, data quality, work and cost.",
}


@dataclass(frozen=True)
class Shown:
    """A section as the template shows it."""

    title: str
    result: Result
    table: Table | None
    chart: Chart | None
    note: str

    @property
    def is_tree(self) -> bool:
        """Whether its rows are drawn as a tree."""
        return self.result.report.name == "story_tree" and bool(self.result.rows)


@dataclass(frozen=True)
class Detail:
    """The page of one story, run, step or source."""

    kind: str
    key: str
    lead: str
    title: str
    sections: list[Shown]
    freshness: freshness.Freshness
    unknown: str = ""
    suggestions: tuple[tuple[str, str], ...] = ()  # (key, address)
    suggestions_title: str = ""


async def page(request: Any, datasette: Any) -> Response:
    """The page, for whoever may see the database; 404 where nothing is known of the key."""
    await ensure_database(datasette, request.actor)
    kind, key = request.url_vars["kind"], tilde_decode(request.url_vars["key"])
    source = key if kind == "source" else request.args.get("source", "")
    known = False
    if kind == "step":
        rows = (await datasette.get_database(DATABASE).execute(FAMILY, {"name": key, "source": source})).rows
        known = bool(rows)
        key = rows[0]["family"] if rows else key
    view = await _view(Visitor(datasette, request), kind, key, source, known)
    html = await datasette.render_template("detail.html", {"detail": view}, request=request)
    return Response.html(html, status=404 if view.unknown and not known else 200)


async def _view(visitor: Visitor, kind: str, key: str, source: str, known: bool) -> Detail:
    sections = [shown for section in SECTIONS[kind] if (shown := await _section(visitor, section, key, source))]
    found = [shown.result for shown in sections if shown.result.rows or shown.result.error]
    titles = [result.rows[0]["title"] for result in found if result.rows and result.rows[0].get("title")]
    fresh = await freshness.of(visitor, source)
    heading = str(titles[0]) if kind == "story" and titles else ""
    if found:
        return Detail(kind, key, TEXTS[kind], heading, sections, fresh)
    where = f" in {source}" if source and kind != "source" else ""
    if known:
        return Detail(kind, key, TEXTS[kind], "", [], fresh, f"No run of this {kind} has ended yet{where}.")
    title, near = await _near(visitor, kind, key)
    return Detail(kind, key, TEXTS[kind], "", [], fresh, f"No {kind} '{key}'{where}.", near, title)


async def _section(visitor: Visitor, section: Section, key: str, source: str) -> Shown | None:
    result = await visitor.result(section.report, {"source": source, section.takes: key})
    if result is None or not (result.rows or result.error or section.if_empty):
        return None
    if result.error:
        return Shown(section.title, result, None, None, "")
    if not result.rows:
        return Shown(section.title, result, None, None, section.if_empty)
    sources = [each.name for each in await visitor.sources()]
    chart = of_rows(result, f"{result.report.title}: {key}", sources) if len(result.rows) > 1 else None
    return Shown(section.title, result, result.table(section.title), chart, "")


async def _near(visitor: Visitor, kind: str, key: str) -> tuple[str, tuple[tuple[str, str], ...]]:
    """Keys that begin like an unknown one, or else the latest ones, with their addresses and a title for them."""
    if kind not in KEYED or not await visitor.reports():
        return "", ()
    database = visitor.datasette.get_database(DATABASE)
    start = key[: max(1, len(key) // 2)].replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_") + "%"
    table = KEYED[kind]
    for title, (condition, order) in SUGGESTIONS.items():
        sql = KEYS.format(table=table, condition=condition.format(table=table), order=order.format(table=table))
        rows = (await database.execute(sql, {"start": start})).rows
        if rows:
            found = ((row["key"], links.detail(visitor.datasette, kind, row["key"], row["source"])) for row in rows)
            return title.format(table=table), tuple(found)
    return "", ()
