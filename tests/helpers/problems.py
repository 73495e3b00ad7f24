"""Problems that a report on one run found."""

from typing import Any

from helpers.report_database import ReportDatabase


def found(db: ReportDatabase, run: str, **given: str) -> dict[str, tuple[Any, ...]]:
    """What a diagnosis says is not as it should be: check → status, detail."""
    rows = db.report("run_diagnosis", run=run, **given)
    assert all((row["action"] is None) == (row["status"] == "ok") for row in rows)
    ranks = [("problem", "warning", "ok").index(row["status"]) for row in rows]
    assert ranks == sorted(ranks), "the worst comes first"
    return {row["check"]: (row["status"], row["detail"]) for row in rows if row["status"] != "ok"}
