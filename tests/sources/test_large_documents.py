"""JSON documents that are read an item at a time: the same records, little memory, each limit is said."""

import gzip
import json
import tracemalloc
from pathlib import Path
from typing import Any

import pytest
from helpers.report_database import ReportDatabase

from storyreport.readers import documents, lines
from storyreport.readers import text as textfiles

# Every kind of value, with signs of several bytes, escapes, and what looks like an end within a text.
TRICKY = 'é😀\\"]},[{'
ITEMS: list[Any] = [
    {"n": number, "t": TRICKY * (number % 7), "f": number / 3, "b": [True, None, {"d": []}], "x": -number}
    for number in range(300)
]


def read(path: Path) -> list[textfiles.Record]:
    """All records of a file."""
    return list(textfiles.records(path))


@pytest.mark.parametrize("indent", [None, 1])
@pytest.mark.parametrize("packed", [False, True])
@pytest.mark.parametrize(
    "wrap",
    [
        lambda items: items,
        lambda items: {"object": "page", "skipped": [1, {"data": [2]}], "data": items, "has_more": False},
        lambda items: {"records": items},
        lambda items: {"database": "runs", "columns": ["n", "t"], "rows": items, "truncated": False},
        lambda items: {"count": len(items), "next": None, "results": items},
        lambda items: {"items": items},
    ],
    ids=["list", "data", "records", "rows", "results", "items"],
)
def test_an_item_at_a_time_is_the_same(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, wrap: Any, indent: int | None, packed: bool
) -> None:
    path = tmp_path / "file.json"
    content = json.dumps(wrap(ITEMS), indent=indent, ensure_ascii=bool(indent)).encode()
    path.write_bytes(gzip.compress(content) if packed else content)
    monkeypatch.setattr(documents, "AT_ONCE", 1000)
    assert read(path) == [(number, item, None) for number, item in enumerate(ITEMS, start=1)]


@pytest.mark.parametrize(
    ("content", "loaded", "problem"),
    [
        ('[{"a": 1}, {"a": 2}, {"a": "%s', 2, "the file is broken JSON"),
        ('[{"a": 1}, {"a": 2} {"a": "%s"}]', 2, "the file is broken JSON"),
        ('[{"a": 1}, 5, {"a": "%s"}]', 2, "the item is no JSON object"),
        ('{"data": [{"a": 1}, {"a": "%s"}, ' + "[" * 100_000, 2, "the file is nested too deeply: leave out what"),
        ('{"pages": [{"a": "%s"}]}', 0, "the JSON document is larger than 500 bytes: write one object a line"),
    ],
)
def test_what_cannot_be_read_is_said(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, content: str, loaded: int, problem: str
) -> None:
    path = tmp_path / "file.json"
    path.write_text(content % ("x" * 1000), "utf-8")
    monkeypatch.setattr(documents, "AT_ONCE", 100)
    monkeypatch.setattr(documents, "LARGEST_DOCUMENT", 500)
    found = read(path)
    assert sum(record is not None for _, record, _ in found) == loaded
    assert [said[: len(problem)] for _, _, said in found if said] == [problem]


def test_a_large_document_takes_little_memory(tmp_path: Path) -> None:
    # 80 MB, more than a document may have that is read whole.
    path = tmp_path / "file.json"
    item = json.dumps({"id": 1, "text": "x" * 20_000})
    with path.open("w", encoding="utf-8") as file:
        file.write('{"data": [' + item)
        for _ in range(3_999):
            file.write("," + item)
        file.write("]}")
    assert path.stat().st_size > documents.LARGEST_DOCUMENT
    tracemalloc.start()
    count = sum(1 for _, record, _ in textfiles.records(path) if record)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert count == 4_000
    # At first it is read up to where it is known to be large, in pieces.
    assert peak < 4 * documents.AT_ONCE


def test_a_line_that_is_too_long_or_too_deep_says_what_to_do(db: ReportDatabase, tmp_path: Path) -> None:
    path = tmp_path / "steps.jsonl"
    row = {"step": "outline", "run": "r1", "started_at": "2026-03-01T10:00:00Z"}
    long = {**row, "run": "r2", "note": "x" * lines.LONGEST_LINE}
    deep = json.dumps(row)[:-1] + ', "deep": ' + "[" * 50_000 + "]" * 50_000 + "}"
    path.write_text(f"{json.dumps(row)}\n{json.dumps(long)}\n{deep}\n", "utf-8")
    db.ingest(path)
    assert db.sql("select source_row, reason from rejects order by source_row") == [
        (2, "the line is longer than 8388608 bytes: write one object a line, and leave out its long texts"),
        (3, "the line is nested too deeply: leave out what lies so deep"),
    ]
    assert db.sql("select count(*) from step_runs") == [(1,)]
