"""A report's rows on its page: sorted by an address, fifty at a time, with headings that sort."""

import re
import sqlite3
from collections.abc import Iterator

import pytest
from helpers.report_database import ReportDatabase
from helpers.serving import Served

from storyreport.web import rows
from storyreport.web.listing import Order

STEPS = 120


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    """Datasette with 120 steps: step 1 took a second, step 2 two, and so on."""
    folder = tmp_path_factory.mktemp("rows")
    lines = ["run,step,status,started_at,duration_ms"]
    lines += [f"r,s{n:03},completed,2026-03-01T10:00:00Z,{1000 * n}" for n in range(1, STEPS + 1)]
    (folder / "steps.csv").write_text("\n".join(lines) + "\n", "utf-8")
    db = ReportDatabase(folder)
    db.ingest(folder / "steps.csv")
    served = Served(db.path)
    yield served
    served.close()


def steps(page: str) -> list[str]:
    """The steps that the table names."""
    table = page.partition("<tbody")[2].partition("</tbody>")[0]
    return re.findall(r'class="col-step"><a [^>]*>(s\d{3})</a>', table)


def named(numbers: range) -> list[str]:
    return [f"s{n:03}" for n in numbers]


def test_fifty_rows_a_page(served: Served) -> None:
    """Longest first: pages of 50, 50 and 20, each with the way to those beside it."""
    for page, numbers, before, after in (
        ("", range(120, 70, -1), None, "2"),
        ("?_page=2", range(70, 20, -1), "", "3"),
        ("?_page=3", range(20, 0, -1), "2", None),
    ):
        text = served.get(f"/storyreport/slowest_steps{page}").text
        assert steps(text) == named(numbers)
        assert f"Rows {121 - numbers[0]} to {121 - numbers[-1]} of 120" in text
        for rel, number in (("prev", before), ("next", after)):
            link = re.search(rf'href="([^"]+)" rel="{rel}"', text)
            assert bool(link) == (number is not None)
            assert not link or ("_page" not in link[1] if number == "" else f"_page={number}#rows" in link[1])


def test_an_address_sorts(served: Served) -> None:
    text = served.get("/storyreport/slowest_steps?_sort=total_ms&_page=2").text
    assert steps(text) == named(range(51, 101))
    assert re.search(r'aria-sort="ascending">\s*<a href="[^"]*_sort_desc=total_ms#rows">total</a>', text)
    assert steps(served.get("/storyreport/slowest_steps?_sort_desc=step").text)[0] == "s120"
    assert served.get("/storyreport/slowest_steps").text.count("aria-sort") == 0


def test_json_and_csv_have_all_rows_in_that_order(served: Served) -> None:
    rows = served.get("/storyreport/slowest_steps.json?_sort=total_ms&_shape=array").json()
    assert [row["step"] for row in rows] == named(range(1, 121))
    lines = served.get("/storyreport/slowest_steps.csv?_sort_desc=step").text.splitlines()
    assert len(lines) == 121
    assert lines[1].split(",")[1] == "s120"


@pytest.mark.parametrize(
    ("query", "sentence"),
    [
        ("_sort=nothing", "slowest_steps has no column 'nothing' to sort by: it has source, step, "),
        ("_sort=step%22+desc--", "slowest_steps has no column 'step\" desc--' to sort by"),
        ("_sort=step&_sort_desc=step", "_sort and _sort_desc cannot both be given"),
    ],
)
def test_a_column_that_is_not_there_is_a_sentence(served: Served, query: str, sentence: str) -> None:
    for ending in ("", ".json", ".csv"):
        response = served.get(f"/storyreport/slowest_steps{ending}?{query}")
        assert response.status_code == 400
        said = response.json()["error"] if ending == ".json" else response.text.replace("&#39;", "'")
        assert sentence in said.replace("&#34;", '"')


@pytest.mark.parametrize(
    ("query", "sentence"),
    [
        ("_page=4", "slowest_steps has no page 4: the last one is 3."),
        ("_page=0", "_page must be a whole number from 1 to 1,000,000, not '0'."),
        ("_refresh=5", "_refresh must be a whole number from 10 to 3,600, not '5'."),
        ("_refresh=1e9", "_refresh must be a whole number from 10 to 3,600, not '1e9'."),
    ],
)
def test_a_page_that_is_not_there_is_a_sentence(served: Served, query: str, sentence: str) -> None:
    response = served.get(f"/storyreport/slowest_steps?{query}")
    assert response.status_code == 400
    assert sentence in response.text.replace("&#39;", "'")


