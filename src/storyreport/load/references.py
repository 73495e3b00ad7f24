"""References between core tables: which there are, which lead nowhere, and how they come to lead somewhere again."""

import sqlite3
from collections.abc import Collection
from dataclasses import dataclass

from ..mapping import CORE_TABLES

__all__ = ["CORE_TABLES", "Link", "leads_nowhere", "link_again", "link_deleted", "links", "make_orphans"]


@dataclass(frozen=True)
class Link:
    """A reference of a core table: <name>_id leads to a row of `parent`, <name>_key is kept where that is missing."""

    name: str
    parent: str


def links(connection: sqlite3.Connection, table: str) -> list[Link]:
    """The references of a core table that may lead nowhere, as its foreign keys say."""
    parents = {row[3]: row[2] for row in connection.execute(f"pragma main.foreign_key_list({table})")}
    columns = [row[1] for row in connection.execute(f"pragma main.table_info({table})")]
    return [
        Link(column.removesuffix("_id"), parents[column])
        for column in columns
        if column in parents and column != "source_id" and column.removesuffix("_id") + "_key" in columns
    ]


# The story that a run names, kept by its rows.
STORY_OF_RUN = """,
                    story_key = (
                        select runs.story_key
                        from main.runs
                        where runs.id = {table}.run_id
                    )"""


def leads_nowhere(table: str, references: list[Link]) -> str:
    """The condition of a table's partial index of orphans: term by term, or the index is not used."""
    return "(" + " or ".join(f"{table}.{link.name}_key is not null" for link in references) + ")"


def make_orphans(connection: sqlite3.Connection, parent: str, deleted: str, inheriting: Collection[str]) -> None:
    """Let rows that refer to the rows of `parent` whose ids are in the table `deleted` keep the keys, without the ids.

    Rows of `inheriting` tables name no story: theirs is the story of their run. So they are no orphans of a story, and
    remember the story of a run that is deleted.
    """
    for table in CORE_TABLES:
        for link in links(connection, table):
            if link.parent != parent:
                continue
            if parent == "stories" and table in inheriting:
                connection.execute(
                    f"update main.{table} set story_id = null where story_id in (select id from {deleted})"
                )
                continue
            story = STORY_OF_RUN.format(table=table) if parent == "runs" and table in inheriting else ""
            connection.execute(f"""
                update main.{table}
                set
                    {link.name}_key = (
                        select source_key
                        from main.{parent} as parents
                        where parents.id = {table}.{link.name}_id
                    ),
                    {link.name}_id = null{story}
                where {link.name}_id in (select id from {deleted})""")


def link_again(connection: sqlite3.Connection, source_id: int) -> int:
    """Resolve the references of a source whose row has come, or has come back; return how many there were."""
    linked = 0
    for table, references in _with_orphans(connection, source_id).items():
        for link in references:
            also = ""
            if link.parent == "runs" and "story" in {other.name for other in references} and table != "runs":
                # What belongs to a run belongs to its story.
                also = f""",
                    story_id = case
                        when {table}.story_id is null and {table}.story_key is null then parents.story_id
                        else {table}.story_id
                    end"""
            if link.parent == "runs" and table == "calls":
                also += """,
                    pipeline_id = coalesce(calls.pipeline_id, parents.pipeline_id)"""
            linked += connection.execute(
                f"""
                update main.{table}
                set {link.name}_id = parents.id, {link.name}_key = null{also}
                from main.{link.parent} as parents
                where
                    {table}.source_id = :source_id
                    and {leads_nowhere(table, references)}
                    and parents.source_id = :source_id
                    and parents.source_key = {table}.{link.name}_key
                    and parents.gone_at is null""",
                {"source_id": source_id},
            ).rowcount
    return linked


def link_deleted(connection: sqlite3.Connection, source_id: int, inheriting: Collection[str]) -> None:
    """Let rows that were deleted lead to the rows that were deleted with them, as they did: these are their history."""
    for table, references in _with_orphans(connection, source_id).items():
        for link in references:
            story = ", story_id = parents.story_id, story_key = null"
            connection.execute(
                f"""
                update main.{table}
                set
                    {link.name}_id = parents.id,
                    {link.name}_key = null{story if link.parent == "runs" and table in inheriting else ""}
                from main.{link.parent} as parents
                where
                    {table}.source_id = :source_id
                    and {leads_nowhere(table, references)}
                    and {table}.gone_at is not null
                    and parents.source_id = :source_id
                    and parents.source_key = {table}.{link.name}_key
                    and parents.gone_at is not null""",
                {"source_id": source_id},
            )


def _with_orphans(connection: sqlite3.Connection, source_id: int) -> dict[str, list[Link]]:
    """The core tables that have orphans of a source, with their references: for most sources there are none."""
    references = {table: found for table in CORE_TABLES if (found := links(connection, table))}
    selects = (
        f"select '{table}' where exists"
        f" (select 1 from main.{table} where source_id = :source_id and {leads_nowhere(table, found)})"
        for table, found in references.items()
    )
    rows = connection.execute(" union all ".join(selects), {"source_id": source_id}).fetchall()
    return {table: references[table] for (table,) in rows}
