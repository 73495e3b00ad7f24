"""LiteLLM's logs, Langfuse's observations, llm's database: costs and cache counts one level down, and zeros."""

import json
import sqlite3
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from helpers.platforms import with_new_prices
from helpers.report_database import ReportDatabase

SPENT = {
    "request_id": "r1",
    "call_type": "acompletion",
    "spend": 0.0,
    "total_tokens": 100_100,
    "prompt_tokens": 100_000,
    "completion_tokens": 100,
    "startTime": "2026-11-10T10:00:00.000Z",
    "endTime": "2026-11-10T10:00:02.500Z",
    "model": "claude-sonnet-4-6",
    "custom_llm_provider": "anthropic",
    "api_base": "https://api.anthropic.com/v1",
    "metadata": {},
    "cache_hit": "False",
    "status": "success",
}
USED = {"prompt_tokens": 100_000, "cache_read_input_tokens": 95_000}
NOTHING = {"total_tokens": 0, "prompt_tokens": 0, "completion_tokens": 0}
SERVER = {"model": "gpt-4o", "custom_llm_provider": "openai"}


# Dollars for a million tokens of Sonnet 4.6: 3 in, 15 out, 0.30 read from the cache, 3.75 written; of GPT-4o: 2.50, 10.
ELSEWHERE = {"prompt_tokens_details": {"cached_tokens": 95_000}}
KEPT_FOR_AN_HOUR = {
    "cache_creation_input_tokens": 10_000,
    "prompt_tokens_details": {"cache_creation_token_details": {"ephemeral_1h_input_tokens": 10_000}},
}


@pytest.mark.parametrize(
    ("row", "cost", "estimate"),
    [
        ({}, None, 0.3015),
        ({"spend": 0.25}, 0.25, None),
        ({"metadata": {"cost_breakdown": {"total_cost": 0.125}}}, 0.125, None),
        ({"metadata": {"cost_breakdown": {"total_cost": 0}}}, None, 0.3015),
        ({"metadata": {"cost_breakdown": {"total_cost": 0}, "usage_object": {"cost": 0.125}}}, 0.125, None),
        ({"metadata": {"usage_object": {"cost": "much"}}}, None, 0.3015),
        # 5,000 * 3 + 95,000 * 0.3 + 100 * 15.
        ({"metadata": {"usage_object": USED}}, None, 0.045),
        ({"metadata": {"usage_object": {"prompt_tokens_details": {"cached_tokens": 95_000}}}}, None, 0.045),
        ({"metadata": json.dumps({"additional_usage_values": USED})}, None, 0.045),
        # Some versions write all but the sums here: 90,000 * 3 + 10,000 * 6 (for an hour) + 100 * 15; two searches.
        ({"metadata": {"additional_usage_values": KEPT_FOR_AN_HOUR, "usage_object": "?"}}, None, 0.3315),
        ({"metadata": {"additional_usage_values": {"server_tool_use": {"web_search_requests": 2}}}}, None, 0.3215),
        # 90,000 * 3 + 10,000 * 3.75 + 100 * 15.
        ({"metadata": {"usage_object": {"cache_creation_input_tokens": 10_000}}}, None, 0.309),
        ({"metadata": {"usage_object": {"prompt_tokens_details": {"cache_write_tokens": 10_000}}}}, None, 0.309),
        # A name with 0, as streams have it, does not hide the other one.
        ({"metadata": {"usage_object": {**ELSEWHERE, "cache_read_input_tokens": 0}}}, None, 0.045),
        ({"metadata": "{broken"}, None, 0.3015),
        # The counts of a stream are 0 although its usage is known: 100,000 * 3.
        ({**NOTHING, "metadata": {"usage_object": {"prompt_tokens": "many", "completion_tokens": -5}}}, None, None),
        # Sonar: 1 dollar a million in and out, and 0.012 for a request.
        ({"model": "perplexity/sonar", "custom_llm_provider": "perplexity"}, None, 0.1121),
        # Names of gateways in front of the provider's.
        ({"model": "litellm_proxy/anthropic/claude-sonnet-4-6", "custom_llm_provider": "litellm_proxy"}, None, 0.3015),
        ({"model": "vercel_ai_gateway/anthropic/claude-sonnet-4-6", "custom_llm_provider": ""}, None, 0.3015),
        # Nothing was counted and nothing charged: that is not free, unless it failed or came from the cache.
        (NOTHING, None, None),
        ({**NOTHING, "call_type": "aimage_generation", "model": "dall-e-3"}, None, None),
        ({**NOTHING, "status": "failure"}, 0.0, None),
        # What was done with files and batches is no model's work; a batch that has ended has its cost.
        ({**NOTHING, "call_type": "aretrieve_batch"}, 0.0, None),
        ({**NOTHING, "call_type": "acreate_file"}, 0.0, None),
        ({**NOTHING, "call_type": "afile_content"}, 0.0, None),
        ({"call_type": "aretrieve_batch", "spend": 0.25}, 0.25, None),
        ({"cache_hit": "True"}, 0.0, None),
        # A server of one's own has no price, whatever way it is asked.
        ({**SERVER, "api_base": "http://10.0.0.5:8000/v1"}, None, None),
        ({**SERVER, "api_base": "http://localhost:11434"}, None, None),
        ({**SERVER, "api_base": "https://api.openai.com/v1"}, None, 0.251),
        # -1 means none; what is no number is dropped, and the row stays.
        ({"spend": -1}, None, 0.3015),
        ({"spend": "NaN"}, None, 0.3015),
        ({"spend": 1e400}, None, 0.3015),
        # What was given back is that much less.
        ({"spend": -0.5}, -0.5, None),
    ],
)
def test_what_litellm_spent(
    db: ReportDatabase, tmp_path: Path, row: dict[str, Any], cost: float | None, estimate: float | None
) -> None:
    path = tmp_path / "LiteLLM_SpendLogs.jsonl"
    path.write_text(json.dumps({**SPENT, **row}) + "\n", "utf-8")
    db.ingest(path)
    (found,) = db.sql("select cost, estimated_cost, input_tokens from calls")
    assert found[:2] == (cost, estimate if estimate is None else pytest.approx(estimate))
    assert found[2] == {**SPENT, **row}["prompt_tokens"]
    is_odd = row.get("spend") in (-1, "NaN", float("inf"))
    assert db.one("select count(*) from rejects where severity = 'warning'") == is_odd


