"""Claude Code's transcripts: each kind of token, tier and fee, the largest line of a message, models beside it."""

import json
from pathlib import Path
from typing import Any

import pytest
from helpers.platforms import with_new_prices
from helpers.report_database import ReportDatabase

from storyreport.errors import StoryreportError


def line(message_id: str = "msg_1", model: str = "claude-sonnet-4-6", second: int = 1, **usage: Any) -> dict[str, Any]:
    """A line of a transcript: a model's message with its usage."""
    message = {"id": message_id, "type": "message", "role": "assistant", "model": model, "usage": usage}
    return {
        "parentUuid": None,
        "sessionId": "11111111-aaaa",
        "type": "assistant",
        "uuid": f"u-{message_id}-{second}",
        "timestamp": f"2026-11-10T10:00:{second:02}.000Z",
        "requestId": f"req_{message_id}",
        "message": message,
    }


def written(five_minutes: int, hour: int) -> dict[str, Any]:
    return {
        "cache_creation_input_tokens": five_minutes + hour,
        "cache_creation": {"ephemeral_5m_input_tokens": five_minutes, "ephemeral_1h_input_tokens": hour},
    }


def ingest(db: ReportDatabase, path: Path, *lines: dict[str, Any]) -> dict[str, float | None]:
    """The estimate of each message."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("".join(json.dumps(one) + "\n" for one in lines), "utf-8")
    db.ingest(path)
    return dict(db.sql("select source_key, round(estimated_cost, 9) from calls"))


# Dollars for a million tokens of Sonnet 4.6: 3 in, 15 out, 3.75 and 6 written; of Opus 4.8 in a hurry: 10 and 50.
@pytest.mark.parametrize(
    ("model", "usage", "cost"),
    [
        ("claude-sonnet-4-6", {"input_tokens": 0, "output_tokens": 0, **written(0, 150_000)}, 0.9),
        ("claude-sonnet-4-6", {"input_tokens": 0, "output_tokens": 0, **written(150_000, 0)}, 0.5625),
        ("claude-sonnet-4-6", {"input_tokens": 1000, "output_tokens": 100, **written(1000, 2000)}, 0.02025),
        ("claude-sonnet-4-6", {"input_tokens": 0, "cache_creation_input_tokens": 150_000, "output_tokens": 0}, 0.5625),
        ("claude-sonnet-4-6", {"input_tokens": 100_000, "output_tokens": 10_000, "service_tier": "batch"}, 0.225),
        ("claude-sonnet-4-6", {"input_tokens": 100_000, "output_tokens": 10_000, "service_tier": "standard"}, 0.45),
        ("claude-sonnet-4-6", {"input_tokens": 100_000, "output_tokens": 10_000, "service_tier": "priority"}, None),
        pytest.param(
            "claude-opus-4-8",
            {"input_tokens": 100_000, "output_tokens": 10_000, "speed": "fast"},
            1.5,
            marks=with_new_prices,
        ),
        ("claude-opus-4-8", {"input_tokens": 100_000, "output_tokens": 10_000, "speed": "standard"}, 0.75),
        ("claude-opus-4-6", {"input_tokens": 100_000, "output_tokens": 10_000, "speed": "fast"}, None),
        (
            "claude-sonnet-4-6",
            {"input_tokens": 1000, "output_tokens": 100, "server_tool_use": {"web_search_requests": 50}},
            0.5045,
        ),
        ("us.anthropic.claude-sonnet-4-5-20250929-v1:0", {"input_tokens": 1_000_000, "output_tokens": 0}, 3.3),
        ("global.anthropic.claude-sonnet-4-5-20250929-v1:0", {"input_tokens": 1_000_000, "output_tokens": 0}, 3.0),
        ("glm-4.6", {"input_tokens": 1_000_000, "output_tokens": 0}, None),
    ],
)
def test_what_a_message_used(
    db: ReportDatabase, tmp_path: Path, model: str, usage: dict[str, Any], cost: float | None
) -> None:
    assert ingest(db, tmp_path / "s.jsonl", line(model=model, **usage)) == {"msg_1": cost}


def test_what_a_model_thought_is_of_its_output(db: ReportDatabase, tmp_path: Path) -> None:
    """2 * 3 + 400 * 15 dollars a million: the 300 are among the 400."""
    thought: dict[str, Any] = {
        "input_tokens": 2,
        "output_tokens": 400,
        "output_tokens_details": {"thinking_tokens": 300},
    }
    assert ingest(db, tmp_path / "s.jsonl", line(**thought)) == {"msg_1": 0.006006}
    assert db.sql("select output_tokens, reasoning_tokens from calls") == [(400, 300)]


def test_the_largest_line_wins(db: ReportDatabase, tmp_path: Path) -> None:
    """The last line of a message may say less than the one before, and another session may have it whole."""
    more: dict[str, Any] = {"input_tokens": 10, "cache_read_input_tokens": 5000, "output_tokens": 900}
    less = {**more, "output_tokens": 0}
    # 10 * 3 + 5000 * 0.3 + 900 * 15 dollars a million.
    found = ingest(db, tmp_path / "s.jsonl", line(second=5, **more), line(second=6, **less), line("msg_2", **less))
    assert found == {"msg_1": 0.01503, "msg_2": 0.00153}
    root = tmp_path / "projects"
    (root / "-home-b").mkdir(parents=True)
    (root / "-home-a").mkdir()
    (root / "-home-b" / "s.jsonl").write_text(json.dumps(line(second=9, **less)), "utf-8")
    (root / "-home-a" / "s.jsonl").write_text(json.dumps(line(second=1, **more)), "utf-8")
    db.ingest(tmp_path / "projects", name="all")
    assert db.sql(
        "select round(estimated_cost, 6) from calls where source_id = (select id from sources where name = 'all')"
    ) == [(0.01503,)]


@with_new_prices
def test_what_another_line_of_a_message_says(db: ReportDatabase, tmp_path: Path) -> None:
    """The last line has most tokens, an earlier one alone their duration, the searches or the speed."""
    first: dict[str, Any] = {"input_tokens": 1000, "output_tokens": 1}
    last: dict[str, Any] = {"input_tokens": 1000, "output_tokens": 100}
    fast: dict[str, Any] = {"model": "claude-opus-4-8"}
    found = ingest(
        db,
        tmp_path / "s.jsonl",
        *(
            line("hour", second=1, **first, **written(0, 100_000)),
            line("hour", second=2, **last, cache_creation_input_tokens=100_000),
        ),
        *(
            line("found", second=1, **first, server_tool_use={"web_search_requests": 2}),
            line("found", second=2, **last),
        ),
        *(line("fast", second=1, **fast, **first, speed="fast"), line("fast", second=2, **fast, **last)),
    )
    # 1000 * 3 + 100 * 15 and 100,000 * 6, or two searches of a cent; 1000 * 10 + 100 * 50 dollars a million.
    assert found == {"hour": 0.6045, "found": 0.0245, "fast": 0.015}


def test_an_advisor_and_an_agent_have_calls_of_their_own(db: ReportDatabase, tmp_path: Path) -> None:
    """What the advisor used is beside the message's own usage; an agent's message comes as its progress.

    Opus 4.7 costs 5 dollars for a million tokens in and 25 out.
    """
    own: dict[str, Any] = {"input_tokens": 2, "output_tokens": 500}
    advice = {"type": "advisor_message", "model": "claude-opus-4-7", "input_tokens": 100_000, "output_tokens": 8000}
    first = line(**own, iterations=[{"type": "message", "input_tokens": 1, "output_tokens": 45}, advice])
    inner = line("msg_agent", input_tokens=1000, output_tokens=100)
    around = {"sessionId": "11111111-aaaa", "uuid": "u9", "timestamp": "2026-11-10T10:00:09.000Z"}
    progress = {**around, "type": "progress", "data": {"type": "agent_progress", "message": inner}}
    other = {**around, "type": "progress", "data": {"type": "bash_progress", "output": "x"}}
    assert ingest(db, tmp_path / "s.jsonl", first, progress, other, progress) == {
        "msg_1": 0.007506,
        "msg_1/advisor/1": 0.7,
        "msg_agent": 0.0045,
    }
    assert db.sql("select distinct model from calls order by 1") == [("claude-opus-4-7",), ("claude-sonnet-4-6",)]
    assert db.sql("select reason from rejects") == []


def test_a_folder_is_known_by_any_of_its_files(db: ReportDatabase, tmp_path: Path) -> None:
    """Thirty sessions without a message come first; the messages of agents lie deep."""
    projects = tmp_path / "projects"
    for number in range(30):
        (projects / f"-home-{number:02}").mkdir(parents=True)
        (projects / f"-home-{number:02}" / "s.jsonl").write_text('{"type": "file-history-snapshot"}\n', "utf-8")
    deep = projects / "-home-z" / "s1" / "subagents" / "workflows" / "wf_1"
    deep.mkdir(parents=True)
    (deep / "agent-1.jsonl").write_text(json.dumps(line("msg_d", input_tokens=400, output_tokens=10)), "utf-8")
    db.ingest(tmp_path)
    assert db.sql("select source_key, input_tokens from calls") == [("msg_d", 400)]


def test_a_session_that_says_nothing(db: ReportDatabase, tmp_path: Path) -> None:
    """One that was opened and left has notes only: as a shell gives it beside others, and by itself."""
    notes = [
        {"type": "file-history-snapshot", "messageId": "m1", "snapshot": {}},
        {"type": "summary", "summary": "A tale", "leafUuid": "u1"},
        {"type": "permission-mode", "permissionMode": "default", "sessionId": "s1"},
    ]
    quiet, spoken = tmp_path / "a.jsonl", tmp_path / "b.jsonl"
    quiet.write_text("".join(json.dumps(note) + "\n" for note in notes), "utf-8")
    assert db.ingest(quiet).counts.read == 0
    spoken.write_text(json.dumps(line("msg_d", input_tokens=400, output_tokens=10)), "utf-8")
    assert db.ingest(quiet, spoken).counts.read == 1
    # What has such a type and not its fields is another tool's.
    quiet.write_text(json.dumps({"type": "summary", "text": "A tale"}) + "\n", "utf-8")
    with pytest.raises(StoryreportError, match="no known format"):
        db.ingest(quiet, name="other")


def test_lines_that_have_little_beside_the_message(db: ReportDatabase, tmp_path: Path) -> None:
    """The earliest versions wrote no session: two lines alike without an id are two messages."""
    usage = {"input_tokens": 100_000, "output_tokens": 10_000}
    early = {"timestamp": "2026-11-10T10:00:00.000Z", "message": {"model": "claude-sonnet-4-6", "usage": usage}}
    assert list(ingest(db, tmp_path / "early.jsonl", early, early).values()) == [0.45, 0.45]


@pytest.mark.parametrize("names", [("a.jsonl", "b.jsonl"), ("2.jsonl", "1.jsonl")])
def test_the_largest_line_wins_over_files_given_one_by_one(
    db: ReportDatabase, tmp_path: Path, names: tuple[str, str]
) -> None:
    """As a shell does it with *.jsonl; the second one repeats the message before it was whole."""
    paths = [tmp_path / name for name in names]
    for path, second, tokens in zip(paths, (1, 9), (900, 1), strict=True):
        one = {**line(second=second, input_tokens=10, output_tokens=tokens), "sessionId": f"session-{second}"}
        path.write_text(json.dumps(one) + "\n", "utf-8")
    db.ingest(*paths)
    # 10 * 3 + 900 * 15 dollars a million.
    found = "select called_at, output_tokens, round(estimated_cost, 9) from calls"
    assert db.sql(found) == [("2026-11-10T10:00:01.000Z", 900, 0.01353)]
    # It stays with the session that it was in.
    session = "select runs.started_at from calls join runs on runs.id = calls.run_id"
    assert db.sql(session) == [("2026-11-10T10:00:01.000Z",)]
    paths[1].touch()
    db.ingest(*paths, full=True)
    assert db.sql(found) == [("2026-11-10T10:00:01.000Z", 900, 0.01353)]


@pytest.mark.parametrize("folders", [("home", "moved"), ("moved", "home")])
def test_folders_given_together_are_one_source(db: ReportDatabase, tmp_path: Path, folders: tuple[str, str]) -> None:
    """People have two of them (.claude, .config/claude), or copies; a session that both have counts once."""
    half, whole = (line("msg_1", input_tokens=100, output_tokens=tokens) for tokens in (1, 50))
    for name, lines in {"home": [whole], "moved": [half, line("msg_2", input_tokens=10, output_tokens=5)]}.items():
        path = tmp_path / name / "projects" / "-home-a" / "s.jsonl"
        path.parent.mkdir(parents=True)
        path.write_text("".join(json.dumps(one) + "\n" for one in lines), "utf-8")
    db.ingest(*(tmp_path / name for name in folders))
    assert db.sql("select source_key, output_tokens from calls order by 1") == [("msg_1", 50), ("msg_2", 5)]
    assert db.sql("select count(*) from sources") == [(1,)]


def test_a_message_of_several_requests_has_prompts_of_its_own(db: ReportDatabase, tmp_path: Path) -> None:
    """The usage of a message is the sum of those before and after an advisor: none had more than 200,000 tokens.

    Sonnet 4.5: 4 * 3 + 300,000 * 0.3 + 3,000 * 3.75 + 500 * 15; Opus 4.6: 150,000 * 5 + 900 * 25 dollars a million.
    """

    def part(kind: str, read: int, written: int, output: int, **more: Any) -> dict[str, Any]:
        counts = {"cache_read_input_tokens": read, "cache_creation_input_tokens": written, "output_tokens": output}
        return {"type": kind, "input_tokens": 2, **counts, **more}

    iterations = [
        part("message", 148_000, 2_000, 100),
        {"type": "advisor_message", "input_tokens": 150_000, "output_tokens": 900, "model": "claude-opus-4-6"},
        part("message", 152_000, 1_000, 400),
    ]
    usage = {**part("", 300_000, 3_000, 500), "input_tokens": 4, "iterations": iterations}
    found = ingest(db, tmp_path / "s.jsonl", line(model="claude-sonnet-4-5-20250929", **usage))
    assert found == {"msg_1": 0.108762, "msg_1/advisor/1": 0.7725}


def of_gateway(second: int, tokens: int, session: str = "A", request: str | None = None) -> dict[str, Any]:
    """A line of a message that a gateway calls like all others."""
    said = {**line("same", second=second, input_tokens=tokens, output_tokens=second), "sessionId": session}
    del said["requestId"]
    return {**said, "requestId": request} if request else said


@pytest.mark.parametrize(
    ("lines", "tokens"),
    [
        ([of_gateway(1, 100, request="a"), *(of_gateway(at, 200, request="b") for at in (2, 3))], [100, 200]),
        ([of_gateway(1, 100), of_gateway(2, 200, "B")], [100, 200]),
        ([of_gateway(1, 100), of_gateway(2, 200), of_gateway(3, 300), of_gateway(4, 400), of_gateway(5, 400)],
         [100, 200, 300, 400]),
        # One message as it streams, with and without its request, and in a session that goes on.
        ([of_gateway(1, 0), of_gateway(2, 100), of_gateway(1, 0, "B"), of_gateway(2, 100, "B")], [100]),
        ([of_gateway(1, 0, request="a"), of_gateway(2, 100)], [100]),
    ],
    ids=["requests", "sessions", "prompts", "copied", "without request"],
)  # fmt: skip
def test_gateways_that_give_all_messages_one_id(
    db: ReportDatabase, tmp_path: Path, lines: list[dict[str, Any]], tokens: list[int]
) -> None:
    ingest(db, tmp_path / "s.jsonl", *lines)
    assert db.sql("select input_tokens from calls order by 1") == [(count,) for count in tokens]


# Model, tokens (in, out, read from the cache, written to it for five minutes and for an hour), and what ccusage 20.0.24
# (`ccusage claude daily --json --offline --timezone UTC`) printed for a day of that message.
BESIDE_CCUSAGE: list[tuple[str, tuple[int, ...], float]] = [
    ("claude-sonnet-4-6", (1200, 800, 50_000, 3000, 0), 0.04185),
    ("claude-sonnet-4-6", (10, 900, 210_000, 0, 4000), 0.10053),
    ("claude-sonnet-4-6", (7, 15, 230_000, 1000, 250_000), 1.572996),
    ("claude-opus-4-5-20251101", (2500, 1500, 120_000, 0, 20_000), 0.31),
    ("claude-opus-4-5-20251101", (3, 700, 210_000, 1000, 0), 0.128765),
    ("claude-haiku-4-5-20251001", (400, 300, 20_000, 5000, 6000), 0.02215),
    ("claude-sonnet-4-5-20250929", (900, 400, 150_000, 2000, 3000), 0.0792),
    ("claude-sonnet-4-5-20250929", (1, 2, 199_999, 0, 0), 0.0600327),
]
# Prompts of more than 200,000 tokens to Sonnet 4.5: ccusage has the higher price of a kind of token for those beyond
# 200,000 of this kind. Anthropic has it for the whole request: 6 dollars a million in, 22.50 out, 0.60, 7.50 and 12.
LONGER: list[tuple[tuple[int, ...], float, float]] = [
    ((1, 2, 200_000, 0, 0), 0.060033, 0.120051),
    ((2000, 1000, 210_000, 1000, 0), 0.09075, 0.168),
    ((100_000, 1000, 110_000, 0, 0), 0.348, 0.6885),
    ((5, 1000, 0, 0, 205_000), 1.275015, 2.48253),
]


def of_tokens(name: str, model: str, tokens: tuple[int, ...]) -> dict[str, Any]:
    """A message of these tokens, after the day from which long prompts to Sonnet 4.6 cost no more than others."""
    into, out, read, five, hour = tokens
    usage = {"input_tokens": into, "output_tokens": out, "cache_read_input_tokens": read, **written(five, hour)}
    return {**line(name, model, **usage), "timestamp": "2026-04-10T10:00:00.000Z"}


def test_a_transcript_costs_what_ccusage_says(db: ReportDatabase, tmp_path: Path) -> None:
    lines = [of_tokens(f"msg_{number}", model, tokens) for number, (model, tokens, _) in enumerate(BESIDE_CCUSAGE)]
    found = ingest(db, tmp_path / "s.jsonl", *lines)
    assert found == {f"msg_{number}": round(cost, 9) for number, (*_, cost) in enumerate(BESIDE_CCUSAGE)}


def test_the_whole_of_a_long_prompt_costs_more(db: ReportDatabase, tmp_path: Path) -> None:
    model = "claude-sonnet-4-5-20250929"
    found = ingest(db, tmp_path / "s.jsonl", *(of_tokens(f"msg_{at}", model, one[0]) for at, one in enumerate(LONGER)))
    assert found == {f"msg_{number}": anthropic for number, (*_, anthropic) in enumerate(LONGER)}
    for (into, out, read, five, hour), ccusage, anthropic in LONGER:
        assert round((6 * into + 22.5 * out + 0.6 * read + 7.5 * five + 12 * hour) / 1e6, 9) == anthropic
        beyond = max(read - 200_000, 0) * 0.3 + max(hour - 200_000, 0) * 6
        assert round((3 * into + 15 * out + 0.3 * read + 3.75 * five + 6 * hour + beyond) / 1e6, 9) == ccusage
