"""Fees, tiers and kinds of tokens in the logs of other tools."""

import json
from pathlib import Path
from typing import Any

import pytest
from helpers.platforms import with_new_prices
from helpers.report_database import ReportDatabase, change

EVENT = {"$ai_model": "claude-sonnet-4-6", "$ai_provider": "anthropic", "$ai_output_tokens": 100}

WRITTEN = {
    "$ai_input_tokens": 1000,
    "$ai_cache_creation_5m_input_tokens": 500,
    "$ai_cache_creation_1h_input_tokens": 1500,
}
SOUND = {
    "$ai_model": "gpt-audio",
    "$ai_provider": "openai",
    "$ai_input_tokens": 1000,
    "$ai_audio_input_tokens": 900,
    "$ai_audio_output_tokens": 90,
}


@pytest.mark.parametrize(
    ("named", "cost", "estimate"),
    [
        # 1000 * 3 and 100 * 15 dollars a million, and 3 searches at 10 dollars a thousand.
        ({"$ai_input_tokens": 1000, "$ai_web_search_count": 3}, None, 0.0345),
        ({"$ai_input_tokens": 1000, "$ai_web_search_count": 0}, None, 0.0045),
        ({"$ai_input_tokens": 1000, "$ai_total_cost_usd": 0}, None, 0.0045),
        # Besides, 500 written for five minutes at 3.75 and 1,500 for an hour at 6, with the sum or without.
        ({**WRITTEN, "$ai_cache_creation_input_tokens": 2000}, None, 0.0045 + 0.001875 + 0.009),
        (WRITTEN, None, 0.0045 + 0.001875 + 0.009),
        ({**WRITTEN, "$ai_cache_creation_1h_input_tokens": 0}, None, 0.0045 + 0.001875),
        # Sound at 32 and 64 dollars a million beside text at 2.50 and 10.
        (SOUND, None, 0.00025 + 0.0288 + 0.0001 + 0.00576),
        ({"$ai_input_tokens": 0, "$ai_output_tokens": 0, "$ai_total_cost_usd": 0}, None, None),
        ({"$ai_input_tokens": 0, "$ai_output_tokens": 0, "$ai_total_cost_usd": 0, "$ai_is_error": True}, 0.0, None),
    ],
)
def test_posthog(
    db: ReportDatabase, tmp_path: Path, named: dict[str, Any], cost: float | None, estimate: float | None
) -> None:
    path = tmp_path / "events.jsonl"
    event = {"uuid": "u1", "event": "$ai_generation", "timestamp": "2026-11-10T12:00:00Z", "distinct_id": "x"}
    path.write_text(json.dumps({**event, "properties": {**EVENT, **named}}) + "\n", "utf-8")
    db.ingest(path)
    assert db.sql("select cost, round(estimated_cost, 9) from calls") == [
        (cost, estimate if estimate is None else pytest.approx(estimate))
    ]


@pytest.mark.parametrize(
    ("speed", "cost"), [pytest.param("fast", 0.0015, marks=with_new_prices), ("normal", 0.00075), (None, 0.00075)]
)
def test_claude_code_s_log_in_a_hurry(db: ReportDatabase, tmp_path: Path, speed: str | None, cost: float) -> None:
    """Opus 4.8: 5 dollars in and 25 out, in a hurry 10 and 50, for 100 and 10 tokens."""
    values = {"event.name": "api_request", "session.id": "s", "model": "claude-opus-4-8", "cost_usd": "0"}
    values |= {"input_tokens": "100", "output_tokens": "10", **({"speed": speed} if speed else {})}
    attributes = [{"key": name, "value": {"stringValue": value}} for name, value in values.items()]
    entry = {
        "timeUnixNano": "1794268800000000000",
        "body": {"stringValue": "claude_code.api_request"},
        "attributes": attributes,
    }
    path = tmp_path / "logs.jsonl"
    path.write_text(json.dumps({"resourceLogs": [{"scopeLogs": [{"logRecords": [entry]}]}]}) + "\n", "utf-8")
    db.ingest(path)
    assert db.one("select round(estimated_cost, 9) from calls") == cost


USED = {"input_tokens": 1000, "cached_input_tokens": 250, "output_tokens": 125, "reasoning_output_tokens": 75}


def codex(path: Path, *lines: tuple[str, dict[str, Any]]) -> Path:
    """A session of Codex, a line a minute."""
    opened = ("session_meta", {"id": "s", "cwd": "/x", "model_provider": "openai"})
    with path.open("w", encoding="utf-8") as file:
        for minute, (kind, payload) in enumerate((opened, *lines)):
            line = {"timestamp": f"2026-11-13T09:{minute:02}:00.000Z", "type": kind, "payload": payload}
            file.write(json.dumps(line) + "\n")
    return path


def counted(times: int, **more: Any) -> tuple[str, dict[str, Any]]:
    """The counters of a session after so many alike calls."""
    total = {name: times * count for name, count in USED.items()}
    return "event_msg", {"type": "token_count", "info": {"total_token_usage": total, "last_token_usage": USED}, **more}


def settings(**changed: Any) -> tuple[str, dict[str, Any]]:
    return "event_msg", {"type": "thread_settings_applied", "thread_settings": changed}


def test_codex_s_reasoning(db: ReportDatabase, tmp_path: Path) -> None:
    db.ingest(codex(tmp_path / "rollout-1.jsonl", ("turn_context", {"model": "gpt-5.2-codex"}), counted(1)))
    assert db.report("token_mix")[0]["reasoning_tokens"] == 75


