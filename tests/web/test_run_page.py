"""The page of a run: its sentence, other runs, the timeline before what is usual, the checks that passed."""

import re
from collections.abc import Iterator
from html import unescape

import pytest
from helpers.denying import denied
from helpers.report_database import ReportDatabase
from helpers.serving import HOSTILE, Served

from storyreport.web import run_page

HEAD = "run,pipeline,step,attempt,status,started_at,ended_at,duration_ms,error"


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    """Twenty runs of 20 s; then one whose load takes 10 s and whose cut takes 30 s, at the second attempt."""
    folder = tmp_path_factory.mktemp("runs")
    attempts = [HEAD]
    for day in range(1, 21):
        attempts.append(f"old-{day},films,cut,1,completed,2026-03-{day:02}T10:00:00Z,2026-03-{day:02}T10:00:20Z,,")
    attempts += [
        "new,films,load,1,completed,2026-03-21T10:00:00Z,2026-03-21T10:00:10Z,,",
        "new,films,cut,1,failed,2026-03-21T10:00:10Z,2026-03-21T10:00:10Z,,Boom",
        "new,films,cut,2,completed,2026-03-21T10:00:10Z,2026-03-21T10:00:40Z,,",
        "long-ago,shorts,cut,1,failed,2026-03-02T10:00:00Z,2026-03-02T10:00:20Z,,Lost",
        f'odd,films,"{HOSTILE}",1,failed,,,,"{HOSTILE}"',
    ]
    (folder / "attempts.csv").write_text("\n".join(attempts) + "\n", "utf-8")
    db = ReportDatabase(folder)
    db.ingest(folder / "attempts.csv", name="alpha")
    path = folder / "storyreport.db"
    db.path.rename(path)
    served = Served(path)
    yield served
    served.close()


def section(page: str, report: str) -> str:
    """The section that is made of a report."""
    found = re.search(rf'<section class="result" id="{report}">.*?</section>', page, re.DOTALL)
    assert found
    return found[0]


def test_it_opens_with_the_sentence_of_its_status(served: Served) -> None:
    page = served.get("/-/run/new?source=alpha").text
    (row,) = served.get("/storyreport/run_status.json?run=new&_shape=array").json()
    assert row["summary"].startswith("Completed in 40.0 s, twice the usual ")
    opening = re.search(r'<p class="metadata-description">(.*?)</p>', page)
    assert opening
    assert unescape(opening[1]) == row["summary"]
    assert row["summary"] not in section(page, "run_status"), "it is not said twice"


@pytest.mark.parametrize(
    ("rows", "said"),
    [
        ([(3.0, 1.0, "USD")], "Cost: 3.00 USD, 3.0 times the usual 1.00 USD."),
        ([(1.5, 1.0, "USD")], "Cost: 1.50 USD, 50 % more than the usual 1.00 USD."),
        ([(1.9, 1.0, "USD")], "Cost: 1.90 USD, 90 % more than the usual 1.00 USD."),
        ([(0.5, 1.0, "USD")], "Cost: 0.50 USD, 50 % less than the usual 1.00 USD."),
        ([(1.05, 1.0, "USD")], "Cost: 1.05 USD, about the usual 1.00 USD."),
        ([(2.0, None, "USD"), (4.0, 1.0, "EUR")], "Cost: 2.00 USD; 4.00 EUR, 4.0 times the usual 1.00 EUR."),
        ([(2.0, 0.0, "USD")], "Cost: 2.00 USD."),
        # A call without a known cost has neither amount nor currency.
        ([(None, None, None)], ""),
        ([], ""),
    ],
)
def test_it_says_what_the_run_cost_against_what_is_usual(rows: list[tuple[object, ...]], said: str) -> None:
    named = [dict(zip(("cost", "usual_cost", "currency"), row, strict=True)) for row in rows]
    assert run_page.cost([{"source": "alpha", **row} for row in named]) == said


