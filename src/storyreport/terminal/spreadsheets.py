"""Cells of a CSV file that a spreadsheet would run as formulas, made harmless."""

import re
from collections.abc import Iterable
from typing import Any

# Excel, LibreOffice and Google Sheets take a cell that begins so for a formula; full-width characters count too.
FORMULA = re.compile("\\s*[=+\\-@\uff1d\uff0b\uff0d\uff20]|[\t\r\n]")
NUMBER = re.compile(r"[+-]?(\d+(\.\d*)?|\.\d+)([eE][+-]?\d+)?%?")


def safe(cell: Any) -> Any:
    """The cell, with an apostrophe before a text that would be run; numbers stay as they are."""
    if not isinstance(cell, str) or not FORMULA.match(cell) or NUMBER.fullmatch(cell):
        return cell
    return f"'{cell}"


def safe_rows(rows: Iterable[Iterable[Any]]) -> Iterable[list[Any]]:
    """Rows of such cells."""
    return ([safe(cell) for cell in row] for row in rows)
