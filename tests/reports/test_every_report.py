"""What holds for every report there is: its columns, its formats, its parameters, and that nothing given breaks it."""

import csv
import html
import io
import json
import re
from collections.abc import Iterator
from contextlib import closing
from datetime import datetime, timezone
from typing import Any
from urllib.parse import urlencode

import pytest
from click.testing import CliRunner
from helpers.report_database import ReportDatabase
from helpers.serving import Served

from storyreport import reports, rollups, schema
from storyreport.cli import cli
from storyreport.reports import Report

# The columns of every report: who reads JSON or CSV relies on them. More may follow, these stay where they are.
COLUMNS = {
    # Steps
    "slowest_steps": "source step executions avg_ms p50_ms p95_ms max_ms total_ms share_pct failed rejected",
    "step_durations": "day source step executions avg_ms p50_ms p95_ms",
    "run_durations": "day runs p50_ms p95_ms",
    "duration_changes": "source step executions p95_ms previous_p95_ms change_pct",
    "failure_rates": "source step executions completed failed failure_pct rejected",
    "failure_trend": "day source step executions failed failure_pct",
    "acceptance_rates": "source step checked passed failed pass_pct",
    "acceptance_trend": "period source step checked passed failed pass_pct",
    "flaky_steps": "source step runs retried recovered first_attempt_pct",
    "throughput": "day source stories_started stories_completed runs_completed runs_failed",
    "overview": "period source runs success_pct p50_ms p95_ms stories_accepted cost currency cost_per_accepted_story",
    "step_states": "source step completed failed running pending other",
    # Right now
    "stuck_runs": "source kind run story step started_at last_activity_at stuck_minutes reason broken_limit",
    "active_runs": "source kind run story status current_step started_at running_minutes cycles_completed max_cycles",
    "pending_stories": "source story title next_step waiting_since",
    "blocked_stories": "source story consecutive_failures step last_failed_at error",
    "failed_stories": "source story title step run failed_at error",
    "last_hours": "source figure value previous_value change_pct currency pipeline step model",
    "missing_runs": "source run last_run_at silent_minutes longest_pause_days days_with_runs",
    "run_wall": "source kind run story status started_at duration_ms usual_ms p95_ms is_slow",
    "slow_runs": "source kind run story started_at duration_ms usual_ms p95_ms slower_pct",
    "recent_statuses": "source kind status count newest_at",
    "recent_runs": "source kind run story status started_at duration_ms usual_ms slower_pct failed_steps attempts cost"
    " currency error",
    "failed_runs": "source kind run story step failed_at error",
    # Failures
    "top_errors": "error occurrences stories steps first_seen last_seen example",
    "repeated_warnings": "source run message occurrences first_seen last_seen",
    "log_metrics": "source metric value unit samples",
    # Integrity
    "orphans": "source kind key missing missing_key seen_at action",
    "output_mismatches": "source story step problem path",
    "story_tree_problems": "source story node problem detail",
    "stories_without_chapters": "source story title chapter_count failed_runs",
    "data_quality": "source area problem rows example action",
    "health": "check status count detail action report",
    # Cost
    "cost": "day source provider model calls input_tokens output_tokens total_tokens cost currency estimated_cost"
    " unpriced_calls",
    "cost_by_story": "source story title status calls total_tokens cost currency",
    "cost_by_step": "source step calls total_tokens cost currency cost_per_call",
    "cost_of_failures": "source step failed_runs calls cost currency share_pct unpriced_calls kind",
    "cost_per_story": "period source stories_accepted cost currency cost_per_accepted_story cost_of_failures",
    "cost_by_label": "source label value calls total_tokens cost currency",
    "cost_by_month": "month source days calls total_tokens cost currency estimated_cost unpriced_calls",
    "token_mix": "source model input_tokens cache_read_tokens cache_write_tokens output_tokens reasoning_tokens"
    " cache_read_pct saved currency",
    "what_if": "source model with_model calls cost with_cost change_pct currency",
    "cost_anomalies": "day source provider cost usual_low usual_high currency",
    "cost_forecast": "month source currency cost_to_date daily_avg forecast previous_month",
    "api_reliability": "source provider endpoint calls succeeded success_pct avg_ms p95_ms",
    # Content
    "story_trees": "source story title nodes endings winning_endings depth problems",
    "artifacts_by_kind": "source kind files total_bytes stories",
    "themes": "source theme jobs completed failed failure_pct avg_ms",
    "sessions": "source session stories jobs failed_jobs first_seen last_seen",
    "session_stories": "source story title job status created_at",
    "cleanup_candidates": "source kind run story finished_at files total_bytes",
    # One run, one story
    "story_status": "source story title step status acceptance_passed run started_at ended_at duration_ms attempts"
    " error",
    "run_diagnosis": "check status detail action",
    "run_timeline": "step attempt status started_at ended_at duration_ms offset_ms",
    "recent_events": "source at batch story step status message",
    "batch_events": "source at story step status message",
    "find": "source kind story run step title status",
    "run_calls": "source run called_at step provider model status duration_ms total_tokens cost currency error",
    "run_cost": "source run calls total_tokens cost currency usual_cost more_pct unpriced_calls",
    "run_diff": "step status with_status duration_ms with_duration_ms difference_ms attempts with_attempts cost"
    " with_cost error tokens with_tokens currency",
    "run_status": "source kind run story title status current_step started_at ended_at duration_ms error",
    "slowest_runs": "source run story step duration_ms started_at ended_at",
    "story_files": "source kind file step size_bytes created_at",
    "story_attempts": "source step attempt run status started_at ended_at duration_ms error",
    "story_runs": "source kind run status current_step started_at ended_at duration_ms error",
    "story_tree": "source story depth option node kind note",
    # Data
    "ingests": "source started_at finished_at status rows_read inserted updated rejected duration_ms",
    "known_findings": "check source count until note acknowledged_at",
    "notes": "at source note",
    "rejected_rows": "source table key reason row ingested_at",
}
# These say that all is well where there is nothing.
NEVER_EMPTY = {"health", "run_diagnosis"}
# Of what is fed nothing need have stopped: tests/reports/test_missing_runs.py.
EMPTY = {"missing_runs"}
# What a report about one thing is asked about: that of which there is most to tell; and of pages, the whole.
MOST = "select {key} from {table} join {of} group by 1 order by count(*) desc, 1 limit 1"
RUN_OF_STEPS = MOST.format(key="runs.source_key", table="runs", of="step_runs on step_runs.run_id = runs.id")
STORY_OF_STEPS = MOST.format(key="stories.source_key", table="stories", of="step_runs on story_id = stories.id")
BATCH = MOST.format(key="runs.source_key", table="runs", of="events on events.run_id = runs.id and runs.kind = 'batch'")
ONE_THING = {
    "batch_events": {"batch": BATCH},
    "find": {"name": "select source_key from stories order by length(source_key) desc, source_key limit 1"},
    "recent_events": {"per_page": "select 1000000"},
    "recent_runs": {"limit": "select 1000000"},
    "run_calls": {"run": MOST.format(key="runs.source_key", table="runs", of="calls on calls.run_id = runs.id")},
    "run_cost": {"run": MOST.format(key="runs.source_key", table="runs", of="calls on calls.run_id = runs.id")},
    "run_diagnosis": {"run": RUN_OF_STEPS},
    "run_diff": {"run": RUN_OF_STEPS},
    "run_status": {"run": RUN_OF_STEPS},
    "run_timeline": {"run": RUN_OF_STEPS},
    "slowest_runs": {"step": MOST.format(key="family", table="steps", of="step_runs on step_id = steps.id")},
    "story_files": {
        "story": MOST.format(key="stories.source_key", table="stories", of="artifacts on story_id = stories.id")
    },
    "session_stories": {"session": "select max(session_hash) from runs"},
    "story_attempts": {"story": STORY_OF_STEPS},
    "story_runs": {"story": STORY_OF_STEPS},
    "story_status": {"story": STORY_OF_STEPS},
    "story_tree": {
        "story": MOST.format(key="stories.source_key", table="stories", of="story_nodes on story_id = stories.id")
    },
}
# What is running runs on, but not while it is looked at.
AS_OF = datetime.now(timezone.utc).strftime("%Y-%m-%dT%H:%M:%SZ")
MARKUP = "<script>window.hacked = 1</script>"
HOSTILE = {
    "injection": "O'Brien\"; drop table runs; --",
    "markup": MARKUP,
    "nul": "a\x00b",
    "unicode": "é漢🐉\u202e\ud7ff",
    # A server takes no longer ones.
    "long": "x" * 2_000,
    "huge number": "9" * 400,
    "negative": "-1",
}
REPORTS = sorted(reports.load_reports())
every_report = pytest.mark.parametrize("report", reports.load_reports().values(), ids=lambda report: report.name)


