"""Costs by story, by step and of failures, and the reliability of providers."""

import math
import sqlite3
from collections import defaultdict
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

import pytest
from helpers.calls import Call, write
from helpers.report_database import ReportDatabase, ask, change

ATTEMPTS = """run,story,story_title,step,status,started_at,ended_at
r1,A,The Fox,outline,completed,2026-03-01T10:00:00Z,2026-03-01T10:01:00Z
r1,A,The Fox,write_chapter_1,completed,2026-03-01T10:01:00Z,2026-03-01T10:09:00Z
r2,B,The Owl,outline,completed,2026-03-01T23:50:00Z,2026-03-01T23:55:00Z
r2,B,The Owl,write_chapter_1,failed,2026-03-01T23:55:00Z,2026-03-02T00:10:00Z
r3,B,The Owl,write_chapter_2,failed,2026-03-04T10:00:00Z,2026-03-04T10:10:00Z
"""
# The third is unpriced; the second run calls on both sides of midnight and in two currencies; the last but two have no
# run; of the last two nobody knows when they were.
CALLS = (
    Call("r1", "A", "outline", "acme", "chat", "2026-03-01T10:00:10Z", 1000, "completed", 100, 0.25),
    Call("r1", "A", "write_chapter_1", "acme", "chat", "2026-03-01T10:02:00Z", 4000, "completed", 900, 1.5),
    Call("r1", "A", "write_chapter_1", "own", "chat", "2026-03-01T10:03:00Z", None, "completed", 70, None),
    Call("r2", "B", "outline", "acme", "chat", "2026-03-01T23:51:00Z", 2000, "completed", 120, 0.5),
    Call("r2", "B", "write_chapter_1", "acme", "chat", "2026-03-01T23:56:00Z", 3000, "completed", 500, 2.0),
    Call("r2", "B", "write_chapter_1", "acme", "chat", "2026-03-02T00:05:00Z", 9000, "failed", 400, 1.0),
    Call("r2", "B", "write_chapter_1", "bild", "image", "2026-03-02T00:06:00Z", 5000, "completed", None, 8.0, "EUR"),
    Call("r3", "B", "write_chapter_2", "acme", "chat", "2026-03-04T10:05:00Z", 8000, "failed", 300, 0.75),
    Call("", "A", "", "bild", "image", "2026-03-03T09:00:00Z", 6000, "completed", None, 4.0, "EUR", 2),
    Call("", "", "", "acme", "embed", "2026-03-05T09:00:00Z", None, "", 50, 0.125),
    Call("r1", "A", "outline", "acme", "chat", "", None, "completed", 10, 0.0625),
    Call("r3", "B", "outline", "acme", "chat", "", None, "completed", 10, 0.0625),
)
FAMILIES = {"write_chapter_1": "write_chapter", "write_chapter_2": "write_chapter", "outline": "outline"}


def work_of(call: Call) -> str:
    """What a call was made for: the family of its step, else what was called."""
    return FAMILIES.get(call.step, call.endpoint)


def spent(calls: Iterable[Call], key: Callable[[Call], Any]) -> dict[Any, tuple[int, int | None, float | None, int]]:
    """Calls, tokens, cost and unpriced calls by key and currency."""
    found: dict[Any, list[Call]] = defaultdict(list)
    for call in calls:
        found[(key(call), call.currency)].append(call)

    def total(values: Iterable[float | None]) -> Any:
        known = [value for value in values if value is not None]
        return sum(known) if known else None

    return {
        name: (
            sum(call.calls for call in group),
            total(call.total_tokens for call in group),
            total(call.cost for call in group),
            sum(call.calls for call in group if call.cost is None),
        )
        for name, group in found.items()
    }


@pytest.fixture
def studio(tmp_path: Path, db: ReportDatabase) -> ReportDatabase:
    """A report database of the planted pipeline."""
    folder = tmp_path / "studio"
    folder.mkdir()
    (folder / "attempts.csv").write_text(ATTEMPTS, encoding="utf-8")
    write(folder / "calls.csv", CALLS)
    db.ingest(folder)
    return db


DAYS: list[dict[str, str]] = [
    {},
    {"since": "2026-03-02"},
    {"until": "2026-03-02"},
    {"since": "2026-03-02", "until": "2026-03-03"},
    {"since": "2026-03-01", "until": "2026-12-31"},
]


def within(given: dict[str, str]) -> list[Call]:
    """The planted calls of some days."""
    first, last = given.get("since", "0001"), given.get("until", "9999")
    return [call for call in CALLS if not given or first <= call.day <= last]


