"""ccusage's daily report as JSON (`ccusage daily --json`, of Claude Code and of the other agents that it reads).

A row is the usage of one model on a day; the number of calls is not known. Costs are those that ccusage computed from a
price list. Reports by month, week, session or block would count the same again and are not read.
"""

from collections.abc import Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from ..readers import text as textfiles
from . import System, Type, recordfiles

TOKENS = {
    "input_tokens": "inputTokens",
    "output_tokens": "outputTokens",
    "cache_write_tokens": "cacheCreationTokens",
    "cache_read_tokens": "cacheReadTokens",
    "total_tokens": "totalTokens",
}
DAYS = recordfiles.table(
    {
        "date": Type.UTC,
        "agent": Type.WORD,
        "project": Type.KEY,
        "model": Type.WORD,
        "cost": Type.MONEY,
        **dict.fromkeys(TOKENS, Type.COUNT),
    },
    required=("date",),
)


# Where a day has a digest of its project's name, and the lists of other reports.
PROJECT = "digest of the project"
OTHERS = {"monthly": "month", "weekly": "week", "sessions": "session", "session": "session", "blocks": "block"}


def why_not(path: Path) -> str | None:
    """Of another report of ccusage's, what would do."""
    for _, record, _ in textfiles.first_records(path, 1):
        named = next((name for name in OTHERS if isinstance((record or {}).get(name), list)), None)
        if named and record and ("totals" in record or named == "blocks"):
            return f"is ccusage's report by {OTHERS[named]}, which does not say the days: give `ccusage daily --json`"
        if any({"date", "costUSD", "models"} <= day.keys() for day in recordfiles.objects((record or {}).get("daily"))):
            return "is @ccusage/codex's report, which does not say what each model cost: give the sessions in ~/.codex"
    return None


def is_ours(record: Mapping[str, Any]) -> bool:
    """Whether a record is a day of ccusage's, or a report by project (`--instances`)."""
    return any(map(_is_day, _days_of_projects(record))) or _is_day(record)


def _is_day(record: Mapping[str, Any]) -> bool:
    return bool({"date", "period"} & record.keys()) and (
        {"inputTokens", "totalCost", "modelsUsed"} <= record.keys() or isinstance(record.get("agents"), list)
    )


def _days_of_projects(record: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
    """The days of a report by project, each with a digest of its project's name."""
    projects = record.get("projects")
    for name, days in projects.items() if isinstance(projects, dict) else ():
        for held in days if isinstance(days, list) else [days]:
            yield {**held, PROJECT: recordfiles.digest(name)} if isinstance(held, dict) else {}


def rows(record: Mapping[str, Any]) -> Iterator[recordfiles.Row]:
    """A row for each model of a day, by agent; one for all models of a day that does not tell them apart."""
    if isinstance(record.get("projects"), dict):
        for held in _days_of_projects(record):
            if not _is_day(held):
                raise textfiles.BrokenRecord("a day of a project is none")
            yield from rows({**held, "projects": None})
        return
    date = record.get("date") or record.get("period")
    agents = record.get("agents")
    for day in agents if isinstance(agents, list) and agents else [record]:
        models = recordfiles.inside(day, "modelBreakdowns")
        for used in models if isinstance(models, list) and models else [day]:
            names = {"model": "modelName", "cost": ("cost", "totalCost"), **TOKENS}
            row = recordfiles.columns(used, names) if isinstance(used, Mapping) else {"model": [used]}
            around = {"date": date, "agent": recordfiles.inside(day, "agent"), "project": record.get(PROJECT)}
            yield {"model": _only_model(day), **_known(row), **around}


def _known(row: recordfiles.Row) -> recordfiles.Row:
    return {column: value for column, value in row.items() if value is not None}


def _only_model(day: Any) -> Any:
    used = recordfiles.inside(day, "modelsUsed")
    return used[0] if isinstance(used, list) and len(used) == 1 else None


SYSTEM = System(
    name="ccusage",
    title="ccusage daily report",
    parts={
        "days": replace(
            recordfiles.part("ccusage_days", DAYS, is_ours, recordfiles.each(rows), within=("daily",)),
            why_not=why_not,
        ),
    },
)
