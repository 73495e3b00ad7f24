"""The first screen of the home page: the verdict, the tiles and the wall of last runs; numbers by hand."""

import re
from collections.abc import Iterator
from contextlib import closing
from datetime import date, datetime, timezone
from html import unescape
from pathlib import Path

import pytest
from helpers.attempts import attempt, moment, write
from helpers.denying import denied
from helpers.report_database import ReportDatabase
from helpers.serving import ESCAPED, HOSTILE, Served

from storyreport import rollups, schema
from storyreport.reports import periods
from storyreport.schema import connect
from storyreport.sharing.digest import digest
from storyreport.verdicts import figures, reasons


@pytest.fixture(scope="module")
def path(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Twenty runs days ago; in the last day three of tales, one of them slow and one failed; one the day before."""
    folder = tmp_path_factory.mktemp("first")
    rows = [
        *(attempt(f"u{n:02}", 96 + n, 10, pipeline="tales") for n in range(20)),
        attempt("quick", 1, 10, pipeline="tales"),
        attempt("slow", 2, 40, pipeline="tales"),
        attempt("lost", 3, 4, pipeline="tales", status="failed", error="Boom"),
        attempt("before", 30, 10, pipeline="tales"),
        attempt(HOSTILE, 200, 20, pipeline=HOSTILE),
    ]
    calls = [
        *(f"slow,acme,{moment(2)},{cost},{currency}" for cost, currency in ((2, "USD"), (0.1, "USD"), (5, "EUR"))),
        f"before,acme,{moment(30)},1.75,USD",
    ]
    db = ReportDatabase(folder)
    db.ingest(write(folder / "studio", rows, calls))
    db.ingest(write(folder / "film", [attempt("reel", 5, 60, pipeline="films")]))
    return db.path


@pytest.fixture(scope="module")
def served(path: Path) -> Iterator[Served]:
    with closing(Served(path)) as served:
        yield served


def text(html: str) -> str:
    """A page's text, in one line."""
    return " ".join(unescape(re.sub(r"<[^>]*>", " ", html)).split())


def verdict(served: Served, address: str = "/") -> str:
    """The paragraph with the verdict; empty where there is none."""
    found = re.search(r'<p class="verdict">(.*?)</p>', served.get(address).text, re.DOTALL)
    return found[1] if found else ""


def test_the_verdict(served: Served) -> None:
    """Four runs of two sources, 2.10 USD against 1.75 USD: 20 % more; nothing was paid in EUR before."""
    said = re.sub(r" ([,.])", r"\1", text(verdict(served)))
    assert said == (
        "Last 24 h: 4 runs, 1 failed (none the day before), 1 slower than usual (tales: 1 of 2), 5.00 EUR, 2.10 USD, "
        "20 % more than the day before."
    )
    reason = re.search(r'<p class="reason">(.*?)</p>', served.get("/").text, re.DOTALL)
    assert reason
    assert re.fullmatch(r"studio tales failed once in \w+, at \d\d:\d\d UTC( yesterday)? : Boom", text(reason[1]))
    narrowed = re.sub(r" ([,.])", r"\1", text(verdict(served, "/?source=film")))
    assert narrowed == "Last 24 h: 1 run, none failed."


@pytest.mark.parametrize(
    ("part", "shown"),
    [
        ("4 runs", ["quick", "slow", "lost", "reel"]),
        ("1 failed (none the day before)", ["lost"]),
        ("1 slower than usual (tales: 1 of 2)", ["slow"]),
        ("2.10 USD", ["cost"]),
    ],
)
def test_each_part_leads_to_its_rows(served: Served, part: str, shown: list[str]) -> None:
    link = re.search(rf'<a href="([^"]+)">{re.escape(part)}</a>', verdict(served))
    assert link, part
    page, _, query = unescape(link[1]).partition("?")
    rows = served.get(f"{page}.json?{query}&_shape=array").json()
    if shown == ["cost"]:
        assert [row["value"] for row in rows if row["currency"] == "USD"] == [2.1]
    else:
        # What was paid in two currencies is two rows.
        assert list(dict.fromkeys(row["run"] for row in rows)) == shown


def test_what_failed_and_was_repaired_is_not_all_right(tmp_path: Path) -> None:
    """No check finds anything: the story completed an hour later."""
    rows = [attempt("a", 5, story="s", status="failed", error="Boom"), attempt("b", 4, story="s")]
    db = ReportDatabase(tmp_path)
    db.ingest(write(tmp_path / "studio", rows))
    with closing(Served(db.path)) as served:
        page = text(served.get("/").text)
        assert "2 runs , 1 failed (none the day before) . All checks are ok studio" in page
        assert "Everything is all right" not in page
    with closing(connect(db.path)) as connection:
        assert digest(connection, "24h").verdict.startswith("All checks are ok. Last 24 h: 2 runs, 1 failed")


def test_runs_that_calls_alone_name_are_not_missed(tmp_path: Path) -> None:
    """Nothing says when they ran, or how they ended: the page is that of usage alone."""
    db = ReportDatabase(tmp_path)
    db.ingest(write(tmp_path / "studio", [], [f"r{number},acme,{moment(2)},3,USD" for number in (1, 2)]))
    with closing(Served(db.path)) as served:
        page = served.get("/").text
    assert "Last 24 h: 6.00 USD ." in text(page)
    assert [text(title) for title in re.findall(r'<section class="tile">\s*<h2>(.*?)</h2>', page)] == ["Cost", "Calls"]
    with closing(connect(db.path)) as connection:
        assert digest(connection, "24h").verdict == "All is well. Last 24 h: 6.00 USD."


def test_nothing_ran(tmp_path: Path) -> None:
    db = ReportDatabase(tmp_path)
    db.ingest(write(tmp_path / "old", [attempt("a", 500)]))
    day = date.fromisoformat(moment(500)[:10])
    with closing(Served(db.path)) as served:
        ago = (datetime.now(timezone.utc).date() - day).days
        assert text(verdict(served)) == f"Last 24 h: no runs , the last one {ago} days ago ({day}) ."
        link = re.findall(r'href="([^"]+)"', verdict(served))[1]
        assert [row["run"] for row in served.get(link.replace("?", ".json?_shape=array&")).json()] == ["a"]
        # Runs of stories may have failed.
        assert ">failed runs without a story</a>" in served.get("/").text


@pytest.mark.parametrize(
    ("attempts", "calls", "said", "titles"),
    [
        ([], [",acme,{},3,USD"] * 2, "Last 24 h: 6.00 USD .", ["Cost", "Calls"]),
        (
            [attempt("a", 1)],
            [],
            "Last 24 h: 1 run , none failed .",
            ["Success rate", "Runs", "Median duration", "Stuck"],
        ),
        (
            [attempt("a", 1)],
            ["a,acme,{},3,USD"],
            "Last 24 h: 1 run , none failed , 3.00 USD .",
            ["Success rate", "Runs", "Median duration", "Cost", "Stuck"],
        ),
        (
            [attempt("a", 1, story="S-1")],
            ["a,acme,{},3,USD"],
            "Last 24 h: 1 run , none failed , 3.00 USD .",
            ["Success rate", "Runs", "Median duration", "Cost", "Cost per accepted story", "Stuck"],
        ),
        (None, [], "", []),
    ],
)
def test_tiles_are_of_what_there_is(
    tmp_path: Path, attempts: list[dict[str, str]] | None, calls: list[str], said: str, titles: list[str]
) -> None:
    db = ReportDatabase(tmp_path)
    if attempts is None:
        with closing(schema.connect(db.path)) as connection:
            rollups.update(connection)
    else:
        db.ingest(write(tmp_path / "studio", attempts, [call.format(moment(2)) for call in calls]))
    with closing(Served(db.path)) as served:
        page = served.get("/").text
        assert text(verdict(served)) == said
    assert [text(title) for title in re.findall(r'<section class="tile">\s*<h2>(.*?)</h2>', page)] == titles
    assert ("Nothing has been ingested yet" in page) == (attempts is None)
    # Without a cost, no way leads to one, and without stories to none of a story.
    ways = text("".join(re.findall(r'<p class="ways">.*?</p>', page, re.DOTALL)))
    assert ways.startswith("Runs of the last 7 days:") == ("Runs" in titles)
    has_cost = "Cost" in titles and bool(ways)
    shown = [has_cost, "Cost per accepted story" in titles, has_cost]
    assert [way in ways for way in ("most expensive", "by month", "projected")] == shown


def test_calls_alone_have_a_success_rate(tmp_path: Path) -> None:
    """One of four whose outcome is known: none of the two of b; nothing is known of the fifth. Before, one of two."""
    calls = (("a", "completed"), ("a", "failed"), ("b", "failed"), ("b", "failed"), ("a", ""))
    lines = [f"acme,{endpoint},{moment(2)},{status}" for endpoint, status in calls]
    lines += [f"acme,a,{moment(9 * 24)},{status}" for status in ("completed", "failed")]
    (tmp_path / "calls.csv").write_text("\n".join(["provider,endpoint,called_at,status", *lines]), encoding="utf-8")
    db = ReportDatabase(tmp_path)
    db.ingest(tmp_path / "calls.csv")
    with closing(Served(db.path)) as served:
        assert "Success rate 25.0 % ▼ 25.0 points worse of the calls in the last 7 days" in text(served.get("/").text)


RUNS = {"figure": "runs", "value": 1200, "previous_value": 900, "currency": None}


@pytest.mark.parametrize(
    ("failed", "slow", "said", "bad"),
    [
        ((0, 0), [], "1,200 runs, none failed", []),
        ((0, 4), [], "1,200 runs, none failed (4 the day before)", []),
        ((1000, 4), [], "1,200 runs, 1,000 failed (4 the day before)", ["1,000 failed (4 the day before)"]),
        # One in twenty is slow as usual, and one in ten may be by chance.
        ((0, 0), [("a", 1, 10), ("b", 50, 1000)], "1,200 runs, none failed, 51 slower than usual", []),
        # The only slow one has others beside it.
        (
            (0, 0),
            [("a", 6, 6)],
            "1,200 runs, none failed, 6 slower than usual (a: 6 of 6)",
            ["6 slower than usual (a: 6 of 6)"],
        ),
        ((0, 0), [(None, 1, 9)], "1,200 runs, none failed, 1 slower than usual", ["1 slower than usual"]),
        (
            (0, 0),
            [("a", 2, 9), ("b", 50, 1000)],
            "1,200 runs, none failed, 52 slower than usual (a: 2 of 9)",
            ["52 slower than usual (a: 2 of 9)"],
        ),
    ],
)
def test_what_is_bad_news(
    failed: tuple[int, int], slow: list[tuple[str | None, int, int]], said: str, bad: list[str]
) -> None:
    rows = [RUNS, {**RUNS, "figure": "failed runs", "value": failed[0], "previous_value": failed[1]}]
    slow_rows = [{"source": "s", "pipeline": name, "slow": few, "compared_runs": all_} for name, few, all_ in slow]
    facts = figures.verdict(rows, slow_rows)
    assert ", ".join(fact.text for fact in facts) == said
    assert [fact.text for fact in facts if fact.is_bad] == bad


def test_a_slow_pipeline_beside_those_of_other_sources_is_named_with_its_own() -> None:
    slow = {"source": "film", "pipeline": "main", "slow": 2, "compared_runs": 4}
    facts = figures.verdict([RUNS], [slow, {**slow, "source": "studio", "slow": 1, "compared_runs": 50}])
    assert facts[-1].text == "3 slower than usual (film main: 2 of 4)"


@pytest.mark.parametrize(
    ("row", "said", "params"),
    [
        (
            {"failures": 3},
            "s books failed 3 times in cut, since 02:31 UTC",
            {"source": "s", "pipeline": "books", "step": "cut"},
        ),
        ({}, "s books failed once in cut, at 02:31 UTC", {"source": "s", "pipeline": "books", "step": "cut"}),
        (
            {"failures": 9, "pipelines": 4, "pipeline": None, "step": None},
            "4 pipelines failed 9 times, since 02:31 UTC",
            {"source": "s"},
        ),
        (
            {"pipeline": None, "step": "write a very long chapter of a story, part 17"},
            "s failed once in write a ve… story, part 17, at 02:31 UTC",
            {"source": "s", "step": "write a very long chapter of a story, part 17"},
        ),
        (
            {"first_at": "2026-02-28T23:59:07.000Z", "failures": 2, "step": None},
            "s books failed 2 times, since 23:59 UTC yesterday",
            {"source": "s", "pipeline": "books"},
        ),
        (
            {"first_at": "2026-02-27T23:59:07.000Z", "step": None},
            "s books failed once, at 2026-02-27 23:59 UTC",
            {"source": "s", "pipeline": "books"},
        ),
    ],
)
def test_where_most_failed(
    monkeypatch: pytest.MonkeyPatch, row: dict[str, object], said: str, params: dict[str, str]
) -> None:
    monkeypatch.setattr(periods, "now", lambda: datetime(2026, 3, 1, 3, tzinfo=timezone.utc))
    plain = {"failures": 1, "pipelines": 1, "source": "s", "pipeline": "books", "step": "cut", "error": "Torn\n\tpaper"}
    fact = reasons.most_failed([{**plain, "first_at": "2026-03-01T02:31:07.000Z", **row}])
    assert fact
    assert (fact.text, fact.detail) == (said, "Torn paper")
    assert fact.params == {"since": "24h", **params}


@pytest.mark.parametrize(
    ("before", "said"),
    [(2.0, "5.00 USD, 150 % more than the day before"), (0.05, "5.00 USD, 100 times the day before")],
)
def test_a_cost_of_many_times_is_no_percentage(before: float, said: str) -> None:
    row = {"figure": "cost", "value": 5.0, "previous_value": before, "currency": "USD", "source": "a"}
    assert ", ".join(fact.text for fact in figures.verdict([row], None)) == f"no runs, {said}"


@pytest.mark.parametrize(
    ("hidden", "gone", "left"),
    [
        ("last_hours", "Last 24 h", 'id="wall"'),
        ("slow_runs", "(tales: 1 of 2)", "4 runs"),
        ("failed_runs", 'class="reason"', "4 runs"),
        ("run_wall", 'id="wall"', "4 runs"),
        ("recent_runs", "/storyreport/recent_runs", "4 runs"),
        ("run_durations", "Median duration", "Success rate"),
        ("cost", "Cost of this month", "Success rate"),
        ("throughput", "Success rate", "Median duration"),
    ],
)
def test_what_is_hidden_is_not_said(served: Served, hidden: str, gone: str, left: str) -> None:
    """Not even to somebody who comes after one who may see it."""
    assert gone in served.get("/").text
    with denied(hidden):
        page = served.get("/").text
        assert gone not in page
        assert left in page
    assert gone in served.get("/").text


def squares(served: Served, address: str = "/") -> dict[str, list[tuple[str, float, str]]]:
    """The wall: by the name of a row, the status, height and title of each square, from left to right."""
    found = {}
    for name, row in re.findall(
        r'<span class="wall-name">(.*?)</span>\s*<svg(.*?)</svg>', served.get(address).text, re.DOTALL
    ):
        drawn = re.findall(
            r"<title>(.*?)</title>.*?<rect class=\"wall-(\w+( wall-slow)?)\"[^>]*? height=\"([\d.]+)\"", row, re.DOTALL
        )
        found[text(name)] = [(css, float(height), unescape(title)) for title, css, _, height in drawn]
    return found


def legend(page: str) -> str:
    """What is said of the colours of the wall."""
    return text(page.partition('class="wall-legend">')[2].partition("<a")[0])


def test_the_wall(served: Served) -> None:
    """The newest at the right; its p95 of 10 s is three quarters of the height, 18; 4 s are 7.2; 40 s more than all."""
    wall = squares(served)
    assert list(wall) == ["studio tales", "film films", f"studio {HOSTILE[:6]}…{HOSTILE[-10:]}"]
    tales = wall["studio tales"]
    assert len(tales) == 24
    assert [css for css, _, _ in tales[-3:]] == ["failed", "completed wall-slow", "completed"]
    (_, low, lost), (_, high, slow), (_, usual, quick) = tales[-3:]
    assert low == pytest.approx(7.2, abs=0.2)
    assert high == 24
    assert usual == pytest.approx(18, abs=0.3)
    assert lost.startswith("lost: failed, 4.0 s, usually ")
    assert "slower than usual" in slow
    assert quick.startswith("quick: completed, 10.0 s, usually ")
    assert "slower" not in quick
    assert list(squares(served, "/?source=film")) == ["film films"]
    assert legend(served.get("/").text) == "height: duration completed failed open slower than usual"


def test_each_square_leads_to_its_run(served: Served) -> None:
    page = served.get("/").text.partition('class="wall-rows"')[2]
    link = re.search(r'<a href="(/-/run/[^"]+)"><title>slow: ', page)
    assert link
    assert "Run slow" in text(served.get(unescape(link[1])).text)
    assert HOSTILE not in page
    assert ESCAPED in page


def test_the_wall_is_bounded(tmp_path: Path) -> None:
    """Eleven pipelines, of which the eight that ran last are shown; of each the last forty runs."""
    rows = [attempt(f"r{n}-{run:03}", 10 * n + run / 100, pipeline=f"p{n:02}") for n in range(11) for run in range(45)]
    rows[0]["status"], rows[1]["status"] = "blocked", "skipped"
    db = ReportDatabase(tmp_path)
    db.ingest(write(tmp_path / "many", rows))
    with closing(Served(db.path)) as served:
        wall = squares(served)
        assert len(wall) == 8
        assert all(len(row) == 40 for row in wall.values())
        # The 40th from the right began before the others.
        assert wall["many p00"][0][2].startswith("r0-039:")
        page = served.get("/").text
    assert "3 more" in page
    assert legend(page) == "height: duration completed failed open blocked other slower than usual"
