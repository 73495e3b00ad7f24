"""Why a report could not be read, for people."""

from typing import Any

from datasette.database import QueryInterrupted

from .. import reports


def failure(datasette: Any, report: reports.Report, error: Exception) -> tuple[int, str]:
    """The status and the sentence for a report that SQLite could not finish."""
    if isinstance(error, QueryInterrupted) or error.args == ("interrupted",):
        limit_ms = datasette.setting("sql_time_limit_ms")
        return 400, f"{report.name} takes longer than the {limit_ms:,} ms that this server allows: narrow it down."
    return 500, f"{report.name} cannot be read: {error}."
