"""What a run's page shows beside its reports: its sentence, the way to other runs, and which checks passed."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from ..reports import periods
from ..values.quantities import money
from ..verdicts.figures import change_words
from . import links
from .tables import Table, table
from .visitor import Result, Visitor

# Said in words or as links above the table of run_status.
SAID = ("summary", "previous_run", "next_run", "usual_ms", "p95_ms", "slower_pct")
# Said once on a page, by its first rows.
OWNERS = ("source", "pipeline", "story", "title")
# Drawn above the table of run_timeline.
DRAWN = ("offset_ms", "usual_ms", "p95_ms")
WEEK = "7d"
# A cost is about the usual within this share; from here on it is so many times as high.
ABOUT, TWICE = 0.1, 1.95
GOOD = "select max(with_run) as good from report"
NEIGHBOURS = {"previous_run": "Previous run", "next_run": "Next run"}


@dataclass(frozen=True)
class Way:
    """A link to another run, or to a comparison with one; `title` says more."""

    text: str
    address: str
    title: str = ""


@dataclass(frozen=True)
class Folded:
    """Rows that are folded away: what is said of them, and their table."""

    summary: str
    table: Table


def lead(rows: Sequence[Mapping[str, Any]]) -> str:
    """The sentence of run_status, one a source."""
    return " ".join(f"{row['source']}: {row['summary']}" if len(rows) > 1 else str(row["summary"]) for row in rows)


def cost(rows: Sequence[Mapping[str, Any]]) -> str:
    """The sentence of run_cost: what a run cost, by currency, against what is usual; empty where it is not known."""
    paid = [row for row in rows if row["cost"] is not None]
    if not paid or len({row["source"] for row in paid}) > 1:
        return ""
    return f"Cost: {'; '.join(map(_against_usual, paid))}."


def _against_usual(row: Mapping[str, Any]) -> str:
    paid = money(row["cost"], row["currency"] or "")
    if not row["usual_cost"]:
        return paid
    usual, times = money(row["usual_cost"], row["currency"] or ""), row["cost"] / row["usual_cost"]
    if times >= TWICE:
        return f"{paid}, {times:,.1f} times the usual {usual}"
    if abs(times - 1) < ABOUT:
        return f"{paid}, about the usual {usual}"
    return f"{paid}, {change_words(100 * (times - 1), 'more', 'less')} than the usual {usual}"


async def ways(visitor: Visitor, rows: Sequence[Mapping[str, Any]]) -> tuple[Way, ...]:
    """The neighbours of a run in its pipeline, what it is compared with, and other failures where it failed."""
    found = [
        Way(text, links.detail(visitor.datasette, "run", row[column], row["source"]), row[column])
        for row in rows
        for column, text in NEIGHBOURS.items()
        if row[column]
    ]
    for row in rows:
        values = {"source": row["source"], "run": row["run"]}
        compared = await visitor.rows("run_diff", values, GOOD)
        if compared and compared.rows and (good := compared.rows[0]["good"]):
            address = links.report(visitor.datasette, "run_diff", values)
            found.append(Way("Compare with the last good run", address, good))
    if await visitor.may_see(["failed_runs"]):
        failed = [row for row in rows if row["status"] == "failed" and row["pipeline"]]
        for row in failed:
            around = {"source": row["source"], "pipeline": row["pipeline"], "since": _since(row["started_at"])}
            found.append(Way("Failures of its pipeline", links.report(visitor.datasette, "failed_runs", around)))
    return tuple(found)


def _since(started_at: str | None) -> str:
    """The last week, or from the day of an older run on, so that it is among them."""
    day, week_ago = (started_at or "")[:10], periods.bounds(WEEK)
    return day if week_ago and "" < day < str(week_ago.since) else WEEK


def without(result: Result, columns: Sequence[str]) -> Result:
    """A result without the columns that the page says in words or draws."""
    kept = [place for place, name in enumerate(result.columns) if name not in columns]
    cells = [[row[place] for place in kept] for row in result.cells]
    return replace(result, columns=[result.columns[place] for place in kept], cells=cells)


def owners(rows: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """Whose the rows are, as far as it is the same of all."""
    values = {name: {row.get(name) for row in rows} - {None} for name in OWNERS}
    return {name: next(iter(found)) for name, found in values.items() if len(found) == 1}


def repeated(result: Result, about: Mapping[str, Any]) -> list[str]:
    """The columns that only repeat in each row whose it is."""
    names = [name for name in result.columns if name in about]
    return [name for name in names if all(row[name] == about[name] for row in result.rows)]


def unfolded(result: Result, label: str) -> tuple[Table | None, Folded | None]:
    """The checks of a diagnosis that found something, and those that passed, folded away."""
    passed = [cells for row, cells in zip(result.rows, result.cells, strict=True) if row["status"] == "ok"]
    found = [cells for row, cells in zip(result.rows, result.cells, strict=True) if row["status"] != "ok"]
    folded = Folded(f"{len(passed)} check{'s' if len(passed) > 1 else ''} passed", _table(label, result, passed))
    return (_table(label, result, found) if found else None), (folded if passed else None)


def _table(label: str, result: Result, cells: list[list[Any]]) -> Table:
    """The table of some rows, without columns that are empty in all of them."""
    kept = [place for place in range(len(result.columns)) if any(row[place] != "" for row in cells)]
    return table(label, [result.columns[place] for place in kept], [[row[place] for place in kept] for row in cells])
