"""Exports in the fields that public samples have: bills, days and logs, summed by hand."""

import json
from pathlib import Path
from typing import Any

import pytest
from helpers.report_database import ReportDatabase

from storyreport.errors import StoryreportError

SONNET = "anthropic.claude-sonnet-4-20250514-v1:0"
LOG = {"schemaType": "ModelInvocationLog", "timestamp": "2026-06-26T12:00:00Z", "requestId": "r", "modelId": SONNET}
COUNTED = {**LOG, "input": {"inputTokenCount": 1500}, "output": {"outputTokenCount": 500}}
USED = {"usage": {"inputTokens": 1000, "cacheReadInputTokens": 500, "outputTokens": 100}}

OF_KEY = {"model": "gpt-4o", "spend": 0.25, "total_tokens": 100, "api_key": "tellnoone"}
# The file → model, calls, tokens in and out, cost, currency, of all rows.
EXPORTS = {
    "the days of OpenRouter's website": (
        "Date,Slug,Usage,BYOK Usage,Requests,Prompt Tokens,Completion Tokens,Reasoning Tokens\n"
        '"2026-05-12 00:00:00","anthropic/claude-opus-4.7","430.07","0","4115","70965665","3009973","0"\n'
        '"2026-05-13 00:00:00","openai/gpt-5","0.5","12.25","3","70965","3009","100"\n',
        [
            ("anthropic/claude-opus-4.7", 4115, 70965665, 3009973, 430.07, "USD"),
            ("openai/gpt-5", 3, 70965, 3009, 12.75, "USD"),
        ],
    ),
    "Google's rows as a data frame wrote them": (
        "billing_account_id,service.description,sku.description,usage_start_time,cost,currency,credits,cost_type\n"
        "a,Vertex AI,Gemini input,2026-11-08 10:00:00+00:00,5,USD,\"[{'name': 'Trial', 'amount': -4.5}]\",regular\n"
        "a,Vertex AI,Gemini input,2026-11-08 11:00:00+00:00,1,USD,[],regular\n",
        [("Gemini input", 0, None, None, 6, "USD"), ("Gemini input (credit)", 0, None, None, -4.5, "USD")],
    ),
    "Google's rows with the sum of their credits, as a query makes it": (
        "usage_start_time,service_description,sku_description,cost_type,currency,cost,credits\n"
        "2026-11-08 10:00:00 UTC,Vertex AI,Gemini input,regular,USD,5,-4.5\n"
        "2026-11-08 11:00:00 UTC,Vertex AI,Gemini input,regular,USD,1,0\n"
        "2026-11-08 12:00:00 UTC,Vertex AI,Gemini input,regular,USD,2,\n",
        [("Gemini input", 0, None, None, 8, "USD"), ("Gemini input (credit)", 0, None, None, -4.5, "USD")],
    ),
    # GPT-4o: 2.50 and 10 a million.
    "OpenAI's activity until 2024": (
        "organization_id,n_requests,operation,n_context_tokens_total,n_generated_tokens_total,model,timestamp,user\n"
        "org-1,420,completion,1250000,98000,gpt-4o,1777629600,a@example.com\n"
        "org-1,5,completion,2000,400,gpt-4o,1777629900,b@example.com\n",
        [("gpt-4o", 420, 1250000, 98000, None, ""), ("gpt-4o", 5, 2000, 400, None, "")],
    ),
    "the same with amounts, added up by day": (
        "date,project_name,model,n_context_tokens_total,n_generated_tokens_total,amount,currency\n"
        "2026-07-24,Atlas,gpt-4o,120000,18000,12.00,USD\n"
        "2026-07-24,Beacon,gpt-4o,90000,11000,3.00,USD\n",
        [("gpt-4o", 2, 210000, 29000, 15, "USD")],
    ),
    "LiteLLM's spend logs, summarized by day": (
        json.dumps(
            [
                {"startTime": "2026-05-01", "spend": 1.5, "users": {"x": 1.5}, "models": {"gpt-4o": 1.5, "own": 0}},
                {"startTime": "2026-05-02", "spend": 0.3, "users": {}, "models": {}},
            ]
        ),
        [("gpt-4o", 0, None, None, 1.5, "USD"), ("own", 1, None, None, None, "USD"), ("", 0, None, None, 0.3, "USD")],
    ),
    "LiteLLM's spend report, a key of a team twice": (
        json.dumps(
            [
                {
                    "group_by_day": "2026-05-01T00:00:00+00:00",
                    "teams": [
                        {"team_name": "a", "total_spend": 1.75, "metadata": [dict(OF_KEY, spend=1.5), OF_KEY]},
                        {"team_name": "b", "total_spend": 0.5, "metadata": []},
                    ],
                }
            ]
        ),
        [("gpt-4o", 0, None, None, 1.75, "USD"), ("", 0, None, None, 0.5, "USD")],
    ),
    "calls of one's own, in the words of other trackers": (
        "called_at,provider,model,prompt_tokens,completion_tokens,cached_tokens,cost_usd,latency_ms\n"
        "2026-06-16T14:23:01.000Z,openai,gpt-4o-mini,900,1200,800,0.00072,245\n",
        [("gpt-4o-mini", 1, 900, 1200, 0.00072, "USD")],
    ),
    "Azure's, of an enterprise": (
        "BillingAccountId,Date,Product,MeterCategory,MeterName,Cost,UnitPrice,BillingCurrency,ChargeType\n"
        "8611537,09/21/2026,Azure OpenAI - gpt-4o,Cognitive Services,gpt 4o Inp glbl Tokens,3.25,0.01,USD,Usage\n"
        "8611537,09/21/2026,Azure OpenAI - gpt-4o,Cognitive Services,gpt 4o Inp glbl Tokens,-1.25,0.01,USD,Refund\n",
        [
            ("gpt 4o Inp glbl Tokens", 0, None, None, 3.25, "USD"),
            ("gpt 4o Inp glbl Tokens (Refund)", 0, None, None, -1.25, "USD"),
        ],
    ),
    "Azure's, paid as one goes": (
        "subscriptionGuid,usageDateTime,meterCategory,meterName,quantity,resourceRate,preTaxCost,currency\n"
        "2639de71,2026-09-21,Cognitive Services,gpt 4o Outp Tokens,2,0.5,1,EUR\n"
        "2639de71,2026-09-21,Cognitive Services,gpt 4o Outp Tokens,1,0.5,0.5,EUR\n",
        [("gpt 4o Outp Tokens", 0, None, None, 1.5, "EUR")],
    ),
}

