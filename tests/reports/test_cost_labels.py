"""Cost by label: teams and tags as they are, users and keys as hashes, each call under each of its tags."""

import json
from pathlib import Path
from typing import Any

from helpers.report_database import ReportDatabase, pairs


def spend(number: int, cost: float, **named: Any) -> dict[str, Any]:
    """A row of LiteLLM's log."""
    at = f"2026-11-{10 + number}T10:00:00.000Z"
    return {
        "request_id": f"r{number}",
        "spend": cost,
        "prompt_tokens": 10,
        "completion_tokens": 1,
        "total_tokens": 11,
        "startTime": at,
        "endTime": at,
        "model": "m",
        "status": "success",
        **named,
    }


ROWS = (
    spend(1, 0.5, team_id="tales", request_tags=["night", "draft"], user="ann_the_user", api_key="sk-secret-key"),
    spend(2, 0.25, team_id="tales", request_tags=json.dumps(["night"]), user="ann_the_user", api_key="sk-other-key"),
    spend(3, 2.0, team_id="films", request_tags=[], user="", api_key=None),
    spend(4, 4.0, request_tags="broken["),
)
COLUMNS = ("label", "value", "calls", "total_tokens", "cost", "currency")


def test_litellm_s_teams_tags_users_and_keys(db: ReportDatabase, tmp_path: Path) -> None:
    path = tmp_path / "LiteLLM_SpendLogs.jsonl"
    path.write_text("".join(json.dumps(row) + "\n" for row in ROWS), "utf-8")
    db.ingest(path)
    plain = [row for row in pairs(db.report("cost_by_label"), *COLUMNS) if row[0] in ("team", "tag")]
    assert plain == [
        ("team", "films", 1, 11, 2.0, "USD"),
        ("tag", "night", 2, 22, 0.75, "USD"),
        ("team", "tales", 2, 22, 0.75, "USD"),
        ("tag", "draft", 1, 11, 0.5, "USD"),
    ]
    hashed = pairs(db.report("cost_by_label", label="user"), "calls", "cost")
    assert hashed == [(2, 0.75)]
    assert pairs(db.report("cost_by_label", label="key"), "calls", "cost") == [(1, 0.5), (1, 0.25)]
    assert pairs(db.report("cost_by_label", label="team", since="2026-11-12", until="2026-11-12"), *COLUMNS) == [
        ("team", "tales", 1, 11, 0.25, "USD")
    ]
    dump = str(db.sql("select * from calls") + db.sql("select * from rollup_label_days"))
    assert not [secret for secret in ("ann_the_user", "sk-secret-key", "sk-other-key") if secret in dump]


def test_labels_of_the_plain_form(db: ReportDatabase, tmp_path: Path) -> None:
    path = tmp_path / "calls.csv"
    path.write_text(
        "id,called_at,model,cost,team,project,tag\nc1,2026-11-10,m,1,tales,fox,\nc2,2026-11-10,m,2,,fox,night\n"
        "c3,2026-11-10,m,4,,,\n",
        "utf-8",
    )
    db.ingest(path)
    assert pairs(db.report("cost_by_label"), "label", "value", "cost") == [
        ("project", "fox", 3.0),
        ("tag", "night", 2.0),
        ("team", "tales", 1.0),
    ]
    path.write_text("id,called_at,model,cost,team\nc1,2026-11-10,m,1,films\n", "utf-8")
    db.ingest(path)
    assert pairs(db.report("cost_by_label", label="team"), "value", "cost") == [("films", 1.0)]
