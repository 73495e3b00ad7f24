"""Files of tools that no system reads: whose they are, and what to give instead.

A helper of recognition: it describes no system. A file is known by the fields of its first records.
"""

from collections.abc import Set

from ..system import joined_up

AS_CSV = "give its calls as CSV, see docs/plain-formats.md"
RUNS_AS_CSV = "give its jobs as CSV with run, step, status, started_at and ended_at, see docs/plain-formats.md"
OBSERVATIONS = "export its observations, which name the models"
# The fields of a file → what it is, and the way out.
UNREAD: tuple[tuple[frozenset[str], str, str], ...] = (
    (frozenset(("ResultsByTime", "GroupDefinitions")), "an answer of AWS's Cost Explorer", "export a CUR as CSV"),
    (frozenset(("TimePeriod", "Groups")), "an answer of AWS's Cost Explorer", "export a CUR as CSV"),
    (frozenset(("daily_costs", "total_usage")), "a bill of OpenAI's until 2024", "give the CSV of the cost page"),
    (
        frozenset(("User", "Spend this Month (USD)")),
        "Claude Code's spend by person",
        "give the console's CSV of costs",
    ),
    (frozenset(("individual_request_tag", "total_spend")), "LiteLLM's spend by tag", "give its spend logs"),
    (frozenset(("timestamp", "sessionId", "tags", "totalCost")), "a list of Langfuse's traces", OBSERVATIONS),
    (frozenset(("countTraces", "countObservations", "usage")), "an answer of Langfuse's metrics", OBSERVATIONS),
    (frozenset(("ts", "say", "type")), "a task of Cline or Roo Code", AS_CSV),
    (frozenset(("ts", "task", "tokensIn", "tokensOut")), "the history of Cline or Roo Code", AS_CSV),
    (frozenset(("files_in_context", "model_usage")), "a task of Cline or Roo Code", AS_CSV),
    (frozenset(("type", "message", "parentId", "timestamp")), "a session of Pi or OpenClaw", AS_CSV),
    (frozenset(("v", "id", "created", "messages")), "a thread of Amp", AS_CSV),
    (frozenset(("model", "tokenUsage")), "the totals of a session of Factory's Droid", AS_CSV),
    (frozenset(("tokens_in", "tokens_out", "cached", "status_code")), "a log of Cloudflare's AI Gateway", AS_CSV),
    (frozenset(("ai_model", "req_units", "res_units")), "a log of Portkey", AS_CSV),
    (frozenset(("info", "data")), "a trace of MLflow", AS_CSV),
    (frozenset(("event", "properties", "user_id", "time")), "aider's analytics log", AS_CSV),
    (frozenset(("evalId", "results", "config")), "a result of promptfoo", AS_CSV),
    (frozenset(("run_type", "trace_id", "start_time")), "an export of LangSmith", AS_CSV),
    (frozenset(("op_name", "project_id", "summary")), "an export of W&B Weave", AS_CSV),
    (frozenset(("trace_id", "usage", "total_estimated_cost")), "an export of Opik", AS_CSV),
    (frozenset(("span_id", "root_span_id", "span_attributes", "metrics")), "an export of Braintrust", AS_CSV),
    (frozenset(("span_name", "start_timestamp")), "an export of Logfire", AS_CSV),
    (
        frozenset(("context_window", "cost", "workspace", "transcript_path")),
        "what Claude Code tells its status line",
        "give the transcripts in ~/.claude/projects",
    ),
    (
        frozenset(("lastComputedDate", "dailyActivity")),
        "Claude Code's own statistics",
        "give the transcripts in ~/.claude/projects",
    ),
    (
        frozenset(("type", "data", "id", "timestamp", "parentId")),
        "a session of GitHub Copilot's CLI",
        "set COPILOT_OTEL_FILE_EXPORTER_PATH and give the file that it then writes",
    ),
    (frozenset(("model_id", "results", "created_at")), "an answer of IBM's watsonx", AS_CSV),
    (frozenset(("enqueued_at", "origin", "description")), "a list of RQ's jobs", RUNS_AS_CSV),
    (
        frozenset(("time_running", "worker_running", "display_name")),
        "a list of the tasks of Luigi's scheduler",
        "set record_task_history and give the database of its task history",
    ),
    (frozenset(("stage", "pipeline", "finished_at")), "a list of GitLab's jobs", RUNS_AS_CSV),
    (
        frozenset(("iid", "ref", "sha", "web_url")),
        "a list of GitLab's pipelines",
        "give their jobs as CSV with step and status",
    ),
    (frozenset(("_class", "builds")), "an answer of Jenkins", RUNS_AS_CSV),
    (frozenset(("_class", "fullDisplayName", "building")), "a build of Jenkins", RUNS_AS_CSV),
    (
        frozenset(("metadata", "results", "elapsed_time")),
        "an artifact of dbt without results of runs",
        "give run_results.json",
    ),
    (frozenset(("metadata", "nodes", "parent_map")), "a manifest of dbt", "give it beside its run_results.json"),
    (frozenset(("eventId", "eventType", "eventTime")), "a history of Temporal", RUNS_AS_CSV),
    (frozenset(("historyLength", "executionTime", "execution")), "a list of Temporal's workflows", RUNS_AS_CSV),
    (frozenset(("phase", "startedAt", "finishedAt")), "a workflow of Argo", RUNS_AS_CSV),
    (frozenset(("flowId", "taskRunList")), "an execution of Kestra", RUNS_AS_CSV),
    (frozenset(("previousEventId", "type", "timestamp")), "a history of Step Functions", RUNS_AS_CSV),
    (frozenset(("executionArn", "stateMachineArn")), "a list of Step Functions' executions", RUNS_AS_CSV),
    (frozenset(("startTimeMillis", "durationMillis", "pauseDurationMillis")), "a build of Jenkins", RUNS_AS_CSV),
    (frozenset(("_class", "durationInMillis")), "a build of Jenkins", RUNS_AS_CSV),
    (frozenset(("experiment_id", "artifact_uri", "lifecycle_stage")), "a list of MLflow's runs", RUNS_AS_CSV),
    (frozenset(("flow_id", "run_number", "ts_epoch")), "a list of Metaflow's runs", RUNS_AS_CSV),
    (frozenset(("job_number", "stopped_at")), "a list of CircleCI's jobs", RUNS_AS_CSV),
    (frozenset(("buildNumber", "queueTime", "finishTime")), "a list of Azure's builds", RUNS_AS_CSV),
    (frozenset(("scheduled_at", "finished_at", "pipeline", "jobs")), "a list of Buildkite's builds", RUNS_AS_CSV),
    (frozenset(("life_cycle_state", "run_id", "start_time")), "a list of Databricks' runs", RUNS_AS_CSV),
    (frozenset(("JobName", "JobRunState")), "a list of Glue's runs", RUNS_AS_CSV),
    (frozenset(("attemptsMade", "processedOn")), "a list of BullMQ's jobs", RUNS_AS_CSV),
    (
        frozenset(("uuid", "hostname", "clock", "type")),
        "the events of Celery's workers",
        "give the database of results, or what Flower answers to /api/tasks",
    ),
    (frozenset(("dags", "total_entries")), "a list of Airflow's DAGs", "ask for dagRuns and taskInstances"),
    (frozenset(("event_logs", "total_entries")), "Airflow's log of events", "ask for dagRuns and taskInstances"),
)

