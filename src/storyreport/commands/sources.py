"""The commands about sources: list, rename, move, remove and merge them."""

from pathlib import Path

import click

from ..nouns import counted
from ..terminal.control import CONTROL
from .options import EPILOG, with_database, with_format
from .places import progress_line


@click.group(invoke_without_command=True, epilog=EPILOG)
@with_database
@with_format
@click.pass_context
def sources(ctx: click.Context, database: Path, form: str) -> None:
    """List the sources, or rename, move, remove or merge them.

    The list has each source's system, rows, last ingest and location; of a lake also what rolled it up, and up to when.
    """
    if ctx.invoked_subcommand is None:
        _list(database, form)
    elif ctx.get_parameter_source("database") is click.core.ParameterSource.COMMANDLINE:
        # `sources --db FILE rename …` means the same as `sources rename … --db FILE`.
        ctx.default_map = {ctx.invoked_subcommand: {"database": str(database)}}


def _list(database: Path, form: str) -> None:
    import contextlib

    from ..schema import open_for_reading
    from ..terminal.output import AS_JSON, Shape, write
    from ..transaction import interruptible

    with contextlib.closing(open_for_reading(database)) as connection, interruptible(connection):
        cursor = connection.execute(
            "select name as source, system, rows, rejected, last_ingest_at,"
            " (strftime('%s', 'now') - strftime('%s', last_ingest_at)) / 60 as age_minutes, locations, detail_since,"
            " rolled_up_by, rolled_up_at, up_to_day from source_states order by name"
        )
        write(form, [column[0] for column in cursor.description], cursor.fetchall(), Shape(all_by=AS_JSON))


def _said(text: str) -> None:
    click.echo(CONTROL.sub(" ", text))


@sources.command(epilog=EPILOG)
@click.argument("old")
@click.argument("new")
@with_database
def rename(old: str, new: str, database: Path) -> None:
    """Give the source OLD the name NEW."""
    from ..upkeep.sources import rename as run

    with progress_line() as progress:
        run(database, old, new, progress)
    _said(f"{old} is called {new} now")


@sources.command(epilog=EPILOG)
@click.argument("name")
@click.argument("location")
@with_database
def move(name: str, location: str, database: Path) -> None:
    """Say that the source NAME is at LOCATION now (a path or URL)."""
    from ..upkeep.sources import move as run

    with progress_line() as progress:
        run(database, name, location if "://" in location else Path(location), progress)
    _said(f"{name} is read from there from now on")


@sources.command(epilog=EPILOG)
@click.argument("name")
@click.option("--yes", is_flag=True, help="Do not ask.")
@with_database
def remove(name: str, yes: bool, database: Path) -> None:
    """Delete the source NAME and all that was made of it from the report database."""
    from ..upkeep.sources import check_known
    from ..upkeep.sources import remove as run

    check_known(database, name)
    if not yes:
        click.confirm(f"Delete {name!r} and its history from {database}?", abort=True)
    with progress_line() as progress:
        rows = run(database, name, progress)
    _said(f"{name} deleted, with {counted(rows, 'row')}")


@sources.command(epilog=EPILOG, name="merge")
@click.argument("name")
@click.argument("into", metavar="INTO", type=click.Choice(["INTO"], case_sensitive=False))
@click.argument("target")
@with_database
def merge(name: str, into: str, target: str, database: Path) -> None:
    """Put the rows of the source NAME into TARGET, a source of the same system; of equal keys TARGET's row stays."""
    from ..upkeep.sources import merge as run

    with progress_line() as progress:
        same = run(database, name, target, progress)
    _said(f"{name} merged into {target}, {counted(same, 'row was|rows were')} in both")
