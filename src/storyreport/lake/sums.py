"""The rollups of a lake, from the SELECTs of rollups/: each reads its groups from dirty_<name>, here those of the days
that are computed, or all.
"""

import re
from collections.abc import Iterator

from ..rollups.definition import Definition, Group, Table, definitions, groups
from ..schema import definitions as files
from .core import Core, nothing

# In the plain form there are none of these.
ABSENT = {"artifacts", "log_events", "story_nodes", "story_options", "events"}
DAYS = ("day", "end_day")
# All groups of a rollup, where its file selects those that may have rows in a way that is only fast in SQLite.
EVERY = {"story_attempts": "select source_id, source_key from stories"}


def sum_up(core: Core, since: str) -> None:
    """Compute all rollups that the plain form has; those of days from `since` on ('' for all)."""
    for name in ("priced_calls", "same_work"):
        core.view(name, files.views()[name])
    core.keep("priced_calls", files.views()["priced_calls"])
    laid_out: set[str] = set()
    for one in definitions().values():
        if one.kind == "memory":
            core.view(one.name, nothing(one.name))
        elif not is_absent(one):
            assert one.group
            if one.group.name not in laid_out:
                laid_out.add(one.group.name)
                _lay_out(core, one.group, since)
            _compute(core, one)


def _lay_out(core: Core, group: Group, since: str) -> None:
    """Make dirty_<group>, and dirty_<table> of the rows that are read as they lie."""
    if group.all:
        days = [name for name in group.key if name in DAYS]
        recent = f" where {days[0]} >= '{since}' or {days[0]} like 'missing %'" if since and days else ""
        core.view(f"dirty_{group.name}", f"select distinct * from ({_named(group)}) as dirty_groups{recent}")
    for table in group.rows:
        recent = f" where day >= '{since}'" if since else ""
        core.view(f"dirty_{table}", f"select * from {table}{recent}")


def _named(group: Group) -> str:
    """The groups with the names of their key, whatever the SELECT calls them."""
    return f"with dirty_rows ({', '.join(group.key)}) as ({EVERY.get(group.name, group.all)}) select * from dirty_rows"


def _compute(core: Core, one: Definition) -> None:
    if one.table is None:
        (core.view if one.is_view else core.keep)(one.name, one.sql)
        return
    names = ", ".join(
        f"cast({column.name} as {column.type}) as {column.name}"
        for column in one.table.columns
        if not column.percentile
    )
    core.keep(one.table.name, f"select {names} from ({one.sql}) as computed")
    if one.total and not is_of_days(one.table):
        core.keep(one.total.name, total(one))


def total(one: Definition) -> str:
    """The SELECT of a rollup's total."""
    assert one.table
    assert one.total
    added = ", ".join(
        f"cast({column.added} as {column.type}) as {column.name}" for column in one.total.values if column.adds
    )
    return f"select {one.total.names}, {added} from {one.table.name} group by {one.total.names}"


def is_of_days(table: Table) -> bool:
    """Whether a rollup has a row a day, so that all of it lands; others have one for each story or run."""
    entities = {"story_id", "run_id", "story"}
    return not entities & {column.name for column in table.key}


def is_absent(one: Definition) -> bool:
    """Whether a definition sums up what the plain form does not have, by itself or by what it reads."""
    text = one.sql + " ".join(one.group.dirty) if one.group else one.sql
    words = set(re.findall(r"\w+", text))
    return bool(words & ABSENT) or any(is_absent(definitions()[name]) for name in one.reads if name != one.name)


def present() -> Iterator[Definition]:
    """The rollups that a lake has, in their order."""
    for one in definitions().values():
        if one.kind == "rollup" and not is_absent(one):
            yield one


__all__ = ["groups", "is_of_days", "present", "sum_up"]
