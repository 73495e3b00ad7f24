"""Who calls were for, as each tool says it: plain teams, projects and tags, and hashes of users and keys."""

import csv
import json
from pathlib import Path
from typing import Any

import pytest
from helpers.report_database import ReportDatabase, pairs

COLUMNS = ("label", "value", "calls", "cost")
AT = "2026-11-06T12:00:00.000Z"
NANO = 1794312000000000000


def labels(db: ReportDatabase) -> list[Any]:
    """Plain labels with their values, and of users and keys how many there are of each, with calls and costs."""
    found = pairs(db.report("cost_by_label"), *COLUMNS)
    plain = sorted(row for row in found if row[0] not in ("user", "key"))
    hidden = sorted((row[0], row[2], row[3]) for row in found if row[0] in ("user", "key"))
    assert all(len(row[1]) == 16 for row in found if row[0] in ("user", "key"))
    return [*plain, *hidden]


def keeps_nothing_private(db: ReportDatabase) -> None:
    tables = ("calls", "rollup_labels", "rollup_label_days", "rejects", "findings")
    assert "private" not in "".join(str(db.sql(f"select * from {table}")) for table in tables)


def attribute(name: str, value: Any) -> dict[str, Any]:
    """An attribute of OTLP."""
    return {"key": name, "value": {"intValue" if isinstance(value, int) else "stringValue": value}}


def span(number: int, **named: Any) -> dict[str, Any]:
    """A span of a call that cost 0.5."""
    usage = {"gen_ai.operation.name": "chat", "gen_ai.request.model": "m", "gen_ai.usage.input_tokens": 10}
    values = {**usage, "gen_ai.usage.cost": "0.5", **named}
    return {
        "traceId": "a" * 32,
        "spanId": f"{number:016x}",
        "startTimeUnixNano": str(NANO),
        "endTimeUnixNano": str(NANO + 10**9),
        "attributes": [attribute(name, value) for name, value in values.items()],
    }


def test_opentelemetry_s_spans_and_their_resource(db: ReportDatabase, tmp_path: Path) -> None:
    resource = {"attributes": [attribute("service.name", "tales-api"), attribute("team.id", "platform")]}
    spans = [
        span(1, **{"user.id": "mara-private"}),
        # The span's own team counts, not its resource's.
        span(2, **{"enduser.id": 77, "team.id": "films", "project.id": "fox"}),
    ]
    odd = span(3)
    odd["attributes"].append({"key": "team.id", "value": {"arrayValue": {"values": []}}})
    path = tmp_path / "spans.json"
    request = {"resourceSpans": [{"resource": resource, "scopeSpans": [{"scope": {}, "spans": [*spans, odd]}]}]}
    path.write_text(json.dumps(request), "utf-8")
    assert db.ingest(path).counts.rejected == 0
    assert labels(db) == [
        ("project", "fox", 1, 0.5),
        ("service", "tales-api", 3, 1.5),
        ("team", "films", 1, 0.5),
        ("team", "platform", 2, 1.0),
        ("user", 1, 0.5),
        ("user", 1, 0.5),
    ]
    keeps_nothing_private(db)


@pytest.mark.parametrize("is_api", [True, False])
def test_langfuse_s_tags_and_users(db: ReportDatabase, tmp_path: Path, is_api: bool) -> None:
    def observation(number: int, **named: Any) -> dict[str, Any]:
        row = {
            "id": f"o{number}",
            "traceId": f"t{number}",
            "type": "GENERATION",
            "startTime": AT,
            "endTime": AT,
            "level": "DEFAULT",
            "statusMessage": None,
            "parentObservationId": None,
            "model": "m",
            "totalCost": 0.25,
            **named,
        }
        snake = (
            "trace_id",
            "start_time",
            "end_time",
            "status_message",
            "parent_observation_id",
            "total_cost",
            "user_id",
        )
        return row if is_api else {next((s for s in snake if s.replace("_", "") == n.lower()), n): row[n] for n in row}

    rows = [
        observation(1, tags=["night", "draft"], userId="mara-private"),
        observation(2, tags=["night"], userId="mara-private"),
        observation(3, tags=[], userId=None),
    ]
    path = tmp_path / "observations.jsonl"
    path.write_text("".join(json.dumps(row) + "\n" for row in rows), "utf-8")
    db.ingest(path)
    assert labels(db) == [("tag", "draft", 1, 0.25), ("tag", "night", 2, 0.5), ("user", 2, 0.5)]
    keeps_nothing_private(db)


def test_openrouter_s_apps_users_and_keys(db: ReportDatabase, tmp_path: Path) -> None:
    path = tmp_path / "activity.csv"
    names = (
        "generation_id,created_at,cost_total,tokens_prompt,tokens_completion,model_permaslug,app_name,user,api_key_name"
    )
    with path.open("w", encoding="utf-8", newline="") as file:
        table = csv.writer(file)
        table.writerow(names.split(","))
        table.writerow(["g1", AT, "0.5", 10, 1, "openai/gpt-5", "tales", "mara-private", "night-private"])
        table.writerow(["g2", AT, "0.25", 10, 1, "openai/gpt-5", "tales", "", "night-private"])
    db.ingest(path)
    assert labels(db) == [("project", "tales", 2, 0.75), ("key", 2, 0.75), ("user", 1, 0.5)]
    keeps_nothing_private(db)


def test_posthog_s_people(db: ReportDatabase, tmp_path: Path) -> None:
    path = tmp_path / "events.jsonl"
    properties = {"$ai_model": "gpt-4o", "$ai_provider": "openai", "$ai_total_cost_usd": 0.5, "$ai_input_tokens": 10}
    event = {"event": "$ai_generation", "timestamp": AT, "properties": properties}
    rows = [{**event, "uuid": f"u{number}", "distinct_id": f"private-{number % 2}"} for number in range(3)]
    path.write_text("".join(json.dumps(row) + "\n" for row in rows), "utf-8")
    db.ingest(path)
    assert labels(db) == [("user", 1, 0.5), ("user", 2, 1.0)]
    keeps_nothing_private(db)


def test_helicone_s_users_and_keys(db: ReportDatabase, tmp_path: Path) -> None:
    path = tmp_path / "requests.jsonl"
    row = {
        "request_created_at": AT,
        "response_created_at": AT,
        "prompt_tokens": 10,
        "completion_tokens": 1,
        "cost": 0.5,
    }
    rows = [
        {**row, "request_id": "r1", "request_user_id": "mara-private", "proxy_key_id": "private-key"},
        {**row, "request_id": "r2", "proxy_key_id": "private-key"},
    ]
    path.write_text("".join(json.dumps(row) + "\n" for row in rows), "utf-8")
    db.ingest(path)
    assert labels(db) == [("key", 2, 1.0), ("user", 1, 0.5)]
    keeps_nothing_private(db)


def test_claude_code_s_users_in_its_log(db: ReportDatabase, tmp_path: Path) -> None:
    def entry(user: str) -> dict[str, Any]:
        values = {"event.name": "api_request", "event.timestamp": AT, "model": "m", "cost_usd": "0.5", "user.id": user}
        return {
            "timeUnixNano": str(NANO),
            "body": {"stringValue": "claude_code.api_request"},
            "attributes": [attribute(name, value) for name, value in {**values, "request_id": user}.items()],
        }

    path = tmp_path / "log.json"
    entries = [entry("private-1"), entry("private-2")]
    path.write_text(json.dumps({"resourceLogs": [{"scopeLogs": [{"logRecords": entries}]}]}), "utf-8")
    db.ingest(path)
    assert labels(db) == [("user", 1, 0.5), ("user", 1, 0.5)]
