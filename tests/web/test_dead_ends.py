"""Pages that have nothing to show say why, and lead on: close names, the latest ones, other periods, our pages."""

import re
from collections.abc import Iterator
from contextlib import closing
from html import unescape
from pathlib import Path

import pytest
from helpers.denying import denied
from helpers.report_database import ReportDatabase
from helpers.serving import Served

STEPS = "run,pipeline,story,step,status,started_at,ended_at\n"


@pytest.fixture(scope="module")
def path(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Twelve runs of a pipeline in one source, one run in another; no calls."""
    folder = tmp_path_factory.mktemp("ends")
    db = ReportDatabase(folder)
    rows = [
        f"night-{n:02},books,tale-{n:02},write,completed,2026-03-{n:02}T10:00:00Z,2026-03-{n:02}T10:01:00Z"
        for n in range(1, 13)
    ]
    (folder / "studio.csv").write_text(STEPS + "\n".join(rows) + "\n", "utf-8")
    (folder / "other.csv").write_text(f"{STEPS}day-1,,x,draw,completed,2026-03-01T10:00:00Z,2026-03-01T10:01:00Z\n")
    for name in ("studio", "other"):
        db.ingest(folder / f"{name}.csv")
    return db.path


@pytest.fixture(scope="module")
def served(path: Path) -> Iterator[Served]:
    with closing(Served(path)) as served:
        yield served


@pytest.fixture(scope="module")
def nothing(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    """A source without any rows."""
    folder = tmp_path_factory.mktemp("nothing")
    db = ReportDatabase(folder)
    (folder / "studio.csv").write_text(STEPS)
    db.ingest(folder / "studio.csv")
    with closing(Served(db.path)) as served:
        yield served


def text(page: str) -> str:
    return " ".join(unescape(re.sub(r"<[^>]*>", " ", page)).split())


def said(page: str) -> str:
    """What a page says where its rows would be."""
    found = re.search(r'<p class="zero-results">(.*?)</p>', page, re.DOTALL)
    assert found
    return text(found[1])


def offered(page: str) -> dict[str, list[str]]:
    """Title → the names that are offered below it."""
    lists = re.findall(r'<nav class="suggestions" aria-label="([^"]*)"(.*?)</nav>', page, re.DOTALL)
    return {unescape(title): [unescape(name) for name in re.findall(r">([^<]+)</a>", names)] for title, names in lists}


NIGHTS = [f"night-{n:02}" for n in range(12, 0, -1)]


@pytest.mark.parametrize(
    ("address", "sentence", "alike", "latest"),
    [
        # Ten close ones at most, which are not among the latest once more.
        ("/-/run/night-13", "No run 'night-13'.", "night-", None),
        # Begins like many, and is close to none.
        ("/-/run/nqq", "No run 'nqq'.", "night-", None),
        ("/-/run/NIGHT-03", "No run 'NIGHT-03'.", "night-", None),
        ("/-/story/tqq", "No story 'tqq'.", "tale-", None),
        ("/-/run/zzz", "No run 'zzz'.", None, {"The latest runs:": NIGHTS[:10]}),
        ("/-/story/tale-99", "No story 'tale-99'.", "tale-", {}),
        ("/-/story/zzz", "No story 'zzz'.", None, {"The latest stories:": [f"tale-{n:02}" for n in range(12, 2, -1)]}),
        ("/-/step/writ", "No step 'writ'.", "write", {"Some steps:": ["draw"]}),
        ("/-/pipeline/bookz", "No pipeline 'bookz'.", "books", {}),
        ("/-/source/studi", "No source 'studi'.", "studio", {"The sources:": ["other"]}),
    ],
)
def test_an_unknown_key_leads_to_close_and_latest_ones(
    served: Served, address: str, sentence: str, alike: str | None, latest: dict[str, list[str]] | None
) -> None:
    answer = served.get(address)
    assert answer.status_code == 404
    assert said(answer.text) == sentence
    found = offered(answer.text)
    close = found.pop("Did you mean:", None)
    assert (close is None) == (alike is None)
    assert all(name.startswith(alike or "") for name in close or ())
    assert len(close or ()) <= 10
    assert latest is None or found == latest
    assert not set(close or ()) & {name for names in found.values() for name in names}


@pytest.mark.parametrize(
    ("address", "sentence", "alike"),
    [
        ("slowest_steps?pipeline=book", "There is no pipeline 'book'.", ["books"]),
        ("slowest_steps?source=studioo", "There is no source 'studioo'.", ["studio"]),
        ("failure_trend?step=writing", "There is no step 'writing'.", ["write"]),
        ("run_timeline?run=night-010", "There is no run 'night-010'.", None),
        ("recent_runs?status=complete", "There is no status 'complete'.", ["completed"]),
        ("recent_runs?status=COMPLETED", "There is no status 'COMPLETED'.", ["completed"]),
    ],
)
def test_an_unknown_value_leads_to_the_report_with_a_close_one(
    served: Served, address: str, sentence: str, alike: list[str] | None
) -> None:
    page = served.get(f"/storyreport/{address}").text
    assert said(page).startswith(sentence)
    found = offered(page).get("Did you mean:", [])
    assert alike is None or found == alike
    for target in re.findall(r'<nav class="suggestions".*?</nav>', page, re.DOTALL):
        for link in re.findall(r'href="([^"]*)"', target):
            assert "zero-results" not in served.get(unescape(link)).text


def test_home_of_an_unknown_source_leads_to_the_known_ones(served: Served) -> None:
    page = served.get("/?source=studioo").text
    assert "No source of that name has been ingested." in page
    assert offered(page) == {"Did you mean:": ["studio"], "The sources:": ["other"]}
    assert ['href="/?source=studio"' in page, "Last 24 h" in page, "has been checked" in page] == [True, False, False]
    assert 'href="/-/reports?_source=studio"' in served.get("/?source=studio").text


def test_a_choice_of_the_bar_is_kept_with_the_close_name(served: Served) -> None:
    """The other parameters stay as they were given."""
    page = served.get("/storyreport/failure_trend?step=writ&since=2026-03-05").text
    assert 'href="/storyreport/failure_trend?since=2026-03-05&amp;step=write"' in page
    assert 'href="/storyreport/failure_trend?since=2026-03-05">Show it without this step' in page


def test_a_report_about_one_run_offers_the_latest(served: Served) -> None:
    page = served.get("/storyreport/run_timeline").text
    assert said(page) == "Enter a run key above."
    assert offered(page) == {"The latest runs:": NIGHTS[:10]}


@pytest.mark.parametrize("more", ["", ", compare = previous"])
def test_another_period_may_have_rows(served: Served, more: str) -> None:
    page = served.get(
        f"/storyreport/failure_rates?since=2026-04-01&source=studio{'&compare=previous' if more else ''}"
    ).text
    assert said(page).startswith(
        f"No rows for source = studio, since = 2026-04-01{more}. There are some in other periods. Show all days"
    )
    assert 'href="/storyreport/failure_rates?source=studio"' in page


@pytest.mark.parametrize(
    ("report", "sentence"),
    [
        ("cost", "No source has calls of models or other paid services."),
        ("story_trees", "No source has story trees. Needs a source whose stories are trees of nodes;"),
        ("log_metrics", "No source has log lines. Needs the log of a story-generation service."),
        ("stuck_runs", "Nothing was found, which is good."),
        # It reads calls, too, of which there are none.
        ("failed_stories", "Nothing was found, which is good."),
        ("rejected_rows", "Every row could be loaded."),
        ("notes", "There are no notes: add one with storyreport note ."),
        ("acceptance_rates", "The sources have no rows for this report. Needs a source that records the results"),
    ],
)
def test_an_empty_report_says_what_would_fill_it(served: Served, report: str, sentence: str) -> None:
    assert said(served.get(f"/storyreport/{report}").text).startswith(sentence)


@pytest.mark.parametrize(
    ("report", "sentence"),
    [
        ("recent_runs", "No source has runs."),
        ("stuck_runs", "No source has runs."),
        ("failed_runs", "No source has runs."),
        ("overview", "No source has runs."),
        ("slowest_steps", "No source has runs of steps."),
        ("cost_by_step", "No source has calls of models or other paid services."),
        ("cleanup_candidates", "No source has files."),
    ],
)
def test_without_any_work_it_is_work_that_is_missing(nothing: Served, report: str, sentence: str) -> None:
    assert said(nothing.get(f"/storyreport/{report}").text).startswith(sentence)


def test_a_report_about_one_run_is_not_shown_without_it(served: Served) -> None:
    """Of another report the choice can be taken back."""
    assert said(served.get("/storyreport/run_calls?run=night-01").text) == "No rows for run = night-01."
    assert "Show it without these" in said(served.get("/storyreport/failed_runs?source=studio").text)


@pytest.mark.parametrize(
    ("name", "title"), [("slowest_step", "Slowest steps"), ("recent_run", "Recent runs"), ("ask", None)]
)
def test_an_unknown_report_leads_to_close_ones(served: Served, name: str, title: str | None) -> None:
    answer = served.get(f"/storyreport/{name}")
    assert answer.status_code == 404
    assert said(answer.text).startswith(f"There is no report or table '{name}'.")
    found = offered(answer.text).get("Did you mean:", [])
    assert title is None or found[0] == title


@pytest.mark.parametrize("address", ["/-/nonsense", "/nonsense", "/-/run/studio/night-01", "/storyreport/runs/999999"])
def test_an_address_without_a_page_leads_on(served: Served, address: str) -> None:
    answer = served.get(address)
    assert answer.status_code == 404
    assert said(answer.text).startswith("There is no page at this address.")
    assert 'href="/-/reports"' in answer.text
    assert 'href="/storyreport/recent_runs' in answer.text


@pytest.mark.parametrize(
    ("name", "said"),
    [("slowest_step", "did you mean slowest_steps?"), ("qqq", "/-/reports lists all reports.")],
)
def test_an_unknown_report_is_a_sentence_for_scripts(served: Served, name: str, said: str) -> None:
    sentence = f"There is no report or table '{name}': {said}"
    found = served.get(f"/storyreport/{name}.json?since=7d")
    assert (found.status_code, found.json()["error"]) == (404, sentence)
    found = served.get(f"/storyreport/{name}.csv")
    assert (found.status_code, found.text) == (404, f"{sentence}\n")


def test_a_hidden_report_is_not_offered(served: Served) -> None:
    with denied("slowest_steps"):
        assert "Slowest steps" not in served.get("/storyreport/slowest_step").text
    with denied():
        assert "Did you mean" not in served.get("/storyreport/slowest_step").text
        assert "night-" not in served.get("/-/run/night-99").text
        assert "slowest_steps" not in served.get("/storyreport/slowest_step.json").text


@pytest.mark.parametrize(
    ("table", "where", "pages"),
    [
        ("runs", "source_key = 'night-03'", ["/-/run/night-03", "/-/story/tale-03", "/-/pipeline/books"]),
        ("stories", "source_key = 'tale-03'", ["/-/story/tale-03"]),
        ("steps", "name = 'write'", ["/-/step/write", "/-/pipeline/books"]),
        ("step_runs", "run_id = (select id from runs where source_key = 'night-03')", None),
        ("sources", "name = 'studio'", ["/-/source/studio"]),
        ("ingests", "id > 0", []),
    ],
)
def test_a_row_leads_to_our_pages(served: Served, path: Path, table: str, where: str, pages: list[str] | None) -> None:
    (number,) = ReportDatabase(path.parent).sql(f"select min(id) from {table} where {where}")[0]
    page = served.get(f"/storyreport/{table}/{number}").text
    found = re.search(r'<nav class="own-pages".*?</nav>', page, re.DOTALL)
    links = [unescape(link) for link in re.findall(r'href="([^"]*)"', found[0] if found else "")]
    expected = ["/-/run/night-03", "/-/story/tale-03", "/-/step/write"] if pages is None else pages
    assert [link.partition("?")[0] for link in links] == expected
    for link in links:
        assert served.get(link).status_code == 200


def test_a_row_of_those_who_may_see_no_report_leads_nowhere(served: Served) -> None:
    page = served.get("/storyreport/runs/1")
    assert "own-pages" in page.text
    with denied():
        assert "own-pages" not in served.get("/storyreport/runs/1").text


def test_the_database_page_leads_to_the_reports(served: Served) -> None:
    page = served.get("/storyreport").text
    assert 'href="/-/reports">reports by topic</a>' in page
    assert 'href="/-/pages">pages</a>' in page
    assert "<code>storyreport serve --sql</code> allows it" in page
