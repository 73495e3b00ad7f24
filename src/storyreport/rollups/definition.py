"""Definitions: one file <topic>/<name>.sql each, a YAML header in a comment and one SELECT.

A *rollup* is the table rollup_<name>, kept equal to its SELECT. An *intermediate* is computed before the rollups that
read it. A *memory* is a table that `prune` adds to: what deleted rows add to the rollups of stories and runs.

Rows that are computed together are a group (a step's day, a story). Groups are dirty once a row of theirs has changed;
a SELECT reads the dirty groups from dirty_<name>, where <name> is the file that says what makes them dirty.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cache
from graphlib import CycleError, TopologicalSorter
from pathlib import Path
from typing import Any

from .. import headers
from ..errors import StoryreportError
from ..schema import definitions as files

GROUP_KEYS = {"group", "dirty", "all", "covers", "widen", "frozen", "rows", "difference", "lost"}
TABLE_KEYS = {"key", "values", "meanings", "indexes", "hidden"}
KEYS = {
    "rollup": {"from", "percentiles", "total", "remember", "oracle", "findings"} | TABLE_KEYS | GROUP_KEYS,
    "intermediate": {"materialized"} | GROUP_KEYS,
    "memory": TABLE_KEYS,
}
TOTAL_KEYS = {"name", "key", "indexes", "description"}
# The groups that `prune` freezes, as conditions on a {row} of a rollup. What is of no day is never pruned.
FROZEN = {
    "by day": """{row}.day <> '' and {row}.day < coalesce(
        (select sources.detail_since from sources where sources.id = {row}.source_id), '')""",
    "by story": """exists (
        select 1 from stories where stories.id = {row}.story_id and stories.pruned_at is not null)""",
}
# Rows of a source that `rollup` computes from a lake: here is not what they are made of.
OF_LAKES = "{row}.source_id in (select lakes.source_id from main.lakes)"
HEADER = re.compile(r"\s*/\*(.*?)\*/(.*)", re.DOTALL)
COLUMN = re.compile(r"(?P<type>integer|real|text|references (?P<parent>\w+))(?P<null> null)?(?:, (?P<adds>\w+))?")
PERCENTILE = re.compile(r"percentile (\d\d?)")
# How a value adds up: over the rows of a rollup to its total, and to what the oracle says.
ADDS = {"sum": "sum({})", "max": "max({})", "min": "min({})"}


@dataclass(frozen=True)
class Column:
    """A column of a table, and how it adds up: sum, max, min, or '' where it does not."""

    name: str
    type: str
    is_null: bool
    parent: str | None
    adds: str
    percentile: int | None = None

    @property
    def is_inexact(self) -> bool:
        """Whether its sums depend on the order: real numbers, and billionths, which are added up as such."""
        return self.type == "real" or self.name.endswith("_nano")

    @property
    def added(self) -> str:
        """The column added up, in SQL. Billionths are added up as real numbers: see calls/day_calls.sql."""
        if self.adds == "sum" and self.name.endswith("_nano"):
            return f"sum(cast({self.name} as real))"
        return ADDS[self.adds].format(self.name)


@dataclass(frozen=True)
class Table:
    """A table in the report database; without a key it is one that rows are added to."""

    name: str
    description: str
    key: tuple[Column, ...]
    values: tuple[Column, ...]
    indexes: Mapping[str, str]
    hidden: bool = False
    meanings: Mapping[str, str] = field(
        default_factory=dict
    )  # of columns of which docs/columns.yml does not say enough

    @property
    def columns(self) -> tuple[Column, ...]:
        """The key first."""
        return self.key + self.values

    @property
    def names(self) -> str:
        """The columns of the key, for SQL."""
        return ", ".join(column.name for column in self.key)


@dataclass(frozen=True)
class Percentiles:
    """Percentiles are read off a histogram, another rollup with the same key and `bucket`."""

    histogram: str  # name of the rollup
    at_most: str  # the column with the longest duration, which no percentile exceeds


@dataclass(frozen=True)
class Group:
    """Rows that are computed together."""

    name: str
    key: tuple[str, ...]
    dirty: Mapping[str, str]  # table → SELECT of the groups that {row} belongs to
    all: str  # SELECT of the groups of :source_id
    covers: str  # which rows of a rollup belong to dirty groups; '' for those with the group's key
    widen: str  # SELECT of groups that depend on dirty ones
    frozen: str  # which groups stay as they are, for detail of theirs was pruned: a condition on {row}
    # table → columns that lead to a group, where a new source's rows are read as they lie; they are dirty_<table>
    rows: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    # table → SELECT of the ids of all rows that changed ones bear upon, where rollups are kept by difference
    difference: Mapping[str, str] = field(default_factory=dict)
    lost: str = ""  # then: SELECT of the groups of the rows of `lost`, whose largest value may have left


def kept(group: Group | None, row: str) -> str:
    """The condition on a row of a rollup that stays as it is: a frozen one, or one of a lake."""
    frozen = f"({group.frozen.format(row=row)}) or " if group and group.frozen else ""
    return frozen + OF_LAKES.format(row=row)


@dataclass(frozen=True)
class Definition:
    """What a file says."""

    name: str
    kind: str  # rollup, intermediate, memory
    topic: str
    description: str
    sql: str
    reads: frozenset[str]  # the names of the definitions that it reads
    group: Group | None = None  # of a rollup or intermediate
    table: Table | None = None  # of a rollup or memory
    total: Table | None = None
    percentiles: Percentiles | None = None
    oracle: str = ""
    is_view: bool = False  # of an intermediate
    has_findings: bool = False  # of a rollup: it holds only what needs somebody now, however long the history


@cache
def definitions() -> dict[str, Definition]:
    """All definitions by name, each after those that it reads; StoryreportError names a file that is wrong, and why."""
    parsed = {name: _File(path, text) for name, (path, text) in files.rollups().items()}
    found = {name: file.definition(parsed) for name, file in parsed.items()}
    try:
        order = list(TopologicalSorter({name: sorted(one.reads) for name, one in sorted(found.items())}).static_order())
    except CycleError as error:
        raise StoryreportError(
            f"These rollups read each other: {', '.join(error.args[1])}. Break the circle."
        ) from None
    return {name: found[name] for name in order}


def rollups() -> list[Definition]:
    """The definitions of rollups, in their order."""
    return [one for one in definitions().values() if one.kind == "rollup"]


def groups() -> dict[str, Group]:
    """The groups by name."""
    return {one.group.name: one.group for one in definitions().values() if one.group}


def tables() -> dict[str, Table]:
    """All tables that come from definitions, totals included: name → table."""
    found = [table for one in definitions().values() for table in (one.table, one.total) if table]
    return {table.name: table for table in found}


class _File:
    """A file as it is read: its header with all keys checked, and its SELECT."""

    def __init__(self, path: Path, text: str):
        self.path = path
        match = HEADER.fullmatch(text)
        if not match:
            raise self.wrong("it does not begin with a /* … */ comment: put its YAML header there")
        try:
            header = headers.read(match[1])
        except ValueError as error:
            raise self.wrong(f"its header is not YAML ({error})") from None
        if not isinstance(header, dict):
            raise self.wrong("its header is not a mapping of keys to values")
        self.header: dict[str, Any] = header
        self.sql = match[2].strip().removesuffix(";").rstrip()
        self.kind = header.get("kind", "rollup")
        if self.kind not in KEYS:
            raise self.wrong(f"its kind {self.kind!r} is unknown: use one of {', '.join(KEYS)}")
        self.check(header, KEYS[self.kind] | {"kind", "description", "grain"}, {"description", "grain"})

    def wrong(self, why: str) -> StoryreportError:
        return StoryreportError(f"{self.path}: {why}.")

    def check(self, given: Mapping[str, Any], known: set[str], needed: set[str]) -> None:
        for key in given:
            if key not in known:
                raise self.wrong(f"the key {key!r} is unknown; the known keys are {', '.join(sorted(known))}")
        for key in sorted(needed):
            if key not in given:
                raise self.wrong(f"the key {key!r} is missing")

    def definition(self, others: Mapping[str, "_File"]) -> Definition:
        name, header = self.path.stem, self.header
        table = None
        if self.kind != "intermediate":
            self.check(header, set(header), {"values"} if self.kind == "memory" else {"key", "values"})
            table = self.table(f"rollup_{name}" if self.kind == "rollup" else name)
        found = header.get("percentiles")
        if found:
            self.check(found, {"histogram", "at_most"}, {"histogram", "at_most"})
        remembered = {header["remember"]} if "remember" in header else set()
        reads = self.reads(others) | ({found["histogram"]} if found else set())
        if self.kind == "rollup" and remembered != {one for one in reads if others[one].kind == "memory"}:
            raise self.wrong("'remember' must name the memory that its SELECT reads, and no other")
        group = self.group(others) if self.kind != "memory" else None
        if table and group and group.difference:
            self.check_difference(table, group)
        return Definition(
            name=name,
            kind=self.kind,
            topic=self.path.parent.name,
            description=header["description"],
            sql=self.sql,
            reads=frozenset(reads),
            group=group,
            table=table,
            total=self.total(table) if table and "total" in header else None,
            percentiles=Percentiles(**found) if found else None,
            oracle=header.get("oracle", ""),
            is_view=header.get("materialized", "table") == "view",
            has_findings=header.get("findings", False),
        )

    def check_difference(self, table: Table, group: Group) -> None:
        """A difference is known of sums and percentiles, and of extremes where the file says what has lost one."""
        for column in table.values:
            if not (column.adds or column.percentile):
                raise self.wrong(f"it is kept by difference, and its column {column.name} does not add up")
            if column.adds in ("max", "min") and not group.lost:
                raise self.wrong(f"the key 'lost' is missing: its column {column.name} is a {column.adds}")

    def reads(self, others: Mapping[str, "_File"]) -> set[str]:
        """The definitions that its SELECT names: rollups by their tables."""
        words = set(re.findall(r"\w+", re.sub(r"--.*|'[^']*'", "", self.sql)))
        tables = {f"rollup_{name}" if other.kind == "rollup" else name: name for name, other in others.items()}
        return {name for table, name in tables.items() if table in words} - {self.path.stem}

    def table(self, name: str) -> Table:
        header = self.header
        key = tuple(self.column(*item) for item in header.get("key", {}).items())
        values = tuple(self.column(*item) for item in header["values"].items())
        hidden = header.get("hidden", self.kind == "memory")
        meanings = header.get("meanings", {})
        for unknown in sorted(meanings.keys() - {column.name for column in key + values}):
            raise self.wrong(f"'meanings' names the column {unknown!r}, which it does not have")
        return Table(name, header["description"], key, values, header.get("indexes", {}), hidden, meanings)

    def column(self, name: str, written: str) -> Column:
        if share := PERCENTILE.fullmatch(str(written)):
            return Column(name, "integer", True, None, "", int(share[1]))
        match = COLUMN.fullmatch(str(written))
        if not match or (match["adds"] or "none") not in {*ADDS, "none"}:
            raise self.wrong(
                f"its column {name} is {written!r}: use integer, real, text or 'references TABLE', then ' null' where"
                " it may be null, then ', sum', ', max', ', min' or ', none'"
            )
        adds = match["adds"] or ("sum" if match["type"] in ("integer", "real") else "none")
        kind = "integer" if match["parent"] else match["type"]
        return Column(name, kind, bool(match["null"]), match["parent"], "" if adds == "none" else adds)

    def total(self, table: Table) -> Table:
        """The twin of a rollup that adds it up over some of its key: over days, stories, …"""
        twin = self.header["total"]
        self.check(twin, TOTAL_KEYS, {"name", "key"})
        columns = {column.name: column for column in table.columns}
        for name in twin["key"]:
            if name not in columns:
                raise self.wrong(f"the total's key names {name!r}, which the rollup does not have")
        over = ", ".join(column.name for column in table.key if column.name not in twin["key"])
        return Table(
            f"rollup_{twin['name']}",
            twin.get("description", f"{table.description} Added up over {over}."),
            tuple(columns[name] for name in twin["key"]),
            tuple(column for column in table.values if column.adds or column.percentile),
            twin.get("indexes", {}),
            table.hidden,
            table.meanings,
        )

    def group(self, others: Mapping[str, "_File"]) -> Group:
        """Its own, or that of the intermediate that it is made from."""
        if "from" in self.header:
            self.check(self.header, set(self.header) - GROUP_KEYS, set())
            source = others.get(self.header["from"])
            if source is None or source.kind != "intermediate":
                raise self.wrong(f"it is from {self.header['from']!r}, which is no intermediate")
            return source.group(others)
        self.check(self.header, set(self.header), {"group", "dirty"})
        header, key, dirty = self.header, tuple(self.header["group"]), self.header["dirty"]
        frozen = header.get("frozen", "")
        if not {"all", "rows"} & set(header) and not all(isinstance(groups, list) for groups in dirty.values()):
            raise self.wrong("the key 'all' is missing: say how all groups of :source_id are found")
        if unknown := sorted(set(header.get("difference", {})) - set(dirty)):
            raise self.wrong(f"'difference' names {unknown[0]!r}, which 'dirty' does not")
        return Group(
            name=self.path.stem,
            key=key,
            dirty={table: _groups_of_row(groups) for table, groups in dirty.items()},
            all=header.get("all", "") if {"all", "rows"} & set(header) else _all_groups(dirty),
            covers=header.get("covers", ""),
            widen=header.get("widen", ""),
            frozen=FROZEN.get(frozen, frozen),
            rows={table: tuple(columns) for table, columns in header.get("rows", {}).items()},
            difference=header.get("difference", {}),
            lost=header.get("lost", ""),
        )


def _groups_of_row(groups: str | list[str]) -> str:
    """The SELECT of the groups of a {row}: as it is, or of these columns."""
    return groups if isinstance(groups, str) else f"select {', '.join(f'{{row}}.{column}' for column in groups)}"


def _all_groups(dirty: Mapping[str, list[str]]) -> str:
    return " union ".join(
        f"select {', '.join(columns)} from {table} where source_id = :source_id" for table, columns in dirty.items()
    )
