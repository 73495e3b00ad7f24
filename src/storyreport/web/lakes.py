"""What pages say of sources that are rolled up from a lake, and the rows of one story or run that are read there."""

import asyncio
import contextlib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from .. import lake_detail, reports, schema
from . import DATABASE, mode

# A Visitor, which reads by way of this module.
Visitor = Any


async def missing(visitor: Visitor, report: reports.Report, values: Mapping[str, str]) -> tuple[str, ...]:
    """What a report lacks of lakes, in sentences; none where what it is about is read there."""
    found = await _lakes(visitor, values.get("source", ""))
    if not found or await _is_read(visitor, report, values):
        return ()
    return tuple(reports.missing(report, values, found, _is_private(visitor)))


async def elsewhere(visitor: Visitor, kind: str, key: str, source: str = "") -> tuple[str, ...]:
    """Where a story or run may be that is not here, in sentences; none where there is no lake."""
    found = await _lakes(visitor, source) if kind in reports.KEYS_OF_LAKES else []
    if not found:
        return ()
    sentence = f"The {kind} {key!r} is not here; it may be in a lake, whose detail stays there."
    return (sentence, *(() if _is_private(visitor) else reports.elsewhere(kind, key, found)))


async def rows(visitor: Visitor, report: reports.Report, values: Mapping[str, str]) -> list[dict[str, Any]] | None:
    """The rows of a report about one thing that is read in a lake; None where none is."""
    if not await _is_read(visitor, report, values):
        return None
    path = Path(visitor.datasette.get_database(DATABASE).path)

    def read() -> list[dict[str, Any]]:
        with contextlib.closing(schema.open_for_reading(path)) as connection:
            columns, found = lake_detail.run(connection, report, values)
        return [dict(zip(columns, row, strict=True)) for row in found]

    # It takes about a second, for which none of Datasette's threads waits.
    return await asyncio.to_thread(read)


async def _is_read(visitor: Visitor, report: reports.Report, values: Mapping[str, str]) -> bool:
    """Whether what a report is about is read in a lake: not for strangers, who could keep a server busy."""
    if report.name not in lake_detail.TAKES or _is_private(visitor):
        return False
    return bool(await _of_database(visitor, lambda connection: lake_detail.readable(connection, report, values)))


def _is_private(visitor: Visitor) -> bool:
    """Whether the visitor may not know where sources lie: nobody has logged in, from elsewhere."""
    return visitor.actor is None and not mode.of(visitor.datasette).local


async def _lakes(visitor: Visitor, source: str) -> list[reports.Lake]:
    return await _of_database(visitor, lambda connection: reports.lakes_of(connection, source))  # type: ignore[no-any-return]


async def _of_database(visitor: Visitor, read: Any) -> Any:
    return await visitor.datasette.get_database(DATABASE).execute_fn(read)
