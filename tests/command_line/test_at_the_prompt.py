"""What a person reads at the prompt: tables that fit, the status of a story or run, help and completion of reports."""

import contextlib
import json
import os
import re
import shutil
import sqlite3
from pathlib import Path

import pytest
from helpers.cli_cases import assert_one_sentence, rows_of
from helpers.command_line import built_help, ok, printed, storyreport
from helpers.tracker import STEPS, Tracker

from storyreport import reports
from storyreport.commands.reports import ANSWERS
from storyreport.terminal import tables
from storyreport.terminal.tables import display_width
from storyreport.values.quantities import heading

UUID = "c0b79142-38f9-4fdc-8d4d-00be6d4b1d51"
ERROR = "HTTPSConnectionPool: Read timed out while the model wrote its second chapter, after 30 seconds"


@pytest.fixture(scope="module")
def demo(demo_folder: Path) -> Path:
    """A report database with the demo's sources."""
    return demo_folder / "storyreport.db"


@pytest.fixture(scope="module")
def tracked(tmp_path_factory: pytest.TempPathFactory) -> Tracker:
    """A tracker's database whose stories are in every state, and the report database beside it."""
    tracker = Tracker(tmp_path_factory.mktemp("tracked") / "tracker.db")
    for number, (step, status) in enumerate([(step, status) for step in STEPS for status in ("completed", "failed")]):
        for story in range(number + 1):
            tracker.register(f"S-{number}-{story}", f"Tale {number}")
            tracker.clock(minutes=1)
            tracker.end(
                f"S-{number}-{story}", step, f"run-{number}", 1000, status, "Timeout" if status == "failed" else None
            )
    tracker.start("S-1-0", "02_preprocess", "run-x")
    ok("ingest", tracker.path, "--db", "report.db", cwd=tracker.path.parent)
    return tracker


@pytest.mark.parametrize("name", sorted(reports.load_reports()))
def test_every_report_fits_80_columns(name: str, demo: Path) -> None:
    """No line is longer, in cells of a terminal; the columns of the answer, or that the chart draws, are there."""
    report = reports.find(name)
    keys = {"story": "stories", "run": "runs", "batch": "runs", "session": "rollup_sessions", "step": "steps"}
    given = {}
    with contextlib.closing(sqlite3.connect(demo)) as connection:
        for param in report.params:
            if param.is_required and param.name in keys:
                column = {"session": "session_hash", "step": "family"}.get(param.name, "source_key")
                (given[param.name],) = connection.execute(
                    f"select {column} from {keys[param.name]} where {column} is not null limit 1"
                ).fetchone()
    given |= {"name": "s"} if name == "find" else {}
    pairs = [word for key, value in given.items() for word in ("-p", f"{key}={value}")]
    said = printed("report", name, *pairs, "--db", demo)
    lines = said.splitlines()
    assert max(map(display_width, lines)) <= 80
    assert "\x1b" not in said
    rows = rows_of(printed("report", name, *pairs, "--json", "--db", demo))
    if len(rows) > 1:
        rule = next(place for place, line in enumerate(lines) if line.startswith("--"))
        header = " ".join(" ".join(lines[:rule]).split())
        answer = ANSWERS.get(name, report.drawn)
        drawn = [column for column in answer if column != "currency" and any(row[column] for row in rows)]
        for word in (word for column in drawn for word in heading(column).split()):
            assert word in header


@pytest.mark.parametrize(("name", "subject"), [("failed_runs", "run"), ("failed_stories", "story")])
def test_a_list_of_failures_says_why_at_80_columns(name: str, subject: str, demo: Path) -> None:
    """What failed, where and why; --wide has the rest."""
    header = printed("report", name, "--db", demo).splitlines()[0].split()
    assert header == ["source", subject, "step", "error"]


def test_a_table_keeps_what_matters() -> None:
    """Ids are cut, errors wrapped, times lose their seconds, the least important column is left out; --wide has all."""
    columns = ["source", "run", "status", "error", "started_at", "duration_ms", "padding"]
    row = ["studio", UUID, "failed", ERROR, "2026-03-10T12:00:00.000Z", 79_361_672, "x" * 20]
    lines = list(tables.table(columns, [row, row], 80, ["duration_ms"], "--wide"))
    assert max(map(len, lines)) <= 90  # colour codes of the status
    text = "\n".join(lines)
    assert "22 h 3 min" in text
    assert UUID not in text
    assert re.search(r"c0b79142-38f\S*… ", text)
    assert "Not shown: started at, padding (--wide shows all)." in lines
    first = [line[line.index("HTTPS") :] for line in lines if "HTTPS" in line]
    assert len(first) == 2
    wide = list(tables.table(columns, [row, row], None))
    assert len(wide) == 4
    assert all(part in wide[2] for part in (UUID, ERROR, "2026-03-10 12:00:00", "x" * 20))


