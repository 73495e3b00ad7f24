"""Ends in a server's local time are read as the UTC times that a proof in the source, or evidence, shows them to be."""

from datetime import datetime, timedelta
from pathlib import Path

import pytest
from helpers.adventure import TABLES
from helpers.report_database import ReportDatabase, change, pairs
from hypothesis import given, settings
from hypothesis import strategies as st

BEGIN = datetime(2026, 1, 1, 10)


class Games:
    """An adventure service whose server writes ends of jobs by its own clock."""

    def __init__(self, path: Path):
        self.path = path
        self.jobs = 0
        change(path, *TABLES.split(";"))

    def job(self, offset_hours: float, seconds: float, *, story: bool = True, hour: int = 0) -> None:
        """A job of some seconds, which a story proves or which failed; the story is written 0.2 s before its end."""
        self.jobs += 1
        began = BEGIN + timedelta(hours=hour or self.jobs)
        ended = began + timedelta(seconds=seconds)
        local = ended + timedelta(hours=offset_hours)
        written = (ended - timedelta(seconds=0.2)).replace(microsecond=0)
        number = self.jobs
        status = f"'completed', {number}, null" if story else "'failed', null, 'no answer'"
        change(
            self.path,
            f"insert into story_jobs values ({number}, 'j{number}', 's', 'sea', {status}, '{began}', '{local}')",
            f"insert into stories select {number}, 'T', 's', '{written}' where {int(story)}",
        )


@pytest.fixture
def service(tmp_path: Path) -> Games:
    """A service without jobs."""
    return Games(tmp_path / "games.db")


def durations(db: ReportDatabase) -> list[int | None]:
    """The jobs' durations in ms, in their order."""
    return [duration for (duration,) in db.sql("select duration_ms from runs order by started_at")]


def clock_findings(db: ReportDatabase) -> list[tuple[object, ...]]:
    """Problems of times and their rows."""
    return pairs([row for row in db.report("data_quality") if row["area"] == "times"], "problem", "rows")


@pytest.mark.parametrize("offset", [5.5, 5.75, 1, 14, -3.5, -11])
def test_any_offset_is_proved(db: ReportDatabase, service: Games, offset: float) -> None:
    """5 s and 3.5 s are 5 s and 3.5 s, wherever the server is; a failed job, without a story, is as its neighbours."""
    service.job(offset, 5)
    service.job(offset, 3.5)
    service.job(offset, 90, story=False)
    db.ingest(service.path)
    assert durations(db) == [5_000, 3_500, 90_000]
    assert clock_findings(db) == [("story_jobs: completed_at corrected", 3)]


def test_utc_stays_as_it_is(db: ReportDatabase, service: Games) -> None:
    """Stories prove that the server's clock is UTC: a job of three hours took three hours."""
    service.job(0, 3 * 3600)
    service.job(0, 5 * 3600 + 1800, story=False, hour=9)
    db.ingest(service.path)
    assert durations(db) == [10_800_000, 19_800_000]
    assert clock_findings(db) == []


def test_a_server_that_moved(db: ReportDatabase, service: Games) -> None:
    """Each job has the offset of its own story; one without a story that of the job before it."""
    service.job(5.5, 10)
    service.job(5.5, 20, story=False)
    service.job(1, 30)
    service.job(1, 40, story=False)
    service.job(0, 50)
    db.ingest(service.path)
    assert durations(db) == [10_000, 20_000, 30_000, 40_000, 50_000]


@pytest.mark.parametrize("offset", [0, 1])
def test_a_server_that_moved_after_the_last_proof(db: ReportDatabase, service: Games, offset: float) -> None:
    """A job that took less than nothing by the offset before it took a minute in UTC, or an hour further east."""
    service.job(5.5, 10)
    service.job(offset, 60, story=False)
    db.ingest(service.path)
    assert durations(db) == [10_000, 60_000]


def test_jobs_without_a_story_after_a_change_of_the_clock(db: ReportDatabase, service: Games) -> None:
    """Summer time began between two proofs, and ended after the last one: no job took an hour more, or less than 0."""
    service.job(1, 10)
    service.job(1, 20, story=False)
    service.job(2, 30, story=False)
    service.job(2, 40)
    service.job(1, 50, story=False)
    service.job(1, 1200, story=False)
    db.ingest(service.path)
    assert durations(db) == [10_000, 20_000, 30_000, 40_000, 50_000, 1_200_000]


def test_jobs_that_are_read_later(db: ReportDatabase, service: Games) -> None:
    """A job that ends after the first ingest is corrected by the second."""
    service.job(2, 10)
    db.ingest(service.path)
    service.job(2, 20)
    service.job(2, 30, story=False)
    db.ingest(service.path)
    assert durations(db) == [10_000, 20_000, 30_000]


def test_a_story_of_another_job_is_no_proof(db: ReportDatabase, service: Games) -> None:
    """Job 1's story was deleted, its key is a later one's: 5.5 h and 0.7 s are not 2.75 h and work as long."""
    service.job(5.5, 0.7, story=False)
    change(
        service.path,
        "update story_jobs set story_id = 9, status = 'completed'",
        f"insert into stories values (9, 'T', 's', '{BEGIN + timedelta(hours=3, minutes=44, seconds=17)}')",
    )
    service.job(5.5, 25, story=False)
    service.job(5.5, 28)
    service.job(5.5, 20)
    db.ingest(service.path)
    assert durations(db) == [700, 25_000, 28_000, 20_000]
    assert clock_findings(db) == [("story_jobs: completed_at corrected", 4)]


