"""The rows of a part that may have changed since the last time, and the watermarks for the next time."""

import json
import sqlite3
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from ..keyed import HASHED, HASHED_SECRET, MAY_BE_PRIVATE, PRIVATE_KEY
from ..readers.copies import copy_rows, copy_unindexed, index_group
from ..system import Type
from . import recent
from .job import IS_OPEN, TABLES_OF_WORK, Job
from .references import links

# It takes longer to load more rows than to copy the large file that they are in.
MOST_IN_PLACE = 1_000
# The step of rows that belong to their group as a whole.
NO_STEP = "''"


@dataclass(frozen=True)
class Watermarks:
    """How far a part has been read.

    after    table → the number of its last row
    changed  table → the latest time in its column `changed`
    rows     core table → the source rows that its present rows are made of
    slack    core table → the source rows that no row was made of
    since    of a server: the latest times of its rows
    first    table → the number of its first row, and a time of that row that stays as it is
    """

    after: Mapping[str, int] = field(default_factory=dict)
    changed: Mapping[str, Any] = field(default_factory=dict)
    rows: Mapping[str, int] = field(default_factory=dict)
    slack: Mapping[str, int] = field(default_factory=dict)
    since: Mapping[str, Any] = field(default_factory=dict)
    first: Mapping[str, Sequence[Any]] = field(default_factory=dict)


def is_older(job: Job, watermarks: Watermarks) -> bool:
    """Whether rows are missing at a table's end: an older copy has taken the place of the source."""
    last = _last_numbers(job)
    return any(last.get(table, 0) < number for table, number in watermarks.after.items())


def has_begun_again(job: Job, watermarks: Watermarks) -> bool:
    """Whether a table's first row is not what it was: the source was emptied, and its numbers are used again."""
    for table, (number, time) in watermarks.first.items():
        first = _first_row(job, table)
        if first and (first[0] < number or (first[0] == number and first[1] != time)):
            return True
    return False


def _first_row(job: Job, table: str) -> tuple[int, Any] | None:
    """The number and a time of a table's first row; the time is none that grows."""
    number, columns = job.typed.opened.numbered.get(table), job.typed.columns(table)
    changed = job.part.tables[table].changed
    times = [
        column
        for name, (kind, column) in columns.items()
        if column and kind in (Type.UTC, Type.LOCAL) and name != changed
    ]
    if not number or not times:
        return None
    first: tuple[int, Any] | None = job.execute(
        f"select {number}, cast({times[0]} as text) from {job.typed.name(table)}"
        f" where {number} = (select min({number}) from {job.typed.name(table)})"
    ).fetchone()
    return first


def find_changes(job: Job, watermarks: Watermarks) -> None:
    """Copy the rows that may have changed: those of dirty groups, and new and recent ones without a group.

    A group is dirty that has a row which is new, changed or not yet finished, or which is recent where nothing says
    whether it has changed; temp.dirty_groups names them, and the steps of them that are, where the part is divided.
    """
    # Of a table that is divided by steps, the copy of changes has all that is looked up, too.
    looked_up = [
        table for table in job.typed.opened.unindexed if not job.is_divided(table) and job.is_read(f"all_{table}")
    ]
    copy_unindexed(job.connection, job.typed.opened, looked_up)
    candidates = {table: _candidates(job, table, watermarks.after.get(table, 0)) for table in job.typed.opened.numbered}
    for table, rows in candidates.items():
        _add_new_groups(job, table, rows, watermarks.changed.get(table))
    for select in _open_groups(job.connection, job.part.grouped):
        job.execute(f"insert or ignore into temp.dirty_groups {select}")
    for table in candidates:
        _add_hashed_groups(job, table)
    if job.scalar("select count(*) from temp.dirty_groups") > MOST_IN_PLACE:
        job.need_all()
    copied = [_copy(job, table, rows) for table, rows in candidates.items()]
    if sum(copied) > MOST_IN_PLACE:
        job.need_all()


@dataclass(frozen=True)
class _Candidates:
    """The rows of a table that may have changed, unless a time says so: those past a number, and those of some blocks.

    blocks  block → the groups (key, step) that its rows had and have
    """

    after: int
    blocks: Mapping[int, Collection[recent.Key]] = field(default_factory=dict)


def _candidates(job: Job, table: str, last: int) -> _Candidates:
    if _changed_column(job, table):
        return _Candidates(last)
    if recent.has_blocks(job, table) and (blocks := recent.changed_blocks(job, table, last)) is not None:
        return _Candidates(last, blocks)
    return _Candidates(last - recent.ROWS_READ_AGAIN)


