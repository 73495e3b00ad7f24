"""Usage and cost pages of OpenAI and Anthropic: priced by what a row says, never as one call of a day."""

import json
from pathlib import Path
from typing import Any

import pytest
from helpers.platforms import with_new_prices
from helpers.report_database import ReportDatabase

DAY = {"starting_at": "2026-11-10T00:00:00Z", "ending_at": "2026-11-11T00:00:00Z"}
SONNET = {"model": "claude-sonnet-4-6", "service_tier": "standard", "context_window": None, "output_tokens": 0}
# A day in UTC that begins 1,794,268,800 seconds after 1970 is 2026-11-10.
OPENAI_DAY = 1_794_268_800


def anthropic(path: Path, *results: dict[str, Any], **bucket: str) -> Path:
    """A page of Anthropic's usage or costs."""
    path.write_text(json.dumps({"data": [{**DAY, **bucket, "results": list(results)}], "has_more": False}), "utf-8")
    return path


def openai(path: Path, *results: dict[str, Any], day: int = 0) -> Path:
    """A page of OpenAI's usage or costs, of a day after the first."""
    start = OPENAI_DAY + day * 86_400
    bucket = {"object": "bucket", "start_time": start, "end_time": start + 86_400, "results": list(results)}
    path.write_text(json.dumps({"object": "page", "data": [bucket], "has_more": False}), "utf-8")
    return path


def completions(**result: Any) -> dict[str, Any]:
    """A result of OpenAI's completions: a million tokens in, a hundred thousand out, a thousand requests."""
    kind = {"object": "organization.usage.completions.result", "model": "gpt-5-2025-08-07", "num_model_requests": 1000}
    return {**kind, "input_tokens": 1_000_000, "output_tokens": 100_000, "input_cached_tokens": 0, **result}


def cost(value: Any, item: str = "gpt-5, input") -> dict[str, Any]:
    """A result of OpenAI's costs."""
    amount = {"value": value, "currency": "usd"}
    return {"object": "organization.costs.result", "amount": amount, "line_item": item, "project_id": None}


def written(five_minutes: int, hour: int) -> dict[str, int]:
    return {"ephemeral_5m_input_tokens": five_minutes, "ephemeral_1h_input_tokens": hour}


def summed(db: ReportDatabase) -> tuple[float | None, int]:
    """The cost of all calls (None where nothing is known), and how many are unpriced."""
    rows = db.report("cost")
    known = [row["cost"] for row in rows if row["cost"] is not None]
    return round(sum(known), 6) if known else None, sum(row["unpriced_calls"] for row in rows)


# Dollars for a million tokens of Sonnet 4.6: 3 in, 15 out, 0.30 read from the cache, 3.75 and 6 written for 5 minutes
# and an hour; half of each in a batch; 10 for a thousand searches.
@pytest.mark.parametrize(
    ("result", "cost", "unpriced"),
    [
        ({"cache_creation": written(0, 1_000_000)}, 6.0, 0),
        ({"cache_creation": written(1_000_000, 0)}, 3.75, 0),
        ({"cache_creation": written(1_000_000, 500_000), "cache_read_input_tokens": 2_000_000}, 3.75 + 3 + 0.6, 0),
        ({"uncached_input_tokens": 1_000_000, "output_tokens": 100_000, "service_tier": "batch"}, 1.5 + 0.75, 0),
        ({"uncached_input_tokens": 1000, "server_tool_use": {"web_search_requests": 100}}, 0.003 + 1, 0),
        ({"uncached_input_tokens": 0, "server_tool_use": {"web_search_requests": 7}}, 0.07, 1),
        # Nothing lists the prices of an express lane, or of this model in a hurry.
        ({"uncached_input_tokens": 1000, "service_tier": "express"}, None, 1),
        ({"uncached_input_tokens": 1000, "speed": "fast"}, None, 1),
        pytest.param(
            {"uncached_input_tokens": 1_000_000, "speed": "fast", "model": "claude-opus-4-8"},
            10.0,
            0,
            marks=with_new_prices,
        ),
        ({"uncached_input_tokens": 1_000_000, "speed": "standard", "model": "claude-opus-4-8"}, 5.0, 0),
    ],
)
def test_anthropic_s_kinds_and_tiers(
    db: ReportDatabase, tmp_path: Path, result: dict[str, Any], cost: float | None, unpriced: int
) -> None:
    db.ingest(anthropic(tmp_path / "usage.json", {**SONNET, **result}))
    assert summed(db) == (cost if cost is None else pytest.approx(cost), unpriced)


def test_a_day_is_not_a_call(db: ReportDatabase, tmp_path: Path) -> None:
    """Ten million tokens of small calls, and a million of long ones: two rows at two prices."""
    small = {"model": "claude-sonnet-4-5", "service_tier": "standard", "uncached_input_tokens": 10_000_000}
    long = {**small, "uncached_input_tokens": 1_000_000, "context_window": "200k-1M"}
    db.ingest(anthropic(tmp_path / "usage.json", {**small, "context_window": "0-200k"}, long))
    assert db.sql("select input_tokens, round(estimated_cost, 6) from calls order by 1 desc") == [
        (10_000_000, 30.0),
        (1_000_000, 6.0),
    ]