def test_the_counts_of_a_stream_stand_one_level_down(db: ReportDatabase, tmp_path: Path) -> None:
    path = tmp_path / "LiteLLM_SpendLogs.jsonl"
    used = {"prompt_tokens": 100_000, "completion_tokens": 100}
    path.write_text(json.dumps({**SPENT, **NOTHING, "metadata": {"usage_object": used}}) + "\n", "utf-8")
    db.ingest(path)
    # 100,000 * 3 + 100 * 15 dollars a million.
    assert db.sql("select input_tokens, output_tokens, total_tokens, round(estimated_cost, 9) from calls") == [
        (100_000, 100, 100_100, 0.3015)
    ]


def test_what_went_wrong_stands_in_the_metadata(db: ReportDatabase, tmp_path: Path) -> None:
    path = tmp_path / "LiteLLM_SpendLogs.jsonl"
    error = {
        "error_code": "429",
        "error_class": "RateLimitError",
        "error_message": "asked for tellnoone",
        "traceback": "",
    }
    metadata = {"status": "failure", "error_information": error}
    path.write_text(json.dumps({**SPENT, **NOTHING, "status": "failure", "metadata": metadata}) + "\n", "utf-8")
    db.ingest(path)
    assert db.sql("select status, cost, error_message from calls") == [("failed", 0.0, "RateLimitError (429)")]


def test_no_address_of_a_server_is_kept(db: ReportDatabase, tmp_path: Path) -> None:
    path = tmp_path / "LiteLLM_SpendLogs.jsonl"
    bad = {**SPENT, "spend": "x", "api_base": "http://10.1.2.3:8000/v1", "metadata": {"user": "tellnoone"}}
    path.write_text(json.dumps(bad) + "\n", "utf-8")
    db.ingest(path)
    dump = db.sql("select * from calls") + db.sql("select * from rejects")
    assert "10.1.2.3" not in str(dump)
    assert "tellnoone" not in str(dump)


# Langfuse -------------------------------------------------------------------------------------------------------------


def observation(number: int, kind: str = "GENERATION", parent: int | None = None, **named: Any) -> dict[str, Any]:
    """An observation as the API gives it."""
    return {
        "id": f"obs-{number}",
        "traceId": "tr-1",
        "type": kind,
        "name": f"{kind.lower()} {number}",
        "startTime": "2026-11-10T10:00:00.000Z",
        "endTime": "2026-11-10T10:00:02.000Z",
        "model": "gpt-4o",
        "level": "DEFAULT",
        "statusMessage": None,
        "parentObservationId": parent and f"obs-{parent}",
        "usageDetails": {},
        "costDetails": {},
        "unit": "TOKENS",
        **named,
    }


