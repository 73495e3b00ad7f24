"""Random histories: what a pipeline and its owner do, and what reports say of days."""

from typing import Any

from hypothesis import strategies as st

from helpers.report_database import ReportDatabase, change
from helpers.tracker import STEPS, Tracker
from storyreport import reports

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


def act(tracker: Tracker, db: ReportDatabase, action: tuple[Any, ...]) -> None:
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
            db.ingest(tracker.path)


# The plain form of step runs and calls, as some other tool writes and changes it.
PLAIN = """
create table step_runs (
    id integer primary key, run text, story text, step text, attempt integer, status text, started_at text,
    ended_at text, duration_ms integer, error text, acceptance_passed integer
);
create table calls (
    id integer primary key, run text, story text, step text, provider text, model text, endpoint text, called_at text,
    duration_ms integer, status text, error text, input_tokens integer, output_tokens integer, cost real, currency text
);
"""


# Of each run they say what its steps and calls were, which is detail.
OF_DETAIL = {"recent_runs"}


def past(db: ReportDatabase) -> dict[str, list[dict[str, Any]]]:
    """What the reports that take days say of all of them and of some."""
    found = {}
    with db.reading():
        for name, report in reports.load_reports().items():
            if name not in OF_DETAIL and {"since", "until"} <= {param.name for param in report.params}:
                for given in ({}, {"since": "2026-03-02", "until": "2026-03-04"}):
                    found[f"{name} {given}"] = [rounded(row) for row in db.report(name, **given)]
    return found


def rounded(row: dict[str, Any]) -> dict[str, Any]:
    """A row whose sums of money do not depend on their order."""
    return {name: round(value, 9) if isinstance(value, float) else value for name, value in row.items()}
