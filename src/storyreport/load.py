"""Bring the rows of one part of a source into the core tables: only what is new or has changed is written.

What a mapping selects is upserted by (source_id, source_key). Rows that the source no longer has get gone_at, and what
refers to them becomes an orphan; a reference that leads somewhere again is linked again.
"""

import sqlite3
from dataclasses import dataclass
from functools import cached_property
from importlib import resources
from typing import Any

from .detail import ENDED, ended
from .extract import ROWS_READ_AGAIN, SECRET, Reading, create_views, scalar
from .links import CORE_TABLES, leads_nowhere, link_again, links, make_orphans
from .sections import Section, sections
from .sources import Type

# Tables of work that goes on for a while, and (the condition of their partial index) is not finished.
TABLES_OF_WORK = ("runs", "step_runs")
IS_OPEN = "status in ('queued', 'running', 'waiting')"
# Runs of which a step run was written, changed or taken away.
WORKED_RUNS = "id in (select run_id from temp.worked_runs)"
DERIVED_RUNS = (resources.files(__package__) / "derived_runs.sql").read_text(encoding="utf-8")


@dataclass
class Counts:
    """What an ingest did, in rows."""

    read: int = 0
    inserted: int = 0
    updated: int = 0
    gone: int = 0
    rejected: int = 0
    left_out: int = 0  # as old as what was pruned

    @property
    def written(self) -> int:
        """Rows of the core tables that differ from before."""
        return self.inserted + self.updated + self.gone


def has_rows(connection: sqlite3.Connection, source_id: int) -> bool:
    """Whether anything of a source has been loaded, though all of it may have been pruned."""
    exists = [f"exists (select 1 from main.{table} where source_id = :source_id)" for table in CORE_TABLES]
    exists.append("exists (select 1 from main.sources where id = :source_id and detail_since is not null)")
    return bool(scalar(connection, f"select {' or '.join(exists)}", source_id=source_id))


