"""The commands that load: `ingest` of places or of the sources file, once or again and again, and `init`."""

import contextlib
import json
import os
import re
import sys
import time
from collections.abc import Collection, Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from ..errors import StoryreportError, UsageError
from ..nouns import counted
from ..terminal.control import CONTROL
from .loading import Order, carry_out, check, run, warn_of_sources
from .options import (
    EPILOG,
    with_config,
    with_database,
    with_max_bytes,
    with_prices,
    with_wait,
)
from .places import is_stream

if TYPE_CHECKING:
    from ..config import Source
    from ..given import Given

WATCH_SECONDS = 60.0
# `init` looks so deep, and passes these over.
DEPTH = 3
# Where agents keep their sessions, below a home folder: hidden folders are passed over otherwise.
AGENTS = (".claude/projects", ".config/claude/projects", ".codex", ".gemini", ".local/share/opencode")
PASSED_OVER = {"node_modules", "__pycache__", "site-packages", "venv", "storyreport-demo"}


@click.command(epilog=EPILOG)
@click.argument("sources", metavar="[SOURCE]...", nargs=-1)
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
@with_config
@click.option(
    "--watch",
    type=click.FloatRange(min=0.05),
    is_flag=False,
    flag_value=WATCH_SECONDS,
    metavar="[SECONDS]",
    help="Keep loading what changes until Ctrl-C (exit code 0); look every SECONDS [default: 60].",
)
@with_wait
@with_max_bytes
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
    config_path: Path | None,
    watch: float | None,
) -> None:
    """Load sources into the report database. Re-running only loads what changed.

    A SOURCE is a SQLite, CSV, JSON, JSONL or log file (also .gz), a folder, a pattern like 'exports/*.csv', a
    postgresql:// URL, or - for standard input. SOURCEs of one system are one source, unless two are whole databases
    or were read apart before.
    Without a SOURCE, those of storyreport.toml are loaded (see `storyreport init`).
    """
    from ..ingest import check_timezone
    from ..statuses import given

    # Before anything is read.
    has_problems = warn_of_sources()
    if sources:
        if timezone:
            check_timezone(timezone)
        how = {"timezone": timezone, "statuses": given(status_words), "full": full, "append": append, "strict": strict}
        arguments = click.get_current_context().obj if watch is None and not has_problems else None
        orders = [Order(sources, name, system, price_path, {**how, "with_text": with_text}, arguments)]
    else:
        if name or system or timezone or status_words or append or price_path:
            raise UsageError("Options about a source need a SOURCE; for all sources they are in storyreport.toml.")
        orders = _orders(database, config_path, {"full": full, "strict": strict}, with_text)
    for order in orders:
        check(order)
    if watch is None:
        run(orders, database)
        return
    if any(is_stream(source) for source in sources):
        raise UsageError("Standard input or a pipe cannot be watched: name a file or folder.")
    try:
        _watch(orders, database, watch)
    except KeyboardInterrupt:
        click.echo("Stopped watching.", err=True)


# The sources file ----------------------------------------------------------------------------------------------------


def _orders(database: Path, path: Path | None, how: Mapping[str, Any], with_text: bool | None) -> list[Order]:
    """The sources of the sources file; UsageError where there is none."""
    from .. import config, record

    found = config.find(path)
    sources = list(found.sources) if found else []
    recorded = record.folder(str(database.absolute()))
    if os.path.isdir(recorded) and not any(
        Path(recorded).samefile(place) for each in sources for place in _there(each)
    ):
        sources.append(config.Source(record.NAME, (recorded,)))
    if not sources and found is None:
        raise UsageError("ingest needs a SOURCE, or a storyreport.toml in this folder: `storyreport init` writes one.")
    if found and not sources:
        raise UsageError(f"{found.path} names no source: add a table such as [sources.studio] with a location.")
    return [_order(database, source, how, with_text) for source in sources]


def _there(source: "Source") -> list[str]:
    return [place for place in source.places if os.path.exists(place)]


def _order(database: Path, source: "Source", how: Mapping[str, Any], with_text: bool | None) -> Order:
    from ..given import check_timezone
    from ..statuses import given

    words = [f"{word}={meaning}" for word, meaning in source.status.items()]
    if source.timezone:
        check_timezone(source.timezone)
    with_text = source.with_text if with_text is None else with_text
    options = {"timezone": source.timezone, "statuses": given(words), "append": source.append, "with_text": with_text}
    arguments = None
    if not (source.append or source.prices or with_text or how["full"] or how["strict"]):
        said = [("--as", source.system), ("--timezone", source.timezone), *(("--status", word) for word in words)]
        more = [word for option, value in said if value for word in (option, value)]
        arguments = ["--db", str(database), "--name", source.name, *more, *source.places]
    return Order(source.places, source.name, source.system, source.prices, {**options, **how}, arguments)


