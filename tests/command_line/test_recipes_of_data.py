"""Recipes whose tools are not here: what they ask of a report database or a server is asked without them."""

import contextlib
import json
import re
import sqlite3
from pathlib import Path

import pytest
from helpers import ROOT
from helpers.cli_cases import SLOWEST, plant
from helpers.command_line import ok
from helpers.serving import Served

PAGE = (ROOT / "docs" / "recipes" / "README.md").read_text(encoding="utf-8")


@pytest.fixture(scope="module")
def database(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A report database with the five executions that `plant` has."""
    folder = tmp_path_factory.mktemp("recipes")
    plant(folder / "studio.db")
    ok("ingest", "studio.db", cwd=folder)
    return folder / "storyreport.db"


def test_the_select_for_duckdb(database: Path) -> None:
    """SQLite, whose file DuckDB attaches, has the tables and columns; executions are those that were planted."""
    (script,) = re.findall(r"```sql\n(.*?)```", PAGE, re.DOTALL)
    select = script.split(";")[2].replace("stories.", "")
    with contextlib.closing(sqlite3.connect(database)) as connection:
        assert dict(connection.execute(select)) == {name: executions for name, (executions, *_) in SLOWEST.items()}


@pytest.mark.parametrize("pattern", [r"http://127\.0\.0\.1:8001(/\S*\.json\S*)", r"read_csv\(\"http://[^/]*(/[^\"]*)"])
def test_an_address_answers(pattern: str, database: Path) -> None:
    """Grafana gets an array of objects, pandas a CSV."""
    (address,) = re.findall(pattern, PAGE)
    served = Served(database)
    try:
        response = served.get(address)
    finally:
        served.close()
    assert response.status_code == 200
    if ".json" in address:
        assert isinstance(json.loads(response.text), list)
    else:
        assert response.text.startswith("day,source,provider,")
