"""Anthropic's Claude Code report: cents are dollars, people and keys are hashes, pages and files of a folder add up."""

import json
from pathlib import Path
from typing import Any

from helpers.report_database import ReportDatabase


def day(date: str, models: Any, **named: Any) -> dict[str, Any]:
    """A record of one person's day."""
    return {
        "date": f"{date}T00:00:00Z",
        "actor": {"type": "user_actor", "email_address": "mara.private@example.com"},
        "organization_id": "o",
        "customer_type": "api",
        "terminal_type": "vscode",
        "core_metrics": {"num_sessions": 1},
        "model_breakdown": models,
        **named,
    }


def used(tokens: int, cents: Any, currency: str = "USD") -> dict[str, Any]:
    """What one model was used for."""
    return {
        "model": "claude-sonnet-4-6",
        "tokens": {"input": tokens, "output": 0, "cache_read": 0, "cache_creation": 0},
        "estimated_cost": {"amount": cents, "currency": currency},
    }


def write(path: Path, *records: dict[str, Any]) -> None:
    """A page of the API."""
    path.write_text(json.dumps({"data": records, "has_more": False, "next_page": None}), "utf-8")


def test_pages_of_a_folder_add_up_and_a_day_that_grew_counts_once(db: ReportDatabase, tmp_path: Path) -> None:
    folder = tmp_path / "reports"
    folder.mkdir()
    write(folder / "1.json", day("2026-11-09", [used(1000, 12)]), day("2026-11-10", [used(500, 4)]))
    write(folder / "2.json", day("2026-11-10", [used(2000, 24.5)]), day("2026-11-11", []))
    db.ingest(folder)
    assert db.sql("select day, input_tokens, cost from calls order by day") == [
        ("2026-11-09", 1000, 0.12),
        ("2026-11-10", 2000, 0.245),
    ]


def test_people_and_keys_are_labels_but_never_their_names(db: ReportDatabase, tmp_path: Path) -> None:
    key = {"type": "api_actor", "api_key_name": "night-shift-private"}
    path = tmp_path / "report.json"
    write(path, day("2026-11-10", [used(1, 100)]), day("2026-11-10", [used(1, 300)], actor=key))
    db.ingest(path)
    found = db.report("cost_by_label")
    assert sorted((row["label"], row["cost"]) for row in found) == [("key", 3.0), ("user", 1.0)]
    dump = "".join(f"{db.sql(f'select * from {table}')}" for table in ("calls", "rejects", "rollup_labels", "findings"))
    assert "private" not in dump


def test_no_wrong_amount_of_odd_costs(db: ReportDatabase, tmp_path: Path) -> None:
    # A cost of 0 beside tokens is none: 1,000,000 tokens at 3 dollars. Amounts are in the lowest unit of their
    # currency; one of an unknown currency, or that is no number, is dropped.
    path = tmp_path / "report.json"
    records = [
        day("2026-11-08", [used(1_000_000, 0)]),
        day("2026-11-09", [used(1_000_000, 100, "EUR")]),
        day("2026-11-10", [used(0, 0)]),
        day("2026-11-11", "none"),
        day("2026-11-12", [used(1, "a lot")]),
        day("2026-11-13", [used(1_000_000, 100, "JPY")]),
        day("2026-11-14", [used(1_000_000, 100, "ZZZ")]),
    ]
    write(path, *records)
    db.ingest(path)
    assert db.sql("select day, cost, currency, round(estimated_cost, 9) from calls order by day") == [
        ("2026-11-08", None, "USD", 3.0),
        ("2026-11-09", 1.0, "EUR", None),
        ("2026-11-10", 0.0, "USD", None),
        ("2026-11-12", None, "USD", 0.000003),
        ("2026-11-13", 100.0, "JPY", None),
        ("2026-11-14", None, "USD", 3.0),
    ]
    assert db.sql("select reason from rejects order by reason") == [
        ("cost is not a number",),
        ("currency is not known",),
        ("model_breakdown is no list of objects",),
    ]
