"""Plain tables in databases: Airflow, Langfuse, LLM, a proxy."""

from pathlib import Path

import pytest
from helpers.plain_formats import PRIVATE, rows
from helpers.postgres import execute, new_database
from helpers.report_database import ReportDatabase, ask, change

LLM_RESPONSES = """
    create table responses (
        id text primary key, model text, prompt text, system text, prompt_json text, options_json text, response text,
        response_json text, conversation_id text, duration_ms integer, datetime_utc text"""


# What is wrong -------------------------------------------------------------------------------------------------------


def test_what_is_left_out_of_a_row(db: ReportDatabase, tmp_path: Path) -> None:
    """An error without a status is a failure, an end a completion; a call given twice under its id is one."""
    (tmp_path / "export").mkdir()
    (tmp_path / "export" / "a.csv").write_text(
        "id,step,started_at,ended_at,error\n"
        "1,draft,2026-03-01 10:00,2026-03-01 10:01,Timeout\n"
        "2,draft,2026-03-01 10:00,2026-03-01 10:01,\n"
        "3,draft,2026-03-01 10:00,,\n",
        encoding="utf-8",
    )
    (tmp_path / "export" / "b.csv").write_text(
        "id,model,called_at,cost,error\n1,m,2026-03-01,0.5,\n1,m,2026-03-01,0.5,\n2,m,2026-03-01,,Timeout\n",
        encoding="utf-8",
    )
    db.ingest(tmp_path / "export")
    assert [row["status"] for row in rows(db, "step_runs")] == ["failed", "completed", None]
    assert rows(db, "calls", ["source_key", "status", "recorded_cost"]) == [
        {"source_key": "1", "status": None, "recorded_cost": 0.5},
        {"source_key": "2", "status": "failed", "recorded_cost": None},
    ]


# Databases -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("columns", "values", "expected"),
    [
        (("called_at", "output_tokens", "cost"), (20, 0.5), (20, 0.5, "USD")),
        (("Called At", "Output Tokens", "Cost"), (20, 0.5), (20, 0.5, "USD")),
        (("called-at", "output-tokens", "cost_usd"), (20, 0.5), (20, 0.5, "USD")),
        (("calledAt", "outputTokens", "costUsd"), (20, 0.5), (20, 0.5, "USD")),
        (("called_at", "output_tokens", "total_cost_usd"), (20, 0.5), (20, 0.5, "USD")),
        # The cost itself comes first; a column of currencies may say something else, and of euros nothing is known.
        (("called_at", "output_tokens", "cost_usd", "cost"), (20, 0.5, 0.7), (20, 0.7, "USD")),
        (("called_at", "output_tokens", "cost_usd", "currency"), (20, 0.5, "EUR"), (20, None, "EUR")),
        (("called_at", "output_tokens", "cost_eur"), (20, 0.5), (20, None, "USD")),
    ],
)
def test_names_of_columns_in_a_database(
    db: ReportDatabase,
    tmp_path: Path,
    columns: tuple[str, ...],
    values: tuple[object, ...],
    expected: tuple[object, ...],
) -> None:
    """As in files, with words apart or not, and dollars in the name of an amount."""
    named = ", ".join(f'"{column}"' for column in columns)
    change(
        path := tmp_path / "spent.db",
        f"create table calls (provider text, {named})",
        f"insert into calls values ('acme', '2026-03-01 10:00', {', '.join(map(repr, values))})",
    )
    db.ingest(path)
    assert db.sql("select output_tokens, cost, currency from calls") == [expected]
    unread = {name for name in columns if expected[1] is None and name.startswith("cost_")}
    findings = [row["problem"] for row in db.report("data_quality")]
    assert findings == [f"calls: cost is absent, {name} is not read" for name in unread]


@pytest.mark.parametrize("named", ["provider", "model"])
def test_calls_alone_in_a_database(db: ReportDatabase, tmp_path: Path, named: str) -> None:
    """Calls that belong to no run and no story are calls, too."""
    change(
        path := tmp_path / "spent.db",
        f"create table calls (called_at text, {named} text, cost real)",
        "insert into calls values ('2026-03-01 10:00', 'acme', 0.5)",
    )
    db.ingest(path)
    assert db.sql(f"select {named}, cost from calls") == [("acme", 0.5)]


