"""A report's file: a YAML header in a leading comment, then one SELECT."""

import re
from collections.abc import Collection
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from .. import headers
from ..errors import StoryreportError, UsageError
from . import chart as charts
from .params import BOUNDS, TYPES, Param

# What a report may have of a lake's source, whatever tables it reads.
LAKE = ("rollups", "current state")
# The parameter of reports whose charts have the period before: the SELECT is run again, for that period.
COMPARE = "compare"
HEADER = re.compile(r"\s*/\*(.*?)\*/(.*)", re.DOTALL)
# A name of a parameter, or what may hold a colon or a semicolon that is not SQL's own: strings, quoted names, comments.
TOKEN = re.compile(
    r"""'(?:[^']|'')*' | "(?:[^"]|"")*" | `[^`]*` | \[[^\]]*\] | --[^\n]* | /\*.*?\*/ | :([A-Za-z_]\w*) | (;)""",
    re.DOTALL | re.VERBOSE,
)


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
    columns: tuple[str, ...] = ()  # once its SELECT was prepared
    headline: tuple[str, ...] = ()  # templates of sentences, see headline.py
    lake: str = ""  # what it has of a lake, where that is not known by what it reads, see lakes.py

    @property
    def drawn(self) -> list[str]:
        """The columns that its chart draws: what it is about."""
        return charts.fields(self.chart or {})

    @property
    def draws_before(self) -> bool:
        """Whether its chart can have the period before; a SELECT that uses `compare` itself has columns for it."""
        return any(param.name == COMPARE for param in self.params) and f":{COMPARE}" not in self.sql

    @property
    def summary(self) -> str:
        """The first sentence of the description."""
        return re.split(r"(?<=\.)\s", self.description, maxsplit=1)[0]

    @property
    def details(self) -> str:
        """How it is counted: the rest of the description."""
        return self.description.removeprefix(self.summary).strip()


class BrokenReportError(StoryreportError):
    """A report file that cannot be used; the message is `file:line: reason.`."""

    def __init__(self, path: Path, line: int, reason: str):
        super().__init__(f"{path}:{line}: {reason.rstrip('.')}.")
        self.path = path
        self.line = line
        self.reason = reason

    @property
    def name(self) -> str:
        """The report's name."""
        return self.path.stem


def read_report(path: Path) -> Report:
    """The report in a file; BrokenReportError where its header or its SQL is not as it should be."""
    return _File(path).report()


