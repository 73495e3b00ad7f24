"""A source system as it is described: its parts, their tables, and the types of the columns.

A source has parts (a database, a folder of outputs, …), each of which may be given alone. A part has tables: real ones
of a SQLite database, or staged ones that the module fills from files. The mapping reads them through views that have
every declared column (null where the source lacks it), typed, without the rows that cannot be loaded.
"""

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from enum import Enum, auto
from pathlib import Path
from typing import Any

from .errors import StoryreportError
from .outcomes import STATUSES as STATUSES


class Type(Enum):
    """How a column is read; a value that does not fit is rejected, a negative amount is dropped with a warning."""

    KEY = auto()  # text or whole number that names a row
    WORD = auto()  # a short text such as a status; kept as it is
    TEXT = auto()  # free text; cleaned of e-mail addresses and credentials, cut to a sane length
    PRIVATE = auto()  # text that is copied only with --with-text
    HASHED = auto()  # a person's id or name: kept as a keyed hash, and redacted in the texts beside it
    JSON = auto()  # JSON (or broken JSON) for the mapping to parse; no text in it may be copied without --with-text
    UTC = auto()  # a time; UTC where it names no offset
    LOCAL = auto()  # a time; in the source's --timezone where it names no offset
    COUNT = auto()  # a whole number, not negative
    MS = auto()  # a duration in milliseconds, not negative
    SECONDS = auto()  # a duration in seconds, read as milliseconds
    NUMBER = auto()  # any number
    MONEY = auto()  # an amount; negative where it was given back, but -1 means that there is none
    FLAG = auto()  # yes or no, read as 1 or 0


# Types whose negative values are dropped from a row that is loaded.
AMOUNTS = (Type.COUNT, Type.MS, Type.SECONDS)
NUMBERS = (*AMOUNTS, Type.MONEY, Type.NUMBER)
TIMES = (Type.UTC, Type.LOCAL)
# Types whose values are not shown as they are.
SECRET = (Type.PRIVATE, Type.HASHED, Type.JSON)


def joined_up(name: str) -> str:
    """A lower-case name without what is between its words: started_at, startedAt and Started At are the same."""
    return name.replace("_", "").replace(" ", "").replace("-", "")


def written_otherwise(names: Collection[str], given: Collection[str]) -> dict[str, str]:
    """Names that are not given → the given one that differs in what is between its words only, and is no other name."""
    spellings = {joined_up(other): other for other in given if other not in names}
    absent = (name for name in names if name not in given) if spellings else ()
    return {name: spellings[joined_up(name)] for name in absent if joined_up(name) in spellings}


@dataclass(frozen=True)
class Clock:
    """A time in the server's own time zone, and what proves that zone: a UTC time just before it, of another table.

    `column` is the time, `began` the UTC begin of the same row; the row whose `key` is in `refers_to`, of `table`, has
    the proof in `at`.
    """

    column: str
    began: str
    refers_to: str
    table: str
    key: str
    at: str


@dataclass(frozen=True)
class Table:
    """A table of a source.

    `required` columns must hold a value, and one of `required_one` if there are such. `group` names the column whose
    rows belong together: when one of them is new or changed, all of the group are read again. `step` names the column
    of a step, where no row of another step bears on a row: then those of the same group and step are read again.
    `changed` names a time column that grows as a row is updated in place.
    `added` names a time column that says when a row was added (where rows have no number that grows: on a server).
    `export_signs` are the columns by which a CSV or JSON export of the table is known, `foreign_signs` those that it
    has only where it is of another table, `listed_as` the name of the list that holds its rows in an answer of the
    tool's API. `is_answer` says that its JSON is such an answer without a list of that name: it has some of the rows,
    and says nothing of the others; `copied` are columns that a full copy has, so that an export without them is no copy
    but such an answer. `ongoing` names a column and those of its values (in lower case) that say that a row's work goes
    on: its group is read again each time. `drops_values` keeps a row whose number or time cannot be read, without that
    value.
    `aliases` are other names that columns have in forks and other versions. `unread` are columns that are known and not
    read, so that none of them is taken for a column that is absent.
    `clock` says what proves the time zone of a local time.
    `currencies` are words that hold the code, name or sign of a currency: they are read as its ISO code, and as XXX
    where it is not known.
    `sorted_by` are the columns by which the mapping sorts the rows of a staged table: they get an index, so that wide
    rows need not be sorted.
    """

    columns: Mapping[str, Type]
    required: tuple[str, ...] = ()
    required_one: tuple[str, ...] = ()
    export_signs: frozenset[str] = frozenset()
    foreign_signs: frozenset[str] = frozenset()
    group: str | None = None
    step: str | None = None
    changed: str | None = None
    added: str | None = None
    listed_as: str | None = None
    is_answer: bool = False
    copied: frozenset[str] = frozenset()
    ongoing: tuple[str, tuple[str, ...]] | None = None
    drops_values: bool = False
    currencies: tuple[str, ...] = ()
    clock: Clock | None = None
    aliases: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    sorted_by: tuple[str, ...] = ()
    unread: frozenset[str] = frozenset()

    def named(self, columns: Mapping[str, Any]) -> dict[str, Any]:
        """The real columns of a table by their lower-case names, those with an alias by the name that is meant."""
        named = dict(columns)
        for name, written in written_otherwise(self.columns, named).items():
            named[name] = named.pop(written)
        for name, aliases in self.aliases.items():
            others = (*aliases, *map(joined_up, aliases))
            alias = next((other for other in others if other in named and other != name), None)
            if name not in named and alias:
                named[name] = named.pop(alias)
        return named

    def named_in_database(self, columns: Mapping[str, Any]) -> dict[str, Any]:
        """The same of a database, where an amount is in dollars if its name says so and no column has a currency.

        In files, each row may say another currency: see readers/sheets.py.
        """
        named = self.named(columns)
        for name in self.currencies and (column for column, kind in self.columns.items() if kind is Type.MONEY):
            spellings = {joined_up(other): other for other in named if other not in self.columns}
            dollars = spellings.get(f"{name}usd") or spellings.get(f"total{name}usd")
            if name not in named and dollars and not named.keys() & set(self.currencies):
                named[name] = named.pop(dollars)
        return named


