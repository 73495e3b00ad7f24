"""A toy source of calls, and the costs that a report database has for them."""

import contextlib
import sqlite3
import subprocess
import sys
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from helpers.report_database import ReportDatabase
from storyreport.pricing import Change, parse
from storyreport.sources import Part, System, Table, Type, signs

# Its prices are 5 and 25 dollars for a million tokens of input and output, 0.5 for cached and 6.25 for written ones.
KNOWN = ("anthropic", "claude-opus-4-5")
MOMENT = "2025-11-20T10:00:00.000Z"

COLUMNS = {
    "id": Type.KEY,
    "provider": Type.WORD,
    "model": Type.WORD,
    "endpoint": Type.WORD,
    "called_at": Type.UTC,
    "duration_ms": Type.MS,
    "calls": Type.COUNT,
    "input_tokens": Type.COUNT,
    "output_tokens": Type.COUNT,
    "cache_read_tokens": Type.COUNT,
    "cache_write_tokens": Type.COUNT,
    "input_characters": Type.COUNT,
    "cost": Type.MONEY,
    "currency": Type.WORD,
}


class Toy(System):
    """A system of paid calls alone."""

    def mapping(self) -> str:
        """One section that takes the columns as they are."""
        plain = ", ".join(
            column for column in COLUMNS if column not in ("id", "provider", "model", "endpoint", "calls", "currency")
        )
        texts = ", ".join(f"coalesce({column}, '') as {column}" for column in ("provider", "model", "endpoint"))
        return (
            f"-- database: calls\nselect id as source_key, 'completed' as status, {texts}, coalesce(calls, 1) as calls,"
            f" coalesce(currency, '') as currency, {plain} from src_paid_calls;\n"
        )


TOY = Toy(
    name="toy",
    title="toy system",
    parts={
        "database": Part(
            tables={"paid_calls": Table(columns=COLUMNS, required=("id",))},
            feeds={"calls": ("paid_calls",)},
            statuses={},
            signs=signs(("paid_calls", {"id", "cache_read_tokens"})),
        )
    },
)


@dataclass
class Ledger:
    """A source of calls, and the report database that it is ingested into."""

    path: Path
    db: ReportDatabase

    def add(self, **call: Any) -> None:
        """Make a call."""
        call = {"provider": KNOWN[0], "model": KNOWN[1], "called_at": MOMENT, **call}
        with contextlib.closing(sqlite3.connect(self.path)) as connection, connection:
            connection.execute(
                f"insert into paid_calls ({', '.join(call)}) values ({', '.join('?' * len(call))})", [*call.values()]
            )

    def ingest(self, yaml: str | None = None, **how: Any) -> int:
        """Ingest; return how many calls have another estimate than before."""
        return self.db.ingest(self.path, price_file=parse(yaml, "prices.yml") if yaml else None, **how).estimated

    def costs(self) -> list[Any]:
        """The estimates, in the order of the calls."""
        return [cost for (cost,) in self.db.sql("select estimated_cost from calls order by id")]


def rounded(changes: list[Change]) -> list[Change]:
    """The changes without the noise of adding up."""
    return [replace(change, before=round(change.before, 9), after=round(change.after, 9)) for change in changes]


def run(*arguments: str, folder: Path) -> subprocess.CompletedProcess[str]:
    """Run the command line."""
    return subprocess.run(
        [sys.executable, "-m", "storyreport", *arguments],
        cwd=folder,
        capture_output=True,
        encoding="utf-8",
        timeout=60,
        check=False,
    )
