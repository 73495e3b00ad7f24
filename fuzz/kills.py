"""Kill a command at random instants, see what is there, and run it again; each kind in turn, until the time is over.

    python -m fuzz.kills --minutes 10 --small

A trial kills a command up to four times: what a kill left is where the next one begins. After each kill the database
must be one that SQLite finds whole, with the rows of before or of after; then the command is run to its end, and doctor
must find the database right. Prints a line for each kind: kills that came in time, commands that were faster, losses.
"""

import argparse
import lzma
import random
import shutil
import sqlite3
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable
from contextlib import ExitStack, closing
from pathlib import Path

from . import forked, server

Counts = dict[str, int]
KILLS = 4  # of a command, before it may run to its end
MEMORY = Path("/dev/shm")
STORYTELLER = "samples/storyteller"
NEW_RUN = """
    insert into step_history (story_id, step_name, run_id, status, error_message, execution_time_ms, timestamp)
    select story_id, step_name, 'run-' || hex(randomblob(4)), status, error_message, execution_time_ms, timestamp
    from step_history
    order by random()
    limit 15
"""


# A writer that begins before an ingest and keeps the file to itself for a while.
WRITER = """
import sqlite3, sys, time
writer = sqlite3.connect(sys.argv[1], isolation_level=None)
writer.execute("begin exclusive")
print("locked", flush=True)
time.sleep(0.4)
writer.execute("commit")
"""


def add_rows(folder: Path) -> None:
    """New executions of stories, old and new ones: an ingest reads these and adds the difference."""
    with closing(sqlite3.connect(folder / STORYTELLER / "data/pipeline_stories.db")) as connection, connection:
        connection.execute(NEW_RUN)


def lock(folder: Path) -> None:
    """A writer locks a file with a rollback journal: an ingest waits, then copies it, before it locks anything."""
    process = subprocess.Popen([sys.executable, "-S", "-c", WRITER, folder / "locked.db"], stdout=subprocess.PIPE)
    assert process.stdout
    process.stdout.readline()


COMMANDS: dict[str, list[str]] = {
    "ingest, first": ["ingest", "samples/moviemaker.db", "--db", "fresh.db"],
    "ingest, again": ["ingest", "samples/moviemaker.db", "--full", "--db", "report.db"],
    "ingest, folder": ["ingest", "samples/storyteller", "--db", "fresh.db"],
    "ingest, CSV": ["ingest", "calls.csv", "--db", "report.db"],
    "ingest, new rows": ["ingest", STORYTELLER, "--db", "report.db"],
    "ingest, locked": ["ingest", "locked.db", "--name", "locked", "--db", "report.db"],
    "ingest, server": ["ingest", "SERVER", "--name", "server", "--db", "report.db"],
    "prune": ["prune", "--older-than", "10d", "--db", "report.db"],
    "reprice": ["reprice", "--db", "report.db"],
    "optimize": ["optimize", "--db", "report.db"],
    "backup": ["backup", "copy.db", "--db", "report.db"],
    "restore": ["restore", "kept.db", "--db", "report.db"],
    "scrub": ["scrub", "--db", "report.db"],
    "upgrade": ["ingest", "samples/adventure.db", "--db", "old.db"],
}
BEFOREHAND: dict[str, Callable[[Path], None]] = {"ingest, new rows": add_rows, "ingest, locked": lock}
WRITES = {"ingest, first": "fresh.db", "ingest, folder": "fresh.db", "backup": "copy.db", "upgrade": "old.db"}


def counts(path: Path) -> Counts:
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


