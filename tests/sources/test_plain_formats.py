"""Formats that are plain tables: what each file or database becomes, how it is known, and what is wrong in it.

data/<system>--<case>.{csv,jsonl,txt} is what somebody hands over (txt: one JSON document); the .json beside it has the
rows that it must become, worked out by hand. Only the columns named there are compared.
"""

import contextlib
import csv
import gzip
import io
import json
import re
import sqlite3
from pathlib import Path
from typing import Any

import pytest
from helpers import DATA, ROOT
from helpers.postgres import execute, new_database
from helpers.report_database import ReportDatabase, ask, change

from storyreport import rollups, schema
from storyreport.errors import StoryreportError
from storyreport.readers import text as textfiles
from storyreport.sources import systems

DOCUMENTATION = ROOT / "docs" / "plain-formats.md"
SYSTEMS = ("steps", "litellm", "langfuse", "airflow", "llm")
PAIRS = sorted(path for system in SYSTEMS for path in DATA.glob(f"{system}--*.json"))
PRIVATE = (
    "secret prompt", "secret story", "secret-session", "sk-secret-key", "secret-host", "ann_the_user", "bob_the_reader",
    "ann@example.com",
)  # fmt: skip
ROWS = {
    "stories": "select * from stories",
    "runs": """
        select runs.*, coalesce(stories.source_key, story_key) as story
        from runs left join stories on stories.id = story_id""",
    "step_runs": """
        select
            step_runs.*, steps.name as step, steps.family, coalesce(runs.source_key, run_key) as run,
            coalesce(stories.source_key, step_runs.story_key) as story
        from step_runs
        join steps on steps.id = step_id
        left join runs on runs.id = run_id
        left join stories on stories.id = step_runs.story_id""",
    "calls": """
        select
            calls.*, steps.name as step, coalesce(runs.source_key, run_key) as run,
            coalesce(stories.source_key, calls.story_key) as story,
            case when not is_estimated then cost end as recorded_cost
        from calls
        left join steps on steps.id = step_id
        left join runs on runs.id = run_id
        left join stories on stories.id = calls.story_id""",
}
CALL_FIELDS = "id,provider,model,called_at,input_tokens,output_tokens,cost,status"
CALLS = (
    "c1,openai,house-model,2026-03-01 10:00:00,1000,200,0.25,success",
    "c2,openai,house-model,2026-03-01 11:00:00,500,100,,success",
    "c3,suno,,2026-03-02 10:00:00,,,0.5,failed",
)
LLM_RESPONSES = """
    create table responses (
        id text primary key, model text, prompt text, system text, prompt_json text, options_json text, response text,
        response_json text, conversation_id text, duration_ms integer, datetime_utc text"""


def given(expected: Path) -> Path:
    """The file whose rows are expected."""
    (found,) = (path for path in DATA.glob(f"{expected.stem}.*") if path != expected)
    return found


def rows(db: ReportDatabase, table: str, columns: list[str] | None = None) -> list[dict[str, Any]]:
    """The rows of a core table by their keys, with the names of what they refer to."""
    with contextlib.closing(sqlite3.connect(db.path)) as connection:
        connection.row_factory = sqlite3.Row
        found = [dict(row) for row in connection.execute(f"{ROWS[table]} order by {table}.source_key")]
    return [{name: row[name] for name in columns} for row in found] if columns else found


def check(db: ReportDatabase, expected: dict[str, list[dict[str, Any]]]) -> None:
    """Compare the core tables with the rows expected, column by column named there."""
    for table in ROWS:
        found = rows(db, table)
        wanted = expected.get(table, [])
        assert [row["source_key"] for row in found] == [row["source_key"] for row in wanted]
        for row, want in zip(found, wanted, strict=True):
            assert {name: row[name] for name in want} == want


def table_file(folder: Path, form: str, fields: str, lines: tuple[str, ...]) -> Path:
    """A table in one of the forms that people hand over."""
    names = fields.split(",")
    records = [dict(zip(names, next(csv.reader([line])), strict=True)) for line in lines]
    path = folder / ("table." + {"jsonl": "jsonl", "list": "json"}.get(form, "csv"))
    if form == "jsonl":
        text = "".join(json.dumps(record) + "\n" for record in records)
    elif form == "list":
        text = json.dumps(records, indent=1)
    else:
        out = io.StringIO()
        writer = csv.writer(out, delimiter=form)
        writer.writerows([names, *(record.values() for record in records)])
        text = out.getvalue()
    path.write_text(text, encoding="utf-8")
    return path


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
    """Instances of a mapped task are one step to the reports; what waits for another try is no execution."""
    db.ingest(DATA / "airflow--task-instances.csv")
    assert [(row["step"], row["executions"], row["failed"]) for row in db.report("failure_rates")] == [
        ("chapter", 2, 1),
        ("outline", 1, 0),
    ]
    assert [(row["step"], row["total_ms"]) for row in db.report("slowest_steps")] == [
        ("chapter", 60_000),
        ("outline", 10_500),
    ]


