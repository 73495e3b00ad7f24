"""Fixture pairs of the plain formats, and tables written in each of their forms."""

import contextlib
import csv
import io
import json
import sqlite3
from pathlib import Path
from typing import Any

from helpers import DATA
from helpers.report_database import ReportDatabase

PRIVATE = (
    "secret prompt", "secret story", "secret-session", "sk-secret-key", "secret-host", "ann_the_user", "bob_the_reader",
    "ann@example.com",
)  # fmt: skip
ROWS = {
    "stories": "select * from stories",
    "runs": """
        select runs.*, coalesce(stories.source_key, story_key) as story
        from runs left join stories on stories.id = story_id""",
    "step_runs": """
        select
            step_runs.*, steps.name as step, steps.family, coalesce(runs.source_key, run_key) as run,
            coalesce(stories.source_key, step_runs.story_key) as story
        from step_runs
        join steps on steps.id = step_id
        left join runs on runs.id = run_id
        left join stories on stories.id = step_runs.story_id""",
    "calls": """
        select
            calls.*, steps.name as step, coalesce(runs.source_key, run_key) as run,
            coalesce(stories.source_key, calls.story_key) as story,
            case when not is_estimated then cost end as recorded_cost
        from calls
        left join steps on steps.id = step_id
        left join runs on runs.id = run_id
        left join stories on stories.id = calls.story_id""",
}
CALL_FIELDS = "id,provider,model,called_at,input_tokens,output_tokens,cost,status"
CALLS = (
    "c1,openai,house-model,2026-03-01 10:00:00,1000,200,0.25,success",
    "c2,openai,house-model,2026-03-01 11:00:00,500,100,,success",
    "c3,suno,,2026-03-02 10:00:00,,,0.5,failed",
)


def given(expected: Path) -> Path:
    """The file whose rows are expected."""
    (found,) = (path for path in DATA.glob(f"{expected.stem}.*") if path != expected)
    return found


def rows(db: ReportDatabase, table: str, columns: list[str] | None = None) -> list[dict[str, Any]]:
    """The rows of a core table by their keys, with the names of what they refer to."""
    with contextlib.closing(sqlite3.connect(db.path)) as connection:
        connection.row_factory = sqlite3.Row
        found = [dict(row) for row in connection.execute(f"{ROWS[table]} order by {table}.source_key")]
    return [{name: row[name] for name in columns} for row in found] if columns else found


def table_file(folder: Path, form: str, fields: str, lines: tuple[str, ...]) -> Path:
    """A table in one of the forms that people hand over."""
    names = fields.split(",")
    records = [dict(zip(names, next(csv.reader([line])), strict=True)) for line in lines]
    path = folder / ("table." + {"jsonl": "jsonl", "list": "json"}.get(form, "csv"))
    if form == "jsonl":
        text = "".join(json.dumps(record) + "\n" for record in records)
    elif form == "list":
        text = json.dumps(records, indent=1)
    else:
        out = io.StringIO()
        writer = csv.writer(out, delimiter=form)
        writer.writerows([names, *(record.values() for record in records)])
        text = out.getvalue()
    path.write_text(text, encoding="utf-8")
    return path
