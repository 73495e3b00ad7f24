"""Step runs and calls in the plain formats, at times that lie so many hours ago."""

from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta, timezone
from pathlib import Path

ATTEMPTS = "pipeline,run,story,step,status,started_at,ended_at,duration_ms,error"
CALLS = "run,provider,called_at,cost,currency"
# The same for a whole module (see conftest.py), so that what is written again has the same times.
NOW = datetime.now(timezone.utc)


def moment(hours: float) -> str:
    """The UTC time so many hours ago."""
    return (NOW - timedelta(hours=hours)).strftime("%Y-%m-%dT%H:%M:%SZ")


def attempt(run: str, hours: float, seconds: float = 10, **more: str) -> dict[str, str]:
    """A run of one step that ended so many hours ago, after so many seconds."""
    times = {"ended_at": moment(hours), "started_at": moment(hours + seconds / 3600)}
    return {"run": run, "step": "write", "status": "completed", "duration_ms": f"{seconds * 1000:.0f}", **times, **more}


def write(folder: Path, attempts: Iterable[Mapping[str, str]], calls: Iterable[str] = ()) -> Path:
    """A folder with both, to be ingested."""
    folder.mkdir(parents=True, exist_ok=True)
    columns = ATTEMPTS.split(",")
    lines = [ATTEMPTS, *(",".join(row.get(column, "") for column in columns) for row in attempts)]
    (folder / "attempts.csv").write_text("\n".join(lines) + "\n", encoding="utf-8")
    if found := list(calls):
        (folder / "calls.csv").write_text("\n".join([CALLS, *found]) + "\n", encoding="utf-8")
    return folder
