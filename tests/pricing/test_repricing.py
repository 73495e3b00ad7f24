"""Estimates over time: recorded costs, changed calls, new prices, and the commands for it."""

import contextlib
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from helpers import ROOT
from helpers.ledger import Ledger, rounded, run
from helpers.report_database import change

from storyreport import rollups, schema
from storyreport.ingest import reprice
from storyreport.pricing import Change, estimates, kept, parse
from storyreport.pricing.listed import listed_rates

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


def test_a_number_used_again_is_another_call(ledger: Ledger) -> None:
    """A call of another time under the number of one that was there: both were made, both count."""
    ledger.add(input_tokens=1_000_000)
    ledger.ingest()
    change(ledger.path, "update paid_calls set called_at = '2025-01-01 00:00:00'")
    ledger.ingest()
    assert ledger.costs() == pytest.approx([5, 5])
    assert sum(row["cost"] for row in ledger.db.report("cost")) == pytest.approx(10)


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
        "still unpriced: 1 call",
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
        r"movies: unchanged, 0 rows written, 1 cost estimated in .*",
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


def test_a_name_that_is_not_listed_is_looked_for_once(ledger: Ledger, monkeypatch: pytest.MonkeyPatch) -> None:
    """Thousands of models of one's own take seconds; they have no price that reports compare with."""
    for model in ("my-own-model", "claude-opus-4-5"):
        ledger.add(model=model, input_tokens=1_000_000, cache_read_tokens=1_000_000, output_tokens=0)
    ledger.ingest()
    asked: list[str] = []
    monkeypatch.setattr(kept, "find", lambda _, model: asked.append(model))
    ledger.add(model="another-model", input_tokens=1_000_000)
    ledger.ingest()
    assert asked == ["another-model"]
    saved = {row["model"]: row["saved"] for row in ledger.db.report("token_mix")}
    # 5 dollars a million, and 0.50 from the cache.
    assert saved == {"my-own-model": None, "claude-opus-4-5": 4.5, "another-model": None}
    assert [row["with_cost"] for row in ledger.db.report("what_if", **{"with": "my-own-model"})] == [None]


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
    # Rows of rates are passed on one by one, not looked up again.
    assert set(pricing[2:]) == {bills, by_name, "SCAN rated"}
    assert update[0] == "SEARCH calls USING INTEGER PRIMARY KEY (rowid=?)"


def test_the_documented_price_file_is_one() -> None:
    """The example in docs/prices.md can be used as it stands."""
    text = (ROOT / "docs" / "prices.md").read_text(encoding="utf-8")
    example = text.split("```yaml\n")[1].split("```")[0]
    assert len(parse(example, "docs/prices.md").entries) == 4