def trial(kind: str, whole: Path, rng: random.Random, usual_s: dict[str, float]) -> tuple[int, bool, str]:
    """Kill a command in a copy of a folder: how many kills came in time, whether it was faster, what was lost."""
    with tempfile.TemporaryDirectory(prefix="kills-", dir=MEMORY if MEMORY.is_dir() else None) as name:
        folder = Path(name)
        for file in whole.iterdir():
            # Sources are only read.
            (folder / file.name).symlink_to(file) if file.is_dir() else shutil.copy(file, folder)
        target = folder / WRITES.get(kind, "report.db")
        before = counts(target) if target.exists() else None
        BEFOREHAND.get(kind, lambda _: None)(folder)
        seen, is_faster = [], False
        while len(seen) < KILLS and not is_faster:
            begun = time.monotonic()
            process = forked.start(folder, *COMMANDS[kind])
            is_faster = forked.finish(process, rng.uniform(0.0, usual_s.get(kind, 2.0) * 1.05)) is not None
            if is_faster:
                usual_s[kind] = time.monotonic() - begun
            try:
                seen.append(counts(target) if target.exists() and target.stat().st_size else None)
            except (AssertionError, sqlite3.DatabaseError) as error:
                return len(seen) + 1, is_faster, f"damaged: {error}"
            if before and seen[-1] is None and not (kind == "restore" and list(folder.glob("*before-restore*"))):
                return len(seen), is_faster, "the database is gone"
        return len(seen) - is_faster, is_faster, _problem(kind, folder, target, before, seen)


def _problem(kind: str, folder: Path, target: Path, before: Counts | None, seen: list[Counts | None]) -> str:
    """What is wrong after a command was killed and then run to its end; nothing if all is right."""
    code, printed = forked.run(folder, *COMMANDS[kind])
    if code and "exists: choose a new name" not in printed:
        return f"the next run fails: {printed[-200:]}"
    after = counts(target)
    for left in seen:
        # A database that was just made, or just upgraded, has tables that the one before had not.
        is_before = not any(left.values()) if left and not before else _same(before, left)
        if left is not None and not is_before and left != after:
            return f"neither before {before} nor after {after}: {left}"
    code, printed = forked.run(folder, "doctor", "--db", str(target))
    return f"doctor: {printed[-200:]}" if code else ""


def _same(before: Counts | None, left: Counts | None) -> bool:
    return all((left or {}).get(table) == count for table, count in (before or {}).items())


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
    shutil.copy(folder / "samples/adventure.db", folder / "locked.db")
    with closing(sqlite3.connect(folder / "locked.db")) as connection:
        connection.execute("pragma journal_mode = delete")
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
    parser.add_argument("--kind", action="append", choices=COMMANDS, help="Repeatable; all kinds if not given.")
    given = parser.parse_args()
    forked.load()
    kinds = given.kind or list(COMMANDS)
    with ExitStack() as stack:
        if "ingest, server" in kinds:
            COMMANDS["ingest, server"][1] = stack.enter_context(server.running())
        whole = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="kills-"))) / "whole"
        whole.mkdir()
        prepare(whole, Path(__file__).parent.parent / "tests/data/storyreport-0.1.0.db.xz", given.small)
        losses = kill(kinds, whole, random.Random(given.seed), given.minutes * 60)
    print("\n".join(losses))
    sys.exit(1 if losses else 0)


def kill(kinds: list[str], whole: Path, rng: random.Random, seconds: float) -> list[str]:
    """Kill until the time is over, print how often, and return what was lost."""
    usual_s: dict[str, float] = {}
    found, losses, trials = Counter[tuple[str, str]](), list[str](), 0
    until = time.monotonic() + seconds
    while time.monotonic() < until:
        kind = kinds[trials % len(kinds)]
        kills, is_faster, loss = trial(kind, whole, rng, usual_s)
        found.update({(kind, "killed"): kills, (kind, "faster"): int(is_faster), (kind, "lost"): int(bool(loss))})
        losses += [f"{kind}: {loss}"] if loss else []
        trials += 1
        if trials % len(kinds) == 0 or loss:
            print(f"{trials} trials, {sum(found[each, 'killed'] for each in kinds)} kills", *losses[-1:], flush=True)
    for kind in kinds:
        print(f"{kind}: " + ", ".join(f"{found[kind, how]} {how}" for how in ("killed", "faster", "lost")))
    return losses


if __name__ == "__main__":
    main()
