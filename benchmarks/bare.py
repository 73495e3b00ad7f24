"""The peer of a load: bare INSERT … SELECT from an attached tracker into the core tables, as bare.sql says.

python -m benchmarks.bare SOURCE DATABASE
"""

import contextlib
from pathlib import Path

import click

from storyreport import rollups, schema

from .histories import run_script


@click.command()
@click.argument("source", type=click.Path(exists=True, path_type=Path))
@click.argument("database", type=click.Path(path_type=Path))
def main(source: Path, database: Path) -> None:
    """Copy the rows of SOURCE in one transaction into a new DATABASE, opened just as storyreport opens its own."""
    with contextlib.closing(schema.connect(database)) as connection:
        connection.execute("attach database ? as source", [f"{source.resolve().as_uri()}?mode=ro"])
        connection.execute("begin")
        rollups.update(connection)
        run_script(connection, "bare.sql")
        connection.execute("commit")


if __name__ == "__main__":
    main()
