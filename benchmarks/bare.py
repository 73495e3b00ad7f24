"""The peers of a load: bare INSERT … SELECT from an attached tracker into the core tables, and the fair floor.

The floor writes the same rows as storyreport by plain SQL.

python -m benchmarks.bare [--fair] SOURCE DATABASE
"""

import contextlib
from pathlib import Path

import click

from storyreport import rollups, schema

from .histories import run_script


@click.command()
@click.argument("source", type=click.Path(exists=True, path_type=Path))
@click.argument("database", type=click.Path(path_type=Path))
@click.option("--fair", is_flag=True, help="Write the rows that storyreport writes.")
def main(source: Path, database: Path, fair: bool) -> None:
    """Copy the rows of SOURCE in one transaction into a new DATABASE, opened just as storyreport opens its own."""
    with contextlib.closing(schema.connect(database)) as connection:
        connection.execute("attach database ? as source", [f"{source.resolve().as_uri()}?mode=ro"])
        connection.execute("begin")
        rollups.update(connection)
        run_script(connection, "fair.sql" if fair else "bare.sql")
        connection.execute("commit")


if __name__ == "__main__":
    main()
