"""Costs by month, tokens by kind, another model's price, and days out of line."""

from datetime import date, datetime, timedelta, timezone
from pathlib import Path

import pytest
from helpers.report_database import ReportDatabase, pairs

HEADER = (
    "id,provider,model,called_at,input_tokens,cache_read_tokens,cache_write_tokens,cache_write_1h_tokens,output_tokens,"
    "reasoning_tokens,cost,currency"
)
# Dollars for a million tokens: Sonnet 4.6 costs 3 in, 15 out, 0.30 read, 3.75 and 6 written; GPT-5 mini 0.25 in, 2 out
# and 0.025 read, and what is written counts as input.
CALLS = """c1,anthropic,claude-sonnet-4-6,2026-10-31T23:59:59Z,1000000,600000,200000,100000,100000,,,
c2,anthropic,claude-sonnet-4-6,2026-11-01T00:00:00Z,100000,,,,10000,,,
c3,openai,o3,2026-11-02T10:00:00Z,1000,500,,,1000,900,0.5,USD
c4,bild,painter,2026-11-03T10:00:00Z,,,,,,,4,EUR
c5,own,secret-model,2026-11-04T10:00:00Z,1000,,,,100,,,
"""


@pytest.fixture
def spent(db: ReportDatabase, tmp_path: Path) -> ReportDatabase:
    """Some calls of two months."""
    path = tmp_path / "calls.csv"
    path.write_text(f"{HEADER}\n{CALLS}", "utf-8")
    db.ingest(path)
    return db


def test_months(spent: ReportDatabase) -> None:
    """October: 0.2 * 3 + 0.6 * 0.3 + 0.1 * 3.75 + 0.1 * 6 + 0.1 * 15; November: 0.3 + 0.15, and 0.5 recorded."""
    rows = spent.report("cost_by_month", until="2026-11-30")
    assert pairs(rows, "month", "calls", "cost", "currency", "estimated_cost", "unpriced_calls") == [
        ("2026-11", 1, 4.0, "EUR", None, 0),
        ("2026-11", 3, 0.95, "USD", 0.45, 1),
        ("2026-10", 1, 3.255, "USD", 3.255, 0),
    ]
    assert {row["month"]: row["days"] for row in rows}["2026-10"] == 31


def test_the_days_of_this_month_so_far(db: ReportDatabase, tmp_path: Path) -> None:
    today = date.today()
    path = tmp_path / "calls.csv"
    path.write_text(f"id,model,called_at,cost\nc1,m,{today}T00:00:00Z,1\nc2,m,2024-02-01T00:00:00Z,1\n", "utf-8")
    db.ingest(path)
    days = {row["month"]: row["days"] for row in db.report("cost_by_month")}
    assert days["2024-02"] == 29
    assert days[today.strftime("%Y-%m")] in (today.day, date.today().day)


def test_token_kinds_and_what_the_cache_saved(spent: ReportDatabase) -> None:
    """Sonnet: 0.6 * 2.7 less 0.1 * 0.75 and 0.1 * 3; o3 reads at a quarter of 2 dollars: 0.0005 * 1.5."""
    columns = ("model", "input_tokens", "cache_read_tokens", "cache_write_tokens", "output_tokens", "reasoning_tokens")
    rows = {row["model"]: row for row in spent.report("token_mix")}
    assert pairs(list(rows.values()), *columns) == [
        ("claude-sonnet-4-6", 1_100_000, 600_000, 200_000, 110_000, None),
        ("o3", 1000, 500, None, 1000, 900),
        ("secret-model", 1000, None, None, 100, None),
    ]
    found = {model: (row["cache_read_pct"], row["saved"], row["currency"]) for model, row in rows.items()}
    assert found == {
        "claude-sonnet-4-6": (54.55, 1.245, "USD"),
        "o3": (50.0, 0.00075, "USD"),
        "secret-model": (None, None, None),
    }
    assert pairs(spent.report("token_mix", since="2026-11-02", until="2026-11-02"), "model") == [("o3",)]


@pytest.mark.parametrize("other", ["gpt-5-mini", "openai/gpt-5-mini"])
def test_another_model_s_price(spent: ReportDatabase, other: str) -> None:
    """Sonnet's tokens: 0.5 * 0.25 + 0.6 * 0.025 + 0.11 * 2 dollars; o3's 500, 500 and 1000: 2137.5 of a million."""
    rows = spent.report("what_if", **{"with": other})
    assert pairs(rows, "model", "with_model", "calls", "cost", "with_cost", "change_pct", "currency") == [
        ("claude-sonnet-4-6", "openai/gpt-5-mini", 2, 3.705, 0.36, -90.28, "USD"),
        ("o3", "openai/gpt-5-mini", 1, 0.5, 0.002138, -99.57, "USD"),
    ]
    assert pairs(spent.report("what_if", model="o3"), "model") == [("o3",)]