# Days of a model whose requests nobody counted → the estimate. GPT-5.4: 2.50 dollars a million in, twice as much in
# calls of 272,000 and more; Gemini 2.5 Pro: 1.25, twice as much from 200,000 on.
UNCOUNTED = {
    "openai": (
        "n_requests,operation,n_context_tokens_total,n_generated_tokens_total,model,timestamp\n"
        ",completion,10000000,0,gpt-5.4,1777629600\n",
        25.0,
    ),
    "openai's usage": (
        "start_time,start_time_iso,num_model_requests,model,batch,service_tier,input_tokens,output_tokens\n"
        "1777629600,2026-05-01T10:00:00+00:00,,gpt-5.4,False,default,10000000,0\n",
        25.0,
    ),
    "openrouter": (
        "Date,Slug,Usage,BYOK Usage,Requests,Prompt Tokens,Completion Tokens,Reasoning Tokens\n"
        "2026-05-12 00:00:00,google/gemini-2.5-pro,0,0,,10000000,0,0\n",
        12.5,
    ),
    "litellm": (
        '{"date": "2026-05-12", "api_key": "k", "model": "gemini-2.5-pro", "custom_llm_provider": "gemini",'
        ' "prompt_tokens": 10000000, "completion_tokens": 0, "spend": 0, "api_requests": null}',
        12.5,
    ),
}


@pytest.mark.parametrize("name", UNCOUNTED)
def test_a_day_without_a_count_of_requests_keeps_its_tokens(name: str, db: ReportDatabase, tmp_path: Path) -> None:
    export, cost = UNCOUNTED[name]
    (tmp_path / "export").write_text(export, "utf-8")
    db.ingest(tmp_path / "export")
    assert db.sql("select calls, round(estimated_cost, 6) from calls") == [(1, cost)]


