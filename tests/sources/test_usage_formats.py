"""Usage formats that need reading code: what each version of each says, told by its fields, whole or broken."""

import copy
import gzip
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from helpers import DATA
from helpers.report_database import ReportDatabase
from hypothesis import given, settings
from hypothesis import strategies as st

from storyreport import sources
from storyreport.errors import StoryreportError
from storyreport.recognise import find_parts

SYSTEMS = ("anthropic_usage", "claude_code", "openai_usage", "otel")
CASES = sorted(path for path in DATA.glob("*--*.jsonl") if path.name.split("--")[0] in SYSTEMS)
CALLS = """
    select
        calls.source_key as key, coalesce(runs.source_key, calls.run_key) as run, steps.name as step,
        provider, endpoint, model, calls.status, called_at, calls.duration_ms, calls, input_tokens, output_tokens,
        cache_read_tokens, cache_write_tokens, total_tokens, round(cost, 9) as cost, currency
    from calls
    left join runs on runs.id = run_id
    left join steps on steps.id = step_id
    where calls.gone_at is null
    order by calls.source_key
"""
COLUMNS = (
    *("key", "run", "step", "provider", "endpoint", "model", "status", "called_at", "duration_ms", "calls"),
    *("input_tokens", "output_tokens", "cache_read_tokens", "cache_write_tokens", "total_tokens", "cost", "currency"),
)
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


def calls(db: ReportDatabase) -> list[dict[str, Any]]:
    """The calls that are there, by column."""
    return [dict(zip(COLUMNS, row, strict=True)) for row in db.sql(CALLS)]


def recorded(db: ReportDatabase) -> list[tuple[Any, ...]]:
    """(currency, cost, calls) of what has a recorded cost; what is estimated is none of that."""
    return db.sql(
        "select currency, round(sum(cost), 9), sum(calls) from calls where cost is not null group by 1 order by 1"
    )


def expected(case: Path) -> list[dict[str, Any]]:
    """What is to be made of a case."""
    rows: list[dict[str, Any]] = json.loads(case.with_suffix(".json").read_text(encoding="utf-8"))
    return sorted(rows, key=lambda row: row["key"])


def records(case: Path) -> list[Any]:
    """The records of a case, one a line or one document."""
    text = case.read_text(encoding="utf-8")
    try:
        return [json.loads(text)]
    except ValueError:
        return [json.loads(line) for line in text.splitlines()]


def placed(case: Path, folder: Path) -> Path:
    """A copy under a name that tells nothing."""
    path = folder / "export.jsonl"
    path.write_bytes(case.read_bytes())
    return path


def lines_of(case: Path) -> bytes:
    """A case as JSON lines."""
    return "".join(json.dumps(record) + "\n" for record in records(case)).encode()


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
        "the line is broken JSON",
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
    assert {row["key"] for row in expected(case)} <= {row["key"] for row in calls(db)}
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


# The cost report ------------------------------------------------------------------------------------------------------


def test_usage_and_costs_do_not_count_twice(db: ReportDatabase, tmp_path: Path) -> None:
    """Given both, in any order, calls are those of the usage and money is that of the costs, each currency alone."""
    usage, costs = tmp_path / "usage.json", tmp_path / "costs.json"
    usage.write_bytes((DATA / "openai_usage--usage.jsonl").read_bytes())
    costs.write_bytes((DATA / "openai_usage--costs.jsonl").read_bytes())
    together = ReportDatabase(tmp_path / "..")
    together.path = tmp_path / "together.db"
    together.ingest(usage, costs)
    db.ingest(usage, name="openai")
    db.ingest(costs, name="openai")
    for each_book in (together, db):
        assert each_book.one("select count(*) from sources") == 1
        rows = each_book.report("cost")
        assert sum(row["calls"] for row in rows) == 7 + 1 + 3 + 2 + 6
        assert sum(row["input_tokens"] or 0 for row in rows) == 1500 + 70 + 30 + 16
        assert recorded(each_book) == [("EUR", 2.0, 0), ("USD", 0.85, 0)]


