"""Rows for people and scripts: a table that fits the terminal, Markdown, JSON, JSON lines or CSV on stdout."""

import os
import sys
from collections.abc import Callable, Iterable, Sequence
from typing import Any, NamedTuple

import click

from .control import CONTROL

__all__ = ["AS_JSON", "CONTROL", "FORMATS", "Shape", "draws_blocks", "echo", "write"]

BOM = "\N{ZERO WIDTH NO-BREAK SPACE}"
Rows = Sequence[Sequence[Any]]


class Shape(NamedTuple):
    """How rows are written: a table with all columns, columns to keep, CSV without formulas, with a byte-order mark.

    `above` makes the lines for its width that a terminal shows above a table; `all_by` is the command's option that
    shows all columns, empty where there is none.
    """

    is_wide: bool = False
    first: Sequence[str] = ()
    is_safe: bool = False
    has_mark: bool = False
    above: Callable[[int], Iterable[str]] | None = None
    all_by: str = ""


PLAIN = Shape()
# JSON and CSV have what a table leaves out.
AS_JSON = "--format json"


def write(form: str, columns: Sequence[str], rows: Rows, shape: Shape = PLAIN) -> None:
    """Print rows in one of FORMATS; as JSON they are a list of objects, as JSON lines an object a line."""
    text = FORMATS[form](columns, rows, shape)
    if form == "csv":
        # CSV is UTF-8 wherever it is written.
        sys.stdout.flush()
        click.echo(text.encode("utf-8", "replace"), nl=False)
    elif text or form != "jsonl":
        echo(text)


def echo(text: str) -> None:
    """Print a text; its colours are left out where nothing shows them, or nobody wants them."""
    click.echo(text, color=False if os.environ.get("NO_COLOR") else None)


def _json(columns: Sequence[str], rows: Rows, _: Shape) -> str:
    import json

    return json.dumps([dict(zip(columns, row, strict=True)) for row in rows], indent=1)


def _jsonl(columns: Sequence[str], rows: Rows, _: Shape) -> str:
    import json

    return "\n".join(json.dumps(dict(zip(columns, row, strict=True))) for row in rows)


class _Lines(list[str]):
    """The lines that a CSV writer writes, each ended by a line feed."""

    def write(self, line: str) -> None:
        """Keep a line. It was made to end with both characters, for which the writer quotes cells that hold either."""
        self.append(line.removesuffix("\r\n") + "\n")


def _csv(columns: Sequence[str], rows: Rows, shape: Shape) -> str:
    import csv

    from .spreadsheets import safe_rows

    lines = _Lines()
    given: Rows = [columns, *rows]
    csv.writer(lines, lineterminator="\r\n").writerows(safe_rows(given) if shape.is_safe else given)
    return (BOM if shape.has_mark else "") + "".join(lines)


def _table(columns: Sequence[str], rows: Rows, shape: Shape) -> str:
    if not rows:
        return "No rows."
    # Commands that print no table start without these.
    import shutil

    from . import tables

    columns_wide = shutil.get_terminal_size().columns
    above = shape.above(columns_wide) if shape.above and draws_blocks() else ()
    width = None if shape.is_wide else columns_wide
    return "\n".join([*above, *tables.table(columns, rows, width, shape.first, shape.all_by)])


def draws_blocks() -> bool:
    """Whether stdout is a terminal that has the letters of a picture."""
    try:
        "▁█".encode(sys.stdout.encoding or "ascii")
    except (UnicodeEncodeError, LookupError):
        return False
    return sys.stdout.isatty()


def _markdown(columns: Sequence[str], rows: Rows, _: Shape) -> str:
    from ..values.quantities import heading
    from . import tables

    numbers = [all(isinstance(row[place], (int, float, type(None))) for row in rows) for place in range(len(columns))]
    lines = [[heading(name) for name in columns], ["---:" if is_number else "---" for is_number in numbers]]
    lines += tables.texts(columns, rows)
    return "\n".join(f"| {' | '.join(cell.replace('|', chr(92) + '|') for cell in line)} |" for line in lines)


FORMATS: dict[str, Callable[[Sequence[str], Rows, Shape], str]] = {
    "table": _table,
    "json": _json,
    "jsonl": _jsonl,
    "csv": _csv,
    "markdown": _markdown,
}
