"""Exports that grow are read from where they ended; all rows and reports are as if they were read whole."""

import json
import os
import random
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from helpers.again import AS_OF
from helpers.report_database import ReportDatabase
from hypothesis import given, settings
from hypothesis import strategies as st

from storyreport import reports
from storyreport.readers import grown
from storyreport.upkeep.doctor import examine

Row = dict[str, Any]
CALL = ("id", "run", "story", "step", "provider", "model", "called_at", "input_tokens", "cost", "error")
STEP = ("id", "run", "story", "step", "attempt", "status", "started_at", "ended_at", "error")


def at(minute: int) -> str:
    """A time of March, that of the minute."""
    return f"2026-03-{1 + minute // 1440:02}T{minute // 60 % 24:02}:{minute % 60:02}:00Z"


def call(number: int, **other: Any) -> Row:
    """A call a minute, ten of a run."""
    row: Row = {
        "id": f"c{number}",
        "run": f"r{number // 10}",
        "story": f"S{number // 40}",
        "step": "draft",
        "provider": "acme",
        "model": "m1",
        "called_at": at(number),
        "input_tokens": 100 + number,
        "cost": 0.25,
    }
    return {**row, **other}


def step(number: int, **other: Any) -> Row:
    """A step a minute, ten of a run."""
    row: Row = {
        "id": f"s{number}",
        "run": f"r{number // 10}",
        "story": f"S{number // 40}",
        "step": f"step_{number % 3}",
        "status": "completed",
        "started_at": at(number),
        "ended_at": at(number + 1),
    }
    return {**row, **other}


def as_json(row: Row) -> str:
    """A line of JSON."""
    return json.dumps(row)


def as_csv(row: Row) -> str:
    """A line of CSV."""
    columns = STEP if "status" in row else CALL
    return ",".join(str(row.get(column) if row.get(column) is not None else "") for column in columns)


def write(path: Path, rows: list[str], header: str = "") -> Path:
    """Lines, each with its end."""
    path.write_text("".join(f"{line}\n" for line in ([header] if header else []) + rows), "utf-8")
    return path


def add(path: Path, *lines: str, end: str = "\n") -> None:
    """Lines at the end of a file."""
    with path.open("a", encoding="utf-8") as file:
        file.write("".join(f"{line}{end}" for line in lines))


@pytest.fixture
def log(tmp_path: Path) -> Path:
    """A log of 120 calls."""
    return write(tmp_path / "calls.jsonl", [as_json(call(n)) for n in range(120)])


def test_only_what_was_added_is_read(db: ReportDatabase, log: Path) -> None:
    """Each call is there once; the totals are those of all of them."""
    db.ingest(log)
    add(log, as_json(call(120)), as_json(call(121)))
    # Two calls, the run r12 and the story S3.
    counts = db.ingest(log).counts
    assert (counts.read, counts.inserted, counts.updated) == (2, 4, 0)
    assert db.one("select sum(calls) from calls where gone_at is null") == 122
    # 122 calls of 0.25
    assert sum(row["cost"] for row in db.report("cost")) == pytest.approx(30.5)
    assert db.ingest(log).unchanged
    assert examine(db.path) == []


def test_full_reads_all_of_it(db: ReportDatabase, log: Path) -> None:
    """--full reads the file from its beginning."""
    db.ingest(log)
    add(log, as_json(call(120)))
    assert db.ingest(log, full=True).counts.read == 121


def test_an_incomplete_line_is_read_once_it_is_whole(db: ReportDatabase, log: Path) -> None:
    """Half a line is rejected; when it is whole, only that is read, and the reject is forgotten."""
    line = as_json(call(120))
    db.ingest(log)
    add(log, line[:30], end="")
    db.ingest(log)
    assert db.sql("select source_row, reason from rejects") == [(121, "the line is broken JSON")]
    add(log, line[30:])
    assert db.ingest(log).counts.read == 1
    assert db.sql("select source_row from rejects") == []
    assert db.one("select count(*) from calls where source_key = 'c120'") == 1


CHANGES: dict[str, Callable[[Path], object]] = {
    "its head is another": lambda log: write(
        log, [as_json(call(0, cost=9)), *(as_json(call(n)) for n in range(1, 121))]
    ),
    "its last line was changed": lambda log: write(
        log, [*(as_json(call(n)) for n in range(119)), as_json(call(119, cost=0.75)), as_json(call(120))]
    ),
    "it is shorter": lambda log: write(log, [as_json(call(n)) for n in range(118)]),
    "a call comes again under its id": lambda log: add(log, as_json(call(3, called_at=at(500), cost=2))),
    "it is packed": lambda log: _pack(log),
    "a line in the midst of a copy is another": lambda log: _copy(log, 8_000),
}


def _pack(log: Path) -> None:
    import gzip

    log.write_bytes(gzip.compress(log.read_bytes()))


