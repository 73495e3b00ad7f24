"""Rows for people and scripts: an aligned table, JSON or CSV on stdout."""

import csv
import io
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


def _csv(columns: Sequence[str], rows: Sequence[Sequence[Any]]) -> str:
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(columns)
    writer.writerows(rows)
    return text.getvalue()


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
