"""A report's rows as JSON or CSV text, piece by piece from batches of rows."""

import csv
import io
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from datasette import utils
from datasette.renderer import convert_specific_columns_to_json

from .. import reports
from ..terminal.spreadsheets import safe_rows
from . import DATABASE

# How a row becomes a value of JSON, by Datasette's names.
SHAPES: dict[str, Callable[[Sequence[str], Any], Any]] = {
    "objects": lambda columns, row: dict(zip(columns, row, strict=True)),
    "array": lambda columns, row: dict(zip(columns, row, strict=True)),
    "arrays": lambda _, row: list(row),
    "arrayfirst": lambda _, row: row[0],
}

encode = utils.CustomJSONEncoder().encode


@dataclass(frozen=True)
class Answer:
    """A report to answer with, the values of its parameters, and Datasette's arguments (those with an underscore)."""

    report: reports.Report
    values: dict[str, str]
    args: Any

    @property
    def shape(self) -> str:
        """The shape of the JSON; lines are an array."""
        return str(self.args.get("_shape") or ("array" if self.args.get("_nl") else "objects"))


Batches = Iterable[Sequence[Any]]
Writer = Callable[[Answer, Sequence[str], Batches], Iterator[str]]


def form(extension: str, answer: Answer) -> tuple[str, Writer]:
    """The content type of an answer, and what makes its text from batches of rows, piece by piece."""
    if extension == "csv":
        return "text/csv" if answer.args.get("_dl") else "text/plain", csv_text
    if answer.shape not in SHAPES:
        raise reports.UsageError(f"_shape must be one of {', '.join(SHAPES)}, not {answer.shape!r}.")
    if answer.args.get("_nl") and answer.shape == "array":
        return "text/plain", json_lines
    return "application/json", json_text


def csv_text(answer: Answer, columns: Sequence[str], batches: Batches) -> Iterator[str]:
    """CSV with a header, unless `_header=off`; what people download is safe to open, unless `_raw=on`."""
    is_safe = answer.args.get("_dl") and answer.args.get("_raw") != "on"
    text = io.StringIO()
    writer = csv.writer(text)
    if answer.args.get("_header") != "off":
        writer.writerows(safe_rows([columns]) if is_safe else [columns])
    for batch in batches:
        writer.writerows(safe_rows(batch) if is_safe else batch)
        yield text.getvalue()
        text.seek(0)
        text.truncate()


def json_lines(answer: Answer, columns: Sequence[str], batches: Batches) -> Iterator[str]:
    """An object a line."""
    for batch in batches:
        yield "".join(encode(value) + "\n" for value in json_values(answer, columns, batch))


def json_text(answer: Answer, columns: Sequence[str], batches: Batches) -> Iterator[str]:
    """One JSON value: a bare array, or an object that holds the rows."""
    query = {"sql": answer.report.sql, "params": answer.values}
    envelope = {"ok": True, "database": DATABASE, "query_name": answer.report.name, "query": query}
    is_bare = answer.shape in ("array", "arrayfirst")
    yield "[" if is_bare else encode({**envelope, "columns": columns, "truncated": False})[:-1] + ', "rows": ['
    for place, batch in enumerate(batches):
        yield (", " if place else "") + encode(json_values(answer, columns, batch))[1:-1]
    yield "]" if is_bare else "]}"


def json_values(answer: Answer, columns: Sequence[str], batch: Sequence[Any]) -> list[Any]:
    """Rows in the shape that is asked for."""
    # SQLite knows infinity, JSON does not.
    finite = [utils.remove_infinites(row) for row in batch]
    rows = convert_specific_columns_to_json(finite, columns, answer.args.getlist("_json"))
    return [SHAPES[answer.shape](columns, row) for row in rows]
