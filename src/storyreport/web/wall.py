"""The run wall: the last runs of each source and pipeline as squares, drawn on the server."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import groupby
from typing import Any

from ..nouns import counted
from ..values.quantities import duration
from . import links
from .visitor import Visitor

PIPELINES, RUNS = 8, 40
# Measures of a row in units of its own; a square and the gap beside it.
PITCH, WIDTH, HEIGHT = 12, 10, 24
# A run is as high as it took long, against what is usual (its p95 is this share); an unknown duration is low.
USUAL, LOWEST = 0.75, 0.2
SELECT = "select * from report"
# All pipelines that have runs, by the last run of each.
ALL = {"runs": "1", "pipelines": "10000"}
# Letters of a pipeline's name that have room beside its squares.
LONG = 20
COUNT = "select count(*) as pipelines from report"
STATUSES = ("completed", "failed", "running", "queued", "waiting", "blocked", "cancelled", "skipped")
# Colours of the legend: those of all walls, and others where a run has one.
COMMON = (("completed", "completed"), ("failed", "failed"), ("running", "open"))
RARE = {"blocked": "blocked", "cancelled": "other", "skipped": "other", "unknown": "other"}


@dataclass(frozen=True)
class Square:
    """A run: where it is in its row, how it looks, what it is, and its page."""

    x: int
    y: float
    height: float
    status: str
    is_slow: bool
    title: str
    address: str


@dataclass(frozen=True)
class Row:
    """The last runs of a pipeline, the newest at the right; `label` sums them up."""

    source: str
    source_address: str
    pipeline: str
    pipeline_address: str
    label: str
    squares: tuple[Square, ...]

    @property
    def short(self) -> str:
        """The pipeline with both its ends: long names often differ in the last letters only."""
        name = self.pipeline
        return name if len(name) <= LONG else f"{name[: LONG // 3]}…{name[-LONG // 2 :]}"


@dataclass(frozen=True)
class Wall:
    """The rows, the report that they are of, how many pipelines more there are, or why there are no rows."""

    address: str
    rows: tuple[Row, ...]
    more: int = 0
    error: str = ""
    width: int = RUNS * PITCH
    height: int = HEIGHT
    square: int = WIDTH

    @property
    def legend(self) -> tuple[tuple[str, str], ...]:
        """(status, its word) of each colour."""
        shown = {square.status for row in self.rows for square in row.squares}
        rare = {word: status for status, word in RARE.items() if status in shown}
        return (*COMMON, *((status, word) for word, status in rare.items()))


async def wall(visitor: Visitor, chosen: Mapping[str, str]) -> Wall | None:
    """The wall of the chosen source, or of all; None where the visitor may not see it or nothing has run."""
    size = {"runs": str(RUNS), "pipelines": str(PIPELINES)}
    answer = await visitor.rows("run_wall", {**chosen, **size}, SELECT)
    if answer is None or not (answer.rows or answer.error):
        return None
    grouped = groupby(answer.rows, key=lambda row: (row["source"], row["pipeline"]))
    rows = tuple(_row(visitor, source, pipeline or "", list(runs)) for (source, pipeline), runs in grouped)
    known = await visitor.rows("run_wall", {**chosen, **ALL}, COUNT)
    more = known.rows[0]["pipelines"] - len(rows) if known and known.rows else 0
    address = links.report(visitor.datasette, "run_wall", {name: value for name, value in chosen.items() if value})
    return Wall(address, rows, more, answer.error)


def _row(visitor: Visitor, source: str, pipeline: str, runs: Sequence[Mapping[str, Any]]) -> Row:
    datasette = visitor.datasette
    longest = max((run["duration_ms"] or 0 for run in runs), default=0)
    squares = [_square(datasette, run, place, longest) for place, run in enumerate(runs)]
    failed, slow = (sum(map(bool, flags)) for flags in zip(*map(_flags, runs), strict=True))
    label = f"{counted(len(runs), 'run')}, {failed} failed, {slow} slower than usual"
    address = links.detail(datasette, "pipeline", pipeline, source) if pipeline else ""
    return Row(source, links.detail(datasette, "source", source), pipeline, address, label, tuple(reversed(squares)))


def _flags(run: Mapping[str, Any]) -> tuple[bool, bool]:
    return run["status"] == "failed", bool(run["is_slow"])


def _square(datasette: Any, run: Mapping[str, Any], place: int, longest: int) -> Square:
    took, p95 = run["duration_ms"], run["p95_ms"]
    share = LOWEST
    if took is not None:
        share = USUAL * took / p95 if p95 else took / longest if longest else 1
    height = round(HEIGHT * min(1.0, max(LOWEST, share)), 1)
    status = run["status"] if run["status"] in STATUSES else "unknown"
    x = (RUNS - 1 - place) * PITCH + (PITCH - WIDTH) // 2
    address = links.detail(datasette, "run", run["run"], run["source"])
    return Square(x, round(HEIGHT - height, 1), height, status, bool(run["is_slow"]), _title(run), address)


def _title(run: Mapping[str, Any]) -> str:
    words = [f"{run['run']}: {run['status'] or 'status unknown'}"]
    if run["duration_ms"] is not None:
        words.append(duration(run["duration_ms"]))
    if run["usual_ms"] is not None:
        words.append(f"usually {duration(run['usual_ms'])}" + (", slower than usual" if run["is_slow"] else ""))
    if run["started_at"]:
        words.append(run["started_at"][:16].replace("T", " ") + " UTC")
    return ", ".join(words)
