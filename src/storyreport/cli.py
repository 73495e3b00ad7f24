"""The command line: commands and options, wired to the modules that do the work."""

import contextlib
import sys
from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from . import __version__
from .cli_access import token, user
from .cli_care import backup, doctor, restore
from .cli_sources import EPILOG
from .cli_sources import sources as source_commands
from .errors import StoryreportError, UsageError
from .options import (
    EXISTING_FILE,
    EXISTING_FOLDER,
    VISITORS,
    Age,
    Mount,
    called,
    place,
    progress_line,
    standard_input,
    with_database,
    with_prices,
    with_public,
    with_queries,
    with_wait,
)
from .output import CONTROL

if TYPE_CHECKING:
    from .ingest import Request
    from .pricing import PriceFile
    from .reports import Catalogue

SERVERS = ("postgresql://", "postgres://")
# The exit code where some sources were loaded and others could not be.
FAILED_IN_PART = 3


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


def warn_of_broken_reports(queries: tuple[Path, ...]) -> "Catalogue":
    """The catalogue with the reports of these folders; the files that cannot be used are listed on stderr."""
    from . import reports

    reports.add_folders(queries)
    catalogue = reports.load_catalogue()
    for sentence in (*catalogue.missing, *map(str, catalogue.broken)):
        click.echo(f"Warning: {CONTROL.sub(' ', sentence)}", err=True)
    return catalogue


@click.group(cls=Group, epilog=EPILOG, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__, message="%(prog)s %(version)s")
def cli() -> None:
    """Load the histories of AI story pipelines into one SQLite database and report on them with Datasette."""


@cli.command(epilog=EPILOG)
@click.argument("sources", metavar="SOURCE...", nargs=-1, required=True)
@with_database
@click.option("--name", help="Name of the source [default: name of the file or folder without its extension].")
@click.option("--as", "system", metavar="SYSTEM", help="System that wrote the source [default: recognised].")
@click.option("--timezone", metavar="TZ", help="Zone of times without an offset, e.g. Europe/Madrid [default: UTC].")
@click.option(
    "--status", "status_words", multiple=True, metavar="WORD=MEANING", help="Meaning of a status word (repeatable)."
)
@click.option("--full", is_flag=True, help="Read everything again, not only what may have changed.")
@click.option("--append", is_flag=True, help="Add the rows: those that the files lack are not marked as deleted.")
@click.option("--strict", is_flag=True, help="Fail if a row cannot be loaded (by default it is kept in rejects).")
@click.option(
    "--with-text", is_flag=True, default=None, help="Also copy prompts and story texts (left out by default)."
)
@with_prices
@with_wait
def ingest(
    sources: tuple[str, ...],
    database: Path,
    name: str | None,
    system: str | None,
    timezone: str | None,
    status_words: tuple[str, ...],
    full: bool,
    append: bool,
    strict: bool,
    with_text: bool | None,
    price_path: Path | None,
) -> None:
    """Load sources into the report database. Re-running only loads what changed.

    A SOURCE is a SQLite, CSV, JSON, JSONL or log file (also .gz), a folder, a pattern like 'exports/*.csv', a
    postgresql:// URL, or - for standard input. SOURCEs of one system are one source, unless two are whole databases.
    """
    from . import unchanged
    from .ingest import check_timezone, known_at, requests_for
    from .sources import problems
    from .statuses import given
    from .transaction import staying_open

    # Before anything is read.
    arguments = click.get_current_context().obj
    call = unchanged.call_of(arguments) if arguments and not problems() else None
    for problem in problems():
        click.echo(f"Warning: {CONTROL.sub(' ', problem)}", err=True)
    if timezone:
        check_timezone(timezone)
    words = given(status_words)
    for source in sources:
        if "://" in source and not source.startswith(SERVERS):
            # It may hold a password: it is not repeated.
            raise UsageError("A URL must name a PostgreSQL database: postgresql://user@host/database.")
    price_file = read_prices(price_path)
    if "-" in sources and not system:
        raise UsageError("Standard input needs --as SYSTEM: name the system that wrote it.")
    with contextlib.ExitStack() as stack:
        places = [stack.enter_context(standard_input()) if source == "-" else place(source) for source in sources]
        kept = {path for path, source in zip(places, sources, strict=True) if source == "-"}
        how: dict[str, Any] = {"timezone": timezone, "statuses": words, "full": full, "append": append}
        how |= {"strict": strict, "with_text": with_text}
        failed: list[str] = []
        known = partial(known_at, database)
        requests = requests_for(places, name, system, failed, known, price_file=price_file, **how)
        if len(requests) > 1 and database.is_file():
            stack.enter_context(staying_open(database))
        load([called(request, kept) for request in requests], database, failed)
    if call:
        unchanged.note(call, [request.name for request in requests])


