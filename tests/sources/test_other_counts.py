"""Tools count the same usage in other words: each kind's neighbours, in one file a tool, priced by hand.

Dollars for a million tokens in, out: Sonnet 4.6 and 4.5 3 and 15, GPT-4o 2.50 and 10, GPT-5 1.25 and 10, Gemini 2.5 Pro
1.25 and 10.
"""

import json
from pathlib import Path
from typing import Any

import pytest
from helpers.report_database import ReportDatabase

from storyreport.errors import StoryreportError


def costs(db: ReportDatabase, source: Path) -> dict[str, float | None]:
    """What each call of a source cost, by its key."""
    db.ingest(source)
    rows = db.sql("select source_key, round(coalesce(cost, estimated_cost), 7) from calls order by source_key")
    return dict(rows)


def written(path: Path, *records: Any) -> Path:
    path.write_text("".join(json.dumps(record) + "\n" for record in records), "utf-8")
    return path


def message(key: str, cost: float | None = None, **usage: Any) -> dict[str, Any]:
    said = {"id": key, "type": "message", "role": "assistant", "model": "claude-sonnet-4-6", "usage": usage}
    around = {"sessionId": "s", "uuid": f"u-{key}", "timestamp": "2026-11-10T10:00:00.000Z", "type": "assistant"}
    return {**around, "message": said, **({} if cost is None else {"costUSD": cost})}


def test_messages_of_claude_code(db: ReportDatabase, tmp_path: Path) -> None:
    steps = [
        {"type": "compaction", "input_tokens": 180_000, "output_tokens": 3500},
        {"type": "message", "input_tokens": 1000, "output_tokens": 100},
    ]
    hour = {"ephemeral_5m_input_tokens": 0, "ephemeral_1h_input_tokens": 500}
    own = {"input_tokens": 1000, "output_tokens": 100}
    found = costs(
        db,
        written(
            tmp_path / "session.jsonl",
            message("compacted", **own, iterations=steps),
            message("zero", cost=0, **own),
            message("known", cost=0.5, **own),
            message("hour", **own, cache_creation_input_tokens=0, cache_creation=hour),
        ),
    )
    assert found == {
        "compacted": 0.0045,
        # Its own model wrote the summary: 180,000 * 3 + 3,500 * 15.
        "compacted/compaction/0": 0.5925,
        "zero": 0.0045,
        "known": 0.5,
        # 500 * 6 beside the rest.
        "hour": 0.0075,
    }


def span(number: int, **attributes: Any) -> dict[str, Any]:
    """A span of a trace of its own; `__` in names stands for a dot."""
    kinds: dict[type, str] = {int: "intValue", float: "doubleValue", str: "stringValue"}
    held = [
        {"key": name.replace("__", "."), "value": {kinds[type(value)]: str(value) if type(value) is int else value}}
        for name, value in attributes.items()
    ]
    times = {"startTimeUnixNano": "1794000000000000000", "endTimeUnixNano": "1794000000500000000"}
    one = {"traceId": f"{number:032}", "spanId": f"{number:016}", **times, "attributes": held}
    return {"resourceSpans": [{"scopeSpans": [{"spans": [one]}]}]}


USED: dict[str, Any] = {"gen_ai__usage__input_tokens": 1000, "gen_ai__usage__output_tokens": 100}
GPT = {"gen_ai__system": "openai", "gen_ai__request__model": "gpt-4o", **USED}
EMBEDDED = {
    "ai__usage__tokens": 1000,
    "ai__model__id": "text-embedding-3-small",
    "ai__model__provider": "openai.embedding",
}
SONNET = {**GPT, "gen_ai__system": "anthropic.messages", "gen_ai__request__model": "claude-sonnet-4-5"}
WRITTEN: dict[str, Any] = {
    "input_tokens": 1000,
    "cache_read_input_tokens": 500,
    "cache_creation_input_tokens": 400,
    "cache_creation": {"ephemeral_1h_input_tokens": 400},
}


def passed_on(**metadata: Any) -> dict[str, Any]:
    """What Vercel's AI SDK passes on of a provider's answer."""
    return {"ai__response__providerMetadata": json.dumps(metadata)}


