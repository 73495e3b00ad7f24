"""Estimated costs: the prices of genai-prices for each call at its time."""

import contextlib
import math
import random
from datetime import date, datetime, timedelta, timezone
from pathlib import Path
from typing import Any

import pytest
from genai_prices import Usage, calc_price
from genai_prices.data import providers
from genai_prices.types import StartDateConstraint, TieredPrices, TimeOfDateConstraint
from helpers.ledger import MOMENT, Ledger, rounded
from helpers.report_database import change

from storyreport import pricing, rollups, schema
from storyreport.ingest import reprice
from storyreport.pricing import Change

# More expensive until 2025-06-09: 10 and 40 dollars, since then 2 and 8.
CHANGED, CHANGE = ("openai", "o3"), "2025-06-10"


def listed(call: dict[str, Any]) -> float | None:
    """What genai-prices itself says of a call; None where it has no price, or none for tokens."""
    kinds = ("input_tokens", "output_tokens", "cache_read_tokens", "cache_write_tokens")
    try:
        found = calc_price(
            Usage(**{kind: call.get(kind) for kind in kinds}),
            call["model"],
            provider_id=call["provider"] or None,
            genai_request_timestamp=datetime.fromisoformat(call["called_at"].replace("Z", "+00:00")),
        )
    except LookupError:
        return None
    return float(found.total_price) or None


def moments(model: Any, chance: random.Random) -> list[datetime]:
    """Times around all that a model's prices hang on, and one of any day."""
    start = datetime(2024, 1, 1, tzinfo=timezone.utc)
    found = [start + timedelta(seconds=chance.randrange(3 * 365 * 86_400))]
    for price in model.prices if isinstance(model.prices, list) else ():
        if isinstance(price.constraint, StartDateConstraint):
            day = datetime.combine(price.constraint.start_date, datetime.min.time(), timezone.utc)
            found += [day - timedelta(milliseconds=1), day]
        elif isinstance(price.constraint, TimeOfDateConstraint):
            for time in (price.constraint.start_time, price.constraint.end_time):
                moment = datetime.combine(date(2026, 9, 15), time).astimezone(timezone.utc)
                found += [moment - timedelta(milliseconds=1), moment]
    return found


def sizes(model: Any) -> set[int]:
    """Input tokens around the tiers of a model."""
    all_prices = [price.prices for price in model.prices] if isinstance(model.prices, list) else [model.prices]
    values = [value for price in all_prices for value in vars(price).values()]
    starts = {tier.start for value in values if isinstance(value, TieredPrices) for tier in value.tiers}
    assert all(start > 1 for start in starts)
    return {12_345} | {start + more for start in starts for more in (0, 1)}


