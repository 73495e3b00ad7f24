"""Sources that grow, shrink, begin again, are renamed, moved, merged and removed: what remains is as if it were new."""

import itertools
import random
from pathlib import Path
from typing import Any

import pytest
from helpers.again import AS_OF
from helpers.report_database import ReportDatabase
from hypothesis import Phase, given, settings
from hypothesis import strategies as st

from storyreport import reports
from storyreport.readers import grown
from storyreport.upkeep.doctor import examine
from storyreport.upkeep.sources import merge, move, remove, rename

HEADER = "id,run,story,step,status,started_at,ended_at\n"
ACTS = ("grow", "grow", "shrink", "restart", "rename", "move", "merge", "remove", "new", "again")
# What a source has deleted still counts in these, or is shown with its run and story.
OF_HISTORY = {
    "acceptance_trend", "cost_per_story", "duration_changes", "failure_rates", "failure_trend", "flaky_steps",
    "ingests", "overview", "rejected_rows", "recent_runs", "slowest_steps", "step_durations", "throughput",
}  # fmt: skip


class Living:
    """A source: the rows of its file, and those that were merged into it, as id → day."""

    def __init__(self, path: Path, rows: dict[int, int]):
        self.path, self.rows, self.others = path, dict(rows), dict[int, int]()

    @property
    def present(self) -> dict[int, int]:
        """What there is of it."""
        return {**self.others, **self.rows}

    def write(self) -> None:
        """Write the file, and let its rows be its own."""
        write(self.path, self.rows)
        self.others = {number: day for number, day in self.others.items() if number not in self.rows}


def line(number: int, day: int) -> str:
    """A step of a run of its own."""
    status = "failed" if number % 5 == 0 else "completed"
    return f"{number},r{number},S{number % 3},draft,{status},2026-01-{day:02}T09:00:00Z,2026-01-{day:02}T09:00:05Z\n"


def write(path: Path, rows: dict[int, int]) -> Path:
    """A file of steps."""
    path.parent.mkdir(exist_ok=True)
    path.write_text(HEADER + "".join(line(number, day) for number, day in rows.items()), "utf-8")
    return path


def act(db: ReportDatabase, known: dict[str, Living], name: str, chance: random.Random, number: int) -> None:
    """Do something with the source that was added first, or with two."""
    first, *more = known
    living, folder = known[first], db.path.parent / "in"
    match name:
        case "grow":
            living.rows |= {1000 * number + place: 2 for place in range(chance.randint(1, 3))}
            living.write()
        case "shrink":
            for gone in chance.sample(sorted(living.rows), 3):
                del living.rows[gone]
            living.write()
        case "restart":
            living.rows = dict.fromkeys(range(1, 25), 10 + number)
            living.write()
        case "rename":
            rename(db.path, first, f"renamed-{number}")
            known[f"renamed-{number}"] = known.pop(first)
            return
        case "move":
            living.path = write(folder / f"moved-{number}.csv", living.rows)
            move(db.path, first, living.path)
        case "merge" if more:
            merge(db.path, first, more[0])
            target = known[more[0]]
            target.others = {**known.pop(first).present, **target.present}
            target.others = {n: day for n, day in target.others.items() if n not in target.rows}
            return
        case "remove" if more:
            remove(db.path, first)
            del known[first]
            return
        case "new":
            start = chance.choice([1, 15, 500 * number])
            first = f"new-{number}"
            known[first] = living = Living(folder / f"{first}.csv", dict.fromkeys(range(start, start + 30), 5))
            living.write()
    db.ingest(living.path, name=first)


def answers(db: ReportDatabase) -> dict[str, list[dict[str, Any]]]:
    """What each report says of what is present."""
    found = {}
    for name, report in reports.load_reports().items():
        if name not in OF_HISTORY:
            as_of = {"as_of": AS_OF} if "as_of" in {param.name for param in report.params} else {}
            found[name] = sorted(db.report(name, **as_of), key=str)
    return found


def test_a_run_whose_steps_are_all_deleted(db: ReportDatabase, tmp_path: Path) -> None:
    """The run of step 25 failed; without the step it is no failed run, and with it again it is one."""
    rows = dict.fromkeys(range(21, 31), 3)
    path = write(tmp_path / "in" / "a.csv", rows)
    db.ingest(path)
    for without, failed in (({25}, ["r30"]), (set[int](), ["r25", "r30"])):
        write(path, {number: day for number, day in rows.items() if number not in without})
        db.ingest(path)
        assert sorted(row["run"] for row in db.report("failed_runs")) == failed
        assert examine(db.path) == []


def test_a_merge_prefers_what_is_there(db: ReportDatabase, tmp_path: Path) -> None:
    """Of a step that the target has deleted and the other source has, the other's is kept."""
    db.ingest(write(tmp_path / "in" / "a.csv", {1: 3, 2: 3}))
    for rows in ({2: 4, 3: 4, 4: 4}, {3: 4, 4: 4}):
        db.ingest(write(tmp_path / "in" / "b.csv", rows))
    merge(db.path, "a", "b")
    assert db.sql("select source_key, day from step_runs where gone_at is null order by 1") == [
        ("1", "2026-01-03"), ("2", "2026-01-03"), ("3", "2026-01-04"), ("4", "2026-01-04"),
    ]  # fmt: skip
    assert examine(db.path) == []


@settings(max_examples=4, deadline=None, phases=[Phase.generate])
@given(acts=st.lists(st.sampled_from(ACTS), min_size=2, max_size=9), seed=st.integers(0, 10**6))
def test_what_remains_is_as_if_it_were_new(
    tmp_path_factory: pytest.TempPathFactory, acts: list[str], seed: int
) -> None:
    """After each act doctor is content; in the end each source has just the rows that its files and merges say."""
    folder, chance = tmp_path_factory.mktemp("living"), random.Random(seed)
    db, fresh = ReportDatabase(folder), ReportDatabase(folder / "fresh")
    fresh.path.parent.mkdir()
    known: dict[str, Living] = {}
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(grown, "LEAST_LINES", 25)
        for name, start in (("a", 1), ("b", 20)):
            known[name] = Living(folder / "in" / f"{name}.csv", dict.fromkeys(range(start, start + 30), 3))
            known[name].write()
            db.ingest(known[name].path, name=name)
        for number, name in zip(itertools.count(1), acts, strict=False):
            act(db, known, name, chance, number)
            assert examine(db.path) == [], name
    present = db.sql(
        "select name, source_key, step_runs.day from step_runs join sources on sources.id = source_id"
        " where gone_at is null order by 1, 2"
    )
    assert present == sorted(
        (name, str(number), f"2026-01-{day:02}")
        for name, living in known.items()
        for number, day in living.present.items()
    )
    for name, living in known.items():
        fresh.ingest(write(folder / "fresh" / f"{name}.csv", living.present), name=name)
    now, then = answers(db), answers(fresh)
    assert [name for name in now if now[name] != then[name]] == []
