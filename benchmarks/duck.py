"""The peer of a report: DuckDB asked the same question of the same rows, in tables of its own."""

import csv
import sqlite3
import tempfile
from pathlib import Path

import duckdb

# What DuckDB is given of a report database.
COPIED = {
    "step_runs": """
        select sources.name as source, steps.family as step, step_runs.day, step_runs.status, step_runs.duration_ms
        from step_runs
        join steps on steps.id = step_runs.step_id
        join sources on sources.id = step_runs.source_id
    """,
    "calls": """
        select
            sources.name as source,
            calls.day,
            calls.provider,
            calls.model,
            calls.calls,
            calls.input_tokens,
            calls.output_tokens,
            coalesce(calls.total_tokens, calls.input_tokens + calls.output_tokens) as total_tokens,
            calls.price as cost,
            calls.price_currency as currency,
            case when calls.is_estimated then calls.estimated_cost end as estimated_cost,
            calls.unpriced_calls
        from priced_calls as calls
        join sources on sources.id = calls.source_id
    """,
}
TYPES = {
    "step_runs": {"source": "text", "step": "text", "day": "text", "status": "text", "duration_ms": "bigint"},
    "calls": {
        "source": "text",
        "day": "text",
        "provider": "text",
        "model": "text",
        "calls": "bigint",
        "input_tokens": "bigint",
        "output_tokens": "bigint",
        "total_tokens": "bigint",
        "cost": "double",
        "currency": "text",
        "estimated_cost": "double",
        "unpriced_calls": "bigint",
    },
}
QUESTIONS = {
    "slowest_steps": """
        select
            source,
            step,
            count(*) as executions,
            round(avg(duration_ms) filter (status = 'completed')) as avg_ms,
            quantile_disc(duration_ms, 0.5) filter (status = 'completed') as p50_ms,
            quantile_disc(duration_ms, 0.95) filter (status = 'completed') as p95_ms,
            max(duration_ms) filter (status = 'completed') as max_ms,
            sum(duration_ms) filter (status = 'completed') as total_ms,
            round(100.0 * total_ms / sum(total_ms) over (), 2) as share_pct
        from step_runs
        where status in ('completed', 'failed')
        group by source, step
        order by total_ms desc
    """,
    "failure_rates": """
        select
            source,
            step,
            count(*) as executions,
            count(*) filter (status = 'completed') as completed,
            count(*) filter (status = 'failed') as failed,
            round(100.0 * failed / executions, 2) as failure_pct
        from step_runs
        where status in ('completed', 'failed')
        group by source, step
        order by failure_pct desc
    """,
    "cost": """
        select
            day,
            source,
            provider,
            model,
            sum(calls) as calls,
            sum(input_tokens) as input_tokens,
            sum(output_tokens) as output_tokens,
            sum(total_tokens) as total_tokens,
            round(sum(cost), 6) as cost,
            currency,
            round(sum(estimated_cost), 6) as estimated_cost,
            sum(unpriced_calls) as unpriced_calls
        from calls
        group by day, source, provider, model, currency
        order by day desc, sum(cost) desc
    """,
}


def copy(connection: sqlite3.Connection) -> duckdb.DuckDBPyConnection:
    """DuckDB with the rows of a report database; they go by way of CSV, which needs no extension."""
    peer = duckdb.connect()
    for table, sql in COPIED.items():
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder, f"{table}.csv")
            with path.open("w", newline="", encoding="utf-8") as file:
                csv.writer(file).writerows(connection.execute(sql))
            columns = ", ".join(f"{name}: '{kind}'" for name, kind in TYPES[table].items())
            peer.execute(
                f"create table {table} as from read_csv('{path}', header = false, columns = {{{columns}}},"
                " nullstr = '', auto_detect = false)"
            )
    return peer


def answer(peer: duckdb.DuckDBPyConnection, name: str) -> list[tuple[object, ...]]:
    """What DuckDB has to say to a report's question."""
    rows: list[tuple[object, ...]] = peer.execute(QUESTIONS[name]).fetchall()
    return rows
