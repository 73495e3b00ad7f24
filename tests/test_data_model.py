"""docs/data-model.md says what each rollup column means, and from which times a day is taken."""

import re

import pytest
from helpers import DATA, ROOT
from helpers.report_database import ReportDatabase
from helpers.rollup_files import RollupFiles

from storyreport.errors import StoryreportError
from storyreport.rollups.definition import definitions

PAGE = ROOT / "docs" / "data-model.md"
# By hand, from the migrations: what ended is counted on its last day.
DAYS = {
    ("stories", "day"): ["created_at"],
    ("stories", "end_day"): ["ended_at"],
    ("runs", "day"): ["ended_at", "started_at", "queued_at"],
    ("step_runs", "day"): ["ended_at", "started_at"],
    ("calls", "day"): ["called_at"],
    ("log_events", "day"): ["at"],
}


def test_every_column_of_a_rollup_has_a_meaning(db: ReportDatabase) -> None:
    """Each column of the tables as they are in a database has a row, with its type and a meaning."""
    db.ingest(DATA / "steps--attempts.csv")
    page = PAGE.read_text(encoding="utf-8")
    tables = [
        name
        for (name,) in db.sql("select name from sqlite_master where type = 'table'")
        if name.startswith(("rollup_", "pruned_"))
    ]
    assert len(tables) > 30
    for table in tables:
        section = re.search(rf"^### {table}\n(.*?)(?=^##|\Z)", page, re.MULTILINE | re.DOTALL)
        assert section, table
        rows = re.findall(r"^\| (?:\*\*)?`(\w+)`(?:\*\*)? \| (\w+) \| (\S.*\S) \|$", section[1], re.MULTILINE)
        columns = db.sql(f"select name, lower(type) from pragma_table_info('{table}')")
        assert [(name, kind) for name, kind, _ in rows] == columns


def test_the_days_are_taken_from_these_times() -> None:
    """The table of days has each generated day, its times in the order in which they count."""
    page = PAGE.read_text(encoding="utf-8").partition("\n## Days\n")[2].partition("\n## ")[0]
    rows = re.findall(r"^\| `(\w+)` \| `(\w+)` \| (.*) \|$", page, re.MULTILINE)
    assert {(table, column): re.findall(r"`(\w+)`", times) for table, column, times in rows} == DAYS


def test_a_meaning_of_no_column(rollup_files: RollupFiles) -> None:
    """A header that explains a column that the rollup does not have says so."""
    rollup_files.change("work/theme_days.sql", "meanings:\n", "meanings:\n  jabs: jobs\n")
    with pytest.raises(StoryreportError, match="'meanings' names the column 'jabs', which it does not have"):
        definitions()
