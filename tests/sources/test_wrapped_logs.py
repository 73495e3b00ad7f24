"""Lines of the service's log as clouds and collectors wrap them: each says what the bare line says."""

import json
from pathlib import Path

import pytest
from helpers.report_database import ReportDatabase

from storyreport.sources import workflow
from storyreport.values import to_utc

# 1795168800 is 2026-11-20 10:00:00 UTC.
MS, NS, AT = 1795168800000, "1795168800000000000", "2026-11-20T10:00:00.000Z"
FIELDS = {"runId": "r1", "error": "HTTP 503"}
PLAIN = f"error: Workflow error occurred {json.dumps(FIELDS)}"
OBJECT = json.dumps({"level": "error", "message": "Workflow error occurred", **FIELDS, "timestamp": AT})
EVENT = {"timestamp": MS, "message": PLAIN, "ingestionTime": 1}
CSV_PLAIN = PLAIN.replace('"', '""')
WRAPPED = {
    "cloudwatch_get.json": json.dumps({"events": [EVENT], "nextForwardToken": "f/1"}),
    "cloudwatch_filter.json": json.dumps({"events": [{**EVENT, "eventId": "1"}], "searchedLogStreams": []}, indent=1),
    "cloudwatch_pages.jsonl": f"{json.dumps({'events': [EVENT]})}\n{json.dumps({'events': []})}\n",
    "cloudwatch_lines.jsonl": json.dumps(EVENT) + "\n",
    "subscription.json": json.dumps({"messageType": "DATA_MESSAGE", "logEvents": [{**EVENT, "id": "1"}]}),
    "insights.csv": f'@timestamp,@message\n2026-11-20 10:00:00.000,"{CSV_PLAIN}"\n',
    "insights.json": json.dumps(
        {
            "results": [
                [{"field": "@timestamp", "value": "2026-11-20 10:00:00.000"}, {"field": "@message", "value": PLAIN}]
            ]
        }
    ),
    "tail.log": f"{AT} 2026/11/20/[$LATEST]abc {PLAIN}\n",
    "lambda.log": f"{AT}\t6bc28136\tERROR\t{PLAIN}\n",
    "docker.log": json.dumps({"log": PLAIN + "\n", "stream": "stdout", "time": AT}) + "\n",
    "containers.log": f"{AT} stdout F {PLAIN}\n",
    "compose.log": f"api-1  | {OBJECT}\n",
    "pods.log": f"[pod/api-7c/api] {OBJECT}\n",
    "pods_with_times.log": f"{AT} {OBJECT}\n",
    "heroku.log": f"2026-11-20T10:00:00.000000+00:00 app[web.1]: {PLAIN}\n",
    "syslog.log": f"Nov 20 10:00:00 host node[123]: {OBJECT}\n",
    "journal.json": json.dumps({"__REALTIME_TIMESTAMP": str(MS * 1000), "MESSAGE": PLAIN, "PRIORITY": "3"}) + "\n",
    "google.jsonl": json.dumps({"jsonPayload": {"message": OBJECT}, "severity": "ERROR", "timestamp": AT}) + "\n",
    "google.csv": "jsonPayload.message,jsonPayload.runId,jsonPayload.error,severity,timestamp\n"
    f"Workflow error occurred,r1,HTTP 503,ERROR,{AT}\n",
    "loki.jsonl": json.dumps({"labels": {"app": "x"}, "line": PLAIN, "timestamp": AT}) + "\n",
    "loki.json": json.dumps({"status": "success", "data": {"result": [{"stream": {}, "values": [[NS, PLAIN]]}]}}),
    "datadog.json": json.dumps(
        {
            "data": [
                {
                    "id": "1",
                    "attributes": {
                        "message": "Workflow error occurred",
                        "status": "error",
                        "timestamp": AT,
                        "attributes": FIELDS,
                    },
                }
            ]
        }
    ),
    "elastic.jsonl": json.dumps({"_index": "l", "_source": {"@timestamp": AT, "message": PLAIN}}) + "\n",
    "ecs.jsonl": json.dumps({"@timestamp": AT, "log.level": "error", "message": "Workflow error occurred", **FIELDS}),
    "azure.csv": f'TimeGenerated,Log_s\n{AT},"{CSV_PLAIN}"\n',
    "pino.jsonl": json.dumps({"level": 50, "time": MS, "msg": "Workflow error occurred", **FIELDS}) + "\n",
}


@pytest.mark.parametrize("name", WRAPPED)
def test_a_wrapped_line(tmp_path: Path, name: str) -> None:
    """One error of run r1 at 10:00, whatever stands around it."""
    (path := tmp_path / name).write_text(WRAPPED[name], "utf-8")
    assert workflow.find_log(path) == path
    [(_, (_, level, message, metric, run, _, time, problem))] = workflow.stage_log(path)
    assert (level, message, metric, run) == ("error", "Workflow error occurred: HTTP 503", "workflow_error", "r1")
    assert to_utc(time) == AT
    assert problem is None


@pytest.mark.parametrize("name", ["cloudwatch_get.json", "insights.csv", "tail.log", "datadog.json"])
def test_it_is_loaded(db: ReportDatabase, tmp_path: Path, name: str) -> None:
    """No other system takes such a file for its own."""
    (path := tmp_path / name).write_text(WRAPPED[name], "utf-8")
    db.ingest(path)
    assert db.sql("select level, run_key, at from log_events") == [("error", "r1", AT)]
    assert db.sql("select count(*) from rejects") == [(0,)]
