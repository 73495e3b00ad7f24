"""Pages of a provider's usage and bill in one folder: what several of them say of the same time counts once."""

import json
from pathlib import Path
from typing import Any

import pytest
from helpers.report_database import ReportDatabase

# 2026-11-10.
DAY = 1_794_268_800
HOUR = 3_600
OPENAI, ANTHROPIC = ("start_time", "end_time"), ("starting_at", "ending_at")


def page(*buckets: dict[str, Any]) -> dict[str, Any]:
    return {"object": "page", "data": list(buckets), "has_more": False, "next_page": None}


def bucket(*results: dict[str, Any], start: int = DAY, length: int = 24 * HOUR) -> dict[str, Any]:
    return {"object": "bucket", "start_time": start, "end_time": start + length, "results": list(results)}


def used(thousands: int, **what: Any) -> dict[str, Any]:
    """So many thousand requests of GPT-4o with a thousand tokens in and a hundred out: 3.50 dollars a thousand."""
    named = {"project_id": None, "model": "gpt-4o-2024-08-06", "batch": None, **what}
    counted = {"num_model_requests": 1000, "input_tokens": 1_000_000, "output_tokens": 100_000}
    kind = "organization.usage.completions.result"
    return {"object": kind, **{name: number * thousands for name, number in counted.items()}, **named}


def billed(value: float, line_item: str | None = None, **what: Any) -> dict[str, Any]:
    amount = {"value": value, "currency": what.pop("currency", "usd")}
    return {"object": "organization.costs.result", "amount": amount, "line_item": line_item, **what}


def anthropic(**what: Any) -> dict[str, Any]:
    """Anthropic's bucket of that day: 100,000 tokens in and 10,000 out of Sonnet 4.6: 0.30 + 0.15 dollars."""
    result = {"uncached_input_tokens": 100_000, "output_tokens": 10_000, "model": "claude-sonnet-4-6", **what}
    return {"starting_at": "2026-11-10T00:00:00Z", "ending_at": "2026-11-11T00:00:00Z", "results": [result]}


def ingested(db: ReportDatabase, folder: Path, *pages: dict[str, Any]) -> tuple[int, float]:
    """(calls, money) of a folder of these pages."""
    place = folder / "pages"
    place.mkdir()
    for number, one in enumerate(pages):
        (place / f"{number}.json").write_text(json.dumps(one), "utf-8")
    db.ingest(place)
    calls, money = db.sql("select sum(calls), sum(coalesce(cost, estimated_cost)) from calls where gone_at is null")[0]
    return calls, round(money, 6)


@pytest.mark.parametrize(
    ("pages", "calls", "money"),
    [
        # The hours of a day, and the day: in whichever order.
        (
            [
                page(bucket(used(1), length=HOUR), bucket(used(2), start=DAY + 5 * HOUR, length=HOUR)),
                page(bucket(used(3))),
            ],
            3000,
            10.5,
        ),
        ([page(bucket(used(3))), page(bucket(used(1), length=HOUR))], 3000, 10.5),
        # Hours of another day, and the same hour of two days, are their own.
        (
            [
                page(bucket(used(3))),
                page(*(bucket(used(1), start=DAY + hours * HOUR, length=HOUR) for hours in (24, 48))),
            ],
            5000,
            17.5,
        ),
        # One day by model, and by project and model; one of the projects is not named.
        (
            [page(bucket(used(5))), page(bucket(used(2, project_id="p"), used(3, project_id=None)))],
            5000,
            17.5,
        ),
        ([page(bucket(used(2, project_id="p"), used(3))), page(bucket(used(5)))], 5000, 17.5),
        # By nothing, and by model: only the latter can be priced.
        ([page(bucket(used(5))), page(bucket(used(5, model=None)))], 5000, 17.5),
        # By project alone, and by model alone.
        ([page(bucket(used(5))), page(bucket(used(5, model=None, project_id="p")))], 5000, 17.5),
        # Two pages of different sums are two projects' own.
        ([page(bucket(used(5))), page(bucket(used(2, project_id="p")))], 7000, 24.5),
        # Two results of one bucket that differ in nothing that we read are two parts of it.
        ([page(bucket(used(2), used(3)))], 5000, 17.5),
        # A bill by line item, and the whole of it.
        ([page(bucket(billed(2.0, "in"), billed(1.5, "out"))), page(bucket(billed(3.5)))], 0, 3.5),
        ([page(bucket(billed(3.5))), page(bucket(billed(2.0, "in"), billed(1.5, "out")))], 0, 3.5),
        # A currency that nobody knows is no dollars.
        ([page(bucket(billed(2.0, "in"), billed(9.0, "out", currency="zzz")))], 0, 2.0),
        ([page(anthropic()), page(anthropic(workspace_id="w"))], 1, 0.45),
        # What is written to the cache without a duration is kept for five minutes: 3.75 dollars a million.
        ([page(anthropic(cache_creation_input_tokens=100_000))], 1, 0.45 + 0.375),
    ],
)
def test_each_view_of_a_time_counts_once(
    db: ReportDatabase, tmp_path: Path, pages: list[dict[str, Any]], calls: int, money: float
) -> None:
    assert ingested(db, tmp_path, *pages) == (calls, money)


HOURS = page(bucket(used(1), length=HOUR), bucket(used(2), start=DAY + 5 * HOUR, length=HOUR))