CHARGED = {"inputTokens": 3, "outputTokens": 20525, "cacheWriteTokens": 112151, "cacheReadTokens": 99}
KIND = "USAGE_EVENT_KIND_"
# An event → tokens in and out, status, cost. A charge in cents has the fee in it, a price of tokens has not.
OF_CURSOR: list[tuple[dict[str, Any], tuple[Any, ...]]] = [
    (
        {"kind": f"{KIND}USAGE_BASED", "tokenUsage": {**CHARGED, "totalCents": 121.41}, "chargedCents": 124.73},
        (112253, 20525, "completed", 1.2473),
    ),
    ({"tokenUsage": {"totalCents": 70}, "cursorTokenFee": 4.5}, (0, None, "completed", 0.745)),
    ({"kind": f"{KIND}ERRORED_NOT_CHARGED", "tokenUsage": {"inputTokens": 9}}, (9, None, "failed", 0)),
    ({"kind": "Usage-based", "isTokenBasedCall": False, "requestsCosts": 10}, (0, None, "completed", None)),
]


@pytest.mark.parametrize("name", ["usageEvents", "usageEventsDisplay"])
def test_cursor_s_answers(name: str, db: ReportDatabase, tmp_path: Path) -> None:
    events = [
        {"timestamp": str(1785000000000 + number), "model": "m", **event} for number, (event, _) in enumerate(OF_CURSOR)
    ]
    file = tmp_path / "events.json"
    file.write_text(json.dumps({"totalUsageEventsCount": 4, "usageEvents": [], name: events}), encoding="utf-8")
    db.ingest(file)
    rows = db.sql("select input_tokens, output_tokens, status, cost from calls order by called_at")
    assert rows == [(*counts, cost if cost is None else pytest.approx(cost)) for _, (*counts, cost) in OF_CURSOR]


CELLS = [{"field": "@ptr", "value": "p"}, {"field": "@message", "value": json.dumps(COUNTED)}]
# Sonnet 4: 3 and 15 a million, cached 0.30.
LOGS = {
    "CloudWatch's events": ({"events": [{"message": json.dumps(COUNTED), "ingestionTime": 1}]}, 1500, 500, 0.012),
    "Insights": ({"results": [CELLS], "status": "Complete"}, 1500, 500, 0.012),
    "a body that alone counts": ({**LOG, "output": {"outputBodyJson": USED}}, 1500, 100, 0.00465),
}


@pytest.mark.parametrize(("log", "given", "out", "cost"), LOGS.values(), ids=LOGS)
def test_bedrock_s_logs_wherever_they_lie(
    log: dict[str, Any], given: int, out: int, cost: float, db: ReportDatabase, tmp_path: Path
) -> None:
    file = tmp_path / "log.json"
    file.write_text(json.dumps(log), encoding="utf-8")
    db.ingest(file)
    counts = "model, calls, input_tokens, output_tokens, estimated_cost"
    assert db.sql(f"select {counts} from calls") == [(SONNET, 1, given, out, pytest.approx(cost))]


@pytest.mark.parametrize(("text", "calls"), EXPORTS.values(), ids=EXPORTS)
def test_every_recorded_export_counts_what_it_says(
    text: str, calls: list[tuple[object, ...]], db: ReportDatabase, tmp_path: Path
) -> None:
    file = tmp_path / "export.csv"
    file.write_text(text, encoding="utf-8")
    db.ingest(file)
    assert db.sql("select model, calls, input_tokens, output_tokens, cost, currency from calls order by id") == calls


