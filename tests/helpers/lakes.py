"""Histories in the plain form, written as a lake and as a SQLite file that `ingest` reads, and compared."""

import datetime as dt
import random
import sqlite3
from collections.abc import Callable
from pathlib import Path
from typing import Any

from storyreport import rollups
from storyreport.rollups.definition import tables
from storyreport.transaction import commit, transaction

Row = dict[str, Any]
STEP_TYPES = {
    "id": "varchar",
    "run": "varchar",
    "pipeline": "varchar",
    "story": "varchar",
    "story_title": "varchar",
    "step": "varchar",
    "family": "varchar",
    "attempt": "bigint",
    "status": "varchar",
    "queued_at": "timestamp",
    "started_at": "timestamp",
    "ended_at": "timestamp",
    "duration_ms": "double",
    "duration_s": "double",
    "error": "varchar",
    "acceptance_passed": "boolean",
}
CALL_TYPES = {
    "id": "varchar",
    "run": "varchar",
    "pipeline": "varchar",
    "story": "varchar",
    "step": "varchar",
    "provider": "varchar",
    "model": "varchar",
    "endpoint": "varchar",
    "called_at": "timestamp",
    "duration_ms": "double",
    "status": "varchar",
    "success": "boolean",
    "error": "varchar",
    "input_tokens": "bigint",
    "output_tokens": "bigint",
    "cache_read_tokens": "bigint",
    "total_tokens": "bigint",
    "tier": "varchar",
    "team": "varchar",
    "tag": "varchar",
    "cost": "double",
    "currency": "varchar",
    "calls": "bigint",
}
TYPES = {"step_runs": STEP_TYPES, "calls": CALL_TYPES}
# Spark for a few rows: most of its time is that of compiling what runs once.
QUICK_SPARK = (
    ("spark.ui.enabled", "false"),
    ("spark.sql.shuffle.partitions", "1"),
    ("spark.sql.adaptive.enabled", "false"),
    ("spark.sql.codegen.wholeStage", "false"),
    ("spark.sql.codegen.factoryMode", "NO_CODEGEN"),
    ("spark.driver.extraJavaOptions", "-XX:TieredStopAtLevel=1 -XX:+UseSerialGC"),
)
START = dt.datetime(2026, 3, 1)
WORDS = [
    "completed",
    "SUCCESS",
    "failed",
    "TimedOut",
    "running",
    "queued",
    "cancelled",
    "Blocked",
    "odd word",
    "",
    None,
]
HOSTILE_TEXT = [
    "<script>alert(1)</script>",
    "Robert'); drop table calls;--",
    "me@example.com wrote this",
    "ключ sk-proj-abcdefghijklmnopqrstuvwxyz0123456789",
    "x" * 3000,
    "\u202eabc",
    "tab\tand\nline",
    "K\u212aelvin",
    "a/b~c",
]


