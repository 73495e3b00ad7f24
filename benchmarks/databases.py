"""Report databases with long histories, ingested once and kept as long as storyreport stays as it is."""

import hashlib
from collections.abc import Sequence
from datetime import date, datetime, timezone
from pathlib import Path

import storyreport

from .histories import Span, write_all, write_wide
from .measure import STORYREPORT, Ran, ran

SOURCES, STEPS_EACH, WIDE_DAYS = 500, 10, 3652
ROWS_EACH = 2000


def usual(folder: Path, rows: int) -> Path:
    """The report database of a year with so many step runs and half as many paid calls, up to today."""
    sources = write_all(folder, rows, Span(datetime.now(timezone.utc).date()))
    return ingested(folder / f"report-{rows}", sources)[0]


def wide(folder: Path) -> tuple[Path, Ran | None]:
    """The report database of 500 sources with 5,000 steps and ten years; how it was loaded, if it was now."""
    sources = write_wide(folder / "wide", SOURCES, ROWS_EACH, STEPS_EACH, Span(date(2026, 1, 1), WIDE_DAYS))
    return ingested(folder / "report-wide", sources)


def ingested(stem: Path, sources: Sequence[Path]) -> tuple[Path, Ran | None]:
    """The report database of some sources: with another storyreport, or other sources, it is made again."""
    package = Path(storyreport.__file__).parent
    code = b"".join(path.read_bytes() for path in sorted(package.rglob("*")) if path.suffix in (".py", ".sql"))
    digest = hashlib.sha256(code + "".join(map(str, sources)).encode()).hexdigest()[:8]
    path = stem.with_name(f"{stem.name}-{digest}.db")
    if path.exists():
        return path, None
    for old in stem.parent.glob(f"{stem.name}-*"):
        old.unlink()
    half = stem.with_name(f"{stem.name}-half.db")
    took = ran(STORYREPORT, "ingest", *sources, "--db", half)
    half.rename(path)
    return path, took
