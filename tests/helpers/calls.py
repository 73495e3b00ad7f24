"""Calls that are written as a plain source, and what they cost."""

import csv
from collections.abc import Iterable
from pathlib import Path
from typing import NamedTuple


class Call(NamedTuple):
    """A row of the plain form of calls."""

    run: str
    story: str
    step: str
    provider: str
    endpoint: str
    called_at: str
    duration_ms: int | None
    status: str
    total_tokens: int | None
    cost: float | None
    currency: str = "USD"
    calls: int = 1

    @property
    def day(self) -> str:
        """The day of the call."""
        return self.called_at[:10]


def write(path: Path, calls: Iterable[Call]) -> None:
    """Write calls as CSV; none gets an estimate, as no list knows these providers."""
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(Call._fields)
        writer.writerows(calls)
