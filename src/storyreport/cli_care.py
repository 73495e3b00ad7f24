"""The commands that look after the report database: copy it, put a copy back, examine it."""

from pathlib import Path

import click

from .cli_sources import EPILOG
from .errors import StoryreportError
from .options import progress_line, with_database
from .output import CONTROL


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


@click.command(epilog=EPILOG)
@with_database
def scrub(database: Path) -> None:
    """Apply today's rules of privacy to what earlier versions kept: errors, keys, locations, rejected rows.

    Secrets and prompts are redacted, e-mail addresses that are keys are hashed, and the file is rewritten, so that
    nothing of them is left in it. Backups stay as they are.
    """
    from .upkeep.scrub import scrub as run

    with progress_line() as progress:
        found = run(database, progress)
    for one in found:
        click.echo(f"{one.table}, {one.column}: {one.rows:,} rows scrubbed")
    click.echo("file rewritten" if found else "nothing to scrub, file rewritten")


@click.command(epilog=EPILOG)
@with_database
@click.option("--repair", is_flag=True, help="Repair what can be repaired, instead of only listing it.")
@click.option(
    "--json", "as_json", is_flag=True, help="Print versions, space, permissions, sources and problems as JSON."
)
def doctor(database: Path, repair: bool, as_json: bool) -> None:
    """Check the report database and its rollups; exit code 1 if there are problems."""
    import json

    from .upkeep.doctor import examine
    from .upkeep.facts import facts

    with progress_line() as progress:
        findings = examine(database, repair, progress, lambda text: click.echo(f"Note: {text}.", err=True))
    if as_json:
        click.echo(json.dumps(facts(database, findings, repair), indent=1))
    for finding in () if as_json else findings:
        repaired = " (repaired)" if repair and finding.repair else ""
        click.echo(CONTROL.sub(" ", f"{finding}{repaired}"))
    if not findings and not as_json:
        click.echo("all is well")
    if any(not finding.repair for finding in findings):
        raise StoryreportError("Some problems cannot be repaired: follow the lines above.")
    if findings and not repair:
        raise StoryreportError("The report database has errors: repair them with `storyreport doctor --repair`.")
