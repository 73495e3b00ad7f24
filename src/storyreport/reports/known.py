"""Names that a history knows: a parameter that names something unknown is refused, with the closest name."""

import difflib
import sqlite3
from collections.abc import Iterable, Iterator, Mapping
from typing import NamedTuple

from ..errors import UsageError
from ..system import STATUSES
from . import lakes
from .header import Report
from .params import Param

MOST = 200
# Whether a history knows a name, by the parameter that takes it; of a deleted story or run, other rows may.
KNOWS = {
    "source": "select 1 from sources where name = :value",
    "pipeline": "select 1 from pipelines where name = :value",
    "step": "select 1 from steps where :value in (name, family)",
    "story": """
        select 1 from sources cross join stories on stories.source_id = sources.id and stories.source_key = :value
        union all
        select 1 from runs where story_key = :value
        union all
        select 1 from step_runs where story_key = :value
        union all
        select 1 from calls where story_key = :value
    """,
    "run": """
        select 1 from sources cross join runs on runs.source_id = sources.id and runs.source_key = :value
        union all
        select 1 from step_runs where run_key = :value
        union all
        select 1 from calls where run_key = :value
    """,
    "session": "select 1 from rollup_sessions where session_hash = :value",
    "provider": "select 1 from rollup_calls where provider = :value",
    "model": "select 1 from rollup_calls where model = :value",
}
KNOWS["batch"] = KNOWS["run"]
# Names that a wrong one may have meant: those of a small table, or keys, which an index finds by their first letters.
# The latest are those that began last; an index leads to their days.
LATEST = """
    with days as (
        select
            sources.id,
            sources.name,
            coalesce(
                (
                    select newest.day
                    from {table} as newest
                    where
                        newest.source_id = sources.id
                        and newest.gone_at is null
                    order by newest.day desc
                    limit 1 offset {most} - 1
                ),
                ''
            ) as day
        from sources
    )
    select
        keyed.source_key,
        days.name
    from days
    cross join {table} as keyed
        on
            keyed.source_id = days.id
            and keyed.day >= days.day
    where keyed.gone_at is null
    order by coalesce({began}, '') desc, keyed.id desc
    limit {most}
"""
ALIKE = """
    select
        keyed.source_key,
        sources.name
    from sources
    cross join {table} as keyed
        on
            keyed.source_id = sources.id
            and keyed.source_key >= :start
            and keyed.source_key < :start || char(1114111)
    where keyed.gone_at is null
    limit {most}
"""
NAMES = {
    "source": "select name from sources order by name",
    "pipeline": "select distinct name from pipelines order by name",
    "step": "select distinct family from steps order by family",
    "session": f"select session_hash from rollup_sessions limit {MOST}",
    "provider": "select distinct provider from rollup_calls where provider <> ''",
    "model": "select distinct model from rollup_calls where model <> ''",
}
KEYED = {"story": "stories", "run": "runs", "batch": "runs"}
BEGAN = {"stories": "keyed.created_at", "runs": "keyed.started_at, keyed.queued_at"}


def check_names(connection: sqlite3.Connection, report: Report, values: Mapping[str, str], has_rows: bool) -> None:
    """Raise UsageError for a missing needed value, an unknown source, or (without rows) another unknown name."""
    for param in report.params:
        value = values[param.name]
        if param.is_required and not value:
            raise UsageError(f"{report.name} needs a {param.name}: {_example(connection, report, param)}.")
        if value and (not has_rows or param.type == "source"):
            named = ("source", "pipeline", "step", "run")
            check_name(connection, param.type if param.type in named else param.name, value)


def check_name(connection: sqlite3.Connection, kind: str, value: str) -> None:
    """Raise UsageError with the closest names where the history does not know the name; other kinds take any text."""
    if kind == "status":
        known, names = value in STATUSES, list(names_like(connection, kind))
    elif kind in KNOWS:
        known = connection.execute(f"select exists ({KNOWS[kind]})", {"value": value}).fetchone()[0]
        names = [] if known else list(names_like(connection, kind, value))
    else:
        return
    if not known:
        if kind in lakes.KEYS and (found := lakes.lakes_of(connection)):
            where = " ".join(lakes.elsewhere(kind, value, found))
            raise UsageError(
                f"The {kind} {value!r} is not here; it may be in a lake, whose detail stays there. {where}"
            )
        raise UsageError(f"There is no {kind} {value!r}{hint(kind, value, names)}")


