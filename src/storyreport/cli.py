"""The command line: what a person types, wired to the modules that do it."""

import contextlib
import sys
import time
from collections.abc import Callable, Collection, Iterator
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar

import click

from . import __version__
from .errors import StoryreportError, UsageError
from .output import CONTROL

if TYPE_CHECKING:
    from .ingest import Request
    from .pricing import PriceFile

SERVERS = ("postgresql://", "postgres://")
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


def with_prices(command: Callable[..., Any]) -> Callable[..., Any]:
    """Give a command the option --prices."""
    option = click.option(
        "--prices",
        "price_path",
        type=click.Path(path_type=Path),
        metavar="FILE",
        help="Prices of your own (YAML), kept in the report database from now on.",
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
@with_prices
def ingest(
    sources: tuple[str, ...],
    database: Path,
    name: str | None,
    system: str | None,
    timezone: str | None,
    full: bool,
    strict: bool,
    with_text: bool | None,
    price_path: Path | None,
) -> None:
    """Load sources into the report database; again and again, at the cost of what changed.

    A SOURCE is a SQLite, CSV, JSON, JSONL or log file (also .gz), a folder, a postgresql:// URL, or - for standard
    input.
    """
    from .ingest import check_timezone, requests_for
    from .sources import problems

    for problem in problems():
        click.echo(f"Warning: {CONTROL.sub(' ', problem)}", err=True)
    if timezone:
        check_timezone(timezone)
    for source in sources:
        if "://" in source and not source.startswith(SERVERS):
            # It may hold a password: do not repeat it.
            raise UsageError("A URL must be one of a PostgreSQL database: postgresql://user@host/database.")
    price_file = read_prices(price_path)
    if "-" in sources and not system:
        raise UsageError("What comes on standard input needs --as to say which system wrote it.")
    with contextlib.ExitStack() as stack:
        places = [stack.enter_context(standard_input()) if source == "-" else place(source) for source in sources]
        kept = {path for path, source in zip(places, sources, strict=True) if source == "-"}
        how = {"timezone": timezone, "full": full, "strict": strict, "with_text": with_text}
        requests = requests_for(places, name, system, price_file=price_file, **how)
        load([called(request, kept) for request in requests], database)


def place(source: str) -> Path | str:
    """Where a SOURCE is: its path or URL."""
    if not source.strip():
        raise UsageError("A SOURCE is empty: is a variable of your script not set?")
    return source if "://" in source else Path(source)


@contextlib.contextmanager
def standard_input() -> Iterator[Path]:
    """Standard input as a file that is gone afterwards; what is wrong with that is said of standard input."""
    import shutil
    import tempfile

    with tempfile.TemporaryDirectory(prefix="storyreport-") as folder:
        # The source's name comes from the file's.
        path = Path(folder) / "stdin"
        with path.open("wb") as file:
            shutil.copyfileobj(sys.stdin.buffer, file)
        try:
            yield path
        except StoryreportError as error:
            said = str(error).replace(str(path), "Standard input").replace("check the path", "check what writes it")
            raise type(error)(said) from error


def called(request: "Request", kept: Collection[Path | str]) -> "Request":
    """The same source; what was kept of standard input is called so, wherever that was."""
    parts = (replace(part, label="standard input") if part.path in kept else part for part in request.parts)
    return replace(request, parts=tuple(parts))


def load(requests: "list[Request]", database: Path) -> None:
    """Ingest each source and say in a line what was done."""
    from .ingest import ingest as run

    for request in requests:
        with progress_line() as progress:
            outcome = run(database, request, progress)
        for note in outcome.notes:
            click.echo(f"Note: {note}.", err=True)
        counts = outcome.counts
        estimated = f", {outcome.estimated:,} costs estimated" if outcome.estimated else ""
        left_out = f", {counts.left_out:,} as old as what was pruned left out" if counts.left_out else ""
        took = f"{estimated} in {outcome.duration_ms / 1000:.1f} s"
        if outcome.unchanged:
            click.echo(f"{outcome.name}: unchanged, 0 rows written{took}")
        else:
            click.echo(
                f"{outcome.name}: {counts.read:,} rows read, {counts.written:,} rows written"
                f" ({counts.inserted:,} new, {counts.updated:,} changed, {counts.gone:,} gone),"
                f" {counts.rejected:,} rejected{left_out}{took}"
            )


@cli.command(epilog=EPILOG)
@with_database
@with_prices
def reprice(database: Path, price_path: Path | None) -> None:
    """Estimate again what calls without a recorded cost did cost, and say the difference."""
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
            "select name as source, system, rows, rejected, last_ingest_at,"
            " (strftime('%s', 'now') - strftime('%s', last_ingest_at)) / 60 as age_minutes, locations, detail_since"
            " from source_states order by name"
        )
        write(form, [column[0] for column in cursor.description], cursor.fetchall())