def test_a_wall_refreshes_itself(served: Served) -> None:
    """What is chosen in the bar keeps it, and the order."""
    sorted_ = "_refresh=60&_sort=step"
    for page, query in (("/storyreport/slowest_steps", sorted_), ("/-/page/cost", "_refresh=60"), ("/", "_refresh=60")):
        shown = served.get(f"{page}?{query}").text
        assert '<meta http-equiv="refresh" content="60">' in shown, page
        form = shown.partition('class="bar-choices')[2].partition("</form>")[0]
        hidden = dict(re.findall(r'<input type="hidden" name="([^"]*)" value="([^"]*)">', form))
        assert hidden == dict(pair.split("=") for pair in query.split("&")), page
        assert 'http-equiv="refresh"' not in served.get(page).text
        assert served.get(f"{page}?_refresh=1").status_code == 400, page


def test_links_of_a_frame_open_the_page_around_it(served: Served) -> None:
    text = served.get("/storyreport/slowest_steps?_embed=1").text
    assert '<base target="_top">' in text
    assert "_sort_desc=total_ms#rows" in text
    assert "_embed" not in text


@pytest.mark.parametrize("is_descending", [False, True])
def test_rows_that_no_select_gave_are_in_the_same_order(is_descending: bool) -> None:
    """As SQLite sorts them: unknown ones last, equal ones as they come."""
    values = [(0, 3), (1, None), (2, "b"), (3, 1.5), (4, "a"), (5, None), (6, 3)]
    order = Order("x", is_descending)
    with sqlite3.connect(":memory:") as connection:
        connection.execute("create table given (n, x)")
        connection.executemany("insert into given values (?, ?)", values)
        expected = [n for n, _ in connection.execute(order.sql("select n, x from given"))]
    connection.close()
    assert [row["n"] for row in order.of([{"n": n, "x": x} for n, x in values])] == expected


def test_twelve_bars_and_all(served: Served) -> None:
    """12 of the 120, or all; each in the picture for screens and the one for phones."""
    for query, bars, link in (("", 12, "Show all"), ("?_bars=all", STEPS, "Show fewer")):
        text = served.get(f"/storyreport/slowest_steps{query}").text
        assert text.count('aria-roledescription="bar"') == 2 * bars
        assert f">{link}</a>" in text


def test_more_rows_than_a_page_reads(served: Served, monkeypatch: pytest.MonkeyPatch) -> None:
    """120 steps of 1 to 120 s, 2 h 1 min: a sum of the first 100 is not said, and the chart says so."""
    address = "/storyreport/slowest_steps"
    assert "120 steps, 2 h 1 min in all." in served.get(address).text
    monkeypatch.setattr(rows, "MOST_ROWS", 100)
    text = served.get(address).text
    assert "in all." not in text
    assert "Drawn from the first 100 of 120 rows." in text
    assert "Rows 1 to 50 of 120" in text


def test_the_only_source_and_a_chosen_pipeline_are_no_columns(served: Served) -> None:
    """JSON has them all the same; a table that is sorted by one keeps it."""

    def names(query: str) -> set[str]:
        return set(
            re.findall(r'<th scope="col"[^>]* title="(\w+)"', served.get(f"/storyreport/slowest_steps{query}").text)
        )

    assert names("").isdisjoint({"source"})
    assert "source" in names("?_sort=source")
    assert "source" in served.get("/storyreport/slowest_steps.json?_shape=array").json()[0]


def test_static_files_are_kept_by_their_content(served: Served) -> None:
    """Their addresses name their content: what changes has another address. The bare address is asked for again."""
    text = served.get("/storyreport/slowest_steps").text
    for address in re.findall(r'(?:src|href)="(/static/[^"]+)"', text):
        assert re.fullmatch(r"/static/[\w.]+\?_hash=[0-9a-f]{12}", address)
        response = served.get(address, headers={"accept-encoding": "gzip"})
        assert {"public", "max-age=31536000", "immutable"} == set(response.headers["cache-control"].split(", "))
        assert response.headers["content-encoding"] == "gzip"
    assert "cache-control" not in served.get("/static/page.js").headers


def test_the_whole_table_reads_the_same_on_a_phone(served: Served) -> None:
    """Each cell says what it is, where headings stand elsewhere."""
    text = served.get("/storyreport/slowest_steps").text
    labels = re.findall(r'<td role="cell" data-label="([^"]*)"', text)
    headings = [re.sub("<[^>]+>", "", each).strip() for each in re.findall(r"<th .*?>(.*?)</th>", text, re.DOTALL)]
    assert labels[: len(headings)] == headings