@dataclass(frozen=True)
class Part:
    """One part of a source: a SQLite database (no `stage`), or a folder that `stage` reads as rows.

    signs     for a database: {table: columns}; any one of them recognises it
    find      for a folder: the part's folder at or below a path, or None
    why_not   of a file that looks like the part's but holds nothing to load: a sentence that says so, or None
    stage     for a folder: the folder → (table, row) pairs, a row in the order of the table's columns with the reason
              why it cannot be loaded (or None) at its end
    stage_files  the same for the pieces of one export
    feeds     {core table: the part's tables whose rows it is made of}, for finding deleted rows
    grouped   {core table: the core column (source_key, story_key, run_key) that holds a row's group}
    statuses  the source's words for a status, in lower case → ours
    restarts  core tables whose rows may begin again under their key: a later begin does not make them other work
    grows     whether rows that are added to an export can be mapped without those before, but for the rows of their
              groups and their keys: each column comes from the row, its group or its references
    is_one    whether files given together are read as one, whatever their names: a row adds up what several say
    needs_all_files  whether a row is made of what several files say: one more cannot be added without those that were
              read before
    largest_wins  whether a call is written down again while it goes on, with the tokens so far: a file with fewer of
              them takes none away; folders of the part that are given together are one source
    steady_key_parts  how many parts of the key of a call without an id stand before its amounts, the last one its time:
              such a call stays the same one when its amounts are corrected
    has_given_keys  whether keys are what users give, of any form; otherwise only numbers are found to be used again
    counts_attempts  the table and column that number the attempts at a step of a run: where no row has a number, the
              mapping counts those that are read together, and files that add up are counted as one
    repeats   core tables whose keys say what work is of and which attempt it is: a source that begins again has the
              same ones for other work, one that forgets its oldest attempts other ones for the same work
    """

    tables: Mapping[str, Table]
    feeds: Mapping[str, tuple[str, ...]]
    statuses: Mapping[str, str]
    grouped: Mapping[str, str] = field(default_factory=dict)
    signs: tuple[Mapping[str, frozenset[str]], ...] = ()
    find: Callable[[Path], Path | None] | None = None
    stage: Callable[[Path], Iterator[tuple[str, tuple[Any, ...]]]] | None = None
    stage_files: Callable[[Sequence[Path]], Iterator[tuple[str, tuple[Any, ...]]]] | None = None
    restarts: frozenset[str] = frozenset()
    has_given_keys: bool = False
    counts_attempts: tuple[str, str] | None = None
    repeats: frozenset[str] = frozenset()
    grows: bool = False
    is_one: bool = False
    needs_all_files: bool = False
    largest_wins: bool = False
    steady_key_parts: int = 0
    why_not: Callable[[Path], str | None] | None = None


@dataclass(frozen=True)
class System:
    """A source system: its parts by precedence, the first one most trusted.

    Where `has_private_names`, its file names must not be kept (they name a person's session). `mapping_file` is the
    SQL file of its mapping; by default <name>.sql beside the module. `pieces_file` has pieces of it that mappings of
    other systems use, too. `pipeline` is the pipeline that all rows of a source belong to, where the source names none.
    """

    name: str
    title: str
    parts: Mapping[str, Part]
    has_private_names: bool = False
    mapping_file: Path | None = None
    pieces_file: Path | None = None
    pipeline: str = ""

    def mapping(self) -> str:
        """The text of the system's mapping; StoryreportError where its file cannot be read."""
        if self.mapping_file is None:
            raise StoryreportError(f"The system {self.name} has no mapping: give it a mapping_file.")
        return "\n\n".join(self._text(path) for path in (self.mapping_file, self.pieces_file) if path)

    def _text(self, path: Path) -> str:
        try:
            return path.read_text(encoding="utf-8")
        except (OSError, UnicodeDecodeError) as error:
            reason = getattr(error, "strerror", None) or "it is not UTF-8 text"
            raise StoryreportError(f"The mapping of {self.name} cannot be read: {path} ({reason}).") from None


def signs(*tables: tuple[str, Iterable[str]]) -> tuple[Mapping[str, frozenset[str]], ...]:
    """Signs of a database, each one table with columns that only this system has."""
    return tuple({table: frozenset(columns)} for table, columns in tables)
