"""Findings that are acknowledged: they are known one by one, and what comes later is new whatever their number is."""

import json
import shutil
from contextlib import closing
from datetime import datetime, timedelta, timezone
from pathlib import Path

import pytest
from helpers.attempts import attempt, write
from helpers.cli_cases import assert_one_sentence
from helpers.command_line import loaded, ok, storyreport
from helpers.report_database import ReportDatabase, change
from helpers.serving import Served

from storyreport import schema
from storyreport.upkeep.acknowledge import acknowledge, take_back
from storyreport.verdicts import acknowledged


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A studio whose runs a and b failed and are about no story: two findings of the check `failed runs`."""
    ingested(tmp_path, "a", "b")
    return tmp_path


def ingested(folder: Path, *failed: str) -> None:
    """Ingest the studio with these runs failed, hours ago by their letter, and one that completed."""
    rows = [attempt(run, ord(run) - 96, status="failed", error="Boom") for run in failed]
    write(folder / "studio", [*rows, attempt("z", 50)])
    loaded("studio", cwd=folder)


def broken(folder: Path) -> bool:
    """Whether the gate is shut by failed runs."""
    return storyreport("check", "--limit", "failed_runs > 0", cwd=folder).returncode == 3


def listed(folder: Path) -> list[tuple[str, str, int, str | None, str | None]]:
    """What is acknowledged."""
    rows = json.loads(ok("ack", "--list", "--format", "json", cwd=folder))
    return [(row["check"], row["source"], row["count"], row["until"], row["note"]) for row in rows]


def home(folder: Path) -> str:
    """The health checks on the home page."""
    with closing(Served(folder / "storyreport.db")) as served:
        return str(served.get("/").text.partition('id="health"')[2].partition("</section>")[0])


def test_what_is_known_is_folded_up_and_what_comes_later_is_new(folder: Path) -> None:
    assert broken(folder)
    assert "known" not in home(folder)
    assert "2 findings acknowledged" in ok("ack", "failed runs", "--note", "the old model", cwd=folder)
    assert listed(folder) == [("failed runs", "studio", 2, None, "the old model")]
    assert not broken(folder)
    assert "<summary>2 known</summary>" in home(folder)
    assert "2 known" in ok("digest", cwd=folder).splitlines()[0]
    assert "failed that" not in ok("digest", cwd=folder)
    # One of them completed meanwhile and another one failed: as many as before, of which one is new.
    ingested(folder, "b", "c")
    assert broken(folder)
    assert "1 new, the others are known." in home(folder)
    assert "1 new, the others are known." in ok("digest", cwd=folder)
    ok("ack", "failed runs", cwd=folder)
    assert listed(folder) == [("failed runs", "studio", 2, None, None)]
    assert not broken(folder)
    assert "count again" in ok("ack", "failed_runs", "--remove", cwd=folder)
    assert listed(folder) == []
    assert broken(folder)


def test_it_ends_with_its_last_day(folder: Path) -> None:
    today = datetime.now(timezone.utc).date()
    ok("ack", "failed runs", "--until", today.isoformat(), cwd=folder)
    assert listed(folder) == [("failed runs", "studio", 2, today.isoformat(), None)]
    assert not broken(folder)
    yesterday = (today - timedelta(days=1)).isoformat()
    change(folder / "storyreport.db", f"update acknowledgements set until_day = '{yesterday}'")
    assert listed(folder) == []
    assert broken(folder)
    assert "known" not in home(folder)


@pytest.mark.parametrize(
    ("arguments", "code", "said"),
    [
        (["faild"], 2, "did you mean failed?"),
        (["everything"], 2, "there are orphans, stuck, failed, failed_runs,"),
        (["fail_runs"], 2, "did you mean failed_runs?"),
        ([], 2, "Name a check"),
        (["stuck", "--list"], 2, "Name a check"),
        (["failed runs", "--until", "soon"], 2, "'soon' is not a date"),
        (["failed runs", "--until", "7d"], 2, "'7d' is not a date"),
        (["failed runs", "--until", "2020-01-31"], 2, "has passed"),
        (["orphans"], 1, "has no findings now"),
        (["orphans", "--remove"], 1, "No finding of 'orphans' is acknowledged"),
    ],
)
def test_what_is_refused(folder: Path, arguments: list[str], code: int, said: str) -> None:
    done = storyreport("ack", *arguments, cwd=folder)
    assert_one_sentence(done, code)
    assert said in done.stderr
    assert listed(folder) == []


def test_a_source_that_is_removed_takes_its_findings_along(folder: Path) -> None:
    write(folder / "film", [attempt("f", 5, status="failed", error="Boom")])
    loaded("film", cwd=folder)
    ok("ack", "failed runs", cwd=folder)
    assert {(source, count) for _, source, count, *_ in listed(folder)} == {("studio", 2), ("film", 1)}
    ok("sources", "rename", "studio", "atelier", cwd=folder)
    assert not broken(folder)
    ok("sources", "remove", "film", "--yes", cwd=folder)
    assert [(source, count) for _, source, count, *_ in listed(folder)] == [("atelier", 2)]


def test_findings_are_as_many_as_health_counts(fed: ReportDatabase, tmp_path: Path) -> None:
    """Of each check: all that health counts is new before it is acknowledged, and nothing after."""
    path = Path(shutil.copy(fed.path, tmp_path))
    take_back(path, "orphans")
    counts = {row["check"]: row["count"] for row in fed.report("health")}
    assert set(counts) <= set(acknowledged.CHECKS), "each can be acknowledged"
    assert sum(map(bool, counts.values())) >= 8
    for check in counts:
        with closing(schema.open_for_reading(path)) as connection:
            assert acknowledged.number_of_new(connection, check, {}) == counts[check], check
        if counts[check]:
            assert acknowledge(path, check, None, "") == counts[check]
    with closing(schema.open_for_reading(path)) as connection:
        assert {acknowledged.number_of_new(connection, check, {}) for check in counts} == {0}
