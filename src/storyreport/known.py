"""The inputs of a source as the last ingest left them: where and how they were read, and how far."""

import hashlib
import json
import sqlite3
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from . import statuses
from .load import Watermarks
from .readers.part import Found, Options

# What an input's state says beside its watermarks.
STATE = ("how", "reading", "with_text", "layout", "files", "read", "ends")


@dataclass(frozen=True)
class Known:
    """An input as the last time left it; `watermarks` is None where it was never read."""

    id: int
    location: str = ""
    signature: str = ""
    how: str | None = None
    reading: str | None = None
    with_text: bool = False
    layout: dict[str, list[str]] | None = None
    files: Mapping[str, str] = field(default_factory=dict)
    read: list[str] = field(default_factory=list)
    ends: Mapping[str, Any] = field(default_factory=dict)
    watermarks: Watermarks | None = None


def known_input(connection: sqlite3.Connection, source_id: int, found: Found) -> Known:
    row = connection.execute(
        "select id, location, signature, watermarks from inputs where source_id = ? and part = ?",
        [source_id, found.part],
    ).fetchone()
    if row is None:
        inserted = connection.execute(
            "insert into inputs (source_id, part, location, signature) values (?, ?, '', '')", [source_id, found.part]
        )
        assert inserted.lastrowid is not None
        return Known(inserted.lastrowid)
    input_id, location, signed, text = row
    state = json.loads(text)
    given = {name: value for name in STATE if (value := state.pop(name, None)) is not None}
    return Known(input_id, location, signed, **given, watermarks=Watermarks(**state) if state else None)


def how_read(found: Found, options: Options) -> str:
    """Differs once the part would be read from elsewhere or in another way."""
    return _hash((found.location, reading_of(found, options)))


def reading_of(found: Found, options: Options) -> str:
    """Differs once the part would be read in another way: with other options or another mapping."""
    # Not the tables as they are: a set's order differs from one process to the next.
    tables = [
        (name, list(table.columns.items()), table.required, table.group, table.changed, table.clock)
        for name, table in found.system.parts[found.part].tables.items()
    ]
    words = (sorted(found.system.parts[found.part].statuses.items()), statuses.version())
    return _hash((options, found.system.mapping(), tables, words))


def _hash(value: object) -> str:
    return hashlib.sha256(repr(value).encode()).hexdigest()