CACHED = {**GPT, "gen_ai__request__model": "gpt-5", "gen_ai__usage__cached_tokens": 400}
SPANS: list[tuple[dict[str, Any], float]] = [
    # A recorded cost in two parts.
    ({**GPT, "gen_ai__usage__input_cost": 0.02, "gen_ai__usage__output_cost": 0.03}, 0.05),
    ({**GPT, "llm__cost__prompt": 0.02, "llm__cost__completion": "0.01"}, 0.03),
    ({**GPT, "gen_ai__usage__cost__input": 0.02}, 0.0035),
    # 600 * 2.50 + 400 * 1.25 + 100 * 10.
    ({**GPT, "gen_ai__usage__cache_read_tokens": 400}, 0.003),
    # A gateway of models of all makers; a framework that says what it asked for.
    ({**GPT, "gen_ai__system": "gateway", "gen_ai__request__model": "openai/gpt-4o"}, 0.0035),
    ({**GPT, "gen_ai__request__model": "gpt-5", "gen_ai__openai__request__service_tier": "flex"}, 0.001125),
    # More reasoning than output: it is beside it. 1000 * 1.25 + 600 * 10.
    (
        {
            **GPT,
            "gen_ai__system": "gcp.gemini",
            "gen_ai__request__model": "gemini-2.5-pro",
            "gen_ai__usage__reasoning_tokens": 500,
        },
        0.00725,
    ),
    # Three searches are 0.03.
    (
        {
            **GPT,
            "gen_ai__system": "anthropic",
            "gen_ai__request__model": "claude-sonnet-4-5",
            "gen_ai__usage__server_tool_use__web_search_requests": 3,
        },
        0.0345,
    ),
    # A total of all three says the same: 1000 * 1.25 + 150 * 10.
    (
        {
            **GPT,
            "gen_ai__request__model": "gpt-5",
            "ai__usage__reasoningTokens": 50,
            "gen_ai__usage__total_tokens": 1150,
        },
        0.00275,
    ),
    # A total with the cache in it, too: 1000 * 1.25 + 400 * 0.125 + 150 * 10, and the same without reasoning.
    ({**CACHED, "ai__usage__reasoningTokens": 50, "gen_ai__usage__total_tokens": 1550}, 0.0028),
    ({**CACHED, "gen_ai__usage__total_tokens": 1500}, 0.0023),
    # 600 * 1.25 + 400 * 0.125 + 100 * 10.
    ({**CACHED, "gen_ai__usage__total_tokens": 1100}, 0.0018),
    # What the gateway charged, where that is anything.
    ({**GPT, **passed_on(gateway={"cost": "0.0046", "marketCost": "0.005"})}, 0.0046),
    ({**GPT, **passed_on(gateway={"cost": "0"})}, 0.0035),
    ({**GPT, **passed_on(gateway={"cost": "x"})}, 0.0035),
    ({**GPT, **passed_on(openrouter={"usage": {"cost": 0.005}})}, 0.005),
    # Charged to a key of one's own.
    ({**GPT, **passed_on(openrouter={"usage": {"cost": 0, "costDetails": {"upstreamInferenceCost": 0.25}}})}, 0.25),
    # 1000 * 3 + 500 * 0.30 + 400 * 6 + 100 * 15: Anthropic's count leaves out the cache.
    ({**SONNET, "ai__usage__cachedInputTokens": 500, **passed_on(anthropic={"usage": WRITTEN})}, 0.00705),
    # An image of 1290 tokens at 30 a million, beside 10 * 0.30.
    (
        {
            "gen_ai__provider__name": "gcp.gemini",
            "gen_ai__request__model": "gemini-2.5-flash-image",
            "gen_ai__usage__input_tokens": 10,
            "gen_ai__usage__output_tokens": 1290,
            "gen_ai__usage__details__image_candidates_tokens": 1290,
        },
        0.038703,
    ),
    # 0.02 a million; Vercel's embeddings have no attribute of the conventions.
    (EMBEDDED, 0.00002),
]


