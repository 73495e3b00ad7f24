"""Dashboards: one file `pages/<name>.yml` each, which puts numbers, charts and tables of reports on one page."""

import difflib
import functools
import os
import re
import time
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from . import bundle, reports
from .errors import StoryreportError, UsageError

# The users' own folders, as PATH has them.
FOLDERS = "STORYREPORT_PAGES"
NAME = re.compile(r"[a-z0-9][a-z0-9_-]{0,63}")
# A value within a text: {report.column} of the report's first row, {report.column.sum} of all rows, {….sum@month} of
# those of the first row's month.
VALUE = re.compile(r"\{(\w+)\.(\w+)(\.(?:sum|max|min)(?:@\w+)?)?\}")
# What stands for the number of rows.
ROWS = "rows"
SHOWN = ("number", "chart", "table")
WIDTHS = ("third", "half", "full")
MOST_PARTS, MOST_ROWS = 24, 100
KEYS = {
    "page": ({"title", "parts"}, {"text"}),
    "part": ({"report", "show"}, {"title", "text", "params", "column", "label", "columns", "rows", "width"}),
}


class BrokenPageError(StoryreportError):
    """A page file that cannot be used; the message is `file:line: reason.`."""

    def __init__(self, path: Path, line: int, reason: str):
        super().__init__(f"{path}:{line}: {reason.rstrip('.')}.")
        self.path, self.line, self.reason = path, line, reason

    @property
    def name(self) -> str:
        """The page's name."""
        return self.path.stem


@dataclass(frozen=True)
class Part:
    """A report on a dashboard: as numbers of a column, as its chart or as a table."""

    report: str
    show: str
    title: str
    text: str
    params: dict[str, str]
    column: str  # of numbers
    label: str  # the column that tells several numbers apart
    rows: int  # at most so many
    width: str
    columns: tuple[str, ...] = ()  # of a table; all that have values where none is named


@dataclass(frozen=True)
class Dashboard:
    """A page of parts below a text; values in the text are written {report.column}."""

    name: str
    title: str
    text: str
    parts: tuple[Part, ...]


@dataclass(frozen=True)
class Dashboards:
    """The dashboards that can be used, by name, what is wrong with other files, and folders that hold none."""

    pages: dict[str, Dashboard] = field(default_factory=dict)
    broken: tuple[BrokenPageError, ...] = ()
    missing: tuple[str, ...] = ()


def add_folders(folders: Iterable[Path]) -> None:
    """Add folders of pages for this process and those that it starts."""
    known = filter(None, os.environ.get(FOLDERS, "").split(os.pathsep))
    if joined := os.pathsep.join([*known, *(str(folder.absolute()) for folder in folders)]):
        os.environ[FOLDERS] = joined


def load() -> Dashboards:
    """The dashboards as the files are now."""
    return _load(int(time.monotonic()), os.environ.get(FOLDERS, ""))


def read_folders(folders: Iterable[Path]) -> Dashboards:
    """The dashboards of some folders; of two of a name the first one holds."""
    pages: dict[str, Dashboard] = {}
    broken, missing = [], []
    for folder in folders:
        files = sorted(folder.glob("*.yml")) if folder.is_dir() else []
        if not files:
            missing.append(f"{folder} {'holds no page (*.yml)' if folder.is_dir() else 'does not exist'}.")
        for path in files:
            try:
                if path.stem in pages:
                    raise BrokenPageError(path, 1, f"there is a page {path.stem!r} already; rename the file")
                pages[path.stem] = read(path)
            except BrokenPageError as error:
                broken.append(error)
            except OSError as error:
                broken.append(BrokenPageError(path, 1, f"it cannot be read ({error.strerror})"))
    return Dashboards(dict(sorted(pages.items())), tuple(broken), tuple(missing))


@functools.lru_cache(maxsize=1)
def _load(_second: int, own: str) -> Dashboards:
    return read_folders([bundle.root() / "pages", *map(Path, filter(None, own.split(os.pathsep)))])


def read(path: Path) -> Dashboard:
    """The dashboard in a file; BrokenPageError where it names what is not there or is not as it should be."""
    return _File(path).dashboard()


