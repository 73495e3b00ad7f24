"""Usage formats: cost reports beside usage, traces and sessions."""

import json
from pathlib import Path
from typing import Any

import pytest
from helpers import DATA
from helpers.report_database import ReportDatabase
from helpers.usage_formats import calls, lines_of, placed, put

from storyreport import sources
from storyreport.errors import StoryreportError


def recorded(db: ReportDatabase) -> list[tuple[Any, ...]]:
    """(currency, cost, calls) of what has a recorded cost; what is estimated is none of that."""
    return db.sql(
        "select currency, round(sum(cost), 9), sum(calls) from calls where cost is not null group by 1 order by 1"
    )


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
