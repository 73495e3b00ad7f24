"""Estimated costs: what genai-prices says of each call at its time, or a price file; never in a recorded cost's way."""

import contextlib
import math
import random
import re
import sqlite3
import subprocess
import sys
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta, timezone
from pathlib import Path
from typing import Any

import pytest
from genai_prices import Usage, calc_price
from genai_prices.data import providers
from genai_prices.types import StartDateConstraint, TieredPrices, TimeOfDateConstraint
from helpers import ROOT
from helpers.report_database import ReportDatabase, change

from storyreport import pricing, recognise, rollups, schema
from storyreport.errors import StoryreportError
from storyreport.ingest import reprice
from storyreport.pricing import Change, estimates, parse
from storyreport.pricing.listed import listed_rates
from storyreport.sources import Part, System, Table, Type, signs

# Its prices are 5 and 25 dollars for a million tokens of input and output, 0.5 for cached and 6.25 for written ones.
KNOWN = ("anthropic", "claude-opus-4-5")
# More expensive until 2025-06-09: 10 and 40 dollars, since then 2 and 8.
CHANGED, CHANGE = ("openai", "o3"), "2025-06-10"
MOMENT = "2025-11-20T10:00:00.000Z"

COLUMNS = {
    "id": Type.KEY,
    "provider": Type.WORD,
    "model": Type.WORD,
    "endpoint": Type.WORD,
    "called_at": Type.UTC,
    "duration_ms": Type.MS,
    "calls": Type.COUNT,
    "input_tokens": Type.COUNT,
    "output_tokens": Type.COUNT,
    "cache_read_tokens": Type.COUNT,
    "cache_write_tokens": Type.COUNT,
    "cost": Type.MONEY,
    "currency": Type.WORD,
}


class Toy(System):
    """A system of paid calls alone."""

    def mapping(self) -> str:
        """One section that takes the columns as they are."""
        plain = ", ".join(
            column for column in COLUMNS if column not in ("id", "provider", "model", "endpoint", "calls", "currency")
        )
        texts = ", ".join(f"coalesce({column}, '') as {column}" for column in ("provider", "model", "endpoint"))
        return (
            f"-- database: calls\nselect id as source_key, 'completed' as status, {texts}, coalesce(calls, 1) as calls,"
            f" coalesce(currency, '') as currency, {plain} from src_paid_calls;\n"
        )


TOY = Toy(
    name="toy",
    title="toy system",
    parts={
        "database": Part(
            tables={"paid_calls": Table(columns=COLUMNS, required=("id",))},
            feeds={"calls": ("paid_calls",)},
            statuses={},
            signs=signs(("paid_calls", {"id", "cache_read_tokens"})),
        )
    },
)


@dataclass
class Ledger:
    """A source of calls, and the report database that it is ingested into."""

    path: Path
    db: ReportDatabase

    def add(self, **call: Any) -> None:
        """Make a call."""
        call = {"provider": KNOWN[0], "model": KNOWN[1], "called_at": MOMENT, **call}
        with contextlib.closing(sqlite3.connect(self.path)) as connection, connection:
            connection.execute(
                f"insert into paid_calls ({', '.join(call)}) values ({', '.join('?' * len(call))})", [*call.values()]
            )

    def ingest(self, yaml: str | None = None, **how: Any) -> int:
        """Ingest; return how many calls have another estimate than before."""
        return self.db.ingest(self.path, price_file=parse(yaml, "prices.yml") if yaml else None, **how).estimated

    def costs(self) -> list[Any]:
        """The estimates, in the order of the calls."""
        return [cost for (cost,) in self.db.sql("select estimated_cost from calls order by id")]


@pytest.fixture
def ledger(tmp_path: Path, db: ReportDatabase, monkeypatch: pytest.MonkeyPatch) -> Ledger:
    """A source without calls."""
    monkeypatch.setattr(recognise, "systems", lambda: {"toy": TOY})
    path = tmp_path / "calls.db"
    change(path, f"create table paid_calls ({', '.join(COLUMNS)})".replace("(id", "(id integer primary key"))
    return Ledger(path, db)


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


def rounded(changes: list[Change]) -> list[Change]:
    """The changes without the noise of adding up."""
    return [replace(change, before=round(change.before, 9), after=round(change.after, 9)) for change in changes]


# What genai-prices lists -------------------------------------------------------------------------------------------


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


