"""The newest rows of a table that does not say when a row was changed: which of them differ from the last time.

A row may be updated in place soon after it was written. So the newest rows are looked at again, block by block: of a
block whose digest is as before, nothing has changed.
"""

import json
import marshal
from bisect import bisect_left
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from functools import partial
from hashlib import blake2b
from typing import Any

from ..keyed import PRIVATE_KEY
from ..system import Type
from .job import Block, Job

# Rows this close to the newest one are looked at again.
ROWS_READ_AGAIN = 10_000
ROWS_A_BLOCK = 64
DIGEST_BYTES = 8
# A group's key and step ('' where the table is not divided by steps, None where the row has none).
Key = tuple[Any, Any]
# Its bytes are the same in every process: those of later versions depend on what else holds an object.
MARSHAL_VERSION = 2


def has_blocks(job: Job, table: str) -> bool:
    """Whether rows of a table that have not changed need not be mapped again: no row of another group bears on them."""
    opened, tables = job.typed.opened, job.part.tables
    groups = {described.group for described in tables.values()}
    is_whole = len(groups) == 1 and (len(tables) == 1 or None not in groups)
    return is_whole and table in opened.numbered and not opened.is_staged and not tables[table].changed


def changed_blocks(job: Job, table: str, last: int) -> dict[int, set[Key]] | None:
    """The blocks of the rows up to number `last` that differ from the last time → the groups that they had and have.

    None where nothing is known of the last time.
    """
    known = _known(job, table)
    if not known and last:
        return None
    job.blocks[table] = found = _read(job, table, _first(last), last)
    none = Block()
    return {
        block: {*known.get(block, none).keys(), *found.get(block, none).keys()}
        for block in known.keys() | found.keys()
        if known.get(block, none).digest != found.get(block, none).digest
    }


def note_blocks(job: Job, last_numbers: Mapping[str, int]) -> None:
    """Note what the newest rows of each table hold, for the next time."""
    for table, last in last_numbers.items():
        if not has_blocks(job, table):
            continue
        known, read = _known(job, table), job.blocks.get(table, {})
        # The last block has grown since.
        whole = max(read, default=0)
        first = _first(last)
        found = {block: rows for block, rows in read.items() if first // ROWS_A_BLOCK <= block < whole}
        found |= _read(job, table, max(first, whole * ROWS_A_BLOCK), last)
        place = (job.input_id, table)
        job.connection.executemany(
            "delete from main.row_blocks where input_id = ? and source_table = ? and block = ?",
            [(*place, block) for block in known if known[block] != found.get(block)],
        )
        job.connection.executemany(
            "insert into main.row_blocks values (?, ?, ?, ?, ?)",
            [
                (*place, block, rows.digest, json.dumps(rows.keys()))
                for block, rows in found.items()
                if known.get(block) != rows
            ],
        )


def _first(last: int) -> int:
    """The first row that is looked at again: blocks are whole."""
    return max(0, last - ROWS_READ_AGAIN) // ROWS_A_BLOCK * ROWS_A_BLOCK


def _known(job: Job, table: str) -> dict[int, Block]:
    rows = job.execute(
        "select block, digest, keys from main.row_blocks where input_id = :input_id and source_table = :table",
        table=table,
    )
    return {block: Block(digest, partial(_noted_keys, keys)) for block, digest, keys in rows}


def _read(job: Job, table: str, first: int, last: int) -> dict[int, Block]:
    """The blocks of the rows from number `first` to `last`."""
    number, columns = job.typed.opened.numbered[table], job.typed.columns(table)
    _, group = columns.get(job.part.tables[table].group or "", (None, None))
    read = [
        name for kind, name in columns.values() if name and (kind is not Type.PRIVATE or job.typed.options.with_text)
    ]
    key = PRIVATE_KEY.format(c=group) if group else "null"
    step = columns[job.part.tables[table].step or ""][1] if job.is_divided(table) else None
    place = 2 + read.index(step) if step else None
    with _bytes_for_text(job):
        rows = job.execute(
            f"select {number}, {key}, {', '.join(read)} from {job.typed.name(table)}"
            f" where {number} between :first and :last order by {number}",
            first=first,
            last=last,
        ).fetchall()
    numbers = [row[0] for row in rows]
    found, start = {}, 0
    while start < len(rows):
        block = numbers[start] // ROWS_A_BLOCK
        end = bisect_left(numbers, (block + 1) * ROWS_A_BLOCK, start)
        found[block] = _block(job, rows[start:end], place)
        start = end
    return found


@contextmanager
def _bytes_for_text(job: Job) -> Iterator[None]:
    """Read text as the bytes that it is, which takes half the time."""
    before, job.connection.text_factory = job.connection.text_factory, bytes
    try:
        yield
    finally:
        job.connection.text_factory = before


def _block(job: Job, rows: list[tuple[Any, ...]], step: int | None) -> Block:
    """A block of rows, of which each has its group at place 1, and at place `step` the name of its step."""
    digest = blake2b(marshal.dumps(rows, MARSHAL_VERSION), digest_size=DIGEST_BYTES).digest()
    read = {(row[1], row[step] if step else b"") for row in rows}
    return Block(digest, partial(_read_keys, job, read))


def _read_keys(job: Job, read: set[tuple[Any, Any]]) -> tuple[Key, ...]:
    """The groups as they were read, in their order."""
    steps = {step: _private(job, _text(step)) for step in {step for _, step in read}}
    keys = {(_text(group), steps[step]) for group, step in read if group is not None}
    return tuple(sorted(keys, key=str))


def _text(read: Any) -> Any:
    return read.decode(errors="replace") if isinstance(read, bytes) else read


def _private(job: Job, key: Any) -> Any:
    return job.scalar(f"select {PRIVATE_KEY.format(c=':key')}", key=key)


def _noted_keys(noted: str) -> tuple[Key, ...]:
    # Version 0.1.0 noted groups alone: nothing was divided.
    return tuple(tuple(key) if isinstance(key, list) else (key, "") for key in json.loads(noted))
