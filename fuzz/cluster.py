"""Kill a worker, or the driver, of a rollup on a Spark cluster at random moments; see what has landed.

    python -m fuzz.cluster --kills 10 --rows 2000 --hostile 300

A rollup that lost a worker must end with the rollups that `ingest` has of the same rows. Of one whose driver was killed
nothing may have landed. Prints a line for each kill; needs the extras spark and duckdb, and Java.
"""

import argparse
import os
import random
import signal
import subprocess
import sys
import tempfile
import time
from itertools import chain, cycle, islice
from pathlib import Path

from benchmarks import cluster
from benchmarks.lakes import differing, make_file, make_lake
from helpers import lakes

from storyreport.given import Request, requests_for
from storyreport.ingest import ingest

LAND_ALL = "10000000"
ROLLUP = (
    sys.executable,
    *["-m", "storyreport", "rollup", "lake", "--name", "x", "--engine", "spark", "--land", LAND_ALL],
)


def main() -> None:
    """Kill as often as asked; exit code 1 where something was lost."""
    parser = argparse.ArgumentParser(description="Kill parts of a Spark cluster at random moments.")
    parser.add_argument("--kills", type=int, default=10)
    parser.add_argument("--rows", type=int, default=2_000)
    parser.add_argument("--hostile", type=int, default=300)
    parser.add_argument("--seed", type=int, default=1)
    given = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="lost-") as name, cluster.running(workers=2) as spark:
        folder = Path(name)
        lake = make_lake(folder / "lake", given.rows, given.hostile)
        expected = lakes.new_database(folder / "expected.db")
        (request,) = requests_for([make_file(lake, folder / "history.db")], "x", None)
        assert isinstance(request, Request)
        ingest(expected, request)
        begun = time.monotonic()
        losses = _finish(_start(spark, folder, "usual.db"), expected, folder / "usual.db")
        usual_s = time.monotonic() - begun
        print(f"undisturbed: {usual_s:.0f} s; {losses or 'equal'}", flush=True)
        chance = random.Random(given.seed)
        for kind in islice(cycle(("worker", "driver")), given.kills):
            moment_s = chance.uniform(0, usual_s)
            loss = _trial(kind, moment_s, spark, folder, expected)
            losses += loss
            print(f"{kind} killed after {moment_s:.0f} s: {loss or 'nothing lost'}", flush=True)
    sys.exit(1 if losses else 0)


def _trial(kind: str, moment_s: float, spark: cluster.Cluster, folder: Path, expected: Path) -> list[str]:
    """Roll up, and kill a worker or the driver meanwhile: what is wrong then."""
    landed = folder / "landed.db"
    for file in folder.glob("landed.db*"):
        file.unlink()
    lakes.new_database(landed)
    before = _sums(landed)
    driver = _start(spark, folder, landed.name)
    time.sleep(moment_s)
    if kind == "worker":
        spark.kill_worker(0)
        spark.add_worker()
        return _finish(driver, expected, landed)
    is_late = driver.poll() is not None
    if not is_late:
        os.killpg(driver.pid, signal.SIGKILL)
        driver.wait()
    if not is_late and _sums(landed) != before:
        return [f"landed in part: {_sums(landed)}"]
    return []


def _start(spark: cluster.Cluster, folder: Path, database: str) -> "subprocess.Popen[str]":
    """A rollup as a process of its own."""
    if not (folder / database).exists():
        lakes.new_database(folder / database)
    (folder / "scratch").mkdir(exist_ok=True)
    where = {"--master": spark.address, "--scratch": "scratch", "--db": database}
    # What is quick for a few rows, but for two parts, so that both workers have some.
    conf = {**dict(lakes.QUICK_SPARK), "spark.sql.shuffle.partitions": "2"}
    return subprocess.Popen(
        [*ROLLUP, *chain.from_iterable(where.items()), *(f"--spark-conf={one}={value}" for one, value in conf.items())],
        cwd=folder,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )


def _finish(driver: "subprocess.Popen[str]", expected: Path, landed: Path) -> list[str]:
    """What is wrong once a rollup has ended."""
    _, said = driver.communicate()
    return differing(expected, landed) if driver.returncode == 0 else [f"exit code {driver.returncode}: {said[-300:]}"]


def _sums(database: Path) -> dict[str, int]:
    return {name: len(lakes.rollup_rows(database, name)) for name in lakes.rollup_names()}


if __name__ == "__main__":
    main()