@pytest.mark.parametrize("given", DAYS, ids=str)
def test_stories_are_dear_by_what_was_called_for_them(studio: ReportDatabase, given: dict[str, str]) -> None:
    """A story has a row for each currency, the most expensive first, with what is known of it."""
    rows = studio.report("cost_by_story", **given)
    assert {
        (row["story"], row["currency"]): (row["calls"], row["total_tokens"], row["cost"], row["unpriced_calls"])
        for row in rows
    } == spent((call for call in within(given) if call.story), lambda call: call.story)
    costs = [row["cost"] for row in rows]
    assert costs == sorted(costs, reverse=True)
    assert {(row["source"], row["story"], row["title"]) for row in rows} <= {
        ("studio", "A", "The Fox"),
        ("studio", "B", "The Owl"),
    }
    for story in ("A", "B"):
        assert studio.report("cost_by_story", story=story, **given) == [row for row in rows if row["story"] == story]


def test_one_story_and_the_dearest_few(studio: ReportDatabase) -> None:
    """A story is found by its key, and the limit keeps the most expensive."""
    assert [row["story"] for row in studio.report("cost_by_story", story="B")] == ["B", "B"]
    assert studio.report("cost_by_story", story="nobody") == []
    assert studio.report("cost_by_story", story="B", source="elsewhere") == []
    (costliest,) = studio.report("cost_by_story", limit="1")
    assert (costliest["story"], costliest["cost"], costliest["currency"]) == ("B", 8.0, "EUR")
    assert studio.report("cost_by_story", limit="1", since="2026-03-01") == [costliest]
    assert len(studio.report("cost_by_story", limit="3")) == 3


@pytest.mark.parametrize("given", DAYS, ids=str)
def test_steps_are_dear_by_what_they_called(studio: ReportDatabase, given: dict[str, str]) -> None:
    """Instances of a step go together; an unpriced call is in no cost per call; without a step it is the endpoint."""
    rows = studio.report("cost_by_step", **given)
    expected = spent(within(given), work_of)
    assert {
        (row["step"], row["currency"]): (row["calls"], row["total_tokens"], row["cost"], row["unpriced_calls"])
        for row in rows
    } == expected
    for row in rows:
        calls, _, cost, unpriced = expected[(row["step"], row["currency"])]
        assert row["cost_per_call"] == (None if cost is None else pytest.approx(cost / (calls - unpriced), abs=1e-6))
    assert [row["cost"] for row in rows] == sorted((row["cost"] for row in rows), reverse=True)


@pytest.mark.parametrize("given", DAYS, ids=str)
def test_failures_cost_what_their_runs_called(studio: ReportDatabase, given: dict[str, str]) -> None:
    """What failed runs called on these days, of all that the source spent on them in that currency."""
    calls = within(given)
    failed = [call for call in calls if call.run in ("r2", "r3")]
    all_of = {currency: cost for (_, currency), (_, _, cost, _) in spent(calls, lambda _: 0).items()}
    rows = studio.report("cost_of_failures", **given)
    assert {(row["step"], row["currency"]): (row["calls"], row["cost"], row["unpriced_calls"]) for row in rows} == {
        key: (calls, cost, unpriced) for key, (calls, _, cost, unpriced) in spent(failed, work_of).items()
    }
    for row in rows:
        runs = {c.run for c in failed if (work_of(c), c.currency) == (row["step"], row["currency"])}
        assert row["failed_runs"] == len(runs)
        assert row["share_pct"] == round(100 * row["cost"] / (all_of[row["currency"]] or 0), 2)
    assert [row["cost"] for row in rows] == sorted((row["cost"] for row in rows), reverse=True)


def test_a_run_that_succeeds_at_last_did_not_fail(studio: ReportDatabase, tmp_path: Path) -> None:
    """What was spent for nothing is known once the run has ended, and can turn out not to be."""
    attempts = tmp_path / "studio/attempts.csv"
    again = "r3,B,The Owl,write_chapter_2,completed,2026-03-04T10:11:00Z,2026-03-04T10:20:00Z\n"
    attempts.write_text(ATTEMPTS + again, encoding="utf-8")
    studio.ingest(tmp_path / "studio")
    rows = studio.report("cost_of_failures")
    assert {(row["kind"], row["step"], row["currency"]): row["cost"] for row in rows} == {
        ("run", "write_chapter", "EUR"): 8.0,
        ("run", "write_chapter", "USD"): 3.0,
        ("run", "outline", "USD"): 0.5,
        # Its call failed, for all that.
        ("call", "write_chapter", "USD"): 0.75,
    }


