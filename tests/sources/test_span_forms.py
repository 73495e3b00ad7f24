"""One call of a model as a span of Jaeger, Zipkin, an SDK's console or protobuf's names: each says what OTLP says."""

import json
from typing import Any

import pytest
from helpers.report_database import ReportDatabase

TRACE, SPAN = "a" * 32, "1" * 16
# 1795168800 is 2026-11-20 10:00:00 UTC; the call took 2.5 s.
US, NS, DURATION_US = 1_795_168_800_000_000, 1_795_168_800_000_000_000, 2_500_000
SAID = {"gen_ai.system": "openai", "gen_ai.request.model": "gpt-4o", "gen_ai.usage.input_tokens": 100}
FAILED = {**SAID, "otel.status_code": "ERROR", "otel.status_description": "HTTP 503"}
JAEGER = {
    "traceID": TRACE,
    "spans": [
        {
            "traceID": TRACE,
            "spanID": SPAN,
            "operationName": "chat",
            "references": [],
            "processID": "p1",
            "startTime": US,
            "duration": DURATION_US,
            "tags": [{"key": key, "value": value} for key, value in FAILED.items()],
        }
    ],
    "processes": {"p1": {"serviceName": "svc"}},
}
ZIPKIN = {
    "traceId": TRACE,
    "id": SPAN,
    "name": "chat",
    "timestamp": US,
    "duration": DURATION_US,
    "localEndpoint": {"serviceName": "svc"},
    "tags": {key: str(value) for key, value in FAILED.items()},
}
PYTHON = {
    "context": {"trace_id": f"0x{TRACE}", "span_id": f"0x{SPAN}"},
    "parent_id": None,
    "start_time": "2026-11-20T10:00:00.000000Z",
    "end_time": "2026-11-20T10:00:02.500000Z",
    "status": {"status_code": "ERROR", "description": "HTTP 503"},
    "attributes": SAID,
    "resource": {"attributes": {"service.name": "svc"}},
}
JAVASCRIPT = {
    "traceId": TRACE,
    "id": SPAN,
    "name": "chat",
    "timestamp": US,
    "duration": DURATION_US,
    "attributes": SAID,
    "status": {"code": 2, "message": "HTTP 503"},
    "resource": {"attributes": {"service.name": "svc"}},
}
REQUEST: dict[str, Any] = {
    "resource_spans": [
        {
            "resource": {"attributes": [{"key": "service.name", "value": {"string_value": "svc"}}]},
            "scope_spans": [
                {
                    "spans": [
                        {
                            "trace_id": TRACE,
                            "span_id": SPAN,
                            "start_time_unix_nano": str(NS),
                            "end_time_unix_nano": str(NS + DURATION_US * 1000),
                            "attributes": [
                                {
                                    "key": key,
                                    "value": {"int_value" if isinstance(value, int) else "string_value": value},
                                }
                                for key, value in SAID.items()
                            ],
                            "status": {"code": 2, "message": "HTTP 503"},
                        }
                    ]
                }
            ],
        }
    ]
}
IN_A_FILE = {
    "type": "span",
    "traceId": TRACE,
    "spanId": SPAN,
    "startTime": [1_795_168_800, 0],
    "endTime": [1_795_168_802, 500_000_000],
    "attributes": {**SAID, "github.copilot.cost": 1},
    "status": {"code": 2, "message": "HTTP 503"},
    "resource": {"attributes": {"service.name": "svc"}},
}
FORMS: dict[str, Any] = {
    "copilot's file, beside metrics": [{"type": "metric", "name": "gen_ai.client.token.usage"}, IN_A_FILE],
    "jaeger": {"data": [JAEGER]},
    "zipkin": [ZIPKIN],
    "zipkin's traces": [[ZIPKIN]],
    "python's console": PYTHON,
    "javascript's console": [JAVASCRIPT],
    "protobuf's names": REQUEST,
    "a line of docker's": {"log": json.dumps(REQUEST) + "\n", "stream": "stdout", "time": "2026-11-20T10:00:00Z"},
    "a line of a cloud's": {"jsonPayload": REQUEST, "severity": "INFO"},
}


@pytest.mark.parametrize("form", FORMS)
def test_a_span(db: ReportDatabase, form: str) -> None:
    """A failed call of gpt-4o by svc, with 100 tokens."""
    (path := db.path.parent / "spans.json").write_text(json.dumps(FORMS[form]), "utf-8")
    db.ingest(path)
    found = db.sql(
        "select source_key, called_at, duration_ms, provider, model, input_tokens, status, error_message, name"
        " from calls left join pipelines on pipelines.id = pipeline_id"
    )
    assert found == [
        (f"{TRACE}/{SPAN}", "2026-11-20T10:00:00.000Z", 2500, "openai", "gpt-4o", 100, "failed", "HTTP 503", "svc")
    ]
    assert db.one("select count(*) from rejects") == 0