def test_the_plain_forms_in_a_database(db: ReportDatabase, tmp_path: Path) -> None:
    """Tables in SQLite are read alike; an attempt that ends in place is found, and so is one that has gone."""
    path = tmp_path / "ours.db"
    change(
        path,
        "create table step_runs (run int, story int, story_title text, step text, started_at text, ended_at text)",
        "insert into step_runs values (1, 5, 'The Fox', 'draft', '2026-03-01 10:00', '2026-03-01 10:01'),"
        " (2, 6, 'The Owl', 'draft', '2026-03-01 11:00', null), (2, 6, null, 'cover', '2026-03-01 11:00', null)",
        "create table calls (id integer primary key, run int, model text, called_at text, cost real)",
        "insert into calls values (1, 1, 'gpt-4o', '2026-03-01 10:00', 0.5)",
    )
    db.ingest(path)
    assert rows(db, "step_runs", ["run", "story", "step", "status", "duration_ms"]) == [
        {"run": "1", "story": "5", "step": "draft", "status": "completed", "duration_ms": 60_000},
        {"run": "2", "story": "6", "step": "cover", "status": None, "duration_ms": None},
        {"run": "2", "story": "6", "step": "draft", "status": None, "duration_ms": None},
    ]
    assert rows(db, "calls", ["run", "story", "cost"]) == [{"run": "1", "story": "5", "cost": 0.5}]
    change(
        path,
        "update step_runs set ended_at = '2026-03-01 11:02' where run = 2 and step = 'draft'",
        "delete from step_runs where step = 'cover'",
        "insert into step_runs values (2, 6, null, 'video', '2026-03-01 11:02', '2026-03-01 11:05')",
    )
    counts = db.ingest(path).counts
    assert (counts.inserted, counts.gone) == (1, 1)
    assert db.sql("select source_key, title from stories") == [("5", "The Fox"), ("6", "The Owl")]
    assert db.sql("select status, duration_ms from runs order by source_key") == [
        ("completed", 60_000),
        ("completed", 300_000),
    ]


def test_an_attempt_that_ends_in_place_after_many_others(db: ReportDatabase, tmp_path: Path) -> None:
    """An open attempt is read again with its run, however many rows have come since."""
    path = tmp_path / "ours.db"
    change(
        path,
        "create table step_runs (run text, step text, status text, started_at text, ended_at text)",
        "insert into step_runs values ('old', 'draft', 'running', '2026-03-01 10:00', null)",
        "with recursive n (i) as (select 1 union all select i + 1 from n where i < 10500)"
        " insert into step_runs select 'r' || i, 'draft', 'done', '2026-03-01 11:00', '2026-03-01 11:01' from n",
    )
    db.ingest(path)
    change(path, "update step_runs set status = 'failed', ended_at = '2026-03-01 12:00' where run = 'old'")
    counts = db.ingest(path).counts
    assert counts.inserted + counts.gone == 0
    assert db.sql("select status from step_runs where source_key like 'old%'") == [("failed",)]
    assert db.sql("select status from runs where source_key = 'old'") == [("failed",)]