def test_a_folder_of_both_exports(db: ReportDatabase, tmp_path: Path) -> None:
    """A folder with Anthropic's two reports is one source."""
    folder = tmp_path / "reports"
    folder.mkdir()
    for kind in ("usage", "costs"):
        (folder / f"{kind}.json").write_bytes((DATA / f"anthropic_usage--{kind}.jsonl").read_bytes())
    db.ingest(folder)
    assert db.one("select count(*) from sources") == 1
    assert recorded(db) == [("JPY", 700.0, 0), ("USD", 8.34, 0)]
    assert sum(row["total_tokens"] or 0 for row in db.report("cost")) == 150 + 2300 + 1101


def test_costs_among_usage_are_said(db: ReportDatabase, tmp_path: Path) -> None:
    """An amount in a file of usage is no usage: it is rejected, not lost."""
    path = tmp_path / "mixed.jsonl"
    path.write_bytes(lines_of(DATA / "openai_usage--usage.jsonl") + lines_of(DATA / "openai_usage--costs.jsonl"))
    assert db.ingest(path).counts.rejected == 5
    assert db.sql("select distinct reason from rejects") == [
        ("an amount among the usage: keep costs in a file of their own",)
    ]


@pytest.mark.parametrize(
    ("amount", "currency", "cost"),
    [("123.45", "USD", 1.2345), ("-5", "USD", -0.05), ("0", "USD", 0.0), ("1", "KWD", 0.001), (12, "USD", 0.12)],
)
def test_amounts_in_the_lowest_unit(
    db: ReportDatabase, tmp_path: Path, amount: Any, currency: str, cost: float | None
) -> None:
    """Anthropic's amounts are cents as decimal text; a negative one is dropped and doubted."""
    result = {"amount": amount, "currency": currency}
    bucket = {"starting_at": "2026-03-01T00:00:00Z", "ending_at": "2026-03-02T00:00:00Z", "results": [result]}
    path = tmp_path / "costs.json"
    path.write_text(json.dumps({"data": [bucket]}), encoding="utf-8")
    db.ingest(path)
    assert db.sql("select cost, currency from calls") == [(cost, currency)]


@pytest.mark.parametrize("amount", ["NaN", "1e999", "", "ten", "٣", None, [1], {"value": 1}, True, float("inf")])
def test_what_is_no_amount_is_rejected(db: ReportDatabase, tmp_path: Path, amount: Any) -> None:
    """A cost that is no number is no cost."""
    result = {"amount": amount, "currency": "USD"}
    bucket = {"starting_at": "2026-03-01T00:00:00Z", "ending_at": "2026-03-02T00:00:00Z", "results": [result]}
    path = tmp_path / "costs.json"
    path.write_text(json.dumps({"data": [bucket]}), encoding="utf-8")
    assert db.ingest(path).counts.rejected == 1
    assert calls(db) == []


# Traces ---------------------------------------------------------------------------------------------------------------


def test_a_trace_is_a_run(db: ReportDatabase, tmp_path: Path) -> None:
    """A trace lasts from its first GenAI span to its last and ends as the outermost does; its spans are step runs."""
    db.ingest(placed(DATA / "otel--latest.jsonl", tmp_path))
    assert db.sql("select kind, status, started_at, ended_at, duration_ms from runs order by started_at") == [
        ("trace", "completed", "2026-03-01T10:00:00.000Z", "2026-03-01T10:00:03.000Z", 3000),
        ("trace", "completed", "2026-03-02T10:00:00.000Z", "2026-03-02T10:00:01.500Z", 1500),
        ("trace", "completed", "2026-03-02T10:00:02.000Z", "2026-03-02T10:00:02.250Z", 250),
    ]
    rows = db.report("failure_rates")
    assert {(row["step"], row["executions"], row["failed"]) for row in rows} == {
        ("chat Planner", 2, 1),
        ("execute_tool search", 1, 0),
        ("invoke_agent Planner", 1, 0),
        ("invoke_agent Remote", 1, 0),
        ("embeddings", 1, 0),
    }
    assert db.sql("select source_status, error_message from calls where status = 'failed'") == [
        ("rate_limit_exceeded", "Rate limit reached for <e-mail>")
    ]


def test_spans_of_other_kinds_are_refused(db: ReportDatabase, tmp_path: Path) -> None:
    """A file of spans without a gen_ai attribute says nothing of what was used."""
    path = tmp_path / "http.jsonl"
    span = {"traceId": "a", "spanId": "b", "attributes": [{"key": "http.route", "value": {"stringValue": "/"}}]}
    path.write_text(json.dumps({"resourceSpans": [{"scopeSpans": [{"spans": [span]}]}, {}]}), encoding="utf-8")
    with pytest.raises(StoryreportError, match="holds spans, but none with gen_ai"):
        db.ingest(path)


