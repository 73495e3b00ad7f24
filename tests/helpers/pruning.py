"""Attempts of old and of new stories, to be pruned."""

from datetime import date, timedelta

from helpers.report_database import ReportDatabase
from helpers.tracker import NOON


def days_before(days: int) -> date:
    """A day before the one that trackers begin on."""
    return (NOON - timedelta(days=days)).date()


def attempts(db: ReportDatabase) -> list[str]:
    """The attempts that the report database knows, by their keys in the source."""
    return [key for (key,) in db.sql("select source_key from step_runs order by 1")]
