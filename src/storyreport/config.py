"""The sources file `storyreport.toml`, read and checked; its JSON schema comes from the same tables of keys."""

import difflib
import os
import re
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, NamedTuple

from .errors import StoryreportError, UsageError
from .system import STATUSES

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib

NAME = "storyreport.toml"
AGE = re.compile(r"([1-9]\d{0,5})([mhdw])", re.ASCII)
AGE_MINUTES = {"m": 1, "h": 60, "d": 1440, "w": 10_080}
VARIABLE = re.compile(r"\$\{(\w+)\}", re.ASCII)
# A password in a URL that is no variable.
PASSWORD = re.compile(r"://[^/@:]*:(?!\$\{\w+\}@)[^/@]+@|[?&]password=(?!\$\{)")


class Kind(NamedTuple):
    """A kind of value: whether one is of it, the words for it, and its JSON schema."""

    accepts: Callable[[Any], bool]
    words: str
    schema: Mapping[str, Any]


def _is_text(value: Any) -> bool:
    return isinstance(value, str) and bool(value.strip())


def _is_number(value: Any) -> bool:
    return isinstance(value, (int, float)) and not isinstance(value, bool) and 0 < value < 1e9


def _are_texts(value: Any) -> bool:
    return isinstance(value, list) and bool(value) and all(map(_is_text, value))


TEXT_SCHEMA = {"type": "string", "pattern": r"\S"}
TEXTS_SCHEMA = {"type": "array", "items": TEXT_SCHEMA, "minItems": 1}
KINDS = {
    "text": Kind(_is_text, "a text", TEXT_SCHEMA),
    "texts": Kind(_are_texts, 'a list of texts, such as ["failure_pct > 10 in 24h"]', TEXTS_SCHEMA),
    "places": Kind(
        lambda value: _is_text(value) or _are_texts(value),
        "a text or a list of texts",
        {"anyOf": [TEXT_SCHEMA, TEXTS_SCHEMA]},
    ),
    "flag": Kind(lambda value: isinstance(value, bool), "true or false", {"type": "boolean"}),
    "number": Kind(
        _is_number, "a number above 0", {"type": "number", "exclusiveMinimum": 0, "exclusiveMaximum": 1_000_000_000}
    ),
    "age": Kind(
        lambda value: isinstance(value, str) and bool(AGE.fullmatch(value)),
        "an age such as 30m, 24h, 7d or 2w",
        {"type": "string", "pattern": f"^{AGE.pattern}$".replace(r"\d", "[0-9]")},
    ),
    "words": Kind(
        lambda value: isinstance(value, dict) and all(meaning in STATUSES for meaning in value.values()),
        f"a table of status words, each one of {', '.join(STATUSES)}",
        {"type": "object", "additionalProperties": {"enum": list(STATUSES)}},
    ),
}
# What a table looks like that people write in another way.
TABLES = {"sources": "tables with a name each, such as [sources.nightly]"}
# The keys of each table: their kind and meaning.
SOURCE = {
    "location": ("places", "file, folder, pattern or PostgreSQL URL, or several; relative to this file"),
    "system": ("text", "system that wrote the source [default: recognised]"),
    "timezone": ("text", "zone of times without an offset, such as Europe/Madrid [default: UTC]"),
    "status": ("words", "meanings of status words: { gate_closed = 'failed' }"),
    "prices": ("text", "your own prices (YAML)"),
    "with_text": ("flag", "also copy prompts and story texts"),
    "append": ("flag", "rows that the files lack are not marked as deleted"),
    "freshness": ("age", "the source is stale once its last ingest is older"),
}
# Numbers of `health` by the parameter that takes them, in every report that has it.
PARAMS = {"silent_minutes": "minutes", "queued_minutes": "queued_minutes", "consecutive_failures": "failures"}
HEALTH = {
    "silent_minutes": ("number", "running work that gives no sign for so long is stuck [default: 60]"),
    "queued_minutes": ("number", "so is queued or waiting work after so long [default: 1440]"),
    "consecutive_failures": ("number", "a story that failed so often in a row is blocked [default: 3]"),
    "freshness": ("age", "a source is stale once its last ingest is older [default: 1d]"),
}
FILE = {
    "limits": ("texts", "what `storyreport check` holds: 'failure_pct > 10 in 24h'"),
    "health": ("table", "the limits of the health checks"),
    "sources": ("table", "the sources, by name"),
}


@dataclass(frozen=True)
class Source:
    """A source of the file: its places with variables replaced, and how it is read."""

    name: str
    places: tuple[str, ...]
    system: str | None = None
    timezone: str | None = None
    status: Mapping[str, str] = field(default_factory=dict)
    prices: Path | None = None
    with_text: bool | None = None
    append: bool = False
    freshness_minutes: int | None = None


@dataclass(frozen=True)
class Config:
    """What a sources file says."""

    path: Path
    sources: tuple[Source, ...] = ()
    limits: tuple[str, ...] = ()
    health: Mapping[str, str] = field(default_factory=dict)  # parameter of reports → value


def minutes(age: str) -> int:
    """The minutes of an age: 24h → 1440."""
    found = AGE.fullmatch(age)
    if not found:
        raise UsageError(f"{age!r} is not {KINDS['age'].words}.")
    return int(found[1]) * AGE_MINUTES[found[2]]


