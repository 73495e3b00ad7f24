"""Load what a command line orders, and say what was done; a plain order needs no click, which takes long to import."""

import contextlib
import os
import sys
from collections.abc import Callable, Iterator, Mapping
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from ..errors import StoryreportError, UsageError, system_error
from ..nouns import counted
from ..terminal.control import CONTROL
from .places import LABELS, called, is_stream, place, progress_line, streamed

if TYPE_CHECKING:
    from sqlite3 import Connection

    from ..ingest import Request
    from ..pricing import PriceFile
    from ..unchanged import Call

SERVERS = ("postgresql://", "postgres://")
# The exit code where some sources were loaded and others could not be.
FAILED_IN_PART = 3


class Order(NamedTuple):
    """What one ingest is to load, and how: `arguments` say the same on a command line."""

    places: tuple[str, ...]
    name: str | None
    system: str | None
    price_path: Path | None
    how: Mapping[str, Any]
    arguments: list[str] | None = None


def said(line: str, _: bool = False) -> None:
    """Print a line for scripts."""
    print(line, flush=True)


def complain(line: str) -> None:
    """Print a line for people."""
    print(line, file=sys.stderr, flush=True)


def failed_with(error: StoryreportError | OSError) -> int:
    """Say what is wrong in one sentence, and return the exit code: 1 failed, 2 wrong usage."""
    sentence = system_error(error) if isinstance(error, OSError) else str(error)
    # It may hold names of a source, and a terminal obeys control characters.
    complain(f"Error: {CONTROL.sub(' ', sentence)}")
    return 2 if isinstance(error, UsageError) else 1


def warn_of_sources() -> bool:
    """Name the systems of installed packages that cannot be used; whether there are any."""
    from ..sources import problems

    for problem in problems():
        complain(f"Warning: {CONTROL.sub(' ', problem)}")
    return bool(problems())


def quick(arguments: list[str]) -> int | None:
    """Do what a plain `ingest` does, without click; its exit code, or None where the command line has to look."""
    places, given, words = [], {"--db": os.environ.get("STORYREPORT_DB") or "storyreport.db"}, iter(arguments)
    for word in words:
        option, has_value, value = word.partition("=")
        if option in ("--db", "--name", "--as"):
            given[option] = value if has_value else next(words, "")
        else:
            places.append(word)
    database = Path(given["--db"])
    is_plain = all(word and not word.startswith("-") for word in (*places, *given.values()))
    if not (places and is_plain) or database.is_dir():
        return None
    try:
        noted = None if warn_of_sources() else arguments
        order = Order(tuple(places), given.get("--name"), given.get("--as"), None, {}, noted)
        check(order)
        run([order], database)
    except (StoryreportError, OSError) as error:
        return failed_with(error)
    except KeyboardInterrupt:
        complain("\nAborted!")
        return 1
    return 0


def check(order: Order) -> None:
    """Raise UsageError for what cannot be loaded, before anything is read."""
    for source in order.places:
        if "://" in source and not source.startswith(SERVERS):
            # It may hold a password: it is not repeated.
            raise UsageError("A URL must name a PostgreSQL database: postgresql://user@host/database.")
    streams = [source for source in order.places if is_stream(source)]
    if streams and not order.system:
        what = "Standard input" if streams[0] == "-" else f"{streams[0]} is a pipe or device, which"
        raise UsageError(f"{what} needs --as SYSTEM: name the system that wrote it.")


def run(orders: list[Order], database: Path) -> None:
    """Load each source; one that fails does not stop the others. Exits with 3 where some were loaded and others not."""
    from ..transaction import staying_open

    failed: list[str] = []
    loaded = 0
    with staying_open(database) if len(orders) > 1 and database.is_file() else contextlib.nullcontext():
        for order in orders:
            try:
                loaded += carry_out(order, database, failed, is_alone=len(orders) == 1)
            except StoryreportError as error:
                if len(orders) == 1:
                    raise
                failed.append(f"{order.name}: {error}")
    for sentence in failed:
        complain(f"Error: {CONTROL.sub(' ', sentence)}")
    if failed:
        sys.exit(FAILED_IN_PART if loaded else 1)