def test_a_bill_prices_what_it_covers(studio: ReportDatabase, tmp_path: Path) -> None:
    """Once the provider's bill for the day is there, the calls of that day are unpriced no more."""
    bill = Call("", "", "", "own", "bill", "2026-03-01T00:00:00Z", None, "", None, 3.0, "USD", 0)
    write(tmp_path / "studio/calls.csv", [*CALLS, bill])
    studio.ingest(tmp_path / "studio")
    rows = [row for name in ("cost_by_story", "cost_by_step") for row in studio.report(name)]
    assert sum(row["unpriced_calls"] for row in rows) == 0
    assert [row["cost"] for row in rows if row.get("step") == "bill"] == [3.0]


def test_tokens_that_are_known_apart_are_added(db: ReportDatabase, tmp_path: Path) -> None:
    """A recorded total stands; where there is none it is input and output; where one of them lacks, it is not known."""
    (tmp_path / "calls.csv").write_text(
        "id,story,step,provider,called_at,input_tokens,output_tokens,total_tokens,cost\n"
        "a,A,plan,acme,2026-03-01,100,20,,1\n"
        "b,A,plan,acme,2026-03-01,3,4,1000,1\n"
        "c,A,plan,acme,2026-03-01,5,,,1\n",
        encoding="utf-8",
    )
    db.ingest(tmp_path / "calls.csv")
    for name in ("cost", "cost_by_story", "cost_by_step"):
        for given in ({}, {"since": "2026-03-01"}):
            assert [row["total_tokens"] for row in db.report(name, **given)] == [1120], (name, given)
    (row,) = db.report("cost")
    assert (row["input_tokens"], row["output_tokens"]) == (108, 24)


@pytest.mark.parametrize(
    ("provider", "day", "folder"),
    [("own", "2026-03-02", "studio"), ("acme", "2026-03-01", "studio"), ("own", "2026-03-01", "elsewhere")],
    ids=["another day", "another provider", "another source"],
)
def test_a_bill_of_something_else_prices_nothing(
    studio: ReportDatabase, tmp_path: Path, provider: str, day: str, folder: str
) -> None:
    """A bill covers the calls of its own provider, day and source: all others are as unpriced as before."""
    bill = Call("", "", "", provider, "bill", f"{day}T00:00:00Z", None, "", None, 3.0, "USD", 0)
    (tmp_path / folder).mkdir(exist_ok=True)
    write(tmp_path / folder / "calls.csv", [*(CALLS if folder == "studio" else ()), bill])
    studio.ingest(tmp_path / folder)
    for name in ("cost", "cost_by_story", "cost_by_step"):
        for given in ({}, {"since": "2026-03-01"}):
            rows = studio.report(name, source="studio", **given)
            assert sum(row["unpriced_calls"] for row in rows) == 1, (name, given)


# The story-to-video service: no steps, an endpoint for each call, and a clean-up that deletes what is old ----------

MEDIA = """
create table workflows (
    id text primary key, story_title text, current_phase text, status text, created_at timestamp,
    updated_at timestamp, completed_at timestamp, total_processing_time real);
create table generated_files (
    id text primary key, workflow_id text, file_type text, file_path text, file_name text, file_size integer,
    created_at timestamp);
create table api_usage (
    id integer primary key, workflow_id text, api_provider text, endpoint text, tokens_used integer, cost_usd real,
    response_time real, success boolean, error_message text, created_at timestamp);
insert into workflows values
    ('w1', 'The Fox', 'done', 'completed', '2026-03-01 10:00:00', '2026-03-01 10:10:00', '2026-03-01 10:10:00', 600),
    ('w2', 'The Owl', 'audio', 'failed', '2026-03-02 10:00:00', '2026-03-02 10:10:00', null, null);
insert into api_usage
with recursive n (i) as (select 1 union all select i + 1 from n where i < 300)
select
    i, case i % 3 when 0 then 'w2' else 'w1' end, case i % 2 when 0 then 'suno' else 'openai' end,
    case i % 2 when 0 then 'music' else 'chat' end, null, case when i % 7 then i / 64.0 end, (i * i % 997) / 10.0,
    i % 10 > 0, case when i % 10 = 0 then 'No answer' end, datetime(1772359200 + i * 600, 'unixepoch')
from n;
"""


@pytest.fixture
def media(tmp_path: Path) -> Path:
    """A database of the story-to-video service."""
    path = tmp_path / "films.db"
    connection = sqlite3.connect(path)
    connection.executescript(MEDIA)
    connection.close()
    return path


