"""Fixture pairs of more tools' exports, and their rows."""

import contextlib
import sqlite3
from pathlib import Path
from typing import Any

from helpers import DATA
from helpers.report_database import ReportDatabase

SYSTEMS = (
    *(
        "agent_logs",
        "anthropic_claude_code",
        "anthropic_console",
        "aws_cur",
        "bedrock",
        "ccusage",
        "cloud_bills",
        "codex",
        "cursor",
    ),
    *("deepseek", "elevenlabs", "gcp_billing", "gemini_cli", "helicone", "litellm_exports", "openai_console"),
    *("openai_responses", "opencode", "openrouter", "otel_metrics", "posthog", "replicate"),
)
ROWS = {
    "runs": "select * from runs where gone_at is null order by source_key",
    "calls": """
        select
            calls.*, coalesce(runs.source_key, run_key) as run,
            case when not is_estimated then cost end as recorded_cost
        from calls
        left join runs on runs.id = run_id
        where calls.gone_at is null
        order by calls.source_key""",
}


def given(expected: Path) -> Path:
    """The file whose rows are expected."""
    (found,) = (path for path in DATA.glob(f"{expected.stem}.*") if path != expected)
    return found


def rows(db: ReportDatabase, table: str) -> list[dict[str, Any]]:
    """The rows of a core table that are there, by their keys."""
    with contextlib.closing(sqlite3.connect(db.path)) as connection:
        connection.row_factory = sqlite3.Row
        return [dict(row) for row in connection.execute(ROWS[table])]
