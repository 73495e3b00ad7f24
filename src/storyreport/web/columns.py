"""The columns of a page's table: what matters most first, none that is empty, what was before beside what is."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import Any

from markupsafe import Markup, escape

from ..values.quantities import heading

# The columns that a page begins with, where all would not fit a screen.
FIRST = {
    "recent_runs": ("run", "source", "status", "started_at", "duration_ms", "slower_pct", "cost", "error"),
    "failed_runs": ("run", "step", "error", "failed_at"),
    "failed_stories": ("story", "step", "error", "failed_at"),
    "stuck_runs": ("run", "step", "stuck_minutes", "reason"),
    "run_status": ("run", "status", "summary", "error"),
    "run_timeline": ("step", "attempt", "status", "duration_ms", "usual_ms", "error"),
    "run_diff": ("step", "status", "with_status", "duration_ms", "with_duration_ms", "difference_ms", "error"),
    "story_attempts": ("step", "attempt", "status", "started_at", "duration_ms", "error"),
}
# In wider tables a column stands below another one: (the other, the words for it).
MANY = 10
BELOW = {"usual_ms": ("duration_ms", "usually {}"), "kind": ("run", "{}"), "pipeline": ("source", "{}")}
# A smaller change would read as none.
LEAST_CHANGE_PCT = 0.5
PREVIOUS, CHANGE = "previous_", "_change_pct"


def ordered(report: str, columns: Iterable[str]) -> list[str]:
    """The columns of a report's rows, what matters most first."""
    columns = list(columns)
    return list(dict.fromkeys((*(name for name in FIRST.get(report, ()) if name in columns), *columns)))


def without_values(columns: Iterable[str], rows: Collection[Mapping[str, Any]]) -> list[str]:
    """The columns that are empty in all rows."""
    return [name for name in columns if all(row[name] in (None, "") for row in rows)]


def compared(columns: Iterable[str]) -> list[str]:
    """The columns without those of the period before and of the change, which stand beside the values."""
    return [name for name in columns if not name.startswith(PREVIOUS) and not name.endswith(CHANGE)]


def below(columns: Collection[str], kept: Collection[str]) -> dict[str, list[str]]:
    """The columns that stand below another one, by that one; `kept` have a column of their own."""
    found: dict[str, list[str]] = {}
    for name, (other, _) in BELOW.items() if len(columns) > MANY else ():
        if name in columns and other in columns and name not in kept:
            found.setdefault(other, []).append(name)
    return found


def stacked(cell: Any, others: Mapping[str, Any]) -> Any:
    """A cell with those of other columns below it."""
    lines = [
        Markup(f'<small class="before">{BELOW[name][1].format(escape(other))}</small>')
        for name, other in others.items()
        if other not in (None, "")
    ]
    return Markup("").join([escape("" if cell is None else cell), *lines]) if lines else cell


def beside(cell: Any, before: Any, change_pct: float | None) -> Any:
    """A cell with the value before, and the change where it is known."""
    change = f", {change_pct:+,.0f} %" if change_pct and abs(change_pct) >= LEAST_CHANGE_PCT else ""
    return Markup('{}<small class="before">{} before{}</small>').format(cell, before, change) if before else cell


def words(columns: Sequence[str]) -> str:
    """The columns by their headings."""
    return ", ".join(map(heading, columns))
