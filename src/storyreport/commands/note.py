"""The command `note`: what was changed when, for charts and pages of days."""

from pathlib import Path

import click

from ..errors import UsageError
from .options import EPILOG, with_database, with_format
from .places import progress_line
from .reports import complete_sources, opened


@click.command(epilog=EPILOG)
@click.argument("text", default="", metavar="[TEXT]")
@click.option("--at", default="now", show_default=True, metavar="TIME", help="A date, a time (UTC), today, yesterday.")
@click.option("--source", default="", metavar="NAME", shell_complete=complete_sources, help="Only about this source.")
@click.option("--list", "is_list", is_flag=True, help="Print all notes, latest first.")
@click.option("--remove", "number", type=click.IntRange(min=1), metavar="ID", help="Delete a note of the list.")
@with_database
@with_format
def note(text: str, at: str, source: str, is_list: bool, number: int | None, database: Path, form: str) -> None:
    """Note that something was changed, such as "new prompt".

    Charts over time show notes as lines, pages of reports with days list them.
    """
    if bool(text) + is_list + (number is not None) > 1:
        raise UsageError("A TEXT, --list and --remove are three commands: give one of them.")
    if is_list:
        _list(database, source, form)
        return
    from ..upkeep import notes

    with progress_line() as progress:
        if number is not None:
            notes.remove(database, number, progress)
        else:
            number = notes.add(database, text, at, source, progress)
            click.echo(f"note {number} added: `storyreport note --remove {number}` deletes it")


def _list(database: Path, source: str, form: str) -> None:
    from .. import reports
    from ..terminal.output import AS_JSON, Shape, write

    with opened(database) as connection:
        if source:
            reports.check_name(connection, "source", source)
        write(form, *reports.run(connection, reports.find("notes"), {"source": source}), Shape(all_by=AS_JSON))