@pytest.mark.parametrize("subject", ["run", "story"])
def test_long_names_leave_room_for_what_a_report_is_about(subject: str) -> None:
    """Three names of 40 letters, of which two come before it, and an error: all four fit 80."""
    columns = ["source", "kind", subject, "step", "failed_at", "error"]
    names = [letter * 40 for letter in "abc"]
    row = [names[0], "step", names[1], names[2], "2026-03-10T12:00:00.000Z", ERROR]
    header, _, *lines = tables.table(columns, [row, row], 80, ["source", "step", "error"])
    assert header.split() == ["source", "kind", subject, "step", "error"]
    assert max(map(len, lines)) <= 80
    assert lines[0].split()[2].startswith("b" * 12)


# A story with several steps: what the demo's stories have depends on the day.
MANY_STEPS = """
    select stories.source_key
    from step_runs
    join stories on stories.id = step_runs.story_id
    group by stories.id
    having count(distinct step_runs.step_id) > 3
    limit 1
"""


@pytest.mark.parametrize("command", ["stats", "sources", "status {story}", "diagnose --story {story}", "report cost"])
def test_what_is_said_to_show_all_is_an_option(command: str, demo: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A table that leaves columns out names an option of its own command, or none."""
    monkeypatch.setattr(shutil, "get_terminal_size", lambda *_, **__: os.terminal_size((60, 20)))
    with contextlib.closing(sqlite3.connect(f"file:{demo}?mode=ro", uri=True)) as connection:
        (story,) = connection.execute(MANY_STEPS).fetchone()
    said = " ".join(printed(*command.format(story=story).split(), "--db", demo).split())
    assert "Not shown: " in said
    for option in re.findall(r"\((--[a-z]+)[^()]* shows all\)", said):
        assert f" {option} " in built_help(command.split()[0])


def test_wide_letters_count_twice() -> None:
    """A table of Chinese titles fits, too."""
    rows = [["story", "龍" * 60 + " " + "é" * 90] for _ in range(2)]
    assert max(display_width(line) for line in tables.table(["story", "title"], rows, 40)) <= 40
    assert display_width("龍e\u0301") == 3


@pytest.mark.parametrize("rows", [1, 2])
@pytest.mark.parametrize("text", ["a long sentence of words", "龍" * 9])
def test_a_terminal_may_be_narrower_than_a_column(rows: int, text: str) -> None:
    """A pane of a few letters has something of the table, and no traceback."""
    for width in range(1, 30):
        assert "".join(tables.table(["acceptance_passed", "detail"], [[1, text]] * rows, width)).strip()


def test_stats_are_the_tracker_s(tracked: Tracker) -> None:
    """Value for value what the tracker counts in its own table."""
    expected: dict[str, dict[str, int]] = {}
    for step, status, count in tracked.connection.execute(
        "select step_name, status, count(*) from step_status group by step_name, status"
    ):
        expected.setdefault(step, {})[status] = count
    folder = tracked.path.parent
    assert json.loads(ok("stats", "tracker", "--format", "json", "--db", "report.db", cwd=folder)) == expected
    assert json.loads(ok("stats", "--format", "json", "--db", "report.db", cwd=folder)) == {"tracker": expected}
    assert "02_preprocess" in ok("stats", "--db", "report.db", cwd=folder)
    assert_one_sentence(storyreport("stats", "traker", "--db", "report.db", cwd=folder), 2)


def test_slowest_steps_are_the_tracker_s(tracked: Tracker) -> None:
    """The average of completed executions, as the tracker's own documentation selects it."""
    expected = dict(
        tracked.connection.execute(
            "select step_name, avg(execution_time_ms) from step_history where status = 'completed' group by step_name"
        )
    )
    rows = rows_of(printed("report", "slowest_steps", "--json", "--db", tracked.path.parent / "report.db"))
    assert {row["step"]: row["avg_ms"] for row in rows if row["avg_ms"] is not None} == expected


def test_status_is_the_tracker_s(tracked: Tracker) -> None:
    """Each step of the story with the status and error that the tracker has."""
    expected = tracked.connection.execute(
        "select step_name, status, error_message from step_status where story_id = 'S-1-0' order by step_name"
    ).fetchall()
    folder = tracked.path.parent
    found = json.loads(ok("status", "S-1-0", "--format", "json", "--db", "report.db", cwd=folder))
    assert (found["source"], found["story"], found["title"]) == ("tracker", "S-1-0", "Tale 1")
    assert [(step["step"], step["status"], step["error"]) for step in found["steps"]] == expected
    said = ok("status", "S-1-0", "--db", "report.db", cwd=folder)
    assert "Tale 1" in said
    assert "running" in said


def test_status_of_a_run_by_the_beginning_of_its_key(tracked: Tracker) -> None:
    """run-9 has ten failed packages; `run-` begins many keys."""
    folder = tracked.path.parent
    found = json.loads(ok("status", "run-9", "--format", "json", "--db", "report.db", cwd=folder))
    assert {step["status"] for step in found["steps"]} == {"failed"}
    assert len(found["steps"]) == 10
    assert json.loads(ok("status", "run-x", "--format", "json", "--db", "report.db", cwd=folder))["run"] == "run-x"
    done = storyreport("status", "run-", "--db", "report.db", cwd=folder)
    assert_one_sentence(done, 2)
    assert "run-1, run-2" in done.stderr


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["report", "cost", "-p", "source=traker"], "There is no source 'traker': did you mean tracker?"),
        (["report", "story_status"], "story_status needs a story: storyreport report story_status -p story="),
        (["report", "story_status", "-p", "story=S-9"], "did you mean S-9-0"),
        (["report", "recent_runs", "-p", "story=S-99-1"], "There is no story 'S-99-1': did you mean"),
        (["report", "recent_runs", "-p", "status=faild"], "There is no status 'faild': did you mean failed?"),
        (["report", "cost", "--since=7d"], "A parameter of a report is given with -p: -p since=7d."),
        (["report", "cost", "since=7d"], "A parameter of a report is given with -p: -p since=7d."),
        (["report", "slowest_runs", "-p", "step=1_ingest"], "did you mean 01_ingest"),
        (["report", "session_stories", "-p", "session=abc"], "There is no session 'abc'"),
        (["report", "recent_events", "-p", "batch=b"], "There is no batch 'b'"),
        (["status", "T-1"], "There is no story or run 'T-1'"),
        (["status", "S-1-0", "--source", "x"], "There is no source 'x': there are tracker."),
    ],
)
def test_unknown_names_are_wrong_usage(arguments: list[str], said: str, tracked: Tracker) -> None:
    """Never "No rows.": exit code 2 and the closest names, also for scripts."""
    for more in ([], ["--json"] if arguments[0] == "report" else []):
        done = storyreport(*arguments, *more, "--db", "report.db", cwd=tracked.path.parent)
        assert_one_sentence(done, 2)
        assert said in done.stderr


