"""Rows that turn out to be the same: what refers to the one refers to the other, which stays."""

import sqlite3

from ..load.references import CORE_TABLES, links

# What rows refer to by a name, and the column that they do it with.
NAMED = {"steps": "step_id", "pipelines": "pipeline_id"}


def put_together(connection: sqlite3.Connection, table: str) -> int:
    """Delete the rows of temp.same_rows (id, kept_id) of a core table, steps or pipelines; return how many."""
    for child in (*CORE_TABLES, "steps"):
        for column in _references(connection, child, table):
            connection.execute(f"""
                update main.{child}
                set {column} = same_rows.kept_id
                from temp.same_rows
                where {child}.{column} = same_rows.id""")
    return connection.execute(f"delete from main.{table} where id in (select id from temp.same_rows)").rowcount


def _references(connection: sqlite3.Connection, child: str, table: str) -> list[str]:
    if table in NAMED:
        columns = {row[1] for row in connection.execute(f"pragma main.table_info({child})")}
        return [NAMED[table]] if NAMED[table] in columns else []
    return [f"{link.name}_id" for link in links(connection, child) if link.parent == table]
