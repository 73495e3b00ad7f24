"""The home page: what it says is counted from planted rows, and what may not be seen is nowhere on it."""

import re
import shutil
import sqlite3
import time
from collections.abc import Iterator
from contextlib import closing
from dataclasses import replace
from datetime import datetime, timedelta, timezone
from functools import cache
from html import unescape
from pathlib import Path

import pytest
from helpers.denying import denied
from helpers.report_database import change
from helpers.serving import ESCAPED, HOSTILE, SOURCES, Served, fill

from storyreport import reports, schema
from storyreport.web.tiles import Span, Words, _span, _tile


@cache
def now() -> datetime:
    """When the first test of this module began: it may have been collected on the day before."""
    return datetime.now(timezone.utc)


# Runs that completed and failed, and what was spent, so many days ago.
RUNS = {0: (3, 1), 6: (6, 0), 7: (5, 5), 13: (1, 2), 14: (70, 70)}
ENDLESS = (
    "with recursive endless (n) as (select 1 union all select n + 1 from endless)"
    " select '' as last_activity_at, '' as started_at, count(*) as n from endless"
)


def day(ago: int) -> str:
    return (now() - timedelta(days=ago)).date().isoformat()


@pytest.fixture(scope="module")
def path(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The planted report database, in which something happened last week too."""
    path = tmp_path_factory.mktemp("home") / "storyreport.db"
    fill(path)
    with closing(schema.connect(path)) as connection:
        connection.executemany(
            "insert into rollup_source_days (day, source_id, stories_started, stories_completed, runs_completed,"
            " runs_failed) values (?, 1, 1, 1, ?, ?)",
            [(day(ago), completed, failed) for ago, (completed, failed) in RUNS.items()],
        )
        connection.execute(
            "insert into rollup_step_days (day, source_id, family, executions, completed, failed, timed, total_ms,"
            " max_ms) values (?, 2, 'paint', 4, 4, 0, 4, 4000000, 2000000)",
            (day(1),),
        )
        connection.execute(
            "insert into rollup_call_days (day, source_id, provider, model, currency, calls, cost_nano, unpriced_calls)"
            " values (?, 2, 'openai', 'gpt-5', 'USD', 1, 4250000000, 0)",
            (day(0),),
        )
        connection.execute(
            "insert into ingests (source_id, started_at, finished_at, status, rows_read, inserted, updated, gone,"
            " rejected, duration_ms) values (2, ?, ?, 'completed', 9, 9, 0, 0, 0, 1)",
            (now().isoformat()[:19] + "Z",) * 2,
        )
        connection.execute("insert into rollup_failed_steps values (1, 'story-1', 1, '2025-03-02T00:00:01.000Z')")
    return path


@pytest.fixture(scope="module")
def served(path: Path) -> Iterator[Served]:
    """Datasette with it."""
    served = Served(path)
    yield served
    served.close()


def text(html: str) -> str:
    """A page's text, in one line."""
    return " ".join(unescape(re.sub(r"<[^>]*>", " ", html)).split())


def tiles(served: Served) -> dict[str, str]:
    """The tiles by their titles."""
    found = re.findall(r'<section class="tile">\s*<h2>(.*?)</h2>(.*?)</section>', served.get("/").text, re.DOTALL)
    return {text(title): text(body) for title, body in found}


def catalogue(page: str) -> list[str]:
    """The reports that the catalogue shows."""
    items = re.findall(r'<li( hidden)? data-words=.*?href="/storyreport/(\w+)"', page, re.DOTALL)
    return [name for hidden, name in items if not hidden]


def test_the_tiles_say_what_was_planted(served: Served) -> None:
    """Figures of RUNS and of one call of 4.25 USD; what came on days 7 to 13 is the week before.

    Today is not over: runs are compared by full days, 16 on days 1 to 7 against 143 on days 8 to 14.
    """
    shown = tiles(served)
    # 9 of 10 runs against 6 of 13: 90.0 % and 46.2 %.
    assert shown["Success rate"].startswith("90.0 % ▲ 43.8 points better 9 of 10 runs")
    assert shown["Runs"].startswith("10 ▼ 89 % fewer 1 failed")
    for title, tone in (("Success rate", "good"), ("Runs", "bad")):
        assert re.search(rf">{title}</a></h2>.*?<p class=.change {tone}.", served.get("/").text, re.DOTALL)
    assert shown["Median duration"] == "\N{EN DASH} no run completed in the last 7 days"
    assert shown["Cost"].startswith("4.25 USD last 7 days")
    # Two stories were completed, which is accepted.
    assert shown["Cost per accepted story"].startswith("2.12 USD 2 stories accepted")
    # run-1 and run-2, silent since 2025.
    assert shown["Stuck"].startswith("2 silent for too long")


@pytest.mark.parametrize(("now", "tone"), [(104, ""), (106, "bad"), (94, "good")])
def test_a_small_change_is_neither_good_nor_bad(now: float, tone: str) -> None:
    """Of a cost of 100 USD the week before."""
    found = _tile("Cost", "", Span(now, 100, {}), "", Words("more", "less", False))
    assert (found.change[2:], found.tone) == (f"{abs(now - 100)} % {'more' if now > 100 else 'less'}", tone)


@pytest.mark.parametrize(("begun", "said"), [(14, "250 % more"), (13, "")])
def test_a_part_of_the_days_before_is_no_measure(begun: int, said: str) -> None:
    """Two runs a day up to yesterday; of the seven days before there are four, since the history began."""
    rows = [{"day": day(ago), "runs": 2} for ago in range(1, 8)]
    span = _span([*rows, {"day": day(begun), "runs": 4}], "runs")
    assert _tile("Runs", "", span, "14", Words("more", "fewer", True)).change[2:] == said


def test_health_leads_on(served: Served) -> None:
    page = served.get("/").text
    health = page.partition('<section class="health"')[2].partition("</section>")[0]
    assert page.index('class="verdict"') < page.index('class="tiles"') < page.index('class="health"')
    # The title leads there from the first screen.
    found = re.search(r'<a href="#health">(\d+ things to look at)</a>', page.partition('class="tiles"')[0])
    assert found
    assert f">{found[1]}</a></h2>" in health
    assert 'href="/storyreport/orphans"' in health
    assert 'href="/storyreport/stuck_runs"' in health
    assert "status-problem" in health


def test_a_search_works_by_its_address(served: Served) -> None:
    about = [
        report.name
        for report in reports.load_reports().values()
        if "stuck" in f"{report.name} {report.title} {report.topic} {report.description}".lower()
    ]
    assert "stuck_runs" in about
    # An address of before, when the search stood on the home page, leads there.
    for path in ("/-/reports", "/"):
        assert catalogue(served.get(f"{path}?q=Stuck").text) == about
    assert catalogue(served.get("/-/reports").text) == list(reports.load_reports())
    assert catalogue(served.get("/").text) == []
    nothing = served.get(f"/?q={HOSTILE}").text
    assert catalogue(nothing) == []
    assert '<p class="none" role="status">' in nothing
    assert HOSTILE not in nothing
    assert ESCAPED in nothing


@pytest.mark.parametrize(
    ("query", "name"), [("story-1", "story-1"), ("Story-1", "story-1"), ("run-2", "run-2"), ("write", "write")]
)
def test_a_search_finds_a_thing_by_its_key(served: Served, query: str, name: str) -> None:
    page = served.get(f"/?q={query}").text
    link = re.search(rf'href="(/-/\w+/{name}\?source=\w+)"', page)
    assert link
    assert name in served.get(link[1]).text


def test_a_step_is_found_by_its_own_name_and_by_its_family_s(served: Served) -> None:
    """write_1 is an instance of write in alpha; what begins with write is that, and write of beta."""
    for name, sources in {"write_1": ["alpha"], "writ": ["alpha", "beta"]}.items():
        found = served.get(f"/?q={name}").text.partition(f"Search results for {name}")[2].partition("</table>")[0]
        links = re.findall(r'href="(/-/step/[^"]+)"', found)
        assert links == [f"/-/step/write?source={source}" for source in sources]


def test_instances_of_a_step_are_counted(path: Path, tmp_path: Path) -> None:
    """A family's instances are one row with how many are called so, one that is asked for alone is named."""
    copy = Path(shutil.copy(path, tmp_path))
    with closing(schema.connect(copy)) as connection:
        instances = [f"draw_{number}" for number in range(1, 25)]
        connection.executemany(
            "insert into steps (source_id, name, family) values (2, ?, 'draw')", [(name,) for name in instances]
        )
        connection.executemany(
            "insert into steps (source_id, name, family) values (?, ?, ?)",
            [(source, f"z{number:02}", f"z{number:02}") for number in reversed(range(40)) for source in (2, 1)],
        )
        for wanted in ("draw", "draw_", "draw_2", "draw_24", "draw_25"):
            count = sum(name.startswith(wanted) for name in instances)
            title = wanted if count == 1 else f"{count} instances"
            assert called(connection, wanted) == ([("beta", "draw", title)] if count else [])
        found = [row[:2] for row in called(connection, "z")]
        assert found == sorted(((s, f"z{n:02}") for n in range(40) for s in SOURCES), key=lambda row: row[::-1])[:50]


def test_the_first_of_what_is_called_so_are_found(path: Path, tmp_path: Path) -> None:
    """The first 50 by their keys, of all sources together, however they are spread over them; and of one alone."""
    copy = Path(shutil.copy(path, tmp_path))
    keys = {1: [f"key-{n:03}" for n in range(0, 120, 3)], 2: [f"key-{n:03}" for n in range(120)]}
    with closing(schema.connect(copy)) as connection:
        for source, own in keys.items():
            for table, kind in (("stories", ""), ("runs", ", kind")):
                connection.executemany(
                    f"insert into {table} (source_id, source_key, input_id{kind}) values"
                    f" (?, ?, ?{', ' + repr('batch') if kind else ''})",
                    [(source, key, source) for key in reversed(own)],
                )
        everything = sorted((key, name) for place, name in enumerate(SOURCES, 1) for key in keys[place])
        for kind in ("story", "run"):
            for wanted in ("key", "key-0", "key-09", "key-119", "key-12"):
                _, rows = reports.run(connection, reports.find("find"), {"name": wanted})
                found = [(row[2] or row[3], row[0]) for row in rows if row[1] == kind]
                assert found == [pair for pair in everything if pair[0].startswith(wanted)][:50]
            _, rows = reports.run(connection, reports.find("find"), {"name": "key", "source": "alpha"})
            assert [row[2] or row[3] for row in rows if row[1] == kind] == keys[1]


def called(connection: sqlite3.Connection, name: str) -> list[tuple[str, str, str]]:
    """(source, step, title) of the steps that are found."""
    columns, rows = reports.run(connection, reports.find("find"), {"name": name})
    shown = (columns.index("source"), columns.index("step"), columns.index("title"))
    return [(row[shown[0]], row[shown[1]], row[shown[2]]) for row in rows if row[1] == "step"]


@pytest.mark.parametrize("name", ["stuck_runs", "orphans", "health", "throughput"])
def test_a_refused_report_is_nowhere(served: Served, name: str) -> None:
    assert name in served.get("/").text + served.get("/-/reports").text
    with denied(name):
        assert served.get(f"/storyreport/{name}").status_code == 403
        for address in (
            "/",
            "/-/reports",
            "/-/reports?q=e",
            "/storyreport/slowest_steps",
            "/-/source/alpha",
            "/-/run/run-1",
        ):
            page = served.get(address)
            assert page.status_code == 200
            assert f"/storyreport/{name}" not in page.text
            assert reports.find(name).title not in text(page.text)


def test_who_may_see_nothing_learns_nothing(served: Served) -> None:
    with denied():
        page = served.get("/")
        assert page.status_code == 200
        for word in ("alpha", "beta", "stuck_runs", "Slowest"):
            assert word not in page.text
        assert served.get("/-/source/alpha").status_code == 403
        assert served.get("/-/story/story-1?source=alpha").status_code == 403
        assert served.get("/-/step/write_1").status_code == 403


def test_what_takes_too_long_says_so_and_the_rest_is_there(served: Served, monkeypatch: pytest.MonkeyPatch) -> None:
    known = reports.load_reports()
    slow = replace(known["stuck_runs"], sql=ENDLESS)
    monkeypatch.setattr(reports, "load_reports", lambda: {**known, "stuck_runs": slow})
    monkeypatch.setattr(served.datasette, "sql_time_limit_ms", 50)
    shown = tiles(served)
    assert "took too long" in shown["Stuck"]
    assert shown["Runs"].startswith("10 ")


def test_each_report_is_asked_once_for_what_it_shows(served: Served, monkeypatch: pytest.MonkeyPatch) -> None:
    # The first reader lays out the log of the file, which is another state of it.
    served.get("/")
    served.get("/")
    # Whatever was said before is forgotten with the minute.
    at = time.time() + 3600
    monkeypatch.setattr(time, "time", lambda: at)
    asked = []
    database = served.datasette.get_database("storyreport")
    execute = database.execute

    async def noted(sql: str, *arguments: object, **options: object) -> object:
        asked.append((sql, str(arguments)))
        return await execute(sql, *arguments, **options)

    monkeypatch.setattr(database, "execute", noted)
    served.get("/")
    questions = [question for question in asked if question[0].startswith("with report as")]
    assert len(questions) == len(set(questions)) >= 6
    asked.clear()
    served.get("/")
    assert asked == [], "nothing has changed since"


def test_it_shows_what_was_written_just_now(tmp_path: Path) -> None:
    """What was kept of the answers before is forgotten as soon as the report database has changed."""
    path = tmp_path / "r.db"
    fill(path)
    served = Served(path)
    try:
        assert "The Brave Fox" in served.get("/?q=story-2").text
        for title in ("The Old Fox", "The Sly Fox"):
            change(path, f"update stories set title = '{title}' where id = 2")
            assert title in served.get("/?q=story-2").text
    finally:
        served.close()


def test_a_link_to_it_has_a_preview(served: Served) -> None:
    for address, title in (
        ("/", "storyreport"),
        ("/storyreport/slowest_steps?source=beta", "Slowest steps (source beta)"),
        ("/-/step/write", "Step write"),
    ):
        page = served.get(address).text
        assert f'<meta property="og:title" content="{title}">' in page
        assert re.search(r'<meta property="og:description" content="\w[^"]{20,}">', page)
        assert re.search(r'<meta name="description" content="\w[^"]{20,}">', page)


def followed(served: Served, page: str, address: str) -> str:
    """The page behind the first link of a page that begins with the address."""
    link = re.search(rf'href="({re.escape(address)}[^"]*)"', page)
    assert link, address
    answer = served.get(unescape(link[1]))
    assert answer.status_code == 200
    return str(answer.text)


def test_a_newcomer_gets_there_in_three_clicks(served: Served) -> None:
    home = served.get("/").text
    # Which step is slowest, and since when.
    week = followed(served, followed(served, home, "/storyreport/slowest_steps"), "/storyreport/slowest_steps?since=7d")
    step = followed(served, week, "/-/step/paint")
    assert "<title>Step paint</title>" in step
    assert day(1) in step.partition('id="step_durations"')[2]
    # Why a story failed and what it cost.
    story = followed(served, followed(served, home, "/storyreport/failed_stories"), "/-/story/")
    assert ESCAPED in story.partition('id="failed_stories"')[2].partition("</section>")[0]
    assert 'id="cost_by_story"' in story
    # Stuck work, and what points at nothing with what to do about it.
    assert "run-1" in followed(served, home, "/storyreport/stuck_runs")
    assert "Restore run run-lost in alpha, or delete this step run there." in followed(
        served, home, "/storyreport/orphans"
    )
    # What the last week cost and whether the data is fresh stand on the home page itself.
    assert tiles(served)["Cost"].startswith("4.25 USD")
    assert re.search(r"alpha \(tracker, read \d+ days ago", text(home))