@pytest.mark.parametrize(
    ("before", "after", "money"),
    [
        (HOURS, page(bucket(used(3))), 10.5),
        (page(bucket(used(3))), HOURS, 10.5),
        (page(bucket(billed(3.5))), page(bucket(billed(2.0, "in"), billed(1.5, "out"))), 3.5),
        (page(anthropic(model=None)), page(anthropic()), 0.45),
    ],
)
def test_files_of_one_command_are_looked_at_beside_each_other(
    db: ReportDatabase, tmp_path: Path, before: dict[str, Any], after: dict[str, Any], money: float
) -> None:
    """The first file was read before, when nothing else was known."""
    files = [tmp_path / "b.json", tmp_path / "a.json"]
    for file, one in zip(files, (before, after), strict=True):
        file.write_text(json.dumps(one), "utf-8")
    db.ingest(files[0], name="pages")
    db.ingest(*files, name="pages")
    assert db.one("select round(sum(coalesce(cost, estimated_cost)), 6) from calls where gone_at is null") == money
    assert db.ingest(*files, name="pages").unchanged


DAY_OF_CSV = f"{DAY},{DAY + 24 * HOUR},2026-11-10T00:00:00+00:00"
BILL = "start_time,end_time,start_time_iso,project_id,organization_id,amount_value,amount_currency\n"
USAGE = "start_time,end_time,start_time_iso,project_id,num_model_requests,model,input_tokens,output_tokens\n"


@pytest.mark.parametrize(
    ("header", "whole", "by_project", "money"),
    [
        (BILL, (",o,3,usd",), ("p,o,1,usd", "q,o,2,usd"), 3.0),
        # Other work, of no project.
        (BILL, (",o,4,usd",), ("p,o,1,usd", "q,o,2,usd"), 7.0),
        (USAGE, (",3,gpt-4o,3000000,300000",), ("p,1,gpt-4o,1000000,100000", "q,2,gpt-4o,2000000,200000"), 10.5),
        (USAGE, (",3,gpt-4o,3000000,300000",), ("p,1,gpt-4o,1000000,100000",), 14.0),
    ],
)
@pytest.mark.parametrize("first", [0, 1])
def test_exports_as_a_whole_and_by_project_count_once(
    db: ReportDatabase,
    tmp_path: Path,
    header: str,
    whole: tuple[str, ...],
    by_project: tuple[str, ...],
    money: float,
    first: int,
) -> None:
    files = [tmp_path / "b.csv", tmp_path / "a.csv"]
    for file, rows in zip(files, (whole, by_project), strict=True):
        file.write_text(header + "".join(f"{DAY_OF_CSV},{row}\n" for row in rows), "utf-8")
    db.ingest(files[first], name="exports")
    db.ingest(*files, name="exports")
    assert db.one("select round(sum(coalesce(cost, estimated_cost)), 6) from calls where gone_at is null") == money


def test_an_unknown_currency_is_said(db: ReportDatabase, tmp_path: Path) -> None:
    ingested(db, tmp_path, page(bucket(billed(2.0, "in"), billed(9.0, "out", currency="zzz"))))
    assert [row["reason"] for row in db.report("rejected_rows")] == ["currency is not known"]


@pytest.mark.parametrize(
    ("result", "money"),
    [
        # gpt-realtime: 4 dollars a million of text in, 16 out; 32 and 64 of audio; 0.40 of either from the cache. Text
        # in: 100,000, audio in: 300,000 new and 600,000 cached; text out: 10,000, audio out: 90,000.
        (
            used(
                1,
                model="gpt-realtime",
                input_audio_tokens=900_000,
                input_cached_tokens=600_000,
                input_cached_audio_tokens=600_000,
                output_audio_tokens=90_000,
            ),
            0.4 + 9.6 + 0.24 + 0.16 + 5.76,
        ),
        # A thousand web searches of GPT-4o are 10 dollars, their tokens are among the completions.
        (
            {"object": "organization.usage.web_search_calls.result", "num_requests": 1000, "model": "gpt-4o"},
            10.0,
        ),
    ],
)
def test_kinds_of_a_bucket_have_their_own_price(
    db: ReportDatabase, tmp_path: Path, result: dict[str, Any], money: float
) -> None:
    calls, cost = ingested(db, tmp_path, page(bucket(result)))
    assert calls == 1000
    assert cost == pytest.approx(money)


@pytest.mark.parametrize(
    ("texts", "audio"),
    [
        # 5,000 and 10,000 are all that was not in the cache: what was in it stands beside.
        (5_000, 15_000),
        # They are all there was, or nothing says what they are.
        (20_000, 10_000),
        (None, 10_000),
    ],
)
def test_audio_from_the_cache_is_among_the_audio(
    db: ReportDatabase, tmp_path: Path, texts: int | None, audio: int
) -> None:
    counts = {"input_tokens": 30_000, "input_cached_tokens": 15_000, "input_cached_audio_tokens": 5_000}
    kinds = {"input_text_tokens": texts, "input_audio_tokens": 10_000, "input_image_tokens": 0}
    ingested_calls = used(1, **counts, **kinds, output_tokens=0)
    (tmp_path / "page.json").write_text(json.dumps(page(bucket(ingested_calls))), "utf-8")
    db.ingest(tmp_path / "page.json")
    assert db.sql("select input_audio_tokens, cache_audio_read_tokens from calls") == [(audio, 5_000)]
