"""Reports: one file `queries/<name>.sql` each, a YAML header in a comment and one SELECT."""

import difflib
import functools
import re
import sqlite3
import time
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from pathlib import Path
from typing import Any

from . import bundle
from .errors import StoryreportError
from .errors import UsageError as UsageError  # what plugins catch: they import nothing else of storyreport

TOPICS = (
    "Steps",
    "Right now",
    "Failures",
    "Integrity",
    "Cost",
    "Content",
    "One thing looked at",
    "About the data itself",
)
# What a value of a type looks like: a pattern, and the words for it. Other types take any text.
FORMS = {
    "date": (r"\d{4}-\d\d-\d\d", "a date YYYY-MM-DD"),
    "number": (r"-?\d+(\.\d+)?", "a number"),
    "time": (
        r"now|(\d{4}-\d\d-\d\d)([T ]\d\d:\d\d(:\d\d(\.\d{1,6})?)?Z?)?",
        "'now' or a UTC time such as 2025-01-31T09:30:00Z",
    ),
}
TYPES = ("text", "source", "step", *FORMS)

Rows = list[tuple[Any, ...]]

HEADER = re.compile(r"\s*/\*(.*?)\*/(.*)", re.DOTALL)
# A name of a parameter, or what may hold a colon or a semicolon that is not SQL's own: strings, quoted names, comments.
TOKEN = re.compile(
    r"""'(?:[^']|'')*' | "(?:[^"]|"")*" | `[^`]*` | \[[^\]]*\] | --[^\n]* | /\*.*?\*/ | :([A-Za-z_]\w*) | (;)""",
    re.DOTALL | re.VERBOSE,
)


@dataclass(frozen=True)
class Param:
    """A parameter of a report; a blank or missing value means the default."""

    name: str
    type: str
    default: str
    help: str


@dataclass(frozen=True)
class Report:
    """A question with a name, the SELECT that answers it, and how its chart is drawn (None: no chart)."""

    name: str
    title: str
    description: str
    topic: str
    params: tuple[Param, ...]
    chart: dict[str, Any] | None
    sql: str

    @property
    def summary(self) -> str:
        """The first sentence of the description."""
        return re.split(r"(?<=\.)\s", self.description, maxsplit=1)[0]


def load_reports(folder: Path | None = None) -> dict[str, Report]:
    """All reports by name, in the catalogue's order: by topic, then by title."""
    if folder is None:
        # Datasette asks with every request, several times: the files are looked at once a second.
        return _catalogue(int(time.monotonic()))
    reports = [_cached(path, path.stat().st_mtime_ns) for path in folder.glob("*.sql")]
    reports.sort(key=lambda report: (TOPICS.index(report.topic), report.title))
    return {report.name: report for report in reports}


def find(name: str, reports: Mapping[str, Report] | None = None) -> Report:
    """The report of that name; UsageError with the closest names where there is none."""
    reports = load_reports() if reports is None else reports
    if name in reports:
        return reports[name]
    close = difflib.get_close_matches(name, reports, n=3)
    hint = f"did you mean {' or '.join(close)}?" if close else "`storyreport report` lists them all."
    raise UsageError(f"There is no report called {name!r}: {hint}")


def read_report(path: Path) -> Report:
    """The report in a file; StoryreportError where its header or its SQL is not as it should be."""
    try:
        found = HEADER.fullmatch(path.read_text(encoding="utf-8"))
    except UnicodeDecodeError:
        raise _refusal(path, "it is not UTF-8 text", "save it as UTF-8") from None
    if not found:
        raise _refusal(path, "it does not begin with a /* … */ comment", "put its YAML header there")
    header = _header(path, found[1])
    _check_keys(path, "its header", header, {"title", "description", "topic"}, {"params", "chart"})
    if header["topic"] not in TOPICS:
        raise _refusal(path, f"its topic {header['topic']!r} is unknown", f"use one of {', '.join(TOPICS)}")
    sql = found[2].strip().removesuffix(";").rstrip()
    params = tuple(_param(path, name, value) for name, value in _mapping(path, "params", header.get("params")).items())
    _check_sql(path, sql, {param.name for param in params})
    return Report(
        name=path.stem,
        title=str(header["title"]),
        description=" ".join(str(header["description"]).split()),
        topic=header["topic"],
        params=params,
        chart=_chart(path, header.get("chart")),
        sql=sql,
    )


def bind(report: Report, given: Mapping[str, str]) -> dict[str, str]:
    """The value of every parameter, the default where it is missing or blank; UsageError for what cannot be."""
    known = {param.name: param for param in report.params}
    for name in given:
        if name not in known:
            takes = f"it takes {', '.join(known)}" if known else "it takes none"
            raise UsageError(f"{report.name} has no parameter {name!r}: {takes}.")
    return {name: _value(param, given.get(name, "")) for name, param in known.items()}


