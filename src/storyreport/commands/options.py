"""Options that several commands share, and the types of their values."""

import re
from collections.abc import Callable
from pathlib import Path
from typing import Any, ClassVar

import click

from .. import patience

EPILOG = "Report database: --db, or $STORYREPORT_DB, or ./storyreport.db"
EXISTING_FILE = click.Path(exists=True, dir_okay=False, path_type=Path)
EXISTING_FOLDER = click.Path(exists=True, file_okay=False, path_type=Path)
# No history is older, and calendars end.
LONGEST_AGE_DAYS = 100 * 365

# The formats of `output`.
FORMATS = ("table", "json", "jsonl", "csv", "markdown")

# The parameters of `with_public`, as `mode_for` takes them.
VISITORS = ("sql", "public", "anonymous", "frames")


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


def with_format(command: Callable[..., Any]) -> Callable[..., Any]:
    """Give a command the option --format."""
    return click.option(
        "--format", "form", type=click.Choice(FORMATS), default="table", show_default=True, help="Output."
    )(command)


def with_prices(command: Callable[..., Any]) -> Callable[..., Any]:
    """Give a command the option --prices."""
    option = click.option(
        "--prices",
        "price_path",
        type=click.Path(path_type=Path),
        metavar="FILE",
        help="Your own prices (YAML); kept in the report database for later ingests.",
    )
    return option(command)


def with_config(command: Callable[..., Any]) -> Callable[..., Any]:
    """Give a command the option --config."""
    return click.option(
        "--config",
        "config_path",
        type=click.Path(dir_okay=False, path_type=Path),
        metavar="FILE",
        help="The sources file [default: storyreport.toml in this folder].",
    )(command)


def with_wait(command: Callable[..., Any]) -> Callable[..., Any]:
    """Give a command the option --wait."""
    return click.option(
        "--wait",
        type=click.FloatRange(min=0),
        metavar="SECONDS",
        expose_value=False,
        callback=lambda _, __, value: patience.GIVEN_SECONDS.set(value),
        help="Longest wait for another command that writes [default: a day], and for a silent server [default: 60].",
    )(command)


class Size(click.ParamType[int]):
    """A number of bytes, KB, MB or GB, as bytes."""

    name = "size"
    units: ClassVar = {"": 1, "K": 10**3, "M": 10**6, "G": 10**9, "T": 10**12}

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        """2G → 2000000000."""
        found = re.fullmatch(r"(\d{1,15})([KMGT]?)B?", str(value).upper(), re.ASCII)
        if not found or not int(found[1]):
            self.fail(f"{value!r} is not a size; use e.g. 500M or 2G.", param, ctx)
        return int(found[1]) * self.units[found[2]]


def _set_max_bytes(_: click.Context, __: click.Parameter, value: int | None) -> None:
    from ..readers.bounds import MAX_BYTES

    MAX_BYTES.set(value)


def with_max_bytes(command: Callable[..., Any]) -> Callable[..., Any]:
    """Give a command the option --max-bytes."""
    return click.option(
        "--max-bytes",
        type=Size(),
        metavar="SIZE",
        expose_value=False,
        callback=_set_max_bytes,
        help="Most that a gzip file may unpack to [default: 250 times its size, at least 256 MB].",
    )(command)


def with_queries(command: Callable[..., Any]) -> Callable[..., Any]:
    """Give a command the option --queries."""
    option = click.option(
        "--queries",
        type=click.Path(path_type=Path),
        multiple=True,
        metavar="DIR",
        help="Reports of your own, beside ours (repeatable; also $STORYREPORT_QUERIES).",
    )
    return option(command)


def with_public(command: Callable[..., Any]) -> Callable[..., Any]:
    """Give a command the options that say who visits and what they may do: VISITORS."""
    options = (
        click.option("--sql", is_flag=True, help="Let visitors write SQL (Python 3.11 or newer)."),
        click.option("--public", is_flag=True, help="Let others in, who log in (see `storyreport user add`)."),
        click.option("--anonymous", is_flag=True, help="With --public: nobody needs to log in."),
        click.option("--frame", "frames", multiple=True, metavar="SITE", help="A site that may embed reports."),
    )
    for option in reversed(options):
        command = option(command)
    return command


class Mount(click.ParamType[tuple[str, Path]]):
    """MOUNT:DIR as (mount, folder)."""

    name = "mount"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        """assets:pictures → ("assets", Path("pictures"))."""
        mount, _, folder = value.partition(":")
        if not mount or not folder or not Path(folder).is_dir():
            self.fail(f"{value!r} is not MOUNT:DIR with a folder that exists.", param, ctx)
        return mount, Path(folder)


class Age(click.ParamType[int]):
    """A number of days, weeks or years, as days."""

    name = "age"
    days: ClassVar = {"d": 1, "w": 7, "y": 365}

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        """365d → 365."""
        number, unit = value[:-1], value[-1:]
        days = int(number) * self.days.get(unit, 0) if number.isascii() and number.isdigit() and len(number) < 7 else 0
        if not 0 < days < LONGEST_AGE_DAYS:
            self.fail(f"{value!r} is not an age; use e.g. 365d, 52w or 2y.", param, ctx)
        return days
