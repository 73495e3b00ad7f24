"""A report database of an earlier storyreport is brought up to date with all that it holds."""

import sqlite3
from collections import defaultdict
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from storyreport import reports, schema

# day, source, provider, model, endpoint, currency, calls, succeeded, failed, timed, total_ms, max_ms, tokens, cost,
# estimated, unpriced: as the second migration laid them out.
EARLIER: list[tuple[Any, ...]] = [
    ("2025-03-01", 1, "openai", "gpt-5", "chat", "USD", 3, 2, 1, 3, 3000, 1500, 100, 12.5, 0.25, 0),
    ("2025-03-01", 1, "openai", "gpt-5", "image", "USD", 2, 2, 0, 1, 9000, 9000, None, 2.25, None, 0),
    ("2025-03-01", 1, "openai", "tts", "chat", "USD", 1, 0, 1, 0, 0, None, 7, 0.5, None, 0),
    ("2025-03-02", 1, "openai", "gpt-5", "chat", "USD", 4, 4, 0, 4, 400, 100, 30, 1.0, 1.0, 0),
    ("2025-03-02", 1, "openai", "gpt-5", "chat", "", 5, 5, 0, 5, 500, 100, None, None, None, 5),
    ("2025-03-02", 2, "", "", "", "EUR", 1, 0, 0, 0, 0, None, None, 7.0, None, 0),
]
COLUMNS = (
    "day, source_id, provider, model, endpoint, currency, calls, succeeded, failed, timed, total_ms, max_ms,"
    " total_tokens, cost, estimated_cost, unpriced_calls"
)


@pytest.fixture
def earlier(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[sqlite3.Connection]:
    """A report database with the first two migrations and the rollups of some calls."""
    first_two = dict(list(schema.migrations().items())[:2])
    with closing(schema.connect(tmp_path / "storyreport.db")) as connection:
        with monkeypatch.context() as patched:
            patched.setattr(schema, "migrations", lambda: first_two)
            schema.migrate(connection)
        connection.executemany(
            "insert into sources (id, name, system, created_at) values (?, ?, 'usage', '')", [(1, "one"), (2, "two")]
        )
        marks = ", ".join("?" for _ in EARLIER[0])
        connection.executemany(f"insert into rollup_call_days ({COLUMNS}) values ({marks})", EARLIER)
        yield connection


def added(keys: tuple[int, ...], values: tuple[int, ...]) -> set[tuple[Any, ...]]:
    """What these columns add up to for each of those keys; of nothing but null it is null."""
    found: dict[tuple[Any, ...], list[tuple[Any, ...]]] = defaultdict(list)
    for row in EARLIER:
        found[tuple(row[key] for key in keys)].append(row)
    known = {
        key: [[row[value] for row in rows if row[value] is not None] for value in values] for key, rows in found.items()
    }
    return {(*key, *(sum(column) if column else None for column in columns)) for key, columns in known.items()}


def test_what_calls_cost_is_kept(earlier: sqlite3.Connection) -> None:
    schema.migrate(earlier)
    money = "calls, total_tokens, cost, estimated_cost, unpriced_calls"
    days = set(earlier.execute(f"select day, source_id, provider, model, currency, {money} from rollup_call_days"))
    assert days == added((0, 1, 2, 3, 5), (6, 12, 13, 14, 15))
    whole = set(earlier.execute(f"select source_id, provider, model, currency, {money} from rollup_calls"))
    assert whole == added((1, 2, 3, 5), (6, 12, 13, 14, 15))


def test_how_calls_went_is_kept(earlier: sqlite3.Connection) -> None:
    schema.migrate(earlier)
    outcome = "calls, succeeded, failed, timed, total_ms"
    days = set(earlier.execute(f"select day, source_id, provider, endpoint, {outcome} from rollup_endpoint_days"))
    assert days == added((0, 1, 2, 4), (6, 7, 8, 9, 10))
    longest = "select provider, endpoint, max_ms from rollup_endpoints"
    assert set(earlier.execute(longest)) == {("openai", "chat", 1500), ("openai", "image", 9000), ("", "", None)}


def test_the_reports_read_it(earlier: sqlite3.Connection) -> None:
    schema.migrate(earlier)
    cost = reports.find("cost")
    found = earlier.execute(cost.sql, reports.bind(cost, {"until": "2025-03-01"})).fetchall()
    assert [(row[3], row[4], row[8]) for row in found] == [("gpt-5", 5, 14.75), ("tts", 1, 0.5)]
    reliability = reports.find("api_reliability")
    found = earlier.execute(reliability.sql, reports.bind(reliability, {})).fetchall()
    assert [(row[2], row[3], row[5]) for row in found] == [
        ("chat", 13, round(100 * 11 / 13, 2)),
        ("image", 2, 100.0),
        (None, 1, None),
    ]
