"""Kill a command at a random instant, see what is there, and run it again; each kind in turn, until the time is over.

    python -m fuzz.kills --minutes 10 --small

After each kill the database must be one that SQLite finds whole and doctor finds right, with the rows of before or of
after. Prints a line for each kind: kills that came in time, commands that were faster, what was lost.
"""

import argparse
import lzma
import random
import shutil
import sqlite3
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

from . import forked

Command = Callable[[Path], list[str]]
COMMANDS: dict[str, Command] = {
    "ingest, first": lambda folder: ["ingest", "samples/moviemaker.db", "--db", "fresh.db"],
    "ingest, again": lambda folder: ["ingest", "samples/moviemaker.db", "--full", "--db", "report.db"],
    "ingest, folder": lambda folder: ["ingest", "samples/storyteller", "--db", "fresh.db"],
    "ingest, CSV": lambda folder: ["ingest", "calls.csv", "--db", "report.db"],
    "prune": lambda folder: ["prune", "--older-than", "10d", "--db", "report.db"],
    "reprice": lambda folder: ["reprice", "--db", "report.db"],
    "optimize": lambda folder: ["optimize", "--db", "report.db"],
    "backup": lambda folder: ["backup", "copy.db", "--db", "report.db"],
    "restore": lambda folder: ["restore", "kept.db", "--db", "report.db"],
    "scrub": lambda folder: ["scrub", "--db", "report.db"],
    "upgrade": lambda folder: ["ingest", "samples/adventure.db", "--db", "old.db"],
}
WRITES = {"ingest, first": "fresh.db", "ingest, folder": "fresh.db", "backup": "copy.db", "upgrade": "old.db"}


def counts(path: Path) -> dict[str, int]:
    """Rows by core table; AssertionError where the file is damaged."""
    with closing(sqlite3.connect(path)) as connection:
        lines = [line for (line,) in connection.execute("pragma integrity_check")]
        assert [line for line in lines if line != "ok" and not line.startswith("NULL value in ")] == [], lines
        tables = ("stories", "runs", "step_runs", "events", "calls", "artifacts", "errors")
        known = {name for (name,) in connection.execute("select name from sqlite_master")}
        return {
            table: connection.execute(f"select count(*) from {table}").fetchone()[0]
            for table in tables
            if table in known
        }


def trial(kind: str, whole: Path, rng: random.Random, usual_s: dict[str, float]) -> str:
    """Run a command of a kind in a copy of a folder and kill it; 'killed', 'finished', or what was lost."""
    with tempfile.TemporaryDirectory(prefix="kills-") as name:
        folder = Path(name)
        for file in whole.iterdir():
            # Sources are only read.
            (folder / file.name).symlink_to(file) if file.is_dir() else shutil.copy(file, folder)
        target = folder / WRITES.get(kind, "report.db")
        before = counts(target) if target.exists() else None
        begun = time.monotonic()
        process = forked.start(folder, *COMMANDS[kind](folder))
        is_killed = forked.finish(process, rng.uniform(0.0, usual_s.get(kind, 2.0) * 1.05)) is None
        if not is_killed:
            usual_s[kind] = time.monotonic() - begun
        if problem := _problem(kind, folder, target, before):
            return problem
        return "killed" if is_killed else "finished"


def _problem(kind: str, folder: Path, target: Path, before: dict[str, int] | None) -> str:
    try:
        left = counts(target) if target.exists() and target.stat().st_size else None
    except (AssertionError, sqlite3.DatabaseError) as error:
        return f"damaged: {error}"
    if kind == "restore" and left is None:
        # The database was renamed, and the backup is not in its place yet: the next restore puts it there.
        left = (
            before if list(folder.glob("report.db.before-restore-*")) or list(folder.glob("*before-restore*")) else None
        )
    if before and left is None:
        return "the database is gone"
    code, printed = forked.run(folder, *COMMANDS[kind](folder))
    if code and "exists: choose a new name" not in printed:
        return f"the next run fails: {printed[-200:]}"
    code, printed = forked.run(folder, "doctor", "--db", str(target))
    return f"doctor: {printed[-200:]}" if code else ""


CALLS = """call_id,started_at,model,input_tokens,output_tokens,step,story
""" + "".join(
    f"c{n},2026-09-{n % 28 + 1:02d}T{n % 24:02d}:00:00Z,gpt-4o,{n % 900},{n % 70},step {n % 9},s{n % 50}\n"
    for n in range(5_000)
)


def prepare(folder: Path, old: Path, is_small: bool) -> None:
    """The samples, a report database of them (or of two), a backup, and one that an earlier version made."""
    _do(folder, "demo", "samples", "--no-serve")
    shutil.move(folder / "samples" / "storyreport.db", folder / "report.db")
    if is_small:
        (folder / "report.db").unlink()
        _do(folder, "ingest", "samples/moviemaker.db", "samples/adventure.db", "--db", "report.db")
    _do(folder, "backup", "kept.db", "--db", "report.db")
    (folder / "calls.csv").write_text(CALLS)
    (folder / "old.db").write_bytes(lzma.decompress(old.read_bytes()))


def _do(folder: Path, *arguments: str) -> None:
    code, printed = forked.run(folder, *arguments)
    if code != 0:
        raise SystemExit(f"{' '.join(arguments)}: {printed}")


def main() -> None:
    """Kill until the time is over; exit code 1 where something was lost."""
    parser = argparse.ArgumentParser(description="Kill commands at random instants.")
    parser.add_argument("--minutes", type=float, default=10)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--small", action="store_true", help="histories that take less time")
    given = parser.parse_args()
    forked.load()
    rng, found, losses = random.Random(given.seed), Counter[tuple[str, str]](), []
    usual_s: dict[str, float] = {}
    until = time.monotonic() + given.minutes * 60
    with tempfile.TemporaryDirectory(prefix="kills-") as name:
        whole = Path(name) / "whole"
        whole.mkdir()
        prepare(whole, Path(__file__).parent.parent / "tests/data/storyreport-0.1.0.db.xz", given.small)
        kinds = list(COMMANDS)
        while time.monotonic() < until:
            kind = kinds[sum(found.values()) % len(kinds)]
            outcome = trial(kind, whole, rng, usual_s)
            found[kind, outcome if outcome in ("killed", "finished") else "lost"] += 1
            losses += [f"{kind}: {outcome}"] if outcome not in ("killed", "finished") else []
    for kind in COMMANDS:
        print(f"{kind}: " + ", ".join(f"{found[kind, how]} {how}" for how in ("killed", "finished", "lost")))
    print("\n".join(losses))
    sys.exit(1 if losses else 0)


if __name__ == "__main__":
    main()