def _copy(log: Path, place: int) -> None:
    """Another file under the name, in which a cost is another; neither its head nor its end says so."""
    content = log.read_text("utf-8")
    place = content.index('"cost": 0.25', place)
    changed = content[:place] + '"cost": 0.26' + content[place + len('"cost": 0.25') :]
    copy = log.with_suffix(".copy")
    copy.write_text(changed + as_json(call(9000)) + "\n", "utf-8")
    os.replace(copy, log)


@pytest.mark.parametrize("change", CHANGES.values(), ids=CHANGES)
def test_what_was_not_only_added_to_is_read_whole(
    db: ReportDatabase, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, change: Callable[[Path], object]
) -> None:
    """The costs are those of the file as it is now."""
    monkeypatch.setattr(grown, "HEAD_BYTES", 1000)
    log = write(tmp_path / "calls.jsonl", [as_json(call(n)) for n in range(120)])
    db.ingest(log)
    change(log)
    db.ingest(log)
    fresh = ReportDatabase(tmp_path / "fresh")
    fresh.path.parent.mkdir()
    fresh.ingest(log)
    sums = "select count(*), round(sum(cost), 6) from calls where gone_at is null"
    assert db.sql(sums) == fresh.sql(sums)
    assert examine(db.path) == []


def test_a_quote_that_is_closed_later(db: ReportDatabase, tmp_path: Path) -> None:
    """A field may go on over lines: what was rejected as an open quote is a call once the rest is there."""
    path = write(tmp_path / "calls.csv", [as_csv(call(n)) for n in range(110)], ",".join(CALL))
    add(path, as_csv(call(110, error='"half a')))
    db.ingest(path)
    assert db.sql("select source_row from rejects") == [(112,)]
    add(path, 'sentence"', as_csv(call(111)))
    db.ingest(path)
    assert db.sql("select source_row from rejects") == []
    assert db.one("select count(*) from calls where gone_at is null") == 112


def test_totals_of_a_spreadsheet_that_grows(db: ReportDatabase, tmp_path: Path) -> None:
    """A row of totals is one by the sums of all rows above it, also of those that were read before."""
    path = write(tmp_path / "calls.csv", [as_csv(call(n)) for n in range(110)], ",".join(CALL))
    db.ingest(path)
    add(path, as_csv(call(110)), as_csv({"id": "Total", "cost": 111 * 0.25}))
    assert db.ingest(path).counts.read == 2
    assert db.one("select sum(cost) from calls where gone_at is null") == pytest.approx(111 * 0.25)
    assert [reason for (reason,) in db.sql("select reason from rejects")] == [
        "a total of the rows above it, which is left out"
    ]


def test_a_date_that_says_how_all_are_written(db: ReportDatabase, tmp_path: Path) -> None:
    """13/3/2026 says that 3/4/2026 is the third of April, in the rows that were read before, too."""
    rows = [as_csv(call(n, called_at="3/4/2026")) for n in range(110)]
    path = write(tmp_path / "calls.csv", rows, ",".join(CALL))
    db.ingest(path)
    assert db.one("select count(*) from calls where called_at is null") == 110
    add(path, as_csv(call(110, called_at="13/3/2026")))
    db.ingest(path)
    days = "select day, count(*) from calls where gone_at is null group by day order by day"
    assert db.sql(days) == [("2026-03-13", 1), ("2026-04-03", 110)]


def test_the_attempts_of_a_run_that_goes_on(db: ReportDatabase, tmp_path: Path) -> None:
    """The third attempt is the third although the first two were read before; only its run is read again."""
    rows = [as_json(step(n)) for n in range(100)]
    first = [as_json(step(n, run="r", step="draft", status="failed", attempt=None)) for n in (100, 101)]
    path = write(tmp_path / "attempts.jsonl", [*rows, *first])
    db.ingest(path)
    add(path, as_json(step(102, run="r", step="draft", attempt=None)))
    assert db.ingest(path).counts.read == 3
    assert db.sql(
        "select step_runs.source_key, attempt from step_runs join runs on runs.id = run_id where runs.source_key = 'r'"
    ) == [("s100", 1), ("s101", 2), ("s102", 3)]


def test_calls_whose_run_gets_its_story_later(db: ReportDatabase, tmp_path: Path) -> None:
    """The steps that say of which story a run is may come after its calls."""
    calls = write(tmp_path / "calls.jsonl", [as_json(call(n, story=None)) for n in range(120)])
    steps = write(tmp_path / "attempts.jsonl", [as_json(step(n)) for n in range(110)])
    db.ingest(calls, steps)
    assert db.one("select count(*) from calls where story_id is null") == 10
    add(steps, as_json(step(110)))
    db.ingest(calls, steps)
    assert db.one("select count(*) from calls where story_id is null") == 0


OPERATIONS = st.lists(
    st.tuples(
        st.sampled_from(
            ["append"] * 6 + ["half", "rest", "rewrite", "shorten", "copy", "bad", "again", "twin", "blank", "late"]
        ),
        st.integers(min_value=0, max_value=10**6),
    ),
    min_size=2,
    max_size=8,
)


