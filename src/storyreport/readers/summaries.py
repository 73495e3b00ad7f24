"""Rows of a table that are none of its things: totals, averages, headers and notes, as people write them in between."""

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any

from ..patterns import Pattern

_WORDS = (
    r"(grand |sub[- ]?|zwischen)?(total[es]*|sum|summe|gesamt\w*|ergebnis|somme|suma|totaal|razem|toplam|итого"
    r"|合計|总计|總計|小计|小計)"
)
# Spreadsheets write the word before the name of what is added up, or after it: gpt-4o Total.
# Others say of how many rows it is.
_COUNTED = r"\d+ (rows|calls|requests|entries|records|items)"
TOTAL = Pattern(rf"(?!(?s:.){{200}})({_WORDS}\b.*|.+\s{_WORDS}\s*:?|{_COUNTED})", re.IGNORECASE)
WORD_ALONE = Pattern(rf"{_WORDS}\s*:?", re.IGNORECASE)
RULE = Pattern(r"[-=_*\u2013\u2014]{2,}")
OTHER_SUMMARY = Pattern(
    r"(average|avg|mean|median|mittelwert|durchschnitt|moyenne|promedio|min|max|minimum|maximum|count|anzahl)\.?:?",
    re.IGNORECASE,
)
IS_TOTAL = "a total of the rows above it, which is left out"
IS_TOTAL_OF_ALL = "a total of all rows, which is left out"
IS_OTHER_SUMMARY = "an average or count of other rows, which is left out"
IS_HEADER = "the header once more, which is left out"
IS_RULE = "a rule between rows, which is left out"
IS_NOTE = "a note, which is left out"
# What a row of a table has that a row of totals has not.
NAMES = ("provider", "model", "called_at", "traceid", "id", "request_id", "starttime")
# Columns of texts that alone make no call.
OF_NOTES = frozenset({"run", "story", "step", "endpoint"})
# A note stands in a wider table.
LEAST_COLUMNS = 3
# How many totals of parts a total of several of them may go back.
MOST_TOTALS = 50
# Amounts are rounded to whole cents, or to less.
LEAST_DECIMALS = 2

Row = Mapping[str, Any]
Amounts = Mapping[str, float]


@dataclass
class Totals:
    """The sums of the amounts up to a row, by column and currency, and those at each total that was left out."""

    amounts: dict[str, float] = field(default_factory=dict)
    before: list[dict[str, float]] = field(default_factory=list)

    def why_left_out(self, row: Row, cleaned: Row, summed: Sequence[str], whole: Callable[[], "Whole"]) -> str | None:
        """Why a row of totals is left out; otherwise the row is added to the sums.

        A row of totals names no model, or neither a time nor an id. It has the sum of the amounts above it, or of those
        since an earlier total; one that says so may stand above the rows, or be rounded. An unnamed row has all sums.
        """
        amounts = amounts_of(cleaned, summed)
        if not amounts:
            return None
        currency = str(cleaned.get("currency") or "")
        if may_be_total(row):
            says_total = says_that_it_is_total(row)
            # Two calls may well have the same tokens, and nothing is the sum of any calls that cost nothing.
            is_nameless = not any(map(row.get, NAMES)) and not summed[0].endswith("tokens") and any(amounts.values())
            starts = ({}, *self.before) if says_total else ({},) if is_nameless else ()
            if self.amounts and any(self._are_since(start, amounts, currency) for start in starts):
                self.before = [*self.before[1 - MOST_TOTALS :], dict(self.amounts)]
                return IS_TOTAL
            if says_total and whole().has(amounts, cleaned, currency):
                return IS_TOTAL_OF_ALL
        self.add(amounts, currency)
        return None

    def add(self, amounts: Amounts, currency: str) -> None:
        """Add the amounts of a row."""
        for column, amount in amounts.items():
            name = f"{column} {currency}" if currency else column
            self.amounts[name] = self.amounts.get(name, 0.0) + amount

    def _are_since(self, start: Amounts, amounts: Amounts, currency: str) -> bool:
        """Whether amounts are what was added since an earlier total, in one currency or in all."""
        return any(
            all(
                _is_close(amount, self.of(column, code) - _of(start, column, code))
                for column, amount in amounts.items()
            )
            for code in {currency, None}
        )

    def of(self, column: str, currency: str | None) -> float:
        """The sum of a column in a currency, None for all of them."""
        return _of(self.amounts, column, currency)