def test_what_was_deleted_since_did_cost(db: ReportDatabase, media: Path) -> None:
    """The service's clean-up leaves calls behind: stories and failed runs are as expensive as they were."""

    def figures(**given: str) -> dict[str, list[tuple[Any, ...]]]:
        return {
            "stories": [
                (row["title"], row["calls"], row["cost"], row["unpriced_calls"])
                for row in db.report("cost_by_story", **given)
            ],
            "failures": sorted(
                (row["step"], row["failed_runs"], row["calls"], row["cost"])
                for row in db.report("cost_of_failures", **given)
                if row["kind"] == "run"
            ),
        }

    numbers = [(i, "The Owl" if i % 3 == 0 else "The Fox", i / 64 if i % 7 else None) for i in range(1, 301)]
    stories = [
        (
            title,
            sum(name == title for _, name, _ in numbers),
            round(sum(cost for _, name, cost in numbers if name == title and cost), 6),
            sum(cost is None for _, name, cost in numbers if name == title),
        )
        for title in ("The Fox", "The Owl")
    ]
    failures = [
        (endpoint, 1, len(costs), round(sum(cost for cost in costs if cost), 6))
        for endpoint, remainder in (("chat", 1), ("music", 0))
        if (costs := [cost for i, name, cost in numbers if name == "The Owl" and i % 2 == remainder])
    ]
    db.ingest(media)
    assert figures() == figures(since="2026-03-01") == {"stories": stories, "failures": failures}
    change(media, "delete from workflows")
    assert db.ingest(media).counts.gone == 4
    assert figures() == figures(since="2026-03-01") == {"stories": stories, "failures": failures}
    # A first read of what the clean-up has left knows of no run, and of stories nothing but their keys.
    (media.parent / "later").mkdir()
    later = ReportDatabase(media.parent / "later")
    later.ingest(media)
    missing = [
        (row["story"], row["calls"], row["cost"], row["unpriced_calls"]) for row in later.report("cost_by_story")
    ]
    assert missing == [(key, *sums) for key, (_, *sums) in zip(("w1", "w2"), stories, strict=True)]
    # Every tenth call failed, all of them for music; every seventh has no cost.
    spent = sum(i / 64 for i in range(10, 301, 10) if i % 7)
    (failed,) = later.report("cost_of_failures")
    assert (failed["kind"], failed["step"], failed["calls"], failed["cost"]) == ("call", "music", 26, spent)
    assert sum(row["calls"] for row in later.report("cost_by_step")) == 300


@pytest.mark.parametrize("given", [{}, {"since": "2026-03-01"}, {"until": "2026-03-01"}], ids=str)
def test_reliability(db: ReportDatabase, media: Path, given: dict[str, str]) -> None:
    """Calls, successes and durations by endpoint are those of the rows; the percentile is within 1 %."""
    db.ingest(media)
    until = given.get("until", "9999-12-31") + " 99"
    kept = f"select * from api_usage where created_at <= '{until}'"
    expected = {
        (provider, endpoint): (calls, succeeded, average)
        for provider, endpoint, calls, succeeded, average in ask(
            media,
            f"select api_provider, endpoint, count(*), sum(success), avg(response_time) from ({kept}) group by 1, 2",
        )
    }
    rows = db.report("api_reliability", **given)
    assert {(row["provider"], row["endpoint"]) for row in rows} == set(expected)
    for row in rows:
        calls, succeeded, average = expected[(row["provider"], row["endpoint"])]
        assert (row["calls"], row["succeeded"]) == (calls, succeeded)
        assert row["success_pct"] == round(100 * succeeded / calls, 2)
        assert row["failure_pct"] == round(100 * (calls - succeeded) / calls, 2)
        assert row["avg_ms"] == pytest.approx(average * 1000, abs=0.51)
        times = ask(media, f"select response_time from ({kept}) where api_provider = '{row['provider']}' order by 1")
        exact = times[math.ceil(0.95 * len(times)) - 1][0] * 1000
        assert row["p95_ms"] == pytest.approx(exact, rel=0.01, abs=1)
    # Of the even calls every fifth failed, of the odd ones none.
    assert [row["provider"] for row in rows] == ["suno", "openai"]
    assert db.report("api_reliability", provider="suno", **given) == rows[:1]


def test_an_unknown_outcome_is_no_failure(studio: ReportDatabase) -> None:
    """Success is of the calls whose outcome is known; where none is, there is no rate, and no time where none is."""
    rows = {(row["provider"], row["endpoint"]): row for row in studio.report("api_reliability")}
    assert {
        name: (row["calls"], row["succeeded"], row["success_pct"], row["avg_ms"]) for name, row in rows.items()
    } == {
        ("acme", "chat"): (8, 6, 75.0, 4500),
        ("own", "chat"): (1, 1, 100.0, None),
        ("bild", "image"): (3, 3, 100.0, 5500),
        ("acme", "embed"): (1, 0, None, None),
    }
    providers = list(rows)
    assert (providers[0], providers[-1]) == (("acme", "chat"), ("acme", "embed"))