@pytest.fixture(scope="session")
def served(fed: ReportDatabase) -> Iterator[Served]:
    """Datasette with that database."""
    served = Served(fed.path)
    yield served
    served.close()


@pytest.fixture(scope="session")
def unfed(tmp_path_factory: pytest.TempPathFactory) -> ReportDatabase:
    """An empty report database."""
    db = ReportDatabase(tmp_path_factory.mktemp("unfed"))
    with closing(schema.connect(db.path)) as connection:
        rollups.update(connection)
    return db


def needed(report: Report, db: ReportDatabase) -> dict[str, str]:
    """The parameters without which a report about one thing says nothing, from the data; and the moment of judging."""
    moment = {"as_of": AS_OF} if takes(report, "as_of") else {}
    return {**moment, **{name: str(db.one(sql)) for name, sql in ONE_THING.get(report.name, {}).items()}}


def takes(report: Report, *names: str) -> bool:
    """Whether a report has these parameters."""
    return set(names) <= {param.name for param in report.params}


def command(db: ReportDatabase, report: Report, given: dict[str, str], form: str = "json") -> Any:
    """What the command line does when it is asked for a report."""
    pairs = [argument for name, value in given.items() for argument in ("-p", f"{name}={value}")]
    return CliRunner().invoke(cli, ["report", report.name, *pairs, "--format", form, "--db", str(db.path)])