@dataclass
class Whole:
    """The sums of all rows of a file but its totals: how many rows, and how many decimals each column has at most."""

    totals: Totals = field(default_factory=Totals)
    rows: int = 0
    decimals: dict[str, int] = field(default_factory=dict)

    def add(self, row: Row, cleaned: Row, summed: Sequence[str]) -> None:
        """Add a row, if it is no total."""
        amounts = amounts_of(cleaned, summed)
        if may_be_total(row) and says_that_it_is_total(row):
            return
        self.totals.add(amounts, str(cleaned.get("currency") or ""))
        self.rows += bool(amounts)
        for column in amounts:
            self.decimals[column] = max(self.decimals.get(column, 0), _decimals(cleaned[column]))

    def has(self, amounts: Amounts, cleaned: Row, currency: str) -> bool:
        """Whether amounts are the sums of all rows, as they are when these and they are rounded, or 0 of no amounts."""
        if not self.rows:
            return not any(amounts.values())
        return any(
            all(
                _is_close(
                    amount,
                    self.totals.of(column, code),
                    _half(_decimals(cleaned[column])) + self.rows * _half(self.decimals.get(column, 0)),
                )
                for column, amount in amounts.items()
            )
            for code in {currency, None}
        )


def why_no_row(row: Row, has_calls: bool) -> str | None:
    """Why a row of a sheet is none: the header again, a note or, of a table of calls, an average."""
    column, value = next(iter(row.items()), ("", None))
    if _is_header(column, value) and all(_is_header(*cell) for cell in row.items() if cell[1]):
        return IS_HEADER
    if isinstance(value, str) and RULE.fullmatch(value) and not any(map(_is_said, row.values())):
        return IS_RULE
    if not has_calls or is_named(row):
        return None
    held = [(column, value) for column, value in row.items() if value]
    first = held[0][1] if held else None
    is_timed = row.get("called_at") not in (None, "", first)
    if not is_timed and isinstance(first, str) and OTHER_SUMMARY.fullmatch(first.strip()):
        return IS_OTHER_SUMMARY
    is_note = len(held) == 1 and held[0][0] in OF_NOTES and len(row) >= LEAST_COLUMNS
    return IS_NOTE if is_note else None


def amounts_of(cleaned: Row, summed: Iterable[str]) -> dict[str, float]:
    """The amounts that a row has, by column."""
    return {column: amount for column in summed if (amount := _float(cleaned.get(column))) is not None}


def is_named(row: Row) -> bool:
    """Whether a row names a provider or model: a row of totals says so in its first cell, whatever its column is."""
    for column in NAMES[:2]:
        name = row.get(column)
        if name and not (isinstance(name, str) and _is_total(name)):
            return True
    return False


def may_be_total(row: Row) -> bool:
    """Whether a row lacks what a call has: a model, or else a time and an id."""
    return not is_named(row) or not (row.get("called_at") or any(map(row.get, NAMES[2:])))


def says_that_it_is_total(row: Row) -> bool:
    """Whether a cell says so; beside a model, which a call has, nothing but the word does."""
    return _says_total(row.values(), WORD_ALONE if is_named(row) else TOTAL)


def _is_header(column: str, value: Any) -> bool:
    return isinstance(value, str) and column in (value.strip(), value.strip().lower().replace(" ", "_"))


def _is_said(value: Any) -> bool:
    return bool(value) and not (isinstance(value, str) and RULE.fullmatch(value.strip()))


def _of(amounts: Amounts, column: str, currency: str | None) -> float:
    if currency is not None:
        return amounts.get(f"{column} {currency}" if currency else column, 0.0)
    return sum(amount for name, amount in amounts.items() if name == column or name.startswith(f"{column} "))


def _is_close(amount: float, total: float, apart: float = 0.0) -> bool:
    return abs(amount - total) <= 1e-6 * (1 + abs(amount)) + apart


def _half(decimals: int) -> float:
    """What rounding to so many decimals takes away at most; nothing where few were written, as of a whole amount."""
    return 0.5 * 10.0**-decimals if decimals >= LEAST_DECIMALS else 0.0


def _decimals(value: Any) -> int:
    text = str(value)
    return 0 if "e" in text.lower() else len(text.partition(".")[2])


def _says_total(values: Iterable[Any], pattern: Pattern = TOTAL) -> bool:
    return any(isinstance(value, str) and pattern.fullmatch(value.strip()) for value in values)


@lru_cache(maxsize=1000)
def _is_total(name: str) -> bool:
    """Whether a name is that of a total; a file has few of them."""
    return _says_total((name,))


def _float(value: Any) -> float | None:
    if type(value) is float:
        return value
    try:
        return float(value) if value is not None and not isinstance(value, bool) else None
    except (TypeError, ValueError):
        return None
