"""What every report says of one moment."""

from datetime import datetime, timezone
from typing import Any

from helpers.report_database import ReportDatabase
from storyreport import reports

NOW = datetime(2026, 3, 10, 12, tzinfo=timezone.utc)


AS_OF = "2026-03-10T12:00:00Z"


def answers(db: ReportDatabase, **given: str) -> dict[str, list[dict[str, Any]]]:
    """What every report says, as of the same time."""
    found = {}
    with db.reading():
        for name, report in reports.load_reports().items():
            known = {param.name for param in report.params}
            as_of = {"as_of": AS_OF} if "as_of" in known else {}
            found[name] = db.report(name, **as_of, **{key: value for key, value in given.items() if key in known})
    return found
