"""What people download opens in a spreadsheet without being run; what scripts read is as it is."""

import csv
import io
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest
from helpers.command_line import ok
from helpers.platforms import only_with_sql
from helpers.serving import Served, fill
from hypothesis import given
from hypothesis import strategies as st

from storyreport import reports, schema
from storyreport.terminal.spreadsheets import safe
from storyreport.web.mode import Mode
from storyreport.web.server import Extras

REPORT = """/*
title: Story titles
description: The titles of all stories.
topic: Tests
*/
select source_key as story, title from stories order by id
"""
FORMULAS = (
    "=cmd|'/c calc'!A0",
    '=HYPERLINK("http://evil","x")',
    "+1+cmd",
    "-2+3",
    "@SUM(A1)",
    "\t=1",
    "\r=1",
    "  =1+1",
    "\uff1d1",
    "-",
    '=1\n"quoted, too"',
)
HARMLESS = ("-5", "+1.5e3", "-0.25%", "a=b", "2025-03-01", "mail@example.org", "", "'=1")


@pytest.fixture(scope="module")
def path(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A report database with stories called like formulas."""
    path = tmp_path_factory.mktemp("downloads") / "storyreport.db"
    fill(path)
    with closing(schema.connect(path)) as connection:
        connection.execute("delete from step_runs")
        connection.execute("delete from runs")
        connection.execute("delete from stories")
        for number, text in enumerate((*FORMULAS, *HARMLESS), 10):
            row = (number, f"k{number}", text)
            connection.execute(
                "insert into stories (id, source_id, source_key, input_id, title, status)"
                " values (?, 1, ?, 1, ?, 'failed')",
                row,
            )
    return path


@pytest.fixture(scope="module")
def served(path: Path) -> Iterator[Served]:
    """Datasette where visitors may write SQL, with a report of the titles."""
    only_with_sql()
    (path.parent / "story_titles.sql").write_text(REPORT, "utf-8")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv(reports.FOLDERS, str(path.parent))
        served = Served(path, Extras(mode=Mode(sql=True, local=True)))
        yield served
        served.close()


def titles(text: str) -> list[str]:
    """The column `title` of a CSV text, by the stories' keys."""
    rows = list(csv.DictReader(io.StringIO(text, newline="")))
    key = "story" if "story" in rows[0] else "source_key"
    return [row["title"] for row in sorted(rows, key=lambda row: row[key])]


EXPECTED = [f"'{text}" for text in FORMULAS] + list(HARMLESS)
ADDRESSES = (
    "/storyreport/story_titles.csv?_shape=x",
    "/storyreport/stories.csv?_size=max",
    "/storyreport/stories.csv?_stream=1",
    "/storyreport.csv?sql=select+source_key,title+from+stories",
)


@pytest.mark.parametrize("address", ADDRESSES)
def test_a_download_is_safe_and_the_rest_is_raw(served: Served, address: str) -> None:
    assert titles(served.get(address).text) == [*FORMULAS, *HARMLESS]
    assert titles(served.get(address + "&_dl=1&_raw=on").text) == [*FORMULAS, *HARMLESS]
    answer = served.get(address + "&_dl=1")
    assert titles(answer.text) == EXPECTED
    assert answer.headers["content-disposition"].startswith("attachment")


def test_a_page_leads_to_the_download(served: Served) -> None:
    assert "/storyreport/cost.csv?source=&amp;" in served.get("/storyreport/cost").text
    assert "/storyreport/story_titles.csv?_dl=1" in served.get("/storyreport/story_titles").text


def test_the_command_line_has_both(path: Path, tmp_path: Path) -> None:
    (tmp_path / "story_titles.sql").write_text(REPORT, "utf-8")
    common = ("report", "story_titles", "--db", path, "--queries", tmp_path)

    def printed(*options: str) -> list[str]:
        # The process is read as text: its line ends are one.
        return titles(ok(*common, *options, cwd=tmp_path))

    assert printed("--format", "csv") == [text.replace("\r", "\n") for text in (*FORMULAS, *HARMLESS)]
    for options in (["--safe-csv"], ["--format", "csv", "--safe-csv"]):
        assert printed(*options) == [text.replace("\r", "\n") for text in EXPECTED]


@given(st.text())
def test_no_text_but_a_number_begins_like_a_formula(text: str) -> None:
    made = safe(text)
    assert made in (text, "'" + text)
    if made and made.strip()[:1] in ("=", "+", "-", "@"):
        assert float(made.rstrip("%")) is not None


@pytest.mark.parametrize("value", [None, 5, -5, -1.5, b"=1"])
def test_what_is_no_text_stays(value: object) -> None:
    assert safe(value) == value