def test_an_error_log_explains_a_spend_log(db: ReportDatabase, tmp_path: Path) -> None:
    """A failed call that stands in both logs is one call, with its error; another one only in the second counts too."""
    path = tmp_path / "proxy.db"
    change(
        path,
        """create table "LiteLLM_SpendLogs" (
            request_id text primary key, call_type text, spend real, total_tokens int, prompt_tokens int,
            completion_tokens int, "startTime" datetime, "endTime" datetime, model text, status text, metadata json)""",
        """create table "LiteLLM_ErrorLogs" (
            request_id text primary key, "startTime" datetime, "endTime" datetime, litellm_model_name text,
            exception_type text, exception_string text, status_code text, request_kwargs json)""",
        """insert into "LiteLLM_SpendLogs" values
            ('a', 'completion', 0, 0, 0, 0, '2026-03-01 10:00:00', '2026-03-01 10:00:01', 'gpt-4o', 'failure', '{}')""",
        """insert into "LiteLLM_ErrorLogs" values
            ('a', '2026-03-01 10:00:00', '2026-03-01 10:00:01', 'gpt-4o', 'APIError', 'a secret prompt', '500', '{}'),
            ('b', '2026-03-01 11:00:00', '2026-03-01 11:00:01', 'gpt-4o', 'Timeout', 'a secret prompt', '', '{}')""",
    )
    db.ingest(path)
    assert db.sql("select source_key, status, error_message, cost from calls order by 1") == [
        ("a", "failed", "APIError (500)", 0.0),
        ("error b", "failed", "Timeout", None),
    ]
    assert b"secret prompt" not in db.path.read_bytes()
    db.ingest(path, with_text=True)
    assert db.one("select error_message from calls where source_key = 'a'") == "APIError (500): a secret prompt"


def test_airflow_database(db: ReportDatabase, tmp_path: Path) -> None:
    """Tries that are over come from the history; a task that waits for its next try is that try."""
    path = tmp_path / "airflow.db"
    columns = """dag_id text, task_id text, run_id text, map_index integer, state text, try_number integer,
        start_date text, end_date text, duration real, queued_dttm text, updated_at text, unixname text"""
    change(
        path,
        f"create table task_instance (id text primary key, {columns}, last_heartbeat_at text)",
        f"create table task_instance_history (task_instance_id text primary key, {columns})",
        "create table dag_run (id integer primary key, dag_id text, run_id text, state text, run_type text,"
        " queued_at text, start_date text, end_date text, updated_at text)",
        "insert into dag_run values (1, 'story', 'r1', 'running', 'manual', null, '2026-03-01 10:00:00', null,"
        " '2026-03-01 12:00:00')",
        "insert into task_instance_history values ('u1', 'story', 'draft', 'r1', -1, 'failed', 1,"
        " '2026-03-01 10:00:00', '2026-03-01 10:01:00', 60, null, '2026-03-01 10:01:00', 'ann_the_user')",
        "insert into task_instance values ('u2', 'story', 'draft', 'r1', -1, 'up_for_retry', 1,"
        " '2026-03-01 10:00:00', '2026-03-01 10:01:00', 60, null, '2026-03-01 10:01:00', 'ann_the_user', null)",
    )
    db.ingest(path)
    columns_told = ["run", "step", "attempt", "status", "duration_ms"]
    failed = {"run": "story/r1", "step": "draft", "attempt": 1, "status": "failed", "duration_ms": 60_000}
    assert rows(db, "step_runs", columns_told) == [
        failed,
        {**failed, "attempt": 2, "status": "waiting", "duration_ms": None},
    ]
    assert rows(db, "runs", ["status", "last_activity_at"]) == [{"status": "running", "last_activity_at": None}]
    change(
        path,
        "update task_instance set state = 'success', try_number = 2, start_date = '2026-03-01 10:05:00',"
        " end_date = '2026-03-01 10:05:30', duration = 30, updated_at = '2026-03-01 12:05:30'",
        "update dag_run set state = 'success', end_date = '2026-03-01 12:05:31', updated_at = '2026-03-01 12:05:31'",
    )
    counts = db.ingest(path).counts
    assert (counts.inserted, counts.updated, counts.gone) == (0, 2, 0)
    assert rows(db, "step_runs", columns_told) == [
        failed,
        {**failed, "attempt": 2, "status": "completed", "duration_ms": 30_000},
    ]
    assert b"ann_the_user" not in db.path.read_bytes()