def test_spans_of_other_instrumentations(db: ReportDatabase, tmp_path: Path) -> None:
    lines = [span(number, **attributes) for number, (attributes, _) in enumerate(SPANS, start=1)]
    totals = span(99, gen_ai__system="openai", gen_ai__request__model="gpt-4o", gen_ai__usage__total_tokens=1100)
    found = costs(db, written(tmp_path / "spans.jsonl", *lines, totals))
    assert [found[f"{number:032}/{number:016}"] for number in range(1, len(SPANS) + 1)] == [cost for _, cost in SPANS]
    assert db.one("select total_tokens from calls where source_key like '%99'") == 1100


def observation(key: str, model: str, **usage: int) -> dict[str, Any]:
    times = {"startTime": "2026-11-10T10:00:00.000Z", "endTime": "2026-11-10T10:00:02.000Z"}
    return {
        "id": key,
        "traceId": "t",
        "parentObservationId": None,
        "type": "GENERATION",
        "name": "write",
        **times,
        "model": model,
        "level": "DEFAULT",
        "statusMessage": None,
        "usageDetails": usage,
        "costDetails": {},
    }


def test_a_trace_of_langfuse_s_api(db: ReportDatabase, tmp_path: Path) -> None:
    """A trace holds its observations; Google's counts have Google's names."""
    google = {"prompt_token_count": 1000, "candidates_token_count": 100, "thoughts_token_count": 500}
    found = costs(
        db,
        written(
            tmp_path / "trace.json",
            {
                "id": "t",
                "timestamp": "2026-11-10T10:00:00.000Z",
                "name": "tale",
                "totalCost": 0.1,
                "observations": [
                    # 700 * 1.25 + 300 * 0.125 + 600 * 10: the cached ones are within the prompt.
                    observation(
                        "g", "gemini-2.5-pro", **google, cached_content_token_count=300, total_token_count=1600
                    ),
                    observation("e", "text-embedding-3-small", input=1000, total=1000),
                ],
            },
        ),
    )
    assert found == {"g": 0.0069125, "e": 0.00002}


@pytest.mark.parametrize(
    ("given", "total", "cost"),
    [
        # More from the cache than all of the input: it is beside it. 10 * 3 + 5000 * 0.30 + 1000 * 3.75 + 100 * 15.
        (10, 110, 0.00678),
        # The total has it beside the input: 10000 * 3; or within: 4000 * 3.
        (10_000, 16_100, 0.03675),
        (10_000, 10_100, 0.01875),
    ],
)
def test_litellm_s_pass_through_of_anthropic(
    db: ReportDatabase, tmp_path: Path, given: int, total: int, cost: float
) -> None:
    cached = {"cache_read_input_tokens": 5000, "cache_creation_input_tokens": 1000}
    call = {"request_id": "r", "call_type": "pass_through_endpoint", "spend": 0, "status": "success"}
    times = {"startTime": "2026-11-10T10:01:00.000Z", "endTime": "2026-11-10T10:01:02.500Z"}
    model = {"model": "claude-sonnet-4-5", "custom_llm_provider": "anthropic"}
    counts = {"prompt_tokens": given, "completion_tokens": 100, "total_tokens": total}
    found = costs(
        db, written(tmp_path / "logs.jsonl", {**call, **times, **model, **counts, "metadata": {"usage_object": cached}})
    )
    assert found == {"r": cost}


@pytest.mark.parametrize(("total", "tokens", "cost"), [(1150, 1000, 0.0023), (1550, 1400, 0.0028)])
def test_cached_tokens_of_gemini_cli(db: ReportDatabase, tmp_path: Path, total: int, tokens: int, cost: float) -> None:
    """Within the input (600 * 1.25 + 400 * 0.125 + 150 * 10), or beside it, by the total."""
    used = {"input": 1000, "output": 100, "cached": 400, "thoughts": 50, "tool": 0, "total": total}
    said = {"id": "m", "timestamp": "2026-11-10T10:00:05.000Z", "type": "gemini", "model": "gemini-2.5-pro"}
    session = {"sessionId": "s", "projectHash": "p", "startTime": "2026-11-10T10:00:00.000Z"}
    path = tmp_path / "session-2026-11-10T10-00-abc.json"
    path.write_text(json.dumps({**session, "messages": [{**said, "tokens": used}]}), "utf-8")
    db.ingest(path)
    assert db.sql("select input_tokens, round(estimated_cost, 9) from calls") == [(tokens, cost)]


