"""ccusage's daily report as JSON (`ccusage daily --json`, of Claude Code and of the other agents that it reads).

A row is the usage of one model on a day; the number of calls is not known. Costs are those that ccusage computed from a
price list. Reports by month, week, session or block would count the same again and are not read.
"""

from collections.abc import Iterator, Mapping
from typing import Any

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
        "model": Type.WORD,
        "cost": Type.MONEY,
        **dict.fromkeys(TOKENS, Type.COUNT),
    },
    required=("date",),
)


def is_ours(record: Mapping[str, Any]) -> bool:
    """Whether a record is a day of ccusage's."""
    return bool({"date", "period"} & record.keys()) and (
        {"inputTokens", "totalCost", "modelsUsed"} <= record.keys() or isinstance(record.get("agents"), list)
    )


def rows(record: Mapping[str, Any]) -> Iterator[recordfiles.Row]:
    """A row for each model of a day, by agent; one for all models of a day that does not tell them apart."""
    date = record.get("date") or record.get("period")
    agents = record.get("agents")
    for day in agents if isinstance(agents, list) and agents else [record]:
        models = recordfiles.inside(day, "modelBreakdowns")
        for used in models if isinstance(models, list) and models else [day]:
            names = {"model": "modelName", "cost": ("cost", "totalCost"), **TOKENS}
            row = recordfiles.columns(used, names) if isinstance(used, Mapping) else {"model": [used]}
            yield {"model": _only_model(day), **_known(row), "date": date, "agent": recordfiles.inside(day, "agent")}


def _known(row: recordfiles.Row) -> recordfiles.Row:
    return {column: value for column, value in row.items() if value is not None}


def _only_model(day: Any) -> Any:
    used = recordfiles.inside(day, "modelsUsed")
    return used[0] if isinstance(used, list) and len(used) == 1 else None


SYSTEM = System(
    name="ccusage",
    title="ccusage daily report",
    parts={
        "days": recordfiles.part("ccusage_days", DAYS, is_ours, recordfiles.each(rows), within=("daily",)),
    },
)
