"""Text files that are far larger than what is in them, packed in other ways, or wider than any table."""

import bz2
import gzip
import io
import json
import lzma
import os
import sqlite3
import zipfile
import zlib
from contextlib import closing
from pathlib import Path

import pytest
from helpers.report_database import ReportDatabase

from storyreport import recognise
from storyreport.errors import NotOursError, StoryreportError
from storyreport.readers import lines, padded, staged, text

ROW = {"id": "a", "step": "write", "status": "failed", "started_at": "2026-11-20T10:00:00Z"}
LINE = json.dumps(ROW).encode() + b"\n"


def zipped() -> bytes:
    """A zip archive with a file of ours, whose lines stand in it as they are."""
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w") as archive:
        archive.writestr("steps.jsonl", LINE * 5)
    return content.getvalue()


def small_database() -> bytes:
    """A SQLite database."""
    with closing(sqlite3.connect(":memory:")) as connection:
        connection.execute("create table stories (id)")
        # Python 3.10 cannot serialize it.
        return b"SQLite format 3\0" + b"".join(line.encode() for line in connection.iterdump())


PACKED = {
    "steps.json": (b"\x28\xb5\x2f\xfd\x00\x01", "packed with Zstandard"),
    "steps.jsonl.xz": (lzma.compress(LINE), "packed with xz"),
    "steps.csv": (bz2.compress(LINE), "packed with bzip2"),
    "a.jsonl": (b"7z\xbc\xaf\x27\x1c\x00\x04", "a 7z archive"),
    "b.json": (zipped(), r"a zip archive \(of a spreadsheet, save a table as CSV\)"),
    "c.gz": (gzip.compress(zipped()), "a zip archive .*"),
    "c.jsonl.gz": (gzip.compress(gzip.compress(LINE)), "gzipped twice"),
    "d.gz": (gzip.compress(small_database()), "a gzipped SQLite database"),
}


@pytest.mark.parametrize("name", PACKED)
def test_a_file_that_is_packed_otherwise_is_named(tmp_path: Path, name: str) -> None:
    content, kind = PACKED[name]
    (path := tmp_path / name).write_bytes(content)
    with pytest.raises(NotOursError, match=f"{name} is {kind}: unpack it, and ingest what is in it"):
        recognise.find_parts(path)


def test_yaml_is_named(tmp_path: Path) -> None:
    """What `airflow -o yaml` prints, or a manifest of Kubernetes, can be had as JSON."""
    (path := tmp_path / "runs.yaml").write_text("- dag_id: daily\n  run_id: r\n  state: success\n", "utf-8")
    with pytest.raises(NotOursError, match="is YAML, which is not read: export it as JSON"):
        recognise.find_parts(path)


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"PAR1\x15\x04\x15\x10\nPAR1", "a Parquet file, which is not read: convert it to CSV"),
        (b"Obj\x01\x04\x14avro.codec", "an Avro file, which is not read: convert it to CSV"),
        (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", "an old Excel file, which is not read: save its table as CSV"),
        (b"%PDF-1.7\n1 0 obj\n", "a PDF, which is not read: give what its tool exports"),
        (b"\n<!DOCTYPE html><title>Sign in", "a web page, perhaps of a login, which is not read: log in"),
        (b"PGDMP\x01\x0e\x00", "a dump of PostgreSQL, which is not read: restore it, and give the URL"),
        (b"--\n-- PostgreSQL database dump\n--\n", "a dump in SQL, which is not read: load it into a database"),
        (b"-- MySQL dump 10.13\n", "a dump in SQL, which is not read: load it into a database"),
        (b"PRAGMA foreign_keys=OFF;\nBEGIN;\n", "a dump in SQL, which is not read: load it into a database"),
    ],
)
def test_another_format_is_named(tmp_path: Path, content: bytes, said: str) -> None:
    (path := tmp_path / "usage").write_bytes(content)
    with pytest.raises(NotOursError, match=f"usage is {said}"):
        recognise.find_parts(path)


def test_a_table_without_separators_is_named(tmp_path: Path) -> None:
    """What `airflow -o plain` prints: where a cell is empty, nobody can tell which one."""
    (path := tmp_path / "runs.txt").write_text(
        "dag_id  run_id  state    start_date  end_date\ndaily   r       running\n", "utf-8"
    )
    with pytest.raises(
        NotOursError, match=r"is a table printed without separators: print it as JSON \(such as `-o json"
    ):
        recognise.find_parts(path)