def test_the_outfile_of_gemini_cli(db: ReportDatabase, tmp_path: Path) -> None:
    """Its logs, spans and metrics lie in one file; Gemini 2.5 Pro is 1.25 a million in, 0.125 cached and 10 out."""
    counts = {"input_token_count": 1000, "cached_content_token_count": 500, "output_token_count": 100}
    said = {"event.name": "gemini_cli.api_response", "model": "gemini-2.5-pro", "thoughts_token_count": 50, **counts}
    log = {"hrTime": [1777629600, 0], "hrTimeObserved": [1777629600, 0], "resource": {"attributes": {}}}
    span = {"name": "chat", "startTime": [1777629600, 0], "endTime": [1777629601, 0], "attributes": {}}
    metric = {"resource": {}, "scopeMetrics": [{"metrics": [{"descriptor": {"name": "gemini_cli.token.usage"}}]}]}
    prompt = {**log, "attributes": {"event.name": "gemini_cli.user_prompt"}}
    text = "".join(json.dumps(each, indent=2) + "\n" for each in (prompt, span, {**log, "attributes": said}, metric))
    (tmp_path / "telemetry.log").write_text(text, encoding="utf-8")
    db.ingest(tmp_path / "telemetry.log")
    assert db.sql("select model, called_at, input_tokens, output_tokens, estimated_cost from calls") == [
        ("gemini-2.5-pro", "2026-05-01T10:00:00.000Z", 1000, 150, pytest.approx(0.0021875))
    ]


UNREAD: list[tuple[Any, str]] = [
    ([{"timestamp": "2026-06-16", "model": "gpt-4o", "prompt_tokens": 1}], "name its column timestamp called_at, for"),
    ([{"model": "claude-opus-4-8", "input_tokens": 100}], "of your own: name the time of each call called_at"),
    # A gateway's log.
    ([{"created_at": "", "model": "gpt-4o", "tokens_in": 1, "cost": 1}], "name its column created_at called_at, for"),
    (
        [{"timestamp": "2026-05-01", "sessionId": "s", "tags": [], "totalCost": 1}],
        "list of Langfuse's traces, .*models",
    ),
    # As its API answers: of the observations only the ids.
    (
        {
            "data": [{"timestamp": "", "sessionId": "s", "tags": [], "totalCost": 1, "observations": ["o"]}],
            "meta": {"page": 1},
        },
        "list of Langfuse's traces, .*: export its observations",
    ),
    ({"ResultsByTime": [], "GroupDefinitions": []}, "is an answer of AWS's Cost Explorer, .*: export a CUR as CSV"),
    ({"trace_id": "t", "usage": {}, "total_estimated_cost": 0.1, "model": "gpt-4o"}, "is an export of Opik, .* CSV"),
    (
        {"span_id": "s", "root_span_id": "s", "span_attributes": {"type": "llm"}, "metrics": {}},
        "is an export of Braintrust, .* CSV",
    ),
    (
        {"span_name": "chat", "start_timestamp": "2026-11-10", "otel_scope_name": "pydantic-ai", "attributes": {}},
        "is an export of Logfire, .* CSV",
    ),
    (
        [{"ts": 1, "type": "say", "say": "api_req_started", "text": "{}"}],
        "is a task of Cline or Roo Code, which is not",
    ),
    ([{"type": "message", "id": "m", "parentId": None, "timestamp": "", "message": {}}], "is a session of Pi or OpenC"),
    ({"v": 1, "id": "T-1", "created": 1, "messages": []}, "is a thread of Amp, "),
    (
        {"daily": [{"date": "May 04, 2026", "inputTokens": 1, "costUSD": 0.5, "models": {}}], "totals": {}},
        "is @ccusage/codex's report, which does not say what each model cost: give the sessions in ~/.codex",
    ),
    (
        {
            "result": [{"id": "l", "tokens_in": 1, "tokens_out": 1, "cached": False, "status_code": 200}],
            "success": True,
        },
        "is a log of Cloudflare's AI Gateway, .* CSV",
    ),
    (
        {"data": [{"id": "l", "ai_model": "gpt-4o", "req_units": 1, "res_units": 1}], "total": 1},
        "is a log of Portkey, ",
    ),
    ({"traces": [{"info": {"trace_id": "t"}, "data": {"spans": []}}]}, "is a trace of MLflow, "),
    (
        {"lastComputedDate": "2026-08-09", "dailyActivity": [], "dailyModelTokens": []},
        "is Claude Code's own statistics, .*: give the transcripts",
    ),
    (
        {"event": "launched", "properties": {}, "user_id": "u", "time": 1755099880},
        "is aider's analytics log, .* as CSV",
    ),
    (
        [{"id": "j", "origin": "q", "enqueued_at": "", "description": "f()"}],
        "is a list of RQ's jobs, .* with run, step",
    ),
    ({"rq:job:a": {"origin": "q", "enqueued_at": "", "description": "f()"}}, "is a list of RQ's jobs, .* with run"),
    (
        {"response": {"T_1": {"display_name": "T()", "time_running": 1.5, "worker_running": "w", "status": "DONE"}}},
        "is a list of the tasks of Luigi's scheduler, .*: set record_task_history",
    ),
    ({"message": "Bad credentials", "documentation_url": "", "status": "401"}, "looks like the error of an API: "),
    ({"detail": "Unauthorized", "status": 401, "title": "Unauthorized", "type": ""}, "looks like the error of an API"),
    ({"error": {"message": "Incorrect API key", "code": "invalid_api_key"}}, "looks like the error of an API: check"),
    (
        [{"JobName": "a", "State": "FAILED", "Start": "2026-11-28T09:00:00"}],
        "step runs of your own: name its column JobName step and its column Start started_at, for",
    ),
    ([{"step": "a", "state": "ok", "start_time": ""}], "of your own: name its column start_time started_at, for"),
    ([{"name": "a", "start": "", "colour": "red"}], "columns colour, name, start match no known format"),
    ([{"id": 1, "stage": "test", "pipeline": {}, "finished_at": None}], "is a list of GitLab's jobs, "),
    ({"_class": "hudson.model.FreeStyleProject", "builds": []}, "is an answer of Jenkins, "),
    ({"events": [{"eventId": "1", "eventTime": "", "eventType": "", "taskId": "1"}]}, "is a history of Temporal, "),
    ({"kind": "Workflow", "status": {"phase": "Failed", "startedAt": "", "finishedAt": ""}}, "is a workflow of Argo, "),
    ({"results": [{"id": "e", "flowId": "f", "taskRunList": []}], "total": 1}, "is an execution of Kestra, "),
    ({"runs": [{"run_id": 1, "state": {"life_cycle_state": ""}, "start_time": 1}]}, "is a list of Databricks' runs, "),
    ({"runs": [{"info": {"experiment_id": "0", "artifact_uri": "", "lifecycle_stage": ""}}]}, "list of MLflow's runs"),
    ([{"type": "task-retried", "uuid": "u", "hostname": "h", "clock": 1}], "events of Celery's workers, .*: give"),
    ({"metadata": {}, "results": [], "elapsed_time": 1}, "is an artifact of dbt without results of runs, "),
    ({"event_logs": [], "total_entries": 0}, "is Airflow's log of events, .*: ask for dagRuns and taskInstances"),
    (
        [{"type": "session.start", "data": {}, "id": "e1", "timestamp": "2026-02-13T16:26:51.136Z", "parentId": None}],
        "is a session of GitHub Copilot's CLI, .*: set COPILOT_OTEL_FILE_EXPORTER_PATH",
    ),
]


