"""Formats that are plain tables: the rows of each pair, in every form, and reports on them."""

import json
import re
from pathlib import Path
from typing import Any

import pytest
from helpers import DATA
from helpers.plain_formats import CALL_FIELDS, CALLS, PRIVATE, ROWS, given, rows, table_file
from helpers.report_database import ReportDatabase

from storyreport import rollups, schema
from storyreport.errors import StoryreportError

SYSTEMS = ("steps", "litellm", "langfuse", "airflow", "llm")
PAIRS = sorted(path for system in SYSTEMS for path in DATA.glob(f"{system}--*.json"))


def check(db: ReportDatabase, expected: dict[str, list[dict[str, Any]]]) -> None:
    """Compare the core tables with the rows expected, column by column named there."""
    for table in ROWS:
        found = rows(db, table)
        wanted = expected.get(table, [])
        assert [row["source_key"] for row in found] == [row["source_key"] for row in wanted]
        for row, want in zip(found, wanted, strict=True):
            assert {name: row[name] for name in want} == want


# Pairs ---------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("expected", PAIRS, ids=lambda path: path.stem)
def test_a_file_becomes_these_rows(db: ReportDatabase, expected: Path) -> None:
    """A file is known by its fields alone, becomes the rows expected, and given again it writes nothing."""
    source = given(expected)
    outcome = db.ingest(source)
    assert outcome.counts.rejected == 0
    assert db.sql("select system from sources") == [(expected.stem.split("--")[0],)]
    check(db, json.loads(expected.read_text(encoding="utf-8")))
    assert db.ingest(source).counts.written == 0
    before = {table: rows(db, table) for table in ROWS}
    assert db.ingest(source, full=True).counts.written == 0
    assert {table: rows(db, table) for table in ROWS} == before


def test_there_are_pairs_of_every_system() -> None:
    """No system is left without an example."""
    assert {path.stem.split("--")[0] for path in PAIRS} == set(SYSTEMS)


@pytest.mark.parametrize("expected", PAIRS, ids=lambda path: path.stem)
def test_nothing_private_is_copied(db: ReportDatabase, expected: Path) -> None:
    """No prompt, answer, name, address, session or key of an example is in the bytes of the report database."""
    db.ingest(given(expected))
    stored = b"".join(path.read_bytes() for path in db.path.parent.glob("report.db*"))
    assert [text for text in PRIVATE if text.encode() in stored] == []


def test_the_examples_hold_what_must_not_be_copied() -> None:
    """The test before this one looks for something."""
    examples = "".join(given(path).read_text(encoding="utf-8") for path in PAIRS)
    assert [text for text in PRIVATE if text not in examples] == []


# Forms ---------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("form", [",", ";", "\t", "jsonl", "list"])
def test_forms(db: ReportDatabase, tmp_path: Path, form: str) -> None:
    """Comma, semicolon, tab, JSON lines or a list: the same rows, and the cost report has the planted sums."""
    path = table_file(tmp_path, form, CALL_FIELDS, CALLS)
    assert db.ingest(path).counts.inserted == 3
    names = ("day", "provider", "model", "calls", "input_tokens", "output_tokens", "cost", "currency", "unpriced_calls")
    assert [tuple(row[name] for name in names) for row in db.report("cost")] == [
        ("2026-03-02", "suno", None, 1, None, None, 0.5, "USD", 0),
        ("2026-03-01", "openai", "house-model", 2, 1500, 300, 0.25, "USD", 1),
    ]
    assert db.ingest(path).unchanged


def test_other_tables_are_left_alone(db: ReportDatabase, tmp_path: Path) -> None:
    """What only looks like it, such as the log of a training run, is no source."""
    for number, header in enumerate(("step,loss,epoch", "id,model,price", "id,name,type,level,message")):
        path = tmp_path / f"{number}.csv"
        path.write_text(f"{header}\n{','.join('1' * len(header.split(',')))}\n", encoding="utf-8")
        with pytest.raises(StoryreportError, match="match no known format"):
            db.ingest(path)


def test_the_report_database_is_no_source_of_calls(tmp_path: Path, db: ReportDatabase) -> None:
    """The tables of a report database have our names and are nevertheless no plain form."""
    with schema.connect(tmp_path / "other.db") as connection:
        rollups.update(connection)
    connection.close()
    with pytest.raises(StoryreportError, match="is a report database, not a source"):
        db.ingest(tmp_path / "other.db", system="steps")


def test_a_folder_of_both_plain_forms_is_one_source(db: ReportDatabase, tmp_path: Path) -> None:
    """Calls beside step runs belong to their runs, and to the stories of these."""
    folder = tmp_path / "export"
    folder.mkdir()
    (folder / "attempts.csv").write_text("run,story,step,started_at\nr1,A,draft,2026-03-01\n", encoding="utf-8")
    (folder / "calls.csv").write_text("id,run,step,model,called_at\n1,r1,draft,gpt-4o,2026-03-01\n", encoding="utf-8")
    db.ingest(folder)
    assert rows(db, "calls", ["run", "story", "step"]) == [{"run": "r1", "story": "A", "step": "draft"}]
    assert db.report("orphans") == []


# Reports -------------------------------------------------------------------------------------------------------------