def test_a_sparse_file_ends_where_its_hole_begins(
    db: ReportDatabase, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A record and 20 MB of nothing, which might be 40 GB: they are not read again to find where the file ends."""
    monkeypatch.setattr(staged, "end_of", lambda *_: pytest.fail("the hole is read"))
    path = tmp_path / "steps.jsonl"
    path.write_bytes(LINE)
    os.truncate(path, 20 << 20)
    db.ingest(path)
    assert db.one("select count(*) from step_runs") == 1
    assert db.one("select count(*) from rejects where reason like 'only NUL bytes follow%'") == 1


def test_padding_of_a_gzip_file_is_passed_at_once(db: ReportDatabase, tmp_path: Path) -> None:
    """Little of it may stand between two parts; after much, the file ends, and one of 40 GB of it is not read."""
    two, sparse = tmp_path / "two.jsonl.gz", tmp_path / "sparse.jsonl.gz"
    two.write_bytes(gzip.compress(LINE) + b"\0" * 300_001 + gzip.compress(LINE.replace(b'"a"', b'"b"')))
    db.ingest(two)
    assert db.one("select count(*) from step_runs") == 2
    assert db.one("select count(*) from rejects") == 0
    sparse.write_bytes(gzip.compress(LINE.replace(b'"a"', b'"c"')))
    os.truncate(sparse, 40 << 30)
    db.ingest(sparse)
    assert db.one("select count(*) from step_runs") == 3
    assert db.one("select count(*) from rejects where reason like 'the gzip file is damaged%'") == 1


def test_a_name_without_end_in_a_gzip_file_is_not_read(db: ReportDatabase, tmp_path: Path) -> None:
    """gzip reads it byte by byte, and each system that is tried would do so again; one of a file is passed."""

    def named(length: int) -> bytes:
        packed = gzip.compress(LINE)
        return packed[:3] + b"\x08" + packed[4:10] + b"n" * length + b"\0" + packed[10:]

    (short := tmp_path / "short.jsonl.gz").write_bytes(named(250))
    db.ingest(short)
    assert db.one("select count(*) from step_runs") == 1
    (source := tmp_path / "long.jsonl.gz").write_bytes(named(3 * padded.MOST_NAME))
    with pytest.raises(StoryreportError, match=r"long\.jsonl\.gz"):
        db.ingest(source)
    with padded.Padded(source) as file, gzip.GzipFile(fileobj=file) as unpacked:
        with pytest.raises((OSError, EOFError, zlib.error)):
            unpacked.read()
        assert file.tell() < 2 * padded.MOST_NAME


@pytest.mark.parametrize(
    "content", [b"[" + b" " * (3 * lines.LONGEST_LINE) + b"]", LINE + b"\0" * (3 * lines.LONGEST_LINE)]
)
def test_no_more_of_a_long_line_is_read_than_is_looked_at(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, content: bytes
) -> None:
    """Recognition looks at how a file begins; a hole is none of it."""
    (path := tmp_path / "steps.json").write_bytes(content)
    files, opened = [], lines.opened

    def remembered(place: lines.Place) -> io.BufferedReader:
        files.append(opened(place))
        return files[-1]

    monkeypatch.setattr(lines, "opened", remembered)
    found = lines.lines(path)
    problem = next(problem for _, _, problem in found if problem)
    assert problem.startswith(("the line is longer than", "only NUL bytes follow"))
    assert files[0].tell() < 2 * lines.LONGEST_LINE
    found.close()  # type: ignore[attr-defined]


def test_systems_share_what_they_look_at(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A file of nothing but blank lines after a record is unpacked a few times, not once for every system."""
    path = tmp_path / "steps.jsonl.gz"
    path.write_bytes(gzip.compress(LINE + b"\n" * 200_000))
    times, skip = [], lines._skip_blank_lines

    def counted(file: io.BufferedReader, left: int) -> tuple[int, int]:
        times.append(left)
        return skip(file, left)

    monkeypatch.setattr(lines, "_skip_blank_lines", counted)
    assert [part.system.name for part in recognise.find_parts(path)] == ["steps"]
    assert 0 < len(times) < 10


def test_what_is_held_of_a_file_ends_with_it(tmp_path: Path) -> None:
    path = tmp_path / "steps.jsonl"
    path.write_bytes(LINE)
    assert [record for _, record, _ in text.first_records(path, 20)] == [ROW]
    path.write_bytes(LINE.replace(b'"a"', b'"b"'))
    assert [record for _, record, _ in text.first_records(path, 20)] == [{**ROW, "id": "b"}]
    path.write_bytes(b"step,status\nwrite,failed\n")
    assert text.form(path) == "table"


def test_a_row_of_twenty_thousand_fields_is_a_row(db: ReportDatabase, tmp_path: Path) -> None:
    """Its unknown fields are not compared with all words that are known."""
    fields = {f"k{number}": number for number in range(20_000)}
    (path := tmp_path / "steps.jsonl").write_text(json.dumps({**fields, **ROW}) + "\n", encoding="utf-8")
    db.ingest(path)
    assert db.one("select count(*) from step_runs") == 1
