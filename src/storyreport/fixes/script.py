"""SQL of fixes for SQLite or PostgreSQL: one transaction that keeps what it changes, and one that puts it back."""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from ..readers.part import quoted
from .fix import Fix

ROWS_A_STATEMENT = 200
JOINED = ",\n    "
# The column of the kept rows that says what the script made of the first one that it changed.
MADE = quoted("storyreport made")
SQLITE, POSTGRESQL = "sqlite", "postgresql"
# A guard's words → SQL of the engine.
WORDS = {
    SQLITE: (
        (r"SAME\(([^,()]+), ([^()]+)\)", r"cast(\1 as text) is cast(\2 as text)"),
        (r"SILENT\(([^()]+)\)", r"coalesce(julianday(\1) <= julianday(seen.seen_at) + 1.0 / 86400, true)"),
        (r"\bNOW\b", "strftime('%Y-%m-%d %H:%M:%f', 'now')"),
        (r"\bLOCAL_NOW\b", "strftime('%Y-%m-%d %H:%M:%f', 'now', 'localtime')"),
    ),
    POSTGRESQL: (
        (r"SAME\(([^,()]+), ([^()]+)\)", r"cast(\1 as text) is not distinct from cast(\2 as text)"),
        (
            r"SILENT\(([^()]+)\)",
            r"coalesce(\1 <= cast(seen.seen_at as timestamptz) + interval '1 second', true)",
        ),
        (r"\bNOW\b", "now()"),
        (r"\bLOCAL_NOW\b", "now()"),
    ),
}
# psql takes a script to be in the encoding of the database.
BEGIN = {
    SQLITE: "begin immediate;",
    POSTGRESQL: "begin;\nset local client_encoding to 'UTF8';\nset local time zone 'UTC';",
}
RUN = {SQLITE: "sqlite3 -bail DATABASE < FILE", POSTGRESQL: "psql -v ON_ERROR_STOP=1 -f FILE DATABASE"}


@dataclass(frozen=True)
class Filled:
    """A fix and the rows that it is about; `columns` are those of the source's table, empty where not known."""

    fix: Fix
    rows: Sequence[tuple[Any, ...]]
    columns: frozenset[str] = frozenset()

    @property
    def sets(self) -> dict[str, str]:
        """The columns to change that the source has."""
        return {name: value for name, value in self.fix.sets.items() if not self.columns or name in self.columns}

    @property
    def made(self) -> tuple[str, str] | None:
        """The first column to change that tells whether a row has been changed since, and its value; no time does."""
        telling = ((name, value) for name, value in self.sets.items() if value not in ("NOW", "LOCAL_NOW"))
        return None if self.fix.inserts else next(telling, None)


def fix_script(engine: str, about: str, tag: str, fixes: Sequence[Filled]) -> str:
    """The script that makes the changes; `tag` makes the names of the tables that keep the rows."""
    lines = [
        _comment(f"{about}\nRun: {RUN[engine]}\n" + HEADER.format(tag=tag)),
        BEGIN[engine],
    ]
    for number, filled in enumerate(fixes, 1):
        lines += _step(engine, number, tag, filled)
    return "\n".join([*lines, "", "commit;", ""])


def rollback_script(engine: str, about: str, tag: str, fixes: Sequence[Filled]) -> str:
    """The script that puts back what the other one changed, unless it has been changed since."""
    lines = [_comment(f"Puts back: {about}\nRun: {RUN[engine]}"), BEGIN[engine]]
    # Owners before what they own.
    for number, filled in reversed(list(enumerate(fixes, 1))):
        lines += _back(engine, number, tag, filled)
    return "\n".join([*lines, "", "commit;", ""])


HEADER = """One transaction: all of it or nothing. Each row is looked at again, and left alone where it is not as the
report saw it. The rows as they were are kept in tables storyreport_{tag}_<n>: the rollback script puts them back;
drop these tables once you are sure."""


def _comment(text: str) -> str:
    # What comes from a source must not end the line that it is on.
    return "\n".join(
        f"-- {line}" for line in re.sub(r"[^\S\n]|[\r\v\f\x1c-\x1e\x85\u2028\u2029]", " ", text).split("\n")
    )


