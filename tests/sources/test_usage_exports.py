"""Exports and session files of more tools: the rows of each, whole, repeated or broken, and nothing private is kept."""

import copy
import csv
import io
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from helpers import DATA
from helpers.report_database import ReportDatabase
from helpers.usage_exports import ROWS, SYSTEMS, given, rows

from storyreport import sources
from storyreport.recognise import find_parts

PAIRS = sorted(path for system in SYSTEMS for path in DATA.glob(f"{system}--*.json"))
PRIVATE = b"tellnoone"
ODD: tuple[Any, ...] = (
    None,
    True,
    -1,
    2**70,
    1.5e300,
    float("inf"),
    float("nan"),
    "",
    "x",
    "\ud800\x00",
    [],
    {},
    [[]],
    [{}],
)


def check(db: ReportDatabase, expected: Path) -> None:
    """Compare calls and runs with the rows expected, column by column named there."""
    wanted: dict[str, list[dict[str, Any]]] = json.loads(expected.read_text(encoding="utf-8"))
    for table, wants in wanted.items():
        found = {row["source_key"]: row for row in rows(db, table)}
        assert sorted(found) == sorted(want["source_key"] for want in wants)
        for want in wants:
            row = found[want["source_key"]]
            assert {name: row[name] for name in want} == {
                name: pytest.approx(value, abs=1e-12) if isinstance(value, float) else value
                for name, value in want.items()
            }


def places(value: Any, at: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    """Every place in a JSON value, as the keys that lead there."""
    yield at
    inner = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, below in inner:
        yield from places(below, (*at, key))


def put(record: Any, place: tuple[Any, ...], value: Any) -> Any:
    """A record with another value at a place."""
    if not place:
        return value
    changed = copy.deepcopy(record)
    holder = changed
    for key in place[:-1]:
        holder = holder[key]
    holder[place[-1]] = value
    return changed


def records(path: Path) -> list[Any]:
    """The records of a file, one a line or one document; those of a CSV file by their header."""
    text = path.read_text(encoding="utf-8")
    if path.suffix == ".csv":
        return list(csv.DictReader(io.StringIO(text)))
    return [json.loads(text)] if path.suffix == ".txt" else [json.loads(line) for line in text.splitlines()]


pairs = pytest.mark.parametrize("expected", PAIRS, ids=lambda path: path.stem)


def test_there_is_a_pair_of_every_system() -> None:
    """No system is left without an example, and each holds private text."""
    assert {path.stem.split("--")[0] for path in PAIRS} == set(SYSTEMS)
    for system in SYSTEMS:
        texts = [given(path).read_bytes() for path in PAIRS if path.stem.split("--")[0] == system]
        assert any(PRIVATE in text for text in texts), system


@pairs
def test_a_file_becomes_these_rows(db: ReportDatabase, tmp_path: Path, expected: Path) -> None:
    """A file is known by its content, becomes the rows expected, and given again it writes nothing."""
    path = tmp_path / f"anything{given(expected).suffix.replace('.txt', '.json')}"
    path.write_bytes(given(expected).read_bytes())
    outcome = db.ingest(path)
    assert db.sql("select reason from rejects") == []
    assert (outcome.counts.rejected, outcome.unchanged) == (0, False)
    assert db.sql("select system from sources") == [(expected.stem.split("--")[0],)]
    check(db, expected)
    assert db.report("orphans") == []
    assert db.ingest(path).unchanged
    before = {table: rows(db, table) for table in ROWS}
    assert db.ingest(path, full=True).counts.written == 0
    assert {table: rows(db, table) for table in ROWS} == before


@pairs
def test_one_system_knows_it(expected: Path) -> None:
    """Exactly one part of one system knows a file."""
    path = given(expected)
    finders = [
        (system.name, name)
        for system in sources.systems().values()
        for name, part in system.parts.items()
        if part.find and part.find(path)
    ]
    assert [system for system, _ in finders] == [expected.stem.split("--")[0]]
    (found,) = find_parts(path)
    assert (found.system.name, found.part) == finders[0]


@pytest.mark.parametrize("path", sorted(DATA.iterdir()), ids=lambda path: path.name)
def test_no_other_file_is_taken_for_one(path: Path) -> None:
    """Files of other systems, and expectations, are none of these."""
    if path.name.split("--")[0] in SYSTEMS and path.suffix != ".json":
        return
    known = [
        (name, part_name)
        for name in SYSTEMS
        for part_name, part in sources.systems()[name].parts.items()
        if part.find and part.find(path)
    ]
    assert known == []


@pairs
def test_nothing_private_is_kept(db: ReportDatabase, tmp_path: Path, expected: Path) -> None:
    """No byte of the report database is of a prompt, a person, a project, a key or a session, even of rejects."""
    source = given(expected)
    path = tmp_path / ("export.csv" if source.suffix == ".csv" else "export.jsonl")
    if source.suffix == ".csv":
        text = source.read_text(encoding="utf-8")
        broken = "\n".join(line.replace("2026-", "never-") for line in text.splitlines()[1:])
        path.write_text(f"{text}{broken}\n", encoding="utf-8")
    else:
        whole = [json.dumps(record) for record in records(source)]
        wrong: tuple[Any, ...] = ("never", [])
        broken_records = [
            json.dumps(put(record, place, value))
            for record in records(source)
            for place in places(record)
            for value in wrong
        ]
        path.write_text("\n".join([*whole, *broken_records]), encoding="utf-8")
    db.ingest(path)
    stored = b"".join(path.read_bytes() for path in db.path.parent.glob("report.db*"))
    assert PRIVATE not in stored


@pytest.mark.parametrize("expected", [path for path in PAIRS if given(path).suffix == ".jsonl"], ids=lambda p: p.stem)
def test_broken_lines_in_the_middle(db: ReportDatabase, tmp_path: Path, expected: Path) -> None:
    """Broken lines are rejected, each with its reason; the rest is loaded."""
    path = tmp_path / "export.jsonl"
    lines = given(expected).read_bytes()
    path.write_bytes(lines + b'{"cut\nnul \0 byte\n[1]\n' + b"[" * 20_000 + b"\n")
    assert db.ingest(path).counts.rejected == 4
    check(db, expected)


@pytest.mark.parametrize("expected", [path for path in PAIRS if given(path).suffix != ".csv"], ids=lambda p: p.stem)
def test_odd_values_are_loaded_or_rejected(db: ReportDatabase, tmp_path: Path, expected: Path) -> None:
    """A value of any kind at any place gives rows or rejects, never an exception; sound records are loaded."""
    path = tmp_path / "export.jsonl"
    read = records(given(expected))
    odd = (put(record, place, value) for record in read for place in places(record) for value in ODD)
    path.write_text("\n".join(json.dumps(record) for record in (*read, *odd)), encoding="utf-8")
    db.ingest(path)
    wanted = json.loads(expected.read_text(encoding="utf-8"))["calls"]
    keys = {want["source_key"] for want in wanted}
    assert keys <= {row["source_key"] for row in rows(db, "calls")}
    db.report("cost")
