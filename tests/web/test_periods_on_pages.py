"""Dates in words on pages and in data: what is shown are their days, and the addresses keep the words."""

import re
from collections.abc import Iterator
from datetime import datetime, timezone
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import pytest
from helpers.serving import Served, fill

from storyreport.reports import periods

# 7d are the days from March 2 on.
NOW = datetime(2025, 3, 8, 0, 0, tzinfo=timezone.utc)
RATES = "/storyreport/failure_rates"


@pytest.fixture
def served(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Served]:
    monkeypatch.setattr(periods, "now", lambda: NOW)
    fill(tmp_path / "storyreport.db")
    served = Served(tmp_path / "storyreport.db")
    yield served
    served.close()


@pytest.mark.parametrize(
    ("words", "dates"),
    [
        ("since=7d&until=today", "since=2025-03-02&until=2025-03-08"),
        ("since=6d", "since=2025-03-03"),
        ("until=7d", "until=2025-03-01"),
        ("since=month&until=2025-03", "since=2025-03-01&until=2025-03-31"),
        ("until=last_month", "until=2025-02-28"),
        ("since=2025-03-02T10:00Z", "since=2025-03-02"),
    ],
)
def test_words_are_answered_as_their_dates(served: Served, words: str, dates: str) -> None:
    for ending in (".json?_shape=array&", ".csv?"):
        of_words, of_dates = (served.get(f"{RATES}{ending}{query}") for query in (words, dates))
        assert of_words.status_code == 200
        assert of_words.text == of_dates.text
    rows = [
        re.findall(r"<tbody>.*?</tbody>", served.get(f"{RATES}?{query}").text, re.DOTALL) for query in (words, dates)
    ]
    # The links keep the words.
    texts = [[re.sub(r"<[^>]*>", "", part) for part in found] for found in rows]
    assert texts[0] == texts[1]


# Planted are 60 executions of March 1, and 60 + 10 + 4 of March 2.
@pytest.mark.parametrize(
    ("query", "executions"),
    [
        ("since=7d", 74),
        ("until=7d", 60),
        ("since=8d", 134),
        ("since=6d", 0),
        ("until=last_month", 0),
        ("since=month", 134),
    ],
)
def test_the_days_are_those_that_were_planted(served: Served, query: str, executions: int) -> None:
    rows = served.get(f"{RATES}.json?_shape=array&{query}").json()
    assert sum(row["executions"] for row in rows) == executions


def test_the_sql_gets_dates(served: Served) -> None:
    answer = served.get(f"{RATES}.json?since=7d&until=month").json()
    assert answer["query"]["params"] == {
        "source": "",
        "pipeline": "",
        "since": "2025-03-02",
        "until": "2025-03-31",
        "compare": "",
    }


def test_the_addresses_of_a_page_keep_the_words(served: Served) -> None:
    page = served.get(f"{RATES}?since=7d&until=today").text.replace("&amp;", "&").replace("\\u0026", "&")
    assert re.search(r'name="since" value="7d"[^>]*type="text"', page)
    assert '<option value="last_month">' in page
    assert "Failure rates (since 7d, until today)" in page
    # The bar has other periods, too.
    article = page.partition('<article class="report">')[2]
    links = [
        parse_qs(urlsplit(link).query)
        for link in re.findall(r'"(/storyreport/failure_rates[^"]*)"', article)
        if "since" in link
    ]
    assert len(links) >= 4, "JSON, CSV, the chart's data, the link to this"
    assert {(link["since"][0], link["until"][0]) for link in links} == {("7d", "today")}


def test_the_tiles_of_the_home_page_link_with_words(served: Served) -> None:
    page = served.get("/").text.replace("&amp;", "&")
    assert "/storyreport/throughput?since=7d&until=today" in page
    assert "/storyreport/cost?since=7d&until=today" in page


@pytest.mark.parametrize(
    ("query", "sentence", "wrong"),
    [
        ("since=someday", "since must be a date (2026-01-31)", ["since"]),
        (
            "since=today&until=last_month",
            "since today (2025-03-08) is after until last_month (2025-02-28)",
            ["since", "until"],
        ),
    ],
)
def test_a_refused_value_gets_its_form_back(served: Served, query: str, sentence: str, wrong: list[str]) -> None:
    page = served.get(f"{RATES}?source=beta&{query}")
    assert page.status_code == 400
    assert sentence in re.sub(r"\s+", " ", page.text)
    marked = re.findall(r'name="(\w+)"[^>]*aria-invalid="true"', page.text)
    assert marked == wrong
    for name, value in (pair.split("=") for pair in query.split("&")):
        assert re.search(rf'name="{name}" value="{value}"', page.text)
    assert re.search(r'<option value="beta" selected>', page.text)
    for ending in ("json", "csv"):
        answer = served.get(f"{RATES}.{ending}?{query}")
        assert answer.status_code == 400
        assert sentence in answer.text
        assert len(answer.text.strip().splitlines()) == 1


@pytest.mark.parametrize(
    ("query", "sentence"),
    [
        ("since=soon", "since must be a date (2026-01-31)"),
        ("since=2025-03-05&until=2025-03-02", "since 2025-03-05 is after until 2025-03-02"),
    ],
)
@pytest.mark.parametrize("page", ["/-/step/write", "/-/page/quality"])
def test_a_period_that_makes_no_sense_leaves_the_page(served: Served, page: str, query: str, sentence: str) -> None:
    """It is said, and the page is shown as without it."""
    refused, plain = served.get(f"{page}?{query}"), served.get(page)
    assert (refused.status_code, plain.status_code) == (400, 200)
    (said,) = re.findall(r'<p class="message-error" role="alert">(.*?)</p>', refused.text, re.DOTALL)
    assert sentence in re.sub(r"\s+", " ", said)
    assert refused.text.count("<td") == plain.text.count("<td") > 0


def test_a_choice_that_is_not_there_is_marked(served: Served) -> None:
    """The list that it would be chosen from, too."""
    page = served.get("/storyreport/failure_trend?by=hour")
    assert page.status_code == 400
    assert re.findall(r'<select [^>]*name="(\w+)"[^>]*aria-invalid="true"', page.text) == ["by"]
    assert '<option value="hour" selected>' in page.text
