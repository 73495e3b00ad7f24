"""Column types as SQL: typed views over the tables of a part, whatever its source holds in them.

A view src_<table> has the rows to load, just those that may have changed where the rest is known; all_<table> has all
of them, for looking things up. src_statuses translates the source's status words.
"""

import json
import sqlite3
from collections.abc import Callable, Collection, Mapping

from .readers.columns import ROUNDED_KEY
from .readers.part import Opened, Options, literal, quoted
from .statuses import as_json
from .system import AMOUNTS, NUMBERS, SECRET, TIMES, Part, Type
from .typed_values import (
    AMBIGUOUS_DATE,
    CURRENCY,
    DROPPABLE,
    IS_AMBIGUOUS_DATE,
    LONGEST_WORD,
    NONE_OF,
    NOT_A_NUMBER,
    PROBLEMS,
    ROUNDED,
    SHORTEST_REDACTED,
    VALUES,
    WORD,
)
from .values import UNKNOWN_CURRENCY


class TypedTables:
    """The SQL that reads a part's tables, all rows of them or those that may have changed.

    recent     table → the SQL names of a copy of the rows that may have changed, and of their number
    corrected  table → the table in temp that says by how many quarters of an hour its clock was off
    day_first  (table, SQL name of a column) → whether its dates, whose year is last, begin with the day
    rejecting  table → whether it has rows that cannot be loaded, once known: checking each row is expensive
    """

    def __init__(self, opened: Opened, options: Options, day_first: Mapping[tuple[str, str], bool] | None = None):
        self.opened = opened
        self.options = options
        self.part = opened.found.system.parts[opened.found.part]
        self.recent: dict[str, tuple[str, str]] = {}
        self.rejecting: dict[str, bool] = {}
        self.corrected: dict[str, str] = {}
        self.day_first = dict(day_first or {})

    def source(self, table: str, changes_only: bool) -> str | None:
        """The FROM (and WHERE) clause of a table's rows; None where the source lacks the table."""
        if table not in self.opened.tables:
            return None
        name = self.recent[table][0] if changes_only and table in self.recent else self.name(table)
        return f"from {name} where true"

    def columns(self, table: str) -> dict[str, tuple[Type, str | None]]:
        """Each declared column: its type and its SQL name in the source (None where it lacks the column)."""
        real = self.opened.tables[table][1] if table in self.opened.tables else {}
        described = self.part.tables[table].columns
        return {name: (kind, quoted(real[name]) if name in real else None) for name, kind in described.items()}

    def filled(self, table: str) -> dict[str, tuple[Type, str | None]]:
        """The same, with None for a column, too, that is known to hold no value."""
        empty = self.opened.empty.get(table, frozenset())
        return {name: (kind, None if name in empty else column) for name, (kind, column) in self.columns(table).items()}

    def value(self, table: str, kind: Type, column: str | None) -> str:
        """The typed value of a column."""
        if column is None or (kind is Type.PRIVATE and not self.options.with_text):
            return "null"
        if kind in (Type.TEXT, Type.PRIVATE):
            return VALUES[Type.TEXT].format(c=self._redacted(table, column))
        template = VALUES[kind]
        if kind in NUMBERS:
            # '' >= 0 holds in SQLite; an empty text is no number.
            is_usable = f"not ({NOT_A_NUMBER.format(c=column)}) and " if self.part.tables[table].drops_values else ""
            return f"case when {is_usable}{column} <> '' then {template.format(c=column)} end"
        if self._is_rounded(table, column):
            return f"case when {ROUNDED_KEY.format(c=column)} then null else {column} end"
        return template.format(c=self._with_year_first(table, column), zone=self._zone(kind))

    def viewed(self, table: str, name: str) -> str:
        """The typed value of a column as the views give it: times of a clock that was off are corrected."""
        kind, column = self.filled(table)[name]
        value, clock = self.value(table, kind, column), self.part.tables[table].clock
        if clock is None or clock.column != name or column is None or table not in self.corrected:
            return value
        key = self.columns(table)[next(iter(self.part.tables[table].columns))][1]
        return f"""coalesce(
            (
                select strftime('%Y-%m-%dT%H:%M:%fZ', {value}, (-15 * quarters) || ' minutes')
                from temp.{self.corrected[table]}
                -- Without its affinity, or the index is not used.
                where key = +{key} and quarters <> 0
            ),
            {value}
        )"""

    def currency(self, table: str, name: str) -> str | None:
        """The code of the currency in a column; None where the column holds none."""
        _, column = self.filled(table)[name]
        is_currency = column and name in self.part.tables[table].currencies
        return CURRENCY.format(c=column) if is_currency else None

    def problem(self, table: str) -> str:
        """Why a row cannot be loaded, or null."""
        cases = []
        for name, (kind, column) in self.filled(table).items():
            if name in self.part.tables[table].required:
                cases.append(f"when coalesce({column or 'null'}, '') = '' then 'has no {name}'")
            if column and kind in PROBLEMS and not self._drops(table, name, kind):
                cases.append("when {} then {}".format(*self._unusable(table, name, kind, column)))
            if column and self._is_rounded(table, column) and not self._keeps_row(table, name):
                cases.append(f"when {ROUNDED_KEY.format(c=column)} then {ROUNDED.format(name=name)}")
        if names := self.part.tables[table].required_one:
            held = [(name, kind, column) for name in names for kind, column in [self.filled(table)[name]] if column]
            nothing = " and ".join(self._is_nothing(table, *cell) for cell in held) or "1"
            cases.append(f"when {nothing} then '{NONE_OF.format(names=', '.join(names))}'")
        if self.opened.is_staged and table in self.opened.tables:
            cases.insert(0, 'when "problem" is not null then "problem"')
        return f"case {' '.join(cases)} end" if cases else "null"

    def warning(self, table: str) -> str:
        """Which values of a row that is loaded were dropped, or null."""
        found = {name: self._dropped(table, name) for name in self.filled(table)}
        conditions = [condition for cases in found.values() for condition, _ in cases]
        if not conditions:
            return "null"
        whens = (
            " ".join(f"when {condition} then '; ' || {reason}" for condition, reason in cases)
            for cases in found.values()
            if cases
        )
        reasons = " || ".join(f"case {when} else '' end" for when in whens)
        # Nearly all rows have none: then nothing is put together. SQLite is quicker at such a CASE than at an OR.
        is_any = " ".join(f"when {condition} then 1" for condition in conditions)
        return f"case when case {is_any} end then substr({reasons}, 3) end"

    def _dropped(self, table: str, name: str) -> list[tuple[str, str]]:
        """(condition, reason) in SQL of each reason for which a value is dropped from its row."""
        kind, column = self.filled(table)[name]
        if not column:
            return []
        cases = [self._unusable(table, name, kind, column)] if self._drops(table, name, kind) else []
        if self._is_rounded(table, column) and self._keeps_row(table, name):
            cases.append((ROUNDED_KEY.format(c=column), ROUNDED.format(name=name)))
        if kind in AMOUNTS:
            cases.append((f"{column} < 0", f"'negative {name}'"))
        if kind is Type.MONEY:
            cases.append((f"{column} = -1", f"'{name} of -1, which means that there is none'"))
        if name in self.part.tables[table].currencies:
            cases.append((f"{CURRENCY.format(c=column)} = '{UNKNOWN_CURRENCY}'", f"'{name} is not known'"))
        return cases

    def _unusable(self, table: str, name: str, kind: Type, column: str) -> tuple[str, str]:
        """(condition, reason) in SQL where a value cannot be used."""
        condition, reason = PROBLEMS[kind]
        reasons = f"'{name} {reason}'"
        if kind in TIMES:
            ambiguous = self._is(IS_AMBIGUOUS_DATE, table, kind, column)
            reasons = f"case when {ambiguous} then '{name} {AMBIGUOUS_DATE}' else {reasons} end"
        return self._is(condition, table, kind, column), reasons

    def _is_nothing(self, table: str, name: str, kind: Type, column: str) -> str:
        """The condition that a column has no value, or one that is dropped."""
        empty = f"coalesce({column}, '') = ''"
        if self._is_rounded(table, column):
            return f"({empty} or {ROUNDED_KEY.format(c=column)})"
        if kind not in PROBLEMS or not self._drops(table, name, kind):
            return empty
        return f"({empty} or {self._is(PROBLEMS[kind][0], table, kind, column)})"

    def _drops(self, table: str, name: str, kind: Type) -> bool:
        """Whether a bad value is dropped from its row, which is loaded without it."""
        return kind in DROPPABLE and self._keeps_row(table, name)

    def _keeps_row(self, table: str, name: str) -> bool:
        """Whether a row is loaded without a value that cannot be used."""
        description = self.part.tables[table]
        return description.drops_values and name not in description.required

    def _is_rounded(self, table: str, column: str) -> bool:
        """Whether a spreadsheet has rounded a key in a column: others stay as they are, so that their index is used."""
        return column in self.opened.rounded.get(table, ())

    def redacted_row(self, table: str) -> str:
        """A row as JSON without private columns, its values cut; of free text it only says that it is text."""
        pairs = [
            f"'{name}', case when typeof({column}) in ('integer', 'real', 'null') then {column}"
            f" when {self._is_free(kind, column)} then '<text of ' || length({column}) || ' characters>'"
            f" else clean_text(cast({self._redacted(table, column)} as blob), {LONGEST_WORD}) end"
            for name, (kind, column) in self.columns(table).items()
            if column and kind not in SECRET
        ]
        return f"json_object({', '.join(pairs)})"

    def _is_free(self, kind: Type, column: str) -> str:
        """Whether a value is free text; where a time or a number should be, that is one with a word."""
        if self.options.with_text or kind in (Type.KEY, Type.WORD):
            return "0"
        return "1" if kind is Type.TEXT else f"{column} glob '{WORD}'"

    def key(self, table: str) -> str:
        """The first column of a row that may be shown, by which a person finds the row."""
        columns = self.columns(table).values()
        column = next((column for kind, column in columns if column and kind not in SECRET), "null")
        return f"clean_text(cast({column} as blob), {LONGEST_WORD})"

    def row_number(self, table: str, changes_only: bool) -> str:
        """The number of a row in its source, or null."""
        if changes_only and table in self.recent:
            return self.recent[table][1]
        return self.opened.numbered.get(table, "null")

    def place(self, table: str, changes_only: bool) -> str:
        """What finds a row within this ingest: its number, or of our own tables that of the row there; or null."""
        return "_rowid_" if self.opened.is_staged else self.row_number(table, changes_only)

    def rejected(self, table: str) -> str:
        """The name of the table in temp that has the rows with bad values, each with its place and the reason."""
        return quoted(f"rejected_{table}")

    def loadable(self, table: str, changes_only: bool) -> str:
        """The condition of rows that can be loaded; to check each row again takes as long as to map it."""
        if not self.rejecting.get(table, True):
            return "true"
        place = self.place(table, changes_only)
        if place == "null" or table not in self.rejecting:
            return f"({self.problem(table)}) is null"
        return f"{place} not in (select place from temp.{self.rejected(table)} where reason is not null)"

    def name(self, table: str) -> str:
        """The SQL name of the table that holds the rows."""
        return self.opened.tables[table][0]

    def _is(self, condition: str, table: str, kind: Type, column: str) -> str:
        return condition.format(c=self._with_year_first(table, column), zone=self._zone(kind))

    def _with_year_first(self, table: str, column: str) -> str:
        """A column, its dates with the year in front where it is known what they begin with."""
        is_day_first = self.day_first.get((table, column))
        return column if is_day_first is None else f"with_year_first({column}, {int(is_day_first)})"

    def _redacted(self, table: str, column: str) -> str:
        """A column without the hashed values of its row: an error may repeat all that the program had at hand."""
        redacted = column
        for kind, hashed in self.filled(table).values():
            if kind is Type.HASHED and hashed:
                value = f"case when length({hashed}) >= {SHORTEST_REDACTED} then {hashed} else '' end"
                redacted = f"replace({redacted}, {value}, '<hidden>')"
        return redacted

    def _zone(self, kind: Type) -> str:
        """The time zone, as SQL, that a column's times are in where they name none."""
        zone = self.options.timezone if kind is Type.LOCAL else "UTC"
        return literal(zone)