# A price file ------------------------------------------------------------------------------------------------------

IMAGES = """
prices:
  - {provider: Stability, endpoint: "*image*", per_call: 0.04}
  - {provider: stability, per_second: 0.01, per_call: 0.002, currency: eur}
"""


def test_a_price_file_prices_calls_and_seconds(ledger: Ledger) -> None:
    """Without tokens or a model; the first entry that matches decides; another currency is another row."""
    ledger.add(provider="stability", model="", endpoint="v1/IMAGE/generate")
    ledger.add(provider="stability", model="", endpoint="v1/IMAGE/generate", calls=3)
    ledger.add(provider="stability", model="", endpoint="voice", duration_ms=2500)
    ledger.add(provider="stability", model="", endpoint="voice")
    ledger.add(provider="stability2", model="", endpoint="image")
    assert ledger.ingest(IMAGES) == 3
    assert ledger.costs() == [0.04, pytest.approx(0.12), pytest.approx(0.027), None, None]
    assert ledger.db.sql("select distinct priced_as, estimated_currency from calls order by 1") == [
        (None, None),
        ("price file: Stability/*/*image*", "USD"),
        ("price file: stability/*/*", "EUR"),
    ]
    found = {(row["provider"], row["currency"]): row for row in ledger.db.report("cost")}
    assert {key: (row["cost"], row["calls"], row["unpriced_calls"]) for key, row in found.items()} == {
        ("stability", "USD"): (0.16, 4, 0),
        ("stability", "EUR"): (0.027, 1, 0),
        ("stability", None): (None, 1, 1),
        ("stability2", None): (None, 1, 1),
    }


@pytest.mark.parametrize(
    ("pattern", "cost"),
    [
        ("tell", 3),
        ("TELL", 3),
        ("tel*", 3),
        ("*ell", 3),
        ("t*l*l", 3),
        ("*", 3),
        ("ell", None),
        ("tel", None),
        ("t.ll", None),
        ("te*x", None),
    ],
)
def test_a_pattern_is_of_the_whole_name(ledger: Ledger, pattern: str, cost: float | None) -> None:
    """A star stands for anything, nothing else does, and a name in which it is only found is another one."""
    ledger.add(provider="acme", model="", endpoint="tell")
    ledger.ingest(f"prices: [{{endpoint: '{pattern}', per_call: 3}}]")
    assert ledger.costs() == [cost]


def test_a_price_file_wins_on_its_days(ledger: Ledger) -> None:
    """Its prices for tokens hold from the first day through the last; before and after genai-prices does."""
    days = ("2025-10-31", "2025-11-01", "2025-11-30", "2025-12-01")
    for day in days:
        ledger.add(
            called_at=f"{day}T23:59:59.999Z",
            input_tokens=1_000_000,
            cache_read_tokens=500_000,
            cache_write_tokens=100_000,
            output_tokens=500_000,
        )
    yaml = """
        prices:
          - {model: "claude-opus-*", from: 2025-11-01, until: "2025-11-30", per_1m_input_tokens: 100,
             per_1m_output_tokens: 7, currency: EUR}
    """
    ledger.ingest(yaml)
    assert ledger.costs() == pytest.approx([2.875 + 12.5, 103.5, 103.5, 2.875 + 12.5])
    ledger.ingest(yaml.replace("currency", "per_1m_cached_input_tokens: 1, currency"))
    assert ledger.costs() == pytest.approx([2.875 + 12.5, 54, 54, 2.875 + 12.5])
    assert {(row["day"], row["currency"]) for row in ledger.db.report("cost")} == {
        (day, "EUR" if "2025-11" in day else "USD") for day in days
    }


def test_free_is_only_what_a_price_file_says_is_free(ledger: Ledger) -> None:
    """A model of one's own may cost nothing; a call that says nothing of its tokens is not one that cost nothing."""
    ledger.add(model="my-model", input_tokens=100)
    ledger.add(model="my-model")
    ledger.add(model="my-other", input_tokens=100)
    ledger.ingest(
        "prices: [{model: my-model, per_1m_input_tokens: 0}, {model: my-other, per_1m_output_tokens: 1}]",
    )
    assert ledger.costs() == [0, None, None]


