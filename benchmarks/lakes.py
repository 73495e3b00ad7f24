"""A lake and the same rows as a SQLite file: how long `ingest` and `rollup` take, and whether they say the same.

python -m benchmarks.lakes --rows 1000000 --hostile 20000 --engine duckdb --engine spark --compare
"""

import argparse
import contextlib
import resource
import shutil
import sqlite3
import sys
import time
from dataclasses import replace
from pathlib import Path
from typing import Any

import duckdb

from storyreport import reports, schema
from storyreport.given import Request as Given
from storyreport.given import requests_for
from storyreport.ingest import ingest
from storyreport.lake.run import Request, roll_up

TESTS = Path(__file__).parents[1] / "tests"
sys.path.insert(0, str(TESTS))
from helpers import lakes  # noqa: E402  # the comparison is that of the tests

BATCH = 50_000
YEAR_S = 365 * 86_400
CHANCE = "(hash({n} * 31 + {salt}) % {of})"


def chance(salt: int, of: int) -> str:
    """A number below `of` for row n, the same each time."""
    return CHANCE.format(n="n", salt=salt, of=of)


NUMBERS = """(
        select range as n, '2025-03-01 00:00:00+00'::timestamptz + to_milliseconds(range * {step_ms}) as began
        from range({rows})
    )"""
STEP_RUNS = f"""
    select
        'a' || n as id,
        'r' || n // 7 as run,
        case {chance(1, 20)} when 0 then 'tales' else 'books' end as pipeline,
        's' || n // 14 as story,
        'The Fox ' || n // 14 as story_title,
        'write_' || {chance(2, 25)} as step,
        null::varchar as family,
        case {chance(3, 8)} when 0 then 2 when 1 then null else 1 end::bigint as attempt,
        case
            when {chance(4, 50)} < 2 then 'failed'
            when n > {{rows}} - 500 then 'running'
            else 'completed'
        end as status,
        null::timestamptz as queued_at,
        began as started_at,
        case when n <= {{rows}} - 500 then began + to_milliseconds({chance(5, 600_000)} + 1) end as ended_at,
        null::double as duration_ms,
        null::double as duration_s,
        case when {chance(4, 50)} < 2 then 'Timeout after ' || {chance(6, 90)} || ' s in batch ' || n end as error,
        case {chance(7, 10)} when 0 then false when 1 then null else true end as acceptance_passed
    from {{numbers}}"""
CALLS = f"""
    select
        'c' || n as id,
        'r' || n * 2 // 7 as run,
        null::varchar as pipeline,
        case {chance(11, 3)} when 0 then null else 's' || n * 2 // 14 end as story,
        case {chance(12, 9)} when 0 then null else 'write_' || {chance(13, 25)} end as step,
        case {chance(14, 3)} when 0 then 'anthropic' else 'openai' end as provider,
        case {chance(14, 3)} when 0 then 'claude-3-5-sonnet-latest' else 'gpt-4o' end as model,
        'chat' as endpoint,
        began as called_at,
        {chance(15, 90_000)}::double as duration_ms,
        case {chance(16, 40)} when 0 then 'failed' else 'success' end as status,
        null::boolean as success,
        case {chance(16, 40)} when 0 then 'HTTP 500 of request ' || n end as error,
        {chance(17, 20_000)}::bigint as input_tokens,
        {chance(18, 3_000)}::bigint as output_tokens,
        null::bigint as cache_read_tokens,
        null::bigint as total_tokens,
        '' as tier,
        case {chance(19, 4)} when 0 then 'blue' end as team,
        null::varchar as tag,
        case {chance(20, 2)} when 0 then {chance(21, 900_000)} / 1e6 end::double as cost,
        'USD' as currency,
        1::bigint as calls
    from {{numbers}}"""