# Sessions -------------------------------------------------------------------------------------------------------------


def test_a_folder_of_projects(db: ReportDatabase, tmp_path: Path) -> None:
    """Sessions below a folder are one source; a message that another session repeats counts once."""
    projects = tmp_path / ".claude" / "projects"
    one, two = projects / "-home-ann-tellnoone" / "tellnoone1.jsonl", projects / "-home-ann-other" / "tellnoone2.jsonl"
    agent = projects / "-home-ann-tellnoone" / "tellnoone1" / "subagents" / "agent-1.jsonl"
    for path in (one, two, agent):
        path.parent.mkdir(parents=True, exist_ok=True)
    lines = lines_of(DATA / "claude_code--streaming.jsonl").splitlines(keepends=True)
    one.write_bytes(b"".join(lines))
    # The session that went on from it has the first message as it was while it streamed, and one of its own.
    own = put(put(json.loads(lines[3]), ("message", "id"), "msg_77"), ("sessionId",), "other-tellnoone")
    two.write_bytes(b"".join(lines[:4]) + json.dumps(own).encode())
    agent.write_bytes(lines_of(DATA / "claude_code--early.jsonl"))
    (projects / "-home-ann-other" / "notes.jsonl").write_text('{"note": 1}\n', encoding="utf-8")
    assert db.ingest(tmp_path / ".claude", name="claude").counts.rejected == 0
    found = {row["key"]: row for row in calls(db)}
    assert set(found) == {"chatcmpl-1", "msg_01", "msg_03", "msg_77", "msg_a", "u3"}
    assert found["msg_01"]["output_tokens"] == 159
    assert db.one("select count(*) from runs") == 2
    assert db.report("orphans") == []
    assert sum(row["calls"] for row in db.report("cost")) == 6


def test_a_session_is_a_run(db: ReportDatabase, tmp_path: Path) -> None:
    """A session lasts from its first message of a model to its last; its id is not kept."""
    db.ingest(placed(DATA / "claude_code--streaming.jsonl", tmp_path))
    assert db.sql("select kind, status, started_at, ended_at, length(source_key) from runs") == [
        ("session", "completed", "2026-03-01T23:59:59.500Z", "2026-03-02T00:00:06.000Z", 16)
    ]


def test_recorded_costs_of_sessions(db: ReportDatabase, tmp_path: Path) -> None:
    """What an early version recorded is the cost; later ones record none."""
    db.ingest(placed(DATA / "claude_code--early.jsonl", tmp_path))
    (row,) = db.report("cost")
    assert (row["calls"], row["cost"], row["currency"], row["unpriced_calls"]) == (2, 0.0143, "USD", 0)
    (tmp_path / "new.jsonl").write_bytes((DATA / "claude_code--streaming.jsonl").read_bytes())
    db.ingest(tmp_path / "new.jsonl")
    assert recorded(db) == [("USD", 0.0143, 2)]


def test_a_folder_without_transcripts(tmp_path: Path) -> None:
    """A folder of other JSON lines is none of Claude Code's, however deep it is."""
    (tmp_path / "a" / "b").mkdir(parents=True)
    (tmp_path / "a" / "b" / "c.jsonl").write_text('{"message": {"id": 1}}\n', encoding="utf-8")
    (tmp_path / "a" / "d.jsonl").write_bytes(b"\xff\n")
    find = sources.systems()["claude_code"].parts["sessions"].find
    assert find
    assert find(tmp_path) is None


def test_a_transcript_s_own_name_is_not_kept(db: ReportDatabase, tmp_path: Path) -> None:
    """A transcript is called by its session's id: the source is not, nor is its location."""
    session = "5d1f7a3e-0b7c-4c55-9c1e-0f6f3b1c2d4e"
    path = tmp_path / f"{session}.jsonl"
    path.write_bytes((DATA / "claude_code--streaming.jsonl").read_bytes())
    db.ingest(path)
    assert db.one("select count(*) from calls") > 0
    assert session.encode() not in db.path.read_bytes()
    assert db.ingest(path).unchanged