@pytest.mark.parametrize(("export", "sentence"), UNREAD)
def test_what_is_not_read_is_named(export: Any, sentence: str, db: ReportDatabase, tmp_path: Path) -> None:
    file = tmp_path / "export.json"
    file.write_text(json.dumps(export), encoding="utf-8")
    with pytest.raises(StoryreportError, match=sentence):
        db.ingest(file)


def test_openai_s_activity_as_its_api_answered(db: ReportDatabase, tmp_path: Path) -> None:
    """500 at 2.50 a million, 500 cached at 1.25, 200 out at 10."""
    used = {"n_requests": 3, "n_context_tokens_total": 1000, "n_cached_context_tokens_total": 500}
    said = {"aggregation_timestamp": 1777629600, "snapshot_id": "gpt-4o-2024-08-06", "operation": "completion"}
    page = {"object": "list", "data": [{**said, **used, "n_generated_tokens_total": 200}], "whisper_api_data": []}
    (tmp_path / "usage.json").write_text(json.dumps(page), encoding="utf-8")
    db.ingest(tmp_path / "usage.json")
    assert db.sql("select model, calls, called_at, estimated_cost from calls") == [
        ("gpt-4o-2024-08-06", 3, "2026-05-01T10:00:00.000Z", pytest.approx(0.003875))
    ]
