"""The catalogue: the reports of our folder and of the users' own, and the files among them that cannot be used."""

import difflib
import functools
import os
import sqlite3
import threading
import time
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path

from .. import bundle, headers
from ..errors import UsageError
from .chart import unknown_fields
from .header import BrokenReportError, Report, read_report
from .headline import problems as headline_problems

# The users' own folders, as PATH has them.
FOLDERS = "STORYREPORT_QUERIES"
# Limits of the sources file, as `name=value` parted by commas.
LIMITS = "STORYREPORT_LIMITS"
# Topics in their order; a user's own come after them.
TOPICS = (
    "Steps",
    "Right now",
    "Failures",
    "Integrity",
    "Cost",
    "Content",
    "One run, one story",
    "Data",
)


@dataclass(frozen=True)
class Catalogue:
    """Reports by name, in their order (by topic, then by title), and what is wrong with other files."""

    reports: dict[str, Report] = field(default_factory=dict)
    broken: tuple[BrokenReportError, ...] = ()
    missing: tuple[str, ...] = ()  # a sentence for each folder that is not there or holds no report


def add_folders(folders: Iterable[str | Path]) -> None:
    """Add folders of reports for this process and those that it starts."""
    known = filter(None, os.environ.get(FOLDERS, "").split(os.pathsep))
    if joined := os.pathsep.join([*known, *(str(Path(folder).absolute()) for folder in folders)]):
        os.environ[FOLDERS] = joined


def set_limits(limits: Mapping[str, str]) -> None:
    """Give parameters of reports other defaults, for this process and those that it starts."""
    os.environ[LIMITS] = ",".join(f"{name}={value}" for name, value in limits.items())


def load_catalogue() -> Catalogue:
    """The catalogue as the files are now."""
    # A page asks several times: the files are looked at once a second.
    return _load(int(time.monotonic()), os.environ.get(FOLDERS, ""), os.environ.get(LIMITS, ""))


def load_reports(folder: Path | None = None) -> dict[str, Report]:
    """The reports that can be used, by name; those of one folder, or of the catalogue."""
    return load_catalogue().reports if folder is None else read_folders([folder]).reports


def find(name: str, reports: Mapping[str, Report] | None = None) -> Report:
    """The report of that name; UsageError with the closest names where there is none, BrokenReportError if broken."""
    if reports is None:
        catalogue = load_catalogue()
        reports = catalogue.reports
        for error in catalogue.broken:
            if error.name == name and name not in reports:
                raise error
    if name in reports:
        return reports[name]
    close = difflib.get_close_matches(name, reports, n=3)
    hint = f"did you mean {' or '.join(close)}?" if close else "`storyreport report` lists them all."
    raise UsageError(f"There is no report called {name!r}: {hint}")


def read_folders(folders: Iterable[Path]) -> Catalogue:
    """The reports of some folders; of two of a name the first one holds."""
    reports: dict[str, Report] = {}
    broken, missing = [], []
    for folder in folders:
        files = sorted(folder.glob("*.sql")) if folder.is_dir() else []
        if not files:
            missing.append(f"{folder} {'holds no report (*.sql)' if folder.is_dir() else 'does not exist'}.")
        for path in files:
            try:
                if path.stem in reports:
                    raise BrokenReportError(path, 1, f"there is a report {path.stem!r} already; rename the file")
                reports[path.stem] = _checked(path, path.stat().st_mtime_ns)
            except BrokenReportError as error:
                broken.append(error)
            except OSError as error:
                broken.append(BrokenReportError(path, 1, f"it cannot be read ({error.strerror})"))
    ordered = dict(sorted(reports.items(), key=lambda item: _place(item[1])))
    return Catalogue(ordered, tuple(broken), tuple(missing))


@functools.lru_cache(maxsize=1)
def _load(_second: int, own: str, limits: str) -> Catalogue:
    catalogue = read_folders([bundle.root() / "queries", *map(Path, filter(None, own.split(os.pathsep)))])
    given = {name: value for name, _, value in (pair.partition("=") for pair in limits.split(",") if pair)}
    found = {name: _with_defaults(report, given) for name, report in catalogue.reports.items()}
    return replace(catalogue, reports=found)


def _with_defaults(report: Report, given: Mapping[str, str]) -> Report:
    """The report with the limits of the sources file as defaults of its parameters."""
    params = (replace(param, default=given.get(param.name, param.default)) for param in report.params)
    return replace(report, params=tuple(params)) if given else report


def _place(report: Report) -> tuple[int, str, str]:
    own = report.topic not in TOPICS
    return len(TOPICS) if own else TOPICS.index(report.topic), report.topic if own else "", report.title


@functools.lru_cache(maxsize=1000)
def _checked(path: Path, _changed: int) -> Report:
    """The report in a file, prepared against the tables that there are; BrokenReportError where that fails."""
    report, text = read_report(path), path.read_text(encoding="utf-8")
    if ours := headers.stored(headers.REPORTS, text):
        # They were prepared when they were stored, which takes as long as all the rest of a command.
        return replace(report, columns=tuple(ours["columns"]))

    def line(part: str) -> int:
        return text.count("\n", 0, max(0, text.find(part))) + 1

    try:
        columns = _columns(report.sql, {param.name: param.for_sql(param.default) for param in report.params})
    except sqlite3.Error as error:
        raise BrokenReportError(path, line(report.sql), f"its SELECT cannot be run ({error})") from None
    for column in unknown_fields(report.chart or {}, columns):
        raise BrokenReportError(
            path,
            line(f"field: {column}" if f"field: {column}" in text else column),
            f"its chart draws {column!r}, which is not a column; the columns are {', '.join(columns)}",
        )
    for word, reason in headline_problems(report.headline, columns):
        raise BrokenReportError(path, line(word), reason)
    return replace(report, columns=tuple(columns))


_LOCK = threading.Lock()


def _columns(sql: str, values: Mapping[str, str]) -> list[str]:
    """The columns of a SELECT; sqlite3.Error where it cannot be prepared."""
    with _LOCK:
        # Nothing is read: a statement that counts for long, or fails on what it reads, is not run here.
        cursor = _blank().execute(f"select * from (\n{sql}\n) limit 0", values)
        return [column[0] for column in cursor.description]


def tables_read(report: Report) -> frozenset[str]:
    """The tables that a report's SELECT reads, by way of views too."""
    return _tables_read(report.sql, tuple((param.name, param.for_sql(param.default)) for param in report.params))


@functools.lru_cache(maxsize=1000)
def _tables_read(sql: str, values: tuple[tuple[str, str], ...]) -> frozenset[str]:
    read: set[str] = set()

    def note(action: int, table: str | None, *_: str | None) -> int:
        if action == sqlite3.SQLITE_READ and table:
            read.add(table)
        return sqlite3.SQLITE_OK

    with _LOCK:
        _blank().set_authorizer(note)
        try:
            _blank().execute(f"explain select * from (\n{sql}\n)", dict(values))
        finally:
            _blank().set_authorizer(None)
    return frozenset(read)


@functools.cache
def _blank() -> sqlite3.Connection:
    """A report database with nothing in it, in memory."""
    # Reports of ours were prepared before.
    from .. import rollups

    connection = sqlite3.connect(":memory:", isolation_level=None, check_same_thread=False)
    rollups.lay_out(connection)
    return connection