@cli.command(epilog=EPILOG)
@with_database
@click.option("--repair", is_flag=True, help="Mend what can be, instead of only saying it.")
def doctor(database: Path, repair: bool) -> None:
    """Check that the report database is whole and its rollups are right; exit code 1 where they are not."""
    from .doctor import examine

    with progress_line() as progress:
        findings = examine(database, repair, progress)
    for finding in findings:
        mended = " (mended)" if repair and finding.mend else ""
        click.echo(CONTROL.sub(" ", f"{finding}{mended}"))
    if not findings:
        click.echo("all is well")
    elif any(not finding.mend for finding in findings):
        raise StoryreportError("What is not mended needs what its line says.")
    elif not repair:
        raise StoryreportError("The report database contradicts itself: mend it with `storyreport doctor --repair`.")


# No history is older, and calendars end.
LONGEST_AGE_DAYS = 100 * 365


class Age(click.ParamType[int]):
    """A number of days, weeks or years, as days."""

    name = "age"
    days: ClassVar = {"d": 1, "w": 7, "y": 365}

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        """365d → 365."""
        number, unit = value[:-1], value[-1:]
        days = int(number) * self.days.get(unit, 0) if number.isascii() and number.isdigit() and len(number) < 7 else 0
        if not 0 < days < LONGEST_AGE_DAYS:
            self.fail(f"{value!r} is no age like 365d, 52w or 2y.", param, ctx)
        return days


@cli.command(epilog=EPILOG)
@with_database
@click.option("--older-than", "days", type=Age(), required=True, metavar="AGE", help="Like 365d, 52w or 2y.")
@click.option("--dry-run", is_flag=True, help="Say what would be removed, and remove nothing.")
def prune(database: Path, days: int, dry_run: bool) -> None:
    """Remove old detail and keep what it adds up to, so that long trends can be asked of a small file.

    Step runs, calls, events and log lines go that ended before, unless something has been done for their story or in
    their run since. Stories, runs, files and all that reports say of the past by day stay, and what is as old is not
    loaded again.
    """
    from datetime import datetime, timedelta, timezone

    from .prune import prune as run

    with progress_line() as progress:
        pruned = run(database, datetime.now(timezone.utc).date() - timedelta(days=days), dry_run, progress)
    would = "would be removed" if dry_run else "removed"
    for (source, table), rows in pruned.rows.items():
        click.echo(CONTROL.sub(" ", f"{source}: {rows:,} {table.replace('_', ' ')} from before {pruned.since} {would}"))
    size = f"{pruned.size_bytes / 1e6:,.1f} MB"
    if not pruned.rows:
        click.echo(f"nothing from before {pruned.since} {would}")
    else:
        click.echo(f"about {size} would be free" if dry_run else f"{size} given back")


@cli.command(epilog=EPILOG)
@with_database
def optimize(database: Path) -> None:
    """Tidy the search index, and give free space back."""
    from .optimize import optimize as run

    with progress_line() as progress:
        sizes = run(database, progress)
    written = ", written anew" if sizes.is_vacuumed else ""
    before, after = (f"{size_bytes / 1e6:,.1f} MB" for size_bytes in (sizes.before_bytes, sizes.after_bytes))
    click.echo(f"tidied{written}: {before} before, {after} after")


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
