"""What is usual for a run and a step: percentiles of the 28 days before, against sorted lists of what was planted."""

import math
import random
from collections import defaultdict
from collections.abc import Iterable
from datetime import date, timedelta
from pathlib import Path

import pytest
from helpers.report_database import ReportDatabase

HEAD = "run,pipeline,step,status,started_at,ended_at,duration_ms"
DAY = date(2026, 3, 31)
Planted = tuple[str, str, date, str, int]  # pipeline, step, day, status, ms


def ingested(folder: Path, planted: Iterable[Planted]) -> ReportDatabase:
    """A report database with a run of one step for each, called by its place."""
    lines = [
        f"{place},{pipeline},{step},{status},,{day}T10:00:00Z,{ms}"
        for place, (pipeline, step, day, status, ms) in enumerate(planted)
    ]
    (folder / "attempts.csv").write_text("\n".join([HEAD, *lines]) + "\n", encoding="utf-8")
    db = ReportDatabase(folder)
    db.ingest(folder / "attempts.csv")
    return db


def nearest_rank(values: list[int], percent: int) -> int:
    """The smallest value that this many percent do not exceed."""
    return sorted(values)[math.ceil(len(values) * percent / 100) - 1]


def of_runs(db: ReportDatabase) -> dict[tuple[str, str], tuple[int | None, int | None]]:
    """Pipeline and day → usual and p95."""
    rows = db.sql(
        "select pipelines.name, day, usual_ms, p95_ms"
        " from usual_run_durations join pipelines on pipelines.id = pipeline_id"
    )
    return {(pipeline, day): (usual, p95) for pipeline, day, usual, p95 in rows}


def of_steps(db: ReportDatabase) -> dict[str, tuple[int | None, int | None]]:
    """Run → usual and p95 of its step."""
    rows = db.sql(
        "select runs.source_key, usual_ms, p95_ms from step_runs join runs on runs.id = step_runs.run_id"
        " join usual_step_durations as durations"
        " on durations.run_id = step_runs.run_id and durations.step_id = step_runs.step_id"
    )
    return {run: (usual, p95) for run, usual, p95 in rows}


@pytest.mark.parametrize("seed", range(3))
def test_percentiles_of_random_histories(tmp_path: Path, seed: int) -> None:
    """Of each run and its step, those before: 28 days, the same pipeline (and family), completed, twenty or more."""
    chance = random.Random(seed)
    planted = [
        (
            chance.choice(["books", "books", "films"]),
            chance.choice(["plan", "write_1", "write_2"]),
            DAY - timedelta(days=chance.randint(0, 60)),
            chance.choice(["completed"] * 4 + ["failed"]),
            int(chance.lognormvariate(8, 2)),
        )
        for _ in range(400)
    ]
    db = ingested(tmp_path, planted)
    timed: dict[tuple[str, ...], list[tuple[date, int]]] = defaultdict(list)
    for pipeline, step, day, status, ms in planted:
        if status == "completed":
            timed[pipeline,].append((day, ms))
            timed[pipeline, step.partition("_")[0]].append((day, ms))
    runs, steps = of_runs(db), of_steps(db)
    counts = {"few": 0, "enough": 0}
    for place, (pipeline, step, day, _, _) in enumerate(planted):
        for key, found in (
            ((pipeline,), runs[pipeline, str(day)]),
            ((pipeline, step.partition("_")[0]), steps[str(place)]),
        ):
            before = [ms for other, ms in timed[key] if 1 <= (day - other).days <= 28]
            if len(before) < 20:
                counts["few"] += 1
                assert found == (None, None)
                continue
            counts["enough"] += 1
            for percent, value in zip((50, 95), found, strict=True):
                # Within 1 %, and a whole number of milliseconds.
                assert value == pytest.approx(nearest_rank(before, percent), rel=0.0101, abs=0.51)
    assert min(counts.values()) > 50, "both kinds were planted"


def test_the_window_and_the_least_count(tmp_path: Path) -> None:
    """20 executions, of which one is of the 29th day before, or of the day itself, are 19."""
    twenty = [("books", "plan", DAY - timedelta(days=28), "completed", 10_000)] * 19
    asked = ("books", "plan", DAY, "completed", 10_000)
    for place, (last, expected) in enumerate(((28, True), (1, True), (29, False), (0, False))):
        (folder := tmp_path / str(place)).mkdir()
        extra = ("books", "plan", DAY - timedelta(days=last), "completed", 10_000)
        db = ingested(folder, [*twenty, extra, asked])
        found = [of_runs(db)["books", str(DAY)], of_steps(db)["20"]]
        known = pytest.approx(10_000, rel=0.01)
        assert found == [(known, known) if expected else (None, None)] * 2


def test_what_failed_and_another_pipeline_do_not_count(tmp_path: Path) -> None:
    twenty = [("books", "plan", DAY - timedelta(days=3), "completed", 10_000)] * 19
    others = [("books", "plan", DAY - timedelta(days=3), "failed", 10_000)]
    others += [("films", "plan", DAY - timedelta(days=3), "completed", 10_000)] * 19
    db = ingested(tmp_path, [*twenty, *others, ("books", "plan", DAY, "completed", 1)])
    assert of_runs(db)["books", str(DAY)] == (None, None)
    assert of_steps(db)["39"] == (None, None)
