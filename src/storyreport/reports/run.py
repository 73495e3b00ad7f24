"""Running a report on a connection to the report database."""

import sqlite3
from collections.abc import Mapping
from typing import Any

from ..errors import StoryreportError
from . import params
from .header import Report

Rows = list[tuple[Any, ...]]
MORE: Mapping[str, str] = {}


def bind(report: Report, given: Mapping[str, str]) -> dict[str, str]:
    """The value of every parameter, the default where it is missing or blank; UsageError for what cannot be.

    Dates in words stay words, so that an address with `7d` stays right; `for_sql` makes days of them.
    """
    values = params.bind(report.name, report.params, given)
    if report.draws_before and values["compare"] and not values["since"]:
        raise params.WrongValueError("compare needs a period: choose a first day with since, such as 7d.", "since")
    return values


def for_sql(report: Report, values: Mapping[str, str]) -> dict[str, str]:
    """What the SELECT gets for values that `bind` returned: days for dates in words."""
    return params.for_sql(report.params, values)


def run(connection: sqlite3.Connection, report: Report, given: Mapping[str, str]) -> tuple[list[str], Rows]:
    """The columns and the rows of a report; StoryreportError where SQLite cannot read it."""
    values = for_sql(report, bind(report, given))
    try:
        cursor = connection.execute(report.sql, values)
        return [column[0] for column in cursor.description], cursor.fetchall()
    except sqlite3.Error as error:
        raise StoryreportError(f"{report.name} cannot be read: {error}.") from error


def select(
    connection: sqlite3.Connection, report: Report, given: Mapping[str, str], sql: str, more: Mapping[str, str] = MORE
) -> list[dict[str, Any]]:
    """The rows of an SQL select from `report`; `more` are values that only the select takes."""
    values = {**for_sql(report, bind(report, given)), **more}
    cursor = connection.execute(f"with report as (\n{report.sql}\n)\n{sql}", values)
    names = [column[0] for column in cursor.description]
    return [dict(zip(names, row, strict=True)) for row in cursor.fetchall()]
