"""The command report as a process: formats, parameters, mistakes, Ctrl-C."""

import csv
import io
import json
import re
import shutil
import signal
import sqlite3
import subprocess
import sys
import time
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from helpers import ROOT
from helpers.cli_cases import CONTROL, REPORTS, SLOWEST, assert_one_sentence, plant, rows_of, unchanged
from helpers.command_line import environment, ok, storyreport
from helpers.platforms import on_posix

from storyreport.__main__ import HELP

FAILURES = {"03_generate": (3, 2, 1), "01_ingest": (2, 2, 0)}


def read_table(text: str) -> list[dict[str, str]]:
    """The rows of a Markdown table."""
    header, _, *lines = [[cell.strip() for cell in line.strip("|").split("|")] for line in text.splitlines()]
    return [dict(zip(header, line, strict=True)) for line in lines]


READERS: dict[str, Callable[[str], list[dict[str, Any]]]] = {
    "json": rows_of,
    "csv": lambda text: list(csv.DictReader(io.StringIO(text))),
    "jsonl": lambda text: [json.loads(line) for line in text.splitlines()],
}


@pytest.mark.parametrize("form", READERS)
def test_a_report_in_each_format(form: str, report_db: Path, tmp_path: Path) -> None:
    """JSON, JSON lines and CSV hold the planted numbers."""
    read = READERS[form]
    slowest = read(ok("report", "slowest_steps", "--format", form, "--db", report_db, cwd=tmp_path))
    assert {
        row["step"]: (int(row["executions"]), int(row["total_ms"]), int(row["max_ms"])) for row in slowest
    } == SLOWEST
    assert [row["step"] for row in slowest] == ["03_generate", "01_ingest"]
    failures = read(ok("report", "failure_rates", "--format", form, "--db", report_db, cwd=tmp_path))
    assert {
        row["step"]: (int(row["executions"]), int(row["completed"]), int(row["failed"])) for row in failures
    } == FAILURES
    assert [float(row["failure_pct"]) for row in failures] == [33.33, 0]


@pytest.mark.parametrize(("form", "empty"), [("json", "[]"), ("table", "No rows.")])
def test_a_report_without_rows(form: str, empty: str, report_db: Path, tmp_path: Path) -> None:
    """A report of nothing says so; a parameter narrows it down."""
    said = ok("report", "slowest_steps", "-p", "since=2026-03-11", "--format", form, "--db", report_db, cwd=tmp_path)
    assert said.strip() == empty


def test_markdown_has_human_units(report_db: Path, tmp_path: Path) -> None:
    """Milliseconds are seconds there, and shares have their sign."""
    (slowest, _) = read_table(ok("report", "slowest_steps", "--format", "markdown", "--db", report_db, cwd=tmp_path))
    # 3,000 and 1,000 ms of 5,200.
    assert (slowest["step"], slowest["total"], slowest["max"]) == ("03_generate", "4.0 s", "3.0 s")
    assert slowest["share"] == "76.9 %"


def test_a_value_may_hold_an_equals_sign(report_db: Path, tmp_path: Path) -> None:
    """Only the first = parts a parameter's name from its value."""
    renamed = plant(tmp_path / "a=b.db")
    ok("ingest", renamed, "--db", report_db, cwd=tmp_path)
    said = ok("report", "slowest_steps", "-p", "source=a=b", "--format", "json", "--db", report_db, cwd=tmp_path)
    assert {row["source"] for row in rows_of(said)} == {"a=b"}


