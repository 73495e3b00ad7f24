"""What a source system is made of. Each module of this package describes one; its .sql file maps it to core tables.

A source has parts (a database, a folder of outputs, …), each of which may be given alone. A part has tables: real ones
of a SQLite database, or staged ones that the module fills from files. The mapping reads them through views that have
every declared column (null where the source lacks it), typed, without the rows that cannot be loaded.
"""

import importlib
import pkgutil
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from enum import Enum, auto
from functools import cache
from importlib import resources
from pathlib import Path
from typing import Any


class Type(Enum):
    """How a column is read; what does not fit is rejected, and a negative amount is dropped and doubted."""

    KEY = auto()  # text or whole number that names a row
    WORD = auto()  # a short text such as a status; kept as it is
    TEXT = auto()  # free text; cleaned of e-mail addresses and credentials, cut to a sane length
    PRIVATE = auto()  # text that is copied only with --with-text
    HASHED = auto()  # what identifies a person: kept as a keyed hash, and blotted out of the texts beside it
    JSON = auto()  # JSON, or what should be, for the mapping to take apart; of its texts nothing may be copied unasked
    UTC = auto()  # a time; UTC where it names no offset
    LOCAL = auto()  # a time; in the source's --timezone where it names no offset
    COUNT = auto()  # a whole number, not negative
    MS = auto()  # a duration in milliseconds, not negative
    SECONDS = auto()  # a duration in seconds, read as milliseconds
    NUMBER = auto()  # any number
    MONEY = auto()  # an amount, not negative
    FLAG = auto()  # yes or no, read as 1 or 0


@dataclass(frozen=True)
class Table:
    """A table of a source.

    `required` columns must hold a value. `group` names the column whose rows belong together: when one of them is new
    or changed, all of the group are read again. `changed` names a time column that grows as a row is updated in place.
    `added` names a time column that says when a row was added (where rows have no number that grows: on a server).
    `export_signs` are the columns by which a CSV or JSON export of the table is known.
    """

    columns: Mapping[str, Type]
    required: tuple[str, ...] = ()
    export_signs: frozenset[str] = frozenset()
    group: str | None = None
    changed: str | None = None
    added: str | None = None


@dataclass(frozen=True)
class Part:
    """One part of a source: a SQLite database (no `stage`), or a folder that `stage` turns into rows.

    signs     for a database: {table: columns}; any one of them recognises it
    find      for a folder: the part's folder at or below a path, or None
    stage     for a folder: the folder → (table, row) pairs, a row in the order of the table's columns with the reason
              why it cannot be loaded (or None) at its end
    feeds     {core table: the part's tables whose rows it is made of}, for finding rows that have gone
    grouped   {core table: the core column (source_key, story_key, run_key) that holds a row's group}
    statuses  the source's words for a status, in lower case → ours
    """

    tables: Mapping[str, Table]
    feeds: Mapping[str, tuple[str, ...]]
    statuses: Mapping[str, str]
    grouped: Mapping[str, str] = field(default_factory=dict)
    signs: tuple[Mapping[str, frozenset[str]], ...] = ()
    find: Callable[[Path], Path | None] | None = None
    stage: Callable[[Path], Iterator[tuple[str, tuple[Any, ...]]]] | None = None


@dataclass(frozen=True)
class System:
    """A source system: its parts in the order in which they are believed, the first one most.

    Where `has_private_names`, its files are called by what must not be kept (a person's session).
    """

    name: str
    title: str
    parts: Mapping[str, Part]
    has_private_names: bool = False

    def mapping(self) -> str:
        """The system's mapping, SQL in sections `-- part: core table`."""
        return (resources.files(__package__) / f"{self.name}.sql").read_text(encoding="utf-8")


def signs(*tables: tuple[str, Iterable[str]]) -> tuple[Mapping[str, frozenset[str]], ...]:
    """Signs of a database, each one table with columns that only this system has."""
    return tuple({table: frozenset(columns)} for table, columns in tables)


@cache
def systems() -> dict[str, System]:
    """Every system that has a module in this package."""
    modules = (importlib.import_module(f"{__name__}.{found.name}") for found in pkgutil.iter_modules(__path__))
    described = [module.SYSTEM for module in modules if hasattr(module, "SYSTEM")]
    return {system.name: system for system in sorted(described, key=lambda system: system.name)}
