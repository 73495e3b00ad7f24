"""What is one JSON document and what is JSON lines; and what an error says of a file that nobody can read."""

import json
from pathlib import Path

import pytest
from helpers.report_database import ReportDatabase

from storyreport.errors import StoryreportError
from storyreport.readers import documents, lines
from storyreport.readers import text as textfiles

RESULT = '{"starting_at": "2026-11-10T00:00:00Z", "ending_at": "2026-11-11T00:00:00Z", "results": []}'


@pytest.mark.parametrize(
    ("content", "count"),
    [
        # A document with whole objects on lines of their own, and lines of which the first was cut off.
        ('{\n "data": [\n' + RESULT + "\n ]\n}\n", 1),
        ('{"data": [\n' + RESULT + ",\n" + RESULT + "\n]}\n", 2),
        ('{"a": 1}\n{"a": 2}\n', 2),
        ('{"a": "cu\n{"a": 2}\n', 1),
        ('{"a": 1}\n', 1),
        # Pages of n8n and dbt Cloud, put together by jq -s.
        ('[{"data": [{"a": 1}, {"a": 2}], "nextCursor": null}, {"data": [{"a": 3}], "status": {}, "extra": {}}]', 3),
        # What has more to say than that it is a page, or holds no objects, is one record.
        ('{"id": "c1", "items": [{"a": 1}, {"a": 2}]}', 1),
        ('{"results": [1, 2]}', 1),
        ('{"columns": ["a"], "rows": [[1], [2]]}', 1),
    ],
)
def test_a_document_is_no_lines(tmp_path: Path, content: str, count: int) -> None:
    path = tmp_path / "file.json"
    path.write_text(content, "utf-8")
    assert sum(1 for _, record, _ in textfiles.records(path) if record is not None) == count


def test_a_file_too_large_says_so(db: ReportDatabase, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(documents, "AT_ONCE", 50)
    monkeypatch.setattr(documents, "LARGEST_DOCUMENT", 100)
    path = tmp_path / "file.json"
    path.write_text(json.dumps({"pages": [json.loads(RESULT)] * 5}, indent=1), "utf-8")
    with pytest.raises(StoryreportError, match="larger than 100 bytes: write one object a line"):
        db.ingest(path)


def test_a_line_too_long_says_so(db: ReportDatabase, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(lines, "LONGEST_LINE", 50)
    path = tmp_path / "file.csv"
    path.write_text("x" * 60 + "\n", "utf-8")
    with pytest.raises(StoryreportError, match="longer than 50 bytes"):
        db.ingest(path)


def test_epochs_alone_are_no_log(db: ReportDatabase, tmp_path: Path) -> None:
    """Amounts by the hour, whose columns are not the runner's events though the first is an epoch."""
    path = tmp_path / "amounts.csv"
    rows = "".join(f"{1_794_268_800 + hour * 3600},usd,{hour},gpt-5,x,y\n" for hour in range(10))
    path.write_text(f"start,currency,amount,item,a,b\n{rows}", "utf-8")
    with pytest.raises(StoryreportError, match="match no known format"):
        db.ingest(path)