class _File:
    """A page's file while it is read; complaints name the line of the YAML that they are about."""

    def __init__(self, path: Path):
        self.path = path
        if not NAME.fullmatch(path.stem):
            raise self.broken("its name is its address; use small letters, digits, _ and -")
        try:
            self.text = path.read_text(encoding="utf-8")
        except UnicodeDecodeError:
            raise self.broken("it is not UTF-8 text; save it as UTF-8") from None

    def broken(self, reason: str, node: Any = None) -> BrokenPageError:
        return BrokenPageError(self.path, node.start_mark.line + 1 if node else 1, reason)

    def dashboard(self) -> Dashboard:
        values = self._values("page", self._yaml())
        self._check_text(values.get("text"))
        nodes = self._items(values["parts"])
        return Dashboard(
            self.path.stem,
            self._word(values["title"]),
            self._word(values.get("text")),
            tuple(map(self._part, nodes)),
        )

    def _yaml(self) -> Any:
        import yaml

        try:
            node = yaml.compose(self.text, Loader=yaml.SafeLoader)
        except yaml.YAMLError as error:
            mark = getattr(error, "problem_mark", None)
            problem = getattr(error, "problem", None) or " ".join(str(error).split())
            raise BrokenPageError(self.path, mark.line + 1 if mark else 1, f"it is not YAML ({problem})") from None
        except RecursionError:
            raise self.broken("it is nested too deeply") from None
        if node is None:
            raise self.broken("it is empty; it needs a title and parts")
        return node

    def _values(self, kind: str, node: Any) -> dict[str, Any]:
        """The nodes of a mapping by key, whose keys are those of this kind."""
        needed, allowed = KEYS[kind]
        found = dict(self._pairs(f"a {kind}", node))
        for key, (name_node, _) in found.items():
            if key not in needed | allowed:
                known = ", ".join(sorted(needed | allowed))
                raise self.broken(f"a {kind} has no key {key!r}; the known keys are {known}", name_node)
        if missing := sorted(needed - found.keys()):
            raise self.broken(f"a {kind} needs {' and '.join(missing)}", node)
        return {key: value for key, (_, value) in found.items()}

    def _pairs(self, what: str, node: Any) -> Iterator[tuple[str, tuple[Any, Any]]]:
        if node.id != "mapping" or not all(name.id == "scalar" for name, _ in node.value):
            raise self.broken(f"{what} is not a mapping; write `name: value` lines", node)
        seen = set()
        for name, value in node.value:
            if name.value in seen:
                raise self.broken(f"{what} has {name.value!r} twice; keep one", name)
            seen.add(name.value)
            yield name.value, (name, value)

    def _items(self, node: Any) -> list[Any]:
        if node.id != "sequence" or not 0 < len(node.value) <= MOST_PARTS:
            raise self.broken(f"parts is not a list of 1 to {MOST_PARTS} parts; begin each with `- report: NAME`", node)
        return list(node.value)

    def _word(self, node: Any) -> str:
        if node is None:
            return ""
        if node.id != "scalar":
            raise self.broken("a text is expected here", node)
        return " ".join(str(node.value).split())

    def _part(self, node: Any) -> Part:
        values = self._values("part", node)
        report = self._report(values["report"])
        show = self._one_of("show", values["show"], SHOWN)
        self._check_text(values.get("text"))
        if show == "chart" and not report.chart:
            raise self.broken(f"{report.name} has no chart; show a table or a number", values["show"])
        if (show == "number") != ("column" in values):
            raise self.broken("show: number needs a column, and a column needs show: number", node)
        if "columns" in values and show != "table":
            raise self.broken("columns are those of show: table", values["columns"])
        return Part(
            report.name,
            show,
            self._word(values.get("title")) or report.title,
            self._word(values.get("text")),
            self._params(report, values.get("params"), node),
            self._column(report, values.get("column")),
            self._column(report, values.get("label")),
            self._count(values.get("rows"), 1 if show == "number" else 10),
            self._one_of("width", values["width"], WIDTHS) if "width" in values else _width(show),
            self._columns(report, values.get("columns")),
        )

    def _report(self, node: Any) -> reports.Report:
        try:
            return reports.find(self._word(node))
        except StoryreportError as error:
            raise self.broken(str(error), node) from None

    def _one_of(self, key: str, node: Any, words: tuple[str, ...]) -> str:
        word = self._word(node)
        if word not in words:
            raise self.broken(f"{key} is one of {', '.join(words)}, not {word!r}", node)
        return word

    def _params(self, report: reports.Report, node: Any, part: Any) -> dict[str, str]:
        pairs = {name: self._word(value) for name, (_, value) in self._pairs("params", node)} if node else {}
        try:
            values = reports.bind(report, pairs)
        except UsageError as error:
            raise self.broken(str(error), node) from None
        if needed := [param.name for param in report.params if param.is_required and not values[param.name]]:
            raise self.broken(f"{report.name} needs a {needed[0]}; give it below params", node or part)
        return {name: value for name, value in pairs.items() if value}

    def _column(self, report: reports.Report, node: Any) -> str:
        name = self._word(node)
        if name and name not in (*report.columns, ROWS):
            raise self.broken(_unknown_column(report, name), node)
        return name

    def _columns(self, report: reports.Report, node: Any) -> tuple[str, ...]:
        if node is None:
            return ()
        if node.id != "sequence" or not node.value:
            raise self.broken("columns is not a list of columns; write [step, failure_pct]", node)
        for each in node.value:
            if self._word(each) not in report.columns:
                raise self.broken(_unknown_column(report, self._word(each)), each)
        return tuple(self._word(each) for each in node.value)

    def _count(self, node: Any, default: int) -> int:
        text = self._word(node) or str(default)
        if not (text.isascii() and text.isdigit() and 0 < int(text[:9]) <= MOST_ROWS):
            raise self.broken(f"rows is a number from 1 to {MOST_ROWS}, not {text!r}", node)
        return int(text)

    def _check_text(self, node: Any) -> None:
        for name, column, total in VALUE.findall(self._word(node)):
            try:
                report = reports.find(name)
            except StoryreportError as error:
                raise self.broken(str(error), node) from None
            if column not in (*report.columns, ROWS):
                raise self.broken(_unknown_column(report, column), node)
            same = total.partition("@")[2]
            if same and same not in report.columns:
                raise self.broken(_unknown_column(report, same), node)
            if needed := [param.name for param in report.params if param.is_required]:
                raise self.broken(f"{{{name}.{column}}} needs a {needed[0]}: a text has none to give", node)


def _width(show: str) -> str:
    return {"number": "third", "chart": "full", "table": "full"}[show]


def _unknown_column(report: reports.Report, name: str) -> str:
    close = difflib.get_close_matches(name, report.columns, n=1)
    return f"{report.name} has no column {name!r}{f': did you mean {close[0]}?' if close else ''}"
