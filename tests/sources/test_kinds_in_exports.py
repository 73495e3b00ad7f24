"""Fees, tiers, discounts and parts of costs in exports of gateways and clouds, priced by hand.

Dollars for a million tokens in, from the cache, to it for an hour and out: Sonnet 4.5 3, 0.30, 6 and 15, in a region of
Amazon's 3.30, 0.33, 6.60 and 16.50; GPT-5 in its flex tier 0.625 in and 5 out. A thousand searches are 10.
"""

import json
from pathlib import Path
from typing import Any

import pytest
from helpers.report_database import ReportDatabase

SONNET = {"model": "claude-sonnet-4-5", "custom_llm_provider": "anthropic"}
PAYLOAD = {
    "id": "a",
    "call_type": "acompletion",
    "response_cost": None,
    "status": "success",
    "startTime": 1793923200.0,
    "endTime": 1793923202.5,
    "completion_tokens": 100,
    **SONNET,
}
CACHED: dict[str, Any] = {
    "cache_read_input_tokens": 5000,
    "cache_creation_input_tokens": 400,
    "prompt_tokens_details": {"cache_creation_token_details": {"ephemeral_1h_input_tokens": 400}},
    "server_tool_use": {"web_search_requests": 2},
}
COUNTED = {"prompt_tokens": 1000, "completion_tokens": 100, "total_tokens": 1100}
UNCOUNTED = dict.fromkeys(COUNTED, 0)
FLEX = {"prompt_tokens": 1000, "model": "gpt-5", "custom_llm_provider": "openai"}
INVOCATION = {
    "schemaType": "ModelInvocationLog",
    "timestamp": "2026-11-06T12:00:00Z",
    "region": "us-east-1",
    "requestId": "r",
    "operation": "Converse",
    "modelId": "us.anthropic.claude-sonnet-4-5-20250929-v1:0",
    "input": {"inputTokenCount": 1000, "cacheReadInputTokenCount": 5000, "cacheWriteInputTokenCount": 400},
}
HOUR = {"cacheDetails": [{"ttl": "5m", "inputTokens": 0}, {"ttl": "1h", "inputTokens": 400}]}
GENERATION = {
    "id": "gen-1",
    "created_at": "2026-11-10T20:03:00.000Z",
    "model": "openai/gpt-4o",
    "usage": 0.0002,
    "total_cost": 0.0002,
    "upstream_inference_cost": 0.0045,
    "is_byok": True,
    "tokens_prompt": 10,
    "native_tokens_prompt": 12,
    "native_tokens_completion": 26,
}


def invocation(body: dict[str, Any], **around: Any) -> dict[str, Any]:
    return {**INVOCATION, **around, "output": {"outputTokenCount": 100, "outputBodyJson": body}}


def event(**costs: float | str) -> dict[str, Any]:
    used = {"$ai_model": "claude-sonnet-4-5", "$ai_input_tokens": 1000, "$ai_output_tokens": 100}
    named = {f"$ai_{name}_cost_usd": cost for name, cost in costs.items()}
    around = {"uuid": "u", "event": "$ai_generation", "timestamp": "2026-11-06T12:00:00Z", "distinct_id": "d"}
    return {**around, "properties": {**used, **named}}


def metrics(spend: float, requests: int) -> dict[str, Any]:
    counts = {"prompt_tokens": 100, "completion_tokens": 10, "successful_requests": requests}
    return {"metrics": {**counts, "spend": spend, "api_requests": requests, "failed_requests": 0}}


def day(**models: float) -> dict[str, Any]:
    named = {model: metrics(spend, 1) for model, spend in models.items()}
    whole = metrics(0.5, 2)
    return {
        "results": [{"date": "2026-11-10", **whole, "breakdown": {"models": named, "providers": {"openai": whole}}}]
    }


AWS = (
    "identity_line_item_id,line_item_usage_start_date,line_item_line_item_type,line_item_product_code,"
    "line_item_usage_type,line_item_unblended_cost,line_item_currency_code"
)


def report(*lines: str, net: bool = True) -> str:
    shown = (line.split(",") for line in lines)
    rows = [
        f"{number},2026-11-06T00:00:00Z,{kind},AmazonBedrock,in,{cost},USD"
        for number, (kind, cost, _) in enumerate(shown)
    ]
    nets = [f",{line.split(',')[2]}" if net else "" for line in lines]
    return "\n".join(
        [AWS + (",line_item_net_unblended_cost" if net else ""), *map("".join, zip(rows, nets, strict=True))]
    )


