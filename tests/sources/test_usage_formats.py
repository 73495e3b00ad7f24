"""Usage formats that need reading code: what each version of each says, known by its fields, whole or broken."""

import contextlib
import gzip
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from helpers import DATA
from helpers.report_database import ReportDatabase
from helpers.usage_formats import calls, lines_of, placed, put, records
from hypothesis import given, settings
from hypothesis import strategies as st

from storyreport import sources
from storyreport.errors import NotOursError
from storyreport.recognise import find_parts

SYSTEMS = ("anthropic_usage", "claude_code", "openai_usage", "otel")
CASES = sorted(path for path in DATA.glob("*--*.jsonl") if path.name.split("--")[0] in SYSTEMS)
BROKEN = b"\n".join((b'{"cut', b"nul \0 byte", b"\xff\xfe\x00 no text", b"[" * 20_000, b'"a word"', b""))
# In each text of the cases that is private.
PRIVATE = b"tellnoone"
ODD: tuple[Any, ...] = (
    *(None, True, -1, 2**70, 1.5e300, float("inf"), float("nan"), "", "x", "\ud800\x00", "9" * 5000, [], {}),
    *([[]], [None], [{}], {"": []}, {"stringValue": []}, {"value": {}, "currency": 1}, "2026-99-99T00:00:00Z", 10**18),
)

json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8) | st.sampled_from(ODD),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=5,
)


def expected(case: Path) -> list[dict[str, Any]]:
    """What is to be made of a case."""
    rows: list[dict[str, Any]] = json.loads(case.with_suffix(".json").read_text(encoding="utf-8"))
    return sorted(rows, key=lambda row: row["key"])