def _copy(job: Job, table: str, rows: _Candidates) -> int:
    """Copy the rows of a table that may have changed; return how many they are."""
    name, number, group = job.typed.name(table), job.typed.opened.numbered[table], job.group_column(table)
    condition = f"{number} > :after"
    if rows.blocks:
        condition = f"""{number} in (
            select {number} from {name} where {condition}
            union all
            select rows.{number}
            from json_each(:blocks) as blocks
            cross join {name} as rows
                on rows.{number} between blocks.value * :each and (blocks.value + 1) * :each - 1
        )"""
    if group:
        condition = _of_dirty_groups(job, table, group, condition)
    real, declared = job.typed.opened.tables[table][1], job.part.tables[table].columns
    columns = [column for known, column in real.items() if known in declared]
    given = {"after": rows.after, "blocks": json.dumps(list(rows.blocks)), "each": recent.ROWS_A_BLOCK}
    copy, key = copy_rows(job.connection, name, f"recent_{table}", columns, number, condition, given)
    assert key is not None
    job.typed.recent[table] = copy, key
    if table in job.typed.opened.unindexed:
        index_group(job.connection, f"recent_{table}", job.typed.opened.unindexed[table])
    return int(job.scalar(f"select count(*) from {copy}"))


def _of_dirty_groups(job: Job, table: str, group: str, otherwise: str) -> str:
    """The condition of rows of dirty groups, and of those without a group that meet another condition."""
    name, number, step = job.typed.name(table), job.typed.opened.numbered[table], _step_column(job, table)
    of_step = f"and rows.{step} = dirty_groups.step_key" if step else ""
    lacks = f"({group} is null or {step} is null)" if step else f"{group} is null"
    looked_through = ["temp.dirty_groups", f"{name} as rows"]
    if table in job.typed.opened.unindexed:
        looked_through.reverse()
    # By their numbers: to sort all rows by group, SQLite would rather walk along an index of all of them.
    return f"""{number} in (
        select rows.{number}
        from {" cross join ".join(looked_through)}
            on rows.{group} = dirty_groups.group_key {of_step}
        union all
        select {number} from {name} where {lacks} and {otherwise}
    )"""


def _step_column(job: Job, table: str) -> str | None:
    if not job.is_divided(table):
        return None
    _, column = job.typed.columns(table)[job.part.tables[table].step or ""]
    return column


def _add_new_groups(job: Job, table: str, rows: _Candidates, since: Any) -> None:
    group = job.group_column(table)
    if group is None:
        return
    step = _step_column(job, table) or NO_STEP
    job.connection.executemany(
        "insert or ignore into temp.dirty_groups values (?, ?)",
        [key for keys in rows.blocks.values() for key in keys],
    )
    number, changed = job.typed.opened.numbered[table], _changed_column(job, table)
    conditions = [f"{number} > :after"]
    if changed:
        conditions += [f"{changed} >= :since", f"{number} > :after - :again and {changed} is null"]
    if ongoing := _ongoing_column(job, table):
        conditions.append(f"lower({ongoing}) in (select value from json_each(:ongoing))")
    for condition in conditions:
        job.execute(
            f"insert or ignore into temp.dirty_groups select {group}, {step} from {job.typed.name(table)}"
            f" where {condition} and {group} is not null",
            after=rows.after,
            since=since,
            again=recent.ROWS_READ_AGAIN,
            ongoing=json.dumps((job.part.tables[table].ongoing or ("", ()))[1]),
        )


def _add_hashed_groups(job: Job, table: str) -> None:
    """Add the groups as the source has them, whose keys are e-mail addresses and are kept as hashes."""
    group, step = job.group_column(table), _step_column(job, table) or NO_STEP
    is_hashed = """
        select exists (
            select 1
            from temp.dirty_groups
            where
                instr(group_key, :e_mail)
                or instr(step_key, :e_mail)
                or instr(group_key, :secret)
                or instr(step_key, :secret)
        )"""
    if group and job.scalar(is_hashed, e_mail=HASHED, secret=HASHED_SECRET):
        known = f"({PRIVATE_KEY.format(c=group)}, {PRIVATE_KEY.format(c=step)})"
        job.execute(
            f"insert or ignore into temp.dirty_groups select distinct {group}, {step} from {job.typed.name(table)}"
            f" where ({MAY_BE_PRIVATE.format(c=group)} or {MAY_BE_PRIVATE.format(c=step)})"
            f" and {known} in (select group_key, step_key from temp.dirty_groups)"
        )