def test_every_model_costs_what_genai_prices_says(tmp_path: Path) -> None:
    """Call by call, for each model of the list, at each of its times, tiers and kinds of tokens."""
    chance = random.Random(7)
    calls = []
    for provider in providers:
        for model in provider.models:
            for moment in moments(model, chance):
                for size in sizes(model):
                    read, written = chance.randrange(size // 2), chance.choice([None, chance.randrange(size // 2)])
                    calls.append(
                        {
                            "provider": provider.id,
                            "model": model.id,
                            "called_at": moment.isoformat(timespec="milliseconds").replace("+00:00", "Z"),
                            "input_tokens": size,
                            "output_tokens": chance.randrange(5000),
                            "cache_read_tokens": read,
                            "cache_write_tokens": written,
                        }
                    )
    with contextlib.closing(schema.connect(tmp_path / "report.db")) as connection:
        rollups.update(connection)
        connection.execute("begin")
        connection.execute("insert into sources (name, system, created_at) values ('s', 's', '')")
        connection.execute("insert into inputs (source_id, part, location, signature) values (1, 'p', '', '')")
        columns = list(calls[0])
        connection.executemany(
            f"insert into calls (id, source_id, source_key, input_id, {', '.join(columns)})"
            f" values (:id, 1, :id, 1, {', '.join(':' + column for column in columns)})",
            [{"id": number, **call} for number, call in enumerate(calls)],
        )
        changes, unpriced = pricing.reprice(connection, None, MOMENT)
        found = [cost for (cost,) in connection.execute("select estimated_cost from calls order by id")]
        expected = [listed(call) for call in calls]
        wrong = [
            (call, cost, right)
            for call, cost, right in zip(calls, found, expected, strict=True)
            if (cost is None) != (right is None) or not math.isclose(cost or 0, right or 0, rel_tol=1e-9)
        ]
        assert wrong == []
        known = [cost for cost in expected if cost is not None]
        assert len(known) > 1000
        assert rounded(changes) == [Change("USD", len(known), 0, round(sum(known), 9))]
        assert unpriced == len(calls) - len(known)
        assert pricing.reprice(connection, None, MOMENT)[0] == [
            Change("USD", len(known), changes[0].after, changes[0].after)
        ]


def test_the_price_is_that_of_the_time_of_the_call(ledger: Ledger) -> None:
    """A model that has become cheaper costs what it did on the day of the call; today's price is for calls without."""
    provider, model = CHANGED
    for called_at in ("2025-06-09T23:59:59.999Z", f"{CHANGE}T00:00:00.000Z", None):
        ledger.add(provider=provider, model=model, called_at=called_at, input_tokens=1_000_000, output_tokens=1_000_000)
    assert ledger.ingest() == 3
    assert ledger.costs() == pytest.approx([50, 10, 10])
    assert ledger.db.sql("select distinct is_estimated, estimated_currency, priced_as, cost from calls") == [
        (1, "USD", "openai/o3", None)
    ]


def test_cached_tokens_are_counted_once(ledger: Ledger) -> None:
    """Input tokens include the cached ones, which have a price of their own."""
    ledger.add(input_tokens=1_000_000, output_tokens=0)
    ledger.add(input_tokens=1_000_000, output_tokens=0, cache_read_tokens=1_000_000)
    ledger.add(input_tokens=1_000_000, output_tokens=0, cache_read_tokens=400_000, cache_write_tokens=600_000)
    ledger.add(cache_read_tokens=1_000_000, output_tokens=0)
    ledger.ingest()
    assert ledger.costs() == pytest.approx([5, 0.5, 0.2 + 3.75, 0.5])


@pytest.mark.parametrize(
    "call",
    [
        pytest.param({"model": "nobody-knows-it"}, id="unknown model"),
        pytest.param({"provider": "nobody"}, id="unknown provider"),
        pytest.param({"provider": "ollama", "model": "anthropic/claude-opus-4-5"}, id="another's model"),
        pytest.param({"provider": "", "model": "deepseek-r1:8b"}, id="model on one's own machine"),
        pytest.param({"model": ""}, id="no model"),
        pytest.param({"input_tokens": None, "output_tokens": None}, id="no tokens"),
        pytest.param({"input_tokens": 0, "output_tokens": 0}, id="streamed without usage"),
        pytest.param({"cache_read_tokens": 101}, id="more cached tokens than tokens"),
        pytest.param({"provider": "openai", "model": "whisper-1"}, id="price for seconds alone"),
    ],
)
def test_what_has_no_price_is_unpriced_never_free(ledger: Ledger, call: dict[str, Any]) -> None:
    """Nothing is made up where the list has no price or the call says too little."""
    ledger.add(**{"input_tokens": 100, "output_tokens": 10, **call})
    assert ledger.ingest() == 0
    assert ledger.db.sql("select cost, estimated_cost, estimated_currency, priced_as, is_estimated from calls") == [
        (None, None, None, None, 0)
    ]
    (row,) = ledger.db.report("cost")
    assert (row["cost"], row["estimated_cost"], row["unpriced_calls"]) == (None, None, 1)


@pytest.mark.parametrize(
    ("provider", "model", "priced_as"),
    [
        ("", "claude-opus-4-5", "anthropic/claude-opus-4-5"),
        ("", "anthropic/claude-opus-4-5", "anthropic/claude-opus-4-5"),
        ("Anthropic", "claude-opus-4-5-20251101", "anthropic/claude-opus-4-5"),
        ("anthropic", "anthropic/claude-opus-4-5", "anthropic/claude-opus-4-5"),
        ("litellm", "openai/gpt-4o", "openai/gpt-4o"),
        ("azure", "azure/gpt-4o", "azure/gpt-4o"),
        ("azure", "openai/gpt-4o", "azure/gpt-4o"),
        ("x_ai", "grok-3", "x-ai/grok-3"),
        ("fireworks.ai", "accounts/fireworks/models/deepseek-v3p2", "fireworks/deepseek-v3p2"),
        ("together.ai", "meta-llama/Llama-3.3-70B-Instruct-Turbo", "together/meta-llama/Llama-3.3-70B-Instruct-Turbo"),
        # A framework is no provider; Vercel's AI SDK adds the kind of an API; pydantic-ai writes a colon.
        ("strands-agents", "gpt-4o", "openai/gpt-4o"),
        ("groq.chat", "llama-3.3-70b-versatile", "groq/llama-3.3-70b-versatile"),
        ("azure.ai.inference", "gpt-4o", "azure/gpt-4o"),
        ("", "google-gla:gemini-2.5-flash", "google/gemini-2.5-flash"),
        ("", "anthropic:claude-opus-4-5", "anthropic/claude-opus-4-5"),
    ],
)
def test_names_are_matched(ledger: Ledger, provider: str, model: str, priced_as: str) -> None:
    """As they are written in the wild; priced_as says what they were taken for."""
    ledger.add(provider=provider, model=model, input_tokens=100, output_tokens=10)
    ledger.ingest()
    assert ledger.db.one("select priced_as from calls") == priced_as


def test_a_row_may_stand_for_many_calls(ledger: Ledger) -> None:
    """Their tokens are added up; the tier is that of the mean call."""
    tiered = {"model": "claude-sonnet-4-5", "output_tokens": 1000}
    ledger.add(**tiered, input_tokens=300_000)
    ledger.add(**tiered, input_tokens=300_000, calls=2)
    ledger.ingest()
    assert ledger.costs() == pytest.approx([0.3 * 6 + 0.001 * 22.5, 0.3 * 3 + 0.001 * 15])


def test_a_bill_of_nothing_covers_nothing(ledger: Ledger) -> None:
    """A line of a bill that is not charged yet is 0: the calls of that day are estimated."""
    ledger.add(input_tokens=1_000_000)
    ledger.add(model="", called_at="2025-11-20T00:00:00Z", calls=0, cost=0, currency="USD")
    ledger.ingest()
    assert ledger.costs() == pytest.approx([5, None])


def test_what_is_billed_is_not_estimated_too(ledger: Ledger) -> None:
    """A cost without calls covers its provider's calls of the day, whichever is read first; they are not unpriced."""
    ledger.add(input_tokens=1_000_000)
    ledger.add(input_tokens=1_000_000, called_at="2025-11-19T23:59:59Z")
    ledger.add(provider="openai", model="o3", input_tokens=1_000_000)
    ledger.add(model="nobody-knows-it", input_tokens=1)
    ledger.ingest()
    assert ledger.costs() == pytest.approx([5, 5, 2, None])
    ledger.add(model="", called_at="2025-11-20T00:00:00Z", calls=0, cost=4.25, currency="USD")
    ledger.ingest()
    assert ledger.costs() == pytest.approx([None, 5, 2, None, None])
    ledger.add(input_tokens=1_000_000)
    assert ledger.ingest() == 0
    assert {(row["day"], row["provider"], row["cost"]) for row in ledger.db.report("cost") if row["cost"]} == {
        ("2025-11-20", "anthropic", 4.25),
        ("2025-11-20", "openai", 2),
        ("2025-11-19", "anthropic", 5),
    }
    assert sum(row["unpriced_calls"] for row in ledger.db.report("cost")) == 0
    changes, unpriced = reprice(ledger.db.path, None)
    assert (rounded(changes), unpriced) == ([Change("USD", 2, 7, 7)], 0)
    change(ledger.path, "update paid_calls set cost = null where calls = 0")
    assert ledger.ingest() == 2
    assert ledger.costs() == pytest.approx([5, 5, 2, None, None, 5])
