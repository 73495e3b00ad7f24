"""Land what an engine computed: rollups and picked rows, in the transaction that is open.

Ids of the engine are hashes; rows here get the numbers of the report database, and keep them from one time to the next.
"""

import sqlite3
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from ..rollups import totals
from ..rollups.definition import Definition, Table
from .core import Core, layouts
from .dialect import SOURCE_ID
from .pick import KINDS
from .sums import is_of_days, present

# Column → the table whose row it names, where its definition does not say so. 0 is no pipeline.
ALSO = {"pipeline_id": "pipelines"}
# What names a row: pipelines and steps by their names, errors by their fingerprint.
NAMES = {"pipelines": "source_id, name", "steps": "source_id, coalesce(pipeline_id, 0), name", "errors": "fingerprint"}
CORE = ("stories", "runs", "step_runs", "calls")
PARENTS = {
    "pipeline_id": "pipelines",
    "step_id": "steps",
    "story_id": "stories",
    "run_id": "runs",
    "parent_id": "runs",
    "error_id": "errors",
}
Row = tuple[Any, ...]


class Landing:
    """One landing: where it goes, and the number of each row that landed by its hash."""

    def __init__(self, connection: sqlite3.Connection, core: Core, source_id: int, input_id: int, since: str):
        self.connection, self.core, self.since = connection, core, since
        self.source_id, self.input_id = source_id, input_id
        self.ids: dict[str, dict[int, int]] = {}
        self.rows = 0

    def run(self) -> None:
        """Land everything; the references are checked at the end of the transaction."""
        self.connection.execute("pragma defer_foreign_keys = on")
        for table in NAMES:
            self._land_named(table)
        for table in sorted(KINDS, key=CORE.index):
            self._land_core(table)
        for one in present():
            self._land_rollup(one)
        if not self.since:
            self._forget()

    def _values(self, sql: str) -> Iterator[Row]:
        yield from self.core.engine.rows(sql)

    def _land_named(self, table: str) -> None:
        """Pipelines, steps and errors: new ones are added, known ones keep their number."""
        columns = [name for name in layouts()[table].types if name != "id"]
        last = self.connection.execute(f"select coalesce(max(id), 0) from main.{table}").fetchone()[0]
        known = self.ids.setdefault(table, {})
        names = NAMES[table].split(", ") if table != "steps" else ["source_id", "name"]
        same = " and ".join(f"{name} is ?" for name in names)
        if table == "steps":
            same += " and coalesce(pipeline_id, 0) = coalesce(?, 0)"
            names.append("pipeline_id")
        for hashed, *given in self._values(f"select id, {', '.join(columns)} from {table}"):
            row = self._translated(columns, given)
            values = [row[columns.index(name)] for name in names]
            found = self.connection.execute(f"select id from main.{table} where {same}", values).fetchone()
            if found is None:
                marks = ", ".join("?" * len(columns))
                made = self.connection.execute(f"insert into main.{table} ({', '.join(columns)}) values ({marks})", row)
                found = (made.lastrowid,)
            elif table == "steps":
                family = row[columns.index("family")]
                self.connection.execute("update main.steps set family = ? where id = ?", [family, found[0]])
            known[hashed] = found[0]
        if table == "errors":
            self.connection.execute(
                "insert into main.errors_fts (rowid, fingerprint, example)"
                " select id, fingerprint, example from main.errors where id > ?",
                [last],
            )

    def _land_core(self, table: str) -> None:
        layout = layouts()[table]
        columns = [name for name in layout.types if name != "id" and name not in layout.generated]
        marks = ", ".join("?" * len(columns))
        updates = ", ".join(f"{name} = excluded.{name}" for name in columns if name not in ("source_id", "source_key"))
        known = self.ids.setdefault(table, {})
        for hashed, *given in self._values(f"select id, {', '.join(columns)} from landed_{table}"):
            (known[hashed],) = self.connection.execute(
                f"insert into main.{table} ({', '.join(columns)}) values ({marks})"
                f" on conflict (source_id, source_key) do update set {updates} returning id",
                self._translated(columns, given),
            ).fetchone()
        self.rows += len(known)

    def _translated(self, columns: Sequence[str], given: Sequence[Any]) -> list[Any]:
        """A row with the numbers of the report database."""
        return [self._number(name, value) for name, value in zip(columns, given, strict=True)]

    def _number(self, column: str, value: Any) -> Any:
        if column == "source_id" and value == SOURCE_ID:
            return self.source_id
        if column == "input_id":
            return self.input_id
        parent = PARENTS.get(column)
        if parent is None or not value:
            return value
        # What did not land has no number here.
        return self.ids[parent].get(value)

    def _land_rollup(self, one: Definition) -> None:
        table = one.table
        assert table
        if not is_of_days(table):
            self._land_entities(one, table)
            return
        covers = f"source_id = {self.source_id}"
        if self.since:
            covers += f" and day >= '{self.since}'"
        rows = self._laid_out(table, table.name)
        sql = (
            totals.with_percentiles(one, table, f"select * from {rows}") if one.percentiles else f"select * from {rows}"
        )
        if one.total:
            totals.take(self.connection, one, covers, "main")
        self._replace(table, covers, sql)
        if one.total:
            totals.give(self.connection, one, covers, "main")
        self.connection.execute(f"drop table {rows}")

    def _land_entities(self, one: Definition, table: Table) -> None:
        """A rollup with a row for each story or run: those that landed, and its total over all."""
        for each, name in ((table, f"landed_{table.name}"), (one.total, one.total.name if one.total else "")):
            if each is None:
                continue
            rows = self._laid_out(each, name)
            self._replace(each, f"source_id = {self.source_id}", f"select * from {rows}")
            self.connection.execute(f"drop table {rows}")

    def _replace(self, table: Table, covers: str, sql: str) -> None:
        names = ", ".join(column.name for column in table.columns)
        self.connection.execute(f"delete from main.{table.name} where {covers}")
        self.rows += self.connection.execute(
            f"insert into main.{table.name} ({names}) select {names} from ({sql})"
        ).rowcount

    def _laid_out(self, table: Table, name: str) -> str:
        """The engine's rows of a rollup in a temporary table, with the numbers of the report database."""
        columns = [column for column in table.columns if not column.percentile]
        names = [column.name for column in columns]
        parents = [self.ids.get(ALSO.get(column.name) or column.parent or "") for column in columns]
        made = ", ".join(f"{column.name} {column.type}" for column in columns)
        self.connection.execute(f"create temp table computed ({made})")
        self.connection.executemany(
            f"insert into temp.computed values ({', '.join('?' * len(columns))})",
            (self._numbered(names, parents, row) for row in self._values(f"select {', '.join(names)} from {name}")),
        )
        return "temp.computed"

    def _numbered(self, names: Sequence[str], parents: Sequence[Mapping[int, int] | None], row: Row) -> list[Any]:
        values: list[Any] = []
        for name, known, value in zip(names, parents, row, strict=True):
            if name == "source_id":
                values.append(self.source_id)
            elif name == "failure":
                values.append(self._failure(value))
            else:
                values.append(known.get(value) if known is not None and value else value)
        return values

    def _failure(self, value: int) -> int:
        """A step run, or minus a run."""
        return self.ids["step_runs"][value] if value > 0 else -self.ids["runs"][-value]

    def _forget(self) -> None:
        """Delete the rows of the source that landed before and did not now."""
        for table in reversed(CORE):
            self.connection.execute("create temp table landed (id integer primary key)")
            self.connection.executemany(
                "insert into temp.landed values (?)", ((one,) for one in self.ids[table].values())
            )
            self.connection.execute(
                f"delete from main.{table} where source_id = ? and id not in (select id from temp.landed)",
                [self.source_id],
            )
            self.connection.execute("drop table temp.landed")