@pytest.mark.parametrize(
    ("text", "called_at", "cost", "currency"),
    [
        # A narrow blank between thousands, and a decimal comma.
        (
            "id;called_at;model;step;cost;currency\na;2026-03-15T10:00:00Z;gpt-4o;s;1\u202f234,50 €;\n",
            "2026-03-15T10:00:00.000Z",
            1234.5,
            "EUR",
        ),
        # A spreadsheet's number of a day: 46096 days after 1899-12-30, and ten hours.
        (
            "id,called_at,model,step,cost_eur\na,46096.4166667,gpt-4o,s,1.5\n",
            "2026-03-15T10:00:00.000Z",
            1.5,
            "EUR",
        ),
        # OpenAI's words for tokens: 600 * 2.50 + 400 * 1.25 + 100 * 10.
        (
            "id,called_at,model,step,prompt_tokens,completion_tokens,cached_tokens\n"
            "a,2026-03-15T10:00:00Z,gpt-4o,s,1000,100,400\n",
            "2026-03-15T10:00:00.000Z",
            0.003,
            "USD",
        ),
        # Not a currency: another column, and no cost.
        ("id,called_at,model,step,cost_sum\na,1773568800,gpt-4o,s,1.5\n", "2026-03-15T10:00:00.000Z", None, "USD"),
    ],
)
def test_tables_of_other_people(
    db: ReportDatabase, tmp_path: Path, text: str, called_at: str, cost: float | None, currency: str
) -> None:
    path = tmp_path / "calls.csv"
    path.write_text(text, "utf-8")
    assert costs(db, path) == {"a": cost}
    assert db.sql("select called_at, currency from calls") == [(called_at, currency)]


def test_cursor_s_newer_header(db: ReportDatabase, tmp_path: Path) -> None:
    """The dashboard writes "Cost ($)"; what it calls free cost nothing."""
    path = tmp_path / "usage.csv"
    path.write_text(
        "Date,Kind,Model,Max Mode,Input (w/ Cache Write),Input (w/o Cache Write),Cache Read,Output Tokens,"
        "Total Tokens,Cost ($)\n"
        '2026-10-01T10:00:00.000Z,Usage-based,gpt-5,No,"1,200",1000,5000,300,7500,$0.12\n'
        "2026-10-01T11:00:00.000Z,Free,composer-1,No,0,1000,5000,300,6300,0.00\n"
        "2026-10-01T12:00:00.000Z,Included in Pro,auto,No,0,1000,5000,300,6300,Included\n",
        "utf-8",
    )
    assert list(costs(db, path).values()) == [0.12, 0.0, None]


def used_day(date: str, tokens: int, cost: float) -> dict[str, Any]:
    counts = {"inputTokens": tokens, "outputTokens": 0, "cacheCreationTokens": 0, "cacheReadTokens": 0}
    return {"date": date, **counts, "totalCost": cost, "modelsUsed": ["claude-sonnet-4-6"], "modelBreakdowns": []}


def test_ccusage_by_project(db: ReportDatabase, tmp_path: Path) -> None:
    """Two projects of a day are two rows; what is said of months is not guessed at."""
    days = {"-home-a": [used_day("2026-11-06", 100, 0.5)], "-home-b": [used_day("2026-11-06", 10, 0.25)]}
    path = tmp_path / "daily.json"
    path.write_text(json.dumps({"projects": days, "totals": {}}), "utf-8")
    assert sorted(costs(db, path).values(), key=str) == [0.25, 0.5]
    assert db.one("select sum(input_tokens) from calls") == 110
    assert db.one("select count(*) from calls where source_key like '%home%'") == 0
    path = tmp_path / "monthly.json"
    path.write_text(json.dumps({"monthly": [{"month": "2026-11", "totalCost": 1.0}], "totals": {}}), "utf-8")
    with pytest.raises(StoryreportError, match="report by month, which does not say the days: give `ccusage daily"):
        db.ingest(path)