def costs(db: ReportDatabase, path: Path, *observations: dict[str, Any]) -> dict[int, tuple[Any, Any]]:
    """The recorded cost and the estimate of each call, by the number of its observation."""
    path.write_text(json.dumps({"data": observations, "meta": {}}), "utf-8")
    db.ingest(path)
    rows = db.sql("select cast(substr(source_key, 5) as integer), cost, round(estimated_cost, 9) from calls")
    return {number: (cost, estimate) for number, cost, estimate in rows}


def test_what_an_observation_has_besides_is_no_finding(db: ReportDatabase, tmp_path: Path) -> None:
    besides: dict[str, Any] = {
        "input": "x",
        "output": "y",
        "projectId": "p",
        "modelId": "m",
        "promptName": "n",
        "totalPrice": 1,
    }
    costs(db, tmp_path / "observations.json", observation(1, **besides, **TOKENS))
    assert db.report("data_quality") == []


def test_what_langfuse_knows_no_price_of_is_not_free(db: ReportDatabase, tmp_path: Path) -> None:
    """Gateways pass on 0 for a price that they do not know; a call that failed may well have cost nothing."""
    free: dict[str, Any] = {"costDetails": {"input": 0, "output": 0, "total": 0}, "calculatedTotalCost": 0, **TOKENS}
    calls = (observation(1, **free), observation(2, level="ERROR", **free))
    # GPT-4o: 1000 * 2.50 + 100 * 10 dollars a million.
    assert costs(db, tmp_path / "observations.json", *calls) == {1: (None, 0.0035), 2: (0.0, None)}


TOKENS: dict[str, Any] = {"usageDetails": {"input": 1000, "output": 100, "total": 1100}}


def test_what_langfuse_recorded_of_any_observation(db: ReportDatabase, tmp_path: Path) -> None:
    """A tool's picture and an agent without calls count; an agent's total over its own calls does not."""
    found = costs(
        db,
        tmp_path / "observations.json",
        observation(1, "SPAN"),
        observation(2, "GENERATION", 1, costDetails={"input": 0.0025, "total": 0.0035}, **TOKENS),
        observation(3, "TOOL", 1, costDetails={"total": 0.05}, usageDetails={"images": 1}, model="flux-pro"),
        observation(4, "AGENT", 1, calculatedTotalCost=0.02, **TOKENS),
        observation(5, "AGENT", 1, costDetails={"total": 7.0}, **TOKENS),
        observation(6, "CHAIN", 5),
        observation(7, "GENERATION", 6, costDetails={}, **TOKENS),
        observation(8, "GENERATION", 1, costDetails={"total": -0.5}, **TOKENS),
        observation(9, "GENERATION", 1, costDetails={"total": -1}, **TOKENS),
        observation(10, "GENERATION", 1, costDetails={}, calculatedTotalCost=0, **TOKENS),
    )
    assert found == {
        2: (0.0035, None),
        3: (0.05, None),
        4: (0.02, None),
        7: (None, 0.0035),
        8: (-0.5, None),
        9: (None, 0.0035),
        10: (None, 0.0035),
    }


@with_new_prices
def test_units_that_are_no_tokens(db: ReportDatabase, tmp_path: Path) -> None:
    """15 dollars for a million characters, 0.36 for an hour; a model of text has no price for characters."""
    found = costs(
        db,
        tmp_path / "observations.json",
        observation(1, model="tts-1", unit="CHARACTERS", usageDetails={"input": 500, "total": 500}),
        observation(2, model="whisper-1", unit="SECONDS", usageDetails={"input": 60, "total": 60}),
        observation(3, model="whisper-1", unit="MILLISECONDS", usageDetails={"input": 60_000, "total": 60_000}),
        observation(4, model="gpt-4o", unit="CHARACTERS", usageDetails={"input": 500, "total": 500}),
        observation(5, model="us.anthropic.claude-sonnet-4-5-20250929-v1:0", **TOKENS),
    )
    # 1000 * 3.30 + 100 * 16.50 dollars a million.
    assert found == {1: (None, 0.0075), 2: (None, 0.006), 3: (None, 0.006), 4: (None, None), 5: (None, 0.00495)}


def test_the_table_of_langfuse_s_pages(db: ReportDatabase, tmp_path: Path) -> None:
    """Its CSV has costs with a currency sign, and no parents."""
    path = tmp_path / "observations.csv"
    path.write_text(
        "id,traceId,startTime,endTime,name,type,level,statusMessage,model,inputTokens,outputTokens,totalCost,costDetails\n"
        'o1,t1,2026-11-10T10:00:00Z,2026-11-10T10:00:02Z,write,GENERATION,DEFAULT,,gpt-4o,1000,100,$0.0035,"{}"\n',
        "utf-8",
    )
    db.ingest(path)
    assert db.sql("select cost, input_tokens, output_tokens from calls") == [(0.0035, 1000, 100)]


