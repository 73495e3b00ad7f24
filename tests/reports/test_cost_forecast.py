"""The cost of the month at its end, in each currency."""

import calendar
from collections.abc import Callable
from datetime import date, datetime, timedelta, timezone
from pathlib import Path
from typing import Any

from helpers.calls import Call, write
from helpers.report_database import ReportDatabase, change

from storyreport.pricing import parse

# The forecast ------------------------------------------------------------------------------------------------------


def month_of(day: date, back: int = 0) -> date:
    """The first day of a month, so many months before that of a day."""
    months = day.year * 12 + day.month - 1 - back
    return date(months // 12, months % 12 + 1, 1)


def forecast(db: ReportDatabase, plant: Callable[[date], None]) -> tuple[date, list[dict[str, Any]]]:
    """The forecast of what was planted today, and that day: again, where midnight came between."""
    while True:
        today = datetime.now(timezone.utc).date()
        plant(today)
        rows = db.report("cost_forecast")
        if datetime.now(timezone.utc).date() == today:
            return today, rows


def paid(day: date, cost: float | None, currency: str = "USD", provider: str = "acme") -> Call:
    """A call of a day."""
    return Call("", "", "", provider, "chat", f"{day}T00:00:01Z", None, "completed", None, cost, currency)


def test_forecast_is_the_average_of_the_days_so_far(db: ReportDatabase, tmp_path: Path) -> None:
    """This month's cost over its days so far, on all of its days; months that are over are what they cost."""

    def plant(today: date) -> None:
        calls = [
            paid(month_of(today), 3.0),
            paid(today, 1.5),
            paid(today, None, provider="own"),
            paid(today, 7.0, "EUR"),
            paid(today + timedelta(days=1), 1000.0),
            paid(month_of(today) - timedelta(days=1), 20.0),
            paid(month_of(today, 2), 5.0),
            paid(month_of(today, 3), 9.0, "GBP"),
            paid(month_of(today, 11), 10.0),
            paid(month_of(today, 12), 30.0),
            paid(month_of(today, 12) - timedelta(days=40), 4000.0),
        ]
        write(tmp_path / "usage.csv", calls)
        db.ingest(tmp_path / "usage.csv")

    today, rows = forecast(db, plant)
    days = calendar.monthrange(today.year, today.month)[1]
    this, last, before, earlier, earliest = (str(month_of(today, back))[:7] for back in (0, 1, 2, 3, 11))
    length = {
        back: calendar.monthrange(month_of(today, back).year, month_of(today, back).month)[1] for back in (1, 2, 3, 11)
    }
    columns = ("month", "currency", "cost_to_date", "daily_avg", "forecast", "previous_month", "unpriced_calls")
    assert [tuple(row[column] for column in columns) for row in rows] == [
        (this, "EUR", 7.0, round(7 / today.day, 6), round(7 / today.day * days, 6), None, 0),
        (this, "USD", 4.5, round(4.5 / today.day, 6), round(4.5 / today.day * days, 6), 20.0, 1),
        (last, "USD", 20.0, round(20 / length[1], 6), 20.0, 5.0, 0),
        (before, "USD", 5.0, round(5 / length[2], 6), 5.0, None, 0),
        (earlier, "GBP", 9.0, round(9 / length[3], 6), 9.0, None, 0),
        (earliest, "USD", 10.0, round(10 / length[11], 6), 10.0, 30.0, 0),
    ]
    assert {row["source"] for row in rows} == {"usage"}
    assert db.report("cost_forecast", source="elsewhere") == []


def test_who_has_spent_nothing_yet_has_a_month_too(db: ReportDatabase, tmp_path: Path) -> None:
    """A source that spent last month has this one with 0; one that spent before has not."""

    def plant(today: date) -> None:
        write(tmp_path / "usage.csv", [paid(month_of(today, 1), 6.0), paid(month_of(today, 2), 5.0, "EUR")])
        db.ingest(tmp_path / "usage.csv")

    today, rows = forecast(db, plant)
    assert [
        (row["month"], row["currency"], row["cost_to_date"], row["forecast"], row["previous_month"]) for row in rows
    ] == [
        (str(month_of(today))[:7], "USD", 0.0, 0.0, 6.0),
        (str(month_of(today, 1))[:7], "USD", 6.0, 6.0, None),
        (str(month_of(today, 2))[:7], "EUR", 5.0, 5.0, None),
    ]


def test_a_source_is_forecast_by_the_days_that_were_read(db: ReportDatabase, tmp_path: Path) -> None:
    """Of a source that was last read on the tenth of last month, that month has ten days, and this one is unknown."""

    def plant(today: date) -> None:
        write(tmp_path / "usage.csv", [paid(month_of(today, 1), 6.0)])
        db.ingest(tmp_path / "usage.csv")
        read_at = f"{month_of(today, 1) + timedelta(days=9)}T12:00:00.000Z"
        change(db.path, f"update ingests set finished_at = '{read_at}'")

    today, rows = forecast(db, plant)
    last = month_of(today, 1)
    length = calendar.monthrange(last.year, last.month)[1]
    assert [
        (row["month"], row["cost_to_date"], row["daily_avg"], row["forecast"], row["previous_month"]) for row in rows
    ] == [
        (str(month_of(today))[:7], None, None, None, 6.0),
        (str(last)[:7], 6.0, 0.6, round(0.6 * length, 6), None),
    ]


# Other systems -----------------------------------------------------------------------------------------------------


def test_euros_and_estimates_stay_apart(db: ReportDatabase, tmp_path: Path) -> None:
    """The story-generation service records euros; what it left open is estimated in dollars, or unpriced."""
    change(
        tmp_path / "tales.db",
        "create table stories (story_id text, title text, chapter_count integer, status text, created_at text)",
        "create table story_generation_runs (run_id text, story_id text, status text, started_at text, ended_at text)",
        "create table token_usage_tracking (token_usage_id text, story_id text, action text, ai_model text,"
        " input_tokens integer, output_tokens integer, estimated_cost_in_euros real, created_at text)",
        "insert into stories values ('s1', 'The Hen', 3, 'done', '2026-03-01T08:00:00Z')",
        """insert into token_usage_tracking values
            ('t1', 's1', 'chapter_writing', 'gpt-4o', 1000000, 0, 2.0, '2026-03-01T08:00:00Z'),
            ('t2', 's1', 'chapter_writing', 'gpt-4o', 1000000, 0, null, '2026-03-01T09:00:00Z'),
            ('t3', 's1', 'image_generation', 'nobody-knows-it', null, null, null, '2026-03-01T09:10:00Z')""",
    )
    prices = parse("prices: [{model: gpt-4o, per_1m_input_tokens: 3}]", "prices.yml")
    db.ingest(tmp_path / "tales.db", price_file=prices)
    assert {
        (row["step"], row["currency"]): (row["calls"], row["cost"], row["unpriced_calls"])
        for row in db.report("cost_by_step")
    } == {
        ("chapter_writing", "EUR"): (1, 2.0, 0),
        ("chapter_writing", "USD"): (1, 3.0, 0),
        ("image_generation", "EUR"): (1, None, 1),
    }
    assert [
        (row["title"], row["cost"], row["currency"], row["unpriced_calls"]) for row in db.report("cost_by_story")
    ] == [("The Hen", 3.0, "USD", 0), ("The Hen", 2.0, "EUR", 1)]
