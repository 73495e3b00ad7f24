"""What is wrong with a lake's rows is counted, shown in the reports about it, and replaced with the days it is of."""

import contextlib
import datetime as dt
import json
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner
from helpers import lakes
from helpers.report_database import ask

from storyreport import reports, schema
from storyreport.cli import cli
from storyreport.lake import check, rejected, typed
from storyreport.lake.duck import Duck
from storyreport.lake.functions import functions
from storyreport.lake.run import Request, roll_up

DAY = dt.datetime(2026, 3, 1, 10)
HIDDEN = "a secret of the pipeline"


def step(day: int, **values: Any) -> dict[str, Any]:
    return {
        "id": f"a{day}",
        "step": "write",
        "status": "completed",
        "started_at": DAY + dt.timedelta(days=day),
        **values,
    }


# Day → what is wrong with a row of it.
BAD = (
    step(19, id="no step", step=None, error=HIDDEN),
    step(0, id="negative", duration_ms=-5.0),
    step(0, id="a" * 501),
    step(19, id="too large", duration_ms=1e13),
    step(19, id="no step either", step=""),
    step(19, id="again no step", step=""),
    step(19, id=None),
)
HISTORY = {"step_runs": [*map(step, range(20)), *BAD], "calls": []}


@pytest.fixture(scope="module")
def lake(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return lakes.write_lake(tmp_path_factory.mktemp("lake"), HISTORY)


@pytest.fixture(scope="module")
def database(lake: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Rolled up once over all days, of each reason one row, without a file that cannot be read."""
    broken = lake / "step_runs" / "date=2026-03-02" / "broken.parquet"
    broken.write_bytes(b"nothing")
    made = lakes.new_database(tmp_path_factory.mktemp("report") / "report.db")
    roll_up(made, Request(str(lake), "books", land=1, skip_unreadable=True))
    broken.unlink()
    return made


def shown(database: Path, report: str) -> list[dict[str, Any]]:
    with contextlib.closing(schema.open_for_reading(database)) as connection:
        columns, rows = reports.run(connection, reports.find(report), {})
        return [dict(zip(columns, row, strict=True)) for row in rows]


def test_data_quality_counts_all_of_it(database: Path) -> None:
    """Three steps are missing: one row lands, two are counted."""
    found = {row["problem"]: row["rows"] for row in shown(database, "data_quality")}
    assert found == {
        "step_runs: has no step": 1,
        "step_runs: has no step (further rows)": 2,
        "step_runs: id is no readable key": 1,
        "step_runs: duration_ms is not a number": 1,
        "step_runs: negative duration_ms": 1,
        "step_runs: no id": 1,
        "files that cannot be read": 1,
    }


def test_rejected_rows_are_shown_without_texts(database: Path) -> None:
    """Of each reason the first key of the last day; a negative amount is in data_quality alone."""
    rows = shown(database, "rejected_rows")
    assert {row["key"][:9] for row in rows} == {"again no ", "a" * 9, "too large"}
    assert json.loads(rows[0]["row"])["status"] == "completed"


def test_a_rejected_row_keeps_no_text(lake: Path, tmp_path: Path) -> None:
    """Of an error only its length is kept, as at an ingest."""
    duck = Duck(tmp_path)
    duck.register(functions(b"of the test"))
    (kinds,) = check.open_lake(duck, str(lake)).tables.values()
    typed.create_views(duck, "step_runs", kinds)
    examples = [one.row for found in rejected.reasons(duck, {"step_runs": kinds}, 10) for one in found.examples]
    duck.close()
    assert HIDDEN not in "".join(examples)
    assert f'"error":"<text of {len(HIDDEN)} characters>"' in "".join(examples)


def test_a_file_that_is_left_out_is_named(database: Path) -> None:
    (row,) = [row for row in shown(database, "data_quality") if row["area"] == "files"]
    assert row["example"].endswith("date=2026-03-02/broken.parquet")


def test_sources_says_what_rolled_it_up(database: Path) -> None:
    result = CliRunner().invoke(cli, ["sources", "--format", "json", "--db", str(database)])
    (source,) = json.loads(result.output)
    assert (source["rolled_up_by"], source["up_to_day"]) == ("duckdb", "2026-03-20")
    assert source["rolled_up_at"][:4] >= "2026"


@pytest.mark.parametrize("command", [["prune", "--older-than", "1d"], ["reprice"]])
def test_other_commands_refuse_a_lake(database: Path, command: list[str]) -> None:
    """There is no source that they could do anything to."""
    result = CliRunner().invoke(cli, [*command, "--db", str(database)])
    assert result.exit_code == 1
    assert "'books' is rolled up from the lake" in result.output


def test_the_days_that_are_read_again_replace_theirs(database: Path, lake: Path, tmp_path: Path) -> None:
    """The last day is repaired in the lake; what is wrong with the first one stays."""
    for file in (lake / "step_runs" / "date=2026-03-20").iterdir():
        lakes.write_file(file, [step(19)])
    roll_up(database, Request(str(lake), "books", land=1))
    assert ask(database, "select reason, substr(source_key, 1, 8) from rejects order by reason") == [
        ("id is no readable key", "a" * 8),
        ("negative duration_ms", "negative"),
    ]
