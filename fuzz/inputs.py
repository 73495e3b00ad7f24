"""Coverage-guided fuzzing (atheris) of what comes from others: files, values, parameters of reports, addresses.

    pip install atheris
    python -m fuzz.inputs files CORPUS -max_total_time=600

Targets: files (every text format), sqlite, values, params, addresses. Only a StoryreportError is an answer; another
exception, and an input that takes longer than `-timeout`, is a finding, which libFuzzer writes into the current folder.
"""

import contextlib
import importlib
import sqlite3
import sys
import tempfile
from collections.abc import Callable, Iterator
from itertools import islice
from pathlib import Path
from typing import Any

# No stubs, and an optional package.
atheris: Any = importlib.import_module("atheris")

with atheris.instrument_imports(include=["storyreport"]):
    from storyreport import reports, values
    from storyreport.errors import StoryreportError
    from storyreport.readers import sqlite, text
    from storyreport.sources import systems
    from storyreport.system import Part
    from storyreport.web import limits

MOST_ROWS = 1_000
FOLDER = Path(tempfile.mkdtemp(prefix="fuzz-", dir="/dev/shm" if Path("/dev/shm").is_dir() else None))


def _staged() -> Iterator[Part]:
    for system in systems().values():
        yield from (part for part in system.parts.values() if part.stage)


PARTS = list(_staged())
NAMES = ("x.jsonl", "x.json", "x.csv", "x.txt", "x.log")


def files(content: bytes) -> None:
    """A file of any text format: as records, and as each system reads it."""
    if len(content) < 2:
        return
    path = FOLDER / NAMES[content[0] % len(NAMES)]
    path.write_bytes(content[2:])
    for _ in islice(text.records(path), MOST_ROWS):
        pass
    part = PARTS[content[1] % len(PARTS)]
    if part.find and (found := part.find(path)) and part.stage:
        for _ in islice(part.stage(found), MOST_ROWS):
            pass
    path.unlink()


def _small_database() -> bytes:
    path = FOLDER / "small.db"
    with contextlib.closing(sqlite3.connect(path)) as connection:
        connection.execute("pragma page_size = 512")
        connection.execute("create table stories (id integer primary key, title text, created_at timestamp)")
        connection.execute("create table story_jobs (id integer primary key, status text, n int as (id + 1))")
        connection.execute("insert into stories values (1, 'The fox', '2026-07-01')")
        connection.commit()
    return path.read_bytes()


SMALL = _small_database()


def sqlite_files(content: bytes) -> None:
    """A SQLite file of which some bytes are others: its tables and columns."""
    data = atheris.FuzzedDataProvider(content)
    changed = bytearray(SMALL)
    while data.remaining_bytes() > 2:
        changed[data.ConsumeIntInRange(16, len(changed) - 1)] = data.ConsumeIntInRange(0, 255)
    path = FOLDER / "changed.db"
    path.write_bytes(changed)
    sqlite.read_tables(path)


def single_values(content: bytes) -> None:
    """A text as a message, a time, a currency."""
    value = content.decode(errors="replace")
    values.neutral(values.clean_text(value))
    values.fingerprint(value)
    values.to_utc(content, "Europe/Madrid")
    values.currency_code(value)
    values.without_quotes(value)


def params(content: bytes) -> None:
    """The parameters of a report."""
    data = atheris.FuzzedDataProvider(content)
    known = sorted(reports.load_catalogue().reports.values(), key=lambda report: report.name)
    report = known[data.ConsumeIntInRange(0, len(known) - 1)]
    given = {param.name: data.ConsumeUnicodeNoSurrogates(40) for param in report.params if data.ConsumeBool()}
    reports.bind(report, given)


def addresses(content: bytes) -> None:
    """The address and the headers of a request."""
    path, _, query = content.partition(b"?")
    scope = {"raw_path": path, "path": path.decode("latin-1"), "query_string": query, "headers": []}
    limits.refused(scope)


TARGETS: dict[str, Callable[[bytes], None]] = {
    "files": files,
    "sqlite": sqlite_files,
    "values": single_values,
    "params": params,
    "addresses": addresses,
}


def main() -> None:
    """Fuzz a target until libFuzzer's options say stop."""
    target = TARGETS[sys.argv.pop(1)]

    def once(content: bytes) -> None:
        with contextlib.suppress(StoryreportError):
            target(content)

    atheris.Setup(sys.argv, once)
    atheris.Fuzz()


if __name__ == "__main__":
    main()
