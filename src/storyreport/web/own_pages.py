"""Where Datasette's pages of the data lead on to: the pages of the stories, runs and steps that a row is about."""

from dataclasses import dataclass
from typing import Any

from datasette.utils import tilde_decode

from . import DATABASE, links, mode
from .visitor import Visitor

# table → of a row: kind, key and source of each page that is about it. Keys of what is missing have no page.
ABOUT = {
    "sources": "select 'source', name, name from sources where id = :id",
    "stories": "select 'story', stories.source_key, {source} from stories where stories.id = :id",
    "runs": """
        select 'run', runs.source_key, {source} from runs where runs.id = :id
        union all
        select 'story', stories.source_key, {source}
        from runs join stories on stories.id = runs.story_id where runs.id = :id
        union all
        select 'pipeline', pipelines.name, {source}
        from runs join pipelines on pipelines.id = runs.pipeline_id where runs.id = :id""",
    "pipelines": "select 'pipeline', pipelines.name, {source} from pipelines where pipelines.id = :id",
    "steps": """
        select 'step', steps.family, {source} from steps where steps.id = :id
        union all
        select 'pipeline', pipelines.name, {source}
        from steps join pipelines on pipelines.id = steps.pipeline_id where steps.id = :id""",
}
# Rows that belong to a story, a run or a step.
ABOUT |= {
    table: f"""
        select 'run', runs.source_key, {{source}}
        from {table} join runs on runs.id = {table}.run_id where {table}.id = :id
        union all
        select 'story', stories.source_key, {{source}}
        from {table} join stories on stories.id = {table}.story_id where {table}.id = :id"""
    + (
        f"""
        union all
        select 'step', steps.family, {{source}}
        from {table} join steps on steps.id = {table}.step_id where {table}.id = :id"""
        if table in ("step_runs", "calls", "events", "artifacts")
        else ""
    )
    for table in ("step_runs", "calls", "events", "artifacts", "story_nodes", "log_events")
}
SOURCE = "(select name from sources where sources.id = {table}.source_id)"


@dataclass(frozen=True)
class OwnPage:
    """A page of ours: what it is about, its key and its address."""

    kind: str
    key: str
    address: str


@dataclass(frozen=True)
class DataPage:
    """What the page of the database leads to, and whether SQL may be written there."""

    reports: str
    pages: str
    sql: str


async def of_data(visitor: Visitor) -> DataPage | None:
    """The links of the database's page; None for those who may see no report."""
    if not await visitor.reports():
        return None
    urls = visitor.datasette.urls
    sql = "" if mode.of(visitor.datasette).sql else "SQL of your own is off here: `storyreport serve --sql` allows it."
    catalogue, pages = (links.with_context(str(urls.path(path)), ()) for path in ("/-/reports", "/-/pages"))
    return DataPage(catalogue, pages, sql)


async def of_row(visitor: Visitor, request: Any) -> tuple[OwnPage, ...]:
    """The pages about the row of a table that a request is for; none for those who may see no report."""
    table, pks = (tilde_decode(request.url_vars.get(name) or "") for name in ("table", "pks"))
    if table not in ABOUT or not pks.isdigit() or not await visitor.reports():
        return ()
    sql = ABOUT[table].format(source=SOURCE.format(table=table))
    rows = (await visitor.datasette.get_database(DATABASE).execute(sql, {"id": int(pks)})).rows
    return tuple(
        OwnPage(kind, key, links.detail(visitor.datasette, kind, key, source or "")) for kind, key, source in rows
    )
