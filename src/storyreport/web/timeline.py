"""The timeline of a run, drawn on the server: a bar an attempt, and behind it how long its step usually takes."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from ..nouns import counted
from ..values.quantities import duration
from . import links
from .visitor import Visitor

# A drawing is so wide in units of its own; the page stretches it.
WIDTH = 1000
# A bar is seen, however short.
LEAST = 3
MOST_BARS = 100
# The usual of one step may be far longer than the whole run: the drawing does not shrink to less than half for it.
LONGEST = 2


@dataclass(frozen=True)
class Span:
    """A part of a drawing's width."""

    x: int
    width: int


@dataclass(frozen=True)
class Bar:
    """An attempt: its step, where its bar and its usual are, and both in words."""

    step: str
    address: str
    status: str
    span: Span
    usual: Span | None
    took: str
    usually: str
    is_slow: bool


@dataclass(frozen=True)
class Timeline:
    """The attempts in the order of their starts, how long all of it took, and what is not drawn."""

    bars: tuple[Bar, ...]
    length: str
    note: str
    width: int = WIDTH


@dataclass(frozen=True)
class _Scale:
    """Milliseconds since the run's start as places in a drawing."""

    first: int
    last: int

    def span(self, start: int, end: int) -> Span:
        x, until = (WIDTH * (min(ms, self.last) - self.first) // (self.last - self.first) for ms in (start, end))
        x = min(x, WIDTH - LEAST)
        return Span(x, max(until - x, LEAST))


def timeline_of(visitor: Visitor, rows: Sequence[Mapping[str, Any]], is_cut: bool) -> Timeline | None:
    """The timeline of the rows of run_timeline, or of the first of them; None where nothing can be drawn."""
    placed = [row for row in rows if row["offset_ms"] is not None]
    if not placed:
        return None
    drawn = placed[:MOST_BARS]
    first = min(row["offset_ms"] for row in drawn)
    last = max(_end(row) or row["offset_ms"] for row in drawn)
    widest = max(row["offset_ms"] + (row["p95_ms"] or 0) for row in drawn)
    # Room for what is usual, within reason; a run of one moment has a length, too.
    scale = _Scale(first, max(first + 1, last, min(widest, first + LONGEST * (last - first))))
    bars = tuple(_bar(visitor, row, scale, last) for row in drawn)
    return Timeline(bars, duration(scale.last - first), _note(len(rows), len(placed), len(drawn), is_cut))


def _end(row: Mapping[str, Any]) -> int | None:
    return None if row["duration_ms"] is None else int(row["offset_ms"] + row["duration_ms"])


def _bar(visitor: Visitor, row: Mapping[str, Any], scale: _Scale, last: int) -> Bar:
    start, end = row["offset_ms"], _end(row)
    usual, p95 = row["usual_ms"], row["p95_ms"]
    attempt = f" (attempt {row['attempt']})" if (row["attempt"] or 1) > 1 else ""
    return Bar(
        step=f"{row['step']}{attempt}",
        address=links.detail(visitor.datasette, "step", row["step"], row["source"]),
        status=row["status"] or "unknown",
        # Without an end it goes on to that of the others.
        span=scale.span(start, last if end is None else end),
        usual=None if usual is None else scale.span(start + usual, start + max(p95, usual)),
        took=f"{row['status'] or 'unknown'}" if end is None else duration(row["duration_ms"]),
        usually="" if usual is None else f"usually {_range(usual, p95)}",
        is_slow=usual is not None and end is not None and 0.99 * row["duration_ms"] > p95,
    )


def _range(usual: int, p95: int) -> str:
    low, high = duration(usual), duration(p95)
    return low if low == high else f"{low} to {high}"


def _note(rows: int, placed: int, drawn: int, is_cut: bool) -> str:
    """What is not drawn, in a sentence or two."""
    notes = []
    if drawn < placed:
        notes.append(f"The first {drawn} of {'more than ' if is_cut else ''}{counted(placed, 'attempt')} are drawn.")
    if placed < rows:
        count = rows - placed
        notes.append(
            f"{count:,} attempt{'s have' if count > 1 else ' has'} no start and {'are' if count > 1 else 'is'} "
            "only in the table."
        )
    return " ".join(notes)
