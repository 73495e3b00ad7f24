"""The commands that look after the report database: copy it, put a copy back, examine it."""

from pathlib import Path

import click

from ..errors import StoryreportError
from ..nouns import counted
from ..terminal.control import CONTROL
from .options import EPILOG, Age, with_database, with_prices
from .places import progress_line


@click.command(epilog=EPILOG)
@click.argument("file", type=click.Path(dir_okay=False, path_type=Path))
@with_database
def backup(file: Path, database: Path) -> None:
    """Copy the report database into the new file FILE, while it is served or written to, and check the copy."""
    from ..upkeep.copies import backup as run

    with progress_line() as progress:
        copied = run(database, file, progress)
    click.echo(f"{file}: {counted(copied.rows, 'row')}, {copied.size_bytes / 1e6:,.1f} MB, checked")


@click.command(epilog=EPILOG)
@click.argument("file", type=click.Path(dir_okay=False, path_type=Path))
@with_database
def restore(file: Path, database: Path) -> None:
    """Check the backup FILE and put it in the report database's place, which is kept beside it."""
    from ..upkeep.copies import restore as run

    with progress_line() as progress:
        copied = run(file, database, progress)
    click.echo(f"{database}: {counted(copied.rows, 'row')} restored from {file}")
    if copied.kept:
        click.echo(f"what was there before is kept as {copied.kept}")


@click.command(epilog=EPILOG)
@with_database
def scrub(database: Path) -> None:
    """Apply today's rules of privacy to what earlier versions kept: errors, keys, locations, rejected rows.

    Secrets and prompts are redacted, e-mail addresses that are keys are hashed, and the file is rewritten, so that
    nothing of them is left in it. Backups stay as they are.
    """
    from ..upkeep.scrub import scrub as run

    with progress_line() as progress:
        found = run(database, progress)
    for one in found:
        click.echo(f"{one.table}, {one.column}: {counted(one.rows, 'row')} scrubbed")
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

    from ..upkeep.doctor import examine
    from ..upkeep.facts import facts

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


@click.command(epilog=EPILOG)
@with_database
@with_prices
def reprice(database: Path, price_path: Path | None) -> None:
    """Re-estimate the cost of calls without a recorded cost, and print the difference.

    Sources of a lake are left alone.
    """
    from ..ingest import reprice as run
    from .loading import read_prices

    with progress_line() as progress:
        changes, unpriced = run(database, read_prices(price_path), progress, _note)
    for change in changes:
        difference = round(change.after - change.before, 6) + 0.0
        click.echo(
            f"{change.currency}: {counted(change.calls, 'call')} priced, {change.before:,.6f} before,"
            f" {change.after:,.6f} after, difference {difference:+,.6f}"
        )
    click.echo(f"still unpriced: {counted(unpriced, 'call')}")


def _note(sentence: str) -> None:
    click.echo(CONTROL.sub(" ", f"Note: {sentence}"), err=True)


@click.command(epilog=EPILOG)
@with_database
@click.option(
    "--older-than", "days", type=Age(), required=True, metavar="AGE", help="Minimum age, e.g. 365d, 52w or 2y."
)
@click.option("--dry-run", is_flag=True, help="Print what would be deleted, and delete nothing.")
def prune(database: Path, days: int, dry_run: bool) -> None:
    """Delete old details and keep their rollups, so that a small file holds long trends.

    Deletes step runs, calls, events and log lines older than AGE unless their story or run is still active. Stories,
    runs, files and rollups stay. Later ingests skip rows that old. Sources of a lake are left alone.
    """
    from datetime import datetime, timedelta, timezone

    from ..upkeep.prune import prune as run

    with progress_line() as progress:
        pruned = run(database, datetime.now(timezone.utc).date() - timedelta(days=days), dry_run, progress, _note)
    would = "would be deleted" if dry_run else "deleted"
    for (source, table), rows in pruned.rows.items():
        click.echo(CONTROL.sub(" ", f"{source}: {rows:,} {table.replace('_', ' ')} from before {pruned.since} {would}"))
    size = f"{pruned.size_bytes / 1e6:,.1f} MB"
    if not pruned.rows:
        click.echo(f"nothing from before {pruned.since} {would}")
    else:
        click.echo(f"about {size} would be freed" if dry_run else f"{size} freed")


@click.command(epilog=EPILOG)
@with_database
def optimize(database: Path) -> None:
    """Optimize the search index and give unused disk space back."""
    from ..upkeep.optimize import optimize as run

    with progress_line() as progress:
        sizes = run(database, progress)
    rewritten = ", file rewritten" if sizes.is_vacuumed else ""
    before, after = (f"{size_bytes / 1e6:,.1f} MB" for size_bytes in (sizes.before_bytes, sizes.after_bytes))
    click.echo(f"optimized{rewritten}: {before} before, {after} after")