def places(value: Any, at: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    """Every place in a JSON value, as the keys that lead there."""
    yield at
    inner = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, below in inner:
        yield from places(below, (*at, key))


def part_of(case: Path) -> sources.Part:
    """The part of its system that a case belongs to."""
    system = sources.systems()[case.name.split("--")[0]]
    (part,) = [part for part in system.parts.values() if part.find and part.find(case)]
    return part


def each(*names: str) -> pytest.MarkDecorator:
    """A test for each case, or for some of them."""
    cases = [case for case in CASES if not names or case.stem in names]
    return pytest.mark.parametrize("case", cases, ids=lambda case: case.stem)


# What is said, and nothing else -------------------------------------------------------------------------------------


@each()
@pytest.mark.parametrize("is_packed", [False, True], ids=["plain", "gzip"])
def test_what_is_said(db: ReportDatabase, tmp_path: Path, case: Path, is_packed: bool) -> None:
    """Each version of each format gives the expected calls; it is known by its fields alone, packed or not."""
    path = placed(case, tmp_path)
    if is_packed:
        path.write_bytes(gzip.compress(path.read_bytes()))
    outcome = db.ingest(path)
    assert db.sql("select system from sources") == [(case.name.split("--")[0],)]
    assert calls(db) == expected(case)
    assert outcome.counts.rejected == 0
    assert db.sql("select reason from rejects") == []
    assert db.report("orphans") == []


@each()
def test_the_same_again_writes_nothing(db: ReportDatabase, tmp_path: Path, case: Path) -> None:
    """Read whole a second time, no row changes; nor does it when the file was copied onto itself."""
    path = placed(case, tmp_path)
    db.ingest(path)
    before = db.counts()
    assert db.ingest(path).unchanged
    assert db.ingest(path, full=True).counts.written == 0
    path.write_bytes(lines_of(case) * 2)
    outcome = db.ingest(path, full=True)
    fallback_keys = [row for row in expected(case) if row["key"].startswith("line ")]
    assert (outcome.counts.written, fallback_keys) == (0, [])
    assert db.counts() == before


@each()
def test_broken_lines_in_the_middle(db: ReportDatabase, tmp_path: Path, case: Path) -> None:
    """Broken JSON, NULs, bytes that are no text, deep nesting and other values are rejected, the rest is loaded."""
    path = tmp_path / "export.jsonl"
    lines = lines_of(case)
    path.write_bytes(lines + BROKEN + lines)
    outcome = db.ingest(path)
    assert calls(db) == expected(case)
    assert outcome.counts.rejected == 5
    reasons = [reason for (reason,) in db.sql("select reason from rejects order by id")]
    assert reasons == [
        "the line is broken JSON",
        "the line holds NUL bytes",
        "the line holds NUL bytes",
        "the line is nested too deeply: leave out what lies so deep",
        "the line is no JSON object",
    ]


@each("otel--latest", "claude_code--streaming")
def test_a_truncated_gzip(db: ReportDatabase, tmp_path: Path, case: Path) -> None:
    """What could be unpacked is loaded, and that the rest is missing is said."""
    path = tmp_path / "export.jsonl.gz"
    noise = "".join(json.dumps({"type": "user", "resourceSpans": [], "n": hash(str(n))}) + "\n" for n in range(9000))
    path.write_bytes(gzip.compress(lines_of(case) + noise.encode())[:-20_000])
    db.ingest(path)
    assert calls(db) == expected(case)
    assert db.sql("select reason from rejects") == [("the gzip file ends early or is damaged",)]


@each()
def test_nothing_private_is_kept(db: ReportDatabase, tmp_path: Path, case: Path) -> None:
    """No byte of the database is of a prompt, a person, a project, a key, a folder or a session, even of rejects."""
    path = tmp_path / "export.jsonl"
    broken = b"".join(
        json.dumps(put(record, place, -1)).encode() + b"\n" for record in records(case) for place in places(record)
    )
    path.write_bytes(lines_of(case) + broken)
    db.ingest(path)
    stored = db.path.read_bytes()
    for wal in db.path.parent.glob("report.db-*"):
        stored += wal.read_bytes()
    assert PRIVATE in case.read_bytes()
    assert PRIVATE not in stored
    assert b"ann@example.com" not in stored


# Whatever stands where ------------------------------------------------------------------------------------------------


@each()
@settings(max_examples=150)
@given(data=st.data())
def test_any_value_anywhere(tmp_path_factory: pytest.TempPathFactory, case: Path, data: st.DataObject) -> None:
    """A value of any kind at any place of a record gives rows or problems, never an exception."""
    record = data.draw(st.sampled_from(records(case)))
    place = data.draw(st.sampled_from(list(places(record))))
    path = tmp_path_factory.getbasetemp() / "any.jsonl"
    path.write_text(json.dumps(put(record, place, data.draw(json_values))) + "\n", encoding="utf-8")
    part = part_of(case)
    assert part.find
    assert part.stage
    # What is of use may just be gone.
    with contextlib.suppress(NotOursError):
        part.find(path)
    for table, row in part.stage(path):
        assert len(row) == len(part.tables[table].columns) + 1
        assert not any(isinstance(value, (dict, list)) for value in row)
        assert row[-1] is None or isinstance(row[-1], str)


@each()
def test_odd_values_are_loaded_or_rejected(db: ReportDatabase, tmp_path: Path, case: Path) -> None:
    """What was staged of odd values passes through the mapping; the sound records beside them are loaded."""
    path = tmp_path / "export.jsonl"
    with path.open("wb") as file:
        file.write(lines_of(case))
        for record in records(case):
            for place in places(record):
                for value in ODD:
                    file.write(json.dumps(put(record, place, value)).encode() + b"\n")
        file.write(lines_of(case))
    outcome = db.ingest(path)
    assert outcome.counts.rejected > 0
    loaded = {row["key"] for row in calls(db)}
    # Lines with one id and odd counts are distinguished, as those of gateways that give all messages one.
    assert {row["key"] for row in expected(case)} <= {*loaded, *(str(key).partition("/")[0] for key in loaded)}
    db.report("cost")


@settings(max_examples=200)
@given(
    content=st.binary(max_size=300) | st.sampled_from([b"\x1f\x8b", b"[" * 9999, b"{}", b'{"data":[[1]]}', b"a,b\n1"])
)
def test_no_bytes_upset_the_recognition(tmp_path_factory: pytest.TempPathFactory, content: bytes) -> None:
    """What is no file of a system is said to be none, whatever it holds."""
    path = tmp_path_factory.getbasetemp() / "any bytes"
    path.write_bytes(content)
    for name in SYSTEMS:
        for part in sources.systems()[name].parts.values():
            assert part.find
            assert part.find(path) is None
            assert part.find(path.parent / "nothing here") is None


@each()
def test_no_format_is_taken_for_another(tmp_path: Path, case: Path) -> None:
    """Exactly one part of one system knows a file."""
    path = placed(case, tmp_path)
    finders = [
        (system.name, name)
        for system in sources.systems().values()
        for name, part in system.parts.items()
        if part.find and part.find(path)
    ]
    assert len(finders) == 1
    (found,) = find_parts(path)
    assert (found.system.name, found.part) == finders[0]
