"""Status words: one table of meanings, any spelling, the words of tools and of users."""

from pathlib import Path

import pytest
from helpers.command_line import storyreport
from helpers.report_database import ReportDatabase
from hypothesis import given, settings
from hypothesis import strategies as st

from storyreport import statuses
from storyreport.system import STATUSES

# By the tools' own documentation, not by the table under test.
MEANINGS = {
    "completed": ["pass", "finished", "SUCCESS", "Succeeded", "DONE", "Complete", "SuccessCriteriaMet",
                  "ContinuedAsNew", "WORKFLOW_EXECUTION_STATUS_COMPLETED", "neutral", "Cached",
                  "warn", "JOB_STATE_SUCCEEDED"],
    "failed": ["timed_out", "TimedOut", "TIMEOUT", "crashed", "CRASHED", "fail", "startup_failure", "runtime_error",
               "OOMKilled", "OUT_OF_MEMORY", "NODE_FAIL", "Error", "Evicted", "DeadlineExceeded", "REJECTED"],
    "cancelled": ["KILLED", "Terminated", "REVOKED", "canceled", "stopped", "ABORTED", "PREEMPTED", "removed"],
    "skipped": ["upstream_failed", "Omitted", "NOT_BUILT", "no-op", "IGNORED"],
    "waiting": ["deferred", "up_for_retry", "up_for_reschedule", "AwaitingRetry", "Suspended", "PAUSED", "RETRY"],
    "queued": ["NOT_STARTED", "RECEIVED", "requested", "preparing", "Late", "ContainerCreating", "Runnable"],
    "running": ["in_progress", "BATCH_RUNNING", "canceling", "KILLING", "restarting", "In Progress"],
    "blocked": ["action_required", "manual", "on_hold"],
}  # fmt: skip
UNKNOWN = ["unknown", "UNKNOWN", "meditating", "stale", "UNSTABLE", "failedish", "not_failed", "completed_not"]


def write(path: Path, words: list[str]) -> Path:
    """A plain table with a step run for each word."""
    rows = (f'{number},r,s{number},"{word}",2026-03-01T10:00:00Z' for number, word in enumerate(words))
    path.write_text("\n".join(["id,run,step,status,started_at", *rows]) + "\n", "utf-8")
    return path


def test_words_of_common_tools(db: ReportDatabase, tmp_path: Path) -> None:
    """A word is counted as what its tool means by it; what nobody knows stays unknown and is a finding."""
    expected = {word: meaning for meaning, words in MEANINGS.items() for word in words} | dict.fromkeys(UNKNOWN)
    db.ingest(write(tmp_path / "words.csv", list(expected)))
    assert dict(db.sql("select source_status, status from step_runs")) == expected
    found = {row["example"] for row in db.report("data_quality") if row["area"] == "statuses"}
    assert found == set(UNKNOWN)


@settings(max_examples=100)
@given(
    st.sampled_from([(word, meaning) for meaning, words in statuses.WORDS.items() for word in words.split()]),
    st.sampled_from(["", " ", "-", "_"]),
    st.sampled_from([str.lower, str.upper, str.title]),
)
def test_any_spelling_is_the_same_word(word: tuple[str, str], joint: str, case: object) -> None:
    """Case and separators make no difference, camelCase included."""
    written, meaning = word
    spelled = joint.join(case(part) for part in written.split("_"))  # type: ignore[operator]
    assert statuses.spellings({}, {})[spelled.strip().lower()] == meaning
    camel = "".join(part.capitalize() for part in written.split("_"))
    assert statuses.spellings({}, {})[camel.lower()] == meaning


def test_no_word_has_two_meanings() -> None:
    """A word stands once in the table, and each meaning is one of ours."""
    words = [word for group in statuses.WORDS.values() for word in group.split()]
    assert len(words) == len(set(words))
    assert set(statuses.WORDS) == set(STATUSES)
    joined: dict[str, set[str]] = {}
    for meaning, group in statuses.WORDS.items():
        for word in group.split():
            joined.setdefault(word.replace("_", ""), set()).add(meaning)
    assert [word for word, meanings in joined.items() if len(meanings) > 1] == []


def test_a_system_knows_its_own_words_better(db: ReportDatabase, tmp_path: Path) -> None:
    """Airflow removes a task that never ran, and Prefect's words are no words of Airflow alone."""
    tasks = "dag_id,task_id,run_id,state,try_number\n" + "".join(
        f"d,t{number},r,{state},1\n" for number, state in enumerate(["upstream_failed", "Timed Out", "KILLED"])
    )
    (tmp_path / "tasks.csv").write_text(tasks, "utf-8")
    db.ingest(tmp_path / "tasks.csv")
    assert db.sql("select status from step_runs order by source_key") == [("skipped",), ("failed",), ("cancelled",)]


def test_users_add_words(db: ReportDatabase, tmp_path: Path) -> None:
    """A user's word is known in any spelling, before ours, kept with the source, and changed by the next ingest."""
    path = write(tmp_path / "words.csv", ["Gate Closed", "GATE_CLOSED", "killed", "meditating"])
    read = "select source_status, status from step_runs"
    db.ingest(path, statuses=statuses.given(["gateClosed=failed", "killed=Failed"]))
    known = {"Gate Closed": "failed", "GATE_CLOSED": "failed", "killed": "failed", "meditating": None}
    assert dict(db.sql(read)) == known
    assert db.ingest(path).unchanged, "an ingest without the option reads as before"
    write(path, ["Gate Closed", "GATE_CLOSED", "killed", "meditating", "gate-closed"])
    db.ingest(path)
    assert dict(db.sql(read)) == {**known, "gate-closed": "failed"}
    db.ingest(path, statuses=statuses.given(["meditating=waiting"]))
    assert dict(db.sql(read)) == {**known, "gate-closed": "failed", "meditating": "waiting"}


@pytest.mark.parametrize(
    ("given_words", "sentence"),
    [
        (["odd=finito"], "--status odd=finito: 'finito' is not a meaning; it must be one of queued, running, waiting"),
        (["odd"], "'odd' is not WORD=MEANING: write --status timed_out=failed."),
        (["=failed"], "'=failed' is not WORD=MEANING: write --status timed_out=failed."),
        (["odd=failed", "ODD=skipped"], "--status gives 'ODD' two meanings, failed and skipped: keep one."),
    ],
)
def test_an_unknown_meaning_is_refused(tmp_path: Path, given_words: list[str], sentence: str) -> None:
    """One sentence says what is wrong, and nothing is written."""
    path = write(tmp_path / "words.csv", ["odd"])
    options = [part for word in given_words for part in ("--status", word)]
    done = storyreport("ingest", path, "--db", "report.db", *options, cwd=tmp_path)
    assert done.returncode == 2
    assert done.stderr.startswith(f"Error: {sentence}")
    assert done.stderr.count("\n") == 1
    assert not (tmp_path / "report.db").exists()