def test_a_streamed_call_is_not_free(db: ReportDatabase) -> None:
    """Of five calls of a proxy those from the cache and failed ones cost 0, as recorded; a streamed one did not."""
    db.ingest(DATA / "litellm--spend-logs.jsonl")
    assert db.sql("select source_key from calls where cost = 0 order by 1") == [("c-cached",), ("d-failed",)]
    found = {row["model"]: row for row in db.report("cost")}
    assert (found["gpt-4o"]["calls"], found["gpt-4o"]["cost"], found["gpt-4o"]["unpriced_calls"]) == (3, 0.012, 0)
    assert (found["embedder"]["cost"], found["embedder"]["unpriced_calls"]) == (None, 1)


# What is wrong -------------------------------------------------------------------------------------------------------


def test_a_ragged_line_is_rejected(db: ReportDatabase, tmp_path: Path) -> None:
    """A line with too few or too many fields is rejected by its reason, and the others are loaded."""
    path = table_file(tmp_path, ",", CALL_FIELDS, CALLS)
    lines = path.read_text(encoding="utf-8").splitlines()
    path.write_text("\n".join([*lines[:2], "", "c9,openai", "", *lines[2:], "c8,,,,,,,,,,,"]), encoding="utf-8")
    assert (db.ingest(path).counts.rejected, db.one("select count(*) from calls")) == (2, 3)
    reason = "the line has not the 8 fields of the header"
    assert db.sql("select source_row, reason from rejects order by 1") == [(4, reason), (8, reason)]
    with pytest.raises(StoryreportError, match="the first is calls row 4"):
        db.ingest(path, strict=True, full=True)


UNCLOSED = "a quote is not closed"
# Each case: what follows the header `id,model,called_at`, the calls to be loaded, and (line, reason) of the others.
QUOTES = {
    "whole": ('c1,"two\nlines",T\nc2,"said ""so"", twice\n\n",T\n', ["c1", "c2"], []),
    "never closed": ('c1,m,T\nc2,"x,T\nc3,m,T\nc4,m,T\n', ["c1", "c3", "c4"], [(3, UNCLOSED)]),
    "closed by another": ('c1,"x,T\nc2,m,T\nc3,"y, z",T\nc4,m,T\n', ["c2", "c3", "c4"], [(2, UNCLOSED)]),
    "lone quotes": ('c1,5" x,"y\nc2,m,T\n', ["c2"], [(2, UNCLOSED)]),
    "an inch": ('c1,5" wide,T\nc2,m,T\n', ["c1", "c2"], []),
    # What is within quotes is no row, whatever is wrong with the record.
    "ragged": ('c1,m,m,"x\nc9,m,T\n"\nc2,m,T\n', ["c2"], [(2, "the line has not the 3 fields of the header")]),
    "not UTF-8": ('c1,"x\nc9,m,T\n\udcff\nc8,m,T",T\nc2,m,T\n', ["c2"], [(4, "the line is not UTF-8")]),
    "NUL": ('c1,"x\0\nc9,m,T",T\nc2,m,T\n', ["c2"], [(2, "the line holds NUL bytes")]),
}


@pytest.mark.parametrize("case", QUOTES)
def test_quotes(db: ReportDatabase, tmp_path: Path, case: str) -> None:
    """A quoted field may hold line ends; a quote that is not closed costs its own line alone."""
    text, loaded, rejected = QUOTES[case]
    path = tmp_path / "calls.csv"
    text = text.replace("T", "2026-03-01T10:00:00")
    path.write_bytes(f"id,model,called_at\n{text}".encode(errors="surrogateescape"))
    db.ingest(path)
    assert [row["source_key"] for row in rows(db, "calls")] == loaded
    assert db.sql("select source_row, reason from rejects order by 1") == rejected


