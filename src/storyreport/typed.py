"""Column types as SQL: typed views over the tables of a part, whatever its source holds in them.

A view src_<table> has the rows to load, just those that may have changed where the rest is known; all_<table> has all
of them, for looking things up. src_statuses translates the source's status words.
"""

import json
import sqlite3
from collections.abc import Callable, Collection, Mapping

from .readers.part import Opened, Options, literal, quoted
from .statuses import as_json
from .system import AMOUNTS, NUMBERS, SECRET, TIMES, Part, Type
from .values import DAYS_IN_DIGITS, FIRST_EPOCH_MS, SECONDS_IN_DIGITS, UNKNOWN_CURRENCY

LONGEST_KEY = 500
LONGEST_WORD = 200
# No secret that has a known shape is this short.
SHORTEST_SECRET = 12
# Names of months are shorter, or stand in no time that is read.
WORD = "*" + "[A-Za-z]" * 5 + "*"
# A shorter value names nobody, and might be any part of a text.
SHORTEST_REDACTED = 8
# Millions of them can be added up as 64-bit integers.
LARGEST_AMOUNT = 1e12

# A text that is not UTF-8 cannot be handed to a function as text.
AS_BYTES = "case typeof({c}) when 'text' then cast({c} as blob) else {c} end"
# A text that begins with a day and a time that there are. With a modifier, SQLite computes the date: February 30
# becomes March 2, which differs.
SECOND = "replace(substr({c}, 1, 19), 'T', ' ') = datetime(substr({c}, 1, 19), '+0 days') and {c} >= '0001-01-02'"
# Nearly all times are epochs (seconds or milliseconds by magnitude), or UTC text in one of these forms; to_utc knows
# all others, and takes four times as long. The most frequent ones come first: each is computed for every row.
TIME_FORMS = {
    "length({c}) = 19 and {zone} = 'UTC' and datetime({c}, '+0 days') in ({c}, replace({c}, 'T', ' '))"
    " and {c} >= '0001-01-02'": "replace({c}, ' ', 'T') || '.000Z'",
    f"typeof({{c}}) = 'integer' and {{c}} between {DAYS_IN_DIGITS[1] + 1} and {FIRST_EPOCH_MS - 1}": (
        "replace(datetime({c}, 'unixepoch'), ' ', 'T') || '.000Z'"
    ),
    f"typeof({{c}}) = 'integer' and {{c}} between {FIRST_EPOCH_MS} and {SECONDS_IN_DIGITS[0] - 1}": (
        "replace(datetime({c} / 1000, 'unixepoch'), ' ', 'T') || printf('.%03dZ', {c} % 1000)"
    ),
    "length({c}) = 20 and {c} = replace(datetime({c}, '+0 days'), ' ', 'T') || 'Z' and {c} >= '0001-01-02'": (
        "substr({c}, 1, 19) || '.000Z'"
    ),
    "length({c}) = 26 and {zone} = 'UTC' and replace(substr({c}, 1, 19), 'T', ' ') = datetime({c}, '+0 days')"
    " and {c} >= '0001-01-02' and substr({c}, 20) glob '.[0-9][0-9][0-9][0-9][0-9][0-9]'": (
        "substr({c}, 1, 10) || 'T' || substr({c}, 12, 12) || 'Z'"
    ),
    "length({c}) = 24 and {c} = strftime('%Y-%m-%dT%H:%M:%fZ', {c}, '+0 days') and {c} >= '0001-01-02'": "{c}",
    f"substr({{c}}, 20) glob '.[0-9][0-9][0-9]*' and {SECOND} and length({{c}}) <= 32 and ltrim(substr({{c}}, 21),"
    " '0123456789') in ('Z', '+00:00', '+00', case {zone} when 'UTC' then '' end)": (
        "substr({c}, 1, 10) || 'T' || substr({c}, 12, 12) || 'Z'"
    ),
    f"substr({{c}}, 20) in ('+00:00', '+00') and {SECOND}": (
        "substr({c}, 1, 10) || 'T' || substr({c}, 12, 8) || '.000Z'"
    ),
}
OTHER_TIME = f"to_utc({AS_BYTES}, {{zone}})"
TIME = (
    f"case {' '.join(f'when {form} then {time}' for form, time in TIME_FORMS.items())}"
    f" when {{c}} is not null then {OTHER_TIME} end"
)
# What programs write where there is no time.
NO_TIMES = "'none', 'null', 'nil', 'nan', 'nat', 'n/a', '<na>', '-', '(null)', 'undefined', '\\n'"
# What programs in Go and .NET write where there is none.
ZERO_TIME = "0001-01-01*"
IS_INVALID_TIME = f"""case
        {" ".join(f"when {form} then 0" for form in TIME_FORMS)}
        when {{c}} <> '' and lower({{c}}) not in ({NO_TIMES}) and {{c}} not glob '{ZERO_TIME}' then {OTHER_TIME} is null
    end"""