def run(connection: sqlite3.Connection, report: Report, given: Mapping[str, str]) -> tuple[list[str], Rows]:
    """The columns and the rows of a report; StoryreportError where SQLite cannot read it."""
    values = bind(report, given)
    try:
        cursor = connection.execute(report.sql, values)
        return [column[0] for column in cursor.description], cursor.fetchall()
    except sqlite3.Error as error:
        raise StoryreportError(f"{report.name} cannot be read: {error}.") from error


@functools.lru_cache(maxsize=1)
def _catalogue(_second: int) -> dict[str, Report]:
    return load_reports(bundle.root() / "queries")


@functools.lru_cache(maxsize=1000)
def _cached(path: Path, _changed: int) -> Report:
    return read_report(path)


def _value(param: Param, given: str) -> str:
    if not given.strip():
        return param.default
    if param.type not in FORMS:
        return given
    value = given.strip()
    pattern, words = FORMS[param.type]
    if not re.fullmatch(pattern, value, re.ASCII) or not _exists(param.type, value):
        raise UsageError(f"{param.name} must be {words}, not {given!r}.")
    return value


def _exists(kind: str, value: str) -> bool:
    """Whether a value that looks like a date or time is one: 2025-02-30 is not."""
    if kind == "number" or value == "now":
        return True
    try:
        date.fromisoformat(value) if kind == "date" else datetime.fromisoformat(value.rstrip("Z").split(".")[0])
    except ValueError:
        return False
    return True


def _refusal(path: Path, found: str, todo: str) -> StoryreportError:
    return StoryreportError(f"{path} is not a report, {found}: {todo}.")


def _header(path: Path, text: str) -> dict[str, Any]:
    # The command line's other commands need no YAML.
    import yaml

    try:
        header = yaml.safe_load(text)
    except yaml.YAMLError as error:
        where = " ".join(str(error).split())
        raise _refusal(path, f"its header is not YAML ({where})", "mend the header") from None
    return _mapping(path, "its header", header)


def _mapping(path: Path, what: str, value: object) -> dict[str, Any]:
    if value is None:
        return {}
    if not isinstance(value, dict) or not all(isinstance(key, str) for key in value):
        raise _refusal(path, f"{what} is no mapping of names to values", "write it as `name: value` lines")
    return value


def _check_keys(path: Path, where: str, value: dict[str, Any], needed: set[str], allowed: set[str]) -> None:
    if unknown := value.keys() - needed - allowed:
        expected = ", ".join(sorted(needed | allowed))
        raise _refusal(path, f"{where} has the unknown key {sorted(unknown)[0]!r}", f"the known keys are {expected}")
    if missing := needed - {key for key, found in value.items() if found}:
        raise _refusal(path, f"{where} lacks {', '.join(sorted(missing))}", "add it")


def _param(path: Path, name: str, value: object) -> Param:
    where = f"parameter {name!r}"
    fields = _mapping(path, where, value)
    _check_keys(path, where, fields, {"type", "help"}, {"default"})
    if fields["type"] not in TYPES:
        raise _refusal(path, f"{where} has the unknown type {fields['type']!r}", f"use one of {', '.join(TYPES)}")
    default = fields.get("default")
    param = Param(name, fields["type"], "" if default is None else str(default), str(fields["help"]))
    try:
        _value(param, param.default)
    except UsageError as error:
        raise _refusal(path, f"the default of {where} does not fit its type", str(error).rstrip(".")) from None
    return param


def _chart(path: Path, value: object) -> dict[str, Any] | None:
    chart = _mapping(path, "chart", value)
    if chart and not {"mark", "encoding"} <= chart.keys():
        raise _refusal(path, "its chart lacks a mark or an encoding", "give both, as Vega-Lite wants them")
    return chart or None


def _check_sql(path: Path, sql: str, declared: set[str]) -> None:
    tokens = list(TOKEN.finditer(sql))
    if any(token[2] for token in tokens):
        raise _refusal(path, "it holds more than one statement", "keep one SELECT")
    words = re.sub(r"\s+", " ", TOKEN.sub(lambda token: " " if token[0][:2] in ("--", "/*") else token[0], sql)).strip()
    if not re.match(r"(select|with)\b", words, re.IGNORECASE):
        raise _refusal(path, "it holds no SELECT", "write one after the header")
    used = {token[1] for token in tokens if token[1]}
    if undeclared := used - declared:
        raise _refusal(path, f"it uses :{sorted(undeclared)[0]} without declaring it", "add it to params")
    if unused := declared - used:
        raise _refusal(path, f"it declares {sorted(unused)[0]!r} without using it", "use it or remove it from params")