def load(requests: "list[Request]", database: Path, failed: list[str]) -> None:
    """Ingest each source and print one line about each; one that fails does not stop the others.

    `failed` has a sentence for each place that could not be read. Exits with 3 where some sources were loaded and
    others were not.
    """
    loaded = 0
    for request in requests:
        try:
            load_one(request, database)
            loaded += 1
        except StoryreportError as error:
            if len(requests) + len(failed) == 1:
                raise
            failed.append(str(error))
    for sentence in failed:
        click.echo(f"Error: {CONTROL.sub(' ', sentence)}", err=True)
    if failed:
        sys.exit(FAILED_IN_PART if loaded else 1)


def load_one(request: "Request", database: Path) -> None:
    """Ingest a source and print a line about it."""
    from .ingest import ingest as run

    with progress_line() as progress:
        outcome = run(database, request, progress)
    for note in outcome.notes:
        click.echo(f"Note: {note}.", err=True)
    counts = outcome.counts
    estimated = f", {outcome.estimated:,} costs estimated" if outcome.estimated else ""
    left_out = f", {counts.left_out:,} pruned before and skipped" if counts.left_out else ""
    took = f"{estimated} in {outcome.duration_ms / 1000:.1f} s"
    if outcome.unchanged:
        click.echo(f"{outcome.name}: unchanged, 0 rows written{took}")
    else:
        click.echo(
            f"{outcome.name}: {counts.read:,} rows read, {counts.written:,} rows written"
            f" ({counts.inserted:,} new, {counts.updated:,} changed, {counts.gone:,} deleted),"
            f" {counts.rejected:,} rejected{left_out}{took}"
        )


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
@click.option("--crossdb", is_flag=True, help="Let SQL join across databases in /_memory.")
def serve(
    database: Path,
    queries: tuple[Path, ...],
    host: str,
    port: int,
    open_browser: bool,
    root: bool,
    static: tuple[tuple[str, Path], ...],
    settings: tuple[tuple[str, str], ...],
    **extras: Any,
) -> None:
    """Serve the reports with Datasette until Ctrl-C."""
    from .web.mode import mode_for
    from .web.server import Extras
    from .web.server import serve as run

    warn_of_broken_reports(queries)
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
@click.argument("name", required=False)
@click.option("-p", "--param", "given", metavar="KEY=VALUE", multiple=True, help="A parameter of the report.")
@click.option(
    "--format", "form", type=click.Choice(["table", "json", "csv"]), default="table", show_default=True, help="Output."
)
@click.option("--safe-csv", is_flag=True, help="CSV for a spreadsheet: no cell is run as a formula.")
@with_database
@with_queries
def report(
    name: str | None,
    given: tuple[str, ...],
    form: str,
    safe_csv: bool,
    database: Path,
    queries: tuple[Path, ...],
) -> None:
    """Print a report, all of its rows; without a NAME, list the reports."""
    from . import reports
    from .output import write

    if name is None:
        known = warn_of_broken_reports(queries).reports.values()
        write(
            form,
            ["report", "topic", "title", "parameters"],
            [
                (report.name, report.topic, report.title, ", ".join(param.name for param in report.params))
                for report in known
            ],
        )
        return
    reports.add_folders(queries)
    for sentence in reports.load_catalogue().missing:
        click.echo(f"Warning: {sentence}", err=True)
    found = reports.find(name)
    for pair in given:
        if "=" not in pair:
            raise UsageError(f"-p takes key=value, not {pair!r}.")
    parameters = dict(pair.split("=", 1) for pair in given)
    reports.bind(found, parameters)
    with opened(database) as connection:
        write("csv" if safe_csv else form, *reports.run(connection, found, parameters), safe_csv)


cli.add_command(source_commands)


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


def read_prices(path: Path | None) -> "PriceFile | None":
    """The price file at a path, if one is given."""
    if path is None:
        return None
    from .pricing import read_price_file

    return read_price_file(path)


@contextlib.contextmanager
def opened(database: Path) -> Iterator[Any]:
    """The report database, for reading."""
    from .schema import open_for_reading
    from .transaction import interruptible

    with contextlib.closing(open_for_reading(database)) as connection, interruptible(connection):
        yield connection


for command in (user, token, backup, doctor, restore):
    cli.add_command(command)