def test_codex_s_tier_is_that_of_the_time_of_a_call(db: ReportDatabase, tmp_path: Path) -> None:
    """750 at 4 dollars a million, 250 cached at 0.40, 125 out at 20: 0.0056; twice that in a hurry."""
    lines = [
        ("turn_context", {"model": "gpt-5.6-sol"}),
        counted(1),
        settings(model="gpt-5.6-sol", service_tier="priority"),
        counted(2),
        # What does not name a tier changes none.
        settings(model="gpt-5.6-sol"),
        counted(3),
        settings(service_tier="default"),
        counted(4),
        counted(5, service_tier="priority"),
        settings(service_tier=None),
        counted(6),
    ]
    db.ingest(codex(tmp_path / "rollout-1.jsonl", *lines))
    costs = [round(cost, 9) for (cost,) in db.sql("select estimated_cost from calls order by called_at")]
    assert costs == [0.0056, 0.0112, 0.0112, 0.0056, 0.0112, 0.0056]


def test_codex_s_records_of_responses_count_without_counters(db: ReportDatabase, tmp_path: Path) -> None:
    """A record is written once more with the same response; that of a parent's thread is a copy."""
    lines: list[tuple[str, dict[str, Any]]] = [
        ("turn_context", {"model": "gpt-5.6-sol"}),
        ("token_usage_record", {"response_id": "r0", "thread_id": "parent", "usage": USED}),
        ("token_usage_record", {"response_id": "r1", "thread_id": "s", "usage": USED}),
        ("token_usage_record", {"response_id": "r1", "thread_id": "s", "usage": USED}),
        ("token_usage_record", {"response_id": "r2", "usage": USED, "service_tier": "priority"}),
    ]
    db.ingest(codex(tmp_path / "rollout-1.jsonl", *lines))
    assert db.one("select round(sum(estimated_cost), 9) from calls") == 0.0168
    # Counters say the same: two calls, not four.
    db.ingest(codex(tmp_path / "rollout-2.jsonl", lines[0], lines[2], counted(1), lines[4], counted(2)), name="both")
    assert db.one("select count(*) from calls where source_id = 2") == 2


def record(name: str, times: int = 1) -> tuple[str, dict[str, Any]]:
    """The record of a response that used so much."""
    usage = {counter: times * count for counter, count in USED.items()}
    return "token_usage_record", {"response_id": name, "thread_id": "s", "usage": usage}


@pytest.mark.parametrize(
    ("lines", "calls"),
    [
        # A summary of the conversation is recorded, not counted; its copies are no calls.
        ([record("a"), counted(1), record("b"), ("compacted", {"latest_token_usage_record": record("b")[1]}),
          counted(1), record("c"), counted(2)], 3),
        # A session that goes on has its counters back from before.
        ([record("a"), counted(1), record("b"), counted(2), record("c"), counted(2), record("d"), counted(3)], 4),
        # Counted by an older version, recorded by a newer one; recorded after it is counted.
        ([counted(1), record("b"), counted(2)], 2),
        ([counted(1), record("a"), counted(2), record("b")], 2),
    ],
    ids=["summary", "counters from before", "both", "recorded later"],
)  # fmt: skip
def test_codex_s_records_and_counters_are_of_the_same_responses(
    db: ReportDatabase, tmp_path: Path, lines: list[tuple[str, dict[str, Any]]], calls: int
) -> None:
    db.ingest(codex(tmp_path / "rollout-1.jsonl", ("turn_context", {"model": "gpt-5.6-sol"}), *lines))
    assert db.sql("select count(*), sum(input_tokens), sum(output_tokens) from calls") == [
        (calls, calls * USED["input_tokens"], calls * USED["output_tokens"])
    ]


@pytest.mark.parametrize("in_database", [True, False])
@pytest.mark.parametrize(
    ("named", "tokens", "output"),
    [
        # The APIs of OpenAI and those like it count reasoning within the output.
        ({"providerID": "openai", "modelID": "gpt-5"}, {}, 500),
        ({"providerID": "opencode", "modelID": "gpt-5-codex"}, {}, 500),
        ({"providerID": "openrouter", "modelID": "google/gemini-2.5-pro"}, {}, 500),
        # More of it than output, or an output that the total shows to be without.
        ({"providerID": "openai", "modelID": "gpt-5"}, {"output": 100}, 500),
        ({"providerID": "openai", "modelID": "gpt-5"}, {"total": 1900}, 900),
        ({"providerID": "openai", "modelID": "gpt-5"}, {"total": 1500}, 500),
        # Google's counts it beside.
        ({"providerID": "google", "modelID": "gemini-2.5-pro"}, {}, 900),
    ],
)
def test_reasoning_in_early_messages_of_opencode(
    db: ReportDatabase, tmp_path: Path, named: dict[str, str], tokens: dict[str, int], output: int, in_database: bool
) -> None:
    """They have no total; 500 tokens of output and 400 of reasoning that a subscription paid for."""
    held = {"input": 800, "output": 500, "reasoning": 400, "cache": {"read": 200, "write": 0}, **tokens}
    said = {"role": "assistant", **named, "cost": 0, "tokens": held, "time": {"created": 1793923200000}}
    if in_database:
        columns = "id text primary key, session_id text, time_created integer, time_updated integer, data text"
        times = "1793923200000, 1793923200000"
        change(
            tmp_path / "opencode.db",
            f"create table message ({columns})",
            f"insert into message values ('msg_1', 'ses_1', {times}, '{json.dumps(said)}')",
        )
    else:
        (folder := tmp_path / "storage" / "message" / "ses_1").mkdir(parents=True)
        (folder / "msg_1.json").write_text(json.dumps({**said, "id": "msg_1", "sessionID": "ses_1"}), "utf-8")
    db.ingest(tmp_path)
    assert db.sql("select input_tokens, output_tokens, cost from calls") == [(1000, output, None)]
