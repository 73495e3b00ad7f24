"""What the rollups themselves grow to: 5,000 step names, 500 sources and ten years of days, in a million step runs.

python -m benchmarks.growth
"""

import contextlib
import sqlite3
from pathlib import Path

import click

from storyreport import reports, schema

from .asking import asked, questions, titled
from .databases import wide
from .measure import show, show_machine, with_folder

SIZES = """
    select sqlite_master.tbl_name, sum(dbstat.pgsize)
    from dbstat
    join sqlite_master on sqlite_master.name = dbstat.name
    where dbstat.aggregate = 1
    group by sqlite_master.tbl_name
"""
TABLES = """
    select name
    from sqlite_master
    where type = 'table' and (name like 'rollup%' or name = 'step_runs')
    order by name = 'step_runs' desc, name
"""


def measure_tables(connection: sqlite3.Connection) -> None:
    """Rows and sizes of the rollups that are not empty, beside the table that most of them sum up."""
    try:
        sizes = dict(connection.execute(SIZES).fetchall())
    except sqlite3.OperationalError:
        # Some builds of SQLite cannot tell.
        sizes = {}
    tables = [table for (table,) in connection.execute(TABLES)]
    counted = {table: connection.execute(f"select count(*) from {table}").fetchone()[0] for table in tables}
    measured = [(table, rows, sizes.get(table, 0)) for table, rows in counted.items() if rows]
    _, base_rows, base_bytes = measured[0]
    measured.append(("all rollups", sum(rows for _, rows, _ in measured[1:]), sum(size for *_, size in measured[1:])))
    show(
        "The rollups beside the rows",
        ["table", "rows", "of step_runs", "MB with indexes", "of step_runs"],
        [
            [table, f"{rows:,}", f"{rows / base_rows:.3f}", f"{size / 1e6:,.1f}", f"{size / (base_bytes or 1):.3f}"]
            for table, rows, size in measured
        ],
    )


def measure_reports(path: Path) -> None:
    """Every report's time."""
    with contextlib.closing(schema.open_for_reading(path)) as connection:
        known = [(found, given) for found in reports.load_reports().values() for given in questions(connection, found)]
    lines = []
    for found, given in known:
        count, ms = asked(path, found, given)
        lines.append([titled(found.name, given), f"{count:,}", f"{ms:,.2f}"])
    show("Reports over them", ["report", "rows", "ms"], lines)


@click.command()
@with_folder
def main(folder: Path) -> None:
    """Measure what the rollups grow to."""
    show_machine()
    path, took = wide(folder)
    if took:
        click.echo(f"Loaded in {took.seconds:.1f} s, with {took.peak_bytes / 1e6:.0f} MB at most")
    with contextlib.closing(schema.open_for_reading(path)) as connection:
        measure_tables(connection)
    measure_reports(path)


if __name__ == "__main__":
    main()
