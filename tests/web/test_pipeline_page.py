"""The page of a pipeline: its runs, steps, failures and cost, and no others; links to it and from it."""

import re
from collections.abc import Iterator

import pytest
from helpers.report_database import ReportDatabase
from helpers.serving import HOSTILE, Served

STEPS = """run,pipeline,story,step,status,started_at,ended_at,error
b1,books/new,A,load,completed,2026-03-01T10:00:00Z,2026-03-01T10:00:10Z,
b2,books/new,A,load,completed,2026-03-01T11:00:00Z,2026-03-01T11:00:10Z,
f1,films,B,load,failed,2026-03-01T10:00:00Z,2026-03-01T10:00:20Z,No answer
f2,films,B,load,completed,2026-03-01T12:00:00Z,2026-03-01T12:00:20Z,
f3,films,B,cut,failed,2026-03-01T13:00:00Z,2026-03-01T13:00:20Z,No answer
"""
CALLS = """id,run,step,provider,model,called_at,cost
c1,b1,load,acme,m,2026-03-01T10:00:01Z,1.25
c2,f2,load,acme,m,2026-03-01T10:00:01Z,4.50
"""


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    folder = tmp_path_factory.mktemp("pipelines")
    db = ReportDatabase(folder)
    (folder / "attempts.csv").write_text(STEPS, "utf-8")
    (folder / "calls.csv").write_text(CALLS, "utf-8")
    db.ingest(folder / "attempts.csv", folder / "calls.csv", name="alpha")
    path = folder / "storyreport.db"
    db.path.rename(path)
    served = Served(path)
    yield served
    served.close()


def sections(page: str) -> dict[str, str]:
    """The sections by the report that they are made of."""
    parts = re.findall(r"<section.*?</section>", page, re.DOTALL)
    return {match[1]: part for part in parts if (match := re.search(r'href="/storyreport/(\w+)', part))}


def test_it_shows_its_own(served: Served) -> None:
    page = served.get("/-/pipeline/films?source=alpha")
    assert page.status_code == 200
    assert "<title>Pipeline films</title>" in page.text
    # 3 runs, of which 1 completed, in 20 s.
    assert ">3 runs, 2 failed, success rate 33.3 %, p50 20.0 s, p95 20.0 s.<" in page.text
    found = sections(page.text)
    assert set(found) == {
        *("recent_runs", "throughput", "failed_runs", "slowest_steps", "failure_rates", "cost_by_step"),
    }
    for run, report in (("f1", "failed_runs"), ("f2", "recent_runs")):
        assert f'href="/-/run/{run}?source=alpha"' in found[report]
    assert 'href="/-/step/cut?source=alpha"' in found["failure_rates"]
    assert 'href="/-/story/B?source=alpha"' in found["recent_runs"]
    assert ">4.50 USD<" in found["cost_by_step"]
    assert "1.25" not in found["cost_by_step"]
    assert "/-/run/b1" not in page.text


def test_a_section_leads_to_its_report_with_the_pipeline(served: Served) -> None:
    section = sections(served.get("/-/pipeline/films").text)["failure_rates"]
    link = re.search(r'href="(/storyreport/failure_rates\?[^"]+)"', section)
    assert link
    report = served.get(link[1].replace("&amp;", "&")).text
    assert 'name="pipeline"' in report
    assert ">100.0 %<" in report
    assert ">0.0 %<" not in report


@pytest.mark.parametrize("page", ["/-/run/b1", "/-/step/load", "/-/story/A", "/storyreport/failure_rates"])
def test_pages_lead_to_it(served: Served, page: str) -> None:
    link = re.search(r'href="(/-/pipeline/[^"]+)"[^>]*>books/new', served.get(page).text)
    assert link
    assert link[1] == "/-/pipeline/books~2Fnew?source=alpha"
    assert served.get(link[1]).status_code == 200


def test_it_is_found_by_its_name(served: Served) -> None:
    rows = served.get("/storyreport/find.json?name=boo&_shape=array").json()
    assert [(row["source"], row["kind"], row["title"], row["pipeline"]) for row in rows] == [
        ("alpha", "pipeline", "2 runs", "books/new")
    ]
    assert '"/-/pipeline/books~2Fnew?source=alpha"' in served.get("/storyreport/find?name=boo").text


def test_what_is_unknown_is_said_to_be_unknown(served: Served) -> None:
    page = served.get("/-/pipeline/nothing")
    assert page.status_code == 404
    assert "No pipeline &#39;nothing&#39;." in page.text
    assert served.get("/-/pipeline/films?source=beta").status_code == 404
    assert HOSTILE not in served.get(f"/-/pipeline/~3Cscript~3E?source={HOSTILE}").text


def test_the_form_suggests_pipelines(served: Served) -> None:
    page = served.get("/storyreport/failure_rates").text
    assert re.search(r'<option value="books/new">', page)
    assert re.search(r'<option value="films">', page)