def test_a_table_obeys_no_terminal_codes(report_db: Path, tmp_path: Path) -> None:
    """Control characters of a hostile step name do not reach the terminal, and do not break the table's lines."""
    hostile = "09_\x1b[2J\x9b31m\x07\r\nred\x7f\x00"
    with closing(sqlite3.connect(report_db)) as connection:
        connection.execute("update rollup_steps set family = ? where family = '01_ingest'", [hostile])
        connection.commit()
    said = ok("report", "failure_rates", "--db", report_db, cwd=tmp_path)
    assert not CONTROL.search(said)
    table, _ = said.split("\n\nNot shown: ")
    assert len(table.splitlines()) == 2 + len(FAILURES)
    assert "red" in said
    exact = rows_of(ok("report", "failure_rates", "--format", "json", "--db", report_db, cwd=tmp_path))
    assert {row["step"] for row in exact} == {"03_generate", hostile}


def test_report_without_a_name_lists_all_reports(tmp_path: Path) -> None:
    """The catalogue is the files of queries/, and needs no report database."""
    listed = rows_of(ok("report", "--format", "json", cwd=tmp_path))
    assert sorted(row["report"] for row in listed) == sorted(path.stem for path in (ROOT / "queries").glob("*.sql"))
    assert set(REPORTS) <= {row["report"] for row in listed}
    assert all(row["title"] and row["topic"] for row in listed)
    said = ok("report", cwd=tmp_path)
    assert all(name in said for name in REPORTS)
    assert list(tmp_path.iterdir()) == []


def with_reports(folder: Path, **written: str) -> str:
    """Install storyreport into a folder, with these reports: what to set PYTHONPATH to."""
    package = folder / "storyreport"
    shutil.copytree(Path(HELP).parent, package, ignore=shutil.ignore_patterns("__pycache__"))
    (package / "bundle" / "queries").mkdir(parents=True)
    for name, sql in written.items():
        header = f"/*\ntitle: {name}\ndescription: What is tried.\ntopic: Steps\n*/\n"
        (package / "bundle" / "queries" / f"{name}.sql").write_text(header + sql, encoding="utf-8")
    return str(folder)


@pytest.mark.parametrize(
    ("sql", "said"),
    [
        ("select name from storys", "no such table: storys"),
        ("select name from stories", "no such column: name"),
        ("select title frm stories", 'near "stories": syntax error'),
        ("with recursive n as (select 1 as i union all select abs(-9223372036854775808)) select i from n", "overflow"),
    ],
    ids=["no table", "no column", "no SQL", "no number"],
)
def test_a_report_with_a_mistake_in_its_sql(sql: str, said: str, report_db: Path, tmp_path: Path) -> None:
    """A report that SQLite cannot read is named with what is wrong; the others are not affected."""
    installed = with_reports(tmp_path / "site", mine=sql, sound="select title from stories")
    with unchanged(report_db.parent):
        done = storyreport("report", "mine", "--db", report_db, cwd=tmp_path, PYTHONPATH=installed)
        assert_one_sentence(done, 1)
    assert re.match(r"Error: (\S+mine\.sql:6: its SELECT cannot be run|mine cannot be read)", done.stderr)
    assert said in done.stderr
    assert "Story S1" in ok("report", "sound", "--db", report_db, cwd=tmp_path, PYTHONPATH=installed)


@on_posix
def test_ctrl_c_ends_a_report(report_db: Path, tmp_path: Path) -> None:
    """A report that takes too long is ended by Ctrl-C, and not said to be a mistake."""
    endless = "with recursive n as (select 1 as i union all select i + 1 from n) select count(*) as many from n"
    installed = with_reports(tmp_path / "site", endless=endless)
    command = [sys.executable, "-m", "storyreport", "report", "endless", "--db", str(report_db)]
    with subprocess.Popen(
        command, cwd=tmp_path, env=environment(PYTHONPATH=installed), stderr=subprocess.PIPE, encoding="utf-8"
    ) as process:
        try:
            # Its log is there when it is open.
            while not report_db.with_name("report.db-shm").exists() and process.poll() is None:
                time.sleep(0.01)
            time.sleep(0.5)
            process.send_signal(signal.SIGINT)
            _, said = process.communicate(timeout=30)
        finally:
            process.kill()
    assert process.returncode == 1
    assert said.strip() == "Aborted!"
