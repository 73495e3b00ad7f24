"""One export in several forms of a file says the same: lines, a list, pages, documents one after the other."""

import json
from pathlib import Path
from typing import Any

import pytest
from helpers import DATA
from helpers.report_database import ReportDatabase
from helpers.usage_formats import records

SPANS = records(DATA / "otel--latest.jsonl")
LOGS = records(DATA / "litellm--spend-logs.jsonl")
TOTALS = "select count(*), sum(input_tokens), round(sum(coalesce(cost, estimated_cost)), 9) from calls"


def lines(items: list[Any]) -> str:
    return "".join(json.dumps(item) + "\n" for item in items)


def pages(items: list[Any]) -> list[dict[str, Any]]:
    """Two pages of an API."""
    return [{"data": held, "meta": {"page": page}} for page, held in enumerate((items[:1], items[1:]), start=1)]


def observation(number: int) -> dict[str, Any]:
    usage = {"input": 1000, "output": 100}
    times = {"startTime": "2026-11-10T10:00:00.000Z", "endTime": "2026-11-10T10:00:02.000Z"}
    what = {"type": "GENERATION", "name": "write", "model": "gpt-4o", "level": "DEFAULT", "statusMessage": None}
    return {"id": f"o{number}", "traceId": "t", "parentObservationId": None, **times, **what, "usageDetails": usage}


# A call of GPT-4o with 1000 tokens in and 100 out costs 0.0025 + 0.001.
OBSERVATIONS = [observation(number) for number in range(3)]


@pytest.mark.parametrize(
    ("items", "totals"),
    [
        (SPANS, (4, 1258, None)),
        (LOGS, (5, 1109, None)),
        (OBSERVATIONS, (3, 3000, 0.0105)),
    ],
    ids=["otel", "litellm", "langfuse"],
)
def test_forms_say_the_same(tmp_path: Path, items: list[Any], totals: tuple[int, int, float | None]) -> None:
    forms = {
        "lines": lines(items),
        "list": json.dumps(items),
        "pages a line": lines(pages(items)),
        "list of pages": json.dumps(pages(items)),
        "pages one after the other": "\n".join(json.dumps(page, indent=1) for page in pages(items)),
        "without empty fields": json.dumps([{k: v for k, v in item.items() if v is not None} for item in items]),
    }
    found = {}
    for number, (form, text) in enumerate(forms.items()):
        place = tmp_path / str(number)
        place.mkdir()
        db = ReportDatabase(place)
        (place / "export.json").write_text(text, "utf-8")
        db.ingest(place / "export.json")
        found[form] = db.sql(TOTALS)[0]
    assert {form: row[:2] for form, row in found.items()} == dict.fromkeys(forms, totals[:2])
    assert len({cost for _, _, cost in found.values()}) == 1
    assert totals[2] in (None, found["lines"][2])


@pytest.mark.parametrize("case", ["openrouter--generations.csv", "openai_console--costs.csv", "deepseek--amounts.csv"])
def test_a_header_in_capitals(tmp_path: Path, case: str) -> None:
    """Nothing but the header differs."""
    header, _, rows = (DATA / case).read_text("utf-8").partition("\n")
    found = []
    for number, text in enumerate((f"{header}\n{rows}", f"{header.upper()}\n{rows}")):
        place = tmp_path / str(number)
        place.mkdir()
        (place / "export.csv").write_text(text, "utf-8")
        db = ReportDatabase(place)
        db.ingest(place / "export.csv")
        found.append(db.sql(TOTALS)[0])
    assert found[0] == found[1]


@pytest.mark.parametrize("pattern", ["", "*.csv"])
def test_a_table_that_is_not_read_is_named(db: ReportDatabase, tmp_path: Path, pattern: str) -> None:
    """Among the exports of a folder one has other columns: the others are read, and it is said. A text is no export."""
    (folder := tmp_path / "exports").mkdir()
    for day in (20, 21):
        rows = f"id,step,status,started_at\n{day},draft,completed,2026-11-{day}T09:00:00Z\n"
        (folder / f"steps-2026-11-{day}.csv").write_text(rows, "utf-8")
    (folder / "steps-2026-11-22.csv").write_text("stage,began\ndraft,2026-11-22\n", "utf-8")
    (folder / "empty.csv").touch()
    (folder / "package.json").write_text('{"name": "tales"}', "utf-8")
    (note,) = db.ingest(folder / pattern).notes
    assert note.startswith(f"not read: {folder / 'steps-2026-11-22.csv'}: columns began, stage match no known format")
    assert db.ingest(folder / pattern).notes == []
    assert db.one("select count(*) from step_runs") == 2