class Growing:
    """A file that its program, or its owner, changes in any way."""

    def __init__(self, path: Path, make: Callable[..., Row], as_line: Callable[[Row], str]):
        self.path, self.make, self.as_line, self.rest = path, make, as_line, ""
        self.count = 40
        header = [",".join(STEP if make is step else CALL)] if as_line is as_csv else []
        write(path, header + [as_line(make(n)) for n in range(self.count)])

    def line(self, **other: Any) -> str:
        """The line of a new row."""
        self.count += 1
        return self.as_line(self.make(self.count, **other))

    def act(self, action: str, number: int) -> None:
        """Change the file."""
        chance = random.Random(number)
        lines = self.path.read_text("utf-8").splitlines()
        if self.rest and action != "rest":
            action = "rest"
        match action:
            case "append":
                run: Row = chance.choice([{}, {"run": f"r{self.count // 10}"}, {"run": "long"}, {"run": None}])
                add(self.path, *(self.line(**run) for _ in range(chance.randint(1, 4))))
            case "half":
                line = self.line()
                cut = chance.randint(1, len(line))
                add(self.path, line[:cut], end="")
                self.rest = line[cut:] + "\n"
            case "rest":
                add(self.path, self.rest, end="")
                self.rest = ""
            case "rewrite":
                place = chance.randint(1, len(lines) - 1)
                lines[place] = self.as_line(self.make(place, step="other"))
                write(self.path, [*lines, self.line()])
            case "shorten":
                write(self.path, lines[: max(30, len(lines) - chance.randint(1, 20))])
            case "copy":
                copy = Path(shutil.copy(self.path, self.path.with_suffix(".copy")))
                os.replace(copy, self.path)
                add(self.path, self.line())
            case "bad":
                add(self.path, chance.choice(['{"broken', self.line(step=None), "x,y"]))
            case "again":
                add(self.path, self.as_line(self.make(chance.randint(0, self.count), error="came again")))
            case "twin":
                add(self.path, *[self.line(id=None, run="twins")] * chance.randint(1, 3))
            case "blank":
                add(self.path, "", "", self.line())
            case "late":
                add(self.path, self.line(story="S-late"))


def all_rows(db: ReportDatabase) -> dict[str, list[tuple[Any, ...]]]:
    """The rows of the core tables as the reports see them, without the times of the ingests."""
    columns = "source_key, gone_at is not null"
    found = {core: db.sql(f"select {columns} from {core} order by 1, 2") for core in ("stories", "runs")}
    found["step_runs"] = db.sql(
        "select source_key, gone_at is not null, attempt, status, source_rows from step_runs order by 1, 2"
    )
    found["rejects"] = db.sql(
        "select source_table, source_row, source_key, severity, reason from rejects order by 1, 2, 5"
    )
    found["inputs"] = db.sql("select rows, rejected from source_states")
    return found


def answers(db: ReportDatabase) -> dict[str, list[Row]]:
    """What each report says, but those of the ingests themselves."""
    found = {}
    for name, report in reports.load_reports().items():
        if name not in ("ingests", "rejected_rows"):
            as_of = {"as_of": AS_OF} if "as_of" in {param.name for param in report.params} else {}
            rows = db.report(name, **as_of)
            rounded = [{k: round(v, 6) if isinstance(v, float) else v for k, v in row.items()} for row in rows]
            found[name] = sorted(rounded, key=str)
    return found


@pytest.mark.parametrize("as_line", [as_json, as_csv])
@pytest.mark.parametrize("make", [call, step])
@settings(max_examples=4, deadline=None)
@given(operations=OPERATIONS)
def test_grown_is_as_if_it_was_read_whole(
    tmp_path_factory: pytest.TempPathFactory,
    make: Callable[..., Row],
    as_line: Callable[[Row], str],
    operations: list[tuple[str, int]],
) -> None:
    """After each change: the same rows and reports as where the file is read whole each time."""
    folder = tmp_path_factory.mktemp("grown")
    db, whole = ReportDatabase(folder), ReportDatabase(folder / "whole")
    whole.path.parent.mkdir()
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(grown, "LEAST_LINES", 25)
        patch.setattr(grown, "READ_AGAIN_BYTES", 1500)
        patch.setattr(grown, "HEAD_BYTES", 1500)
        patch.setattr(grown, "LAST_BYTES", 300)
        file = Growing(folder / f"rows.{'csv' if as_line is as_csv else 'jsonl'}", make, as_line)
        for action, number in [("blank", 0), *operations]:
            file.act(action, number)
            db.ingest(file.path)
            whole.ingest(file.path, full=True)
        assert all_rows(db) == all_rows(whole)
        now, then = answers(db), answers(whole)
        assert [name for name in now if now[name] != then[name]] == []
        assert examine(db.path) == []
