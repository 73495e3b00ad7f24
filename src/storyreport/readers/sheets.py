"""Tables as people keep them in spreadsheets: numbers, amounts and dates in any country's form.

What a number or a date means is decided by its whole column, since 1,234 and 3/4/2026 alone say too little. What cannot
be decided stays as it is, so that it is dropped and said.
"""

import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from ..errors import NotContinuedError
from ..patterns import Pattern
from ..system import NUMBERS, TIMES, Table, Type
from ..values import SHARED_SIGNS, UNKNOWN_CURRENCY, currency_code
from ..values.days import DATE, in_iso, order_of
from . import text
from .columns import AMOUNT_IN, AMOUNT_IN_PARTS, PARTS, UNIT, is_rounded
from .summaries import Totals, Whole, why_no_row

Row = dict[str, Any]
# The words for "no value".
NO_VALUE = frozenset({"", "-", "\u2013", "\u2014", "n/a", "na", "#n/a", "none", "null", "nil", "<na>"})
PLAIN = Pattern(r"-?\d+(?:\.(?:\d{1,2}|\d{4,}))?(?:[eE][+-]?\d+)?", re.ASCII)
NUMBER = Pattern(r"-?\d+(?:\.\d+)?(?:[eE][+-]?\d{1,3})?", re.ASCII)
# A sign of a currency, a number, a sign of a currency; (0.50), $(0.50) and 0.50- are negative. Longer texts are none.
AMOUNT = Pattern(
    r"(?!(?s:.){200})(?P<open>\()?(?P<minus>[-\u2212])?(?P<before>[^\d.,()+-]*)(?P<inner>[-\u2212(])?"
    r"(?P<number>[\d.,'\u2019 \u00a0\u202f]*\d(?:[eE][+-]?\d+)?)(?P<after>[^\d.,()]*)(?P<close>\))?"
)
# Nothing has thousands before an exponent, with which spreadsheets write small amounts (6,5E-05).
DECIMAL_COMMA = Pattern(r"0?,\d+|\d+,(?:\d{1,2}|\d{4,}|\d+E[+-]?\d+)|\d{1,3}(?:\.\d{3})+,\d+", re.ASCII | re.IGNORECASE)
DECIMAL_POINT = Pattern(
    r"0?\.\d+|\d+\.(?:\d{1,2}|\d{4,}|\d+E[+-]?\d+)|\d{1,3}(?:,\d{3})+\.\d+", re.ASCII | re.IGNORECASE
)
THOUSANDS = Pattern(r"\d{1,3}(?:[.,' ]\d{3})+", re.ASCII)
# In India: 12,34,567.89.
LAKHS = Pattern(r"\d{1,2}(?:,\d\d)+,\d{3}(?:\.\d+)?", re.ASCII)
# A spreadsheet's number of a day since 1900, between the years 2009 and 2091; as an epoch it would be a day of 1970.
SERIAL = Pattern(r"[4-6]\d{4}(?:\.\d+)?", re.ASCII)
SERIAL_START = datetime(1899, 12, 30)
# What spreadsheets write for an amount of nothing in their format for accounts: $ -
NO_AMOUNT = Pattern(r"[^\w\s-]\s*[-\u2013\u2014]|[-\u2013\u2014]\s*[^\w\s-]")
MOST_LAYOUTS = 1000


@dataclass
class Styles:
    """How the numbers and dates of a file are written, by column; '' for the numbers of the whole file."""

    comma: set[str] = field(default_factory=set)
    point: set[str] = field(default_factory=set)
    day_first: set[str] = field(default_factory=set)
    month_first: set[str] = field(default_factory=set)

    @property
    def evidence(self) -> tuple[set[str], set[str], set[str], set[str]]:
        """The columns that say each of it."""
        return self.comma, self.point, self.day_first, self.month_first

    def note_number(self, column: str, digits: str) -> bool:
        """Note what a number of a column says of it and of the file; return whether it says something."""
        said = [
            places
            for pattern, places in ((DECIMAL_COMMA, self.comma), (DECIMAL_POINT, self.point))
            if pattern.fullmatch(digits)
        ]
        for places in said:
            places |= {column, ""}
        return bool(said)

    def note_date(self, column: str, first: str | None) -> None:
        """Note what a date of a column must begin with, `day` or `month`."""
        if first:
            (self.day_first if first == "day" else self.month_first).add(column)

    def mark(self, column: str) -> str | None:
        """The decimal mark of a column, or else of the file; None where there is no evidence, or both."""
        for place in (column, ""):
            if (place in self.comma) != (place in self.point):
                return "," if place in self.comma else "."
        return None

    def is_day_first(self, column: str) -> bool | None:
        """Whether the dates of a column begin with the day; None where that is not known."""
        is_day, is_month = column in self.day_first, column in self.month_first
        return is_day if is_day != is_month else None


