"""Rollups equal what the base rows add up to, whatever happened to them and in whatever batches."""

import math
from collections import defaultdict
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from book import Book, change
from hypothesis import given, settings
from hypothesis import strategies as st
from tracker import STEPS, Tracker

STORIES = ("A", "B", "C")
ACTIONS = st.one_of(
    st.tuples(
        st.just("end"),
        st.sampled_from(STORIES),
        st.sampled_from(STEPS[:3]),
        st.sampled_from(["completed", "failed"]),
        st.one_of(st.none(), st.integers(min_value=0, max_value=10**7)),
    ),
    st.tuples(st.just("check"), st.sampled_from(STORIES), st.sampled_from(STEPS[:3]), st.booleans()),
    st.tuples(st.just("start"), st.sampled_from(STORIES), st.sampled_from(STEPS[:3])),
    st.tuples(st.just("update"), st.integers(min_value=1, max_value=10), st.integers(min_value=0, max_value=10**6)),
    st.tuples(st.just("delete"), st.sampled_from(STORIES)),
    st.tuples(st.just("days"), st.integers(min_value=0, max_value=3)),
    st.tuples(st.just("ingest")),
)


def act(tracker: Tracker, book: Book, action: tuple[Any, ...]) -> None:
    """Let the pipeline, or its owner, do something."""
    match action:
        case ("end", story, step, status, ms):
            tracker.register(story)
            tracker.end(story, step, f"run-{story}", ms, status, "Boom 7" if status == "failed" else None)
        case ("check", story, step, passed):
            tracker.check(story, step, passed, "as it is")
        case ("start", story, step):
            tracker.start(story, step, f"run-{story}")
        case ("update", row, ms):
            change(tracker.path, f"update step_history set execution_time_ms = {ms} where id = {row}")
        case ("delete", story):
            change(tracker.path, f"delete from stories where story_id = '{story}'")
        case ("days", days):
            tracker.clock(days=days)
        case ("ingest",):
            book.ingest(tracker.path)


def exact_percentile(durations: list[int], percent: int) -> int:
    """The nearest-rank percentile."""
    return sorted(durations)[math.ceil(percent * len(durations) / 100) - 1]


@settings(max_examples=120, deadline=None)
@given(st.lists(ACTIONS, min_size=1, max_size=25))
def test_rollups_equal_recomputation(actions: list[tuple[Any, ...]]) -> None:
    """After any history in any batches the reports equal the base rows, and those equal a single full read."""
    with TemporaryDirectory() as folder:
        tracker = Tracker(Path(folder) / "studio.db")
        book = Book(Path(folder))
        for action in [*actions, ("ingest",)]:
            act(tracker, book, action)
        tracker.close()

        executions: dict[str, list[str]] = defaultdict(list)
        durations: dict[str, list[int]] = defaultdict(list)
        for step, status, ms in book.sql("""
            select steps.name, status, duration_ms from step_runs join steps on steps.id = step_id
            where status in ('completed', 'failed')
        """):
            executions[step].append(status)
            if status == "completed" and ms is not None:
                durations[step].append(ms)
        rows = {row["step"]: row for row in book.report("slowest_steps")}
        assert {step: row["executions"] for step, row in rows.items()} == {s: len(e) for s, e in executions.items()}
        for step, row in rows.items():
            if durations[step]:
                assert row["total_ms"] == sum(durations[step])
                assert row["max_ms"] == max(durations[step])
                for percent in (50, 95):
                    exact = exact_percentile(durations[step], percent)
                    assert abs(row[f"p{percent}_ms"] - exact) <= 0.01 * exact + 0.5
            else:
                assert row["total_ms"] is None
        assert {row["step"]: row["failed"] for row in book.report("failure_rates")} == {
            step: statuses.count("failed") for step, statuses in executions.items()
        }

        (Path(folder) / "fresh").mkdir()
        fresh = Book(Path(folder) / "fresh")
        fresh.ingest(Path(folder) / "studio.db")
        present = """
            select step_runs.source_key, attempt, step_runs.status, duration_ms, acceptance_passed,
                coalesce(stories.source_key, step_runs.story_key), stories.id is null, error_message
            from step_runs left join stories on stories.id = story_id where step_runs.gone_at is null order by 1
        """
        assert book.sql(present) == fresh.sql(present)


def test_days_are_apart(book: Book, tracker: Tracker) -> None:
    """A report of some days has what ended on them, their last day included."""
    for day, ms in enumerate((1000, 2000, 4000)):
        tracker.end("A", "01_ingest", f"r{day}", ms)
        tracker.clock(days=1)
    book.ingest(tracker.path)

    def total(**given: str) -> object:
        rows = book.report("slowest_steps", **given)
        return rows[0]["total_ms"] if rows else None

    assert total() == 7000
    assert total(since="2026-03-11") == 6000
    assert total(until="2026-03-11") == 3000
    assert total(since="2026-03-11", until="2026-03-11") == 2000
    assert total(since="2026-03-13") is None
    (row,) = book.report("slowest_steps", since="2026-03-11", until="2026-03-11")
    assert (row["avg_ms"], row["share_pct"]) == (2000, 100.0)
