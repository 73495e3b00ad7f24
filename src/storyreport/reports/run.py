"""Running a report on a connection to the report database."""

import sqlite3
from collections.abc import Mapping
from typing import Any

from ..errors import StoryreportError
from . import params
from .header import Report

Rows = list[tuple[Any, ...]]


def bind(report: Report, given: Mapping[str, str]) -> dict[str, str]:
    """The value of every parameter, the default where it is missing or blank; UsageError for what cannot be."""
    return params.bind(report.name, report.params, given)


def run(connection: sqlite3.Connection, report: Report, given: Mapping[str, str]) -> tuple[list[str], Rows]:
    """The columns and the rows of a report; StoryreportError where SQLite cannot read it."""
    values = bind(report, given)
    try:
        cursor = connection.execute(report.sql, values)
        return [column[0] for column in cursor.description], cursor.fetchall()
    except sqlite3.Error as error:
        raise StoryreportError(f"{report.name} cannot be read: {error}.") from error