def _watch(orders: list[Order], database: Path, seconds: float) -> None:
    """Load what changes until Ctrl-C; a source that fails is said once, and again when it is back."""
    said: dict[int, list[str]] = {}
    while True:
        for place_, order in enumerate(orders):
            failed: list[str] = []
            try:
                carry_out(order, database, failed, say=lambda line, same: None if same else _say(line))
            except StoryreportError as error:
                failed.append(str(error))
            for sentence in failed if failed != said.get(place_) else ():
                label = f"{order.name}: " if order.name else ""
                _say(f"Error: {CONTROL.sub(' ', label + sentence)}", is_error=True)
            if said.get(place_) and not failed:
                _say(f"{order.name or ' '.join(order.places)}: loaded again")
            said[place_] = failed
        time.sleep(seconds)


def _say(line: str, is_error: bool = False) -> None:
    # A log is read while it is written.
    click.echo(f"{time.strftime('%H:%M:%S')} {line}", err=is_error)
    (sys.stderr if is_error else sys.stdout).flush()


# init ----------------------------------------------------------------------------------------------------------------


@click.command()
@click.argument("folder", metavar="[DIR]", default=".", type=click.Path(exists=True, file_okay=False, path_type=Path))
def init(folder: Path) -> None:
    """Write storyreport.toml with the sources that are found in DIR (this folder).

    Where it holds none, those that coding agents keep in the home folder are taken.
    """
    from ..config import NAME
    from ..given import look_around

    path = folder / NAME
    # One that was written where nothing was found is no work that could be lost.
    if path.exists() and path.read_text(encoding="utf-8", errors="replace") != EMPTY:
        raise StoryreportError(f"{path} exists already: edit it, or move it away first.")
    is_first = not Path(os.environ.get("STORYREPORT_DB") or folder / "storyreport.db").exists()
    here = look_around([*_found(folder, DEPTH), *_agents(folder)], is_first)
    found = here or look_around(_agents(Path.home()), is_first)
    names: dict[str, int] = {}
    tables = []
    for name, title, places in found:
        names[name] = names.get(name, 0) + 1
        key = name if names[name] == 1 else f"{name}-{names[name]}"
        inside = [(each.relative_to(folder) if each.is_relative_to(folder) else each).as_posix() for each in places]
        location = json.dumps(inside[0] if len(inside) == 1 else inside, ensure_ascii=False)
        key = key if re.fullmatch(r"[\w-]+", key, re.ASCII) else json.dumps(key, ensure_ascii=False)
        tables.append(f"# found: {title}\n[sources.{key}]\nlocation = {location}\n")
    path.write_text("\n".join([HEAD, *tables]) if tables else EMPTY, encoding="utf-8")
    then = "load with: storyreport ingest" if tables else "add yours to it"
    click.echo(f"{path}: {counted(len(tables), 'source')} found; {then}")


HEAD = """\
# The sources of storyreport: `storyreport ingest` loads them all.
# Keys of a source: location, system, timezone, status, prices, with_text, append, freshness.
# Passwords are not written here: location = "postgresql://user:${PGPASSWORD}@host/database"

# What `storyreport check` holds:
# limits = ["stuck > 0", "failure_pct > 10 in 24h", "cost > 20 USD in 1d"]
"""
EMPTY = f'{HEAD}\n# [sources.studio]\n# location = "data/pipeline_stories.db"\n'


def _agents(home: Path) -> list["Given"]:
    """What is in the folders of agents' sessions below a home folder."""
    from ..given import look_at

    return list(filter(None, map(look_at, (home / place for place in AGENTS if (home / place).is_dir()))))


def _found(
    folder: Path, depth: int, passed_over: Collection[str] = PASSED_OVER, files: bool = True
) -> Iterator["Given"]:
    """The files and folders that may be a source: a folder that is one by its own folders is not looked into."""
    from ..given import is_tree, look_at

    for entry in sorted(folder.iterdir()):
        if entry.name in passed_over or (entry.name.startswith(".") and entry.name != ".runs") or entry.is_symlink():
            continue
        if entry.is_file() and not files:
            continue
        given = look_at(entry)
        is_leaf = entry.is_file() or depth == 1 or (given is not None and is_tree(given))
        # Some files of a folder may be one source as they lie there, or one of them a source by itself.
        is_source = given is not None and (is_leaf or given.path == entry)
        if given is not None and is_source:
            yield given
        if not is_leaf:
            with contextlib.suppress(OSError):
                # Such a source has the files of `data`, too.
                beside = {*PASSED_OVER, "data"} if is_source else PASSED_OVER
                yield from _found(entry, depth - 1, beside, not is_source)
