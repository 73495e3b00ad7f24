"""Rejected rows as they would be kept today: of free text only that it is text."""

import json
import re
import sqlite3
from typing import Any

from ..sources import systems
from ..system import SECRET, Type
from ..values import redacted

LETTERS = re.compile(r"[A-Za-z]{5}")
HIDDEN = re.compile(r"<text of \d+ characters>")

# column → type, by input and table
Kinds = dict[int, dict[str, dict[str, Type]]]


def register(connection: sqlite3.Connection) -> None:
    """Make rejected_row(row, table, input) callable from SQL: the row's JSON as it would be kept."""
    kinds: Kinds = {}
    with_text: set[int] = set()
    inputs = connection.execute("""
        select
            inputs.id,
            sources.system,
            inputs.part,
            coalesce(json_extract(inputs.watermarks, '$.with_text'), 0)
        from main.inputs
        join main.sources on sources.id = inputs.source_id""")
    for input_id, system, part, is_with_text in inputs:
        parts = systems()[system].parts if system in systems() else {}
        # A lake has the tables of the plain form.
        part = "database" if part == "lake" else part
        tables = parts[part].tables if part in parts else {}
        kinds[input_id] = {name: dict(table.columns) for name, table in tables.items()}
        with_text |= {input_id} if is_with_text else set()

    def rejected_row(row: str, table: str, input_id: int) -> str:
        columns = kinds.get(input_id, {}).get(table, {})
        try:
            values = json.loads(row)
        except ValueError:
            return "{}"
        kept = {
            name: _kept(value, columns.get(name), input_id in with_text)
            for name, value in values.items()
            if columns.get(name) not in SECRET
        }
        return row if kept == values else json.dumps(kept, ensure_ascii=False, separators=(",", ":"))

    connection.create_function("rejected_row", 3, rejected_row, deterministic=True)


def _kept(value: Any, kind: Type | None, with_text: bool) -> Any:
    if not isinstance(value, str) or HIDDEN.fullmatch(value):
        return value
    is_name = kind in (Type.KEY, Type.WORD)
    if with_text or is_name or (kind is not None and kind is not Type.TEXT and not LETTERS.search(value)):
        return redacted(value)
    return f"<text of {len(value)} characters>"
