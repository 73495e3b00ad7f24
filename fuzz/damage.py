"""Damage a source: each page overwritten with noise, and the file cut at every 4 KiB; then ingest it.

    python -m fuzz.damage --minutes 10

An ingest must load it or refuse it with one sentence; where rows vanish from a damaged file, none may be marked as
deleted. Prints how many files were tried and what went wrong.
"""

import argparse
import random
import shutil
import sqlite3
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

from . import forked

PAGE = 4096
MOST_SECONDS = 120
SOURCES = ("moviemaker.db", "adventure.db", "sprint-runner.db", "storyteller/data/pipeline_stories.db")


def variants(content: bytes, rng: random.Random) -> Iterator[tuple[str, bytes]]:
    """(what was done, the file) for each page and each cut, in a random order."""
    pages = len(content) // PAGE
    tasks = [("noise", page) for page in range(pages)] + [("cut", page) for page in range(pages)]
    rng.shuffle(tasks)
    for kind, page in tasks:
        start = page * PAGE
        if kind == "cut":
            yield f"cut at {start}", content[:start]
        else:
            yield f"noise in page {page + 1}", content[:start] + rng.randbytes(PAGE) + content[start + PAGE :]


def deleted(path: Path) -> int:
    """Rows that are marked as deleted."""
    with closing(sqlite3.connect(path)) as connection:
        tables = ("stories", "runs", "step_runs", "events", "calls", "artifacts", "story_nodes")
        return sum(
            connection.execute(f"select count(*) from {table} where gone_at is not null").fetchone()[0]
            for table in tables
        )


def trial(folder: Path, known: Path, content: bytes) -> str:
    """Ingest a damaged file where the whole one was read before; 'refused', 'loaded', or what went wrong."""
    source, report = folder / "source.db", folder / "report.db"
    shutil.copy(known, report)
    source.write_bytes(content)
    code, said = forked.run(
        folder, "ingest", "source.db", "--name", "s", "--full", "--db", "report.db", seconds=MOST_SECONDS
    )
    if "Traceback" in said or code not in (0, 1, 2):
        return f"exit {code}: {said[-300:]}"
    if marked := deleted(report):
        return f"{marked} rows marked as deleted"
    return "loaded" if code == 0 else "refused"


def main() -> None:
    """Try until the time is over; exit code 1 where something went wrong."""
    parser = argparse.ArgumentParser(description="Damage sources and ingest them.")
    parser.add_argument("--minutes", type=float, default=10)
    parser.add_argument("--seed", type=int, default=1)
    given = parser.parse_args()
    forked.load()
    rng, found, wrong = random.Random(given.seed), Counter[str](), []
    until = time.monotonic() + given.minutes * 60
    with tempfile.TemporaryDirectory(prefix="damage-") as name:
        folder = Path(name)
        forked.run(folder, "demo", "samples", "--no-serve")
        tried = []
        for place in SOURCES:
            shutil.copy(folder / "samples" / place, folder / "source.db")
            known = folder / f"known-{len(tried)}.db"
            forked.run(folder, "ingest", "source.db", "--name", "s", "--db", known.name)
            tried.append((place, known, variants((folder / "source.db").read_bytes(), rng)))
        while time.monotonic() < until and tried:
            place, known, coming = tried.pop(0)
            if variant := next(coming, None):
                outcome = trial(folder, known, variant[1])
                found[outcome if outcome in ("refused", "loaded") else "wrong"] += 1
                wrong += [f"{place}, {variant[0]}: {outcome}"] if outcome not in ("refused", "loaded") else []
                tried.append((place, known, coming))
    print(", ".join(f"{count} {how}" for how, count in sorted(found.items())))
    print("\n".join(wrong))
    sys.exit(1 if wrong else 0)


if __name__ == "__main__":
    main()