@pytest.mark.parametrize("size", [200_000, 9 * 1024 * 1024])
@pytest.mark.parametrize("is_one_line", [True, False])
def test_long_fields(db: ReportDatabase, tmp_path: Path, size: int, is_one_line: bool) -> None:
    """A field of any sane length is read; of a longer one the record is rejected, and what is in it makes no rows."""
    path = tmp_path / "calls.csv"
    filling = "x" * size if is_one_line else ("x" * 99 + "\n") * (size // 100)
    path.write_text(
        f'id,called_at,model\nc1,2026-03-01,"{filling}\nc9,,9\n{filling}\nc9,,9"\nc2,2026-03-01,m\n', encoding="utf-8"
    )
    db.ingest(path)
    is_long = size > 8 * 1024 * 1024
    assert [row["source_key"] for row in rows(db, "calls")] == (["c2"] if is_long else ["c1", "c2"])
    assert db.sql("select source_row, reason like '% is longer than %' from rejects") == ([(2, 1)] if is_long else [])


def test_a_quote_that_is_not_closed_before_many_lines(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """More lines than are kept are read again from the file, though not without end."""
    monkeypatch.setattr(textfiles, "MOST_LINES", 100)
    path = tmp_path / "long.csv"
    block = ['c,"x', *["c,x"] * 150, 'c,"x, y"']
    for blocks, rejected in ((1, 1), (3, 3), (11, 11)):
        path.write_text("\n".join(["id,note", *block * blocks]), encoding="utf-8")
        problems = [(number, problem) for number, _, problem in textfiles.records(path) if problem]
        assert [number for number, _ in problems] == [2 + len(block) * place for place in range(rejected)]
        loaded = [record["note"] for _, record, _ in textfiles.records(path) if record]
        assert loaded.count("x, y") == blocks
        assert loaded.count("x") == 150 * min(blocks, 10)
        assert ("passed over" in (problems[-1][1] or "")) == (blocks > 10)


@pytest.mark.parametrize("line", ['a"b,"c,x', 'a","c,x', ',"x', 'x"a"b,"c,x', ',"""",",x'])
def test_hostile_quotes_are_read_in_their_own_time(tmp_path: Path, line: str) -> None:
    """Lines that open fields and leave them open are read once or twice, not each time for all that came before."""
    path = tmp_path / "hostile.csv"
    path.write_text("id,model,note\n" + f"{line}\n" * 20_000, encoding="utf-8")
    read = 0
    parsed = textfiles._parsed

    def counted(*given: Any, **how: Any) -> tuple[list[str], int]:
        nonlocal read
        read += len(given[0])
        return parsed(*given, **how)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(textfiles, "_parsed", counted)
        assert list(textfiles.records(path))
    assert read < 150_000


@pytest.mark.parametrize("damage", ["garbage behind it", "wrong checksum"])
@pytest.mark.parametrize("form", [",", "jsonl", "list"])
def test_a_gzip_file_damaged_at_its_end(db: ReportDatabase, tmp_path: Path, form: str, damage: str) -> None:
    """All that it holds is loaded, and it is said that it is damaged."""
    packed = gzip.compress(table_file(tmp_path, form, CALL_FIELDS, CALLS).read_bytes())
    path = tmp_path / ("packed.csv.gz" if form == "," else "packed.json.gz")
    path.write_bytes(packed + b"garbage" if damage == "garbage behind it" else packed[:-8] + b"\0" * 4 + packed[-4:])
    db.ingest(path)
    assert [row["source_key"] for row in rows(db, "calls")] == ["c1", "c2", "c3"]
    assert db.sql("select reason from rejects") == [("the gzip file is damaged",)]


def test_broken_json_in_the_middle_is_rejected(db: ReportDatabase, tmp_path: Path) -> None:
    """A line that a crash cut off is rejected, and the others are loaded."""
    path = table_file(tmp_path, "jsonl", CALL_FIELDS, CALLS)
    lines = path.read_text(encoding="utf-8").splitlines()
    path.write_text("\n".join([lines[0], lines[1][:40], "[]", lines[2]]), encoding="utf-8")
    assert (db.ingest(path).counts.rejected, db.one("select count(*) from calls")) == (2, 2)
    assert set(db.sql("select reason from rejects")) == {
        ("the line is broken JSON",),
        ("the line is no JSON object",),
    }


@pytest.mark.parametrize(
    ("line", "reason", "kept"),
    [
        ("x,openai,gpt-4o,2026-03-01,-5,1,0.1,success", "negative input_tokens", (None, 0.1)),
        ("x,openai,gpt-4o,2026-03-01,5,1,-1,success", "cost of -1, which means that there is none", (5, None)),
        ("x,openai,gpt-4o,2026-03-01,5,1,NaN,success", "cost is not a number", (5, None)),
        (f"x,openai,gpt-4o,2026-03-01,{-(2**63)},1,0.1,success", "input_tokens is not a number", (None, 0.1)),
        ("x,openai,gpt-4o,2026-03-01,many,1,0.1,success", "input_tokens is not a number", (None, 0.1)),
        ("x,openai,gpt-4o,2026-02-30,5,1,0.1,success", "called_at is no possible time", (5, 0.1)),
    ],
)
def test_wrong_values(
    db: ReportDatabase, tmp_path: Path, line: str, reason: str, kept: tuple[int | None, float | None]
) -> None:
    """What is no number, no time or no cost is dropped from its row and said; the row is loaded."""
    db.ingest(table_file(tmp_path, ",", CALL_FIELDS, (*CALLS, line)))
    assert db.sql("select severity, source_key, reason from rejects") == [("warning", "x", reason)]
    assert db.one("select count(*) from calls") == 4
    assert db.sql("select input_tokens, cost from calls where source_key = 'x'") == [kept]


def test_an_unknown_status_is_kept_not_guessed(db: ReportDatabase, tmp_path: Path) -> None:
    """A word that nobody taught us is neither success nor failure."""
    path = table_file(tmp_path, ",", CALL_FIELDS, ("x,openai,gpt-4o,2026-03-01,5,1,0.1,meditating",))
    db.ingest(path)
    assert rows(db, "calls", ["status", "source_status"]) == [{"status": None, "source_status": "meditating"}]


RUN_STATUSES = {
    "strange": None,
    "completed strange": None,
    "completed skipped": "completed",
    "cancelled completed": "completed",
    "cancelled skipped": "cancelled",
    "skipped": "skipped",
    "completed blocked": "blocked",
    "blocked failed": "failed",
    "queued strange": "queued",
}


def test_a_run_is_not_guessed_from_its_steps(db: ReportDatabase, tmp_path: Path) -> None:
    """A run without a record of its own is completed only if something was, and nothing is unknown."""
    path = tmp_path / "steps.csv"
    lines = [
        f"{run},s1,step-{number},{status},2026-03-01T10:00:00Z"
        for run in RUN_STATUSES
        for number, status in enumerate(run.split())
    ]
    path.write_text("\n".join(["run,story,step,status,started_at", *lines]), encoding="utf-8")
    db.ingest(path)
    assert dict(db.sql("select source_key, status from runs")) == RUN_STATUSES


@pytest.mark.parametrize(("story", "status"), [("A", "completed"), ("B", "failed")])
def test_a_failure_is_only_made_good_in_its_own_story(
    db: ReportDatabase, tmp_path: Path, story: str, status: str
) -> None:
    """A run of many stories has failed though a later attempt of the step was completed: that of another story."""
    path = tmp_path / "attempts.csv"
    path.write_text(
        "run,story,step,attempt,status,started_at,ended_at\n"
        "r1,A,plan,1,failed,2026-03-01T10:00:00Z,2026-03-01T10:01:00Z\n"
        f"r1,{story},plan,2,completed,2026-03-01T11:00:00Z,2026-03-01T11:01:00Z\n",
        encoding="utf-8",
    )
    db.ingest(path)
    assert [row["status"] for row in db.report("run_status", run="r1")] == [status]


def test_an_airflow_run_is_not_guessed_from_its_tasks(db: ReportDatabase, tmp_path: Path) -> None:
    """Where no dag_run was handed over, a state that nobody knows makes no completed run; a removed task is none."""
    path = tmp_path / "airflow.db"
    change(path, "create table task_instance (dag_id text, task_id text, run_id text, state text, try_number integer)")
    for run, states in {"a": "success", "b": "success pondering", "c": "removed", "d": "success failed"}.items():
        for state in states.split():
            change(path, f"insert into task_instance values ('tale', '{state}', '{run}', '{state}', 1)")
    db.ingest(path)
    assert dict(db.sql("select source_key, status from runs")) == {
        "tale/a": "completed",
        "tale/b": None,
        "tale/c": "cancelled",
        "tale/d": "failed",
    }


def test_the_examples_of_the_documentation(db: ReportDatabase, tmp_path: Path) -> None:
    """What the documentation shows can be ingested as it stands, the two files as one source."""
    examples = re.findall(r"```csv\n(.*?)```", DOCUMENTATION.read_text(encoding="utf-8"), re.DOTALL)
    (tmp_path / "export").mkdir()
    for number, example in enumerate(examples):
        (tmp_path / "export" / f"{number}.csv").write_text(example, encoding="utf-8")
    assert db.ingest(tmp_path / "export").counts.rejected == 0
    assert rows(db, "step_runs", ["run", "story", "step", "status", "duration_ms", "error_message"]) == [
        {"run": "r1", "story": "A-17", "step": "outline", "status": "completed", "duration_ms": 12_000}
        | {"error_message": None},
        {"run": "r1", "story": "A-17", "step": "write_chapter_1", "status": "failed", "duration_ms": 120_000}
        | {"error_message": "Timed out"},
    ]
    assert rows(db, "calls", ["story", "step", "status", "input_tokens", "recorded_cost"]) == [
        {"story": "A-17", "step": "outline", "status": "completed", "input_tokens": 1200, "recorded_cost": 0.0046},
        {"story": "A-17", "step": "write_chapter_1", "status": "failed", "input_tokens": None, "recorded_cost": None},
    ]


def test_every_field_is_documented() -> None:
    """The documentation names each field of the plain forms and no other."""
    text = DOCUMENTATION.read_text(encoding="utf-8")
    halves = text.split("## Calls:")
    for table, half in zip(("step_runs", "calls"), halves, strict=True):
        named = {
            field
            for line in half.splitlines()
            if line.startswith("| `")
            for field in re.findall(r"`(\w+)`", line.split("|")[1])
        }
        assert named == set(systems()["steps"].parts["database"].tables[table].columns)


def test_what_is_left_out_of_a_row(db: ReportDatabase, tmp_path: Path) -> None:
    """An error without a status is a failure, an end a completion; a call given twice under its id is one."""
    (tmp_path / "export").mkdir()
    (tmp_path / "export" / "a.csv").write_text(
        "id,step,started_at,ended_at,error\n"
        "1,draft,2026-03-01 10:00,2026-03-01 10:01,Timeout\n"
        "2,draft,2026-03-01 10:00,2026-03-01 10:01,\n"
        "3,draft,2026-03-01 10:00,,\n",
        encoding="utf-8",
    )
    (tmp_path / "export" / "b.csv").write_text(
        "id,model,called_at,cost,error\n1,m,2026-03-01,0.5,\n1,m,2026-03-01,0.5,\n2,m,2026-03-01,,Timeout\n",
        encoding="utf-8",
    )
    db.ingest(tmp_path / "export")
    assert [row["status"] for row in rows(db, "step_runs")] == ["failed", "completed", None]
    assert rows(db, "calls", ["source_key", "status", "recorded_cost"]) == [
        {"source_key": "1", "status": None, "recorded_cost": 0.5},
        {"source_key": "2", "status": "failed", "recorded_cost": None},
    ]


# Databases -----------------------------------------------------------------------------------------------------------


def test_the_plain_forms_in_a_database(db: ReportDatabase, tmp_path: Path) -> None:
    """Tables in SQLite are read alike; an attempt that ends in place is found, and so is one that has gone."""
    path = tmp_path / "ours.db"
    change(
        path,
        "create table step_runs (run int, story int, story_title text, step text, started_at text, ended_at text)",
        "insert into step_runs values (1, 5, 'The Fox', 'draft', '2026-03-01 10:00', '2026-03-01 10:01'),"
        " (2, 6, 'The Owl', 'draft', '2026-03-01 11:00', null), (2, 6, null, 'cover', '2026-03-01 11:00', null)",
        "create table calls (id integer primary key, run int, model text, called_at text, cost real)",
        "insert into calls values (1, 1, 'gpt-4o', '2026-03-01 10:00', 0.5)",
    )
    db.ingest(path)
    assert rows(db, "step_runs", ["run", "story", "step", "status", "duration_ms"]) == [
        {"run": "1", "story": "5", "step": "draft", "status": "completed", "duration_ms": 60_000},
        {"run": "2", "story": "6", "step": "cover", "status": None, "duration_ms": None},
        {"run": "2", "story": "6", "step": "draft", "status": None, "duration_ms": None},
    ]
    assert rows(db, "calls", ["run", "story", "cost"]) == [{"run": "1", "story": "5", "cost": 0.5}]
    change(
        path,
        "update step_runs set ended_at = '2026-03-01 11:02' where run = 2 and step = 'draft'",
        "delete from step_runs where step = 'cover'",
        "insert into step_runs values (2, 6, null, 'video', '2026-03-01 11:02', '2026-03-01 11:05')",
    )
    counts = db.ingest(path).counts
    assert (counts.inserted, counts.gone) == (1, 1)
    assert db.sql("select source_key, title from stories") == [("5", "The Fox"), ("6", "The Owl")]
    assert db.sql("select status, duration_ms from runs order by source_key") == [
        ("completed", 60_000),
        ("completed", 300_000),
    ]


def test_an_attempt_that_ends_in_place_after_many_others(db: ReportDatabase, tmp_path: Path) -> None:
    """An open attempt is read again with its run, however many rows have come since."""
    path = tmp_path / "ours.db"
    change(
        path,
        "create table step_runs (run text, step text, status text, started_at text, ended_at text)",
        "insert into step_runs values ('old', 'draft', 'running', '2026-03-01 10:00', null)",
        "with recursive n (i) as (select 1 union all select i + 1 from n where i < 10500)"
        " insert into step_runs select 'r' || i, 'draft', 'done', '2026-03-01 11:00', '2026-03-01 11:01' from n",
    )
    db.ingest(path)
    change(path, "update step_runs set status = 'failed', ended_at = '2026-03-01 12:00' where run = 'old'")
    counts = db.ingest(path).counts
    assert counts.inserted + counts.gone == 0
    assert db.sql("select status from step_runs where source_key like 'old%'") == [("failed",)]
    assert db.sql("select status from runs where source_key = 'old'") == [("failed",)]


def test_an_error_log_explains_a_spend_log(db: ReportDatabase, tmp_path: Path) -> None:
    """A failed call that stands in both logs is one call, with its error; another one only in the second counts too."""
    path = tmp_path / "proxy.db"
    change(
        path,
        """create table "LiteLLM_SpendLogs" (
            request_id text primary key, call_type text, spend real, total_tokens int, prompt_tokens int,
            completion_tokens int, "startTime" datetime, "endTime" datetime, model text, status text, metadata json)""",
        """create table "LiteLLM_ErrorLogs" (
            request_id text primary key, "startTime" datetime, "endTime" datetime, litellm_model_name text,
            exception_type text, exception_string text, status_code text, request_kwargs json)""",
        """insert into "LiteLLM_SpendLogs" values
            ('a', 'completion', 0, 0, 0, 0, '2026-03-01 10:00:00', '2026-03-01 10:00:01', 'gpt-4o', 'failure', '{}')""",
        """insert into "LiteLLM_ErrorLogs" values
            ('a', '2026-03-01 10:00:00', '2026-03-01 10:00:01', 'gpt-4o', 'APIError', 'a secret prompt', '500', '{}'),
            ('b', '2026-03-01 11:00:00', '2026-03-01 11:00:01', 'gpt-4o', 'Timeout', 'a secret prompt', '', '{}')""",
    )
    db.ingest(path)
    assert db.sql("select source_key, status, error_message, cost from calls order by 1") == [
        ("a", "failed", "APIError (500)", 0.0),
        ("error b", "failed", "Timeout", None),
    ]
    assert b"secret prompt" not in db.path.read_bytes()
    db.ingest(path, with_text=True)
    assert db.one("select error_message from calls where source_key = 'a'") == "APIError (500): a secret prompt"


def test_airflow_database(db: ReportDatabase, tmp_path: Path) -> None:
    """Tries that are over come from the history; a task that waits for its next try is that try."""
    path = tmp_path / "airflow.db"
    columns = """dag_id text, task_id text, run_id text, map_index integer, state text, try_number integer,
        start_date text, end_date text, duration real, queued_dttm text, updated_at text, unixname text"""
    change(
        path,
        f"create table task_instance (id text primary key, {columns}, last_heartbeat_at text)",
        f"create table task_instance_history (task_instance_id text primary key, {columns})",
        "create table dag_run (id integer primary key, dag_id text, run_id text, state text, run_type text,"
        " queued_at text, start_date text, end_date text, updated_at text)",
        "insert into dag_run values (1, 'story', 'r1', 'running', 'manual', null, '2026-03-01 10:00:00', null,"
        " '2026-03-01 12:00:00')",
        "insert into task_instance_history values ('u1', 'story', 'draft', 'r1', -1, 'failed', 1,"
        " '2026-03-01 10:00:00', '2026-03-01 10:01:00', 60, null, '2026-03-01 10:01:00', 'ann_the_user')",
        "insert into task_instance values ('u2', 'story', 'draft', 'r1', -1, 'up_for_retry', 1,"
        " '2026-03-01 10:00:00', '2026-03-01 10:01:00', 60, null, '2026-03-01 10:01:00', 'ann_the_user', null)",
    )
    db.ingest(path)
    columns_told = ["run", "step", "attempt", "status", "duration_ms"]
    failed = {"run": "story/r1", "step": "draft", "attempt": 1, "status": "failed", "duration_ms": 60_000}
    assert rows(db, "step_runs", columns_told) == [
        failed,
        {**failed, "attempt": 2, "status": "queued", "duration_ms": None},
    ]
    assert rows(db, "runs", ["status", "last_activity_at"]) == [{"status": "running", "last_activity_at": None}]
    change(
        path,
        "update task_instance set state = 'success', try_number = 2, start_date = '2026-03-01 10:05:00',"
        " end_date = '2026-03-01 10:05:30', duration = 30, updated_at = '2026-03-01 12:05:30'",
        "update dag_run set state = 'success', end_date = '2026-03-01 12:05:31', updated_at = '2026-03-01 12:05:31'",
    )
    counts = db.ingest(path).counts
    assert (counts.inserted, counts.updated, counts.gone) == (0, 2, 0)
    assert rows(db, "step_runs", columns_told) == [
        failed,
        {**failed, "attempt": 2, "status": "completed", "duration_ms": 30_000},
    ]
    assert b"ann_the_user" not in db.path.read_bytes()


def test_airflow_before_it_kept_a_history(db: ReportDatabase, tmp_path: Path) -> None:
    """Where a new try takes the place of the last one, the row that is seen next time is that of the new try."""
    path = tmp_path / "airflow.db"
    change(
        path,
        "create table task_instance (dag_id text, task_id text, run_id text, state text, try_number integer,"
        " start_date text, end_date text, duration real)",
        "create table dag_run (id integer primary key, dag_id text, run_id text, state text, run_type text)",
        "insert into dag_run values (1, 'story', 'r1', 'running', 'manual')",
        "insert into task_instance values ('story', 'draft', 'r1', null, 0, null, null, null),"
        " ('story', 'cover', 'r1', 'failed', 1, '2026-03-01 10:00:00', '2026-03-01 10:00:01', 1)",
    )
    db.ingest(path)
    change(path, "update task_instance set state = 'running', try_number = 2, end_date = null where task_id = 'cover'")
    db.ingest(path)
    assert db.sql("select source_key, status from step_runs where gone_at is null order by 1") == [
        ("story/r1/cover/2", "running"),
        ("story/r1/draft/1", "queued"),
    ]
    assert db.sql("select source_key, status from step_runs where gone_at is not null") == [
        ("story/r1/cover/1", "failed")
    ]


def test_langfuse_database(db: ReportDatabase, tmp_path: Path) -> None:
    """A trace that goes on shows next time, whatever order its observations come in."""
    path = tmp_path / "langfuse.db"
    change(
        path,
        "create table observations (id text primary key, trace_id text, parent_observation_id text, type text,"
        " name text, start_time text, end_time text, level text, model text, prompt_tokens int, completion_tokens int,"
        " total_tokens int, calculated_total_cost real, updated_at text)",
        "insert into observations values ('g', 't', 's', 'GENERATION', 'x', '2026-03-01 10:00:00',"
        " '2026-03-01 10:00:01', 'DEFAULT', 'gpt-4o', 10, 5, 15, 0.25, '2026-03-01 10:00:01')",
    )
    db.ingest(path)
    assert rows(db, "calls", ["run", "step", "input_tokens", "total_tokens", "recorded_cost"]) == [
        {"run": "t", "step": None, "input_tokens": 10, "total_tokens": 15, "recorded_cost": 0.25}
    ]
    change(
        path,
        "insert into observations values ('s', 't', 'root', 'SPAN', 'draft', '2026-03-01 10:00:00', null, 'DEFAULT',"
        " null, 0, 0, 0, null, '2026-03-01 10:00:02')",
    )
    db.ingest(path)
    assert rows(db, "calls", ["step"]) == [{"step": "draft"}]
    assert rows(db, "runs", ["status"]) == [{"status": "running"}]
    change(path, "update observations set end_time = '2026-03-01 10:00:05', level = 'ERROR' where id = 's'")
    db.ingest(path)
    assert rows(db, "step_runs", ["status", "duration_ms"]) == [{"status": "failed", "duration_ms": 5000}]
    assert rows(db, "runs", ["status", "duration_ms"]) == [{"status": "failed", "duration_ms": 5000}]


@pytest.mark.parametrize("version", ["0.5", "0.10", "0.18", "0.26", "0.31", "0.32"])
def test_llm_databases(db: ReportDatabase, tmp_path: Path, version: str) -> None:
    """Every version of the tool's log becomes calls, each once, without what was said."""
    path = tmp_path / "logs.db"
    values = (
        "('r1', 'gpt-4o', 'a secret prompt', '', '', '', 'a secret story', '', 'secret-session', 1500,"
        " '2026-03-01T10:00:00'"
    )
    turns = """create table turns (
        id text primary key, thread_id text, parent_message_hash text, tip_message_hash text, model text,
        resolved_model text, options_json text, schema_id text, input_tokens integer, output_tokens integer,
        token_details text, duration_ms integer, datetime_utc text"""
    statements = {
        "0.5": [
            "create table logs (id integer primary key, model text, prompt text, system text, prompt_json text,"
            " options_json text, response text, response_json text, reply_to_id integer, chat_id integer,"
            " duration_ms integer, datetime_utc text)",
            "insert into logs values (1, 'gpt-4o', 'a secret prompt', '', '', '', 'a secret story', '', null, 1, 1500,"
            " '2026-03-01 10:00:00')",
        ],
        "0.10": [LLM_RESPONSES + ")", f"insert into responses values {values})"],
        "0.18": [
            LLM_RESPONSES + ", input_tokens integer, output_tokens integer, token_details text)",
            f"insert into responses values {values}, 100, 20, null)",
        ],
        "0.26": [
            LLM_RESPONSES + ", input_tokens integer, output_tokens integer, token_details text, schema_id text,"
            " resolved_model text)",
            f"insert into responses values {values}, 100, 20, null, null, 'gpt-4o-2024-08-06')",
        ],
        "0.31": [
            LLM_RESPONSES + ", input_tokens integer, output_tokens integer, token_details text)",
            f"insert into responses values {values}, 999, 20, null)",
            turns + ")",
            "insert into turns values ('r1', 't', 'h1', 'h2', 'gpt-4o', null, '{}', null, 100, 20, null, 1500,"
            " '2026-03-01T10:00:00+00:00')",
        ],
        "0.32": [
            turns + ", response_json text, error text)",
            "insert into turns values ('r1', 't', 'h1', 'h2', 'gpt-4o', null, '{}', null, 100, 20, null, 1500,"
            " '2026-03-01T10:00:00+00:00', '{\"text\": \"a secret story\"}', null),"
            " ('r2', 't', 'h1', null, 'gpt-4o', null, '{}', null, null, null, null, 10,"
            " '2026-03-01T10:00:01+00:00', null, 'Rate limit')",
        ],
    }[version]
    change(path, *statements)
    db.ingest(path)
    first, *others = rows(
        db, "calls", ["source_key", "model", "status", "called_at", "duration_ms", "input_tokens", "output_tokens"]
    )
    assert first == {
        "source_key": "log 1" if version == "0.5" else "r1",
        "model": "gpt-4o-2024-08-06" if version == "0.26" else "gpt-4o",
        "status": "completed",
        "called_at": "2026-03-01T10:00:00.000Z",
        "duration_ms": 1500,
        "input_tokens": None if version in ("0.5", "0.10") else 100,
        "output_tokens": None if version in ("0.5", "0.10") else 20,
    }
    assert [(row["source_key"], row["status"]) for row in others] == ([("r2", "failed")] if version == "0.32" else [])
    assert [text for text in PRIVATE if text.encode() in db.path.read_bytes()] == []
    assert db.ingest(path, full=True).counts.written == 0
    assert ask(path, "select 1") == [(1,)]


def test_a_proxy_s_postgresql(db: ReportDatabase, server: str) -> None:
    """The proxy's own tables, with their capitals, and a call that was written late."""
    url = new_database(server, "proxy")
    execute(
        url,
        """create table "LiteLLM_SpendLogs" (
            request_id text primary key, call_type text, spend double precision default 0, total_tokens int default 0,
            prompt_tokens int default 0, completion_tokens int default 0, "startTime" timestamp(3),
            "endTime" timestamp(3), model text, metadata jsonb, cache_hit text, status text)""",
        """insert into "LiteLLM_SpendLogs" values
            ('a', 'acompletion', 0.5, 30, 10, 20, '2026-03-01 10:00', '2026-03-01 10:00:01', 'house-model',
            '{"prompt": "a secret prompt"}', 'False', 'success')""",
    )
    db.ingest(url)
    told = ["source_key", "called_at", "duration_ms", "cost", "input_tokens", "status"]
    first = ("a", "2026-03-01T10:00:00.000Z", 1000, 0.5, 10, "completed")
    assert rows(db, "calls", told) == [dict(zip(told, first, strict=True))]
    execute(
        url,
        """insert into "LiteLLM_SpendLogs" values
            ('b', 'acompletion', 0, 30, 10, 20, '2026-03-01 09:00', '2026-03-01 09:59', 'house', '{}', '', 'failure'),
            ('c', 'acompletion', 0, 30, 10, 20, '2026-03-01 11:00', '2026-03-01 11:01', 'house', '{}', '', 'success')
        """,
    )
    assert db.ingest(url).counts.inserted == 2
    assert rows(db, "calls", ["source_key", "cost"])[1:] == [
        {"source_key": "b", "cost": 0.0},
        {"source_key": "c", "cost": None},
    ]
    assert db.ingest(url).counts.written == 0
    assert b"secret prompt" not in db.path.read_bytes()
