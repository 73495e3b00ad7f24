"""How the reports are served: on this machine only or to others, and with or without the SQL of visitors."""

import sqlite3
from dataclasses import dataclass
from typing import Any

from ..errors import UsageError

# Where Datasette carries the mode.
ATTRIBUTE = "storyreport_mode"


@dataclass(frozen=True)
class Mode:
    """As `serve` was started; the defaults are those of Datasette started by itself, of which nothing is known."""

    sql: bool = False  # visitors may write SQL
    local: bool = False  # only people at this machine come
    login: bool = False  # whoever has not logged in sees nothing
    frames: tuple[str, ...] = ()  # the sites that may show a report in a frame

    def __post_init__(self) -> None:
        if self.sql and not hasattr(sqlite3.Connection, "setlimit"):
            raise UsageError("--sql needs Python 3.11 or newer, which can limit what SQLite does: serve without it.")


def of(datasette: Any) -> Mode:
    """The mode of a Datasette."""
    mode: Mode = getattr(datasette, ATTRIBUTE, Mode())
    return mode