def _step(engine: str, number: int, tag: str, filled: Filled) -> Iterator[str]:
    fix, seen, kept = filled.fix, f"storyreport_seen_{number}", quoted(f"storyreport_{tag}_{number}")
    table, keys = quoted(fix.table), ", ".join(map(quoted, fix.key))
    yield f"\n{_comment(f'{number}. {fix.table}: {fix.why}')}"
    yield f"create temporary table {seen} ({', '.join(f'{quoted(name)} text' for name in (*fix.key, *fix.seen))});"
    yield f"create index {seen}_key on {seen} ({keys});"
    for start in range(0, len(filled.rows), ROWS_A_STATEMENT):
        rows = filled.rows[start : start + ROWS_A_STATEMENT]
        values = ",\n".join(f"    ({', '.join(_literal(value, engine) for value in row)})" for row in rows)
        yield f"insert into {seen} values\n{values};"
    guard = _sql(engine, fix.guard)
    which = f"exists (\n    select 1 from {seen} as seen\n    where {_same(fix.key, 'seen')} and {guard}\n)"
    if fix.inserts:
        yield f"create table {kept} as\nselect seen.* from {seen} as seen\nwhere {guard};"
    else:
        made = f",\n    cast({_value(engine, filled.made[1], seen, fix)} as text) as {MADE}" if filled.made else ""
        yield f"create table {kept} as\nselect t.*{made}\nfrom {table} as t\nwhere {which};"
    yield _counts(number, "before", fix.table, f"(select count(*) from {kept}) as to_change")
    if fix.inserts:
        columns = ", ".join([keys, *map(quoted, filled.sets)])
        given = ", ".join([*(f"kept.{quoted(name)}" for name in fix.key), *filled.sets.values()])
        yield f"insert into {table} ({columns})\nselect {given}\nfrom {kept} as kept;"
    elif fix.sets:
        changes = (f"{quoted(name)} = {_value(engine, value, seen, fix)}" for name, value in filled.sets.items())
        yield f"update {table} as t\nset\n    {JOINED.join(changes)}\nwhere {which};"
    else:
        yield f"delete from {table} as t\nwhere {which};"
    yield _counts(number, "after", fix.table, f"(select count(*) from {kept}) as changed")


def _back(engine: str, number: int, tag: str, filled: Filled) -> Iterator[str]:
    fix, kept, table = filled.fix, quoted(f"storyreport_{tag}_{number}"), quoted(filled.fix.table)
    same = " and ".join(
        f"cast(t.{quoted(name)} as text) = cast(kept.{quoted(name)} as text)" for name in fix.row or fix.key
    )
    # Changed again since, it is the service's.
    since = _sql(engine, f" and SAME(t.{quoted(filled.made[0])}, kept.{MADE})") if filled.made else ""
    which = f"exists (select 1 from {kept} as kept where {same}{since})"
    yield f"\n{_comment(f'{number}. {fix.table}')}"
    if fix.inserts:
        yield f"delete from {table} as t\nwhere {which};"
    elif fix.sets:
        before = f"from {kept} as kept where {same}"
        changes = (f"{quoted(name)} = (select kept.{quoted(name)} {before})" for name in filled.sets)
        yield f"update {table} as t\nset\n    {JOINED.join(changes)}\nwhere {which};"
    else:
        there = f"where not exists (\n    select 1 from {table} as t where {same}\n)"
        # Numbers that the table would give itself are those that the rows had.
        numbers = "\noverriding system value" if engine == POSTGRESQL else ""
        yield f"insert into {table}{numbers}\nselect kept.*\nfrom {kept} as kept\n{there};"
    yield f"drop table {kept};"


def _same(key: Sequence[str], other: str) -> str:
    return " and ".join(f"cast(t.{quoted(name)} as text) = {other}.{quoted(name)}" for name in key)


def _value(engine: str, value: str, seen: str, fix: Fix) -> str:
    sql = _sql(engine, value)
    if "seen." not in sql:
        return sql
    # Of several rows of one key, each is distinguished by the guard.
    return f"(select {sql} from {seen} as seen where {_same(fix.key, 'seen')} and {_sql(engine, fix.guard)} limit 1)"


def _counts(number: int, when: str, table: str, more: str) -> str:
    counted = f"{more}, count(*) as all_rows from {quoted(table)}"
    return f"select '{number} {when}' as step, {_literal(table)} as changed_table, {counted};"


def _literal(value: Any, engine: str = SQLITE) -> str:
    """A value as an SQL literal of text, whose line ends, quotes and backslashes end nothing."""
    if value is None:
        return "null"
    text = str(value).replace("\0", "").replace("'", "''")
    if engine == POSTGRESQL and "\\" in text:
        # By a server's settings a backslash may stand for itself or not: so written it never does.
        return "E'" + text.replace("\\", "\\\\") + "'"
    return f"'{text}'"


def _sql(engine: str, text: str) -> str:
    for pattern, replacement in WORDS[engine]:
        text = re.sub(pattern, replacement, text)
    return text
