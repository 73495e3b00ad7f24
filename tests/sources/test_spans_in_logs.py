"""Requests of OpenTelemetry's exporters in logs, behind a prefix or in answers; and spans that say too little."""

import json
from pathlib import Path
from typing import Any

import pytest
from helpers.report_database import ReportDatabase

from storyreport.errors import StoryreportError

# 1 March 2026, 10:00:00 UTC.
TEN = 1_772_359_200


def request(number: int) -> str:
    """An exporter's request with one call of 100 + number tokens that took two seconds."""
    attributes = {"gen_ai.operation.name": "chat", "gen_ai.request.model": "gpt-4o", "gen_ai.provider.name": "openai"}
    values = [{"key": key, "value": {"stringValue": value}} for key, value in attributes.items()]
    span = {
        "traceId": f"{number + 1:032x}",
        "spanId": f"{number + 1:016x}",
        "startTimeUnixNano": str(TEN * 10**9),
        "endTimeUnixNano": str((TEN + 2) * 10**9),
        "attributes": [*values, {"key": "gen_ai.usage.input_tokens", "value": {"intValue": str(100 + number)}}],
    }
    return json.dumps({"resourceSpans": [{"scopeSpans": [{"spans": [span]}]}]})


EVENTS = [{"id": str(n), "timestamp": TEN * 1000, "message": request(n)} for n in range(3)]
# The name of the file → what is in it: three calls, and lines between them that are no requests.
LOGS = {
    "spans.log": "".join(f"2026-03-01T10:00:0{n}.000Z INFO {request(n)}\nflushed {{3}} spans\n" for n in range(3)),
    "collector.log": "".join(f"2026-03-01T10:00:00Z\tinfo\tTracesExporter\t{request(n)}\n" for n in range(3)),
    "subscription.json": json.dumps({"messageType": "DATA_MESSAGE", "logGroup": "g", "logEvents": EVENTS}),
    "events.json": json.dumps({"events": EVENTS, "nextForwardToken": "f/1"}),
}


@pytest.mark.parametrize("name", LOGS)
def test_requests_in_a_log(db: ReportDatabase, tmp_path: Path, name: str) -> None:
    """100, 101 and 102 tokens."""
    (path := tmp_path / name).write_text(LOGS[name], "utf-8")
    db.ingest(path)
    assert db.sql("select input_tokens, duration_ms, called_at from calls order by 1") == [
        (tokens, 2000, "2026-03-01T10:00:00.000Z") for tokens in (100, 101, 102)
    ]
    assert db.report("rejected_rows") == []


def test_a_broken_request_behind_a_prefix(db: ReportDatabase, tmp_path: Path) -> None:
    """A line that was cut off is said, and the others are read."""
    (path := tmp_path / "spans.log").write_text(
        f"INFO {request(0)}\nINFO {request(1)[:90]}\nINFO {request(2)}\n", "utf-8"
    )
    db.ingest(path)
    assert db.sql("select input_tokens from calls order by 1") == [(100,), (102,)]
    assert [row["reason"] for row in db.report("rejected_rows")] == ["the line is broken JSON"]


SEGMENT = {
    "trace_id": "1-58406520-a006649127e371903a2de979",
    "id": "62",
    "start_time": TEN,
    "end_time": TEN + 3,
    "name": "a",
}
FOREIGN: dict[str, Any] = {
    "AWS X-Ray": [SEGMENT, {"Traces": [{"Id": SEGMENT["trace_id"], "Segments": [{"Document": json.dumps(SEGMENT)}]}]}],
    "Datadog": [{"data": [{"id": "A", "type": "spans", "attributes": {"service": "s", "resource_name": "POST /run"}}]}],
}


@pytest.mark.parametrize(("owner", "document"), [(owner, one) for owner, all_ in FOREIGN.items() for one in all_])
def test_spans_that_say_too_little(db: ReportDatabase, tmp_path: Path, owner: str, document: Any) -> None:
    """They are named, and the export that is read is."""
    (path := tmp_path / "spans.json").write_text(json.dumps(document), "utf-8")
    with pytest.raises(StoryreportError, match=rf"spans of {owner}, which do not say what was used: .* OTLP JSON"):
        db.ingest(path)
