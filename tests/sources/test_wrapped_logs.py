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
    "containers_pieces.log": f"{AT} stdout P {PLAIN[:30]}\n{AT} stdout P {PLAIN[30:50]}\n{AT} stdout F {PLAIN[50:]}\n",
    "docker_pieces.log": "".join(
        json.dumps({"log": piece, "stream": "stdout", "time": AT}, separators=(",", ":")) + "\n"
        for piece in (PLAIN[:30], PLAIN[30:] + "\n")
    ),
    "docker_unended.log": json.dumps({"log": PLAIN, "stream": "stdout", "time": AT}, separators=(",", ":")),
    "compose.log": f"api-1  | {OBJECT}\n",
    "pods.log": f"[pod/api-7c/api] {OBJECT}\n",
    "pods_with_times.log": f"{AT} {OBJECT}\n",
    "heroku.log": f"2026-11-20T10:00:00.000000+00:00 app[web.1]: {PLAIN}\n",
    "syslog.log": f"Nov 20 10:00:00 host node[123]: {OBJECT}\n",
    "journal.json": json.dumps({"__REALTIME_TIMESTAMP": str(MS * 1000), "MESSAGE": PLAIN, "PRIORITY": "3"}) + "\n",
    "google.jsonl": json.dumps({"jsonPayload": {"message": OBJECT}, "severity": "ERROR", "timestamp": AT}) + "\n",
    "google.csv": "jsonPayload.message,jsonPayload.runId,jsonPayload.error,severity,timestamp\n"
    f"Workflow error occurred,r1,HTTP 503,ERROR,{AT}\n",
    "rfc5424.log": f"<11>1 {AT} host api 123 - - {PLAIN}\n",
    "pods_and_own_times.log": f"{AT[:-1]}000Z {AT} [error] Workflow error occurred {json.dumps(FIELDS)}\n",
    "splunk.json": json.dumps({"preview": False, "result": {"_time": AT, "_raw": PLAIN}}) + "\n",
    "better_stack.jsonl": json.dumps({"dt": AT, "message": PLAIN}) + "\n",
    "pm2.jsonl": json.dumps({"app_name": "api", "message": PLAIN + "\n", "timestamp": AT, "process_id": 0}) + "\n",
    "datadog_v1.json": json.dumps(
        {
            "logs": [
                {
                    "id": "1",
                    "content": {"message": "Workflow error occurred", "attributes": {**FIELDS, "status": "error"}},
                }
                | {"timestamp": AT}
            ]
        }
    ),
    "loki_streams.jsonl": json.dumps({"stream": {"app": "x"}, "values": [[NS, PLAIN]]}) + "\n",
    "log4js.log": f"[{AT}] [ERROR] default - Workflow error occurred {{ runId: 'r1', error: 'HTTP 503' }}\n",
    "logfmt.log": f'level=error ts={AT} msg="Workflow error occurred" runId=r1 error="HTTP 503"\n',
    "nest.log": f"2026/11/20 10:00:00 {PLAIN} +5ms\n",
    "objects.jsonl": json.dumps(
        {"level": "error", "message": {"message": "Workflow error occurred", **FIELDS}, "timestamp": AT}
    ),
    "pino_pretty.log": "[2026-11-20 10:00:00.000 +0000] \x1b[31mERROR\x1b[39m (api/7 on h): "
    '\x1b[36mWorkflow error occurred\x1b[39m\n    \x1b[35mrunId\x1b[39m: "r1"\n    \x1b[35merr\x1b[39m: {\n'
    '      "type": "Error",\n      "message": "HTTP 503",\n      "stack":\n          Error: HTTP 503\n'
    "              at main (/srv/api.js:3:7)\n    }\n",
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
    "structlog.jsonl": json.dumps({"event": "Workflow error occurred", **FIELDS, "level": "error", "timestamp": AT}),
    "serilog.jsonl": json.dumps({"@t": AT, "@mt": "Workflow error occurred", "@l": "Error", **FIELDS}),
    "serilog_long.jsonl": json.dumps(
        {"Timestamp": AT, "Level": "Error", "RenderedMessage": "Workflow error occurred", "Properties": FIELDS}
    ),
    "dotnet.jsonl": json.dumps(
        {"Timestamp": AT, "LogLevel": "Error", "Message": "Workflow error occurred", "State": FIELDS}
    ),
    "log4j2.jsonl": json.dumps(
        {"instant": {"epochSecond": MS // 1000, "nanoOfSecond": 0}, "level": "ERROR"}
        | {"message": "Workflow error occurred", "contextMap": FIELDS}
    ),
    "log4j2_older.jsonl": json.dumps({"timeMillis": MS, "level": "ERROR", "message": OBJECT}),
    "python.jsonl": json.dumps(
        {"asctime": "2026-11-20 10:00:00,000", "levelname": "ERROR", "message": "Workflow error occurred", **FIELDS}
    ),
    "monolog.jsonl": json.dumps(
        {"message": "Workflow error occurred", "context": FIELDS, "level": 400, "level_name": "ERROR", "datetime": AT}
    ),
    "loguru.jsonl": json.dumps(
        {
            "record": {"extra": FIELDS, "level": {"name": "ERROR", "no": 40}, "message": "Workflow error occurred"}
            | {"time": {"repr": AT, "timestamp": MS / 1000}}
        }
    ),
    "logstash.jsonl": json.dumps(
        {"@fields": {**FIELDS, "level": "error"}, "@message": "Workflow error occurred", "@timestamp": AT}
    ),
    "splunk_event.jsonl": json.dumps(
        {"time": MS / 1000, "event": {"severity": "error", "message": "Workflow error occurred", **FIELDS}}
    ),
    "splunk_line.jsonl": json.dumps({"time": MS / 1000, "sourcetype": "node", "event": PLAIN}),
    "azure.jsonl": json.dumps(
        {"time": AT, "level": "Error", "properties": {"message": "Workflow error occurred", **FIELDS}}
    ),
    "tslog.jsonl": json.dumps(
        {"0": "Workflow error occurred", "1": FIELDS, "_meta": {"date": AT, "logLevelName": "ERROR"}}
    ),
    "fluentd.log": f"2026-11-20T10:00:00+00:00\tapp.log\t{OBJECT}\n",
    "gh_run_view.log": f"build\tRun story\t\ufeff2026-11-20T10:00:00.0000000Z {PLAIN}\n",
    "padded.log": f"error:    Workflow error occurred {json.dumps({**FIELDS, 'timestamp': AT})}\n",
    "printed.log": "{\n  details: {\n    message: 'within',\n  },\n  error: 'HTTP 503',\n  level: 'error',\n"
    f"  message: 'Workflow error occurred',\n  runId: 'r1',\n  timestamp: '{AT}',\n  [Symbol(level)]: 'error'\n}}\n",
    "structlog.log": f"{AT} [error    ] Workflow error occurred        runId=r1 error='HTTP 503'\n",
    "zerolog.log": f'{AT} ERR main.go:7 > Workflow error occurred runId=r1 error="HTTP 503"\n',
    "many pairs.log": f"{AT} ERR Workflow error occurred {'n=1 ' * 38}runId=r1 error='HTTP 503'\n",
    "serilog.log": f"2026-11-20 10:00:00.000 +00:00 [ERR] Workflow error occurred {json.dumps(FIELDS)}\n",
    "zap.log": f"2026-11-20T10:00:00.000+0000\tERROR\tapi/main.go:7\tWorkflow error occurred\t{json.dumps(FIELDS)}\n",
    "bunyan.log": f'[{AT}] ERROR: api/7 on host: Workflow error occurred (runId=r1, error="HTTP 503")\n',
    "python.log": f"2026-11-20 10:00:00,000 - api.main - ERROR - Workflow error occurred {json.dumps(FIELDS)}\n",
    "spring.log": f"{AT} ERROR 7 --- [main] c.e.Api : Workflow error occurred {json.dumps(FIELDS)}\n",
    "own_event.jsonl": json.dumps({**json.loads(OBJECT), "event": {"message": "of something else"}}),
    "pino.jsonl": json.dumps({"level": 50, "time": MS, "msg": "Workflow error occurred", **FIELDS}) + "\n",
}


@pytest.mark.parametrize("name", WRAPPED)
def test_a_wrapped_line(tmp_path: Path, name: str) -> None:
    """One error of run r1 at 10:00, whatever stands around it."""
    (path := tmp_path / name).write_text(WRAPPED[name], "utf-8")
    assert workflow.find_log(path) == path
    [(_, (_, level, message, metric, run, _, time, _, problem))] = workflow.stage_log(path)
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


def test_what_serilog_leaves_out(tmp_path: Path) -> None:
    """A line without a level is one of information; an event without a level is no line of a log."""
    lines = [{"@t": AT, "@m": "Story not found", "runId": "r1"}, {"event": "Story not found", "runId": "r1"}]
    (path := tmp_path / "app.jsonl").write_text("\n".join(map(json.dumps, lines)), "utf-8")
    found = [(row[1], row[-1]) for _, row in workflow.stage_log(path)]
    assert found == [("info", None), (None, "is no line of a log")]


def test_a_brace_that_opens_nothing(tmp_path: Path) -> None:
    """What looks like an object that Node prints, and is none, hides no line."""
    (path := tmp_path / "app.log").write_text(
        "info: Story not found\n{\nx\ninfo: Story not found\n{\n  a: 1\n", "utf-8"
    )
    assert [row[3] for _, row in workflow.stage_log(path)] == [
        "story_not_found",
        None,
        None,
        "story_not_found",
        None,
        None,
    ]


def test_pieces_of_two_streams(tmp_path: Path) -> None:
    """A container's runtime cuts long lines into pieces, between which those of its other stream may stand."""
    pieces = [("stdout P", "info: Story not "), ("stderr P", "error: Workflow "), ("stdout F", 'found {"runId":"r1"}')]
    pieces += [("stderr F", "error occurred"), ("stdout P", "info: cut o")]
    (path := tmp_path / "app.log").write_text("".join(f"{AT} {mark} {said}\n" for mark, said in pieces), "utf-8")
    assert [(row[2], row[4], row[-1]) for _, row in workflow.stage_log(path)] == [
        ("Story not found", "r1", None),
        ("Workflow error occurred", None, None),
        ("cut o", None, None),
    ]
