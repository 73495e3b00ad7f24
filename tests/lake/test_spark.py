"""Spark, in one local session, holds in every rollup what `ingest` makes of the same rows."""

from pathlib import Path

import pytest
from helpers import lakes

from storyreport.given import requests_for
from storyreport.ingest import ingest
from storyreport.lake.run import Request, roll_up


@pytest.fixture(scope="module")
def both(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    folder = tmp_path_factory.mktemp("spark")
    history = lakes.both(lakes.ordinary(100), lakes.hostile(100))
    ingested, rolled_up = lakes.new_database(folder / "ingested.db"), lakes.new_database(folder / "rolled_up.db")
    (request,) = requests_for([lakes.write_sqlite(folder / "history.db", history)], "x", None)
    ingest(ingested, request)
    lake = lakes.write_lake(folder / "lake", history)
    roll_up(rolled_up, Request(str(lake), "x", "spark", land=100_000, master="local[2]", spark_conf=lakes.QUICK_SPARK))
    return ingested, rolled_up


@pytest.mark.parametrize("table", lakes.rollup_names())
def test_a_rollup_is_equal(both: tuple[Path, Path], table: str) -> None:
    """Value for value, money included."""
    ingested, rolled_up = both
    assert lakes.rollup_rows(rolled_up, table) == lakes.rollup_rows(ingested, table)
