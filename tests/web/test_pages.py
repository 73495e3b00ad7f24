"""What Datasette serves: pages, JSON and CSV, with the defaults in force and everything escaped."""

import asyncio
import csv
import io
import re
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest
from datasette.utils import PrefixedUrlString
from helpers.platforms import only_with_sql
from helpers.serving import AS_OF, ESCAPED, HOSTILE, HOSTILE_TOTAL, WRITE_AVERAGE, WRITE_TOTAL, Served, fill

from storyreport import reports, rollups, schema
from storyreport.values import prose
from storyreport.web.mode import Mode
from storyreport.web.server import Extras

CATALOGUE = reports.load_reports()


@pytest.fixture(scope="module")
def path(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A filled report database whose name means something in a URI."""
    path = tmp_path_factory.mktemp("served") / "odd #1?%41.sqlite"
    fill(path)
    return path


@pytest.fixture(scope="module")
def served(path: Path) -> Iterator[Served]:
    """Datasette with the filled report database."""
    served = Served(path)
    yield served
    served.close()


@pytest.fixture(scope="module")
def nothing(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    """Datasette with an empty report database."""
    path = tmp_path_factory.mktemp("empty") / "storyreport.db"
    with closing(schema.connect(path)) as connection:
        rollups.update(connection)
    served = Served(path)
    yield served
    served.close()


def objects(served: Served, address: str) -> list[dict[str, object]]:
    response = served.get(address)
    assert response.status_code == 200, response.text
    rows: list[dict[str, object]] = response.json()
    return rows


def test_the_catalogue_lists_every_report_by_topic(served: Served) -> None:
    listed = served.get("/-/reports").text.partition('<nav class="catalogue"')[2]
    topics = [topic for topic in reports.TOPICS if any(report.topic == topic for report in CATALOGUE.values())]
    assert [text for text in re.findall(r"<h2[^>]*>(.*?)</h2>", listed) if text in reports.TOPICS] == topics
    assert re.findall(r'<a href="/storyreport/(\w+)">', listed)[: len(CATALOGUE)] == list(CATALOGUE)


def test_home_says_which_sources_and_how_fresh(served: Served, nothing: Served) -> None:
    home = served.get("/").text
    assert re.search(
        r"<b>alpha</b></a>\s+\(tracker,\s+<time datetime=\"2025-03-10T11:00:02.000Z\".*?>read \d+ days ago", home
    )
    assert re.search(r"<b>beta</b></a>\s+\(media,\s+never read\)", home)
    assert "Nothing has been ingested yet" in nothing.get("/").text


def test_the_database_is_called_storyreport_whatever_its_file(served: Served) -> None:
    assert [name for name in served.datasette.databases if name != "_internal"] == ["storyreport"]
    assert served.get("/storyreport/sources.json").status_code == 200


def test_the_script_that_draws_is_there_and_nothing_beside_it(served: Served) -> None:
    """It defines what chart.js calls, and is kept by a browser for good, as its address names its version."""
    script = served.get("/vega/vega.js?_hash=1")
    assert script.headers["content-type"] == "text/javascript; charset=utf-8"
    assert "window.vegaEmbed" in script.text
    assert served.get("/vega/other.js").status_code == 404


def test_json_is_what_the_report_says(served: Served, path: Path) -> None:
    with closing(sqlite3.connect(path)) as connection:
        for report in CATALOGUE.values():
            given = {"as_of": AS_OF} if any(param.name == "as_of" for param in report.params) else {}
            query = "".join(f"&{name}={value}" for name, value in given.items())
            columns, rows = reports.run(connection, report, given)
            expected = [dict(zip(columns, row, strict=True)) for row in rows]
            assert objects(served, f"/storyreport/{report.name}.json?_shape=array{query}") == expected


def test_planted_numbers_come_out_as_json(served: Served) -> None:
    slow = objects(served, "/storyreport/slowest_steps.json?_shape=array")
    assert [(row["source"], row["step"], row["total_ms"]) for row in slow] == [
        ("alpha", "write", WRITE_TOTAL),
        ("alpha", HOSTILE, HOSTILE_TOTAL),
        ("beta", "write", 2_000),
    ]
    assert slow[0]["avg_ms"] == WRITE_AVERAGE
    rates = objects(served, "/storyreport/failure_rates.json?_shape=array&since=2025-03-02&until=2025-03-02")
    assert [(row["source"], row["executions"], row["failure_pct"]) for row in rates] == [
        ("alpha", 10, 50.0),
        ("alpha", 60, 16.67),
        ("beta", 4, 0.0),
    ]


def test_defaults_are_in_force_on_page_json_and_csv(served: Served) -> None:
    # run-1 has been silent for 180 minutes, run-2 for two and a half: the header's 60 lists run-1 only.
    for parameters in ("", "&minutes=", "&minutes=%20"):
        query = f"?as_of={AS_OF}{parameters}"
        assert [row["run"] for row in objects(served, f"/storyreport/stuck_runs.json{query}&_shape=array")] == ["run-1"]
        table = csv.DictReader(io.StringIO(served.get(f"/storyreport/stuck_runs.csv{query}").text))
        assert [(row["run"], row["stuck_minutes"]) for row in table] == [("run-1", "180")]
        page = served.get(f"/storyreport/stuck_runs{query}").text
        assert '<span class="num" title="180">3 h</span>' in page
        assert "run-2" not in page
        assert re.search(r'name="minutes" value="60"[^>]*type="number"', page)
    rows = objects(served, f"/storyreport/stuck_runs.json?as_of={AS_OF}&minutes=2&_shape=array")
    assert [row["run"] for row in rows] == ["run-1", "run-2"]


@pytest.mark.parametrize(
    ("address", "said"),
    [
        ("stuck_runs", "Filters"),
        ("stuck_runs?minutes=90&source=alpha", "Filters: minutes 90"),
        (f"recent_runs?story={HOSTILE}&order=cost", f"Filters: story {ESCAPED}, order cost"),
        # A field that has to be filled in is not folded away.
        ("run_status?run=run-1", None),
    ],
)
def test_a_folded_form_names_what_is_chosen_in_it(served: Served, address: str, said: str | None) -> None:
    page = served.get(f"/storyreport/{address}").text
    assert re.findall(r'<details class="folded-form"><summary>(.*?)</summary>', page) == ([said] if said else [])
    assert page.count('<form class="parameters') == 1


def test_commands_in_sentences_are_code(served: Served) -> None:
    """Those of a description, of an empty report and of the catalogue; what a reader wrote is escaped first."""
    page = served.get("/storyreport/notes").text
    assert page.count("<code>storyreport note</code>") == 2
    assert "<code>storyreport note</code>" in served.get("/-/reports").text
    assert prose.html("Use `a <b>` & `c`, not `.") == "Use <code>a &lt;b&gt;</code> &amp; <code>c</code>, not `."


def test_links_of_a_page_carry_all_parameters(served: Served) -> None:
    page = served.get(f"/storyreport/stuck_runs?as_of={AS_OF}").text
    moment = AS_OF.replace(":", "%3A")
    links = re.findall(r'href="(/storyreport/stuck_runs[.?][^"]*)"', page)
    # JSON, CSV, the address itself, the chart as SVG and as PNG, and the order by each column but the empty pipeline.
    assert len(links) == 5 + len(CATALOGUE["stuck_runs"].columns) - 1
    for link in links:
        assert all(value in link for value in ("source=", "minutes=60", f"as_of={moment}"))


def test_a_report_is_addressed_under_a_base_url(path: Path) -> None:
    served = Served(path)
    served.datasette._settings["base_url"] = "/reports/"
    # The client puts the base before the address.
    response = served.get("/storyreport/stuck_runs.json?minutes=x")
    assert (response.status_code, response.json()["error"]) == (
        400,
        "minutes must be a number from 0 to 525,600,000, not 'x'.",
    )
    page = served.get("/storyreport/slowest_steps").text
    assert re.search(r'src="/reports/static/page.js\?_hash=[0-9a-f]{12}"', page)
    assert 'action="/reports/storyreport/slowest_steps"' in page
    assert 'action="/reports/-/page/cost"' in served.get("/-/page/cost").text
    # Datasette's own pages, and where it leads to; a proxy may also take the base away.
    for address in ("/storyreport/runs?_size=1", PrefixedUrlString("/storyreport/runs?_size=1")):
        page = served.get(address).text
        assert 'href="/reports/storyreport/runs.json?_size=1' in page
        assert "/reports/reports/" not in page
    assert served.get("/storyreport/").history[0].headers["location"] == "/reports/storyreport"
    served.close()


@pytest.mark.parametrize(
    ("query", "sentence"),
    [
        ("minutes=soon", "minutes must be a number from 0 to 525,600,000, not 'soon'."),
        ("as_of=soon", "as_of must be 'now' or a UTC time such as 2025-01-31T09:30:00Z, not 'soon'."),
        (
            "minuts=5",
            "stuck_runs has no parameter 'minuts': it takes source, pipeline, minutes, queued_minutes, as_of.",
        ),
    ],
)
def test_a_wrong_parameter_is_a_400_with_one_sentence(served: Served, query: str, sentence: str) -> None:
    page = served.get(f"/storyreport/stuck_runs?{query}")
    data = served.get(f"/storyreport/stuck_runs.json?{query}")
    table = served.get(f"/storyreport/stuck_runs.csv?{query}")
    assert {page.status_code, data.status_code, table.status_code} == {400}
    assert sentence.replace("'", "&#39;") in page.text
    assert data.json()["error"] == sentence
    assert table.text == sentence + "\n"


def test_a_wrong_value_is_escaped_too(served: Served) -> None:
    page = served.get(f"/storyreport/stuck_runs?minutes={HOSTILE}")
    assert page.status_code == 400
    assert HOSTILE not in page.text
    page = served.get(f"/storyreport/orphans?kind={HOSTILE}&source={HOSTILE}")
    assert page.status_code == 200
    assert HOSTILE not in page.text
    assert ESCAPED in page.text


@pytest.mark.parametrize("address", ["/", "/storyreport", *(f"/storyreport/{name}" for name in CATALOGUE)])
def test_hostile_text_stays_text(served: Served, address: str) -> None:
    page = served.get(address)
    assert page.status_code == 200
    assert HOSTILE not in page.text


@pytest.mark.parametrize(
    "address",
    [
        "/storyreport/stories",
        "/storyreport/errors",
        "/storyreport/steps",
        "/storyreport/step_runs",
        "/storyreport/stories/1",
        "/storyreport/slowest_steps",
        "/storyreport/orphans",
        f"/storyreport/stuck_runs?as_of={AS_OF}",
    ],
)
def test_hostile_text_is_shown(served: Served, address: str) -> None:
    page = served.get(address).text
    assert HOSTILE not in page
    assert ESCAPED in page


def test_a_page_shows_values_for_people_and_json_plain_ones(served: Served) -> None:
    page = served.get("/storyreport/slowest_steps").text
    assert f'<span class="num" title="{WRITE_TOTAL}">3 min 4 s</span>' in page
    assert f'<span class="num" title="{WRITE_AVERAGE}">1.8 s</span>' in page
    assert '<span class="num" title="500">500 ms</span>' in page
    assert ">74.8 %<" in page
    page = served.get("/storyreport/cost").text
    assert ">12.50 USD<" in page
    assert ">0.00031 USD<" in page
    assert ">7.00 EUR<" in page
    assert ">1,234<" in page
    # A table's page is for looking at what is stored.
    assert ">184" not in served.get("/storyreport/rollup_step_days").text
    assert ">92000<" in served.get("/storyreport/rollup_step_days").text.replace("92,000", "92000")


def test_cells_link_to_what_shows_them(served: Served) -> None:
    page = served.get(f"/storyreport/stuck_runs?as_of={AS_OF}").text
    for text in ("alpha", "run-1", "story-1"):
        link = re.search(rf'<a href="(/-/[^"]+)">{text}</a>', page)
        assert link, text
        target = served.get(link[1].replace("&amp;", "&"))
        assert target.status_code == 200
        assert text in target.text


def test_the_form_has_the_right_inputs(served: Served) -> None:
    page = served.get("/storyreport/slowest_steps?source=beta&since=2025-03-01").text
    select = re.search(r'<select[^>]*name="source".*?</select>', page, re.DOTALL)
    assert select
    assert re.findall(r"<option value=\"[^\"]*\"( selected)?>(.*?)</option>", select[0]) == [
        ("", "all sources"),
        ("", "alpha"),
        (" selected", "beta"),
    ]
    assert re.search(r'name="since" value="2025-03-01"[^>]*type="text"', page)
    # The page speaks of the chosen source only.
    assert "<b>beta</b>" in page
    assert "<b>alpha</b>" not in page


def test_the_chart_has_the_pages_own_rows(served: Served) -> None:
    page = served.get("/storyreport/slowest_steps?source=alpha").text
    marks = re.findall(r'<path aria-label="([^"]*)" role="graphics-symbol" aria-roledescription="bar"', page)
    # Two steps, each in the picture for screens and in the one for phones.
    assert len(marks) == 4
    assert sum("step: write" in mark and "executions: 120" in mark for mark in marks) == 2
    assert sum(f"step: {ESCAPED}" in mark and "executions: 10;" in mark for mark in marks) == 2


@pytest.mark.parametrize(
    ("query", "why"),
    [
        ("?source=gamma", "There is no source &#39;gamma&#39;."),
        ("?since=2031-01-01", "No rows for since = 2031-01-01"),
    ],
)
def test_an_empty_report_says_why(served: Served, query: str, why: str) -> None:
    page = " ".join(served.get(f"/storyreport/slowest_steps{query}").text.split())
    assert '<p class="zero-results">' in page
    assert why in page
    assert "<figure" not in page


def test_without_data_every_report_says_so(nothing: Served) -> None:
    for name in CATALOGUE:
        page = nothing.get(f"/storyreport/{name}")
        assert page.status_code == 200
        assert "Nothing has been ingested yet" in page.text


def test_the_most_rows_of_a_query_do_not_cut_a_report(served: Served) -> None:
    limit = served.datasette.max_returned_rows
    try:
        served.datasette.max_returned_rows = 2
        served.datasette._settings["max_returned_rows"] = 2
        page = served.get("/storyreport/slowest_steps").text
        assert "<span>3 rows</span>" in page
        assert ">500 ms</span>" in page
    finally:
        served.datasette.max_returned_rows = limit
        served.datasette._settings["max_returned_rows"] = limit


@pytest.fixture(scope="module")
def sql_served(path: Path) -> Iterator[Served]:
    """Datasette where visitors may write SQL."""
    only_with_sql()
    served = Served(path, Extras(mode=Mode(sql=True, local=True)))
    yield served
    served.close()


def test_ad_hoc_sql_keeps_datasettes_own_form(sql_served: Served) -> None:
    page = sql_served.get("/storyreport?sql=select+title+from+stories+where+id+%3D+:id&id=1").text
    assert '<textarea id="sql-editor"' in page
    assert "static/chart.js" not in page
    assert ESCAPED in page
    assert HOSTILE not in page


def test_what_readers_need_not_see_is_hidden(served: Served) -> None:
    tables = {table["name"]: table["hidden"] for table in served.get("/storyreport.json").json()["tables"]}
    assert {name for name, hidden in tables.items() if not hidden} >= {"sources", "stories", "runs", "step_runs"}
    assert all(
        hidden
        for name, hidden in tables.items()
        if name.startswith(("errors_fts", "_", "sqlite_")) or name in ("duration_buckets", "rollup_step_durations")
    )


def test_the_key_of_the_session_hashes_is_not_served(path: Path, served: Served, sql_served: Served) -> None:
    """Whoever may write SQL cannot read the key that would let guesses at session ids be tried."""
    with closing(schema.connect(path)) as connection:
        connection.execute("insert or replace into secrets values ('session key', 'very secret')")
    for query in ("select+*+from+secrets", "select+group_concat(value)+from+(select+value+from+main.secrets)"):
        response = sql_served.get(f"/storyreport.json?sql={query}&_shape=arrays")
        assert response.status_code == 200
        assert "very secret" not in response.text
    for page in ("/storyreport/secrets", "/storyreport/secrets.csv", "/storyreport", "/"):
        assert "very secret" not in served.get(page).text
    assert "session" not in served.get("/storyreport/secrets.json?_shape=array").text


def test_every_report_has_its_page_though_a_table_has_its_name(served: Served, path: Path) -> None:
    with closing(sqlite3.connect(path)) as connection:
        tables = {name for (name,) in connection.execute("select name from sqlite_master")}
    assert "ingests" in tables & set(CATALOGUE)
    for report in CATALOGUE.values():
        page = served.get(f"/storyreport/{report.name}").text
        assert f"<h1>{report.title}</h1>" in page
    page = served.get("/storyreport/ingests").text
    assert re.search(r'<a href="/-/source/alpha">alpha</a>', page)
    assert '<span class="num" title="2000">2.0 s</span>' in page
    assert '<span class="num" title="2000">' in served.get("/storyreport/ingests?source=alpha").text
    assert "No rows for source = beta" in served.get("/storyreport/ingests?source=beta").text
    # The table's rows keep their pages.
    assert served.get("/storyreport/ingests/1").status_code == 200


def test_what_cannot_be_asked_is_a_sentence(served: Served) -> None:
    for address in ("/storyreport/slowest_steps", "/storyreport/ingests", "/storyreport/slowest_steps.json"):
        answer = asyncio.run(served.datasette.client.post(address))
        assert (answer.status_code, answer.text) == (405, "Use GET.\n")
    answer = served.get("/storyreport/slowest_steps.xml")
    assert (answer.status_code, answer.text) == (404, "A report has no .xml: it has .json, .csv, .svg and .png.\n")
    for extension in ("csv", "json"):
        answer = served.get(f"/storyreport/nosuch.{extension}")
        assert answer.status_code == 404
        assert "There is no report or table 'nosuch': " in answer.text
        assert "<" not in answer.text
