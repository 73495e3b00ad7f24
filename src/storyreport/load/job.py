"""The load of one part as its stages share it: the connection, the typed tables, the mapping, the counts."""

import contextlib
import sqlite3
from collections.abc import Callable, Collection, Iterator
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

from ..errors import StaleError, StoryreportError
from ..keyed import PRIVATE_KEY
from ..mapping import CORE_TABLES, Section, sections
from ..readers.part import quoted
from ..readers.sqlite import problem_of_file
from ..system import Part, System
from ..typed import TypedTables
from .compiled import compile_mapping

# Tables of work that goes on for a while, and (the condition of their partial index) is not finished.
TABLES_OF_WORK = ("runs", "step_runs")
IS_OPEN = "status in ('queued', 'running', 'waiting')"
# Columns with keys and names of the source that are called otherwise than *_key.
KEYS = ("pipeline_name", "step_name", "name", "family", "current_step", "path")


def inherits(columns: Collection[str]) -> bool:
    """Whether rows with these columns name a run and no story: they belong to the story of their run."""
    return "run_key" in columns and "story_key" not in columns


@dataclass
class Counts:
    """Rows that an ingest read and wrote."""

    read: int = 0
    inserted: int = 0
    updated: int = 0
    gone: int = 0
    rejected: int = 0
    left_out: int = 0  # as old as the rows that were pruned

    @property
    def written(self) -> int:
        """Rows of the core tables that differ from before."""
        return self.inserted + self.updated + self.gone


def has_rows(connection: sqlite3.Connection, source_id: int) -> bool:
    """Whether anything of a source has been loaded, though all of it may have been pruned."""
    exists = [f"exists (select 1 from main.{table} where source_id = :source_id)" for table in CORE_TABLES]
    exists.append("exists (select 1 from main.sources where id = :source_id and detail_since is not null)")
    found = connection.execute(f"select {' or '.join(exists)}", {"source_id": source_id})
    return bool(found.fetchone()[0])


@dataclass(frozen=True)
class Block:
    """The rows of a block: the digest of what they hold, and what gives the keys of their groups (in its types).

    A key is of a group and a step of it. Most blocks are as they were: nobody asks for their keys.
    """

    digest: bytes = b""
    keys: Callable[[], tuple[Any, ...]] = field(default=tuple, compare=False)


@dataclass
class Overlap:
    """Rows of a part that were known, rows that it has now, and how many of their keys are the same."""

    known: int = 0
    present: int = 0
    common: int = 0

    @property
    def is_of_another(self) -> bool:
        """Whether nearly all keys differ, as in another source of the same system."""
        return min(self.known, self.present) > 0 and self.common * 20 <= min(self.known, self.present)