def test_a_known_name_may_have_no_rows(tracked: Tracker) -> None:
    """A story without a tree is known."""
    said = ok("report", "story_tree", "-p", "story=S-1-0", "--db", "report.db", cwd=tracked.path.parent)
    assert said == "No rows.\n"


def test_help_of_a_report(tmp_path: Path) -> None:
    """Its parameters with their defaults, and its columns; an unknown report is wrong usage."""
    said = ok("report", "stuck_runs", "--help", cwd=tmp_path)
    assert "-p minutes=MINUTES" in said
    assert "[60]" in said
    assert "stuck_minutes" in said
    assert max(map(len, said.splitlines())) <= 80
    assert storyreport("report", "stuck_run", "-h", cwd=tmp_path).returncode == 2


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_completion(shell: str, tracked: Tracker) -> None:
    """Names of reports, parameters, sources and keys are completed in each shell."""
    folder = tracked.path.parent
    assert "_STORYREPORT_COMPLETE" in ok(cwd=folder, _STORYREPORT_COMPLETE=f"{shell}_source")

    def completed(typed: str, incomplete: str) -> str:
        variables = {"COMP_WORDS": typed + incomplete, "COMP_CWORD": incomplete or str(len(typed.split()))}
        if shell != "fish":
            variables["COMP_CWORD"] = str(len(typed.split()))
        variables["STORYREPORT_DB"] = "report.db"
        return ok(cwd=folder, _STORYREPORT_COMPLETE=f"{shell}_complete", **variables)

    assert "slowest_steps" in completed("storyreport report ", "slow")
    assert "minutes=" in completed("storyreport report stuck_runs -p ", "min")
    assert "source=tracker" in completed("storyreport report stuck_runs -p ", "source=")
    assert "tracker" in completed("storyreport stats ", "tr")
    assert "S-9-0" in completed("storyreport status ", "S-9-")


def test_csv_is_utf_8_everywhere(tracked: Tracker) -> None:
    """Whatever the terminal's encoding; with --bom Excel knows it."""
    said = ok("report", "story_status", "-p", "story=S-1-0", "--bom", "--db", "report.db", cwd=tracked.path.parent)
    assert said.startswith("\N{ZERO WIDTH NO-BREAK SPACE}source,story,title")
