"""How the reports are served: on this machine only or to others, and with or without the SQL of visitors."""

import ipaddress
import re
import sqlite3
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

from ..errors import StoryreportError, UsageError
from . import accounts

# Where Datasette carries the mode.
ATTRIBUTE = "storyreport_mode"
# Where it carries whether templates or plugins are somebody's own.
OWN_CODE = "storyreport_own_code"
# An address of IPv6 in brackets, or another one or a name; and a port.
HOST = re.compile(r"(?:\[([0-9a-f:.]+)\]|([a-z0-9.-]+))(?::\d+)?")


@dataclass(frozen=True)
class Mode:
    """As `serve` was started; the defaults are those of Datasette started by itself, of which nothing is known."""

    sql: bool = False  # visitors may write SQL
    local: bool = False  # only people at this machine come
    public: bool = False  # others than the owner come, from a network
    login: bool = False  # whoever has not logged in sees nothing
    accounts: Path | None = None  # the file of those who can log in
    frames: tuple[str, ...] = ()  # the sites that may show a report in a frame

    def __post_init__(self) -> None:
        if self.sql and not hasattr(sqlite3.Connection, "setlimit"):
            raise UsageError("--sql needs Python 3.11 or newer, which can limit what SQLite does: serve without it.")


def mode_for(database: Path, host: str, sql: bool, public: bool, anonymous: bool, frames: tuple[str, ...]) -> Mode:
    """The mode of `serve`; StoryreportError where others could come in without a login."""
    if not public:
        if not _is_loopback(host):
            raise UsageError(f"--host {host} lets others in: add --public, which asks them to log in.")
        if anonymous or frames:
            raise UsageError(f"{'--anonymous' if anonymous else '--frame'} goes with --public: add it.")
        return Mode(sql=sql, local=True)
    path = accounts.path_for(database)
    if not anonymous and accounts.read(path).is_empty:
        raise StoryreportError(
            f"Nobody can log in: add a user with `storyreport user add NAME --db {database}`, or let everybody in with"
            " --anonymous."
        )
    return Mode(sql=sql, public=True, login=not anonymous, accounts=None if anonymous else path, frames=frames)


# Visitors of a machine come by one or two names.
@lru_cache(maxsize=16)
def is_own_name(header: str) -> bool:
    """Whether a Host names this machine by an address or as localhost; any other name can be made to lead here."""
    found = HOST.fullmatch(header.lower())
    host = (found[1] or found[2]) if found else ""
    try:
        ipaddress.ip_address(host)
    except ValueError:
        return host == "localhost" or host.endswith(".localhost")
    return True


def _is_loopback(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


UNKNOWN = Mode()


def of(datasette: Any) -> Mode:
    """The mode of a Datasette."""
    mode: Mode = getattr(datasette, ATTRIBUTE, UNKNOWN)
    return mode
