"""Each fixture pair in tests/data, whatever its system: the source becomes the rows that stand beside it."""

from pathlib import Path

import pytest
from helpers import DATA
from helpers.pairs import check, is_by_table, rows_of, source_of
from helpers.report_database import ReportDatabase

PAIRS = sorted(path for path in DATA.glob("*--*.json") if is_by_table(path))


@pytest.mark.parametrize("expected", PAIRS, ids=lambda path: path.stem)
def test_a_source_becomes_these_rows(db: ReportDatabase, expected: Path) -> None:
    """It is recognised, becomes the expected rows, and writes nothing when it is ingested again."""
    source = source_of(expected)
    assert db.ingest(source).counts.rejected == 0
    assert db.sql("select system from sources") == [(expected.stem.split("--")[0],)]
    check(db.path, expected)
    before = rows_of(db)
    assert db.ingest(source).unchanged
    assert db.ingest(source, full=True).counts.written == 0
    assert rows_of(db) == before