# 3/4/2026 in a column that does not say which is the month. (A function is handed no text that is not UTF-8.)
IS_AMBIGUOUS_DATE = """case
        when {c} glob '*[0-9][/-][0-9]*' and {c} not glob '*[^ -~]*' then day_order({c}) is not null
    end"""
AMBIGUOUS_DATE = "does not say whether the day or the month comes first: write the year first, as in 2026-03-04"
# The typed value of column {c}; {zone} is its time zone, an SQL literal.
VALUES = {
    Type.KEY: "{c}",
    # Short, and ASCII without @, which may be part of an e-mail address. To compare with the most frequent words takes
    # a sixth of the time.
    Type.WORD: f"""case
        when {{c}} = 'completed' or {{c}} = 'success' or {{c}} = 'failed' then {{c}}
        when typeof({{c}}) = 'text' and length({{c}}) <= {SHORTEST_SECRET} and {{c}} not glob '*[^ -?A-~]*' then {{c}}
        else clean_text(cast({{c}} as blob), {LONGEST_WORD})
    end""",
    Type.TEXT: "case when {c} is not null then clean_text(cast({c} as blob)) end",
    Type.HASHED: "keyed_hash(cast({c} as blob))",
    Type.JSON: "cast({c} as text)",
    Type.UTC: TIME,
    Type.LOCAL: TIME,
    Type.COUNT: "case when {c} >= 0 then cast({c} as integer) end",
    Type.MS: "case when {c} >= 0 then cast(round({c}) as integer) end",
    Type.SECONDS: "case when {c} >= 0 then cast(round({c} * 1000) as integer) end",
    Type.NUMBER: "cast({c} as real)",
    Type.MONEY: "case when {c} <> -1 then cast({c} as real) end",
    Type.FLAG: """case
        when lower({c}) in ('1', 'true', 't', 'yes') then 1
        when lower({c}) in ('0', 'false', 'f', 'no') then 0
    end""",
}
CURRENCY = "case when {c} in ('USD', 'usd') then 'USD' when {c} <> '' then currency_code(cast({c} as text)) end"
# When column {c}'s value makes its row unusable.
NOT_A_NUMBER = (
    # Not abs(): it fails on the smallest integer.
    "{c} <> '' and (typeof({c}) not in ('integer', 'real')"
    f" or {{c}} not between -{LARGEST_AMOUNT} and {LARGEST_AMOUNT})"
)
# A value that a part may drop from a row, as its table says.
DROPPABLE = (*NUMBERS, Type.UTC, Type.LOCAL)
NONE_OF = "has none of {names}"
PROBLEMS = {
    Type.KEY: (
        # As many characters as bytes: neither a NUL nor anything but ASCII. (SQLite looks at both sides of an AND.)
        f"""case
            when typeof({{c}}) in ('integer', 'null') then 0
            when
                typeof({{c}}) = 'text'
                and length({{c}}) = length(cast({{c}} as blob))
                and length({{c}}) <= {LONGEST_KEY}
                and {{c}} not glob '*[^ -~]*'
                then 0
            when typeof({{c}}) in ('blob', 'real') or length({{c}}) > {LONGEST_KEY} or instr({{c}}, char(0)) then 1
            when {{c}} glob '*[^ -~]*' then not is_text(cast({{c}} as blob))
        end""",
        "is no readable key",
    ),
    **dict.fromkeys((Type.UTC, Type.LOCAL), (IS_INVALID_TIME, "is no possible time")),
    **dict.fromkeys((Type.COUNT, Type.MS, Type.SECONDS, Type.NUMBER, Type.MONEY), (NOT_A_NUMBER, "is not a number")),
}


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
        if kind not in PROBLEMS or not self._drops(table, name, kind):
            return empty
        return f"({empty} or {self._is(PROBLEMS[kind][0], table, kind, column)})"

    def _drops(self, table: str, name: str, kind: Type) -> bool:
        """Whether a bad value is dropped from its row, which is loaded without it."""
        description = self.part.tables[table]
        return description.drops_values and kind in DROPPABLE and name not in description.required

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