def test_what_codex_exec_prints_names_no_model(db: ReportDatabase, tmp_path: Path) -> None:
    events = [{"type": "thread.started", "thread_id": "t"}, {"type": "turn.completed", "usage": {"input_tokens": 9}}]
    with pytest.raises(StoryreportError, match="which names no model: give the sessions in ~"):
        db.ingest(written(tmp_path / "run.jsonl", *events))


def test_a_session_of_qwen_code_is_none_of_claude_s(db: ReportDatabase, tmp_path: Path) -> None:
    said = {"role": "model", "parts": [{"text": "Done."}]}
    used = {"totalTokenCount": 5}
    line = {"uuid": "u", "sessionId": "s", "type": "assistant", "message": said, "usageMetadata": used}
    with pytest.raises(StoryreportError, match="is a session of Qwen Code, which is not read"):
        db.ingest(written(tmp_path / "qwen.jsonl", line))


def test_a_day_of_ccusage_is_no_call(db: ReportDatabase, tmp_path: Path) -> None:
    """A million tokens are many short calls at 3, not one at the 6 of a long context."""
    day = {**used_day("2026-11-06", 1_000_000, 0), "modelsUsed": ["claude-sonnet-4-5"]}
    assert list(costs(db, written(tmp_path / "daily.json", {"daily": [day], "totals": {}})).values()) == [3.0]


def test_a_key_of_one_s_own_at_openrouter(db: ReportDatabase, tmp_path: Path) -> None:
    """OpenRouter's fee, and what the provider charged beside it; without such a key the cost is all."""
    usage = {"prompt_tokens": 1000, "completion_tokens": 100, "cost_details": {"upstream_inference_cost": 0.0045}}
    around = {"object": "chat.completion", "created": 1793923200, "model": "anthropic/claude-sonnet-4.5"}
    found = costs(
        db,
        written(
            tmp_path / "responses.jsonl",
            {"id": "own", **around, "usage": {**usage, "cost": 0.0002, "is_byok": True}},
            {"id": "theirs", **around, "usage": {**usage, "cost": 0.0045, "is_byok": False}},
        ),
    )
    assert found == {"own": 0.0047, "theirs": 0.0045}


def test_a_bill_with_decimal_commas(db: ReportDatabase, tmp_path: Path) -> None:
    """Google's table of costs, as a spreadsheet of another country saved it: 1.234,50 - 0,25 + 12 euros."""
    header = (
        "Service description,SKU description,Credit type,Cost type,Usage start date,Usage amount,Usage unit,Cost (€)"
    )
    rows = ('Input,,Usage,2026-11-06,10,count,"1.234,50"', 'Input,Promotion,Usage,2026-11-06,0,count,"-0,25"')
    text = "\n".join([header, *(f"Vertex AI,{row}" for row in (*rows, "Output,,Usage,2026-11-06,10,count,12")), ""])
    path = tmp_path / "costs.csv"
    path.write_text(text, "utf-8")
    assert sum(cost or 0 for cost in costs(db, path).values()) == 1246.25


def test_bedrock_s_bodies_say_what_the_cache_had(db: ReportDatabase, tmp_path: Path) -> None:
    """A region costs 10 % more: 3.30 a million in, 0.33 from the cache, 6.60 to it for an hour, 16.50 out."""
    usage = {"input_tokens": 1000, "cache_read_input_tokens": 5000, "output_tokens": 100}
    hour = {"cache_creation_input_tokens": 400, "cache_creation": {"ephemeral_1h_input_tokens": 400}}
    around = {"schemaType": "ModelInvocationLog", "timestamp": "2026-11-06T12:00:00Z", "region": "us-east-1"}
    model = {"operation": "InvokeModel", "modelId": "us.anthropic.claude-sonnet-4-5-20250929-v1:0"}
    bodies = {"whole": {"usage": usage}, "stream": [{"type": "ping"}, {"message": {"usage": {**usage, **hour}}}]}
    found = costs(
        db,
        written(
            tmp_path / "log.jsonl",
            *(
                {
                    **around,
                    **model,
                    "requestId": key,
                    "input": {"inputTokenCount": 1000},
                    "output": {"outputTokenCount": 100, "outputBodyJson": body},
                }
                for key, body in bodies.items()
            ),
        ),
    )
    assert found == {"whole": 0.0066, "stream": 0.00924}