@dataclass
class Sums:
    """What the rows of a file up to one of them say of those that follow: the sums of amounts, and how all are written.

    `styles` is None while no value needed it.
    """

    totals: Totals = field(default_factory=Totals)
    styles: Styles | None = None


def rows(place: text.Place, table: Table, sums: Sums) -> Iterator[tuple[int, Row, str | None]]:
    """(number, values by column in lower case, problem) of each record of a file of a table, or of a piece of it.

    `sums` are those of the rows before, and of all rows in the end. Raises NotContinuedError where a piece says that
    the rows before it mean something else.
    """

    def styles() -> Styles:
        if sums.styles is None:
            if is_continued:
                raise NotContinuedError
            sums.styles = _styles(place, table)
        return sums.styles

    is_continued = isinstance(place, text.Piece) and place.first_byte > 0
    if is_continued and sums.styles:
        sums.styles = _continued(sums.styles, _styles(place, table))
    is_sheet, has_calls = text.form(_path(place)) == "table", bool(table.required_one)
    whole: Whole | None = None

    def of_all() -> Whole:
        nonlocal whole
        if whole is None:
            whole = Whole()
            piece = text.Piece(place.path, stop=place.stop) if isinstance(place, text.Piece) else place
            for _, row, cleaned, summed, problem in _read(piece, table, styles, is_sheet):
                if problem is None and not (is_sheet and why_no_row(row, has_calls)):
                    whole.add(row, cleaned, summed)
        return whole

    for number, row, cleaned, summed, problem in _read(place, table, styles, is_sheet):
        if problem is None and is_sheet:
            problem = why_no_row(row, has_calls)
        if problem is None and summed:
            problem = sums.totals.why_left_out(row, cleaned, summed, of_all)
        yield number, cleaned, problem


def _path(place: text.Place) -> Path:
    return place.path if isinstance(place, text.Piece) else place


def _read(
    place: text.Place, table: Table, styles: Callable[[], Styles], is_sheet: bool
) -> Iterator[tuple[int, Row, Row, Sequence[str], str | None]]:
    """(number, values by column, the same as SQL reads them, columns of amounts, problem) of each record."""
    layouts: dict[tuple[str, ...], _Layout] = {}
    key = next(iter(table.columns))
    for number, record, problem in text.listed_records(place, table.listed_as):
        row = record or {}
        names = tuple(row)
        layout = layouts.get(names) or _layout(names, table, layouts)
        if layout.columns != names:
            row = dict(zip(layout.columns, row.values(), strict=True))
        if is_sheet and is_rounded(row.get(key)):
            # Other rows may have the same: a row without a key is known by its values, if it can be.
            problem = f"{key} has lost its last digits in a spreadsheet" if key in table.required else problem
            row = {**row, key: None}
        parts: dict[str, str] = {}
        if layout.has_units:
            row, parts = _without_units(row, table)
            layout = _layout(tuple(row), table, layouts)
        cleaned = _cleaned(row, table, layout.checked, styles)
        if parts:
            cleaned = {**cleaned, **{column: _times(cleaned[column], part) for column, part in parts.items()}}
        yield number, row, cleaned, layout.money or (layout.tokens if is_sheet else ()), problem


@dataclass(frozen=True)
class _Layout:
    """What the fields of a record are, aliases by the columns that they mean: most records of a file have the same.

    `checked` are the columns of numbers and times, in the order of the table, `money` and `tokens` those of amounts.
    """

    columns: tuple[str, ...]
    has_units: bool
    checked: tuple[tuple[str, Type], ...]
    money: tuple[str, ...]
    tokens: tuple[str, ...]


def _layout(names: tuple[str, ...], table: Table, known: dict[tuple[str, ...], _Layout]) -> _Layout:
    """The layout of records with these fields, from those that are known or as one more of them."""
    layout = known.get(names)
    if layout is None:
        if len(known) == MOST_LAYOUTS:
            known.clear()
        written = tuple(map(text.column_of, names))
        meant = {other: column for column, other in table.named({other: other for other in written}).items()}
        columns = tuple(meant[other] for other in written)
        held = {column: kind for column, kind in table.columns.items() if column in columns}
        layout = known[names] = _Layout(
            columns,
            any(name[-1:] in (")", "]") or _in_name(name) for name in columns),
            tuple((column, kind) for column, kind in held.items() if kind in NUMBERS or kind in TIMES),
            tuple(column for column, kind in held.items() if kind is Type.MONEY),
            tuple(column for column, kind in held.items() if kind is Type.COUNT and column.endswith("tokens")),
        )
    return layout