class PartLoad:
    """The load of one part, inside the transaction of its ingest.

    `marks` is what the last load left for this one: {"after": {table: row number}, "changed": {table: time},
    "rows": {core table: source rows}, "slack": {core table: rows that no core row was made of}}; empty for a part that
    is read whole.
    """

    def __init__(
        self,
        connection: sqlite3.Connection,
        reading: Reading,
        ids: dict[str, Any],
        marks: dict[str, Any],
        counts: Counts,
    ):
        self.connection = connection
        self.reading = reading
        self.part = reading.part
        self.ids = ids  # source_id, input_id, now
        self.marks = marks
        self.counts = counts
        self.read_rows: dict[str, tuple[int, int]] = {}  # table → rows read, rows rejected
        self.part_name = reading.opened.found.part
        self.is_fresh = not has_rows(connection, ids["source_id"])
        self.changes_only = bool(marks) and not self.is_fresh

    @cached_property
    def mapping(self) -> list[Section]:
        """The part's sections of its system's mapping."""
        text = self.reading.opened.found.system.mapping()
        return [section for section in sections(text) if section.name == self.part_name]

    @cached_property
    def inheriting(self) -> list[str]:
        """The core tables whose rows name a run and no story in this system: theirs is that of the run."""
        told = sections(self.reading.opened.found.system.mapping())
        texts = {core: " ".join(section.sql for section in told if section.what == core) for core in CORE_TABLES}
        return [core for core, text in texts.items() if "run_key" in text and "story_key" not in text]

    def run(self) -> dict[str, Any]:
        """Load, and return the marks for the next time."""
        self._execute("drop table if exists temp.touched")
        self._execute("drop table if exists temp.read_from")
        self._execute("create temp table touched (group_key primary key) without rowid")
        self._execute("create temp table read_from (source_table text primary key, after_row integer) without rowid")
        remote = self.reading.opened.remote
        self.changes_only = self.changes_only and not self._is_older()
        if self.changes_only:
            if remote:
                remote.touch(self.marks)
            self._find_touched()
        if remote:
            remote.fetch(self.marks if self.changes_only else None)
        for table in self.part.tables:
            self._load_rejects(table, self.changes_only)
        create_views(self.connection, self.reading, self.changes_only)
        self._load_steps()
        self._note_runs()
        rows = {core: self._load_core(core, self.changes_only) for core in CORE_TABLES}
        if self.changes_only and (unaccounted := self._unaccounted(rows)):
            # Rows have gone where nothing is new, or have been renumbered: read what is made of them whole.
            self.reading.rejecting.clear()
            if remote:
                remote.fetch(None)
            for table in {table for core in unaccounted for table in self.part.feeds[core]}:
                self._load_rejects(table, changes_only=False)
            create_views(self.connection, self.reading, changes_only=False)
            for core in unaccounted:
                rows[core] = self._load_core(core, changes_only=False)
        self._supersede()
        self.counts.updated += link_again(self.connection, self.ids["source_id"])
        self._inherit_stories()
        self._derive_runs(WORKED_RUNS)
        self._file_errors()
        self.counts.read += sum(read for read, _ in self.read_rows.values())
        self.counts.rejected += sum(rejected for _, rejected in self.read_rows.values())
        return self._new_marks(rows)

    def _execute(self, sql: str, **parameters: Any) -> sqlite3.Cursor:
        return self.connection.execute(sql, {**self.ids, **parameters})

    # What may have changed ---------------------------------------------------------------------------------------

    def _is_older(self) -> bool:
        """Whether rows are missing at a table's end: an older copy has been put in the place of the source."""
        last = self._last_numbers()
        return any(last.get(table, 0) < number for table, number in self.marks["after"].items())

    def _last_numbers(self) -> dict[str, int]:
        opened = self.reading.opened
        return {
            table: scalar(self.connection, f"select coalesce(max({number}), 0) from {opened.tables[table][0]}")
            for table, number in opened.numbered.items()
        }

    def _find_touched(self) -> None:
        """Fill temp.touched with the groups that have a row that is new, recent, changed or not yet finished."""
        for table, number in self.reading.opened.numbered.items():
            says_when_changed = self._changed_column(table) is not None
            after = self.marks["after"].get(table, 0) - (0 if says_when_changed else ROWS_READ_AGAIN)
            self._execute("insert into temp.read_from values (:table, :after)", table=table, after=after)
            description = self.part.tables[table]
            _, columns = self.reading.columns(table).get(description.group or "", (None, None))
            if columns is None:
                continue
            source = self.reading.opened.tables[table][0]
            self._execute(
                f"insert or ignore into temp.touched select {columns} from {source}"
                f" where {number} > :after and {columns} is not null",
                after=after,
            )
            if changed := self._changed_column(table):
                self._execute(
                    f"insert or ignore into temp.touched select {columns} from {source}"
                    f" where {changed} >= :since and {columns} is not null",
                    since=self.marks["changed"].get(table),
                )
                self._execute(
                    f"insert or ignore into temp.touched select {columns} from {source}"
                    f" where {number} > :after and {changed} is null and {columns} is not null",
                    after=after - ROWS_READ_AGAIN,
                )
        for core, group in self.part.grouped.items():
            if core in TABLES_OF_WORK:
                self._execute(f"insert or ignore into temp.touched {self._open_groups(core, group)}")

    def _open_groups(self, core: str, group: str) -> str:
        """SELECT of the groups that have work which is not finished: it will be, under the same row number."""
        if group == "source_key":
            return f"select source_key from main.{core} where source_id = :source_id and {IS_OPEN} and gone_at is null"
        link = next(link for link in links(self.connection, core) if f"{link.name}_key" == group)
        return f"""
            select coalesce(parents.source_key, children.{group})
            from main.{core} as children
            left join main.{link.parent} as parents on parents.id = children.{link.name}_id
            where
                children.source_id = :source_id
                and children.{IS_OPEN}
                and children.gone_at is null
                and coalesce(parents.source_key, children.{group}) is not null"""

    def _changed_column(self, table: str) -> str | None:
        changed = self.part.tables[table].changed
        return self.reading.columns(table)[changed][1] if changed else None

    def _unaccounted(self, rows: dict[str, int]) -> list[str]:
        """The core tables that are made of more or fewer source rows than the source has."""
        return [
            core
            for core in self.part.feeds
            if self._source_rows(core) - rows[core] - self._rejected_rows(core) != self.marks["slack"].get(core)
        ]

    def _source_rows(self, core: str) -> int:
        tables, remote = self.reading.opened.tables, self.reading.opened.remote
        return sum(
            remote.count(table) if remote else scalar(self.connection, f"select count(*) from {tables[table][0]}")
            for table in self.part.feeds[core]
            if table in tables
        )

    def _rejected_rows(self, core: str) -> int:
        return sum(
            scalar(
                self.connection,
                "select count(*) from main.rejects"
                " where input_id = :input_id and source_table = :table and severity = 'rejected'",
                input_id=self.ids["input_id"],
                table=table,
            )
            for table in self.part.feeds[core]
        )

    def _new_marks(self, rows: dict[str, int]) -> dict[str, Any]:
        opened = self.reading.opened
        after = self._last_numbers()
        changed = {
            # What was changed in the future, or at no time, says nothing about the next time.
            table: scalar(
                self.connection,
                f"select max({column}) from {opened.tables[table][0]}"
                f" where {self.reading.value(table, Type.UTC, column)} <= :now",
                now=self.ids["now"],
            )
            for table in opened.tables
            if (column := self._changed_column(table))
        }
        slack = {core: self._source_rows(core) - rows[core] - self._rejected_rows(core) for core in self.part.feeds}
        since = opened.remote.since() if opened.remote else {}
        return {"after": after, "changed": changed, "rows": rows, "slack": slack, "since": since}

    # Rows that cannot be loaded ----------------------------------------------------------------------------------

    def _load_rejects(self, table: str, changes_only: bool) -> None:
        source = self.reading.source(table, changes_only)
        if source is None:
            return
        number = self.reading.row_number(table)
        columns = self.reading.columns(table)
        column = next((column for kind, column in columns.values() if column and kind not in SECRET), "null")
        key = f"clean_text(cast({column} as blob), 200)"
        again = ""
        if changes_only:
            again = f"and source_row in (select {number} {source})"
            if number == "null":
                again = f"and source_key in (select {key} {source})"
        self._execute(
            f"delete from main.rejects where input_id = :input_id and source_table = :table {again}", table=table
        )
        insert = f"""
            insert into main.rejects (
                source_id, input_id, source_table, source_row, source_key, severity, reason, row, rejected_at
            )
            select :source_id, :input_id, :table, {number}, {key}, :severity,
                {{reason}}, {self.reading.shown(table)}, :now
            {source} and """
        problem, doubt = self.reading.problem(table), self.reading.doubt(table)
        read, rejected, doubted = self._execute(
            f"select count(*), count({problem}), count({doubt}) {source}"
        ).fetchone()
        # A table that is read again, whole, is counted once.
        self.read_rows[table] = (read, rejected)
        self.reading.rejecting[table] = rejected > 0
        if rejected:
            self._execute(insert.format(reason=problem) + f"({problem}) is not null", table=table, severity="rejected")
        if doubted:
            self._execute(
                insert.format(reason=doubt) + f"({doubt}) is not null and ({problem}) is null",
                table=table,
                severity="warning",
            )

    # Rows that can -----------------------------------------------------------------------------------------------

    def _load_steps(self) -> None:
        for section in self.mapping:
            if section.what == "steps":
                columns = self._columns(section.sql)
                self._execute(
                    f"insert into main.steps (source_id, {', '.join(columns)})"
                    f" select :source_id, {', '.join(columns)} from ({section.sql}) where true"
                    " on conflict (source_id, name) do nothing"
                )

    def _load_core(self, core: str, changes_only: bool) -> int:
        """Load a core table; return of how many source rows its present rows are made."""
        present = self.marks["rows"][core] if changes_only else None
        for section in self.mapping:
            if section.what not in (core, f"{core}, where absent"):
                continue
            if self.is_fresh:
                self._upsert(core, section, f"({section.sql})")
                continue
            self._execute(f"create temp table mapped as {section.sql}")
            self._execute("create index temp.mapped_key on mapped (source_key)")
            self._leave_out_pruned(core)
            before = self._rows(core, "temp.mapped") if changes_only else 0
            self._upsert(core, section, "temp.mapped")
            went = self._mark_gone(core, changes_only)
            if present is not None:
                present += self._rows(core, "temp.mapped") - before - went
            self._execute("drop table temp.mapped")
        if core == "step_runs":
            # What comes after may belong to a run's story.
            self._derive_runs("true" if self.is_fresh else WORKED_RUNS)
        return self._rows(core) if present is None else present

    def _leave_out_pruned(self, core: str) -> None:
        """Take from temp.mapped what is as old as the detail that was pruned, unless it is here or still open."""
        since = scalar(self.connection, "select detail_since from main.sources where id = :source_id", **self.ids)
        if since is None or core not in ENDED:
            return
        columns = self._columns("select * from temp.mapped")
        is_open = f"and ({IS_OPEN}) is not true" if core in TABLES_OF_WORK and "status" in columns else ""
        self.counts.left_out += self._execute(
            f"""
            delete from temp.mapped
            where
                {ended(core, columns)} < :since
                {is_open}
                and not exists (
                    select 1
                    from main.{core} as known
                    where known.source_id = :source_id and known.source_key = cast(mapped.source_key as text)
                )""",
            since=since,
        ).rowcount

    def _columns(self, sql: str) -> list[str]:
        return [column[0] for column in self._execute(f"select * from ({sql}) limit 0").description]

    def _rows(self, core: str, keys: str | None = None) -> int:
        weight = "sum(source_rows)" if core == "step_runs" else "count(*)"
        among = f"and source_key in (select cast(source_key as text) from {keys})" if keys else ""
        sql = f"""
            select coalesce({weight}, 0)
            from main.{core}
            where source_id = :source_id and input_id = :input_id and gone_at is null {among}"""
        rows: int = self._execute(sql).fetchone()[0]
        return rows

    def _upsert(self, core: str, section: Section, rows: str) -> None:
        given = self._columns(section.sql)
        references = [link for link in links(self.connection, core) if f"{link.name}_key" in given]
        values = {
            column: f"mapped.{column}" for column in given if column != "step_name" and not column.endswith("_key")
        }
        joins = []
        for link in references:
            joins.append(
                f"left join main.{link.parent} as {link.name} on {link.name}.source_id = :source_id"
                # As text: whole numbers would not be looked up in the index.
                f" and {link.name}.source_key = cast(mapped.{link.name}_key as text) and {link.name}.gone_at is null"
            )
            values[f"{link.name}_id"] = f"{link.name}.id"
            values[f"{link.name}_key"] = f"case when {link.name}.id is null then mapped.{link.name}_key end"
        names = {link.name for link in references}
        is_inheriting = "run" in names and "story" not in names
        if is_inheriting:
            # What belongs to a run belongs to its story.
            values["story_id"] = "run.story_id"
        if "step_name" in given:
            joins.append(
                "left join main.steps as step on step.source_id = :source_id"
                # As text, like the keys.
                " and step.name = cast(mapped.step_name as text)"
            )
            values["step_id"] = "step.id"

        fixed = {"source_id": ":source_id", "source_key": "mapped.source_key", "input_id": ":input_id"}
        updates = [f"{column} = excluded.{column}" for column in (*values, "input_id")] + ["gone_at = null"]
        changed = (
            f"({', '.join(f'{core}.{column}' for column in values)}, {core}.gone_at)"
            f" is not ({', '.join(f'excluded.{column}' for column in values)}, null)"
        )
        if is_inheriting:
            # Which story it was of is known from when the run was there.
            updates.append("story_key = case when excluded.run_id is null then story_key end")
            changed = f"({changed} or {core}.story_key is not null and excluded.run_id is not null)"
        if "error_message" in values:
            updates.append("error_id = case when error_message is excluded.error_message then error_id end")
        on_conflict = (
            "do nothing" if section.what.endswith("absent") else f"do update set {', '.join(updates)} where {changed}"
        )
        last_id = scalar(self.connection, f"select coalesce(max(id), 0) from main.{core}")
        written = self._execute(
            f"insert into main.{core} ({', '.join((*fixed, *values))})"
            f" select {', '.join((*fixed.values(), *values.values()))} from {rows} as mapped {' '.join(joins)}"
            f" where true on conflict (source_id, source_key) {on_conflict}"
        ).rowcount
        inserted = scalar(self.connection, f"select coalesce(max(id), 0) from main.{core}") - last_id
        self.counts.inserted += inserted
        self.counts.updated += written - inserted

    # Rows that have gone, and what refers to them ----------------------------------------------------------------

    def _mark_gone(self, core: str, changes_only: bool) -> int:
        """Mark what temp.mapped no longer has; return of how many source rows it was made."""
        group = self.part.grouped.get(core)
        if group is None and (changes_only or core not in self.part.feeds):
            return 0
        rows = f"main.{core} as known"
        if changes_only and group:
            touched = self._touched_rows(core, group)
            rows = f"({touched}) as touched cross join main.{core} as known on known.id = touched.id"
        return self._leave(
            core,
            f"""
            select known.id
            from {rows}
            where
                known.source_id = :source_id
                and known.input_id = :input_id
                and known.gone_at is null
                and known.source_key not in (select cast(source_key as text) from temp.mapped)""",
        )

    def _touched_rows(self, core: str, group: str) -> str:
        """SELECT of the ids of a core table's rows in the touched groups; cross joins keep the order of the joins."""
        if group == "source_key":
            return f"""
                select found.id
                from temp.touched
                cross join main.{core} as found
                    on found.source_id = :source_id and found.source_key = cast(touched.group_key as text)"""
        references = links(self.connection, core)
        link = next(link for link in references if f"{link.name}_key" == group)
        return f"""
            select found.id
            from temp.touched
            cross join main.{link.parent} as parents
                on parents.source_id = :source_id and parents.source_key = cast(touched.group_key as text)
            cross join main.{core} as found on found.{link.name}_id = parents.id
            union all
            select found.id
            from main.{core} as found
            where
                found.source_id = :source_id
                and {leads_nowhere("found", references)}
                and found.{group} in (select cast(group_key as text) from temp.touched)"""

    def _leave(self, core: str, select_ids: str) -> int:
        """Mark rows as gone and make orphans of what refers to them; return of how many source rows they were made."""
        self._execute(f"create temp table went as {select_ids}")
        weight = "sum(source_rows)" if core == "step_runs" else "count(*)"
        rows: int = scalar(
            self.connection, f"select coalesce({weight}, 0) from main.{core} where id in (select id from temp.went)"
        )
        # What was derived from other rows counts for none of its own.
        marked = self._execute(f"update main.{core} set gone_at = :now where id in (select id from temp.went)")
        if marked.rowcount:
            self.counts.gone += marked.rowcount
            make_orphans(self.connection, core, "temp.went", self.inheriting)
        self._execute("drop table temp.went")
        return rows

    def _supersede(self) -> None:
        """Take back what a part that is believed less had said before, and mark what one part misses of another."""
        for section in self.mapping:
            action, _, core = section.what.partition(" ")
            if action == "delete":
                self._execute(f"delete from main.{core} where id in ({section.sql})")
            elif action == "gone":
                self._leave(core, section.sql)
            elif action == "missing":
                self._execute(f"""
                    update main.{core}
                    set is_missing = judged.is_missing
                    from ({section.sql}) as judged
                    where {core}.id = judged.id and {core}.is_missing is not judged.is_missing""")

    # What follows from the rows ----------------------------------------------------------------------------------

    def _note_runs(self) -> None:
        """From now on note the runs whose step runs change, and those that go to another story."""
        for table in ("worked_runs", "moved_runs"):
            self._execute(f"drop table if exists temp.{table}")
            self._execute(f"create temp table {table} (run_id primary key) without rowid")
        if self.is_fresh:
            return
        note = "insert into {} select {}.run_id where {}.run_id is not null on conflict do nothing;"
        for event, rows in (("insert", ("new",)), ("update", ("old", "new")), ("delete", ("old",))):
            noted = " ".join(note.format("worked_runs", row, row) for row in rows)
            self._execute(f"drop trigger if exists temp.note_step_run_{event}")
            self._execute(
                f"create temp trigger note_step_run_{event} after {event} on main.step_runs begin {noted} end"
            )
        self._execute("drop trigger if exists temp.note_moved_run")
        self._execute("""
            create temp trigger note_moved_run after update of story_id on main.runs
            when old.story_id is not new.story_id
            begin
                insert into moved_runs values (new.id) on conflict do nothing;
            end""")

    def _inherit_stories(self) -> None:
        """What belongs to a run goes with it to another story."""
        for core in self.inheriting:
            self._execute(f"""
                update main.{core}
                set story_id = runs.story_id
                from main.runs
                where
                    runs.id in (select run_id from temp.moved_runs)
                    and {core}.run_id = runs.id
                    and {core}.story_id is not runs.story_id""")

    def _derive_runs(self, which: str) -> None:
        """Give a derived run the state of its step runs."""
        self._execute(DERIVED_RUNS.replace("/* which */ true", which))

    def _file_errors(self) -> None:
        """File each new error message under its fingerprint, and make the fingerprint searchable."""
        last_id = scalar(self.connection, "select coalesce(max(id), 0) from main.errors")
        for table in ("runs", "step_runs", "calls"):
            self._execute(f"""
                create temp table unfiled as
                select id, error_message, fingerprint(error_message) as fingerprint
                from main.{table}
                where source_id = :source_id and error_message is not null and error_id is null""")
            self._execute("""
                insert or ignore into main.errors (fingerprint, example)
                select fingerprint, min(error_message)
                from temp.unfiled
                group by fingerprint""")
            self._execute(f"""
                update main.{table}
                set error_id = errors.id
                from temp.unfiled
                join main.errors on errors.fingerprint = unfiled.fingerprint
                where {table}.id = unfiled.id""")
            self._execute("drop table temp.unfiled")
        self._execute(
            "insert into main.errors_fts (rowid, fingerprint, example)"
            " select id, fingerprint, example from main.errors where id > :last_id",
            last_id=last_id,
        )
