"""The command line: commands and options, wired to the modules that do the work."""

from pathlib import Path
from typing import Any

import click

from . import __version__
from .cli_access import token, user
from .cli_ack import ack
from .cli_care import backup, doctor, restore, scrub
from .cli_check import check
from .cli_digest import digest
from .cli_fix import diagnose, fix_script
from .cli_ingest import ingest, init, read_prices
from .cli_note import note
from .cli_record import record, run_command
from .cli_reports import report, stats, status, use_limits, warn_of_broken_pages, warn_of_broken_reports
from .cli_snapshot import snapshot
from .cli_sources import EPILOG
from .cli_sources import sources as source_commands
from .errors import StoryreportError, UsageError
from .options import (
    EXISTING_FILE,
    EXISTING_FOLDER,
    VISITORS,
    Age,
    Mount,
    progress_line,
    with_config,
    with_database,
    with_prices,
    with_public,
    with_queries,
)
from .output import CONTROL


class Group(click.Group):
    """Turns our exceptions into one sentence on stderr and an exit code: 1 failed, 2 wrong usage."""

    def invoke(self, ctx: click.Context) -> Any:
        """Run a command."""
        try:
            return super().invoke(ctx)
        except StoryreportError as error:
            message, code = str(error), 2 if isinstance(error, UsageError) else 1
        except OSError as error:
            message, code = f"{error.filename or 'The system'}: {error.strerror or error}.", 1
        # It may hold names of a source, and a terminal obeys control characters.
        click.echo(f"Error: {CONTROL.sub(' ', message)}", err=True)
        return ctx.exit(code)


@click.group(cls=Group, epilog=EPILOG, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__, message="%(prog)s %(version)s")
def cli() -> None:
    """Load the histories of AI story pipelines into one SQLite database and report on them with Datasette."""


@cli.command(epilog=EPILOG)
@with_database
@with_prices
def reprice(database: Path, price_path: Path | None) -> None:
    """Re-estimate the cost of calls without a recorded cost, and print the difference."""
    from .ingest import reprice as run

    with progress_line() as progress:
        changes, unpriced = run(database, read_prices(price_path), progress)
    for change in changes:
        difference = round(change.after - change.before, 6) + 0.0
        click.echo(
            f"{change.currency}: {change.calls:,} calls priced, {change.before:,.6f} before, {change.after:,.6f} after,"
            f" difference {difference:+,.6f}"
        )
    click.echo(f"still unpriced: {unpriced:,} calls")


@cli.command(epilog=EPILOG)
@with_database
@with_queries
@click.option(
    "--pages",
    type=click.Path(path_type=Path),
    multiple=True,
    metavar="DIR",
    help="Pages of your own, beside ours (repeatable).",
)
@click.option("--host", default="127.0.0.1", show_default=True, help="Address to listen on.")
@click.option("--port", default=8001, show_default=True, type=click.IntRange(0, 65535), help="Port to listen on.")
@click.option("--open", "open_browser", is_flag=True, help="Open the home page in a browser.")
@click.option("--metadata", type=EXISTING_FILE, metavar="FILE", help="Datasette metadata (JSON or YAML), over ours.")
@click.option("--plugins-dir", type=EXISTING_FOLDER, metavar="DIR", help="Datasette plugins, beside ours.")
@click.option("--template-dir", type=EXISTING_FOLDER, metavar="DIR", help="Templates, in place of ours.")
@click.option("--static", type=Mount(), multiple=True, metavar="MOUNT:DIR", help="Serve a folder's files at /MOUNT/.")
@click.option("--setting", "settings", nargs=2, multiple=True, metavar="NAME VALUE", help="A setting of Datasette.")
@click.option("--root", is_flag=True, help="Print an address that logs in as root.")
@click.option("--cors", is_flag=True, help="Let other sites' pages read the data addresses.")
@with_public
@with_config
@click.option("--crossdb", is_flag=True, help="Let SQL join across databases in /_memory.")
def serve(
    database: Path,
    queries: tuple[Path, ...],
    pages: tuple[Path, ...],
    host: str,
    port: int,
    open_browser: bool,
    root: bool,
    static: tuple[tuple[str, Path], ...],
    settings: tuple[tuple[str, str], ...],
    config_path: Path | None,
    **extras: Any,
) -> None:
    """Serve the reports with Datasette until Ctrl-C."""
    from .web.mode import mode_for
    from .web.server import Extras
    from .web.server import serve as run

    use_limits(config_path)
    warn_of_broken_reports(queries)
    warn_of_broken_pages(pages)
    mode = mode_for(database, host, *(extras.pop(name) for name in VISITORS))
    run(database, host, port, open_browser, root, Extras(static=static, settings=dict(settings), mode=mode, **extras))


