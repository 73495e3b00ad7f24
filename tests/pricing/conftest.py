"""Fixtures for the tests of this folder."""

from pathlib import Path

import pytest
from helpers.ledger import COLUMNS, TOY, Ledger
from helpers.report_database import ReportDatabase, change

from storyreport import recognise


@pytest.fixture
def ledger(tmp_path: Path, db: ReportDatabase, monkeypatch: pytest.MonkeyPatch) -> Ledger:
    """A source without calls."""
    monkeypatch.setattr(recognise, "systems", lambda: {"toy": TOY})
    path = tmp_path / "calls.db"
    change(path, f"create table paid_calls ({', '.join(COLUMNS)})".replace("(id", "(id integer primary key"))
    return Ledger(path, db)
