"""A report database that storyreport 0.1.0 made: rows of every system, calls with costs, and pruned detail."""

import json
import lzma
from pathlib import Path
from typing import Any

from helpers import DATA
from storyreport.upkeep.doctor import Finding
from storyreport.upkeep.doctor import examine as examine_all

# Detail of most of its sources was pruned up to this day.
DETAIL_SINCE = "2026-03-06"


def write(path: Path) -> Path:
    """Write it to a path."""
    path.write_bytes(lzma.decompress((DATA / "storyreport-0.1.0.db.xz").read_bytes()))
    return path


def examine(path: Path, **how: Any) -> list[Finding]:
    """What doctor finds but for texts that were kept then and would not be today, which `scrub` takes out."""
    return [finding for finding in examine_all(path, **how) if "storyreport scrub" not in str(finding)]


def answers() -> dict[str, list[dict[str, Any]]]:
    """What its reports said: the name of a report, or '<name> of some days' (3 to 7 March 2026) → rows."""
    found: dict[str, list[dict[str, Any]]] = json.loads(
        lzma.decompress((DATA / "storyreport-0.1.0.json.xz").read_bytes())
    )
    return found