def _without_units(row: Row, table: Table) -> tuple[Row, dict[str, str]]:
    """The row with the names that columns have without their units, and the parts that amounts are in.

    The unit of an amount is its currency, or a part of it. Where a row has a column for each of several, the first one
    with a value counts.
    """
    plain: Row = {}
    parts: dict[str, str] = {}
    currency = ""
    for name, value in row.items():
        column, unit = column_in(name, table)
        is_money = table.columns.get(column) is Type.MONEY
        if column in plain and not (is_money and _is_none(plain[column]) and not _is_none(value)):
            continue
        plain[column] = value
        if is_money:
            parts.pop(column, None)
            if part := PARTS.get(unit.replace("_", "")):
                parts[column] = part
            if named := AMOUNT_IN_PARTS.fullmatch(name):
                unit = named["currency"] or (named["dollars"] and "usd")
            currency = unit if currency_code(unit) not in (None, UNKNOWN_CURRENCY) else ""
    if currency:
        plain["currency"] = currency
    return plain, parts


def _is_none(value: Any) -> bool:
    return value is None or (isinstance(value, str) and value.strip().lower() in NO_VALUE)


def _times(value: Any, part: str) -> Any:
    """An amount in whole units of its currency; another value as it is, and -1, which means that there is none."""
    # Few files need it.
    from decimal import Decimal

    if isinstance(value, bool) or not NUMBER.fullmatch(str(value)) or Decimal(str(value)) == -1:
        return value
    return str(Decimal(str(value)) * Decimal(part))


def _in_name(name: str) -> bool:
    """Whether the name of an amount says what it is in."""
    return bool(AMOUNT_IN.fullmatch(name) or AMOUNT_IN_PARTS.fullmatch(name))


def column_in(name: str, table: Table) -> tuple[str, str]:
    """The column that a field with a unit in its name stands for, and the unit."""
    if name in table.columns:
        return name, ""
    if in_parts := AMOUNT_IN_PARTS.fullmatch(name):
        money = (column for column in (in_parts[1], "cost") if table.columns.get(column) is Type.MONEY)
        return next(money, name), in_parts[3]
    match = UNIT.fullmatch(name) or AMOUNT_IN.fullmatch(name)
    if match is None or (match.re is AMOUNT_IN.compiled and currency_code(match[2]) == UNKNOWN_CURRENCY):
        return name, ""
    column, unit = match.groups()
    whole = next((meant for meant, others in table.aliases.items() if column in others), column)
    meant = next((column for column in (f"{column}_{unit}", column, whole) if column in table.columns), name)
    return meant, unit


def _continued(before: Styles, added: Styles) -> Styles:
    """The styles of a file with rows that were added; NotContinuedError where those before are to be read otherwise."""
    found = Styles(*(one | other for one, other in zip(before.evidence, added.evidence, strict=True)))
    columns = set().union(*found.evidence)
    if any(found.mark(name) != before.mark(name) for name in columns) or any(
        found.is_day_first(name) != before.is_day_first(name) for name in columns
    ):
        raise NotContinuedError
    return found


def _styles(place: text.Place, table: Table) -> Styles:
    """What the whole of a file says of how its columns are written."""
    found, layouts = Styles(), dict[tuple[str, ...], _Layout]()
    for _, record, _ in text.listed_records(place, table.listed_as):
        row = record or {}
        for name, value in zip(_layout(tuple(row), table, layouts).columns, row.values(), strict=True):
            column, _ = column_in(name, table)
            kind = table.columns.get(column)
            if isinstance(value, str) and kind in NUMBERS and (match := AMOUNT.fullmatch(value.strip())):
                found.note_number(column, _joined(match["number"]))
            elif isinstance(value, str) and kind in TIMES and (match := DATE.fullmatch(value.strip())):
                found.note_date(column, order_of(match))
    return found


