"""Parameters of Datasette's own with values of other types: a sentence and 400, never a traceback."""

from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest
from helpers.platforms import only_with_sql
from helpers.serving import Served, fill

from storyreport.web.mode import Mode
from storyreport.web.server import Extras


@pytest.fixture(scope="module")
def path(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A filled report database."""
    path = tmp_path_factory.mktemp("typed") / "storyreport.db"
    fill(path)
    return path


@pytest.fixture(scope="module")
def served(path: Path) -> Iterator[Served]:
    """Datasette where visitors may write SQL."""
    only_with_sql()
    with closing(Served(path, Extras(mode=Mode(sql=True, local=True), crossdb=True))) as served:
        yield served


def get(served: Served, address: str, query: str) -> Any:
    """The answer for a query, which is escaped."""
    name, _, value = query.partition("=")
    return served.get(f"{address}?{name}={quote(value)}")


@pytest.mark.parametrize("address", ["/storyreport/stories", "/storyreport/stories.json"])
@pytest.mark.parametrize(
    "query",
    [
        "_json_infinity=max", "_timelimit=1.5d", "_timelimit=", "_timelimit=\u0663", "_timelimit=99999999999999999999",
        "_through=7", "_through=[1]", "_through={}", '_through={"table": "runs", "column": "id", "value": [1]}',
        "_through=" + "[" * 1500, "_facet={", "_facet_array={}", "_facet_array=title", '_facet_date={"column": 1}',
        "id__in=[1", "id__notin=[[1]]", "title__in=" + "[" * 1500,
    ],
)  # fmt: skip
def test_a_value_of_another_type_is_named(
    served: Served, address: str, query: str, capfd: pytest.CaptureFixture[str]
) -> None:
    answer = get(served, address, query)
    assert answer.status_code == 400
    assert f"The parameter {query.partition('=')[0]} takes" in answer.text
    assert "Traceback" not in capfd.readouterr().err


@pytest.mark.parametrize("name", ["_facet", "_facet_date"])
def test_a_column_that_is_not_there_is_no_facet(served: Served, name: str) -> None:
    for address in ("/storyreport/stories", "/storyreport/stories.json", "/storyreport/stories.csv"):
        answer = get(served, address, f"{name}=nope")
        assert answer.status_code == 400 or (address.endswith(".csv") and answer.status_code == 200)
        assert "nope" in answer.text or answer.status_code == 200


@pytest.mark.parametrize("name", ["_sort", "_sort_desc"])
def test_a_column_that_is_not_there_cannot_be_sorted_by(
    served: Served, name: str, capfd: pytest.CaptureFixture[str]
) -> None:
    for address in ("/storyreport/stories", "/storyreport/stories.json"):
        answer = get(served, address, f"{name}=nope")
        assert answer.status_code == 400
        assert "nope" in answer.text
    assert "Traceback" not in capfd.readouterr().err


# address → the status and words of the sentence; Datasette answers some of these with a traceback.
MISTAKES = {
    "/storyreport/rollup_steps/1.json": (400, "key"),
    "/storyreport/rollup_steps/1": (400, "key"),
    "/storyreport/stories/1.blob?_blob_column=id": (404, "no table here has files"),
    "/storyreport/stories.blob?_blob_column=id": (404, "no table here has files"),
    "/storyreport/stories.svg": (404, "a table has no .svg"),
    "/storyreport/open_work.json?_next=zz": (400, "_next must be a whole number, not 'zz'"),
    "/storyreport/open_work.json?_next=1,2": (400, "_next must be"),
    '/storyreport/sources.json?_through={"table": "INPUTS", "column": "location", "value": "/data/alpha.db"}': (
        400,
        "small letters",
    ),
}


@pytest.mark.parametrize("address", MISTAKES)
def test_what_a_table_does_not_have_is_a_sentence(served: Served, address: str) -> None:
    """The page of a row by a part of its key, a file of it, another format, a page by another word, a closed table."""
    path, _, query = address.partition("?")
    answer = get(served, path, query) if query else served.get(path)
    status, words = MISTAKES[address]
    assert (answer.status_code, words in answer.text.lower()) == (status, True), answer.text


@pytest.mark.parametrize(
    "query",
    [
        "id__in=1,2", "id__in=[1,2]", 'title__notin=["a", null]',
        "_json_infinity=on", "_timelimit=900", "_facet=status", '_facet_date={"column": "created_at"}', "_sort=title",
        '_through={"table": "runs", "column": "story_id", "value": "1"}',
    ],
)  # fmt: skip
def test_a_value_of_its_type_is_taken(served: Served, query: str) -> None:
    assert get(served, "/storyreport/stories.json", query).status_code == 200


@pytest.mark.parametrize("database", ["storyreport", "_memory"])
@pytest.mark.parametrize("sql", ["pragma database_list", "select file from pragma_database_list"])
def test_sql_does_not_tell_where_the_file_is(served: Served, path: Path, database: str, sql: str) -> None:
    answer = get(served, f"/{database}.json", f"sql={sql}")
    assert answer.status_code in (400, 403)
    assert str(path.parent) not in answer.text