@cli.command()
@click.argument("folder", metavar="[DIR]", default="storyreport-demo", type=click.Path(file_okay=False, path_type=Path))
@click.option("--no-serve", is_flag=True, help="Write and ingest the samples without serving them.")
@click.option("--port", default=8001, show_default=True, type=click.IntRange(0, 65535), help="Port to listen on.")
def demo(folder: Path, no_serve: bool, port: int) -> None:
    """Write sample sources into DIR (storyreport-demo), ingest them and serve the reports."""
    from datetime import datetime, timezone

    from .demo import REPORT_DATABASE, write_sources
    from .ingest import ingest as run
    from .ingest import requests_for

    paths = write_sources(folder, datetime.now(timezone.utc))
    database = folder / REPORT_DATABASE
    for request in requests_for(paths, None, None):
        with progress_line() as progress:
            outcome = run(database, request, progress)
        click.echo(f"{outcome.name}: {outcome.counts.read:,} rows read in {outcome.duration_ms / 1000:.1f} s")
    if no_serve:
        click.echo(f"See them with: storyreport serve --db {database}")
        return
    from .web.server import serve as serve_database

    serve_database(database, "127.0.0.1", port)


@cli.command(epilog=EPILOG)
@with_database
@click.option(
    "--older-than", "days", type=Age(), required=True, metavar="AGE", help="Minimum age, e.g. 365d, 52w or 2y."
)
@click.option("--dry-run", is_flag=True, help="Print what would be deleted, and delete nothing.")
def prune(database: Path, days: int, dry_run: bool) -> None:
    """Delete old details and keep their rollups, so that a small file holds long trends.

    Deletes step runs, calls, events and log lines older than AGE unless their story or run is still active. Stories,
    runs, files and rollups stay. Later ingests skip rows that old.
    """
    from datetime import datetime, timedelta, timezone

    from .upkeep.prune import prune as run

    with progress_line() as progress:
        pruned = run(database, datetime.now(timezone.utc).date() - timedelta(days=days), dry_run, progress)
    would = "would be deleted" if dry_run else "deleted"
    for (source, table), rows in pruned.rows.items():
        click.echo(CONTROL.sub(" ", f"{source}: {rows:,} {table.replace('_', ' ')} from before {pruned.since} {would}"))
    size = f"{pruned.size_bytes / 1e6:,.1f} MB"
    if not pruned.rows:
        click.echo(f"nothing from before {pruned.since} {would}")
    else:
        click.echo(f"about {size} would be freed" if dry_run else f"{size} freed")


@cli.command(epilog=EPILOG)
@with_database
def optimize(database: Path) -> None:
    """Optimize the search index and give unused disk space back."""
    from .upkeep.optimize import optimize as run

    with progress_line() as progress:
        sizes = run(database, progress)
    rewritten = ", file rewritten" if sizes.is_vacuumed else ""
    before, after = (f"{size_bytes / 1e6:,.1f} MB" for size_bytes in (sizes.before_bytes, sizes.after_bytes))
    click.echo(f"optimized{rewritten}: {before} before, {after} after")


for command in (
    ingest,
    note,
    init,
    record,
    run_command,
    report,
    check,
    ack,
    digest,
    snapshot,
    stats,
    status,
    source_commands,
    user,
    token,
    backup,
    doctor,
    restore,
    scrub,
    fix_script,
    diagnose,
):
    cli.add_command(command)