def _cleaned(row: Row, table: Table, checked: Iterable[tuple[str, Type]], styles: Callable[[], Styles]) -> Row:
    """The row with its numbers and times as SQL reads them; the row itself where it has them as JSON does."""
    written = [
        (column, kind)
        for column, kind in checked
        # A date with the year in front is what SQL reads.
        if type(value := row[column]) is str and not (value[4:5] == "-" and value[:4].isdecimal() and kind in TIMES)
    ]
    if not written:
        return row
    cleaned = dict(row)
    # In the order of the table: the first amount says which currency the row is in.
    for column, kind in written:
        value = row[column]
        if kind in NUMBERS:
            if not (PLAIN.fullmatch(value) and "." not in value):
                cleaned[column] = number(value, column, kind, styles, cleaned, table)
        elif match := DATE.fullmatch(value.strip()):
            cleaned[column] = _time(value, match, column, styles)
        elif SERIAL.fullmatch(value.strip()):
            cleaned[column] = of_serial(float(value))
    return cleaned


def number(value: str, column: str, kind: Type, styles: Callable[[], Styles], row: Row, table: Table) -> str | None:
    """A number as SQL reads it, with the currency that stands beside it in the row; another text as it is."""
    stripped = value.strip()
    # An amount that was computed wrongly counts as missing.
    if stripped.lower() in NO_VALUE or (stripped.lower() == "nan" and not table.drops_values):
        return None
    if kind is Type.MONEY and NO_AMOUNT.fullmatch(stripped):
        return None
    match = AMOUNT.fullmatch(stripped)
    if match is None or bool(match["open"]) + (match["inner"] == "(") != bool(match["close"]):
        return value
    minus, after = bool(match["open"] or match["minus"] or match["inner"]), match["after"].strip()
    if after in ("-", "\u2212"):
        minus, after = not minus, ""
    if not _takes_currency(match["before"].strip() or after, kind, row, table):
        return f"{stripped}?" if PLAIN.fullmatch(stripped) else stripped
    digits = _digits(match["number"], column, kind, styles)
    if digits is None and kind is Type.COUNT:
        # A part of a token: whatever it means, it is not the number before the point.
        return f"{stripped}?"
    return value if digits is None else f"-{digits}" if minus else digits


def _takes_currency(sign: str, kind: Type, row: Row, table: Table) -> bool:
    """Whether what stands beside a number may stand there: nothing, or the row's currency, which it is from now on."""
    if not sign:
        return True
    given = currency_code(row.get("currency"))
    code = given if given in SHARED_SIGNS.get(sign, ()) else currency_code(sign)
    if kind is not Type.MONEY or code == UNKNOWN_CURRENCY or "currency" not in table.columns:
        return kind is Type.MONEY and code == "USD"
    row["currency"] = given or code
    return given in (None, code)


def _digits(number: str, column: str, kind: Type, styles: Callable[[], Styles]) -> str | None:
    """A number without thousands, with a decimal point; None where it may be one of two."""
    joined = _joined(number)
    if LAKHS.fullmatch(joined):
        return joined.replace(",", "")
    if joined.isdigit() or "e" in joined.lower():
        return joined.replace(",", ".")
    mark = styles().mark(column)
    if mark is None and kind is not Type.COUNT and DECIMAL_COMMA.fullmatch(joined):
        mark = ","  # 0,5 is a half in any file
    if THOUSANDS.fullmatch(joined) and mark is None and kind is Type.COUNT and not {",", "."} <= set(joined):
        # Tokens are whole numbers.
        return joined.replace(",", "").replace(".", "")
    if THOUSANDS.fullmatch(joined) and mark is None and joined.count(".") + joined.count(",") == 1:
        return joined if "." in joined and kind is not Type.COUNT else None
    other = "." if mark == "," else ","
    whole, _, fraction = joined.partition(mark or ".")
    if not re.fullmatch(rf"\d*|\d{{1,3}}(\{other}\d{{3}})+", whole) or not re.fullmatch(r"\d*", fraction):
        return None
    if kind is Type.COUNT and fraction.strip("0"):
        return None
    return f"{whole.replace(other, '')}.{fraction}" if fraction else whole.replace(other, "")


def _joined(number: str) -> str:
    """A number without the blanks and apostrophes between its thousands."""
    return re.sub(r"['\u2019\u00a0\u202f ](?=\d{3})", "", number)


def _time(value: str, match: re.Match[str], column: str, styles: Callable[[], Styles]) -> str:
    """A time in ISO's form; as it is where day and month might be each other."""
    is_day_first = True if match["mark"] == "." else styles().is_day_first(column)
    return value if is_day_first is None else in_iso(match, is_day_first)


def of_serial(days: float) -> str:
    """The time of a spreadsheet's number of a day, to the second: more is lost in its decimals."""
    return (SERIAL_START + timedelta(seconds=round(days * 86_400))).isoformat()
