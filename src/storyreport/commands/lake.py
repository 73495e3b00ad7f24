"""The commands of lakes: compute one's reports on an engine, and write a report database's history as one."""

from pathlib import Path

import click

from ..errors import UsageError
from ..nouns import counted
from ..terminal.control import CONTROL
from .options import EPILOG, Age, with_database, with_prices
from .places import progress_line


@click.command(epilog=EPILOG)
@click.argument("location")
@click.option("--name", required=True, help="Name of the source in the reports.")
@click.option("--engine", type=click.Choice(["duckdb", "spark"]), required=True, help="What computes.")
@click.option("--master", default="", metavar="URL", help="Spark's master, e.g. spark://host:7077 or local[4].")
@click.option("--spark-conf", "conf", multiple=True, metavar="K=V", help="A setting of Spark; may be repeated.")
@click.option("--since", default="auto", metavar="DAY", help="First day that is computed again [default: auto].")
@click.option("--full", is_flag=True, help="Compute all days, and the totals of old stories.")
@click.option("--reach", type=Age(), default="7d", show_default=True, metavar="AGE", help="Read that much before it.")
@click.option(
    "--settle", type=Age(), default="3d", show_default=True, metavar="AGE", help="Days that may still change."
)
@click.option(
    "--horizon", type=Age(), default="30d", show_default=True, metavar="AGE", help="Age of failures that land."
)
@click.option(
    "--land", type=click.IntRange(min=1), default=10_000, show_default=True, help="Rows of each kind that land."
)
@click.option(
    "--scratch", type=click.Path(path_type=Path), metavar="DIR", help="Folder for what is between the stages."
)
@click.option("--skip-unreadable", is_flag=True, help="Leave out Parquet files that cannot be read.")
@with_prices
@with_database
def rollup(
    location: str,
    name: str,
    engine: str,
    master: str,
    conf: tuple[str, ...],
    since: str,
    full: bool,
    reach: int,
    settle: int,
    horizon: int,
    land: int,
    scratch: Path | None,
    skip_unreadable: bool,
    price_path: Path | None,
    database: Path,
) -> None:
    """Compute the reports of the lake at LOCATION on an engine, and land them in the report database.

    A lake has step_runs/date=YYYY-MM-DD/*.parquet and calls/date=YYYY-MM-DD/*.parquet in the plain form; its detail
    stays there.
    """
    from ..lake.installed import check_installed
    from .loading import read_prices

    check_installed(engine)
    from ..lake.run import Request, roll_up

    request = Request(
        location,
        name,
        engine,
        since,
        full,
        reach,
        settle,
        horizon,
        land,
        scratch,
        skip_unreadable,
        read_prices(price_path),
        master,
        tuple(_setting(one) for one in conf),
    )
    with progress_line() as progress:
        outcome = roll_up(database, request, progress)
    for note in outcome.notes:
        click.echo(CONTROL.sub(" ", f"Note: {note}."), err=True)
    days = f"from {outcome.since} to {outcome.until}" if outcome.since else f"up to {outcome.until}"
    said = (
        f"{name}: {counted(outcome.step_runs, 'step run')} and {counted(outcome.calls, 'call')} {days},"
        f" {counted(outcome.landed, 'row')} landed,"
        f" {outcome.duration_ms / 1000:,.1f} s by {engine}"
    )
    click.echo(CONTROL.sub(" ", said))


def _setting(given: str) -> tuple[str, str]:
    name, is_given, value = given.partition("=")
    if not name or not is_given:
        raise UsageError(f"--spark-conf {given!r} is no K=V: write e.g. spark.executor.memory=4g.")
    return name, value


@click.command(name="export-lake", epilog=EPILOG)
@click.argument("folder", metavar="DIR", type=click.Path(path_type=Path))
@click.option("--source", metavar="NAME", help="Only this source.")
@with_database
def export_lake(folder: Path, source: str | None, database: Path) -> None:
    """Write the step runs and calls of the report database into the new folder DIR as a lake, for `rollup`."""
    from ..lake.installed import check_installed

    check_installed("duckdb")
    from ..lake.export import export_lake as run

    with progress_line() as progress:
        written = run(database, folder, source, progress)
    click.echo(f"{folder}: {counted(written.step_runs, 'step run')} and {counted(written.calls, 'call')} written")