def create_views(
    connection: sqlite3.Connection, typed: TypedTables, changes_only: bool, is_read: Callable[[str], bool]
) -> None:
    """(Re)create src_<table> for each declared table of the part, all_<table> where it is read, and src_statuses."""
    for table in typed.part.tables:
        loadable = typed.loadable(table, changes_only)
        _create_view(connection, f"src_{table}", typed, table, typed.source(table, changes_only), loadable)
        if not is_read(f"all_{table}"):
            continue
        if changes_only:
            # Whether the other rows can be loaded is not known.
            loadable = f"({typed.problem(table)}) is null"
        # Of a table that is divided by steps no row of another step bears on a row: the copy has all that is looked up.
        is_copied = changes_only and table in typed.opened.unindexed
        _create_view(connection, f"all_{table}", typed, table, typed.source(table, is_copied), loadable)
    _create_statuses(connection, *as_json(typed.part.statuses, dict(typed.options.statuses)))


def create_empty_views(connection: sqlite3.Connection, part: Part) -> None:
    """(Re)create the same views without rows, for checking the part's mapping before any row is read."""
    for table, description in part.tables.items():
        nothing = f"select {', '.join(f'null as {quoted(column)}' for column in description.columns)} limit 0"
        for view in (f"src_{table}", f"all_{table}"):
            connection.execute(f"drop view if exists temp.{view}")
            connection.execute(f"create temp view {view} as {nothing}")
    _create_statuses(connection, json.dumps(dict(part.statuses)))


def drop_views(connection: sqlite3.Connection, tables: Collection[str]) -> None:
    """Drop the views of a part's tables."""
    for table in tables:
        for view in (f"src_{table}", f"all_{table}"):
            connection.execute(f"drop view if exists temp.{view}")


def _create_statuses(connection: sqlite3.Connection, *meanings: str) -> None:
    """(Re)create src_statuses from JSON objects of words and their meanings; a later one precedes."""
    connection.execute("drop table if exists temp.src_statuses")
    connection.execute("create temp table src_statuses (word text primary key, status text) without rowid")
    # Ten thousand words: at once that takes half of what it takes one by one.
    for words in meanings:
        connection.execute("insert or replace into temp.src_statuses select key, value from json_each(?)", [words])


def _create_view(
    connection: sqlite3.Connection, view: str, typed: TypedTables, table: str, source: str | None, loadable: str
) -> None:
    columns = ", ".join(
        f"{typed.currency(table, name) or typed.viewed(table, name)} as {quoted(name)}" for name in typed.columns(table)
    )
    rows = f"select {columns} {source} and {loadable}" if source else f"select {columns} limit 0"
    connection.execute(f"drop view if exists temp.{view}")
    connection.execute(f"create temp view {view} as {rows}")
