"""The gate: limits on planted rows, their formats, and what is wrong with a limit; numbers by hand."""

import json
import xml.etree.ElementTree as ET
from datetime import datetime, timedelta, timezone
from pathlib import Path

import pytest
from helpers.cli_cases import assert_one_sentence, unchanged
from helpers.command_line import loaded, ok, storyreport
from helpers.report_database import change

# Six executions of `write`, two of them failed (33.33 %), 10 s each; one of `plan`, 600 s; 30 USD and 5 EUR of calls.
ATTEMPTS = """\
id,run,story,step,status,started_at,duration_s,error
1,r1,A,write,completed,2026-03-01T10:00:00Z,10,
2,r1,A,write,completed,2026-03-01T11:00:00Z,10,
3,r1,B,write,completed,2026-03-01T12:00:00Z,10,
4,r1,B,write,completed,2026-03-01T13:00:00Z,10,
5,r1,C,write,failed,2026-03-01T14:00:00Z,10,Timeout
6,r1,C,write,failed,2026-03-01T15:00:00Z,10,Timeout
7,r1,C,plan,completed,2026-03-01T16:00:00Z,600,
"""
CALLS = """\
id,run,step,provider,model,called_at,cost,currency
c1,r1,write,studio,m1,2026-03-01T10:00:00Z,20,USD
c2,r1,write,studio,m2,2026-03-01T10:00:00Z,10,USD
c3,r1,write,studio,m1,2026-03-01T10:00:00Z,5,EUR
"""


@pytest.fixture
def studio(tmp_path: Path) -> Path:
    """A folder with a report database of one source, just ingested."""
    (tmp_path / "studio").mkdir()
    (tmp_path / "studio" / "attempts.csv").write_text(ATTEMPTS, encoding="utf-8")
    (tmp_path / "studio" / "calls.csv").write_text(CALLS, encoding="utf-8")
    loaded("studio", cwd=tmp_path)
    return tmp_path


# limit → broken?, and the worst value. 2 of 7 executions failed: 28.57 %.
LIMITS = {
    "failure_pct > 25": (True, 28.57),
    "failure_pct > 28.57": (False, 28.57),
    "failure_pct >= 28.57 %": (True, 28.57),
    "failure_rates.failure_pct > 30": (True, 33.33),
    "failure_rates.failure_pct > 30 for step=plan": (False, 0),
    "failure_pct > 1 in 7d": (False, None),
    "cost > 29 USD": (True, 30),
    "cost > 29 EUR": (False, 5),
    "cost > 9 USD for model=m2": (True, 10),
    "cost > 10 USD for model=m2": (False, 10),
    "slowest_steps.max_ms > 9 min": (True, 600_000),
    "slowest_steps.max_ms > 600 s": (False, 600_000),
    "slowest_steps.executions < 2": (True, 1),
    # Columns that are no parameters, and a number of theirs.
    "slowest_steps.executions > 5 for step=write": (True, 6),
    "slowest_steps.max_ms > 0 for executions=1": (True, 600_000),
    "stuck > 0": (False, 0),
    "failed > 0": (True, 1),
    "age > 1 h": (False, 0),
    "orphans > 0": (False, 0),
    "missing_runs > 0": (False, 0),
}


@pytest.mark.parametrize("limit", LIMITS)
def test_a_limit(limit: str, studio: Path) -> None:
    """It is broken where it is true: exit code 3, with the worst value."""
    with unchanged(studio / "studio"):
        done = storyreport("check", "--limit", limit, "--format", "json", cwd=studio)
    is_broken, value = LIMITS[limit]
    answer = json.loads(done.stdout)
    (verdict,) = answer["limits"]
    assert (done.returncode, done.stderr) == (3 if is_broken else 0, "")
    assert answer["ok"] is not is_broken
    assert (verdict["status"] in ("broken", "stale"), verdict["value"]) == (is_broken, value)
    if value is None:
        assert verdict["status"] == "no data"


def test_what_broke_by_how_much_and_where(studio: Path) -> None:
    """In words: the rows, the distance to the limit, the command that shows more."""
    done = storyreport("check", "--limit", "failure_rates.failure_pct > 30 in 2026-03-01", cwd=studio)
    assert done.returncode == 3
    assert done.stdout.splitlines() == [
        "broken  failure_rates.failure_pct > 30 in 2026-03-01: 33.33 %, 3.33 points above the limit",
        "        studio write: 33.33 %",
        "        see: storyreport report failure_rates -p since=2026-03-01",
    ]


