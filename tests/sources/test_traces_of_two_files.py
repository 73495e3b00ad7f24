"""A trace whose spans are in two files: one says the service, or has what is around the calls of the other."""

import json
from pathlib import Path
from typing import Any

import pytest
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


def chat(number: int, inside: int | None, seconds: tuple[int, int], tokens: tuple[int, int]) -> dict[str, Any]:
    """A call of a model, within another span or None."""
    amounts = zip(("input", "output"), tokens, strict=True)
    attributes: list[dict[str, Any]] = [{"key": "gen_ai.operation.name", "value": {"stringValue": "chat"}}]
    attributes += [{"key": f"gen_ai.usage.{kind}_tokens", "value": {"intValue": str(n)}} for kind, n in amounts]
    begun, ended = (f"{1794000000 + second}000000000" for second in seconds)
    span = {"traceId": "ab" * 16, "spanId": f"{number:016}", "startTimeUnixNano": begun, "endTimeUnixNano": ended}
    return {**span, "attributes": attributes, **({"parentSpanId": f"{inside:016}"} if inside else {})}


@pytest.mark.parametrize(
    ("later", "tokens"),
    [
        # Another instrumentation of both; the first one alone; a third one; the same as the second, but not around it.
        (chat(9, None, (0, 9), (30, 3)), [(10, 1), (20, 2)]),
        (chat(9, 5, (0, 3), (10, 1)), [(10, 1), (20, 2)]),
        (chat(9, None, (0, 9), (40, 4)), [(10, 1), (20, 2), (40, 4)]),
        (chat(9, 5, (7, 9), (20, 2)), [(10, 1), (20, 2), (20, 2)]),
    ],
)
def test_a_call_around_those_of_an_earlier_file(
    db: ReportDatabase, tmp_path: Path, later: dict[str, Any], tokens: list[tuple[int, int]]
) -> None:
    earlier = [chat(1, 9, (1, 2), (10, 1)), chat(2, 9, (4, 6), (20, 2))]
    for name, spans in (("a.json", earlier), ("b.json", [later])):
        (tmp_path / name).write_text(json.dumps({"resourceSpans": [{"scopeSpans": [{"spans": spans}]}]}), "utf-8")
    db.ingest(tmp_path / "a.json", tmp_path / "b.json")
    assert db.sql("select input_tokens, output_tokens from calls where gone_at is null order by 1, 2") == tokens
