"""A trace whose spans are in two files, of which one says the service."""

import json
from pathlib import Path
from typing import Any

from helpers.report_database import ReportDatabase


def export(path: Path, number: int, service: str | None, operation: str) -> Path:
    """A file of one span of a trace, in the resource of a service."""
    named = [{"key": "service.name", "value": {"stringValue": service}}] if service else []
    times = {"startTimeUnixNano": f"179400000{number}000000000", "endTimeUnixNano": f"179400000{number}500000000"}
    attributes: list[dict[str, Any]] = [
        {"key": "gen_ai.operation.name", "value": {"stringValue": operation}},
        {"key": "gen_ai.usage.input_tokens", "value": {"intValue": "10"}},
    ]
    span = {"traceId": "ab" * 16, "spanId": f"{number:016}", **times, "attributes": attributes}
    resource = {"resource": {"attributes": named}, "scopeSpans": [{"scope": {"name": "x"}, "spans": [span]}]}
    path.write_text(json.dumps({"resourceSpans": [resource]}), "utf-8")
    return path


def test_a_later_file_without_a_service_is_of_the_trace_s_pipeline(db: ReportDatabase, tmp_path: Path) -> None:
    db.ingest(export(tmp_path / "first.json", 1, "tales", "chat"), name="traces")
    db.ingest(export(tmp_path / "second.json", 2, None, "embeddings"), name="traces")
    assert db.sql("""
        select steps.name, pipelines.name
        from step_runs
        join steps on steps.id = step_runs.step_id
        left join pipelines on pipelines.id = steps.pipeline_id
        order by 1
    """) == [("chat", "tales"), ("embeddings", "tales")]
    assert db.sql("""
        select calls.endpoint, pipelines.name
        from calls
        left join pipelines on pipelines.id = calls.pipeline_id
        order by 1
    """) == [("chat", "tales"), ("embeddings", "tales")]
