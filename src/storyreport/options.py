"""Options that several commands share, the types of their values, places of sources, and the progress line."""

import contextlib
import sys
import time
from collections.abc import Callable, Collection, Iterator
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar

import click

from . import patience
from .errors import StoryreportError, UsageError

if TYPE_CHECKING:
    from .given import Request

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


@contextlib.contextmanager
def progress_line() -> Iterator[Callable[[str], None]]:
    """Progress on a terminal's stderr, in one line; nothing if stderr is no terminal."""
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


def place(source: str) -> Path | str:
    """Where a SOURCE is: its path or URL."""
    if not source.strip():
        raise UsageError("A SOURCE is empty: is a variable of your script not set?")
    return source if "://" in source else Path(source)


@contextlib.contextmanager
def standard_input() -> Iterator[Path]:
    """Standard input as a temporary file; its errors name standard input instead of the file."""
    import shutil

    from . import scratch

    with scratch.folder() as folder:
        # The source's name comes from the file's.
        path = folder / "stdin"
        with path.open("wb") as file:
            shutil.copyfileobj(sys.stdin.buffer, file)
        try:
            yield path
        except StoryreportError as error:
            message = str(error).replace(str(path), "Standard input").replace("check the path", "check what writes it")
            raise type(error)(message) from error


def called(request: "Request", kept: Collection[Path | str]) -> "Request":
    """The same source; what was kept of standard input is called so, wherever that was."""
    parts = (replace(part, label="standard input") if part.path in kept else part for part in request.parts)
    return replace(request, parts=tuple(parts))
