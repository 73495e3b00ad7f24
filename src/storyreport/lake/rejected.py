"""Rows of a lake that are left out, and values that are dropped from rows: counted by reason, some of each kept.

As at an ingest they are in `rejects`, up to a number of each reason; of the others `findings` has the count. A reject's
`file` is the partition that it lies in, by which the days that are read again lose theirs first.
"""

import json
import sqlite3
from collections.abc import Iterator, Mapping
from dataclasses import astuple, dataclass, field
from typing import Any, NamedTuple

from ..system import SECRET, Type
from ..typed_values import LONGEST_WORD
from ..values import clean_text
from .contract import DATE, columns
from .dialect import translate
from .engine import Engine

ADVICE = {
    "rejected": "These rows are not in the reports: fix them in the lake and run `storyreport rollup --full`.",
    "warning": "These rows are in the reports without the value: fix it there and run `storyreport rollup --full`.",
}
# What the typed views say of a row that is left out, and of one that is not, by severity.
OF = {"rejected": "problem", "warning": "warning"}
SEVERITY = "case when problem is not null then 'rejected' else 'warning' end"
WHERE = {"rejected": "problem is not null", "warning": "warning is not null and problem is null"}


@dataclass(frozen=True)
class Finding:
    """What is known of a lake beside its rows, as `data_quality` shows it."""

    area: str
    problem: str
    rows: int
    example: str
    action: str


class Example(NamedTuple):
    """A row that was left out, or of which a value was."""

    partition: str
    key: str | None
    row: str  # JSON


@dataclass(frozen=True)
class Reason:
    """A reason for which rows, or values of rows, were left out: how many there are, and some of them."""

    table: str
    severity: str  # rejected or warning
    reason: str
    rows: int
    examples: list[Example]


def reasons(engine: Engine, tables: Mapping[str, Mapping[str, str]], most: int) -> list[Reason]:
    """The reasons in the lake's tables (table → column → kind), each with at most `most` rows, of the last days."""
    counting = " union all ".join(
        f"select '{table}' as name, '{severity}' as severity, {OF[severity]} as reason, count(*) as counted"
        f" from checked_{table} where {WHERE[severity]} group by {OF[severity]}"
        for table in tables
        for severity in OF
    )
    counted = sorted(engine.rows(translate(counting, engine.dialect)))
    found = []
    for table, kinds in tables.items():
        of_table = [(severity, reason) for name, severity, reason, _ in counted if name == table]
        examples = _examples(engine, table, kinds, of_table, most) if of_table else {}
        found += [
            Reason(table, severity, reason, rows, examples[severity, reason])
            for name, severity, reason, rows in counted
            if name == table
        ]
    return found


def _examples(
    engine: Engine, table: str, kinds: Mapping[str, str], of_table: list[tuple[str, str]], most: int
) -> dict[tuple[str, str], list[Example]]:
    shown = [one for one in columns(table) if one.name in kinds and one.kind not in SECRET]
    given = ", ".join(_shown(one.name, one.kind) for one in shown)
    names = ", ".join(one.name for one in shown)
    # One pass: the checks of a row are Python, and a SELECT for each reason would do them again.
    sql = f"""
        select severity, reason, {DATE}, {names}
        from (
            select
                *,
                row_number() over (
                    partition by severity, reason
                    order by {DATE} desc, cast({shown[0].name} as text)
                ) as place
            from (
                select {SEVERITY} as severity, coalesce(problem, warning) as reason, {DATE}, {given}
                from checked_{table}
                where problem is not null or warning is not null
            ) as named
        ) as ranked
        where place <= {most}"""
    found: dict[tuple[str, str], list[Example]] = {one: [] for one in of_table}
    for severity, reason, day, *values in engine.rows(translate(sql, engine.dialect)):
        named = {one.name: _kept(one.kind, value) for one, value in zip(shown, values, strict=True)}
        row = json.dumps(named, ensure_ascii=False, separators=(",", ":"))
        # An empty key is none.
        found[severity, reason].append(Example(f"{DATE}={day}", named[shown[0].name] or None, row))
    return {one: sorted(examples, key=lambda each: (each.partition, each.key or "")) for one, examples in found.items()}


def _shown(name: str, kind: Type) -> str:
    """A value as Python gets it: times as text, for Python knows fewer of them."""
    return f"cast({name} as text) as {name}" if kind in (Type.LOCAL, Type.KEY) else name


def _kept(kind: Type, value: Any) -> Any:
    """A value without what is private: of free text only that it is text."""
    if not isinstance(value, str):
        return str(value) if isinstance(value, float) and value - value != 0 else value
    if kind is Type.TEXT:
        return f"<text of {len(value)} characters>"
    return clean_text(value.encode("utf-8", "surrogatepass"), LONGEST_WORD)


@dataclass(frozen=True)
class Troubles:
    """All that was found beside the rows of a lake."""

    reasons: list[Reason] = field(default_factory=list)
    findings: list[Finding] = field(default_factory=list)

    @property
    def rejected(self) -> int:
        """How many rows are left out."""
        return sum(one.rows for one in self.reasons if one.severity == "rejected")

    def land(self, connection: sqlite3.Connection, source: str, read_from: str, now: str) -> None:
        """Replace the rejects of the days from `read_from` on ('' for all), and all findings of a source."""
        source_id, input_id = connection.execute(
            "select source_id, inputs.id from main.inputs join main.sources on sources.id = source_id where name = ?",
            [source],
        ).fetchone()
        connection.execute(
            "delete from main.rejects where input_id = ? and file >= ?",
            [input_id, f"{DATE}={read_from}" if read_from else ""],
        )
        connection.executemany(
            "insert into main.rejects (source_id, input_id, source_table, source_key, severity, reason, row,"
            " rejected_at, file) values (?, ?, ?, ?, ?, ?, ?, ?, ?)",
            (
                (source_id, input_id, one.table, shown.key, one.severity, one.reason, shown.row, now, shown.partition)
                for one in self.reasons
                for shown in one.examples
            ),
        )
        connection.execute("delete from main.findings where input_id = ?", [input_id])
        connection.executemany(
            "insert into main.findings (source_id, input_id, area, problem, rows, example, action)"
            " values (?, ?, ?, ?, ?, ?, ?)",
            ((source_id, input_id, *astuple(one)) for one in (*self.findings, *self._further())),
        )

    def _further(self) -> Iterator[Finding]:
        """The rows beyond those that land."""
        for one in self.reasons:
            if (rest := one.rows - len(one.examples)) > 0:
                problem = f"{one.table}: {one.reason} (further rows)"
                yield Finding("values", problem, rest, one.examples[-1].key or "", ADVICE[one.severity])
