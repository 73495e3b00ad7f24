"""The contract of a lake: which folders, columns and types it has, said once, from the plain form."""

from collections.abc import Mapping
from dataclasses import dataclass

from ..sources.steps import DATABASE
from ..system import Type

TEXT, INTEGER, NUMBER, TIME, FLAG = "text", "integer", "number", "time", "flag"
# The types of Parquet columns that a type of the plain form may have, the one that is written first.
ACCEPTED: Mapping[Type, tuple[str, ...]] = {
    Type.KEY: (TEXT, INTEGER),
    Type.WORD: (TEXT,),
    Type.TEXT: (TEXT,),
    Type.LOCAL: (TIME,),
    Type.COUNT: (INTEGER, NUMBER),
    Type.MS: (INTEGER, NUMBER),
    Type.SECONDS: (NUMBER, INTEGER),
    Type.NUMBER: (NUMBER, INTEGER),
    Type.MONEY: (NUMBER, INTEGER),
    Type.FLAG: (FLAG, INTEGER, TEXT),
}
SAID = {
    TEXT: "text",
    INTEGER: "whole numbers",
    NUMBER: "numbers",
    TIME: "UTC timestamps",
    FLAG: "true or false",
}
# Table → the columns that a file must have; all others of the plain form may be absent.
NEEDED = {"step_runs": ("id", "step", "started_at"), "calls": ("id", "called_at")}
# Table → the times of which the first that is known is the start of a row: `date` is its UTC day.
STARTS = {"step_runs": ("started_at", "queued_at", "ended_at"), "calls": ("called_at",)}
DATE = "date"


@dataclass(frozen=True)
class Column:
    """A column as a lake has it: its name, its type in the plain form, and what Parquet may hold it as."""

    name: str
    kind: Type

    @property
    def accepted(self) -> tuple[str, ...]:
        """The kinds of Parquet types that it may have."""
        return ACCEPTED[self.kind]


def columns(table: str) -> list[Column]:
    """The columns of one of the lake's tables, in the plain form's order."""
    return [Column(name, kind) for name, kind in DATABASE.tables[table].columns.items()]


TABLES = tuple(DATABASE.tables)