def read(path: Path) -> Config:
    """The sources file at a path; UsageError with the line of what is wrong with it."""
    try:
        text = path.read_text(encoding="utf-8")
        content = tomllib.loads(text)
    except UnicodeDecodeError:
        raise UsageError(f"{path} is not UTF-8 text: save it as UTF-8.") from None
    except tomllib.TOMLDecodeError as error:
        raise UsageError(f"{path} is not TOML: {str(error)[:1].lower()}{str(error)[1:]}.") from None
    file = _File(path, text)
    file.check(content, FILE, "")
    file.check(content.get("health", {}), HEALTH, "health")
    for name, about in content.get("sources", {}).items():
        table = f"sources.{name}"
        if not isinstance(about, dict):
            raise file.wrong("sources", name, f"{name!r} is not a table: write [sources.{name}]")
        if not name.strip() or not name.isprintable():
            raise file.wrong("sources", name, f"the source name {name!r} is empty or has unprintable characters")
        file.check(about, SOURCE, table)
        if "location" not in about:
            raise file.wrong(table, "", f"[{table}] has no location")
    health = {PARAMS[key]: str(value) for key, value in content.get("health", {}).items() if key in PARAMS}
    if age := content.get("health", {}).get("freshness"):
        health["stale_minutes"] = str(minutes(age))
    sources = tuple(file.source(name, about) for name, about in content.get("sources", {}).items())
    return Config(path, sources, tuple(content.get("limits", ())), health)


def schema() -> dict[str, Any]:
    """The JSON schema of the file, for editors."""

    def table(keys: Mapping[str, tuple[str, str]], **more: Any) -> dict[str, Any]:
        properties = {name: {**KINDS[kind].schema, "description": text} for name, (kind, text) in keys.items()}
        return {"type": "object", "additionalProperties": False, "properties": properties, **more}

    named = {"propertyNames": {"pattern": r"\S"}, "additionalProperties": table(SOURCE, required=["location"])}
    texts = {name: text for name, (_, text) in FILE.items()}
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": NAME,
        "type": "object",
        "additionalProperties": False,
        "properties": {
            "limits": {**KINDS["texts"].schema, "description": texts["limits"]},
            "health": {**table(HEALTH), "description": texts["health"]},
            "sources": {"type": "object", **named, "description": texts["sources"]},
        },
    }


class _File:
    """The file while it is read: its text, for the lines that complaints name."""

    def __init__(self, path: Path, text: str):
        self.path = path
        self.lines = text.splitlines()

    def wrong(self, table: str, key: str, reason: str) -> UsageError:
        """A complaint about a key of a table."""
        return UsageError(f"{self.path}:{self.line(table, key)}: {reason}.")

    def line(self, table: str, key: str) -> int:
        """The line of a key in a table, otherwise that of the table, otherwise the first one with the key."""
        current, start, anywhere = "", 0, 0
        for number, line in enumerate(self.lines, 1):
            if found := re.match(r"\s*\[+([^\]]+)\]", line):
                current = found[1].replace('"', "").replace("'", "").replace(" ", "")
                start = number if current == table.replace(" ", "") else start
            begun = line.strip().lstrip("\"'")
            if key and begun.startswith(key):
                anywhere = anywhere or number
                if current == table.replace(" ", ""):
                    return number
        return start or anywhere or 1

    def check(self, content: Any, keys: Mapping[str, tuple[str, str]], table: str) -> None:
        """Raise UsageError for an unknown key or a wrong value of a table."""
        where = f"[{table}]" if table else "the file"
        for key, value in content.items():
            if key not in keys:
                close = difflib.get_close_matches(key, keys, n=1)
                hint = f" (did you mean {close[0]}?)" if close else ""
                raise self.wrong(
                    table, key, f"{where} has the unknown key {key!r}{hint}; its keys are {', '.join(keys)}"
                )
            kind = keys[key][0]
            if kind == "table" and not isinstance(value, dict):
                raise self.wrong(table, key, f"{key} must be {TABLES.get(key, f'a table, [{key}]')}")
            if kind != "table" and not KINDS[kind].accepts(value):
                raise self.wrong(table, key, f"{key} must be {KINDS[kind].words}")

    def source(self, name: str, about: Mapping[str, Any]) -> Source:
        """A source, its paths from the file's folder on."""
        table = f"sources.{name}"
        given = [about["location"]] if isinstance(about["location"], str) else about["location"]
        if any(map(PASSWORD.search, given)):
            raise self.wrong(
                table, "location", "the location holds a password: write ${PGPASSWORD} and set that variable"
            )
        places = [self._filled(place, table, "location") for place in given]
        folder = self.path.absolute().parent
        prices = about.get("prices")
        return Source(
            name,
            tuple(place if "://" in place else os.path.join(folder, place) for place in places),
            system=about.get("system"),
            timezone=about.get("timezone"),
            status=about.get("status", {}),
            prices=folder / self._filled(prices, table, "prices") if prices else None,
            with_text=about.get("with_text"),
            append=about.get("append", False),
            freshness_minutes=minutes(about["freshness"]) if "freshness" in about else None,
        )

    def _filled(self, text: str, table: str, key: str) -> str:
        for variable in VARIABLE.findall(text):
            if variable not in os.environ:
                raise self.wrong(table, key, f"the environment variable {variable} is not set")
        return VARIABLE.sub(lambda found: os.environ[found[1]], text)


def find(given: Path | None) -> Config | None:
    """The file that was given, or the one of this folder; None where there is none, StoryreportError if given so."""
    path = given or Path(NAME)
    if path.is_file():
        return read(path)
    if given:
        raise StoryreportError(f"{given} does not exist: `storyreport init` writes a sources file.")
    return None
