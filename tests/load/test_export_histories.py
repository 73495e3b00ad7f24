"""Exports of usage as people give them again: the same, grown, in another order, overlapping, renamed, packed, revised.

What is reported is the sum of what there is: each row once, as the last file has it.
"""

import csv
import gzip
import io
import json
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta, timezone
from pathlib import Path
from typing import Any

import pytest
from helpers.report_database import ReportDatabase
from hypothesis import given, settings
from hypothesis import strategies as st

DAYS = 4
START = datetime(2026, 10, 29, tzinfo=timezone.utc)
# Row → its dollars: two rows a day, the last days of another month.
ROWS = {number: (number + 1) * 0.75 for number in range(2 * DAYS)}
Amounts = dict[int, float]


def at(row: int) -> datetime:
    return START + timedelta(days=row // 2, hours=5 + row % 2)


def stamp(moment: datetime) -> str:
    return moment.strftime("%Y-%m-%dT%H:%M:%S.000Z")


def by_day(rows: Amounts) -> dict[datetime, Amounts]:
    found: dict[datetime, Amounts] = {}
    for row, dollars in rows.items():
        found.setdefault(at(row).replace(hour=0), {})[row] = dollars
    return found


def lines(rows: Amounts, record: Callable[[int, float], dict[str, Any]]) -> str:
    return "".join(json.dumps(record(row, dollars)) + "\n" for row, dollars in rows.items())


def table(header: str, rows: Amounts, values: Callable[[int, float], list[Any]]) -> str:
    text = io.StringIO()
    csv.writer(text).writerows([header.split(","), *(values(row, dollars) for row, dollars in rows.items())])
    return text.getvalue()


def page(rows: Amounts, result: Callable[[int, float], dict[str, Any]], is_anthropic: bool = False) -> str:
    begin, end = ("starting_at", "ending_at") if is_anthropic else ("start_time", "end_time")
    when: Callable[[datetime], Any] = stamp if is_anthropic else lambda moment: int(moment.timestamp())
    buckets = [
        {begin: when(day), end: when(day + timedelta(days=1)), "results": [result(*one) for one in held.items()]}
        for day, held in by_day(rows).items()
    ]
    return json.dumps({"data": buckets, "has_more": False})


def span(row: int, dollars: float) -> dict[str, Any]:
    start = int(at(row).timestamp()) * 10**9
    named = {"gen_ai.operation.name": {"stringValue": "chat"}, "gen_ai.usage.cost": {"doubleValue": dollars}}
    one = {
        "traceId": f"{row + 1:032x}",
        "spanId": f"{row + 1:016x}",
        "name": "chat",
        "status": {},
        "startTimeUnixNano": str(start),
        "endTimeUnixNano": str(start + 10**9),
        "attributes": [{"key": name, "value": value} for name, value in named.items()],
    }
    return {"resourceSpans": [{"scopeSpans": [{"spans": [one]}]}]}


# Format → how its files end, whether a file has the whole of a day, and what is in it. GPT-4o costs 2.50 dollars for a
# million tokens, Sonnet 4.6 costs 3.
FORMATS: dict[str, tuple[str, bool, Callable[[Amounts], str]]] = {
    "openai costs": (
        ".json",
        True,
        lambda rows: page(
            rows, lambda row, dollars: {"amount": {"value": dollars, "currency": "usd"}, "line_item": f"item {row}"}
        ),
    ),
    "openai usage": (
        ".json",
        True,
        lambda rows: page(
            rows,
            lambda row, dollars: {
                "object": "organization.usage.completions.result",
                "num_model_requests": 1,
                "model": "gpt-4o",
                "project_id": f"p{row}",
                "input_tokens": round(dollars * 400_000),
                "output_tokens": 0,
            },
        ),
    ),
    "anthropic usage": (
        ".json",
        True,
        lambda rows: page(
            rows,
            lambda row, dollars: {
                "uncached_input_tokens": round(dollars * 1e6 / 3),
                "output_tokens": 0,
                "workspace_id": f"w{row}",
                "model": "claude-sonnet-4-6",
                "context_window": "0-200k",
            },
            is_anthropic=True,
        ),
    ),
    "claude code": (
        ".jsonl",
        False,
        lambda rows: lines(
            rows,
            lambda row, dollars: {
                "type": "assistant",
                "timestamp": stamp(at(row)),
                "sessionId": "s",
                "uuid": f"u{row}",
                "message": {
                    "id": f"m{row}",
                    "model": "claude-sonnet-4-6",
                    "role": "assistant",
                    "usage": {"input_tokens": round(dollars * 1e6 / 3), "output_tokens": 0},
                },
            },
        ),
    ),
    "plain": (
        ".csv",
        False,
        lambda rows: table(
            "id,called_at,model,cost", rows, lambda row, dollars: [f"c{row}", stamp(at(row)), "m", f"${dollars}"]
        ),
    ),
    "langfuse": (
        ".jsonl",
        False,
        lambda rows: lines(
            rows,
            lambda row, dollars: {
                "id": f"o{row}",
                "traceId": f"t{row}",
                "type": "GENERATION",
                "startTime": stamp(at(row)),
                "endTime": stamp(at(row)),
                "model": "m",
                "level": "DEFAULT",
                "parentObservationId": None,
                "usageDetails": {"input": 1},
                "costDetails": {"total": dollars},
            },
        ),
    ),
    "litellm": (
        ".jsonl",
        False,
        lambda rows: lines(
            rows,
            lambda row, dollars: {
                "request_id": f"c{row}",
                "call_type": "acompletion",
                "spend": dollars,
                "status": "success",
                "startTime": stamp(at(row)),
                "endTime": stamp(at(row)),
                "model": "m",
                "metadata": {},
                "total_tokens": 1,
                "prompt_tokens": 1,
                "completion_tokens": 0,
            },
        ),
    ),
    "otel": (".jsonl", False, lambda rows: lines(rows, span)),
    "anthropic console": (
        ".csv",
        True,
        lambda rows: table(
            "usage_date_utc,model,workspace,api_key,usage_type,context_window,token_type,cost_usd,cost_type",
            rows,
            lambda row, dollars: [
                *(stamp(at(row))[:10], "Claude Sonnet 4.6", f"w{row}", "k", "standard", "≤ 200k", "input_no_cache"),
                *(dollars, "token"),
            ],
        ),
    ),
}


@dataclass
class Exports:
    """A folder of exports, and what each has: the rows that it was asked for, in an order."""

    folder: Path
    ending: str
    content: Callable[[Amounts], str]
    files: list[tuple[Path, Amounts]] = field(default_factory=list)

    def write(self, rows: Amounts, path: Path | None = None, *, packed: bool = False) -> None:
        """A file of these rows, newer than all others, or in the place of one."""
        name = f"export-{len(self.files)}{self.ending}{'.gz' if packed else ''}"
        place = path or self.folder / name
        text = self.content(rows).encode()
        place.write_bytes(gzip.compress(text) if place.suffix == ".gz" else text)
        self.files = [one for one in self.files if one[0] != place] + [(place, rows)]

    def change(self, what: str, rows: set[int]) -> None:
        """Do what people do: with the last file, or with a new one of some rows."""
        place, last = self.files[-1] if self.files else (None, Amounts())
        known = {row: dollars for _, held in self.files for row, dollars in held.items()}
        if what == "add" or place is None:
            self.write({row: known.get(row, ROWS[row]) for row in sorted(rows)}, packed=not self.files and 0 in rows)
        elif what == "grow":
            self.write(last | {row: known.get(row, ROWS[row]) for row in sorted(rows - last.keys())}, place)
        elif what == "order":
            self.write(dict(reversed(last.items())), place)
        elif what == "revise":
            self.write({row: dollars * 2 for row, dollars in last.items()}, place)
        elif what == "rename":
            self.files.pop()
            moved = place.rename(place.with_name(f"export-{len(self.files)}-final{place.name[len('export-0') :]}"))
            self.files.append((moved, last))
        elif what == "pack" and place.suffix != ".gz":
            self.files.pop()
            place.unlink()
            self.write(last, packed=True)

    @property
    def dollars(self) -> float:
        """The sum of all rows, each as the last file has it."""
        return sum({row: dollars for _, held in self.files for row, dollars in held.items()}.values())


@pytest.mark.parametrize("name", FORMATS)
@settings(max_examples=2)
@given(
    changes=st.lists(
        st.tuples(
            st.sampled_from(("add", "grow", "order", "revise", "rename", "pack", "same")),
            st.sets(st.sampled_from(sorted(ROWS)), min_size=1),
        ),
        min_size=2,
        max_size=5,
    )
)
def test_any_history_adds_up(
    tmp_path_factory: pytest.TempPathFactory, name: str, changes: list[tuple[str, set[int]]]
) -> None:
    ending, has_whole_days, content = FORMATS[name]
    home = tmp_path_factory.mktemp("history")
    (folder := home / "exports").mkdir()
    db, exports = ReportDatabase(home), Exports(folder, ending, content)
    for what, rows in changes:
        chosen = {other for row in rows for other in (row, row ^ 1)} if has_whole_days else rows
        exports.change(what, chosen)
        db.ingest(folder)
        assert sum(row["cost"] for row in db.report("cost_by_month")) == pytest.approx(exports.dollars, abs=1e-5)