def test_it_leads_to_the_runs_around_it_and_to_a_comparison(served: Served) -> None:
    def ways(run: str) -> dict[str, str]:
        page = served.get(f"/-/run/{run}?source=alpha").text
        found = re.findall(r'<nav class="ways".*?</nav>', page, re.DOTALL)
        links = re.findall(r'href="([^"]+)".*?>(.*?)</a>', "".join(found))
        return {text: unescape(address) for address, text in links}

    compare = {"Compare with the last good run": "/storyreport/run_diff?source=alpha&run=new"}
    assert ways("new") == {"Previous run": "/-/run/old-20?source=alpha", **compare}
    assert ways("old-20")["Next run"] == "/-/run/new?source=alpha"
    assert "Previous run" not in ways("old-1")
    # There is none to compare it with; where it failed, other failures are near.
    assert compare.keys().isdisjoint(ways("old-1"))
    failures = "/storyreport/failed_runs?source=alpha&pipeline=films&since=7d"
    assert {*ways("odd").items()} >= {("Failures of its pipeline", failures)}
    # It is itself among them, however long ago it was.
    since = ways("long-ago")["Failures of its pipeline"]
    assert since == "/storyreport/failed_runs?source=alpha&pipeline=shorts&since=2026-03-02"
    assert "/-/run/long-ago?" in served.get(since).text
    page = served.get(compare["Compare with the last good run"]).text
    assert 'href="/-/run/old-20?source=alpha&amp;' in page
    with denied("run_diff"):
        assert ways("new").keys() == {"Previous run"}
    with denied("run_status"):
        page = served.get("/-/run/new?source=alpha").text
        assert "Completed in 40" not in page
        assert '<nav class="ways"' not in page


def test_checks_that_passed_are_folded(served: Served) -> None:
    """Of the eleven checks two say something: the step was retried, and the run took twice as long as usual."""
    found = section(served.get("/-/run/new?source=alpha").text, "run_diagnosis")
    open_part, _, folded = found.partition('<details class="folded"><summary>8 checks passed</summary>')
    assert re.findall(r'<td [^>]*class="col-check\b[^>]*>(.*?)</td>', open_part) == ["retries", "duration"]
    assert folded.count("status-ok") == 8
    assert "status-ok" not in open_part


Rect = tuple[str, int, int]


def rects(page: str) -> list[tuple[str, list[Rect]]]:
    """The rows of the timeline: the step, and the class, place and width of what is drawn."""
    rows = re.findall(r'<li>\s*<a class="timeline-step"[^>]*>(.*?)</a>(.*?)</li>', page, re.DOTALL)
    shapes = re.compile(r'<rect class="([\w -]+)" x="(\d+)" y="\d+" width="(\d+)"')
    return [(step, [(name, int(x), int(width)) for name, x, width in shapes.findall(rest)]) for step, rest in rows]


def test_the_timeline_has_each_attempt_before_its_usual(served: Served) -> None:
    """40 s are 1000 units: cut usually ends 20 s after its start at 10 s, which is at 750; its p95 is the same."""
    page = served.get("/-/run/new?source=alpha").text
    load, failed, cut = rects(page)
    assert load == ("load", [("took took-completed", 0, 250)])
    assert (failed[0], failed[1][-1]) == ("cut", ("took took-failed", 250, 3))
    (usual, bar) = cut[1]
    assert cut[0] == "cut (attempt 2)"
    assert bar == ("took took-completed", 250, 750)
    assert (usual[0], usual[2]) == ("usual", 3)
    assert usual[1] == pytest.approx(750, abs=6)
    took = re.search(r"<b>30.0 s, slow</b>\s*<small>usually (.*?)</small>", section(page, "run_timeline"))
    assert took
    assert float(took[1].split()[0]) == pytest.approx(20, rel=0.011)
    assert "<script" not in section(page, "run_timeline")


def test_what_has_no_time_is_in_the_table_alone(served: Served) -> None:
    page = served.get("/-/run/odd?source=alpha").text
    assert '<figure class="timeline">' not in page
    assert HOSTILE not in page
    assert "Failed in &lt;script&gt;" in page


def test_its_source_is_said_once(served: Served) -> None:
    """Without ?source= the status says it, and the sections below do not repeat it in every row."""
    page = served.get("/-/run/new").text
    assert ">alpha</a>" in section(page, "run_status")
    for report in ("run_diagnosis", "run_timeline"):
        assert "col-source" not in section(page, report)
        assert "col-pipeline" not in section(page, report)
    page = served.get("/-/pipeline/films").text
    assert "col-source" in section(page, "recent_runs")
    assert "col-source" not in section(page, "throughput")


def test_reports_that_an_action_names_are_links(served: Served) -> None:
    """By their titles, about this run; those that a visitor may not see stay names."""
    checks = section(served.get("/-/run/new").text, "run_diagnosis")
    links = {
        title: unescape(address) for address, title in re.findall(r'<a href="([^"]+)" title="\w+">([^<]+)', checks)
    }
    assert links["Timeline of a run"] == "/storyreport/run_timeline?source=alpha&run=new"
    assert links["Flaky steps"] == "/storyreport/flaky_steps?source=alpha"
    for address in links.values():
        assert served.get(address).status_code == 200
    with denied("flaky_steps"):
        assert "flaky_steps says" in section(served.get("/-/run/new").text, "run_diagnosis")