# llm ------------------------------------------------------------------------------------------------------------------


SOUND = {"modality": "AUDIO", "tokenCount": 400}


@pytest.mark.parametrize(
    ("details", "cost", "estimate"),
    [
        (None, None, 0.0035),
        ({"cost": 0.02}, 0.02, None),
        ({"cost": 0}, None, 0.0035),
        ({"cost": "much"}, None, 0.0035),
        ({"prompt_tokens_details": {"cached_tokens": 800}}, None, 0.0025),
        # Early versions of Gemini's plugin left out what it thought; later ones name the rest, or there was none.
        ({"thoughtsTokenCount": 300}, None, 0.0065),
        ({"thoughtsTokenCount": 40, "candidatesTokenCount": 60}, None, 0.0035),
        ({"thoughtsTokenCount": 100}, None, 0.0035),
        # The list has no price of sound that GPT-4o hears or speaks; a batch costs half.
        ({"prompt_tokens_details": {"audio_tokens": 400}}, None, None),
        ({"completion_tokens_details": {"audio_tokens": 40}}, None, None),
        ({"promptTokensDetails": [{"modality": "TEXT", "tokenCount": 600}, SOUND]}, None, None),
        ({"promptTokensDetails": [{"modality": "TEXT", "tokenCount": 1000}, "?"]}, None, 0.0035),
        ({"candidatesTokensDetails": [SOUND]}, None, None),
        ({"service_tier": "batch"}, None, 0.00175),
        ({"service_tier": "standard"}, None, 0.0035),
    ],
)
def test_what_llm_s_plugins_recorded(
    db: ReportDatabase, tmp_path: Path, details: dict[str, Any] | None, cost: float | None, estimate: float | None
) -> None:
    path = tmp_path / "logs.db"
    with closing(sqlite3.connect(path)) as connection, connection:
        connection.execute(
            "create table responses (id text primary key, model text, conversation_id text, duration_ms integer,"
            " datetime_utc text, input_tokens integer, output_tokens integer, token_details text)"
        )
        connection.execute(
            "insert into responses values ('1', 'gpt-4o', 'c', 10, '2026-11-10T10:00:00+00:00', 1000, 100, ?)",
            [details and json.dumps(details)],
        )
    db.ingest(path)
    assert db.sql("select cost, round(estimated_cost, 9) from calls") == [(cost, estimate)]


def test_a_stored_response_that_is_read_again_costs_nothing_more(db: ReportDatabase, tmp_path: Path) -> None:
    """LiteLLM writes its cost down each time, under another id; of one in the background it is the first time."""
    rows = [
        {**SPENT, "request_id": f"r{number}", "call_type": kind, "spend": spend, "startTime": f"2026-11-1{number}"}
        for number, (kind, spend) in enumerate(
            [("aresponses", 0.5), ("aget_responses", 0.5), ("aget_responses", 0.5), ("aget_responses", 0.25),
             ("aget_responses", 0.25), ("acompletion", 0.5)]
        )
    ]  # fmt: skip
    path = tmp_path / "logs.jsonl"
    path.write_text("".join(json.dumps(row) + "\n" for row in rows), "utf-8")
    db.ingest(path)
    assert db.sql("select source_key, cost from calls order by 1") == [("r0", 0.5), ("r3", 0.25), ("r5", 0.5)]


def test_payloads_of_servers_that_count_their_answers(db: ReportDatabase, tmp_path: Path) -> None:
    """Ollama's ids are those of other answers, too; a payload that is written twice is one."""
    around = {"call_type": "acompletion", "status": "success", "model": "gpt-4o", "response_cost": 0.25}
    rows = [
        {**around, "id": "chatcmpl-213", "startTime": 1793923200.0 + second, "endTime": 1793923205.0 + second}
        for second in (0, 60, 60)
    ]
    counts = {"prompt_tokens": 100, "completion_tokens": 10, "total_tokens": 110, "metadata": {}, "trace_id": "t"}
    path = tmp_path / "payloads.jsonl"
    path.write_text("".join(json.dumps({**counts, **row}) + "\n" for row in rows), "utf-8")
    db.ingest(path)
    assert db.sql("select count(*), sum(cost) from calls") == [(2, 0.5)]
