"""The commands that follow a report: a script that fixes what it found; one run or story at the prompt."""

from pathlib import Path

import click

from ..errors import UsageError
from ..nouns import counted
from ..terminal.control import CONTROL
from ..terminal.output import write
from .options import EPILOG, Age, with_database
from .reports import opened

KINDS = ("orphans", "stuck", "chapters", "cleanup", "statuses")


@click.command("fix-script", epilog=EPILOG)
@click.argument("kind", type=click.Choice(KINDS))
@click.option("--source", required=True, metavar="NAME", help="The source whose own database is to be fixed.")
@click.option("--engine", type=click.Choice(["sqlite", "postgresql"]), help="Its engine [default: as it was read].")
@click.option(
    "--minutes", type=click.IntRange(min=1), default=60, show_default=True, help="stuck: silence of running work."
)
@click.option(
    "--queued-minutes", type=click.IntRange(min=1), default=1440, show_default=True, help="stuck: of queued work."
)
@click.option(
    "--older-than", "days", type=Age(), default="30d", show_default=True, help="cleanup: age of finished work."
)
@click.option("--chapters", type=click.IntRange(min=1), help="chapters: where none was written [default: left alone].")
@click.option(
    "--status", "words", multiple=True, metavar="WORD=MEANING", help="statuses: what a word means (repeatable)."
)
@click.option(
    "--output",
    "folder",
    type=click.Path(file_okay=False, path_type=Path),
    default=".",
    metavar="DIR",
    help="Where to write.",
)
@with_database
def fix_script(
    kind: str,
    source: str,
    engine: str | None,
    minutes: int,
    queued_minutes: int,
    days: int,
    chapters: int | None,
    words: tuple[str, ...],
    folder: Path,
    database: Path,
) -> None:
    """Write SQL that fixes in a source's own database what the reports found; nothing is run.

    One transaction; each row is looked at again and left alone where it has changed. A rollback script is written
    beside it.
    """
    from ..fixes import write_scripts
    from ..statuses import given

    limits = {"minutes": minutes, "queued_minutes": queued_minutes, "days": days, "chapters": chapters}
    scripts = write_scripts(database, source, kind, engine, limits, given(words))
    if not folder.is_dir():
        raise UsageError(f"There is no folder {folder}: make it first, or name another one with --output.")
    for script in scripts:
        name = "".join(sign if sign.isalnum() or sign in "-_" else "_" for sign in f"{source}-{script.part}-{kind}")
        for path, text in ((folder / f"{name}.sql", script.fix), (folder / f"{name}-rollback.sql", script.rollback)):
            if path.exists():
                raise UsageError(f"{path} exists: it may be needed for a rollback; move it away first.")
            path.write_text(text, encoding="utf-8")
        rows = f"{counted(script.rows, 'row')} to look at ({script.engine})"
        click.echo(CONTROL.sub(" ", f"{folder / name}.sql: {rows}, with a rollback script"))
    if not scripts:
        click.echo("nothing to fix")


@click.command(epilog=EPILOG)
@click.option("--run", metavar="KEY", help="The run to look at.")
@click.option("--story", metavar="KEY", help="The story to look at.")
@click.option("--source", default="", metavar="NAME", help="Only of this source.")
@with_database
def diagnose(run: str | None, story: str | None, source: str, database: Path) -> None:
    """Print the page of one run or story: status, problems and actions, timeline, calls and cost."""
    from ..reports.details import diagnose as sections

    if (run is None) == (story is None):
        raise UsageError("Name one run with --run, or one story with --story.")
    kind, key = ("run", run) if run is not None else ("story", story)
    with opened(database) as connection:
        for title, columns, rows, if_empty in sections(connection, kind, key or "", source):
            click.echo(f"\n{title}\n{'=' * len(title)}")
            if rows:
                write("table", columns, rows)
            else:
                click.echo(if_empty)