def make_lake(folder: Path, rows: int, hostile: int) -> Path:
    """A lake of a year: `rows` step runs, half as many calls, and hostile rows of each."""
    if folder.exists():
        return folder
    with contextlib.closing(duckdb.connect()) as engine:
        engine.execute("set timezone = 'UTC'")
        engine.execute("set preserve_insertion_order = false")
        engine.execute("set partitioned_write_max_open_files = 400")
        for table, sql, count in (("step_runs", STEP_RUNS, rows), ("calls", CALLS, rows // 2)):
            place = folder / table
            place.mkdir(parents=True)
            step_ms = YEAR_S * 1000 // max(count, 1)
            given = sql.format(rows=count, numbers=NUMBERS.format(rows=count, step_ms=step_ms))
            engine.execute(
                f"copy (select *, strftime(began, '%Y-%m-%d') as date from (select *, {_start(table)} as began"
                f" from ({given}))) to '{place}' (format parquet, partition_by (date), overwrite_or_ignore true)"
            )
    if hostile:
        lakes.write_lake(folder, lakes.hostile(hostile))
    return folder


def _start(table: str) -> str:
    return "called_at" if table == "calls" else "started_at"


def make_file(lake: Path, file: Path) -> Path:
    """The rows of a lake as a SQLite file that `ingest` reads."""
    if file.exists():
        return file
    with contextlib.closing(sqlite3.connect(file)) as target, contextlib.closing(duckdb.connect()) as engine:
        engine.execute("set timezone = 'UTC'")
        for table, types in lakes.TYPES.items():
            target.execute(f"create table {table} ({', '.join(types)})")
            values = ", ".join(_value(name, kind) for name, kind in types.items())
            found: Any = engine.execute(
                f"select {values} from read_parquet('{lake}/{table}/**/*.parquet', union_by_name = true)"
            )
            marks = ", ".join("?" * len(types))
            while rows := found.fetchmany(BATCH):
                target.executemany(f"insert into {table} values ({marks})", rows)
        target.commit()
    return file


def _value(name: str, kind: str) -> str:
    if kind == "timestamp":
        return f"strftime({name}, '%Y-%m-%dT%H:%M:%S.%fZ')"
    return f"{name}::bigint" if kind == "boolean" else name


def answers(database: Path, names: list[str]) -> dict[str, str]:
    """The rows of reports without parameters, as text."""
    with contextlib.closing(schema.open_for_reading(database)) as connection:
        return {name: repr(list(reports.run(connection, reports.find(name), {})[1])) for name in names}


def differing(one: Path, other: Path) -> list[str]:
    """The rollups that differ, each with its first rows."""
    found = []
    for table in lakes.rollup_names():
        first, second = lakes.rollup_rows(one, table), lakes.rollup_rows(other, table)
        if first != second:
            ours, theirs = set(first), set(second)
            only = [row for row in first if row not in theirs][:2] + [row for row in second if row not in ours][:2]
            found.append(f"{table}: {len(first):,} rows and {len(second):,}, e.g. {only}")
    return found


def timed(label: str, work: Any) -> Any:
    """Do something and print how long it took, and the CPU of this process and its children."""
    begun, cpu = time.monotonic(), _cpu()
    result = work()
    print(f"{label}: {time.monotonic() - begun:,.1f} s, CPU {_cpu() - cpu:,.1f} s", flush=True)
    return result


def _cpu() -> float:
    both = (resource.getrusage(resource.RUSAGE_SELF), resource.getrusage(resource.RUSAGE_CHILDREN))
    return sum(one.ru_utime + one.ru_stime for one in both)


def main() -> None:
    """Make what is needed, run it, print it."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--folder", type=Path, default=Path("/tmp/storyreport-lakes"))
    parser.add_argument("--rows", type=int, default=1_000_000)
    parser.add_argument("--hostile", type=int, default=0)
    parser.add_argument("--engine", action="append", choices=["duckdb", "spark"], default=[])
    parser.add_argument("--land", type=int, default=10_000_000)
    parser.add_argument("--master", default="local[2]")
    parser.add_argument("--workers", type=int, action="append", help="a standalone cluster of so many; repeatable")
    parser.add_argument("--spark-conf", action="append", default=[])
    parser.add_argument("--again", action="store_true", help="roll up once more, the last days alone")
    parser.add_argument("--compare", action="store_true", help="ingest the same rows, and compare every rollup")
    given = parser.parse_args()
    folder = given.folder / f"{given.rows}-{given.hostile}"
    folder.mkdir(parents=True, exist_ok=True)
    lake = timed("making the lake", lambda: make_lake(folder / "lake", given.rows, given.hostile))
    ingested = folder / "ingested.db"
    if given.compare and not ingested.exists():
        file = timed("making the SQLite file", lambda: make_file(lake, folder / "history.db"))
        (request,) = requests_for([file], "x", None)
        assert isinstance(request, Given)
        lakes.new_database(ingested)
        timed("ingest", lambda: ingest(ingested, request))
    conf = tuple((name, value) for name, _, value in (one.partition("=") for one in given.spark_conf))
    for engine in given.engine:
        for workers in given.workers or [0]:
            with contextlib.ExitStack() as stack:
                master = _cluster(stack, workers) if workers else given.master
                how = Request(str(lake), "x", engine, land=given.land, master=master, spark_conf=conf)
                show(folder, how, f"{engine}, workers: {workers}" if workers else engine, given.again)
            if given.compare:
                for line in differing(ingested, folder / f"{engine}.db") or ["every rollup is equal"]:
                    print(line, flush=True)


def show(folder: Path, how: Request, label: str, is_again: bool) -> None:
    """Roll up into <engine>.db, and say how long it took."""
    database = folder / f"{how.engine}.db"
    for file in folder.glob(f"{how.engine}.db*"):
        file.unlink()
    scratch = folder / "scratch"
    shutil.rmtree(scratch, ignore_errors=True)
    scratch.mkdir()
    lakes.new_database(database)
    how = replace(how, scratch=scratch)
    outcome = timed(f"rollup by {label}", lambda: roll_up(database, how))
    print(outcome, f"{database.stat().st_size / 1e6:,.0f} MB landed", flush=True)
    if is_again:
        timed(f"the last days by {label}", lambda: roll_up(database, how))


def _cluster(stack: contextlib.ExitStack, workers: int) -> str:
    # Needs the extra spark, which the other engine does not.
    from . import cluster

    return stack.enter_context(cluster.running(workers)).address


if __name__ == "__main__":
    main()