def open_groups(connection: sqlite3.Connection, grouped: Mapping[str, str], source_id: int) -> set[str]:
    """The groups of a source that have work which is not finished: it will be, under the same row number."""
    found = (connection.execute(select, {"source_id": source_id}) for select in _open_groups(connection, grouped))
    return {str(key) for rows in found for key, _ in rows}


def _open_groups(connection: sqlite3.Connection, grouped: Mapping[str, str]) -> list[str]:
    """A SELECT of them and of the steps, for each table of work; `grouped` has the column of its group."""
    return [_open_in(connection, core, group) for core, group in grouped.items() if core in TABLES_OF_WORK]


def _open_in(connection: sqlite3.Connection, core: str, group: str) -> str:
    if group == "source_key":
        return f"""
            select source_key, {NO_STEP}
            from main.{core}
            where source_id = :source_id and {IS_OPEN} and gone_at is null"""
    link = next(link for link in links(connection, core) if f"{link.name}_key" == group)
    step = "(select steps.name from main.steps where steps.id = children.step_id)" if core == "step_runs" else NO_STEP
    return f"""
        select coalesce(parents.source_key, children.{group}), coalesce({step}, {NO_STEP})
        from main.{core} as children
        left join main.{link.parent} as parents on parents.id = children.{link.name}_id
        where
            children.source_id = :source_id
            and children.{IS_OPEN}
            and children.gone_at is null
            and coalesce(parents.source_key, children.{group}) is not null"""


def uncounted(job: Job, rows: Mapping[str, int], watermarks: Watermarks) -> list[str]:
    """The core tables that are made of more or fewer source rows than the source has."""
    return [core for core, slack in _slack(job, rows).items() if slack != watermarks.slack.get(core)]


def new_watermarks(job: Job, rows: Mapping[str, int], before: Watermarks | None) -> Watermarks:
    """How far the part has been read now, which is noted of its newest rows, too.

    `rows` says of how many source rows each core table is made; `before` is how far it had been read.
    """
    opened = job.typed.opened
    last = _last_numbers(job)
    recent.note_blocks(job, last)
    known = before.changed if before else {}
    changed = {
        table: _last_change(job, table, column, known.get(table))
        for table in opened.tables
        if (column := _changed_column(job, table))
    }
    since = opened.remote.since() if opened.remote else {}
    first = {table: row for table in opened.tables if (row := _first_row(job, table))}
    return Watermarks(last, changed, rows, _slack(job, rows), since, first)


def _last_change(job: Job, table: str, column: str, since: Any) -> Any:
    """The latest time in a column, given that it was `since` before."""
    # A row that was changed in the future, or at no time, says nothing about the next time.
    found = job.scalar(
        f"select max({column}) from {job.typed.name(table)}"
        f" where (:since is null or {column} >= :since) and {job.typed.value(table, Type.UTC, column)} <= :now",
        since=since,
    )
    return since if found is None else found


def _ongoing_column(job: Job, table: str) -> str | None:
    ongoing = job.part.tables[table].ongoing
    return job.typed.columns(table)[ongoing[0]][1] if ongoing else None


def _changed_column(job: Job, table: str) -> str | None:
    changed = job.part.tables[table].changed
    return job.typed.columns(table)[changed][1] if changed else None


def _last_numbers(job: Job) -> dict[str, int]:
    return {
        table: job.scalar(f"select coalesce(max({number}), 0) from {job.typed.name(table)}")
        for table, number in job.typed.opened.numbered.items()
    }


def _slack(job: Job, rows: Mapping[str, int]) -> dict[str, int]:
    return {
        core: sum(_source_rows(job, table) - _rejected_rows(job, table) for table in tables) - rows[core]
        for core, tables in job.part.feeds.items()
    }


def _source_rows(job: Job, table: str) -> int:
    """How many rows a table has; counted once, for of ten million that takes a tenth of a second."""
    if table not in job.source_rows:
        job.source_rows[table] = _count_rows(job, table)
    return job.source_rows[table]


def _count_rows(job: Job, table: str) -> int:
    opened = job.typed.opened
    if table not in opened.tables:
        return 0
    if opened.remote:
        return opened.remote.count(table)
    return int(job.scalar(f"select count(*) from {job.typed.name(table)}"))


def _rejected_rows(job: Job, table: str) -> int:
    return int(
        job.scalar(
            "select count(*) from main.rejects"
            " where input_id = :input_id and source_table = :table and severity = 'rejected'",
            table=table,
        )
    )