def test_a_price_file_is_kept(ledger: Ledger) -> None:
    """The next ingests use it without being told, until another one is given; each is kept once."""
    ledger.add(provider="stability", endpoint="image")
    assert ledger.ingest(IMAGES) == 1
    ledger.add(provider="stability", endpoint="image")
    assert ledger.ingest() == 1
    assert ledger.costs() == [0.04, 0.04]
    assert ledger.ingest(IMAGES) == 0
    assert ledger.db.sql("select yaml from price_files") == [(IMAGES,)]
    assert ledger.ingest(IMAGES.replace("0.04", "0.05")) == 2, "also where the source has not changed"
    assert ledger.costs() == [0.05, 0.05]
    assert ledger.ingest("prices: []") == 2
    assert ledger.costs() == [None, None]
    assert ledger.db.one("select count(*) from price_files") == 3


@pytest.mark.parametrize(
    ("yaml", "said"),
    [
        ("prices: [", "line 1"),
        ("- {model: x, per_call: 1}", "a list under `prices:`"),
        ("prices: {model: x}", "a list under `prices:`"),
        ("prices: []\nprice: []", "nothing else"),
        ("", "a list under `prices:`"),
        ("prices: [free]", "entry 1: must be a mapping"),
        ("prices: [{model: x, per_call: 1}, {model: x, per_token: 1}]", "entry 2: 'per_token' is unknown"),
        ("prices: [{per_call: 1}]", "entry 1: must have a provider, model or endpoint"),
        ("prices: [{model: x}]", "entry 1: has no price"),
        ("prices: [{model: 4, per_call: 1}]", "entry 1: model must be a text, not 4"),
        ("prices: [{model: x, per_call: cheap}]", "per_call must be a number from 0 up"),
        ("prices: [{model: x, per_call: -1}]", "per_call must be a number from 0 up"),
        ("prices: [{model: x, per_call: .nan}]", "per_call must be a number from 0 up"),
        ("prices: [{model: x, per_call: .inf}]", "per_call must be a number from 0 up"),
        (f"prices: [{{model: x, per_call: 1{'0' * 400}}}]", "per_call must be a number from 0 up"),
        ("prices: [{model: x, per_call: true}]", "per_call must be a number from 0 up"),
        ("prices: [{model: x, per_call: null}]", "per_call must be a number from 0 up"),
        ("prices: [{model: x, per_call: 1, currency: dollars}]", "currency must be three letters"),
        ("prices: [{model: x, per_call: 1, from: soon}]", "from must be a date"),
        ("prices: [{model: x, per_call: 1, from: 2025-02-01 10:00:00}]", "from must be a date"),
        ("prices: [{model: x, per_call: 1, until: '2025-02-30'}]", "until must be a date"),
        ("prices: [{model: x, per_call: 1, until: 2025-02-30}]", "is not valid YAML"),
        ("prices: [{model: x, per_call: 1, from: 2025-02-02, until: 2025-02-01}]", "ends before it begins"),
        ("prices: [{model: x, per_call: !!python/name:os.system }]", "is not valid YAML"),
    ],
)
def test_a_bad_price_file_is_refused_in_a_sentence(yaml: str, said: str) -> None:
    """The file, the entry and what is wrong with it are named."""
    with pytest.raises(StoryreportError) as raised:
        parse(yaml, "my-prices.yml")
    message = str(raised.value)
    assert message.startswith("my-prices.yml")
    assert said in message
    assert message.endswith(".")
    assert not re.search(r"[.!?] [A-Z]|\n", message)


@pytest.mark.parametrize("content", [None, b"prices: \xff", b"prices: [{model: x}]"])
@pytest.mark.parametrize("command", [["ingest", "calls.db"], ["reprice"]])
def test_a_price_file_that_is_none_changes_nothing(
    content: bytes | None, command: list[str], ledger: Ledger, tmp_path: Path
) -> None:
    """The command fails with one sentence before it begins."""
    ledger.add(input_tokens=1)
    ledger.ingest()
    if content is not None:
        (tmp_path / "my.yml").write_bytes(content)
    before = ledger.db.path.read_bytes()
    done = run(*command, "--db", "report.db", "--prices", "my.yml", folder=tmp_path)
    assert (done.returncode, done.stdout) == (1, "")
    assert re.fullmatch(r"Error: my\.yml[^\n]*\.\n", done.stderr)
    assert ledger.db.path.read_bytes() == before


# Estimates over time -----------------------------------------------------------------------------------------------


