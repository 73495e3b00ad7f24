"""Plain tables with mistakes: quotes, damage, wrong values, unknown statuses."""

import gzip
import re
from pathlib import Path
from typing import Any

import pytest
from helpers import ROOT
from helpers.plain_formats import CALL_FIELDS, CALLS, rows, table_file
from helpers.report_database import ReportDatabase, change

from storyreport.errors import StoryreportError
from storyreport.readers import text as textfiles
from storyreport.sources import systems

DOCUMENTATION = ROOT / "docs" / "plain-formats.md"


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


def test_each_value_that_is_dropped_from_a_row_is_said(db: ReportDatabase, tmp_path: Path) -> None:
    path = tmp_path / "calls.csv"
    path.write_text(
        "id,called_at,model,input_tokens,output_tokens,cost,currency\n"
        f"c1,2026-03-01T10:00:00Z,m,{2**63},-5,1e400,Doubloons\nc2,2026-03-01T10:00:00Z,m,1,2,0.5,USD\n",
        encoding="utf-8",
    )
    db.ingest(path)
    assert db.sql("select source_row, source_key, reason from rejects") == [
        (2, "c1", "input_tokens is not a number; negative output_tokens; cost is not a number; currency is not known")
    ]
    assert db.sql("select input_tokens, output_tokens, cost from calls order by id") == [
        (None, None, None),
        (1, 2, 0.5),
    ]
