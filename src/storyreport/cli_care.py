"""The commands that copy the report database and put a copy back."""

from pathlib import Path

import click

from .cli_sources import EPILOG
from .options import progress_line, with_database


@click.command(epilog=EPILOG)
@click.argument("file", type=click.Path(dir_okay=False, path_type=Path))
@with_database
def backup(file: Path, database: Path) -> None:
    """Copy the report database into the new file FILE, while it is served or written to, and check the copy."""
    from .upkeep.copies import backup as run

    with progress_line() as progress:
        copied = run(database, file, progress)
    click.echo(f"{file}: {copied.rows:,} rows, {copied.size_bytes / 1e6:,.1f} MB, checked")


@click.command(epilog=EPILOG)
@click.argument("file", type=click.Path(dir_okay=False, path_type=Path))
@with_database
def restore(file: Path, database: Path) -> None:
    """Check the backup FILE and put it in the report database's place, which is kept beside it."""
    from .upkeep.copies import restore as run

    with progress_line() as progress:
        copied = run(file, database, progress)
    click.echo(f"{database}: {copied.rows:,} rows restored from {file}")
    if copied.kept:
        click.echo(f"what was there before is kept as {copied.kept}")
