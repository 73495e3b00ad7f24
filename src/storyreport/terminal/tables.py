"""Rows as a table that fits a terminal: human units, the columns that matter most, long texts wrapped."""

import re
import textwrap
import unicodedata
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import click

from ..values.quantities import KEY, MONEY, TIME, heading, number
from .control import CONTROL

TIME_TEXT = re.compile(r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d", re.ASCII)
GAP = "  "
# The least that a column gets, if its cells are longer: of a key, of a time (without seconds), of a sentence.
KEY_WIDTH, TIME_WIDTH, TEXT_WIDTH = 13, 16, 24
# The beginning of an id is enough, names need more.
NAME_WIDTH = 24
ID = re.compile(r"[0-9a-f]{8}-?[0-9a-f]{4}.*")
MOST_LINES = 6
# A list's values get so much in any terminal.
LEAST_WIDTH = 8
# What a report is about.
SUBJECTS = ("story", "run")
# Where columns do not all fit: after those that a report's chart draws come these, then the others in their order. Of
# a story and a run the report is about the one that it names first.
LEAD = (
    *(("check",), ("detail",), ("reason", "error"), SUBJECTS, ("step",), ("p95_ms",)),
    *(("problem",), ("status",), ("title",), ("report",)),
)
COLOURS = {
    **dict.fromkeys(("failed", "problem", "blocked"), "red"),
    **dict.fromkeys(("running", "waiting", "warning"), "yellow"),
    **dict.fromkeys(("completed", "ok"), "green"),
}


@dataclass
class _Column:
    name: str
    cells: list[str]
    is_number: bool
    rank: tuple[int, int, int]

    def __post_init__(self) -> None:
        self.words = heading(self.name).split() or [""]
        longest = max(map(display_width, self.words))
        self.natural = max(longest, *map(display_width, self.cells))
        is_time = all(TIME_TEXT.fullmatch(cell) for cell in self.cells if cell) and any(self.cells)
        key = KEY_WIDTH if any(map(ID.match, self.cells)) else NAME_WIDTH
        least = TEXT_WIDTH if any(" " in cell for cell in self.cells) else key
        self.is_prose = least == TEXT_WIDTH and not is_time and not self.is_number
        least = TIME_WIDTH if is_time else least
        self.width = self.natural if self.is_number else max(longest, min(self.natural, least))
        # Names give way where what the report is about would have no room.
        self.short = self.width if self.is_number or is_time else max(longest, min(self.natural, KEY_WIDTH))

    def header(self) -> list[str]:
        """The column's heading, in lines."""
        return textwrap.wrap(" ".join(self.words), self.width, break_long_words=False) or [""]

    def lines(self, cell: str) -> list[str]:
        """A cell in lines: sentences are wrapped, times lose their seconds, keys end with an ellipsis."""
        if display_width(cell) <= self.width:
            return [cell]
        if TIME_TEXT.fullmatch(cell):
            return [cell[:TIME_WIDTH]]
        if not self.is_prose:
            return [cut(cell, self.width)]
        lines = _wrapped(cell, self.width)
        return lines if len(lines) <= MOST_LINES else [*lines[: MOST_LINES - 1], cut(lines[MOST_LINES - 1] + "…", 0)]


def table(
    columns: Sequence[str],
    rows: Sequence[Sequence[Any]],
    width: int | None,
    first: Sequence[str] = (),
    all_by: str = "",
) -> Iterator[str]:
    """The lines of a table, none wider than `width` if that holds one column (None: all columns, whole).

    `first` are columns to keep, `all_by` is the option that shows all.
    """
    described = _columns(columns, texts(columns, rows), rows, first)
    needed = _total(column.natural for column in described)
    if width is None or needed <= width:
        for column in described:
            column.width = column.natural
        yield from _grid(described)
    elif len(rows) == 1:
        yield from _list(described, width)
    else:
        shown = _fitting(described, width)
        yield from _grid(shown)
        if left_out := [heading(column.name) for column in described if column not in shown and column.rank[0] < 2]:
            yield ""
            more = f" ({all_by} shows all)" if all_by else ""
            yield from textwrap.wrap(f"Not shown: {', '.join(left_out)}{more}.", width)


def texts(columns: Sequence[str], rows: Sequence[Sequence[Any]]) -> list[list[str]]:
    """Rows with human units, and without control characters."""
    money = columns.index("currency") if "currency" in columns else None
    return [
        [_text(name, cell, "" if money is None else row[money] or "") for name, cell in zip(columns, row, strict=True)]
        for row in rows
    ]


def display_width(text: str) -> int:
    """Cells of a terminal that a text takes: two for a wide character, none for a combining one."""
    if text.isascii():
        return len(text)
    return sum(
        0 if unicodedata.combining(letter) else 2 if unicodedata.east_asian_width(letter) in "WF" else 1
        for letter in text
    )


def padded(text: str, width: int) -> str:
    """A text as wide as `width`, cut or with spaces."""
    shown = text if display_width(text) <= width else cut(text, width)
    return shown + " " * (width - display_width(shown))


def cut(text: str, width: int) -> str:
    """The beginning of a text and an ellipsis; with 0, a line that has one already keeps its width."""
    if width == 0:
        return text[:-2].rstrip() + "…"
    while display_width(text) > width - 1:
        text = text[:-1]
    return text + "…"


def _text(column: str, value: Any, currency: str) -> str:
    if value is None:
        return ""
    if column == "acceptance_passed":
        return "yes" if value else "no"
    if isinstance(value, (int, float)):
        return str(value) if KEY.fullmatch(column) else number(column, value, currency)
    found = TIME.fullmatch(str(value))
    return " ".join(filter(None, found.groups())) if found else " ".join(CONTROL.sub(" ", str(value)).split())


def _columns(
    names: Sequence[str], cells: list[list[str]], rows: Sequence[Sequence[Any]], first: Sequence[str]
) -> list[_Column]:
    groups = [*((name,) for name in first), *LEAD]
    wanted = {name: place for place, group in reversed([*enumerate(groups)]) for name in group}
    has_money = any(name in MONEY for name in names)
    described = []
    for place, name in enumerate(names):
        values = [row[place] for row in rows]
        is_empty = not any(row[place] for row in cells) or (name == "currency" and has_money)
        rank = (2, 0, place) if is_empty else (0, wanted[name], place) if name in wanted else (1, 0, place)
        is_number = all(isinstance(value, (int, float, type(None))) for value in values)
        described.append(_Column(name, [row[place] for row in cells], is_number, rank))
    return described


def _fitting(columns: list[_Column], width: int) -> list[_Column]:
    """The most important columns that fit, in their order; what is left of the width goes to cut keys, then texts."""
    shown: list[_Column] = []
    ranked = sorted((column for column in columns if column.rank[0] < 2), key=lambda column: column.rank)
    for column in ranked:
        wanted = [*shown, column]
        if _total(each.width for each in wanted) <= width:
            shown.append(column)
        elif (
            column.name in SUBJECTS
            and not any(each.name in SUBJECTS for each in shown)
            and _total(each.short for each in wanted) <= width
        ):
            shown = wanted
            for each in shown:
                each.width = each.short
    # A terminal that holds no column breaks the lines of the first one.
    shown = shown or ranked[:1]
    for column in sorted(shown, key=lambda column: (column.is_prose, column.rank)):
        spare = width - _total(each.width for each in shown)
        column.width += max(0, min(spare, column.natural - column.width))
    return [column for column in columns if column in shown]


def _grid(columns: list[_Column]) -> Iterator[str]:
    headers = [column.header() for column in columns]
    yield from _band(columns, headers)
    yield GAP.join("-" * column.width for column in columns)
    for place in range(len(columns[0].cells) if columns else 0):
        row = [column.cells[place] for column in columns]
        yield from _band(columns, [column.lines(cell) for column, cell in zip(columns, row, strict=True)], row)


def _band(columns: list[_Column], cells: list[list[str]], values: Sequence[str] = ()) -> Iterator[str]:
    """The lines of one row."""
    for line in range(max(map(len, cells))):
        shown = []
        for place, (column, lines) in enumerate(zip(columns, cells, strict=True)):
            text = lines[line] if line < len(lines) else ""
            space = " " * (column.width - display_width(text))
            is_status = values and column.name == "status" and text == values[place]
            cell = _coloured(text) if is_status else text
            shown.append(space + cell if column.is_number else cell + space)
        yield GAP.join(shown).rstrip()


def _list(columns: list[_Column], width: int) -> Iterator[str]:
    """One row as a list: a line, or several, for each value that is known."""
    known = [column for column in columns if column.cells[0]]
    margin = max((display_width(heading(column.name)) for column in known), default=0)
    for column in known:
        lines = _wrapped(column.cells[0], max(LEAST_WIDTH, width - margin - len(GAP)))
        for place, line in enumerate(lines):
            yield f"{heading(column.name) if place == 0 else '':{margin}}{GAP}{line}"


def _wrapped(text: str, width: int) -> list[str]:
    """A text in lines that no wide character makes longer."""
    lines: list[str] = []
    for line in textwrap.wrap(text, width):
        while display_width(line) > width:
            end = next(end for end in range(len(line), 0, -1) if display_width(line[:end]) <= width)
            lines.append(line[:end])
            line = line[end:]
        lines.append(line)
    return lines


def _coloured(text: str) -> str:
    # click leaves colours out where nothing but a terminal would show them.
    return click.style(text, fg=COLOURS[text]) if text in COLOURS else text


def _total(widths: Iterable[int]) -> int:
    return sum(width + len(GAP) for width in widths) - len(GAP)
