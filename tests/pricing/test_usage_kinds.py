"""Every kind of token, fee and tier that genai-prices has a price for costs what genai-prices itself says."""

import contextlib
import math
import random
from datetime import datetime, timedelta, timezone
from pathlib import Path
from typing import Any

import pytest
from genai_prices import Usage, calc_price
from genai_prices.data import providers
from genai_prices.types import StartDateConstraint, TieredPrices
from helpers.platforms import with_new_prices

from storyreport import pricing, rollups, schema

NOW = "2026-11-20T10:00:00.000Z"
# Our tier → what genai-prices asks for.
TIERS = {
    "": {},
    "standard": {},
    "batch": {"processing": "batch"},
    "flex": {"service_tier": "flex"},
    "priority": {"service_tier": "priority"},
    "fast": {"service_tier": "fast", "speed": "fast"},
}
# Our column → genai-prices' name and its price's.
DETAILS = {
    "cache_write_1h_tokens": ("cache_write_1h_tokens", "cache_write_1h_mtok"),
    "reasoning_tokens": ("output_reasoning_tokens", "output_reasoning_mtok"),
    "citation_tokens": ("output_citation_tokens", "output_citation_mtok"),
    "input_audio_tokens": ("input_audio_tokens", "input_audio_mtok"),
    "cache_audio_read_tokens": ("cache_audio_read_tokens", "cache_audio_read_mtok"),
    "output_audio_tokens": ("output_audio_tokens", "output_audio_mtok"),
    "input_image_tokens": ("input_image_tokens", "input_image_mtok"),
    "cache_image_read_tokens": ("cache_image_read_tokens", "cache_image_read_mtok"),
    "output_image_tokens": ("output_image_tokens", "output_image_mtok"),
    "input_video_tokens": ("input_video_tokens", "input_video_mtok"),
    "output_video_tokens": ("output_video_tokens", "output_video_mtok"),
    "web_searches": ("web_searches", "web_searches_kcount"),
    "file_searches": ("storage_searches", "storage_searches_kcount"),
    "input_characters": ("input_characters", "input_mchars"),
    "audio_seconds": ("audio_seconds", "audio_hours"),
    "document_pages": ("input_document_pages", "input_document_kpages"),
}
PLAIN = ("input_tokens", "output_tokens", "cache_read_tokens", "cache_write_tokens")


def price(path: Path, calls: list[dict[str, Any]]) -> list[float | None]:
    """The estimates of calls that are put straight into a report database."""
    columns = sorted({column for call in calls for column in call})
    with contextlib.closing(schema.connect(path)) as connection:
        rollups.update(connection)
        connection.execute("begin")
        connection.execute("insert into sources (name, system, created_at) values ('s', 's', '')")
        connection.execute("insert into inputs (source_id, part, location, signature) values (1, 'p', '', '')")
        connection.executemany(
            f"insert into calls (id, source_id, source_key, input_id, {', '.join(columns)})"
            f" values (:id, 1, :id, 1, {', '.join(':' + column for column in columns)})",
            [{"id": number, **dict.fromkeys(columns), **call} for number, call in enumerate(calls)],
        )
        pricing.reprice(connection, None, NOW)
        return [cost for (cost,) in connection.execute("select estimated_cost from calls order by id")]


def moments(model: Any) -> list[datetime]:
    """A day of today, and the days on which a price of the model or of a tier begins, with the last second before."""
    listed = model.prices if isinstance(model.prices, list) else []
    constraints = [price.constraint for price in (*listed, *(model.price_variants or ()))]
    days = {constraint.start_date for constraint in constraints if isinstance(constraint, StartDateConstraint)}
    starts = [datetime.combine(day, datetime.min.time(), timezone.utc) for day in sorted(days)]
    return [datetime(2026, 11, 10, tzinfo=timezone.utc), *starts, *(start - timedelta(seconds=1) for start in starts)]


def is_known_by_its_id(provider: Any, model: Any) -> bool:
    """Whether a call that names the model by its id is one of this model."""
    try:
        return calc_price(Usage(input_tokens=0), model.id, provider_id=provider.id).model is model
    except LookupError:
        return False


def has_tier(model: Any, context: dict[str, str], moment: datetime) -> bool:
    """Whether some of the model's prices are of that tier at that time."""
    return not context or any(
        all(context.get(name) == value for name, value in variant.when.items())
        and (variant.constraint is None or variant.constraint.active(moment))
        for variant in model.price_variants or ()
    )


def sizes(prices: Any) -> list[int]:
    """Input tokens below and above each threshold."""
    starts = {tier.start for value in vars(prices).values() if isinstance(value, TieredPrices) for tier in value.tiers}
    return [40_000, *(start + more for start in starts for more in (0, 1))]