def test_a_story_that_is_older_than_the_job_is_no_proof(db: ReportDatabase, service: Games) -> None:
    """A story is written again two hours after it was registered: its jobs took 5 and 6 s."""
    service.job(0, 5)
    service.job(0, 6, story=False, hour=3)
    change(service.path, "update story_jobs set story_id = 1, status = 'completed'")
    db.ingest(service.path)
    assert durations(db) == [5000, 6000]
    assert clock_findings(db) == []


def test_evidence_without_a_proof(db: ReportDatabase, service: Games) -> None:
    """Three jobs that all took just over 5.5 h, without any story, were ended by a clock that is 5.5 h ahead."""
    for seconds in (4, 60, 7):
        service.job(5.5, seconds, story=False)
    db.ingest(service.path)
    assert durations(db) == [4_000, 60_000, 7_000]
    (found,) = [row for row in db.report("data_quality") if row["area"] == "times"]
    assert "whole quarters of an hour" in found["action"]


@pytest.mark.parametrize("seconds", [(4,), (4, 60)])
def test_too_little_evidence(db: ReportDatabase, service: Games, seconds: tuple[int, ...]) -> None:
    """Two jobs of just over 5.5 h prove nothing: their times stay, and the report says that they may be wrong."""
    for each in seconds:
        service.job(5.5, each, story=False)
    db.ingest(service.path)
    assert durations(db) == [19_800_000 + 1000 * each for each in seconds]
    assert clock_findings(db) == [("story_jobs: completed_at may be in another time zone", len(seconds))]
    # By how much is not known: +0.00 h would be wrong.
    assert " by " not in db.report("data_quality")[0]["example"]


def test_slow_work_is_no_evidence(db: ReportDatabase, service: Games) -> None:
    """Jobs of an hour or more whose durations do not cluster are slow."""
    for seconds in (3_700, 8_000, 9_900):
        service.job(0, seconds, story=False)
    db.ingest(service.path)
    assert durations(db) == [3_700_000, 8_000_000, 9_900_000]


def test_the_zone_that_is_given_holds(db: ReportDatabase, service: Games) -> None:
    """With the server's --timezone there is nothing to correct."""
    service.job(5.5, 5)
    db.ingest(service.path, timezone="Asia/Kolkata")
    assert durations(db) == [5_000]
    assert clock_findings(db) == []


# In Madrid 2026-10-25 03:00 +02:00 was followed by 02:00 +01:00.
@pytest.mark.parametrize(
    ("started", "ended", "duration_ms"),
    [
        ("2026-10-25 02:50:00", "2026-10-25 02:10:00", 20 * 60_000),  # 00:50Z to the second 02:10, 01:10Z
        ("2026-10-25 02:10:00", "2026-10-25 02:50:00", 40 * 60_000),
        ("2026-10-25 01:30:00", "2026-10-25 03:30:00", 3 * 3_600_000),
        ("2026-10-25 03:30:00", "2026-10-25 03:10:00", None),  # no fold explains it
        ("2026-10-25 04:30:00", "2026-10-25 02:10:00", None),  # nor this
    ],
)
def test_the_hour_that_is_repeated(
    db: ReportDatabase, tmp_path: Path, started: str, ended: str, duration_ms: int | None
) -> None:
    """When summer time ends, an end that is before its start was in the second of the two hours."""
    path = tmp_path / "steps.csv"
    path.write_text(f"id,run,step,status,started_at,ended_at\n1,r,x,completed,{started},{ended}\n", "utf-8")
    db.ingest(path, timezone="Europe/Madrid")
    assert db.one("select duration_ms from step_runs") == duration_ms
    assert (clock_findings(db) == []) is (duration_ms is not None)


def test_media_s_ends_are_utc(db: ReportDatabase, movies: Path) -> None:
    """The story-to-video service writes completed_at in UTC, whatever --timezone says of other times."""
    before = ReportDatabase(movies.parent)
    before.path = movies.parent / "utc.db"
    before.ingest(movies)
    db.ingest(movies, timezone="America/New_York")
    ends = "select source_key, ended_at, duration_ms from runs order by 1"
    assert db.sql(ends) == before.sql(ends)
    assert db.one("select count(*) from runs where ended_at is not null") > 0


@settings(max_examples=15)
@given(
    offset=st.integers(-48, 56),
    jobs=st.lists(st.tuples(st.floats(1, 200), st.booleans()), min_size=1, max_size=5),
)
def test_durations_do_not_depend_on_the_server_s_zone(
    tmp_path_factory: pytest.TempPathFactory, offset: int, jobs: list[tuple[float, bool]]
) -> None:
    """With one story that proves it, every duration is what it was, to the millisecond."""
    folder = tmp_path_factory.mktemp("zones")
    service, db = Games(folder / "games.db"), ReportDatabase(folder)
    service.job(offset / 4, 5)
    for seconds, story in jobs:
        service.job(offset / 4, seconds, story=story)
    db.ingest(service.path)
    expected = [5_000, *(seconds * 1000 for seconds, _ in jobs)]
    assert all(abs((found or -9) - true) <= 2 for found, true in zip(durations(db), expected, strict=True))
