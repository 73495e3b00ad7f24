"""Wait for sources before the report database is locked: read servers, and copy the files that their writers lock.

Once it is locked, what was read is held against it: where another command has loaded the same source meanwhile, a
server is read again (StaleError), and a file is copied again.

A large file takes longer to copy than a few new rows of it to load. So it is read in place first, under the lock that
keeps its writer waiting; where more than a few rows are needed, StaleError says so, and it is copied after all.
"""

import contextlib
import json
import sqlite3
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from . import schema
from .errors import StaleError, StoryreportError
from .given import Request
from .known import OF_PART
from .load import open_groups
from .readers.header import is_wal
from .readers.part import Found, is_unchanged
from .readers.server_copy import ServerCopy, Wanted, copy_server
from .readers.sqlite import FileCopy, copy_locked, reading
from .transaction import Progress, check_place

# A copy of a file this large takes longer than to load a few rows of it.
LARGE_BYTES = 1 << 30
# What the last load left of a part: its input, and the source's last ingest.
State = tuple[Any, ...] | None


@dataclass
class Ahead:
    """What was read of the parts of a source, and the state of their inputs then."""

    states: dict[str, tuple[Found, State]] = field(default_factory=dict)
    servers: dict[str, ServerCopy] = field(default_factory=dict)
    files: dict[str, FileCopy] = field(default_factory=dict)
    in_place: set[str] = field(default_factory=set)

    def hold_against(self, connection: sqlite3.Connection, name: str) -> None:
        """Forget the copies of files, and raise StaleError about servers, that another command has loaded since."""
        for part, (found, state) in self.states.items():
            if state_of(connection, name, found) != state:
                self.files.pop(part, None)
                if part in self.servers:
                    raise StaleError


@dataclass
class Again:
    """What was missing when a source was read ahead: groups of a server, or all of it (of a file: its copy)."""

    groups: frozenset[str] = frozenset()
    is_whole: bool = False

    def add(self, stale: StaleError) -> None:
        """Learn what is to be read the next time."""
        # Groups that go on to come up are a reason to read all.
        self.is_whole = self.is_whole or stale.is_whole or bool(self.groups and stale.groups)
        self.groups |= stale.groups


def read_ahead(database: Path, request: Request, again: Again, scratch: Callable[[], Path], say: Progress) -> Ahead:
    """Read the servers and copy the locked files of a source; `scratch` makes a folder for them."""
    ahead = Ahead()
    for found in request.parts:
        if not _may_wait(found):
            continue
        check_place(database)
        state, signature, wanted, with_text = _known(database, request, found)
        ahead.states[found.part] = found, state
        with reading(found.path):
            if found.url:
                say(f"reading {found.path.name}")
                wanted = replace(wanted, groups=wanted.groups | again.groups, has_all=again.is_whole)
                path = scratch() / f"{found.part} of a server.db"
                ahead.servers[found.part] = copy_server(found, wanted, with_text, path)
            elif not request.full and is_unchanged(found, signature):
                continue
            elif not again.is_whole and _may_have_few(request, found, state):
                ahead.in_place.add(found.part)
            else:
                say(f"copying {found.path.name}")
                ahead.files[found.part] = copy_locked(found, scratch())
    return ahead


def _may_wait(found: Found) -> bool:
    """Whether a part can keep its reader waiting: a server, or a file without a log, which its writer locks."""
    return bool(found.url) or not (found.is_staged or is_wal(found.path))


def _may_have_few(request: Request, found: Found, state: State) -> bool:
    """Whether a large file was read before in such a way that only its new and changed rows need be read now."""
    is_known = state is not None and bool(json.loads(state[2] or "{}").get("after"))
    # The times of a clock are held against each other, all of them.
    has_clock = any(table.clock for table in found.system.parts[found.part].tables.values())
    return is_known and not (request.append or has_clock) and found.path.stat().st_size >= LARGE_BYTES


def state_of(connection: sqlite3.Connection, name: str, found: Found) -> State:
    """What the last load left of a part; None where it was never read, or by an earlier version."""
    with contextlib.suppress(sqlite3.OperationalError):
        row: State = connection.execute(
            f"""
            select inputs.id, inputs.signature, inputs.watermarks,
                (select max(ingests.id) from ingests where ingests.source_id = sources.id)
            from sources
            join inputs on inputs.source_id = sources.id
            where
                sources.name = :name
                and {OF_PART}
            """,
            {"name": name, "part": found.part, "location": found.location},
        ).fetchone()
        return row
    return None


def _known(database: Path, request: Request, found: Found) -> tuple[State, str, Wanted, bool]:
    """The state of an input, its signature, what is wanted of it if it is a server, and whether with texts."""
    with_text = bool(request.with_text)
    try:
        connection = schema.open_whatever_version(database)
    except StoryreportError:
        # Whoever locks it says what is wrong with it, unless it is only new.
        return None, "", Wanted(), with_text
    with contextlib.closing(connection):
        state = state_of(connection, request.name, found)
        if state is None:
            return None, "", Wanted(), with_text
        known: Mapping[str, Any] = json.loads(state[2] or "{}")
        if request.with_text is None:
            with_text = bool(known.get("with_text"))
        wanted = Wanted()
        if "since" in known and schema.is_current(connection) and not (request.full or request.append):
            (source_id,) = connection.execute("select id from sources where name = ?", [request.name]).fetchone()
            groups = open_groups(connection, found.system.parts[found.part].grouped, source_id) if found.url else ()
            wanted = Wanted(known["since"], frozenset(groups))
        return state, state[1], wanted, with_text