# GPT-4o costs 2.50 and 10 dollars: 0.0035 for 1000 tokens in and 100 out, of which GPT-5 mini makes 0.00045.
ALONE = ("gpt-4o", 1, 0.0035, 0.00045)
BESIDE = {
    "a failed call without usage": ("2026-11-05T10:00:00Z,,,,", [ALONE]),
    "a call of an unknown tier": ("2026-11-05T10:00:00Z,1000,100,,provisioned", []),
    "the same on another day": ("2026-11-06T10:00:00Z,1000,100,,provisioned", [ALONE]),
    "a price without tokens": ("2026-11-05T10:00:00Z,,,0.5,", []),
    "a picture on another day": ("2026-11-06T10:00:00Z,0,0,0.5,", [ALONE]),
    "nothing for nothing": ("2026-11-05T10:00:00Z,,,0,", [("gpt-4o", 2, 0.0035, 0.00045)]),
}


@pytest.mark.parametrize("beside", BESIDE)
def test_only_calls_with_tokens_and_a_price_are_compared(db: ReportDatabase, tmp_path: Path, beside: str) -> None:
    line, expected = BESIDE[beside]
    path = tmp_path / "calls.csv"
    path.write_text(
        "id,provider,model,currency,called_at,input_tokens,output_tokens,cost,tier\n"
        f"a,openai,gpt-4o,USD,2026-11-05T10:00:00Z,1000,100,,\nb,openai,gpt-4o,USD,{line}\n",
        "utf-8",
    )
    db.ingest(path)
    assert pairs(db.report("what_if"), "model", "calls", "cost", "with_cost") == expected
    assert pairs(db.report("what_if", **{"with": "text-embedding-3-small"}), "with_cost") == [(None,) for _ in expected]


def test_a_model_that_is_not_listed(spent: ReportDatabase) -> None:
    rows = spent.report("what_if", **{"with": "nobody's"})
    assert pairs(rows, "with_model", "with_cost", "change_pct") == [("nobody's", None, None)] * 2


def test_days_out_of_line(db: ReportDatabase, tmp_path: Path) -> None:
    """Twenty days of 1 to 20 dollars: p5 is the lowest, p95 the second highest. Fourteen are needed."""
    first = date(2026, 5, 1)
    costs = [*range(1, 21), 30, 0.5, 10]
    lines = [f"c{number},acme,{first + timedelta(days=number)}T10:00:00Z,{cost}\n" for number, cost in enumerate(costs)]
    early = [f"e{number},early,{first + timedelta(days=number)}T10:00:00Z,{10**number}\n" for number in range(9)]
    path = tmp_path / "calls.csv"
    path.write_text("id,provider,called_at,cost\n" + "".join(lines + early), "utf-8")
    db.ingest(path)
    columns = ("day", "provider", "cost", "usual_low", "usual_high")
    high = ("2026-05-21", "acme", 30.0, 1.0, 19.0)
    # Of the 21 days before, those from 1 to 20 and one of 30: the second lowest and the second highest.
    low = ("2026-05-22", "acme", 0.5, 2.0, 20.0)
    rising = [("2026-05-20", "acme", 20.0, 1.0, 19.0)]
    found = pairs(db.report("cost_anomalies"), *columns)
    assert found[:3] == [low, high, *rising]
    assert {row[1] for row in found} == {"acme"}
    assert pairs(db.report("cost_anomalies", since="2026-05-21", until="2026-05-21"), *columns) == [high]


@pytest.mark.parametrize(
    ("line", "is_listed"),
    [
        ("u,acme,2026-05-20T12:00:00Z,", False),
        ("u,other,2026-05-20T12:00:00Z,", True),
        ("u,acme,2026-05-19T00:00:00Z,", True),
    ],
)
def test_a_day_with_calls_without_a_price(db: ReportDatabase, tmp_path: Path, line: str, is_listed: bool) -> None:
    """Nineteen days of 10 dollars, then one of 1 that may have cost more."""
    lines = [f"c{day},acme,2026-05-{day:02}T10:00:00Z,{1 if day == 20 else 10}" for day in range(1, 21)]
    path = tmp_path / "calls.csv"
    path.write_text("\n".join(["id,provider,called_at,cost", *lines, line, ""]), "utf-8")
    db.ingest(path)
    assert [row["day"] for row in db.report("cost_anomalies")] == ["2026-05-20"] * is_listed


@pytest.mark.parametrize(("spent_today", "is_listed"), [(1, False), (100, True)])
def test_a_day_that_is_not_over(db: ReportDatabase, tmp_path: Path, spent_today: int, is_listed: bool) -> None:
    """It may have cost too much already; too little it has not cost before its end."""
    today = datetime.now(timezone.utc).date()
    days = [today - timedelta(days=number) for number in range(20)]
    lines = [f"c{day},acme,{day}T00:00:00Z,{spent_today if day == today else 10}\n" for day in days]
    path = tmp_path / "calls.csv"
    path.write_text("id,provider,called_at,cost\n" + "".join(lines), "utf-8")
    db.ingest(path)
    assert [row["day"] for row in db.report("cost_anomalies")] == [today.isoformat()] * is_listed
