"""A small report database with planted numbers, and Datasette serving it in this process."""

import asyncio
import math
from pathlib import Path
from typing import Any

from helpers.report_database import laid_out
from storyreport import schema
from storyreport.web.server import Extras, datasette_for

HOSTILE = "<script>window.hacked = 1</script>"
ESCAPED = "&lt;script&gt;window.hacked = 1&lt;/script&gt;"
SOURCES = ("alpha", "beta")
# What the planted rows make of the reports, worked out by hand. Times are milliseconds.
WRITE_TOTAL, WRITE_AVERAGE = 184_000, 1_840
HOSTILE_TOTAL = 60_000
AS_OF = "2025-03-10T12:00:00.000Z"


def bucket(ms: float) -> int:
    """The duration bucket that holds ms, by the definition in the schema."""
    return math.ceil(math.log(ms) / math.log(1.01 / 0.99))


def fill(path: Path) -> None:
    """Write the planted rows into a new report database."""
    path.write_bytes(laid_out())
    connection = schema.connect(path)
    connection.execute("pragma journal_mode = wal")
    for script in (_SOURCES, _STORIES, _HISTORY, _CALLS):
        for statement in schema.statements(script):
            connection.execute(statement, {"hostile": HOSTILE, "bucket": bucket(WRITE_AVERAGE)})
    connection.close()


class Served:
    """Datasette with one report database, asked without a network."""

    def __init__(self, path: Path, extras: Extras | None = None) -> None:
        self.datasette = datasette_for(path, extras)

    def get(self, address: str, **how: Any) -> Any:
        """The response for an address."""
        return asyncio.run(self.datasette.client.get(address, follow_redirects=True, **how))

    def close(self) -> None:
        """Close the database files."""
        for database in self.datasette.databases.values():
            database.close()


_SOURCES = """
insert into sources (id, name, system, created_at) values
(1, 'alpha', 'tracker', '2025-03-01T00:00:00.000Z'),
(2, 'beta', 'media', '2025-03-01T00:00:00.000Z');
insert into inputs (id, source_id, part, location, signature) values
(1, 1, 'database', '/data/alpha.db', 'a'),
(2, 2, 'database', '/data/beta.db', 'b');
insert into ingests
(source_id, started_at, finished_at, status, rows_read, inserted, updated, gone, rejected, duration_ms) values
(1, '2025-03-10T11:00:00.000Z', '2025-03-10T11:00:02.000Z', 'completed', 9, 9, 0, 0, 0, 2000);
"""

_STORIES = """
insert into stories (id, source_id, source_key, input_id, title, status) values
(1, 1, 'story-1', 1, :hostile, 'running'),
(2, 2, 'story-2', 2, 'The Brave Fox', 'completed');
insert into errors (id, fingerprint, example) values (1, :hostile, :hostile);
insert into runs
(id, source_id, source_key, input_id, kind, story_id, status, current_step, started_at, last_activity_at, error_id,
error_message) values
(1, 1, 'run-1', 1, 'pipeline', 1, 'running', :hostile, '2025-03-10T08:00:00.000Z', '2025-03-10T09:00:00.000Z', 1,
:hostile),
(2, 2, 'run-2', 2, 'workflow', 2, 'running', 'write', '2025-03-10T11:30:00.000Z', '2025-03-10T11:57:30.000Z', null,
null);
"""

_HISTORY = """
insert into steps (id, source_id, name, family, position) values
(1, 1, 'write_1', 'write', 1),
(2, 1, :hostile, :hostile, 2),
(3, 2, 'write', 'write', 1);
insert into step_runs
(source_id, source_key, input_id, step_id, story_id, story_key, run_id, run_key, status, started_at, ended_at,
duration_ms, error_message) values
(1, 'step-run-1', 1, 2, 1, null, null, 'run-lost', 'failed', '2025-03-02T00:00:00.000Z', '2025-03-02T00:00:01.000Z',
1000, :hostile),
(2, 'step-run-2', 2, 3, null, :hostile, 2, null, 'completed', '2025-03-03T00:00:00.000Z', '2025-03-03T00:00:01.000Z',
1000, null);
insert into rollup_step_days
(source_id, family, day, executions, completed, failed, timed, total_ms, max_ms) values
(1, 'write', '2025-03-01', 60, 50, 10, 50, 92000, 2000),
(1, 'write', '2025-03-02', 60, 50, 10, 50, 92000, 2000),
(1, :hostile, '2025-03-02', 10, 5, 5, 5, 60000, 12000),
(2, 'write', '2025-03-02', 4, 4, 0, 4, 2000, 500);
insert into rollup_steps
(source_id, family, executions, completed, failed, timed, total_ms, max_ms, p50_ms, p95_ms) values
(1, 'write', 120, 100, 20, 100, 184000, 2000, 1840, 1840),
(1, :hostile, 10, 5, 5, 5, 60000, 12000, null, null),
(2, 'write', 4, 4, 0, 4, 2000, 500, null, null);
insert into rollup_step_day_durations (source_id, family, day, bucket, executions) values
(1, 'write', '2025-03-01', :bucket, 50),
(1, 'write', '2025-03-02', :bucket, 50);
"""

_CALLS = """
insert into rollup_call_days
(source_id, day, provider, model, currency, calls, input_tokens, output_tokens, total_tokens, cost_nano,
estimated_cost_nano, unpriced_calls) values
(2, '2025-03-01', 'openai', 'gpt-5', 'USD', 3, 1000, 234, 1234, 12500000000, 250000000, 0),
(2, '2025-03-02', 'openai', 'gpt-5', 'USD', 1, 100, 20, 120, 310000, 0, 0),
(2, '2025-03-02', 'runway', 'gen-4', 'EUR', 2, null, null, null, 7000000000, 0, 0),
(2, '2025-03-02', '', '', 'GBP', 1, null, null, null, 2000000000, 0, 0),
(2, '2025-03-02', 'nobody', 'unknown', '', 1, 10, 2, 12, null, null, 1);
"""
