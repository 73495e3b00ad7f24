"""Text files that were cut off: whether what is missing from one was deleted, or is not there any more."""

import sqlite3
from pathlib import Path

from ..errors import StoryreportError
from .bounds import BLOWN_UP
from .copies import ROW_NUMBER
from .lines import CUT, DAMAGED, HOLE
from .part import Opened, quoted
from .text import UNCLOSED

# What is said of a file that is not whole.
NOT_WHOLE = (CUT, DAMAGED, BLOWN_UP, HOLE, UNCLOSED)
IN_A_LINE = "it ends within a line"
# How a line of text ends, in UTF-16, too.
LINE_ENDS = (b"\n", b"\r", b"\n\0", b"\r\0")


def check_not_cut(connection: sqlite3.Connection, part: Opened, input_id: int) -> None:
    """Raise StoryreportError where a text file that has fewer rows than before was cut off; they were not deleted."""
    if part.is_staged and (reason := _damage(connection, part, input_id)):
        raise StoryreportError(
            f"{part.found.path} is damaged ({reason}), and rows are missing from it: nothing was loaded, so that none"
            " is marked as deleted; copy it again, or wait until it has been written."
        )


def _damage(connection: sqlite3.Connection, part: Opened, input_id: int) -> str | None:
    files = dict(part.found.exports)
    for table, (name, columns) in part.tables.items():
        if "problem" not in columns:
            continue
        said = " or ".join("substr(problem, 1, ?) = ?" for _ in NOT_WHOLE)
        given = [value for text in NOT_WHOLE for value in (len(text), text)]
        if row := connection.execute(f"select problem from {name} where {said} limit 1", given).fetchone():
            return str(row[0])
        number = quoted(ROW_NUMBER) if ROW_NUMBER in columns else "null"
        last = connection.execute(f"select problem, {number} from {name} order by rowid desc limit 1").fetchone()
        file = files.get(table, part.found.path)
        if last and not _ends_with_a_line(file) and (last[0] or _is_rejected(connection, input_id, table, last[1])):
            return IN_A_LINE
    return None


def _is_rejected(connection: sqlite3.Connection, input_id: int, table: str, number: int | None) -> bool:
    found = connection.execute(
        """
        select 1
        from main.rejects
        where
            input_id = ?
            and source_table = ?
            and source_row = ?
            and severity = 'rejected'
        """,
        [input_id, table, number],
    )
    return found.fetchone() is not None


def _ends_with_a_line(file: Path) -> bool:
    """Whether the last line of a file is whole; what is no plain file is not looked at."""
    if not file.is_file():
        return True
    with file.open("rb") as content:
        content.seek(max(0, file.stat().st_size - 2))
        return content.read().endswith(LINE_ENDS)
