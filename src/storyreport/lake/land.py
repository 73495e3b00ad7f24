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
from .sums import is_of_days, present, total

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
# Column that says whose row of a rollup it is → the stories and runs with work since the first day that is computed.
ACTIVE = {
    "story_id": "(select id from main.stories join temp.active_stories using (source_key) where source_id = {source})",
    "run_id": "(select id from main.runs join temp.active_runs using (source_key) where source_id = {source})",
    "story": "(select source_key from temp.active_stories)",
}
SINCE = """
    select source_key
    from {table}
    where id in (
        select {key} from step_runs where day >= '{since}' or ended_at >= '{since}'
        union
        select {key} from calls where day >= '{since}'
        union
        select {of_runs} from runs where day >= '{since}' or ended_at >= '{since}'
    )"""
Row = tuple[Any, ...]


class Landing:
    """One landing: where it goes, and the number of each row that landed by its hash.

    `since` is the first day that is computed, `read_from` the first that was read; '' for all.
    """

    def __init__(
        self, connection: sqlite3.Connection, core: Core, source_id: int, input_id: int, since: str, read_from: str
    ):
        self.connection, self.core, self.since, self.read_from = connection, core, since, read_from
        self.source_id, self.input_id = source_id, input_id
        self.ids: dict[str, dict[int, int]] = {}
        self.rows = 0

    def run(self) -> None:
        """Land everything; the references are checked at the end of the transaction."""
        self.connection.execute("pragma defer_foreign_keys = on")
        for table in NAMES:
            self._land_named(table)
        if self.since:
            self._find_active()
        for table in sorted(KINDS, key=CORE.index):
            self._land_core(table)
        for one in present():
            self._land_rollup(one)
        if not self.since:
            self._forget()

    def _values(self, sql: str) -> Iterator[Row]:
        yield from self.core.engine.many_rows(sql)

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
        updates = ", ".join(
            # A story that began before the days that were read is no younger for it.
            f"{name} = min(coalesce({name}, excluded.{name}), excluded.{name})"
            if name == "created_at" and self.since
            else f"{name} = excluded.{name}"
            for name in columns
            if name not in ("source_id", "source_key")
        )
        known, settled = self.ids.setdefault(table, {}), self._settled(table)
        for hashed, *given in self._values(f"select id, {', '.join(columns)} from landed_{table}"):
            if number := settled.get(given[columns.index("source_key")]):
                known[hashed] = number
                continue
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

    def _find_active(self) -> None:
        """The keys of the stories and runs with work since the first day; others may have been read in part."""
        for table, key, of_runs in (("stories", "story_id", "story_id"), ("runs", "run_id", "id")):
            sql = SINCE.format(table=table, key=key, of_runs=of_runs, since=self.since)
            self.connection.execute(f"create temp table active_{table} (source_key text primary key)")
            self.connection.executemany(f"insert into temp.active_{table} values (?)", self._values(sql))

    def _settled(self, table: str) -> dict[str, int]:
        """Key → number of the stories or runs that stay as they are."""
        if not self.since or table not in ("stories", "runs"):
            return {}
        sql = f"""
            select source_key, id
            from main.{table}
            where
                source_id = ?
                and source_key not in (select source_key from temp.active_{table})"""
        return dict(self.connection.execute(sql, [self.source_id]).fetchall())

    def _land_entities(self, one: Definition, table: Table) -> None:
        """A rollup with a row for each story or run: those that landed, and its total over all.

        Of some days: those with work since replace theirs. The total is added up again where all of its rows are here;
        otherwise it stays as it was.
        """
        mine = f"source_id = {self.source_id}"
        is_whole = bool(one.total and self.since and self._is_whole(one, mine))
        rows = self._laid_out(table, f"landed_{table.name}")
        which = self._active(table) if self.since else "true"
        covers = f"{mine} and {which}"
        self._replace(table, covers, f"select * from {rows} where {which}")
        self.connection.execute(f"drop table {rows}")
        if one.total and not self.since:
            rows = self._laid_out(one.total, one.total.name)
            self._replace(one.total, mine, f"select * from {rows}")
            self.connection.execute(f"drop table {rows}")
        elif one.total and is_whole:
            self._replace(one.total, mine, f"select * from ({total(one)}) where {mine}")

    def _active(self, table: Table) -> str:
        """The condition of a rollup's rows that are replaced; sums that began before what was read are left alone."""
        names = [column.name for column in table.columns]
        whose = next(name for name in names if name in ACTIVE)
        condition = f"{whose} in {ACTIVE[whose].format(source=self.source_id)}"
        began = next((name for name in ("first_day", "day") if name in names), None)
        if began is None:
            return condition
        older = f"source_id = {self.source_id} and {began} <> '' and {began} < '{self.read_from}'"
        return f"{condition} and {whose} not in (select {whose} from main.{table.name} where {older})"

    def _is_whole(self, one: Definition, mine: str) -> bool:
        """Whether all rows of a rollup are here: the total adds up, and of those computed now all land."""
        assert one.table
        assert one.total
        ((computed, landed),) = self._values(
            f"select (select count(*) from {one.table.name}), (select count(*) from landed_{one.table.name})"
        )
        names = ", ".join(column.name for column in one.total.columns)
        here, known = (
            f"select {names} from ({total(one)}) where {mine}",
            f"select {names} from main.{one.total.name} where {mine}",
        )
        differing = f"select 1 from ({here} except {known}) union all select 1 from ({known} except {here}) limit 1"
        return bool(computed == landed and self.connection.execute(differing).fetchone() is None)

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
