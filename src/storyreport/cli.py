"""The command line: what a person types, wired to the modules that do it."""

import contextlib
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import click

from . import __version__
from .errors import StoryreportError, UsageError
from .output import CONTROL

EPILOG = "The report database is --db, else $STORYREPORT_DB, else storyreport.db."


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
        # The names in it may be a source's, and a terminal would obey some characters.
        click.echo(f"Error: {CONTROL.sub(' ', message)}", err=True)
        return ctx.exit(code)


def with_database(command: Callable[..., Any]) -> Callable[..., Any]:
    """Give a command the option --db."""
    option = click.option(
        "--db",
        "database",
        type=click.Path(dir_okay=False, path_type=Path),
        envvar="STORYREPORT_DB",
        default="storyreport.db",
        metavar="FILE",
        help="The report database.",
    )
    return option(command)


@click.group(cls=Group, epilog=EPILOG, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__, message="%(prog)s %(version)s")
def cli() -> None:
    """Load the histories of AI story pipelines into one SQLite database, and report on them with Datasette."""


@cli.command(epilog=EPILOG)
@click.argument("sources", metavar="SOURCE...", nargs=-1, required=True)
@with_database
@click.option("--name", help="The source's name [default: the file's or folder's, without its ending].")
@click.option("--as", "system", metavar="SYSTEM", help="The system that wrote it [default: recognised].")
@click.option("--timezone", metavar="TZ", help="Zone of times without an offset, like Europe/Madrid [default: UTC].")
@click.option("--full", is_flag=True, help="Read everything again, not just what may have changed.")
@click.option("--strict", is_flag=True, help="Fail if a row cannot be loaded, instead of keeping it in rejects.")
@click.option(
    "--with-text", is_flag=True, default=None, help="Copy prompts and story texts too; they are left out else."
)
def ingest(
    sources: tuple[str, ...],
    database: Path,
    name: str | None,
    system: str | None,
    timezone: str | None,
    full: bool,
    strict: bool,
    with_text: bool | None,
) -> None:
    """Load sources (SQLite files or folders) into the report database; again and again, at the cost of what changed."""
    from .extract import check_timezone
    from .ingest import ingest as run
    from .ingest import requests_for

    if timezone:
        check_timezone(timezone)
    for source in sources:
        if "://" in source:
            # It may hold a password: do not repeat it.
            raise UsageError("A URL is not a source that this version can read: name a file or a folder.")
    paths = [Path(source) for source in sources]
    requests = requests_for(paths, name, system, timezone=timezone, full=full, strict=strict, with_text=with_text)
    for request in requests:
        with progress_line() as progress:
            outcome = run(database, request, progress)
        for note in outcome.notes:
            click.echo(f"Note: {note}.", err=True)
        counts = outcome.counts
        if outcome.unchanged:
            click.echo(f"{outcome.name}: unchanged, 0 rows written in {outcome.duration_ms / 1000:.1f} s")
        else:
            click.echo(
                f"{outcome.name}: {counts.read:,} rows read, {counts.written:,} rows written"
                f" ({counts.inserted:,} new, {counts.updated:,} changed, {counts.gone:,} gone),"
                f" {counts.rejected:,} rejected in {outcome.duration_ms / 1000:.1f} s"
            )


@cli.command(epilog=EPILOG)
@with_database
@click.option("--host", default="127.0.0.1", show_default=True, help="Address to listen on.")
@click.option("--port", default=8001, show_default=True, type=click.IntRange(0, 65535), help="Port to listen on.")
@click.option("--open", "open_browser", is_flag=True, help="Open the home page in a browser.")
def serve(database: Path, host: str, port: int, open_browser: bool) -> None:
    """Serve the reports with Datasette until Ctrl-C."""
    from .serve import serve as run

    run(database, host, port, open_browser)


@cli.command()
@click.argument("folder", metavar="[DIR]", default="storyreport-demo", type=click.Path(file_okay=False, path_type=Path))
@click.option("--no-serve", is_flag=True, help="Write and ingest the samples, then stop.")
@click.option("--port", default=8001, show_default=True, type=click.IntRange(0, 65535), help="Port to listen on.")
def demo(folder: Path, no_serve: bool, port: int) -> None:
    """Write sample sources into DIR (storyreport-demo), ingest them into a database there, and serve it."""
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
    from .serve import serve as serve_database

    serve_database(database, "127.0.0.1", port, open_browser=False)


@cli.command(epilog=EPILOG)
@click.argument("name", required=False)
@click.option("-p", "--param", "given", metavar="KEY=VALUE", multiple=True, help="A parameter of the report.")
@click.option(
    "--format", "form", type=click.Choice(["table", "json", "csv"]), default="table", show_default=True, help="Output."
)
@with_database
def report(name: str | None, given: tuple[str, ...], form: str, database: Path) -> None:
    """Print a report, all of its rows; without a NAME, list the reports."""
    from . import reports
    from .output import write

    if name is None:
        known = reports.load_reports().values()
        write(
            form,
            ["report", "topic", "title", "parameters"],
            [
                (report.name, report.topic, report.title, ", ".join(param.name for param in report.params))
                for report in known
            ],
        )
        return
    found = reports.find(name)
    for pair in given:
        if "=" not in pair:
            raise UsageError(f"-p takes key=value, not {pair!r}.")
    parameters = dict(pair.split("=", 1) for pair in given)
    reports.bind(found, parameters)
    with opened(database) as connection:
        write(form, *reports.run(connection, found, parameters))


@cli.command(epilog=EPILOG)
@with_database
@click.option(
    "--format", "form", type=click.Choice(["table", "json", "csv"]), default="table", show_default=True, help="Output."
)
def sources(database: Path, form: str) -> None:
    """List the sources: system, rows, last ingest, and where they were read from."""
    from .output import write

    with opened(database) as connection:
        cursor = connection.execute(
            "select name as source, system, rows, rejected, last_ingest_at, locations from source_states order by name"
        )
        write(form, [column[0] for column in cursor.description], cursor.fetchall())


@contextlib.contextmanager
def opened(database: Path) -> Iterator[Any]:
    """The report database, for reading."""
    from .schema import open_for_reading

    with contextlib.closing(open_for_reading(database)) as connection:
        yield connection


@contextlib.contextmanager
def progress_line() -> Iterator[Callable[[str], None]]:
    """A line on a terminal's stderr that says what is going on; nothing elsewhere."""
    if not sys.stderr.isatty():
        yield lambda _: None
        return
    begun = time.monotonic()

    def show(text: str) -> None:
        print(f"\r\033[K{text} ({time.monotonic() - begun:.0f} s)", end="", file=sys.stderr, flush=True)

    try:
        yield show
    finally:
        print("\r\033[K", end="", file=sys.stderr, flush=True)