STREAMED = {
    "prompt_tokens": 6400,
    "completion_tokens": 100,
    "cache_read_input_tokens": 5000,
    "prompt_tokens_details": {"cached_tokens": 0, "cache_write_tokens": 400},
}
# A million tokens of input, at 0.66 dollars, or twice as much in the hours after 6 and 1 o'clock (UTC).
AMOUNTS = "user_id,{},model,api_key_name,api_key,type,price,amount\nu,{},deepseek-v4-pro,k,s,input_tokens,,1000000\n"
DAYS: dict[str, Any] = {
    "date": "2026-11-20",
    "api_key": "k",
    "custom_llm_provider": "deepseek",
    "model": "deepseek-v4-pro",
}
DAYS |= {"prompt_tokens": 1_000_000, "completion_tokens": 0, "spend": 0, "api_requests": 9}
EXPORTS: dict[str, tuple[Any, float | None]] = {
    # 1000 * 3 + 5000 * 0.30 + 400 * 6 + 100 * 15, and two searches.
    "litellm: hours and searches": (
        {**PAYLOAD, "prompt_tokens": 6400, "metadata": {"usage_object": CACHED}},
        0.0084 + 0.02,
    ),
    "litellm: cached beside": ({**PAYLOAD, "prompt_tokens": 1000, "metadata": {"usage_object": CACHED}}, 0.0084 + 0.02),
    # 1000 * 3 + 5000 * 0.30 + 400 * 3.75 + 100 * 15: of two names, one may have 0.
    "litellm: streamed": (
        {**PAYLOAD, "prompt_tokens": 6400, "metadata": {"usage_object": STREAMED}},
        0.0075,
    ),
    "litellm: tier": ({**PAYLOAD, **FLEX, "metadata": {"usage_object": {"service_tier": "flex"}}}, 0.001125),
    # 1000 * 3 + 100 * 15: the counts are 0, those of the usage are not; -1 is no cost.
    "litellm: counts one level down": ({**PAYLOAD, "metadata": {"usage_object": COUNTED}, **UNCOUNTED}, 0.0045),
    "litellm: a cost of -1": ({**PAYLOAD, **COUNTED, "response_cost": -1}, 0.0045),
    "litellm: days by model": (day(a=0.3, b=0.2), 0.5),
    "litellm: a day without models": (day(), 0.5),
    "deepseek: an hour": (AMOUNTS.format("start_time_iso", "2026-11-20T16:00:00+08:00"), 1.32),
    "deepseek: an hour and its end": (
        AMOUNTS.format("start_time_iso,end_time_iso", "2026-11-20T16:00:00+08:00,2026-11-20T17:00:00+08:00"),
        1.32,
    ),
    # As its exports are since August of 2026, in the zone of who asks.
    "deepseek: a day with its times": (
        AMOUNTS.format("start_time_iso,end_time_iso", "2026-11-20T00:00:00+08:00,2026-11-21T00:00:00+08:00"),
        None,
    ),
    "deepseek: a day": (AMOUNTS.format("utc_date", "2026-11-20"), None),
    "litellm: a day": (
        {**DAYS, "prompt_tokens": 1_000_000, "completion_tokens": 0, "spend": 0, "api_requests": 9},
        None,
    ),
    # 1000 * 3.30 + 5000 * 0.33 + 400 * 6.60 + 100 * 16.50.
    "bedrock: an hour": (invocation({"usage": HOUR}), 0.00924),
    "bedrock: a tier without a price": (invocation({"serviceTier": {"type": "flex"}}), None),
    "bedrock: the tier asked for": (invocation({}, input={"inputBodyJson": {"service_tier": "priority"}}), None),
    "bedrock: the default tier": (invocation({"serviceTier": {"type": "default"}, "usage": HOUR}), 0.00924),
    "openrouter: a generation with a key of one's own": ({"data": GENERATION}, 0.0047),
    "openrouter: a generation": ({"data": {**GENERATION, "is_byok": False}}, 0.0002),
    "posthog: costs in parts": (event(input=0.001, output=0.002, web_search=0.01), 0.013),
    "posthog: a cost of -1": (event(total=-1), 0.0045),
    "posthog: one part": (event(input=0.001), 0.0045),
    "posthog: parts that are no numbers": (event(input=0.001, output="x"), 0.0045),
    "aws: net": (report("Usage,10,8", "Usage,5,4"), 12.0),
    "aws: net, and discounts of their own": (report("Usage,10,8", "EdpDiscount,-2,", "Tax,1,1", "Credit,-3,"), 6.0),
    "aws: discounts of their own": (report("Usage,10,", "EdpDiscount,-2,", net=False), 8.0),
}


@pytest.mark.parametrize("name", EXPORTS)
def test_every_kind_in_an_export_counts(db: ReportDatabase, tmp_path: Path, name: str) -> None:
    export, cost = EXPORTS[name]
    path = tmp_path / "export"
    path.write_text(export if isinstance(export, str) else json.dumps(export), "utf-8")
    db.ingest(path)
    found = db.one("select sum(coalesce(cost, estimated_cost)) from calls")
    assert found == (cost if cost is None else pytest.approx(cost, abs=1e-12))


@pytest.mark.parametrize("tokens", [(100, 1), (1, 100)])
def test_the_largest_of_litellm_s_payloads_wins_over_files(
    db: ReportDatabase, tmp_path: Path, tokens: tuple[int, int]
) -> None:
    """One by one, and in the folders of a bucket."""
    paths = [tmp_path / "2026-11-10" / "a.json", tmp_path / "2026-11-11" / "b.json"]
    for path, answered in zip(paths, tokens, strict=True):
        path.parent.mkdir()
        paid = {**PAYLOAD, **COUNTED, "completion_tokens": answered, "response_cost": answered / 100}
        path.write_text(json.dumps(paid), "utf-8")
    db.ingest(*paths, name="one by one")
    db.ingest(tmp_path, name="folder")
    assert db.sql("select output_tokens, cost from calls") == [(100, 1.0)] * 2


def test_labels_of_litellm_s_payloads(db: ReportDatabase, tmp_path: Path) -> None:
    owner = {"user_api_key_team_id": "t1", "user_api_key_team_alias": "Tales", "user_api_key_user_id": "mara"}
    path = tmp_path / "payloads.jsonl"
    paid = {**PAYLOAD, "response_cost": 0.25, "prompt_tokens": 10, "metadata": owner, "request_tags": ["a", "b", 1]}
    path.write_text(json.dumps(paid), "utf-8")
    db.ingest(path)
    rows = db.report("cost_by_label")
    assert {(row["label"], row["value"], row["cost"]) for row in rows if row["label"] != "user"} == {
        ("team", "t1", 0.25),
        ("tag", "a", 0.25),
        ("tag", "b", 0.25),
    }
    assert [row["cost"] for row in rows if row["label"] == "user"] == [0.25]
    assert b"mara" not in db.path.read_bytes()
