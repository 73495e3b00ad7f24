"""What one line costs that was appended to a file of calls, whatever its length, beside an unchanged ingest.

python -m benchmarks.grown --rows 31000 --rows 1000000
"""

import json
import shutil
import time
from functools import partial
from pathlib import Path

import click

from .histories import kept
from .load import fresh
from .measure import AGAIN, STORYREPORT, again, ran, show, show_machine, with_folder
from .one_run import SETTLING_SECONDS, TIMES


def line(number: int) -> str:
    """A call, one a minute, with its run and step."""
    call = {
        "id": f"c{number}",
        "run": f"r{number // 100}",
        "step": f"s{number % 7}",
        "provider": "anthropic",
        "model": "claude-sonnet-4-5",
        "called_at": 1_767_225_600 + number * 30,
        "duration_ms": number % 5000,
        "input_tokens": 100 + number % 900,
        "output_tokens": number % 300,
        "cost": number % 1000 / 10_000,
    }
    return json.dumps(call) + "\n"


def write(path: Path, rows: int) -> None:
    """Write a file of calls."""
    with path.open("w", encoding="utf-8") as file:
        file.writelines(map(line, range(rows)))


@click.command()
@click.option("--rows", multiple=True, default=(31_000, 1_000_000), show_default=True, type=int, help="Repeatable.")
@with_folder
def main(rows: tuple[int, ...], folder: Path) -> None:
    """Measure what an appended line costs."""
    show_machine()
    lines = []
    for count in rows:
        source = kept(folder / f"calls-{count}.jsonl", partial(write, rows=count))
        work = folder / "grown"
        work.mkdir(exist_ok=True)
        log = Path(shutil.copy(source, work / "calls.jsonl"))
        ingest = (STORYREPORT, "ingest", log, "--db", fresh(work / "report.db"))
        ran(*ingest)
        grown, unchanged = [], []
        for number in range(TIMES):
            with log.open("a", encoding="utf-8") as file:
                file.write(line(count + number))
            time.sleep(SETTLING_SECONDS)
            grown.append(ran(*ingest))
            ran(*ingest)
            unchanged.append(ran(*ingest))
        click.echo(grown[-1].said)
        shutil.rmtree(work)
        lines.append(again(f"{count:,} calls", 3, grown, unchanged))
    show("One appended line / unchanged", AGAIN, lines)


if __name__ == "__main__":
    main()