def test_airflow_before_it_kept_a_history(db: ReportDatabase, tmp_path: Path) -> None:
    """Where a new try takes the place of the last one, the row that is seen next time is that of the new try."""
    path = tmp_path / "airflow.db"
    change(
        path,
        "create table task_instance (dag_id text, task_id text, run_id text, state text, try_number integer,"
        " start_date text, end_date text, duration real)",
        "create table dag_run (id integer primary key, dag_id text, run_id text, state text, run_type text)",
        "insert into dag_run values (1, 'story', 'r1', 'running', 'manual')",
        "insert into task_instance values ('story', 'draft', 'r1', null, 0, null, null, null),"
        " ('story', 'cover', 'r1', 'failed', 1, '2026-03-01 10:00:00', '2026-03-01 10:00:01', 1)",
    )
    db.ingest(path)
    change(path, "update task_instance set state = 'running', try_number = 2, end_date = null where task_id = 'cover'")
    db.ingest(path)
    assert db.sql("select source_key, status from step_runs where gone_at is null order by 1") == [
        ("story/r1/cover/2", "running"),
        ("story/r1/draft/1", "queued"),
    ]
    assert db.sql("select source_key, status from step_runs where gone_at is not null") == [
        ("story/r1/cover/1", "failed")
    ]


def test_langfuse_database(db: ReportDatabase, tmp_path: Path) -> None:
    """A trace that goes on shows next time, whatever order its observations come in."""
    path = tmp_path / "langfuse.db"
    change(
        path,
        "create table observations (id text primary key, trace_id text, parent_observation_id text, type text,"
        " name text, start_time text, end_time text, level text, model text, prompt_tokens int, completion_tokens int,"
        " total_tokens int, calculated_total_cost real, updated_at text)",
        "insert into observations values ('g', 't', 's', 'GENERATION', 'x', '2026-03-01 10:00:00',"
        " '2026-03-01 10:00:01', 'DEFAULT', 'gpt-4o', 10, 5, 15, 0.25, '2026-03-01 10:00:01')",
    )
    db.ingest(path)
    assert rows(db, "calls", ["run", "step", "input_tokens", "total_tokens", "recorded_cost"]) == [
        {"run": "t", "step": None, "input_tokens": 10, "total_tokens": 15, "recorded_cost": 0.25}
    ]
    change(
        path,
        "insert into observations values ('s', 't', 'root', 'SPAN', 'draft', '2026-03-01 10:00:00', null, 'DEFAULT',"
        " null, 0, 0, 0, null, '2026-03-01 10:00:02')",
    )
    db.ingest(path)
    assert rows(db, "calls", ["step"]) == [{"step": "draft"}]
    assert rows(db, "runs", ["status"]) == [{"status": "running"}]
    change(path, "update observations set end_time = '2026-03-01 10:00:05', level = 'ERROR' where id = 's'")
    db.ingest(path)
    assert rows(db, "step_runs", ["status", "duration_ms"]) == [{"status": "failed", "duration_ms": 5000}]
    assert rows(db, "runs", ["status", "duration_ms"]) == [{"status": "failed", "duration_ms": 5000}]


