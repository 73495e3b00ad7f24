"""The demo's sources at several times, and what is in them."""

import json
import re
import sqlite3
from contextlib import closing
from datetime import datetime, timezone
from pathlib import Path

NOW = datetime(2025, 11, 20, 14, 17, 33, 123456, tzinfo=timezone.utc)
# A night after a weekend, the first hour of a year, a leap day: the troubles are there at any hour.
NOWS = (
    NOW,
    datetime(2026, 3, 2, 0, 4, tzinfo=timezone.utc),
    datetime(2026, 1, 1, 0, 0, 1, tzinfo=timezone.utc),
    datetime(2028, 2, 29, 23, 59, 59, 999999, tzinfo=timezone.utc),
)
WORKFLOW_COLUMNS = {
    "stories": "story_id author_id title chapter_count status created_at updated_at",
    "story_generation_runs": "run_id story_id gcp_workflow_execution status current_step failure_stage failure_code"
    " error_message started_at ended_at metadata created_at updated_at",
    "story_generation_steps": "run_id step_name status detail_json started_at ended_at created_at updated_at",
    "token_usage_tracking": "token_usage_id author_id story_id action ai_model input_tokens output_tokens"
    " estimated_cost_in_euros input_prompt_json created_at",
}
LOG_LINE = re.compile(r"(?P<level>\w+): (?P<message>.*?) (?P<fields>{.*})")


def rows(path: Path, sql: str, now: datetime = NOW) -> list[tuple[object, ...]]:
    with closing(sqlite3.connect(path)) as connection:
        return connection.execute(sql, {"now": now.strftime("%Y-%m-%d %H:%M:%S")}).fetchall()


def number(path: Path, sql: str, now: datetime = NOW) -> float:
    value = rows(path, sql, now)[0][0]
    assert isinstance(value, int | float)
    return value


def shown(lines: list[str]) -> list[dict[str, object]]:
    """Read the lines of a log of either form."""
    found: list[dict[str, object]] = []
    for line in lines:
        if plain := LOG_LINE.fullmatch(line):
            fields, form = {**json.loads(plain["fields"]), **plain.groupdict()}, "plain"
        else:
            fields, form = {**json.loads(line), "fields": line}, "json"
        known = {name: fields[name] for name in ("level", "message", "fields", "timestamp")}
        found.append({**known, "run_id": fields["runId"], "story_id": fields["storyId"], "form": form})
    return found


def exported(path: Path) -> list[dict[str, object]]:
    return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]