# Dollars for a million tokens of GPT-5: 1.25 in, 10 out, half in a batch or flexibly, double with priority.
@pytest.mark.parametrize(
    ("result", "cost", "unpriced"),
    [
        (completions(), 2.25, 0),
        (completions(batch=True), 1.125, 0),
        (completions(service_tier="flex"), 1.125, 0),
        (completions(service_tier="priority"), 4.5, 0),
        (completions(service_tier="default", batch=False), 2.25, 0),
        # Nobody counted the requests, or the number is lost: GPT-5.4 costs 2.50 in, twice as much from 272,000 on.
        (completions(num_model_requests=None), 2.25, 0),
        (completions(num_model_requests="many"), 2.25, 0),
        (completions(num_model_requests=None, model="gpt-5.4", output_tokens=0), 2.5, 0),
        # A fine-tuned model has its own prices: 0.30 in, 1.20 out.
        (completions(model="ft:gpt-4o-mini-2024-07-18:inkwell:tales:AbC123"), 0.42, 0),
        # The list has no price of its sound, which is not that of text.
        (completions(model="gpt-4o-audio-preview", input_audio_tokens=900_000), None, 1000),
        (completions(model="gpt-4o-audio-preview", input_audio_tokens=0, output_audio_tokens=0), 3.5, 0),
        # 15 dollars for a million characters, 0.36 for an hour; images have no price.
        pytest.param(
            {
                "object": "organization.usage.audio_speeches.result",
                "characters": 1_000_000,
                "num_model_requests": 10,
                "model": "tts-1",
            },
            15.0,
            0,
            marks=with_new_prices,
        ),
        (
            {
                "object": "organization.usage.audio_transcriptions.result",
                "seconds": 6000,
                "num_model_requests": 10,
                "model": "whisper-1",
            },
            0.6,
            0,
        ),
        (
            {
                "object": "organization.usage.images.result",
                "images": 20,
                "num_model_requests": 10,
                "model": "dall-e-3",
            },
            None,
            10,
        ),
    ],
)
def test_openai_s_kinds_and_tiers(
    db: ReportDatabase, tmp_path: Path, result: dict[str, Any], cost: float | None, unpriced: int
) -> None:
    db.ingest(openai(tmp_path / "usage.json", result))
    assert summed(db) == (cost if cost is None else pytest.approx(cost), unpriced)


def test_credits_reduce_the_sum(db: ReportDatabase, tmp_path: Path) -> None:
    """10.50 less 4.50 is 6 dollars, and so is 8 dollars less 200 cents; the credit is a row of its own."""
    db.ingest(openai(tmp_path / "one.json", cost("10.5000000000000000000000001"), cost(-4.5, "credit grant")))
    assert summed(db) == (6.0, 0)
    credit = {"amount": "-200.00", "currency": "USD", "description": "Credit", "model": None}
    usage = {"amount": "800.00", "currency": "USD", "description": "Input Tokens", "model": "claude-sonnet-4-6"}
    db.ingest(anthropic(tmp_path / "two.json", usage, credit))
    assert summed(db) == (12.0, 0)
    assert db.one("select count(*) from calls where cost < 0") == 2
    assert db.sql("select reason from rejects") == []


def test_exports_of_each_month_are_one_folder(db: ReportDatabase, tmp_path: Path) -> None:
    """A bill that was downloaded again counts once: three days at 10 dollars, in two files that share one of them."""
    folder = tmp_path / "costs"
    folder.mkdir()
    for name, days in (("first.json", (0, 1)), ("second.json", (1, 2))):
        pages = [json.loads(openai(tmp_path / "page.json", cost(10.0), day=day).read_text("utf-8")) for day in days]
        document = {"object": "page", "data": [bucket for page in pages for bucket in page["data"]]}
        (folder / name).write_text(json.dumps(document), "utf-8")
    openai(folder / "usage.json", completions(), day=5)
    (folder / "notes.json").write_text('{"note": 1}', "utf-8")
    db.ingest(folder)
    assert summed(db) == (32.25, 0)
    assert db.ingest(folder, name="costs").counts.inserted == 0


def test_a_bill_of_nothing_covers_nothing(db: ReportDatabase, tmp_path: Path) -> None:
    """A line of 0 dollars beside a million tokens does not make them free: they are estimated."""
    folder = tmp_path / "both"
    folder.mkdir()
    openai(folder / "costs.json", cost(0.0))
    openai(folder / "usage.json", completions())
    db.ingest(folder)
    assert summed(db) == (2.25, 0)
    openai(folder / "costs.json", cost(2.4))
    db.ingest(folder)
    assert summed(db) == (2.4, 0)


def test_a_console_s_exports_of_each_month(db: ReportDatabase, tmp_path: Path) -> None:
    """Two files of costs share a day, which counts once; a table of something else lies beside them."""
    folder = tmp_path / "exports"
    folder.mkdir()
    header = "start_time,end_time,start_time_iso,end_time_iso,amount_value,amount_currency,line_item,project_id\n"
    for name, days in (("october", (0, 1)), ("november", (1, 2))):
        rows = "".join(
            f"{OPENAI_DAY + day * 86_400},{OPENAI_DAY + (day + 1) * 86_400},,,{2 + day},usd,gpt-5,p\n" for day in days
        )
        (folder / f"{name}.csv").write_text(header + rows, "utf-8")
    (folder / "notes.csv").write_text("a,b\n1,2\n", "utf-8")
    db.ingest(folder)
    assert summed(db) == (9.0, 0)