def ordinary(rows: int, seed: int = 1) -> dict[str, list[Row]]:
    """Runs of seven steps with retries, and their calls: `rows` step runs and half as many calls."""
    chance = random.Random(seed)
    steps: list[Row] = []
    for number in range(rows):
        began = START + dt.timedelta(seconds=number * 211, milliseconds=number % 1000)
        took = dt.timedelta(milliseconds=chance.randrange(1, 400_000))
        status = chance.choice(["completed"] * 8 + ["failed", "running"])
        steps.append(
            {
                "id": f"a{number}",
                "run": f"r{number // 6}",
                "pipeline": chance.choice(["books", "books", None]) if number % 2 else "books",
                "story": f"s{number // 12}",
                "story_title": f"The Fox {number // 12}",
                "step": f"write_{chance.randrange(7)}",
                "attempt": chance.choice([None, 1, 1, 2, 3]),
                "status": status,
                "started_at": began,
                "ended_at": None if status == "running" else began + took,
                "error": f"Timeout after {number} ms" if status == "failed" else None,
                "acceptance_passed": chance.choice([None, True, False]),
            }
        )
    calls = [
        {
            "id": f"c{number}",
            "run": f"r{number // 3}",
            "story": chance.choice([None, f"s{number // 6}"]),
            "step": chance.choice([None, f"write_{number % 7}", "unknown_step"]),
            "provider": chance.choice(["openai", "anthropic", ""]),
            "model": chance.choice(["gpt-4o", "claude-3-5-sonnet-latest", "nobody-knows"]),
            "endpoint": "chat",
            "called_at": START + dt.timedelta(seconds=number * 401),
            "duration_ms": float(chance.randrange(0, 90_000)),
            "status": chance.choice(["success", "failed", None]),
            "error": chance.choice([None, None, f"HTTP 500 {number}"]),
            "input_tokens": chance.randrange(0, 20_000),
            "output_tokens": chance.randrange(0, 3000),
            "cost": chance.choice([None, None, 0.0, number * 0.000123, 1e10]),
            "currency": chance.choice([None, "USD", "eur", "€", "no money"]),
            "team": chance.choice([None, "blue", 'say "hi"']),
            "tag": chance.choice([None, "", "nightly"]),
            "calls": chance.choice([None, 1, 5]),
        }
        for number in range(rows // 2)
    ]
    return {"step_runs": steps, "calls": calls}


def hostile(rows: int, seed: int = 2) -> dict[str, list[Row]]:
    """Rows of which every value may be anything of its type."""
    chance = random.Random(seed)

    def key(prefix: str, among: int) -> str | None:
        return chance.choice(
            [
                *(f"{prefix}{chance.randrange(among)}" for _ in range(12)),
                None,
                "",
                *HOSTILE_TEXT,
                f"{prefix}@b.example.com",
                f"{prefix}/npm_a1b2c3d4e5f6g7h8i9j0k1l2m3n4",
            ]
        )

    def time() -> dt.datetime | None:
        odd = [None, dt.datetime(1000, 1, 1), dt.datetime(9999, 12, 31, 23, 59, 59, 999_999), dt.datetime(1969, 12, 31)]
        near = [START + dt.timedelta(seconds=chance.randrange(500_000), microseconds=chance.randrange(10**6))] * 8
        return chance.choice([*odd, *near])

    def number() -> float | None:
        odd = [None, -1.0, 0.0, 0.5, 1.5, 2.4999, 1e13, -1e300, float("inf"), float("nan")]
        return chance.choice([*odd, *(chance.uniform(0, 1e3) for _ in range(12))])

    def whole() -> int | None:
        return chance.choice([None, -5, 0, 1, 2, 3, 7, 10**11, 10**13, *(chance.randrange(50_000) for _ in range(8))])

    def text() -> str | None:
        return chance.choice([None, None, "", *HOSTILE_TEXT, "Rate limit exceeded", "boom 17", "boom 18"])

    def flag() -> bool | None:
        return chance.choice([None, True, False])

    def word() -> str | None:
        return chance.choice([*WORDS, *HOSTILE_TEXT, " Failed ", "ÉCHEC", "FAILED", "time-out"])

    makers: dict[str, Callable[[], Any]] = {
        **dict.fromkeys(
            ("attempt", "input_tokens", "output_tokens", "cache_read_tokens", "total_tokens", "calls"), whole
        ),
        **dict.fromkeys(("duration_ms", "duration_s", "cost"), number),
        **dict.fromkeys(("status",), word),
        **dict.fromkeys(("error", "story_title", "endpoint", "team", "tag"), text),
        **dict.fromkeys(("acceptance_passed", "success"), flag),
        **dict.fromkeys(("queued_at", "started_at", "ended_at", "called_at"), time),
        "currency": lambda: chance.choice([None, "", "USD", "EUR", "usd", "$", "gold"]),
        "tier": lambda: chance.choice([None, "", "batch", "flex"]),
        "provider": lambda: chance.choice(["openai", "anthropic", None, "x" * 300]),
        "model": lambda: chance.choice(["gpt-4o", None, "claude-3-5-haiku-latest"]),
    }
    among = {"id": rows, "run": 60, "story": 40, "pipeline": 3, "step": 12, "family": 5}
    made: dict[str, list[Row]] = {}
    for table, types in TYPES.items():
        made[table] = [
            {name: makers[name]() if name in makers else key(name[0], among[name]) for name in types}
            for _ in range(rows)
        ]
        for place, row in enumerate(made[table]):
            # Of rows of one id the latest counts; which one that is, is known where their times differ.
            row["id"] = chance.choice([row["id"], f"{row['id']}{place}"])
            moment = START + dt.timedelta(days=6, seconds=place)
            if row["id"]:
                row |= {"called_at": moment} if table == "calls" else {"ended_at": moment}
    return made


def both(one: dict[str, list[Row]], other: dict[str, list[Row]]) -> dict[str, list[Row]]:
    """The rows of two histories."""
    return {table: one[table] + other[table] for table in TYPES}


def start_of(table: str, row: Row) -> dt.datetime | None:
    """The start of a row, of which the folder is the day."""
    names = ("started_at", "queued_at", "ended_at") if table == "step_runs" else ("called_at",)
    return next((row[name] for name in names if row.get(name)), None)


def write_lake(folder: Path, history: dict[str, list[Row]]) -> Path:
    """The history as Parquet, a folder a day; every other row of a day is in a file of its own."""
    import pyarrow as pa

    typed: Any = pa
    kinds = {"varchar": pa.string(), "bigint": pa.int64(), "double": pa.float64(), "boolean": pa.bool_()}
    for table, types in TYPES.items():
        days: dict[tuple[str, int], list[Row]] = {}
        for place, row in enumerate(history[table]):
            start = start_of(table, row)
            days.setdefault((f"{start:%Y-%m-%d}".rjust(10, "0") if start else "unknown", place % 2), []).append(row)
        schema = typed.schema([(name, kinds.get(kind, pa.timestamp("us", tz="UTC"))) for name, kind in types.items()])
        for (day, half), rows in days.items():
            place_ = folder / table / f"date={day}"
            place_.mkdir(parents=True, exist_ok=True)
            write_file(place_ / f"part-{half}.parquet", rows, schema)
    return folder


def write_file(path: Path, rows: list[Row], schema: Any = None) -> None:
    """Rows as a Parquet file, with the types that their values have where there is no schema."""
    import pyarrow as pa
    from pyarrow import parquet

    write: Any = parquet.write_table
    write(pa.Table.from_pylist(rows, schema=schema), path)


def write_sqlite(path: Path, history: dict[str, list[Row]]) -> Path:
    """The history as the tables step_runs and calls of a SQLite file."""
    with sqlite3.connect(path) as connection:
        for table, types in TYPES.items():
            connection.execute(f"create table {table} ({', '.join(types)})")
            connection.executemany(
                f"insert into {table} values ({', '.join('?' * len(types))})",
                ([_value(row.get(name)) for name in types] for row in history[table]),
            )
    connection.close()
    return path


def _value(value: Any) -> Any:
    if isinstance(value, dt.datetime):
        return f"{value.isoformat(timespec='microseconds').rjust(26, '0')}Z"
    return int(value) if isinstance(value, bool) else value


def new_database(path: Path) -> Path:
    """A report database with a key that all of these have: e-mail addresses in keys become the same hashes."""
    with transaction(path, lambda _: None) as connection:
        rollups.update(connection)
        connection.execute("insert into secrets values ('keyed_hash', ?)", ["ab" * 32])
        commit(connection)
    return path


# Column → what it is compared by: the key of the row that it leads to.
NAMED = {
    "story_id": "(select source_key from stories where id = {c})",
    "run_id": "(select source_key from runs where id = {c})",
    "step_run_id": "(select source_key from step_runs where id = {c})",
    "step_id": "(select name || ' of ' || coalesce(pipeline_id, 0) from steps where id = {c})",
    "error_id": "(select fingerprint from errors where id = {c})",
    "pipeline_id": "(select name from pipelines where id = {c})",
    "failure": """case when {c} > 0 then (select source_key from step_runs where id = {c})
        else '-' || (select source_key from runs where id = -{c}) end""",
}


def rollup_rows(database: Path, table: str) -> list[tuple[Any, ...]]:
    """The rows of a rollup, with keys and names in the place of numbers, sorted."""
    with sqlite3.connect(database) as connection:
        columns = [row[1] for row in connection.execute(f"pragma table_info({table})") if row[1] != "source_id"]
        values = ", ".join(NAMED.get(column, "{c}").format(c=f"{table}.{column}") for column in columns)
        rows = connection.execute(f"select {values} from {table}").fetchall()
    connection.close()
    return sorted(rows, key=repr)


def rollup_names() -> list[str]:
    """The names of all rollup tables."""
    return sorted(name for name in tables() if name.startswith("rollup_"))
