"""SQLite files with indexes that this SQLite distrusts: in 3.40 and older, those that call JSON functions, too."""

import contextlib
import sqlite3
from pathlib import Path

from ..scratch import check_room
from .header import IMMUTABLE
from .part import quoted

# Indexes on expressions, and partial ones.
CALLING = """
    select name
    from sqlite_master
    where
        type = 'index'
        and (
            exists (select 1 from pragma_index_xinfo(sqlite_master.name) where cid = -2)
            or name in (select name from pragma_index_list(sqlite_master.tbl_name) where partial)
        )
"""


def has_unsafe_indexes(location: str, wait_seconds: float) -> bool:
    """Whether an index calls a function that SQLite finds unsafe in a file from elsewhere."""
    with contextlib.closing(sqlite3.connect(location, uri=True, timeout=wait_seconds)) as reader:
        reader.execute("pragma trusted_schema = off")
        try:
            reader.execute("select count(*) from sqlite_master").fetchone()
        except sqlite3.DatabaseError as error:
            if "unsafe use of" not in str(error):
                raise
            return True
    return False


def copy_without_expressions(location: str, copy: Path, wait_seconds: float) -> str:
    """Copy a database and drop the copy's indexes that call functions; return the URI of the copy.

    The connection that does so has no functions of ours, so that a hostile schema can call none.
    """
    with contextlib.closing(sqlite3.connect(location, uri=True, timeout=wait_seconds)) as reader:
        size = reader.execute("select page_count * page_size from pragma_page_count, pragma_page_size").fetchone()[0]
        place = reader.execute("select file from pragma_database_list").fetchone()[0]
    check_room(Path(place), copy.parent, size)
    with (
        contextlib.closing(sqlite3.connect(location, uri=True, timeout=wait_seconds)) as reader,
        contextlib.closing(sqlite3.connect(copy)) as writer,
    ):
        reader.backup(writer)
        # A copy in WAL mode could not be read as immutable.
        writer.execute("pragma journal_mode = delete")
        for (name,) in writer.execute(CALLING).fetchall():
            writer.execute(f"drop index {quoted(name)}")
        writer.commit()
    return f"{copy.as_uri()}?{IMMUTABLE}"