@dataclass
class Job:
    """One part to load, inside the transaction of its ingest."""

    connection: sqlite3.Connection
    typed: TypedTables
    source_id: int
    input_id: int
    now: str
    counts: Counts = field(default_factory=Counts)
    # Whether a row's time can be compared with that of the last time: the part is read in the same way.
    finds_reused_keys: bool = False
    # Which files these are, where they add to those that were read before; '' for a whole copy of the part.
    adds: str = ""
    # Whether these files were read before, in another state.
    is_again: bool = False
    # The zone in which local times were read the last time; '' where they were not.
    zone_before: str = ""
    # table → the lines before what was added to its export: only that, and rows of its groups, are read.
    continued: dict[str, int] = field(default_factory=dict)
    # Counted where the part was read from elsewhere before.
    overlap: Overlap | None = None
    # What was found in the part: area, problem, rows, example, action.
    findings: list[tuple[str, str, int, str, str]] = field(default_factory=list)
    # section → its columns, for all parts of the system
    columns: dict[Section, list[str]] = field(default_factory=dict)
    # The pipeline of all rows, where the system has only one.
    pipeline_id: int | None = None
    # whether the source's file was found to be sound, where rows of it had vanished
    is_checked: bool = False
    # table → how many rows it has, once they are counted
    source_rows: dict[str, int] = field(default_factory=dict)
    # table → what its newest rows hold, block by block
    blocks: dict[str, dict[int, Block]] = field(default_factory=dict)

    def compile(self) -> None:
        """Check the mapping and learn its columns; MappingError where it does not fit. Leaves no views behind."""
        self.columns = compile_mapping(self.connection, self.system)

    @property
    def inheriting(self) -> list[str]:
        """The core tables whose rows name a run and no story, in any part of the system: theirs is the run's story."""
        columns = {core: set[str]() for core in CORE_TABLES}
        for section, given in self.columns.items():
            if section.verb == "load" and section.table in columns:
                columns[section.table] |= set(given)
        return [core for core, given in columns.items() if inherits(given)]

    @property
    def system(self) -> System:
        """The system of the part."""
        return self.typed.opened.found.system

    @property
    def part(self) -> Part:
        """The part as it is described."""
        return self.typed.part

    @cached_property
    def sections(self) -> tuple[Section, ...]:
        """The part's sections of its system's mapping."""
        return tuple(s for s in sections(self.system) if s.part == self.typed.opened.found.part)

    def is_read(self, view: str) -> bool:
        """Whether the part's mapping names a view."""
        return any(view.lower() in section.sql.lower() for section in self.sections)

    def rows_of(self, section: Section) -> str:
        """A section's rows with keys as they are kept; the views have them as the source's indexes do."""
        columns = (
            f"{PRIVATE_KEY.format(c=column)} as {column}" if column.endswith("_key") or column in KEYS else column
            for column in self.columns[section]
        )
        return f"(select {', '.join(columns)} from ({section.sql}\n))"

    def group_column(self, table: str) -> str | None:
        """The column (SQL) of a table that says which group its rows belong to; None where it has none."""
        _, column = self.typed.columns(table).get(self.part.tables[table].group or "", (None, None))
        return column

    def is_divided(self, table: str) -> bool:
        """Whether of a group only the steps are read again of which a row of the table is new or has changed."""
        opened = self.typed.opened
        return self.part.tables[table].step is not None and not (opened.remote or opened.is_staged or self.continued)

    def need_all(self) -> None:
        """Raise StaleError where more than a few rows are needed of a file in place, whose writer waits meanwhile."""
        if self.typed.opened.in_place:
            raise StaleError(is_whole=True)

    def check_source(self) -> None:
        """Raise StoryreportError where the source is a damaged SQLite file: missing rows may only be unreadable."""
        schema = f"src_{self.typed.opened.found.part}"
        if self.is_checked or schema not in {name for _, name, _ in self.connection.execute("pragma database_list")}:
            return
        self.need_all()
        (found,) = self.connection.execute(f"pragma {quoted(schema)}.quick_check(1)").fetchone()
        if found != "ok":
            raise StoryreportError(
                f"{self.typed.opened.found.path} is damaged ({' '.join(found.split())}) and lacks rows that were there:"
                " restore it or copy it again."
            )
        self.is_checked = True

    @cached_property
    def is_fresh(self) -> bool:
        """Whether nothing of the source was there before this part."""
        return not has_rows(self.connection, self.source_id)

    def execute(self, sql: str, **parameters: Any) -> sqlite3.Cursor:
        """Run a statement that may name :source_id, :input_id, :pipeline_id and :now."""
        ids = {
            "source_id": self.source_id,
            "input_id": self.input_id,
            "pipeline_id": self.pipeline_id,
            "now": self.now,
        }
        return self.connection.execute(sql, {**ids, **parameters})

    def scalar(self, sql: str, **parameters: Any) -> Any:
        """The one value that a query returns."""
        return self.execute(sql, **parameters).fetchone()[0]

    def has_any(self, table: str, condition: str = "true") -> bool:
        """Whether a table has a row: only to prepare what writes, with its triggers, takes as long as many rows."""
        return bool(self.scalar(f"select exists (select 1 from {table} where {condition})"))

    @contextlib.contextmanager
    def running(self, section: Section) -> Iterator[None]:
        """Turn an error of a section's SQL into a MappingError; errors of the file pass."""
        try:
            yield
        except (sqlite3.OperationalError, sqlite3.IntegrityError) as error:
            if problem_of_file(error) or str(error) == "interrupted":
                raise
            raise section.error(f"{error} (in {self.typed.opened.found.location})") from error