def carry_out(
    order: Order,
    database: Path,
    failed: list[str],
    is_alone: bool = True,
    say: Callable[[str, bool], None] = said,
) -> int:
    """Load what an order names and say a line (and whether it is unchanged) about each source; return how many.

    `failed` gets a sentence for each one that could not be loaded; a single one raises its error.
    """
    from .. import unchanged
    from ..ingest import known_at, requests_for, system_before
    from ..known import as_known, owners
    from ..transaction import staying_open

    if order.arguments and order.name and (text := unchanged.answer(order.arguments)) is not None:
        say(text.rstrip("\n"), True)
        return 1
    call = unchanged.call_of(order.arguments) if order.arguments else None
    price_file = read_prices(order.price_path)
    with contextlib.ExitStack() as stack:
        streams = [each for each in order.places if is_stream(each)]
        places = [stack.enter_context(streamed(each)) if each in streams else place(each) for each in order.places]
        kept = {
            path: LABELS.get(each, each) for path, each in zip(places, order.places, strict=True) if each in streams
        }
        not_found: list[str] = []
        known, before = partial(known_at, database), partial(system_before, database)
        how = {**order.how, "price_file": price_file}
        with _as_ours():
            requests = requests_for(places, order.name, order.system, not_found, known, before, owners(database), **how)
            named = as_known(database, requests, order.name is not None)
        if len(requests) > 1 and database.is_file():
            stack.enter_context(staying_open(database))
        loaded = 0
        is_one = len(requests) == 1 and not not_found
        for request, note in [(called(request, kept), note) for request, note in named]:
            try:
                if note:
                    complain(f"Note: {CONTROL.sub(' ', note)}.")
                load_one(request, database, say, call if is_one else None)
                loaded += 1
            except StoryreportError as error:
                if is_alone and len(requests) + len(not_found) == 1:
                    raise
                not_found.append(str(error))
    failed += not_found
    if call and not not_found and not is_one:
        unchanged.note(call, [request.name for request in requests])
    return loaded


def load_one(
    request: "Request", database: Path, say: Callable[[str, bool], None] = said, call: "Call | None" = None
) -> None:
    """Ingest a source and say a line about it; `call` is noted where it is all that was called for."""
    from ..ingest import ingest as run
    from ..unchanged import note_within

    def at_end(connection: "Connection") -> None:
        if call:
            note_within(connection, call, [request.name])

    with _as_ours(), progress_line() as progress:
        outcome = run(database, request, progress, at_end)
    for note in outcome.notes:
        complain(f"Note: {note}.")
    counts = outcome.counts
    estimated = f", {counted(outcome.estimated, 'cost')} estimated" if outcome.estimated else ""
    left_out = f", {counts.left_out:,} pruned before and skipped" if counts.left_out else ""
    took = f"{estimated} in {outcome.duration_ms / 1000:.1f} s"
    if outcome.unchanged:
        say(f"{outcome.name}: unchanged, 0 rows written{took}", True)
    else:
        say(
            f"{outcome.name}: {counted(counts.read, 'row')} read, {counted(counts.written, 'row')} written"
            f" ({counts.inserted:,} new, {counts.updated:,} changed, {counts.gone:,} deleted),"
            f" {counts.rejected:,} rejected{left_out}{took}",
            False,
        )


@contextlib.contextmanager
def _as_ours() -> Iterator[None]:
    """A file that vanishes while it is read is an error of its source alone."""
    try:
        yield
    except OSError as error:
        raise StoryreportError(system_error(error)) from error


def read_prices(path: Path | None) -> "PriceFile | None":
    """The price file at a path, if one is given."""
    if path is None:
        return None
    from ..pricing import read_price_file

    return read_price_file(path)