def test_a_recorded_cost_replaces_the_estimate(ledger: Ledger) -> None:
    """When it arrives later, and in the reports; and the other way round when it is taken back."""
    ledger.add(input_tokens=1_000_000, cost=None)
    ledger.add(input_tokens=1_000_000, cost=2.5, currency="EUR")
    assert ledger.ingest() == 1
    known = ("currency", "cost", "estimated_cost", "unpriced_calls")

    def reported() -> set[tuple[Any, ...]]:
        return {tuple(row[column] for column in known) for row in ledger.db.report("cost")}

    assert reported() == {("USD", 5, 5, 0), ("EUR", 2.5, None, 0)}
    change(ledger.path, "update paid_calls set cost = 4.5, currency = 'EUR' where id = 1")
    ledger.ingest()
    assert ledger.db.sql("select cost, currency, estimated_cost, priced_as, is_estimated from calls where id = 1") == [
        (4.5, "EUR", None, None, 0)
    ]
    assert reported() == {("EUR", 7, None, 0)}
    change(ledger.path, "update paid_calls set cost = null where id = 2")
    assert ledger.ingest() == 1
    assert reported() == {("EUR", 4.5, None, 0), ("USD", 5, 5, 0)}


def test_the_number_of_calls_matters(ledger: Ledger) -> None:
    """When a row turns out to stand for more calls, their mean may be of another tier."""
    ledger.add(model="claude-sonnet-4-5", input_tokens=300_000)
    ledger.ingest()
    change(ledger.path, "update paid_calls set calls = 3")
    assert ledger.ingest() == 1
    assert ledger.costs() == pytest.approx([0.9])


@pytest.mark.parametrize(
    ("changed", "cost"),
    [
        ("input_tokens = 2000000", 10),
        ("model = 'claude-haiku-4-5'", 1),
        ("model = 'nobody-knows-it'", None),
        ("calls = 2", 5),
        ("called_at = '2025-01-01 00:00:00'", 5),
        ("input_tokens = null", None),
        ("output_tokens = 1000000", 5 + 25),
        ("cache_read_tokens = 1000000", 0.5),
        ("cache_write_tokens = 1000000", 6.25),
        ("provider = 'nobody-knows-them'", None),
    ],
)
def test_a_changed_call_is_estimated_again(ledger: Ledger, changed: str, cost: float | None) -> None:
    """Whatever of it changes, on whatever day it comes to lie."""
    ledger.add(input_tokens=1_000_000)
    ledger.ingest()
    assert ledger.costs() == pytest.approx([5])
    change(ledger.path, f"update paid_calls set {changed}")
    ledger.ingest()
    assert ledger.costs() == pytest.approx([cost])
    (row,) = ledger.db.report("cost")
    assert row["cost"] == pytest.approx(cost)


def test_reading_again_changes_nothing(ledger: Ledger) -> None:
    """A row with an estimate is the same row: nothing is written, the estimate stays, other calls come and go."""
    ledger.add(input_tokens=1_000_000)
    ledger.ingest()
    before = ledger.db.sql("select * from calls")
    for full in (False, True):
        outcome = ledger.db.ingest(ledger.path, full=full)
        assert (outcome.counts.written, outcome.estimated) == (0, 0)
        assert ledger.db.sql("select * from calls") == before
    ledger.add(input_tokens=2_000_000)
    outcome = ledger.db.ingest(ledger.path)
    assert (outcome.counts.inserted, outcome.counts.updated, outcome.estimated) == (1, 0, 1)
    assert ledger.costs() == pytest.approx([5, 10])


def test_only_a_new_list_of_prices_changes_an_estimate(ledger: Ledger) -> None:
    """What an older genai-prices said stands until `reprice`: an ingest prices what is new, though on the same day."""
    ledger.add(input_tokens=1_000_000)
    ledger.ingest()
    change(ledger.db.path, "update calls set estimated_cost = 4")
    ledger.add(input_tokens=1_000_000)
    assert ledger.ingest() == 1
    assert ledger.costs() == pytest.approx([4, 5])
    (row,) = ledger.db.report("cost")
    assert row["cost"] == 9


# Pricing again ------------------------------------------------------------------------------------------------------