CONVERTED = "convert it to CSV (with DuckDB or pandas, say)"
LOADED = "load it into a database, and give that"
# How files of other formats begin, in lower case → what they are, and the way out.
BEGINNINGS: tuple[tuple[tuple[bytes, ...], str, str], ...] = (
    ((b"par1",), "a Parquet file", CONVERTED),
    ((b"obj\x01",), "an Avro file", CONVERTED),
    ((b"\xd0\xcf\x11\xe0",), "an old Excel file", "save its table as CSV"),
    ((b"%pdf-",), "a PDF", "give what its tool exports as CSV or JSON"),
    ((b"<!doctype html", b"<html"), "a web page, perhaps of a login", "log in, and save the export itself"),
    ((b"pgdmp",), "a dump of PostgreSQL", "restore it, and give the URL of the database"),
    (
        (b"--\n-- postgresql database dump", b"-- mysql dump", b"-- mariadb dump", b"pragma foreign_keys"),
        "a dump in SQL",
        LOADED,
    ),
)

# What APIs answer with in place of rows: some of these fields alone, one of the first among them.
ERRORS = frozenset(("message", "detail", "details", "error", "errors"))
BESIDE_ERRORS = frozenset(
    ("status", "statusCode", "status_code", "code", "title", "type", "documentation_url", "hint", "data", "success")
)

# What a table of one's own may call the time of a call.
TIMES = ("timestamp", "date", "time", "datetime", "created_at", "ts", "day")
# What a table of one's own may call a step, its start, and how it ended.
STEPS = (
    *("step", "stepname", "task", "taskname", "stage", "job", "jobname", "activity", "activityname", "node"),
    *("process", "operation", "command", "name", "taskid"),
)
STARTS = (
    *("startedat", "start", "starttime", "started", "startdate", "startedon", "begin", "begintime", "begunat"),
    *("submit", "timestamp"),
)
OUTCOMES = frozenset(("status", "state", "result", "outcome", "exitcode", "exit", "error", "success"))


def format_of(beginning: bytes) -> str | None:
    """What a file of another format is by its first bytes, and what to give instead; None where that is not known."""
    start = beginning.removeprefix(b"\xef\xbb\xbf").lstrip().lower()
    found = next((each for each in BEGINNINGS if start.startswith(each[0])), None)
    return f"is {found[1]}, which is not read: {found[2]}" if found else None


def reason(fields: Set[str]) -> str | None:
    """Whose a file with these fields is, and what to give instead; None for one of nobody that is known."""
    if fields & ERRORS and fields <= ERRORS | BESIDE_ERRORS:
        return "looks like the error of an API: check the address and the token of the request, and repeat it"
    return whose(fields) or _of_calls(fields) or _of_steps(fields)


def whose(fields: Set[str]) -> str | None:
    """The same, of objects within a file."""
    found = next(((what, instead) for names, what, instead in UNREAD if names <= fields), None)
    return f"is {found[0]}, which is not read: {found[1]}" if found else None


def _of_calls(fields: Set[str]) -> str | None:
    """How a table of one's own calls of models becomes a plain one."""
    named = {field.strip().lower(): field for field in fields}
    if "model" not in named or not any("tokens" in name for name in named):
        return None
    time = next((f"its column {named[name]}" for name in TIMES if name in named), "the time of each call")
    return f"looks like calls of models of your own: name {time} called_at, for the others see docs/plain-formats.md"


def _of_steps(fields: Set[str]) -> str | None:
    """How a table of one's own step runs becomes a plain one."""
    named = {joined_up(field.strip().lower().replace(" ", "_")): field for field in fields}
    step, start = (next((named[name] for name in names if name in named), None) for names in (STEPS, STARTS))
    if not step or not start or named.keys().isdisjoint(OUTCOMES):
        return None
    renamed = [f"its column {field} {name}" for field, name in ((step, "step"), (start, "started_at")) if field != name]
    return f"looks like step runs of your own: name {' and '.join(renamed)}, for the others see docs/plain-formats.md"
