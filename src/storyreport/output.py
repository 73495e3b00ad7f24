"""Rows for people and scripts: an aligned table, JSON or CSV on stdout."""

import csv
import json
import re
from collections.abc import Sequence
from typing import Any

import click

from .spreadsheets import safe_rows

# A terminal would obey these.
CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f]")


def write(form: str, columns: Sequence[str], rows: Sequence[Sequence[Any]], safe_csv: bool = False) -> None:
    """Print rows; as JSON they are a list of objects, as safe CSV no cell is a formula."""
    if safe_csv and form == "csv":
        columns, *rows = safe_rows([columns, *rows])
    click.echo({"table": _table, "json": _json, "csv": _csv}[form](columns, rows), nl=form != "csv")


def _json(columns: Sequence[str], rows: Sequence[Sequence[Any]]) -> str:
    return json.dumps([dict(zip(columns, row, strict=True)) for row in rows], indent=1)


class _Lines(list[str]):
    """The lines that a CSV writer writes, each ended by a line feed."""

    def write(self, line: str) -> None:
        """Keep a line. It was made to end with both characters, for which the writer quotes cells that hold either."""
        self.append(line.removesuffix("\r\n") + "\n")


def _csv(columns: Sequence[str], rows: Sequence[Sequence[Any]]) -> str:
    lines = _Lines()
    csv.writer(lines, lineterminator="\r\n").writerows([columns, *rows])
    return "".join(lines)


def _table(columns: Sequence[str], rows: Sequence[Sequence[Any]]) -> str:
    if not rows:
        return "No rows."
    import tabulate

    shown = [[CONTROL.sub(" ", value) if isinstance(value, str) else value for value in row] for row in rows]
    numbers = [all(isinstance(row[place], (int, float, type(None))) for row in rows) for place in range(len(columns))]
    return tabulate.tabulate(
        shown,
        headers=list(columns),
        disable_numparse=True,
        missingval="",
        colalign=["right" if is_number else "left" for is_number in numbers],
    )
