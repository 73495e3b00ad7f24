"""Price files: prices of one's own in YAML, of which the report database keeps the last one."""

import math
import re
import sqlite3
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Any

from ..errors import StoryreportError
from .rates import AFTER_LAST_DAY, FIRST_DAY, MATCHED, WITHIN, Rate

OF_TOKENS = ("per_1m_input_tokens", "per_1m_cached_input_tokens", "per_1m_output_tokens")
PRICES = ("per_call", "per_second", "per_1m_characters", *OF_TOKENS)
KEYS = (*MATCHED, "from", "until", "currency", *PRICES)


@dataclass(frozen=True)
class Entry:
    """One entry of a price file: the calls that it is for, and their rate."""

    patterns: dict[str, re.Pattern[str]]
    rate: Rate

    def matches(self, call: dict[str, str]) -> bool:
        """Whether it is for calls of this provider, model and endpoint (on the days of its rate)."""
        return all(pattern.fullmatch(call[field]) for field, pattern in self.patterns.items())


@dataclass(frozen=True)
class PriceFile:
    """Prices of one's own: the file's text, and its entries, of which the first that matches decides."""

    text: str = ""
    entries: tuple[Entry, ...] = ()


def read_price_file(path: Path) -> PriceFile:
    """A price file (YAML); StoryreportError names the entry that is none."""
    try:
        text = path.read_text(encoding="utf-8")
    except OSError as error:
        raise StoryreportError(f"{path} cannot be read as a price file ({error.strerror or error}).") from None
    except UnicodeDecodeError:
        raise StoryreportError(f"{path} cannot be read as a price file (it is not UTF-8 text).") from None
    return parse(text, str(path))


def parse(text: str, name: str) -> PriceFile:
    """The prices in the text of a price file; `name` is what errors call it."""
    import yaml

    try:
        content = yaml.safe_load(text)
    except (yaml.YAMLError, ValueError, RecursionError) as error:
        mark = getattr(error, "problem_mark", None)
        # A day or a number that cannot be, has no mark.
        where = f" (line {mark.line + 1})" if mark else f" ({error})" if isinstance(error, ValueError) else ""
        raise StoryreportError(f"{name} is not valid YAML{where}: fix it there.") from None
    if not isinstance(content, dict) or set(content) != {"prices"} or not isinstance(content["prices"], list):
        raise StoryreportError(f"{name} is not a price file: it must hold a list under `prices:` and nothing else.")
    entries = content["prices"]
    return PriceFile(text, tuple(_entry(entry, f"{name}, entry {n}") for n, entry in enumerate(entries, start=1)))


def _entry(entry: Any, name: str) -> Entry:
    if not isinstance(entry, dict):
        raise StoryreportError(f"{name}: must be a mapping of {', '.join(KEYS)}, not {entry!r}.")
    if unknown := [key for key in entry if key not in KEYS]:
        raise StoryreportError(f"{name}: {unknown[0]!r} is unknown, only {', '.join(KEYS)} are.")
    patterns = {field: _pattern(entry[field], field, name) for field in MATCHED if field in entry}
    if not patterns:
        raise StoryreportError(f"{name}: must have a provider, model or endpoint.")
    amounts = {key: _amount(entry[key], key, name) for key in PRICES if key in entry}
    if not amounts:
        raise StoryreportError(f"{name}: has no price, give it one of {', '.join(PRICES)}.")
    currency = entry.get("currency", "USD")
    if not isinstance(currency, str) or not re.fullmatch("[A-Za-z]{3}", currency):
        raise StoryreportError(f"{name}: currency must be three letters like EUR, not {currency!r}.")
    first = _day(entry["from"], "from", name) if "from" in entry else None
    last = _day(entry["until"], "until", name) if "until" in entry else None
    if first and last and first > last:
        raise StoryreportError(f"{name}: ends before it begins (from {first}, until {last}).")
    per_input = amounts.get("per_1m_input_tokens", 0.0)
    # Cached tokens are input tokens: without a price of their own they have that of the others.
    per_cached = amounts.get("per_1m_cached_input_tokens", per_input)
    rate = Rate(
        priced_as="price file: " + "/".join(str(entry.get(field, "*")) for field in MATCHED),
        currency=currency.upper(),
        is_free=not any(amounts.values()),
        per_call=amounts.get("per_call", 0.0),
        per_second=amounts.get("per_second"),
        takes_tokens=bool(amounts.keys() & {"per_1m_characters", *OF_TOKENS}),
        prices_tokens=bool(amounts.keys() & {*OF_TOKENS}),
        per_input_token=per_input / 1e6,
        per_cache_read_token=per_cached / 1e6,
        per_cache_write_token=per_input / 1e6,
        per_output_token=amounts.get("per_1m_output_tokens", 0.0) / 1e6,
        from_day=first.isoformat() if first else FIRST_DAY,
        until_day=(last + timedelta(days=1)).isoformat() if last and last < date.max else AFTER_LAST_DAY,
        # The file prices all tokens alike; a search has no price in it.
        details=dict.fromkeys(WITHIN, 0.0) | _characters(amounts),
    )
    return Entry(patterns, rate)


def _characters(amounts: dict[str, float]) -> dict[str, float]:
    per_million = amounts.get("per_1m_characters")
    return {} if per_million is None else {"input_characters": per_million / 1e6}


def _pattern(value: Any, field: str, name: str) -> re.Pattern[str]:
    if not isinstance(value, str):
        raise StoryreportError(f"{name}: {field} must be a text, not {value!r} (put it in quotes).")
    return re.compile(".*".join(map(re.escape, value.split("*"))), re.IGNORECASE | re.DOTALL)


def _amount(value: Any, key: str, name: str) -> float:
    try:
        if isinstance(value, (int, float)) and not isinstance(value, bool) and 0 <= float(value) < math.inf:
            return float(value)
    except OverflowError:
        pass
    raise StoryreportError(f"{name}: {key} must be a number from 0 up like 0.04, not {value!r}.")


def _day(value: Any, key: str, name: str) -> date:
    if isinstance(value, date) and not isinstance(value, datetime):
        return value
    try:
        if isinstance(value, str) and re.fullmatch(r"\d{4}-\d\d-\d\d", value):
            return date.fromisoformat(value)
    except ValueError:
        pass
    raise StoryreportError(f"{name}: {key} must be a date YYYY-MM-DD, not {value!r}.")


def keep(connection: sqlite3.Connection, price_file: PriceFile, now: str) -> None:
    """Keep a price file in the report database, for the next ingests; nothing is written where it is kept already."""
    connection.execute(
        """
        insert into main.price_files (yaml, read_at)
        select :yaml, :now
        where :yaml is not (select yaml from main.price_files order by id desc limit 1)
        """,
        {"yaml": price_file.text, "now": now},
    )


def kept(connection: sqlite3.Connection) -> PriceFile:
    row = connection.execute("select yaml from main.price_files order by id desc limit 1").fetchone()
    return parse(row[0], "The price file that the report database keeps") if row else PriceFile()