def test_reports_on_steps(db: ReportDatabase) -> None:
    """The planted durations and failures are in the reports, by family."""
    db.ingest(DATA / "steps--attempts.csv", name="plain")
    names = ("step", "executions", "avg_ms", "max_ms", "total_ms", "share_pct")
    assert [tuple(row[name] for name in names) for row in db.report("slowest_steps")] == [
        ("write_chapter", 3, 3000, 4000, 6000, 100.0)
    ]
    assert [(row["completed"], row["failed"], row["failure_pct"]) for row in db.report("failure_rates")] == [
        (2, 1, 33.33)
    ]
    assert [(row["step"], row["run"]) for row in db.report("stuck_runs", as_of="2026-03-02")] == [("cover", "r1")]
    assert [row["example"] for row in db.report("data_quality") if row["area"] == "statuses"] == ["meditating"]


def test_reports_on_a_mapped_task(db: ReportDatabase) -> None:
    """Instances of a mapped task are one step to the reports; of a task that waits for another try the last counts."""
    db.ingest(DATA / "airflow--task-instances.csv")
    assert [(row["step"], row["executions"], row["failed"]) for row in db.report("failure_rates")] == [
        ("retry", 1, 1),
        ("chapter", 2, 1),
        ("outline", 1, 0),
    ]
    assert [(row["step"], row["total_ms"]) for row in db.report("slowest_steps")] == [
        ("chapter", 60_000),
        ("outline", 10_500),
        ("retry", None),
    ]


def test_a_streamed_call_is_not_free(db: ReportDatabase) -> None:
    """Of five calls of a proxy those from the cache and failed ones cost 0, as recorded; a streamed one did not."""
    db.ingest(DATA / "litellm--spend-logs.jsonl")
    assert db.sql("select source_key from calls where cost = 0 order by 1") == [("c-cached",), ("d-failed",)]
    found = {row["model"]: row for row in db.report("cost")}
    assert (found["gpt-4o"]["calls"], found["gpt-4o"]["cost"], found["gpt-4o"]["unpriced_calls"]) == (3, 0.012, 0)
    assert (found["embedder"]["cost"], found["embedder"]["unpriced_calls"]) == (None, 1)


@pytest.mark.parametrize(
    ("rows", "duration"),
    [
        # Two of ten minutes beside each other, a pause of ten minutes, and one of a minute: 21 minutes.
        (["a,ok,10:00,10:10,", "b,ok,10:00,10:10,", "c,ok,10:20,10:21,"], 21 * 60_000),
        # A day's first try at ten, its second one at eleven, which took two minutes.
        (["a,failed,10:00,10:10,", "a,ok,11:00,11:02,"], 62 * 60_000),
        (["a,ok,10:00,10:10,", "b,running,10:10,,"], None),
        # Without times, no more is known than how long the steps took.
        (["a,ok,,,5", "b,ok,,,7"], 12_000),
    ],
)
def test_the_duration_of_a_run(db: ReportDatabase, tmp_path: Path, rows: list[str], duration: int | None) -> None:
    """From the start of the first step to the end of the last."""
    lines = ["run,step,status,started_at,ended_at,duration_s", *(f"r,{row}" for row in rows)]
    (tmp_path / "steps.csv").write_text(re.sub(r"(\d\d:\d\d)", r"2026-03-01T\1Z", "\n".join(lines)), "utf-8")
    db.ingest(tmp_path / "steps.csv")
    assert db.sql("select duration_ms from runs") == [(duration,)]


@pytest.mark.parametrize(
    ("header", "failed", "completed"),
    [
        ("state", "FAILED", "SUCCESS"),
        ("outcome", "failed", "passed"),
        ("conclusion", "failure", "success"),
        ("success", "false", "true"),
        ("exit_code", "137", "0"),
        ("returnCode", "-9", "0"),
    ],
)
def test_how_a_step_ended_in_other_words(
    db: ReportDatabase, tmp_path: Path, header: str, failed: str, completed: str
) -> None:
    """One that failed does not count as completed for want of a status; its other columns have common names."""
    (tmp_path / "steps.csv").write_text(
        f"Run ID,Story ID,Pipeline Name,step,started_at,finished_at,{header},error_message\n"
        f"r,S,p,a,2026-03-01T10:00:00Z,2026-03-01T10:00:05Z,{completed},\n"
        f"r,S,p,b,2026-03-01T10:00:05Z,2026-03-01T10:00:09Z,{failed},boom\n",
        "utf-8",
    )
    db.ingest(tmp_path / "steps.csv")
    assert db.sql("select status, duration_ms, error_message from step_runs order by started_at") == [
        ("completed", 5000, None),
        ("failed", 4000, "boom"),
    ]
    (run,) = db.report("failed_runs")
    assert (run["run"], run["pipeline"], run["story"]) == ("r", "p", "S")
    assert db.report("data_quality") == []


def test_a_result_is_not_read(db: ReportDatabase, tmp_path: Path) -> None:
    """It may be the text that a step has written; that it may be the status is a finding."""
    (tmp_path / "steps.csv").write_text(
        "step,started_at,ended_at,result\n,2026-03-01T10:00:00Z,,tellnoone\na,2026-03-01T10:00:00Z,,tellnoone\n",
        "utf-8",
    )
    db.ingest(tmp_path / "steps.csv")
    problems = [row["problem"] for row in db.report("data_quality")]
    assert "step_runs: status is absent, result is not read" in problems
    assert b"tellnoone" not in db.path.read_bytes()