@pytest.mark.parametrize("version", ["0.5", "0.10", "0.18", "0.26", "0.31", "0.32"])
def test_llm_databases(db: ReportDatabase, tmp_path: Path, version: str) -> None:
    """Every version of the tool's log becomes calls, each once, without what was said."""
    path = tmp_path / "logs.db"
    values = (
        "('r1', 'gpt-4o', 'a secret prompt', '', '', '', 'a secret story', '', 'secret-session', 1500,"
        " '2026-03-01T10:00:00'"
    )
    turns = """create table turns (
        id text primary key, thread_id text, parent_message_hash text, tip_message_hash text, model text,
        resolved_model text, options_json text, schema_id text, input_tokens integer, output_tokens integer,
        token_details text, duration_ms integer, datetime_utc text"""
    statements = {
        "0.5": [
            "create table logs (id integer primary key, model text, prompt text, system text, prompt_json text,"
            " options_json text, response text, response_json text, reply_to_id integer, chat_id integer,"
            " duration_ms integer, datetime_utc text)",
            "insert into logs values (1, 'gpt-4o', 'a secret prompt', '', '', '', 'a secret story', '', null, 1, 1500,"
            " '2026-03-01 10:00:00')",
        ],
        "0.10": [LLM_RESPONSES + ")", f"insert into responses values {values})"],
        "0.18": [
            LLM_RESPONSES + ", input_tokens integer, output_tokens integer, token_details text)",
            f"insert into responses values {values}, 100, 20, null)",
        ],
        "0.26": [
            LLM_RESPONSES + ", input_tokens integer, output_tokens integer, token_details text, schema_id text,"
            " resolved_model text)",
            f"insert into responses values {values}, 100, 20, null, null, 'gpt-4o-2024-08-06')",
        ],
        "0.31": [
            LLM_RESPONSES + ", input_tokens integer, output_tokens integer, token_details text)",
            f"insert into responses values {values}, 999, 20, null)",
            turns + ")",
            "insert into turns values ('r1', 't', 'h1', 'h2', 'gpt-4o', null, '{}', null, 100, 20, null, 1500,"
            " '2026-03-01T10:00:00+00:00')",
        ],
        "0.32": [
            turns + ", response_json text, error text)",
            "insert into turns values ('r1', 't', 'h1', 'h2', 'gpt-4o', null, '{}', null, 100, 20, null, 1500,"
            " '2026-03-01T10:00:00+00:00', '{\"text\": \"a secret story\"}', null),"
            " ('r2', 't', 'h1', null, 'gpt-4o', null, '{}', null, null, null, null, 10,"
            " '2026-03-01T10:00:01+00:00', null, 'Rate limit')",
        ],
    }[version]
    change(path, *statements)
    db.ingest(path)
    first, *others = rows(
        db, "calls", ["source_key", "model", "status", "called_at", "duration_ms", "input_tokens", "output_tokens"]
    )
    assert first == {
        "source_key": "log 1" if version == "0.5" else "r1",
        "model": "gpt-4o-2024-08-06" if version == "0.26" else "gpt-4o",
        "status": "completed",
        "called_at": "2026-03-01T10:00:00.000Z",
        "duration_ms": 1500,
        "input_tokens": None if version in ("0.5", "0.10") else 100,
        "output_tokens": None if version in ("0.5", "0.10") else 20,
    }
    assert [(row["source_key"], row["status"]) for row in others] == ([("r2", "failed")] if version == "0.32" else [])
    assert [text for text in PRIVATE if text.encode() in db.path.read_bytes()] == []
    assert db.ingest(path, full=True).counts.written == 0
    assert ask(path, "select 1") == [(1,)]


def test_a_proxy_s_postgresql(db: ReportDatabase, server: str) -> None:
    """The proxy's own tables, with their capitals, and a call that was written late."""
    url = new_database(server, "proxy")
    execute(
        url,
        """create table "LiteLLM_SpendLogs" (
            request_id text primary key, call_type text, spend double precision default 0, total_tokens int default 0,
            prompt_tokens int default 0, completion_tokens int default 0, "startTime" timestamp(3),
            "endTime" timestamp(3), model text, metadata jsonb, cache_hit text, status text)""",
        """insert into "LiteLLM_SpendLogs" values
            ('a', 'acompletion', 0.5, 30, 10, 20, '2026-03-01 10:00', '2026-03-01 10:00:01', 'house-model',
            '{"prompt": "a secret prompt"}', 'False', 'success')""",
    )
    db.ingest(url)
    known = ["source_key", "called_at", "duration_ms", "cost", "input_tokens", "status"]
    first = ("a", "2026-03-01T10:00:00.000Z", 1000, 0.5, 10, "completed")
    assert rows(db, "calls", known) == [dict(zip(known, first, strict=True))]
    execute(
        url,
        """insert into "LiteLLM_SpendLogs" values
            ('b', 'acompletion', 0, 30, 10, 20, '2026-03-01 09:00', '2026-03-01 09:59', 'house', '{}', '', 'failure'),
            ('c', 'acompletion', 0, 30, 10, 20, '2026-03-01 11:00', '2026-03-01 11:01', 'house', '{}', '', 'success')
        """,
    )
    assert db.ingest(url).counts.inserted == 2
    assert rows(db, "calls", ["source_key", "cost"])[1:] == [
        {"source_key": "b", "cost": 0.0},
        {"source_key": "c", "cost": None},
    ]
    assert db.ingest(url).counts.written == 0
    assert b"secret prompt" not in db.path.read_bytes()