def usage(prices: Any, size: int, chance: random.Random) -> dict[str, Any]:
    """Tokens of each kind that has a price, each within those that include it."""
    used: dict[str, Any] = {"input_tokens": size, "output_tokens": chance.randrange(4_000, 8_000)}
    used |= {"cache_read_tokens": size // 4, "cache_write_tokens": size // 8}
    most = {"cache_write_1h_tokens": size // 16, "cache_audio_read_tokens": 50, "cache_image_read_tokens": 40}
    for column, (_, key) in DETAILS.items():
        if getattr(prices, key) is not None:
            used[column] = most.get(column, 0) or chance.randrange(100, 900)
    return used


def test_every_kind_in_every_tier_costs_what_genai_prices_says(tmp_path: Path) -> None:
    chance = random.Random(11)
    calls: list[dict[str, Any]] = []
    expected: list[float | None] = []
    for provider in providers:
        for model in (model for model in provider.models if is_known_by_its_id(provider, model)):
            for tier, context in TIERS.items():
                for moment in moments(model) if model.price_variants or not context else ():
                    prices = model.get_prices(moment, context)
                    for size in sizes(prices):
                        used = usage(prices, size, chance)
                        if prices.input_mtok is None:
                            # Only what is not counted in tokens has a price.
                            used |= dict.fromkeys(PLAIN, 0)
                        names = {DETAILS[column][0] if column in DETAILS else column: n for column, n in used.items()}
                        cost = model.calc_price(
                            Usage(**names), provider, genai_request_timestamp=moment, price_context=context
                        ).total_price
                        expected.append(float(cost) or None if has_tier(model, context, moment) else None)
                        when = moment.strftime("%Y-%m-%dT%H:%M:%S.000Z")
                        calls.append(
                            {"provider": provider.id, "model": model.id, "tier": tier, "called_at": when, **used}
                        )
    found = price(tmp_path / "report.db", calls)
    wrong = [
        (call, cost, right)
        for call, cost, right in zip(calls, found, expected, strict=True)
        if (cost is None) != (right is None) or not math.isclose(cost or 0, right or 0, rel_tol=1e-9)
    ]
    assert wrong == []
    by_tier = {call["tier"] for call, right in zip(calls, expected, strict=True) if right is not None}
    by_kind = {kind for call, right in zip(calls, expected, strict=True) if right is not None for kind in call}
    assert by_tier == set(TIERS)
    assert set(DETAILS) <= by_kind


IMAGE = {"provider": "openai", "input_tokens": 0, "output_tokens": 100_000, "output_image_tokens": 100_000}
SPEECH = {"input_tokens": 0, "output_tokens": 100_000, "output_audio_tokens": 100_000}
V4 = {"provider": "deepseek", "model": "deepseek-v4-pro", "called_at": "2026-11-20T00:00:00.000Z"}
SONNET = {"provider": "anthropic", "model": "claude-sonnet-4-6", "called_at": NOW}


@pytest.mark.parametrize(
    ("call", "cost"),
    [
        # 3 dollars for a million tokens of input, 15 of output, 3.75 written for 5 minutes, 6 for an hour, and 10 for a
        # thousand searches: 0.1 * 3 + 0.02 * 3.75 + 0.03 * 6 + 0.01 * 15 + 5 * 0.01 = 0.755.
        (
            {
                "input_tokens": 150_000,
                "cache_write_tokens": 50_000,
                "cache_write_1h_tokens": 30_000,
                "output_tokens": 10_000,
                "web_searches": 5,
            },
            0.755,
        ),
        # Half of it in a batch since the list has that price, and unpriced before.
        ({"input_tokens": 1_000_000, "tier": "batch"}, 1.5),
        ({"input_tokens": 1_000_000, "tier": "batch", "called_at": "2026-10-14T00:00:00.000Z"}, 1.5),
        ({"input_tokens": 1_000_000, "tier": "batch", "called_at": "2026-10-13T23:59:59.000Z"}, None),
        # No price of such a tier, of a tier that nobody knows, of sound.
        ({"input_tokens": 1_000_000, "tier": "fast"}, None),
        ({"input_tokens": 1_000_000, "tier": "scale"}, None),
        ({"input_tokens": 1_000_000, "input_audio_tokens": 5}, None),
        ({"input_tokens": 1_000_000, "input_audio_tokens": 0}, 3),
        # A thousand searches alone, whose tokens are in another row.
        ({"web_searches": 1000}, 10),
        # More written for an hour than written at all, more reasoning than output: one of them is wrong.
        ({"input_tokens": 100, "cache_write_tokens": 10, "cache_write_1h_tokens": 20}, None),
        ({"input_tokens": 100, "output_tokens": 10, "reasoning_tokens": 20}, None),
        # Nor is anything known of what a total has beside both.
        ({"input_tokens": 1000, "output_tokens": 100, "total_tokens": 1101}, None),
        ({"input_tokens": 1000, "output_tokens": 100, "total_tokens": 1100}, 0.0045),
        ({"input_tokens": 1000, "output_tokens": 100, "total_tokens": 1000}, 0.0045),
        pytest.param(
            {"model": "claude-opus-4-8", "tier": "fast", "input_tokens": 100_000, "output_tokens": 10_000},
            1.5,
            marks=with_new_prices,
        ),
        # DeepSeek's V4 Pro costs 0.66 a million, and twice as much in some hours: a whole day of it has no price.
        (V4 | {"input_tokens": 1_000_000}, 0.66),
        (V4 | {"input_tokens": 1_000_000, "called_at": "2026-11-20T08:00:00.000Z"}, 1.32),
        (V4 | {"input_tokens": 1_000_000, "tier": "any hour"}, None),
        ({"input_tokens": 100_000, "tier": "any hour"}, 0.3),
        # Models that write nothing else: 40 and 30 dollars for a million tokens of images, 12 and 10 of speech.
        (IMAGE | {"model": "gpt-image-1"}, 4),
        (IMAGE | {"model": "gpt-image-2"}, 3),
        (SPEECH | {"provider": "openai", "model": "gpt-4o-mini-tts"}, 1.2),
        (SPEECH | {"provider": "google", "model": "gemini-2.5-flash-tts"}, 1),
        # Others write text, too, at a price that is not that of images or speech.
        (IMAGE | {"model": "gpt-5-image"}, None),
        (SPEECH | {"provider": "openai", "model": "gpt-4o-audio-preview"}, None),
    ],
)
def test_what_a_call_used_is_priced_or_nothing_is(tmp_path: Path, call: dict[str, Any], cost: float | None) -> None:
    assert price(tmp_path / "report.db", [{**SONNET, **call}]) == [cost if cost is None else pytest.approx(cost)]


@pytest.mark.parametrize(
    ("row", "cost"),
    [
        # Sonnet 4.5 costs 3 dollars up to 200,000 tokens of a call and 6 above: ten million in a day are no call.
        ({"input_tokens": 10_000_000, "context_tokens": 1}, 30),
        ({"input_tokens": 10_000_000, "context_tokens": 200_001}, 60),
        ({"input_tokens": 10_000_000, "calls": 1000}, 30),
        ({"input_tokens": 10_000_000, "calls": 10}, 60),
        ({"input_tokens": 10_000_000, "calls": 10, "context_tokens": 1}, 30),
    ],
)
def test_the_tier_of_a_row_of_many_calls(tmp_path: Path, row: dict[str, Any], cost: float) -> None:
    call = {**SONNET, "model": "claude-sonnet-4-5", "calls": 1, **row}
    assert price(tmp_path / "report.db", [call]) == [pytest.approx(cost)]


@pytest.mark.parametrize(
    ("provider", "model", "cost"),
    [
        # Amazon's price of a region is 3.30 a million, its global one 3.00, also by ARN and where nobody names Amazon.
        ("aws.bedrock", "us.anthropic.claude-sonnet-4-5-20250929-v1:0", 0.33),
        ("", "us.anthropic.claude-sonnet-4-5-20250929-v1:0", 0.33),
        ("", "global.anthropic.claude-sonnet-4-5-20250929-v1:0", 0.3),
        (
            "",
            "arn:aws:bedrock:us-east-1:123456789012:inference-profile/us.anthropic.claude-sonnet-4-5-20250929-v1:0",
            0.33,
        ),
        ("bedrock", "arn:aws:bedrock:eu-west-1::foundation-model/anthropic.claude-3-5-sonnet-20240620-v1:0", 0.3),
        ("azure_ai", "azure_ai/claude-sonnet-4-5", 0.3),
        ("azure_ai", "grok-4", 0.3),
        ("azure.ai.inference", "gpt-4o", 0.25),
        ("gcp.gen_ai", "gemini-2.5-flash", 0.03),
        ("google", "publishers/google/models/gemini-2.5-flash", 0.03),
        ("Langchain", "gpt-4o", 0.25),
        ("litellm", "gemini-2.5-pro", 0.125),
        ("", "projects/tales/locations/global/publishers/google/models/gemini-2.5-flash", 0.03),
        # Claude Code's mark of a longer context, on Amazon's names too.
        ("", "us.anthropic.claude-sonnet-4-5-20250929-v1:0[1m]", 0.33),
        ("anthropic", "us.anthropic.claude-sonnet-4-5-20250929-v1:0", 0.33),
        # By the address, whatever name is in it.
        ("https://api.groq.com/openai/v1", "llama-3.3-70b-versatile", 0.059),
        ("api.mistral.ai", "mistral-large-latest", 0.2),
        ("https://tales.openai.azure.com/", "gpt-4o", 0.25),
        ("https://gateway.example.com/v1", "gpt-4o", None),
        # Neither is in the list.
        ("dashscope", "qwen-plus", None),
        ("", "glm-4.6", None),
    ],
)
def test_names_in_the_wild(tmp_path: Path, provider: str, model: str, cost: float | None) -> None:
    call = {"provider": provider, "model": model, "called_at": NOW, "input_tokens": 100_000}
    assert price(tmp_path / "report.db", [call]) == [cost if cost is None else pytest.approx(cost)]