def test_reprice_changes_estimates_alone(ledger: Ledger) -> None:
    """Of all sources; recorded costs stay, the reports follow, and the difference is said by currency."""
    ledger.add(input_tokens=1_000_000)
    ledger.add(input_tokens=1_000_000, cost=2.5, currency="USD")
    ledger.add(provider="stability", endpoint="image")
    ledger.ingest(name="first")
    ledger.ingest(name="second")
    change(ledger.db.path, "update calls set estimated_cost = 4 where estimated_cost is not null")
    file = parse("prices: [{provider: stability, per_call: 1.5, currency: EUR}]", "")
    changes, unpriced = reprice(ledger.db.path, None)
    assert (rounded(changes), unpriced) == ([Change("USD", 2, 8, 10)], 2)
    changes, unpriced = reprice(ledger.db.path, file)
    assert rounded(changes) == [Change("EUR", 2, 0, 3), Change("USD", 2, 10, 10)]
    assert unpriced == 0
    assert ledger.db.sql("select distinct cost, currency from calls where cost is not null") == [(2.5, "USD")]
    totals = {(row["source"], row["provider"], row["currency"], row["cost"]) for row in ledger.db.report("cost")}
    assert totals == {
        (source, provider, currency, cost)
        for source in ("first", "second")
        for provider, currency, cost in (("anthropic", "USD", 7.5), ("stability", "EUR", 1.5))
    }
    assert reprice(ledger.db.path, parse("prices: []", ""))[0][0] == Change("EUR", 0, 3, 0)


def test_the_rollups_follow(ledger: Ledger) -> None:
    """After whatever happened to the prices the rollup is what it would be of a fresh ingest."""
    for number in range(200):
        ledger.add(
            called_at=f"2025-11-{number // 25 + 1:02}T10:00:00Z",
            model=("claude-opus-4-5", "claude-haiku-4-5", "nobody-knows-it")[number % 3],
            input_tokens=number * 1000,
            cost=number if number % 7 == 0 else None,
            currency="EUR",
        )
    ledger.ingest("prices: [{model: claude-haiku*, per_1m_input_tokens: 1}]")
    reprice(ledger.db.path, parse("prices: [{model: claude-haiku*, per_1m_input_tokens: 2, currency: EUR}]", ""))
    change(ledger.path, "update paid_calls set cost = 1 where id % 5 = 0", "delete from paid_calls where id % 11 = 0")
    ledger.ingest()
    rollup = """
        select
            day, model, currency, sum(calls), sum(cost_nano) / 1e9, sum(estimated_cost_nano) / 1e9, sum(unpriced_calls)
        from rollup_call_days group by 1, 2, 3"""
    rows = """
        select
            day, model, coalesce(iif(cost is null, estimated_currency, currency), currency), sum(calls),
            sum(coalesce(cost, estimated_cost)), sum(iif(cost is null, estimated_cost, null)),
            sum(iif(cost is null and estimated_cost is null, calls, 0))
        from calls group by 1, 2, 3"""
    assert ledger.db.sql(rollup) == [tuple(map(pytest.approx, row)) for row in ledger.db.sql(rows)]
    assert len(ledger.db.sql(rollup)) > 20


# The command line --------------------------------------------------------------------------------------------------


def run(*arguments: str, folder: Path) -> subprocess.CompletedProcess[str]:
    """Run the command line."""
    return subprocess.run(
        [sys.executable, "-m", "storyreport", *arguments],
        cwd=folder,
        capture_output=True,
        encoding="utf-8",
        timeout=60,
        check=False,
    )


def test_the_commands_say_what_they_did(ledger: Ledger, tmp_path: Path) -> None:
    """A line for each currency, with six decimals, and one for what has no price."""
    for _ in range(2):
        ledger.add(input_tokens=1_000_000)
    ledger.add(model="", provider="stability")
    ledger.ingest()
    change(ledger.db.path, "update calls set estimated_cost = 1234.5 where id = 1")
    done = run("reprice", "--db", "report.db", folder=tmp_path)
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.splitlines() == [
        "USD: 2 calls priced, 1,239.500000 before, 10.000000 after, difference -1,229.500000",
        "still unpriced: 1 calls",
    ]
    assert "difference +0.000000" in run("reprice", "--db", "report.db", folder=tmp_path).stdout