def numbers_of(text: str, rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """The rows of CSV, with numbers where the rows that they are compared with have some, and nothing as None."""
    found: list[dict[str, Any]] = list(csv.DictReader(io.StringIO(text, newline="")))
    for read, row in zip(found, rows, strict=False):
        for name, value in row.items():
            if isinstance(value, (int, float)):
                read[name] = float(read[name])
            elif value is None:
                read[name] = read[name] or None
    return found


def test_the_catalogue_is_whole() -> None:
    """Every report has its columns written down here, and there is a report for each of these."""
    assert set(REPORTS) == set(COLUMNS)


@every_report
def test_columns_are_those_of_the_catalogue(report: Report, unfed: ReportDatabase) -> None:
    """Columns stay where they are; more may follow."""
    with closing(schema.open_for_reading(unfed.path)) as connection:
        columns, rows = reports.run(connection, report, {})
    assert report.name in COLUMNS, f"add to COLUMNS: {report.name}: {' '.join(columns)}"
    known = COLUMNS[report.name].split()
    assert columns[: len(known)] == known
    if report.name not in NEVER_EMPTY:
        assert rows == []


@every_report
def test_all_formats_say_the_same(report: Report, fed: ReportDatabase, served: Served) -> None:
    """The command line and Datasette give the same rows as JSON and as CSV, and there are some."""
    given = needed(report, fed)
    address = f"/storyreport/{report.name}.{{}}?{urlencode(given)}"
    rows = json.loads(command(fed, report, given).stdout)
    assert rows or report.name in EMPTY
    assert served.get(address.format("json") + "&_shape=objects").json()["rows"] == rows
    assert numbers_of(command(fed, report, given, "csv").stdout, rows) == rows
    assert numbers_of(served.get(address.format("csv")).text, rows) == rows


@every_report
def test_one_source_is_a_part_of_all(report: Report, fed: ReportDatabase) -> None:
    """Asked for one source, a report says what it says of it among all, shares of the whole apart."""
    given = needed(report, fed)
    assert takes(report, "source")
    together = fed.report(report.name, **given)
    if not together or "source" not in together[0]:
        assert fed.report(report.name, source="nobody", **given) == [] or report.name in NEVER_EMPTY
        return
    for (source,) in fed.sql("select name from sources"):
        own = [row for row in together if row["source"] == source]
        found = fed.report(report.name, source=source, **given)
        for row in [*own, *found] if report.name == "slowest_steps" else []:
            # It is of all that is asked for.
            row.pop("share_pct", None)
        assert found == own
    assert fed.report(report.name, source="nobody", **given) == []


@every_report
def test_days_narrow_a_report(report: Report, fed: ReportDatabase) -> None:
    """Of the far future there is nothing; from the first day on there is all."""
    if not takes(report, "since", "until"):
        return
    given = needed(report, fed)
    assert fed.report(report.name, since="9998-01-01", **given) == []
    assert fed.report(report.name, until="0001-01-01", **given) == []
    assert fed.report(report.name, since="0001-01-01", until="9999-12-31", **given) == fed.report(report.name, **given)


@every_report
def test_nothing_given_breaks_a_report(report: Report, fed: ReportDatabase, served: Served) -> None:
    """Whatever a parameter is given, there are rows, or none, or one sentence."""
    given = needed(report, fed)
    for value in HOSTILE.values():
        for param in report.params:
            check(report, {**given, param.name: value}, fed, served)


@every_report
def test_what_is_given_is_shown_as_text(report: Report, served: Served) -> None:
    """A page shows the values in force, and none of them becomes markup."""
    given = {param.name: MARKUP for param in report.params if param.type not in (*reports.FORMS, "choice")}
    page = served.get(f"/storyreport/{report.name}?{urlencode(given)}")
    assert page.status_code == 200
    assert MARKUP not in page.text
    assert html.escape(MARKUP) in page.text or not given


def check(report: Report, given: dict[str, str], db: ReportDatabase, served: Served) -> None:
    """Rows, or one sentence, from Datasette and from the command line, which tells unknown names apart from no rows."""
    answer = served.get(f"/storyreport/{report.name}.json?{urlencode(given)}&_shape=objects")
    run = command(db, report, given)
    if answer.status_code == 200 and answer.json()["rows"] == [] and run.exit_code == 2:
        assert re.match(r"Error: (There is no \w+ |\w+ needs a )", run.stderr)
    elif answer.status_code == 200:
        assert run.exit_code == 0, run.output
        assert answer.json()["rows"] == json.loads(run.stdout)
    else:
        sentence = answer.json()["error"]
        assert (answer.status_code, run.exit_code) == (400, 2)
        assert re.fullmatch(r"[^\n]+\.", sentence)
        assert run.stderr.strip().startswith("Error: ")
        assert "Traceback" not in run.output


def test_bytes_that_are_no_text_break_nothing(served: Served) -> None:
    """An address may hold anything."""
    for name in REPORTS:
        assert served.get(f"/storyreport/{name}.json?source=%ff%fe&_shape=objects").status_code == 200