def names_like(connection: sqlite3.Connection, kind: str, start: str = "") -> Iterator[str]:
    """Names of a kind: all of a small table, or keys that begin like this one, or else the latest."""
    if kind == "status":
        yield from STATUSES
    elif kind in NAMES:
        yield from (name for (name,) in connection.execute(NAMES[kind]))
    elif kind in KEYED:
        found = _alike(connection, kind, start) if start else []
        yield from (name for name, _ in found or _latest(connection, kind, MOST))


class Near(NamedTuple):
    """Names, each with its source (or ""), that an unknown one may have meant, and the latest (of few: the first)."""

    alike: list[tuple[str, str]]
    latest: list[tuple[str, str]]


def near(connection: sqlite3.Connection, kind: str, value: str, most: int = 10) -> Near:
    """What to offer where a name is unknown; nothing for kinds that take any text."""
    if kind == "status" or kind in NAMES:
        names = [(name, "") for name in names_like(connection, kind)]
        # Of most statuses a history has nothing.
        latest = names[:most] if kind in NAMES else []
        return Near([(name, "") for name in closest(value, (name for name, _ in names), most)], latest)
    if kind not in KEYED:
        return Near([], [])
    keyed = _alike(connection, kind, value) if value else []
    order = {name: place for place, name in enumerate(closest(value, (name for name, _ in keyed), most))}
    # Where none is close, those that begin like it are.
    alike = sorted((pair for pair in keyed if pair[0] in order), key=lambda pair: order[pair[0]]) or sorted(keyed)
    return Near(alike[:most], _latest(connection, kind, most))


def closest(value: str, names: Iterable[str], most: int) -> list[str]:
    """Of these names the ones that go on where this one ends, or else look like it, whatever their case."""
    folded = {name.casefold(): name for name in reversed(list(names))}
    longer = sorted(name for name in folded if value and name.startswith(value.casefold()))[:most]
    return [folded[name] for name in longer or difflib.get_close_matches(value.casefold(), folded, n=most)]


def hint(kind: str, value: str, names: list[str]) -> str:
    """How a sentence about an unknown name ends: the closest names, or some of those that there are."""
    if close := closest(value, names, 3):
        return f": did you mean {' or '.join(close)}?"
    if not names:
        return f", and the report database has no {kind} at all."
    listed = ", ".join(names[:5])
    return f": {'the latest are' if kind in KEYED else 'there are'} {listed}{', …' if len(names) > 5 else ''}."


def _alike(connection: sqlite3.Connection, kind: str, value: str) -> list[tuple[str, str]]:
    """(key, source) of what begins like the first half of a key."""
    sql = ALIKE.format(table=KEYED[kind], most=MOST)
    starts = spellings(value[: max(1, len(value) // 2)])
    return [pair for start in starts for pair in _pairs(connection.execute(sql, {"start": start}))]


def spellings(value: str) -> list[str]:
    """A key as it is given, and in capital or in small letters only: an index finds each; phones choose letters."""
    return list(dict.fromkeys((value, value.upper(), value.lower())))


def _latest(connection: sqlite3.Connection, kind: str, most: int) -> list[tuple[str, str]]:
    table = KEYED[kind]
    return _pairs(connection.execute(LATEST.format(table=table, began=BEGAN[table], most=most)))


def _pairs(rows: Iterable[tuple[str, str]]) -> list[tuple[str, str]]:
    """Rows as tuples, which can be sorted: Datasette's cannot."""
    return [(name, source) for name, source in rows]


def _example(connection: sqlite3.Connection, report: Report, param: Param) -> str:
    name = next(names_like(connection, param.name), param.name.upper())
    return f"storyreport report {report.name} -p {param.name}={name}"
