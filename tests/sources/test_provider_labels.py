"""OpenAI's projects and Anthropic's workspaces: each with its own cost, once, and users and keys as hashes."""

import json
from pathlib import Path
from typing import Any

from helpers.report_database import ReportDatabase, pairs

COLUMNS = ("label", "value", "calls", "cost")
BUCKET = {"object": "bucket", "start_time": 1772323200, "end_time": 1772409600}


def page(path: Path, *results: dict[str, Any], **bucket: Any) -> None:
    """A page with one bucket."""
    path.write_text(json.dumps({"data": [{**BUCKET, **bucket, "results": results}], "has_more": False}), "utf-8")


def usage(requests: int, **named: Any) -> dict[str, Any]:
    """Requests of 1,000 tokens each with a model at 2.50 dollars per million."""
    return {
        "object": "organization.usage.completions.result",
        "model": "gpt-4o",
        "input_tokens": 1000 * requests,
        "output_tokens": 0,
        "num_model_requests": requests,
        **named,
    }


def test_openai_s_usage_by_project_user_and_key(db: ReportDatabase, tmp_path: Path) -> None:
    path = tmp_path / "usage.json"
    page(
        path,
        usage(4, project_id="proj_tales", user_id="user-private1", api_key_id="key_private"),
        usage(8, project_id="proj_tales", user_id="user-private2", api_key_id="key_private"),
        usage(2, project_id="proj_films", user_id=None, api_key_id=None),
        usage(1, project_id=None),
    )
    db.ingest(path)
    assert pairs(db.report("cost_by_label", label="project"), *COLUMNS) == [
        ("project", "proj_tales", 12, 0.03),
        ("project", "proj_films", 2, 0.005),
    ]
    assert pairs(db.report("cost_by_label", label="user"), "calls", "cost") == [(8, 0.02), (4, 0.01)]
    assert pairs(db.report("cost_by_label", label="key"), "calls", "cost") == [(12, 0.03)]
    assert db.sql("select sum(calls), sum(input_tokens) from calls") == [(15, 15_000)]
    dump = str(db.sql("select * from calls") + db.sql("select * from rollup_labels"))
    assert "private" not in dump


def test_openai_s_bill_by_project_as_its_website_exports_it(db: ReportDatabase, tmp_path: Path) -> None:
    times = "1772323200,2026-03-01T00:00:00"
    (tmp_path / "costs.csv").write_text(
        "start_time,start_time_iso,amount_value,amount_currency,line_item,project_id,project_name\n"
        f"{times},2.5,usd,input,proj_tales,private\n{times},1.5,usd,output,proj_tales,private\n"
        f"{times},1,usd,input,proj_films,private\n{times},7,usd,input,,\n",
        "utf-8",
    )
    db.ingest(tmp_path / "costs.csv")
    assert pairs(db.report("cost_by_label", label="project"), "value", "cost") == [
        ("proj_tales", 4.0),
        ("proj_films", 1.0),
    ]
    assert db.one("select sum(cost) from calls") == 12.0


def test_costs_by_project_replace_those_of_all_projects(db: ReportDatabase, tmp_path: Path) -> None:
    """An export by project after one without projects, or with a line that has none, counts the money once."""
    line = {"object": "organization.costs.result", "line_item": "gpt-4o, input"}
    path = tmp_path / "costs.json"
    page(path, {**line, "amount": {"value": 3.0, "currency": "usd"}})
    db.ingest(path)
    page(
        path,
        {**line, "amount": {"value": 2.0, "currency": "usd"}, "project_id": "proj_tales"},
        {**line, "amount": {"value": 1.0, "currency": "usd"}, "project_id": "proj_films"},
    )
    db.ingest(path)
    assert db.sql("select count(*), sum(cost) from calls") == [(2, 3.0)]
    assert db.sql("select sum(cost_nano) / 1e9 from rollup_call_days") == [(3.0,)]
    assert pairs(db.report("cost_by_label"), *COLUMNS) == [
        ("project", "proj_tales", 0, 2.0),
        ("project", "proj_films", 0, 1.0),
    ]
    page(
        path,
        {**line, "amount": {"value": 2.0, "currency": "usd"}, "project_id": "proj_tales"},
        {**line, "amount": {"value": 1.0, "currency": "usd"}, "project_id": "proj_films"},
        {**line, "amount": {"value": 0.5, "currency": "usd"}, "project_id": None},
    )
    db.ingest(path)
    assert db.sql("select count(*), sum(cost) from calls") == [(3, 3.5)]


def test_anthropic_s_workspaces_are_projects(db: ReportDatabase, tmp_path: Path) -> None:
    times = {"starting_at": "2026-11-10T00:00:00Z", "ending_at": "2026-11-11T00:00:00Z"}
    result = {
        "uncached_input_tokens": 1_000_000,
        "output_tokens": 0,
        "model": "claude-sonnet-4-6",
        "service_tier": "standard",
        "context_window": "0-200k",
    }
    path = tmp_path / "usage.json"
    page(path, result, **times)
    db.ingest(path)
    tools = {"web_search_requests": 100}
    page(
        path,
        {**result, "workspace_id": "wrkspc_tales", "api_key_id": "apikey_private", "server_tool_use": tools},
        {**result, "workspace_id": "wrkspc_films", "api_key_id": "apikey_private"},
        **times,
    )
    db.ingest(path)
    # 3 dollars for a million tokens, 10 for a thousand searches.
    assert pairs(db.report("cost_by_label"), "label", "cost") == [("key", 7.0), ("project", 4.0), ("project", 3.0)]
    assert db.sql("select count(*), sum(estimated_cost) from calls") == [(3, 7.0)]
    assert "private" not in str(db.sql("select * from calls"))