def test_ingest_takes_a_price_file(tmp_path: Path) -> None:
    """The line says how many costs were estimated, also of a source that has not changed."""
    change(
        tmp_path / "movies.db",
        "create table workflows (id text, original_prompt text, current_phase text, status text, created_at text)",
        "create table generated_files (id integer, workflow_id text, file_type text, file_path text)",
        "create table api_usage (id integer, workflow_id text, api_provider text, endpoint text, cost_usd real,"
        " created_at text)",
        "insert into api_usage values (1, 'w', 'stability', 'image', null, '2026-03-01'),"
        " (2, 'w', 'stability', 'image', 0.5, '2026-03-01')",
    )
    (tmp_path / "my.yml").write_text("prices: [{provider: stability, per_call: 0.04}]", encoding="utf-8")
    said = run("ingest", "movies.db", folder=tmp_path).stdout
    assert "estimated" not in said
    for expected in (
        r"movies: unchanged, 0 rows written, 1 costs estimated in .*",
        r"movies: unchanged, 0 rows written in .*",
    ):
        done = run("ingest", "movies.db", "--prices", "my.yml", folder=tmp_path)
        assert (done.returncode, done.stderr) == (0, "")
        assert re.fullmatch(expected, done.stdout.strip())


@pytest.mark.parametrize("recorded", [True, False])
def test_genai_prices_is_loaded_only_when_it_is_asked(recorded: bool, ledger: Ledger, tmp_path: Path) -> None:
    """Neither the command line nor an ingest whose calls all have a cost or a price of one's own loads it."""
    ledger.add(input_tokens=1, cost=1 if recorded else None)
    ledger.add(provider="stability", model="m", input_tokens=1)
    ledger.add(provider="stability", model="")
    ledger.ingest("prices: [{provider: stability, per_call: 1}]")
    script = """
        import sys
        from pathlib import Path
        import storyreport.cli
        from storyreport.ingest import reprice
        reprice(Path("report.db"), None)
        print("genai_prices" in sys.modules)
    """
    script = "\n".join(line.strip() for line in script.splitlines())
    done = subprocess.run([sys.executable, "-c", script], cwd=tmp_path, capture_output=True, text=True, check=True)
    assert done.stdout.strip() == str(not recorded)


def test_no_price_is_asked_of_the_network(ledger: Ledger, monkeypatch: pytest.MonkeyPatch) -> None:
    """The list is the one that is installed."""

    def refuse(*_: Any, **__: Any) -> None:
        raise AssertionError("the network was asked")

    monkeypatch.setattr("socket.socket.connect", refuse)
    monkeypatch.setattr("socket.getaddrinfo", refuse)
    listed_rates.cache_clear()
    ledger.add(input_tokens=1_000_000)
    ledger.ingest()
    assert ledger.costs() == pytest.approx([5])


def test_calls_are_priced_by_index(tmp_path: Path) -> None:
    """Those of the touched days are found by their day, their rates by their names; then they are updated by id."""
    with contextlib.closing(schema.connect(tmp_path / "report.db")) as connection:
        rollups.update(connection)
        connection.execute(
            "create temp table dirty_day_calls (source_id, day, primary key (source_id, day)) without rowid"
        )
        estimates.create_rates(connection, [])
        connection.execute("create temp table priced (id integer primary key, cost, currency, priced_as)")
        priced = estimates.PRICED.format(calls=estimates.NEW_CALLS, is_billed=estimates.IS_BILLED)
        pricing, update = (
            [
                row[3].replace("main.", "").replace("temp.", "").partition(" AND from_day")[0]
                for row in connection.execute(f"explain query plan {sql}")
                if row[3].startswith(("SCAN", "SEARCH"))
            ]
            for sql in (priced.replace(":now", "''"), estimates.UPDATE)
        )
    by_name = "SEARCH rates USING PRIMARY KEY (provider=? AND model=? AND endpoint=? AND tier=?"
    bills = "SEARCH bills USING INDEX calls_bills (source_id=? AND day=? AND provider=?)"
    assert pricing[:2] == ["SCAN dirty", "SEARCH calls USING INDEX calls_source_day (source_id=? AND day=?)"]
    assert set(pricing[2:]) == {bills, by_name}
    assert update[0] == "SEARCH calls USING INTEGER PRIMARY KEY (rowid=?)"


def test_the_documented_price_file_is_one() -> None:
    """The example in docs/prices.md can be used as it stands."""
    text = (ROOT / "docs" / "prices.md").read_text(encoding="utf-8")
    example = text.split("```yaml\n")[1].split("```")[0]
    assert len(parse(example, "docs/prices.md").entries) == 3