def test_stale_data_fails_as_stale(studio: Path) -> None:
    """Whatever the limits say; the file gives a source its own freshness, and names one that was never ingested."""
    ok("check", cwd=studio)
    change(studio / "storyreport.db", "update ingests set finished_at = datetime('now', '-2 hours')")
    ok("check", cwd=studio)
    (studio / "storyreport.toml").write_text(
        '[sources.studio]\nlocation = "studio"\nfreshness = "1h"\n[sources.other]\nlocation = "other"\n',
        encoding="utf-8",
    )
    done = storyreport("check", cwd=studio)
    assert done.returncode == 3
    assert "stale   age of studio > 60 min: studio was ingested 2 h ago, 1 h is the limit" in done.stdout
    assert "other was never ingested" in done.stdout
    change(studio / "storyreport.db", "update ingests set finished_at = datetime('now', '-2 days')")
    (studio / "storyreport.toml").unlink()
    assert "stale" in storyreport("check", cwd=studio).stdout


def test_limits_of_the_file_are_those_of_health(studio: Path) -> None:
    """Running work is stuck after the file's minutes, in check, in the report health and in stuck_runs."""
    (studio / "studio" / "attempts.csv").write_text(
        ATTEMPTS + "8,r2,D,write,running,NOW,,\n".replace("NOW", _minutes_ago(20)), encoding="utf-8"
    )
    ok("ingest", "studio", cwd=studio)
    ok("check", "--limit", "stuck > 0", cwd=studio)
    (studio / "storyreport.toml").write_text(
        'limits = ["stuck > 0"]\n[health]\nsilent_minutes = 10\n', encoding="utf-8"
    )
    assert storyreport("check", cwd=studio).returncode == 3
    health = {row["check"]: row for row in json.loads(ok("report", "health", "--json", cwd=studio))}
    assert health["stuck"]["count"] >= 1
    assert "10 min while running" in health["stuck"]["detail"]
    assert json.loads(ok("report", "stuck_runs", "--json", cwd=studio))


def _minutes_ago(minutes: int) -> str:
    return (datetime.now(timezone.utc) - timedelta(minutes=minutes)).strftime("%Y-%m-%dT%H:%M:%SZ")


def test_formats_for_machines(studio: Path) -> None:
    """JUnit parses, a GitHub annotation is one line, Markdown a table."""
    limits = ("--limit", "failure_pct > 1", "--limit", "stuck > 0", "--limit", "failure_pct > 1 in 7d")
    suite = ET.fromstring(storyreport("check", *limits, "--format", "junit", cwd=studio).stdout)
    assert (suite.get("tests"), suite.get("failures"), suite.get("skipped")) == ("3", "1", "1")
    assert [len(case) for case in suite] == [1, 0, 1]
    lines = storyreport("check", *limits, "--format", "github", cwd=studio).stdout.splitlines()
    assert [line.startswith("::error title=failure_pct > 1::28.57 %25, ") for line in lines] == [True, False, False]
    said = storyreport("check", *limits, "--format", "markdown", cwd=studio).stdout
    assert said.startswith("**1 of 3 limits broken**\n\n| status |")


@pytest.mark.parametrize(
    ("limit", "said"),
    [
        ("failur_pct > 1", "did you mean failure_pct"),
        ("slowest_steps.p9_ms > 1", "did you mean p95_ms"),
        ("slowest_stesp.p95_ms > 1", "did you mean slowest_steps"),
        ("failure_pct > 1 h", "h is a wrong unit"),
        ("slowest_steps.p95_ms > 1 USD", "takes ms, s, min, h, d"),
        ("stuck > 1 %", "takes no unit"),
        ("cost > 20", "name the currency"),
        ("cost > 20 UDS in 1d", "there is no currency UDS"),
        ("slower_pct > 5 in 0d", "such as 7d"),
        ("stuck > 0 in 7d", "takes no period"),
        ("failure_pct > 1 in soon", "Limit 'failure_pct > 1 in soon': since must be"),
        ("slowest_stesp.avg_ms > 1", "Limit 'slowest_stesp.avg_ms > 1': There is no report called 'slowest_stesp'"),
        ("slowest_steps.step > 3", "step is a text such as '"),
        ("failure_pct > 1 for stp=write", "has no parameter 'stp'"),
        ("failure_rates.failure_pct > 1 for source=nobody", "There is no source 'nobody'"),
        ("failure_pct", "is not a limit"),
        # Unknown names: without a row, in a sum of nothing, and one that would end an SQL literal.
        ("slowest_steps.executions > 0 for step=wriet", "There is no step 'wriet': did you mean write?"),
        ("cost > 9 USD for model=m3", "There is no model 'm3'"),
        ("slowest_steps.executions > 0 for step=x'or'1'='1", "There is no step \"x'or'1'='1\""),
        ("story_status.attempts > 3", "needs a story"),
    ],
)
def test_what_is_no_limit(limit: str, said: str, studio: Path) -> None:
    """Exit code 2 and one sentence, from the command and from the file."""
    done = storyreport("check", "--limit", limit, cwd=studio)
    assert_one_sentence(done, 2)
    assert said in done.stderr
    (studio / "storyreport.toml").write_text(f"limits = [{json.dumps(limit)}]\n", encoding="utf-8")
    assert_one_sentence(storyreport("check", cwd=studio), 2)