class _File:
    """A report's file while it is read: its text, and the lines that complaints name."""

    def __init__(self, path: Path):
        self.path = path
        try:
            self.text = path.read_text(encoding="utf-8")
        except UnicodeDecodeError:
            raise BrokenReportError(path, 1, "it is not UTF-8 text; save it as UTF-8") from None
        found = HEADER.fullmatch(self.text)
        if not found:
            raise BrokenReportError(path, 1, "it does not begin with a /* … */ comment that holds its YAML header")
        self.header_text, self.sql = found[1], found[2].strip().removesuffix(";").rstrip()
        self.header_start, self.sql_start = found.start(1), self.text.find(self.sql, found.start(2))

    def report(self) -> Report:
        header = self._header()
        self._check_keys(
            "its header", header, {"title", "description", "topic"}, {"params", "chart", "headline", "lake"}
        )
        declared = self._mapping("params", header.get("params"))
        params = tuple(self._param(name, value) for name, value in declared.items())
        chart = self._chart(header.get("chart"))
        self._check_sql({param.name for param in params})
        return Report(
            name=self.path.stem,
            title=str(header["title"]),
            description=" ".join(str(header["description"]).split()),
            topic=str(header["topic"]),
            params=params,
            chart=chart,
            sql=self.sql,
            headline=self._headline(header.get("headline")),
            lake=self._lake(header.get("lake")),
        )

    def broken(self, reason: str, word: str = "", place: int | None = None) -> BrokenReportError:
        """A complaint about a place in the text, or the first line of the header that has this word."""
        if place is None:
            found = re.search(rf"(?<![\w]){re.escape(word)}(?!\w)", self.header_text) if word else None
            place = self.header_start + (found.start() if found else 0)
        return BrokenReportError(self.path, self.text.count("\n", 0, place) + 1, reason)

    def _header(self) -> dict[str, Any]:
        if ours := headers.stored(headers.REPORTS, self.text):
            return dict(ours["header"])
        try:
            return self._mapping("its header", headers.parse(self.header_text))
        except ValueError as error:
            mark = getattr(error.__cause__, "problem_mark", None)
            said = getattr(error.__cause__, "problem", None) or " ".join(str(error).split())
            place = self.header_start + (mark.index if mark else 0)
            raise self.broken(f"its header is not YAML ({said})", place=place) from None

    def _mapping(self, what: str, value: object) -> dict[str, Any]:
        if value is None:
            return {}
        if not isinstance(value, dict) or not all(isinstance(key, str) for key in value):
            raise self.broken(f"{what} is not a mapping; write `name: value` lines", what)
        return value

    def _check_keys(self, where: str, value: dict[str, Any], needed: set[str], allowed: set[str]) -> None:
        if unknown := sorted(value.keys() - needed - allowed):
            known = ", ".join(sorted(needed | allowed))
            raise self.broken(f"{where} has the unknown key {unknown[0]!r}; the known keys are {known}", unknown[0])
        if missing := needed - {key for key, found in value.items() if found}:
            raise self.broken(f"{where} lacks {', '.join(sorted(missing))}", where.partition("'")[2].rstrip("'"))

    def _param(self, name: str, value: object) -> Param:
        where = f"parameter {name!r}"
        fields = self._mapping(where, value)
        self._check_keys(where, fields, {"type", "help"}, {"default", "choices", "least"})
        if fields["type"] not in TYPES:
            raise self.broken(
                f"{where} has the unknown type {fields['type']!r}; use one of {', '.join(TYPES)}", str(fields["type"])
            )
        default = fields.get("default")
        choices, least = self._choices(where, fields), self._least(where, fields)
        text = "" if default is None else str(default)
        param = Param(name, fields["type"], text, str(fields["help"]), choices, least)
        try:
            param.value(param.default)
        except UsageError as error:
            raise self.broken(
                f"the default of {where} does not fit its type ({str(error).rstrip('.')})", name
            ) from None
        return param

    def _least(self, where: str, fields: dict[str, Any]) -> float | None:
        least: float | None = fields.get("least")
        if least is not None and (fields["type"] not in BOUNDS or type(least) not in (int, float)):
            raise self.broken(f"least of {where} is not a number, or its type is none of {', '.join(BOUNDS)}", "least")
        return least

    def _choices(self, where: str, fields: dict[str, Any]) -> tuple[str, ...]:
        choices = fields.get("choices")
        word = where.partition("'")[2].rstrip("'") if choices is None else "choices"
        if (fields["type"] == "choice") != (choices is not None):
            raise self.broken(f"{where} needs `choices` with the type choice, and that type with `choices`", word)
        if choices is not None and not (isinstance(choices, list) and choices):
            raise self.broken(f"the choices of {where} are not a list; write [day, week]", word)
        return tuple(map(str, choices or ()))

    def _chart(self, value: object) -> dict[str, Any] | None:
        chart = self._mapping("chart", value)
        for word, reason in charts.problems(chart) if chart else ():
            raise self.broken(reason, word)
        return chart or None

    def _headline(self, value: object) -> tuple[str, ...]:
        sentences = [value] if isinstance(value, str) else value or []
        if not isinstance(sentences, list) or not all(isinstance(sentence, str) for sentence in sentences):
            raise self.broken("its headline is not a sentence, or a list of them", "headline")
        return tuple(" ".join(sentence.split()) for sentence in sentences)

    def _lake(self, value: object) -> str:
        if value is not None and value not in LAKE:
            raise self.broken(f"its lake is not one of {', '.join(LAKE)}", "lake")
        return str(value or "")

    def _check_sql(self, declared: Collection[str]) -> None:
        tokens = list(TOKEN.finditer(self.sql))
        for token in tokens:
            if token[2]:
                raise self.broken("it holds more than one statement; keep one SELECT", place=self._sql_place(token))
            if token[1] and token[1] not in declared:
                raise self.broken(
                    f"it uses :{token[1]} without declaring it; add it to params", place=self._sql_place(token)
                )
        bare = TOKEN.sub(lambda token: " " if token[0][:2] in ("--", "/*") else token[0], self.sql)
        if not re.match(r"\s*(select|with)\b", bare, re.IGNORECASE):
            raise self.broken("it holds no SELECT after its header", place=max(self.sql_start, 0))
        used = {token[1] for token in tokens}
        if unused := [name for name in declared if name not in used and name != COMPARE]:
            name = sorted(unused)[0]
            raise self.broken(f"it declares {name!r} without using it; use it or remove it from params", name)

    def _sql_place(self, token: re.Match[str]) -> int:
        return self.sql_start + token.start()
