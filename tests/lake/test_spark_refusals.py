"""What Spark cannot do is said in a sentence: before the first stage, wherever it can be known by then."""

import datetime as dt
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pyarrow
import pytest
from helpers import lakes
from helpers.report_database import ask

from storyreport.errors import StoryreportError
from storyreport.lake.check import open_lake
from storyreport.lake.functions import functions
from storyreport.lake.run import Request, roll_up
from storyreport.lake.spark import PART_BYTES, Spark

DAY = dt.datetime(2026, 3, 1, 10, tzinfo=dt.timezone.utc)
STEP: dict[str, Any] = {"id": "a", "step": "write", "started_at": DAY}
CONF = dict(lakes.QUICK_SPARK)


@pytest.fixture(scope="module")
def spark(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Spark]:
    engine = Spark(str(tmp_path_factory.mktemp("scratch")), "local[1]", CONF)
    yield engine
    engine.close()


def written(folder: Path, *files: dict[str, Any], day: str = "2026-03-01") -> str:
    """A lake of step runs of one day, a file for each row."""
    place = folder / "step_runs" / f"date={day}"
    place.mkdir(parents=True, exist_ok=True)
    for number, row in enumerate(files):
        lakes.write_file(place / f"{number}.parquet", [row])
    return str(folder)


@pytest.mark.parametrize(
    ("files", "day", "said"),
    [
        (({"id": "a", "started_at": DAY},), "2026-03-01", "0.parquet lacks the column step, which step_runs needs"),
        ((STEP, {"step": "write", "started_at": DAY}), "2026-03-01", r"1\.parquet lacks the column id"),
        ((STEP | {"started_at": "2026-03-01"},), "2026-03-01", "started_at should be UTC timestamps"),
        ((STEP,), "2026-03-02", "1 row of step_runs began on another UTC day than the folder says"),
        ((STEP, STEP | {"id": 1}), "2026-03-01", "The files of step_runs differ in the type of a column"),
    ],
)
def test_a_breach_is_named(spark: Spark, tmp_path: Path, files: tuple[Any, ...], day: str, said: str) -> None:
    with pytest.raises(StoryreportError, match=said):
        open_lake(spark, written(tmp_path, *files, day=day))


def test_a_column_that_is_null_throughout_is_there(spark: Spark, tmp_path: Path) -> None:
    """A file in which no row has an id has the column all the same."""
    lake = written(tmp_path, STEP)
    place = tmp_path / "step_runs" / "date=2026-03-01" / "1.parquet"
    types = {"id": pyarrow.string(), "step": pyarrow.string(), "started_at": pyarrow.timestamp("us", tz="UTC")}
    lakes.write_file(place, [{**STEP, "id": None}], pyarrow.schema(types))
    assert set(open_lake(spark, lake).tables) == {"step_runs"}


def test_a_file_that_cannot_be_read_is_named_or_left_out(spark: Spark, tmp_path: Path) -> None:
    lake = written(tmp_path, STEP)
    broken = tmp_path / "step_runs" / "date=2026-03-01" / "broken.parquet"
    broken.write_bytes(b"PAR1 is how it begins")
    with pytest.raises(StoryreportError, match=r"broken\.parquet cannot be read as Parquet"):
        open_lake(spark, lake)
    opened = open_lake(spark, lake, skip_unreadable=True)
    assert opened.left_out == [str(broken)]
    assert [one.rows for one in opened.findings] == [1]


def test_workers_without_our_package_are_said(spark: Spark, monkeypatch: pytest.MonkeyPatch) -> None:
    """A Python that is not there stands for one in which nothing is installed."""
    monkeypatch.setattr(spark.session.sparkContext, "pythonExec", "/nonexistent/python3")
    monkeypatch.setenv("PYSPARK_PYTHON", "/nonexistent/python3")
    with pytest.raises(StoryreportError, match=r"The workers cannot run .* Python, /nonexistent/python3"):
        spark.register(functions(b"of the test"))


def test_no_java_is_said(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.delenv("JAVA_HOME", raising=False)
    with pytest.raises(StoryreportError, match="Spark needs Java 17 or newer, which is not here"):
        Spark(str(tmp_path), "local[1]", {})


def test_a_java_home_without_java_is_said(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("JAVA_HOME", str(tmp_path))
    with pytest.raises(StoryreportError, match="Spark needs Java 17 or newer"):
        Spark(str(tmp_path), "local[1]", {})


@pytest.mark.parametrize("master", ["spark://127.0.0.1:1", "spark://127.0.0.1:1,127.0.0.1:2"])
def test_a_master_that_does_not_answer_is_said_and_nothing_lands(tmp_path: Path, master: str) -> None:
    database = lakes.new_database(tmp_path / "report.db")
    request = Request(written(tmp_path / "lake", STEP), "books", "spark", master=master, scratch=tmp_path)
    with pytest.raises(StoryreportError, match=r"No Spark master answers at spark://127\.0\.0\.1:1"):
        roll_up(database, request)
    assert ask(database, "select count(*) from sources") == [(0,)]


def test_a_cluster_needs_a_folder_that_all_reach(tmp_path: Path) -> None:
    """Of a folder of this machine workers elsewhere would know nothing."""
    database = lakes.new_database(tmp_path / "report.db")
    request = Request(written(tmp_path / "lake", STEP), "books", "spark", master="spark://127.0.0.1:1")
    with pytest.raises(StoryreportError, match="name one that they reach by the same path with --scratch"):
        roll_up(database, request)


def test_spark_is_not_imported_without_it() -> None:
    """Nor is DuckDB: what the commands need first imports neither."""
    code = "import sys, storyreport.cli, storyreport.lake_detail; assert not {'pyspark', 'duckdb'} & set(sys.modules)"
    subprocess.run([sys.executable, "-c", code], check=True)


def test_rows_come_in_parts_that_the_driver_can_hold(spark: Spark, monkeypatch: pytest.MonkeyPatch) -> None:
    """A part is a file, of few rows; how the lake itself is read stays as it was."""
    monkeypatch.setattr("storyreport.lake.spark.ROWS_A_FILE", 100)
    before = spark.session.conf.get(PART_BYTES)
    spark.keep("many", "select id from range(0, 1000, 1, 1)")
    assert len(spark.files(f"{spark.scratch}/many.parquet")) == 10
    assert sorted(spark.many_rows("select id from many")) == [(number,) for number in range(1000)]
    assert spark.session.conf.get(PART_BYTES) == before


@pytest.mark.parametrize("said", ["java.lang.OutOfMemoryError: Java heap space", "Lost task 0.0: TaskResultLost"])
def test_too_little_memory_is_said_with_what_to_do(spark: Spark, said: str) -> None:
    assert "spark.driver.memory" in str(spark._as_error(RuntimeError(said)))


def test_a_session_whose_java_has_ended_is_closed(spark: Spark, monkeypatch: pytest.MonkeyPatch) -> None:
    """Java that ran out of memory answers no more: the sentence that was said before is the last one."""

    class Ended:
        def stop(self) -> None:
            raise ConnectionRefusedError

    monkeypatch.setattr(spark, "session", Ended())
    spark.close()
