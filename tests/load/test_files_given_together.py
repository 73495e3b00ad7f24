"""What one command names for one system is one source; files that follow each other add up."""

import gzip
import json
from pathlib import Path

import pytest
from helpers import DATA
from helpers.report_database import ReportDatabase, pairs
from hypothesis import given, settings
from hypothesis import strategies as st

from storyreport.errors import StoryreportError
from storyreport.ingest import requests_for
from storyreport.known import as_known
from storyreport.upkeep.doctor import examine

STEPS = "id,run,step,status,started_at,ended_at\n"
CALLS = "run,step,provider,model,called_at,cost\n"


def steps(path: Path, day: int, *ids: int, status: str = "completed") -> Path:
    """An export of steps of a day of November; the id says run and minute."""
    rows = (f"{n},r{n},draft,{status},2026-11-{day:02}T09:{n:02}:00Z,2026-11-{day:02}T09:{n:02}:05Z\n" for n in ids)
    path.write_text(STEPS + "".join(rows), "utf-8")
    return path


def calls(path: Path, *minutes: int) -> Path:
    """An export of calls without ids, at some minutes."""
    path.write_text(CALLS + "".join(f"r1,draft,acme,m,2026-11-20T09:{n:02}:00Z,0.5\n" for n in minutes), "utf-8")
    return path


def folder_of(tmp_path: Path, name: str = "exports") -> Path:
    """A new folder."""
    folder = tmp_path / name
    folder.mkdir()
    return folder


def sources(db: ReportDatabase) -> list[str]:
    """The names of the sources."""
    return [name for (name,) in db.sql("select name from sources order by name")]


def test_two_tables_of_one_system(db: ReportDatabase, tmp_path: Path) -> None:
    """Steps and calls are one source, called like their folder, and the call belongs to the run of the step."""
    folder = folder_of(tmp_path, "nightly")
    db.ingest(steps(folder / "attempts.csv", 20, 1, 2), calls(folder / "calls.csv", 1))
    assert sources(db) == ["nightly"]
    assert pairs(db.report("run_calls", run="r1"), "provider", "cost") == [("acme", 0.5)]


def test_one_of_two_tables_given_again(db: ReportDatabase, tmp_path: Path) -> None:
    """A table that was not given this time has not lost its rows; one that was has."""
    folder = folder_of(tmp_path)
    db.ingest(steps(folder / "attempts.csv", 20, 1, 2), calls(folder / "calls.csv", 1), name="runs")
    db.ingest(steps(folder / "attempts.csv", 20, 1), name="runs")
    assert db.sql("select source_key from step_runs where gone_at is not null") == [("2",)]
    assert db.one("select count(*) from calls where gone_at is null") == 1
    # Each of the two places belongs to the source still.
    for name in ("attempts.csv", "calls.csv"):
        requests = requests_for([folder / name], None, None)
        assert [request.name for request, _ in as_known(db.path, requests, is_named=False)] == ["runs"]


def test_two_tables_given_one_after_the_other(db: ReportDatabase, tmp_path: Path) -> None:
    """Calls have no row in common with steps, and yet are of the same source."""
    folder = folder_of(tmp_path)
    db.ingest(calls(folder / "calls.csv", 1), name="runs")
    db.ingest(steps(folder / "attempts.csv", 20, 1, 2), name="runs")
    assert pairs(db.report("run_calls", run="r1"), "provider", "cost") == [("acme", 0.5)]
    assert db.sql("select status from runs where gone_at is null order by source_key") == [("completed",)] * 2


def test_two_exports_of_airflow(db: ReportDatabase) -> None:
    """DAG runs and task instances are one source."""
    db.ingest(DATA / "airflow--dag-runs.csv", DATA / "airflow--task-instances.csv")
    assert len(sources(db)) == 1


def bucket(path: Path, day: int, tokens: int) -> Path:
    """A month of an API's usage, here of one day."""
    start = f"2026-11-{day:02}T00:00:00Z"
    result = {
        "uncached_input_tokens": tokens,
        "output_tokens": 1,
        "model": "claude-sonnet-4-5",
        "service_tier": "standard",
    }
    data = [{"starting_at": start, "ending_at": f"2026-11-{day + 1:02}T00:00:00Z", "results": [result]}]
    path.write_text(json.dumps({"data": data, "has_more": False, "next_page": None}), "utf-8")
    return path


def test_two_exports_of_usage(db: ReportDatabase, tmp_path: Path) -> None:
    """Two pages of one report are one source; the one that is given later wins where both have a day."""
    first, second = bucket(tmp_path / "a.json", 1, 10), bucket(tmp_path / "b.json", 2, 20)
    db.ingest(first, second)
    assert len(sources(db)) == 1
    assert db.sql("select input_tokens from calls order by called_at") == [(10,), (20,)]
    bucket(second, 1, 99)
    db.ingest(first, second)
    assert db.sql("select input_tokens from calls order by called_at") == [(99,), (20,)]


def test_two_databases_stay_two_sources(db: ReportDatabase, tmp_path: Path) -> None:
    """Whole databases are no parts of one: they have names of their own, or are refused under one."""
    first, second = tmp_path / "a.db", tmp_path / "b.db"
    for path in (first, second):
        path.write_bytes((DATA / "pipeline_stories.db").read_bytes())
    db.ingest(first, second)
    assert sources(db) == ["a", "b"]
    with pytest.raises(StoryreportError, match=r"a\.db and .*b\.db are two sources, .* --name, or rename one\.$"):
        db.ingest(first, second, name="both")


@pytest.mark.parametrize("place", ["folder", "pattern", "files"])
def test_a_folder_of_daily_exports(db: ReportDatabase, tmp_path: Path, place: str) -> None:
    """Days add up; a file that is gone keeps its rows, and one that is new adds to them."""
    folder = folder_of(tmp_path)
    monday, tuesday = folder / "steps-2026-11-20.csv", folder / "steps-2026-11-21.csv"
    steps(monday, 20, 1, 2, 3)
    steps(tuesday, 21, 14, 15)

    def ingest() -> None:
        files = sorted(folder.glob("*.csv"))
        db.ingest(*{"folder": [folder], "pattern": [folder / "steps-*.csv"], "files": files}[place], name="runs")

    ingest()
    assert db.one("select count(*) from step_runs where gone_at is null") == 5
    monday.unlink()
    steps(folder / "steps-2026-11-22.csv", 22, 26)
    ingest()
    assert db.one("select count(*) from step_runs where gone_at is null") == 6
    assert pairs(db.report("throughput"), "day")[-1:] != []
    assert examine(db.path) == []


@pytest.mark.parametrize("names", [("steps_20261120", "steps_20261121"), ("run-4711", "run-4712")])
@pytest.mark.parametrize("place", ["folder", "pattern"])
def test_one_file_after_another(db: ReportDatabase, tmp_path: Path, names: tuple[str, str], place: str) -> None:
    """A folder that holds one export at a time, the newest: the next one follows it, and does not replace it."""
    folder = folder_of(tmp_path)
    for number, name in enumerate(names, 1):
        steps(folder / f"{name}.csv", 20, number)
        db.ingest(folder / "*.csv" if place == "pattern" else folder)
        (folder / f"{name}.csv").unlink()
    assert db.one("select count(*) from step_runs where gone_at is null") == 2


def test_one_dated_file_after_another_under_one_name(db: ReportDatabase, tmp_path: Path) -> None:
    """Named one by one they follow each other as in a folder, though one day's export has a row of the other's."""
    days = [steps(tmp_path / f"steps-2026-11-{day}.csv", 20, *ids) for day, ids in ((20, (1, 2)), (21, (2, 3)))]
    for path in days:
        db.ingest(path, name="runs")
    assert db.one("select count(*) from step_runs where gone_at is null") == 3
    assert db.ingest(days[0], name="runs").unchanged
    # A table of another name is another copy of it.
    db.ingest(steps(tmp_path / "all-2026-11-22.csv", 20, 1, 2, 3), name="copy")
    assert db.ingest(steps(tmp_path / "every.csv", 20, 1, 2), name="copy").counts.gone > 0


def test_a_whole_copy_in_a_folder(db: ReportDatabase, tmp_path: Path) -> None:
    """Whatever lies beside it, and packed or not, an export of the same name is the same table: its rows can go."""
    folder = folder_of(tmp_path)
    steps(folder / "steps.csv", 20, 1, 2, 3)
    db.ingest(folder)
    calls(folder / "calls.csv", 1)
    steps(folder / "steps.csv", 20, 1, 2)
    db.ingest(folder)
    assert db.sql("select source_key from step_runs where gone_at is not null") == [("3",)]
    steps(folder / "steps.csv", 20, 1)
    (folder / "steps.csv.gz").write_bytes(gzip.compress((folder / "steps.csv").read_bytes()))
    (folder / "steps.csv").unlink()
    db.ingest(folder)
    assert db.one("select count(*) from step_runs where gone_at is null") == 1


def test_single_files_with_append(db: ReportDatabase, tmp_path: Path) -> None:
    """--append adds a file; from then on the source adds up, without the option."""
    db.ingest(steps(tmp_path / "one.csv", 20, 1, 2), name="runs", append=True)
    db.ingest(steps(tmp_path / "two.csv", 21, 3), name="runs", append=True)
    db.ingest(steps(tmp_path / "three.csv", 22, 4), name="runs")
    assert db.one("select count(*) from step_runs where gone_at is null") == 4
    assert db.ingest(tmp_path / "two.csv", name="runs").unchanged


def test_overlaps_count_once(db: ReportDatabase, tmp_path: Path) -> None:
    """Calls without an id that two files have are the same ones; two alike in one file are two."""
    folder = folder_of(tmp_path)
    calls(folder / "calls-1.csv", 1, 2, 2)
    calls(folder / "calls-2.csv", 2, 2, 3)
    db.ingest(folder)
    assert db.one("select count(*) from calls where gone_at is null") == 4
    assert db.one("select sum(cost) from calls") == 2.0


@pytest.mark.parametrize(
    "tables",
    [
        # (minute, cost) of the rows of one table, time after time, and the sum that is reported then.
        [([(1, 0.5), (2, 90)], 90.5), ([(1, 0.5), (2, 9)], 9.5), ([(2, 90), (1, 0.5)], 90.5)],
        [([(1, 1), (1, 1), (1, 5)], 7), ([(1, 2), (1, 2), (1, 5)], 9), ([(1, 2), (1, 2), (1, 5), (1, 5)], 14)],
        # A call that is no longer there was paid all the same.
        [([(1, 1), (2, 2)], 3), ([(1, 1), (3, 4)], 7)],
    ],
    ids=["another amount", "alike calls", "another call"],
)
def test_a_corrected_amount_is_the_same_call(
    db: ReportDatabase, tmp_path: Path, tables: list[tuple[list[tuple[int, float]], float]]
) -> None:
    """A call without an id whose amount is written again in its table does not count with both amounts."""
    table = tmp_path / "calls.csv"
    for rows, cost in tables:
        table.write_text(CALLS + "".join(f"r1,draft,acme,m,2026-11-20T09:{n:02}:00Z,{c}\n" for n, c in rows), "utf-8")
        db.ingest(table)
        assert sum(row["cost"] for row in db.report("cost")) == cost


@pytest.mark.parametrize(
    ("days", "cost", "said"),
    [
        # The second file, time after time: (day, cost) of its rows.
        ([[(21, 2.5)], [(21, 2)]], 3, 0),
        ([[(21, 2.5), (22, 4)], [(22, 4), (21, 3), (23, 1)]], 9, 0),
        # What the first file has with another amount may be another call.
        ([[(20, 2.5)]], 3.5, 1),
        ([[(20, 2.5)], [(20, 2)]], 3, 1),
        ([[(20, 1)]], 1, 0),
    ],
    ids=["corrected", "in another order", "contradicts", "contradicts, corrected", "says the same"],
)
def test_a_file_beside_another_is_corrected(
    db: ReportDatabase, tmp_path: Path, days: list[list[tuple[int, float]]], cost: float, said: int
) -> None:
    """Of the files of a folder one is written again: its amounts replace those that it had, not those of the other."""
    folder = folder_of(tmp_path)
    row = "r1,draft,acme,m,2026-11-{0}T00:00:00Z,{1}\n"
    (folder / "a.csv").write_text(CALLS + row.format(20, 1), "utf-8")
    for rows in days:
        (folder / "b.csv").write_text(CALLS + "".join(row.format(*one) for one in rows), "utf-8")
        db.ingest(folder)
    assert sum(line["cost"] for line in db.report("cost")) == cost
    found = [line for line in db.report("data_quality") if line["area"] == "files"]
    assert len(found) == said
    assert all("b.csv" in line["problem"] and line["example"].startswith("2026-11-20") for line in found)


def test_a_call_with_an_id_of_many_parts_is_no_correction(db: ReportDatabase, tmp_path: Path) -> None:
    """Ids that are paths, alike but for their end: the call that is no longer listed keeps its key and its cost."""
    table = tmp_path / "calls.csv"
    for number, cost in ((1, 10), (2, 20)):
        table.write_text(
            f"id,{CALLS}s3://b/2026/11/20/r1/call-{number},r1,draft,acme,m,2026-11-20T09:00:00Z,{cost}\n", "utf-8"
        )
        db.ingest(table)
    kept = db.sql("select source_key, cost from calls order by source_key")
    assert kept == [("s3://b/2026/11/20/r1/call-1", 10.0), ("s3://b/2026/11/20/r1/call-2", 20.0)]


def test_the_later_file_wins_whichever_changes(db: ReportDatabase, tmp_path: Path) -> None:
    """A row that both files have is what the later one says, also where the earlier file was written again."""
    folder = folder_of(tmp_path)
    steps(folder / "steps-2026-11-20.csv", 20, 1, 2, status="running")
    steps(folder / "steps-2026-11-21.csv", 20, 2, status="failed")
    db.ingest(folder)
    assert db.sql("select source_key, status from step_runs order by 1") == [("1", "running"), ("2", "failed")]
    steps(folder / "steps-2026-11-20.csv", 20, 1, 2, status="completed")
    db.ingest(folder)
    assert db.sql("select source_key, status from step_runs order by 1") == [("1", "completed"), ("2", "failed")]


LATER = [
    ("steps-9.csv", "steps-10.csv"),
    ("30-11-2026.csv", "01-12-2026.csv"),
    ("steps_12.31.2026.csv", "steps_01.01.2027.csv"),
    # No month is the thirteenth: the first number is the month.
    ("01-13-2026.csv", "02-01-2026.csv"),
    ("runs-Sep-2026.csv", "runs-Oct2026.csv"),
    ("30Nov2026.csv", "1-December-2026.csv"),
    ("Sep 30, 2026.csv", "Oct 1, 2026.csv"),
    ("2026-Sep.csv", "2026-Oct.csv"),
    ("2026_September_30.csv", "2026_Oct_1.csv"),
    ("2026-W52.csv", "2027-W01.csv"),
    # Of rotated files the largest number is the oldest; the one that is still written has none.
    ("steps.jsonl.10", "steps.jsonl.9"),
    ("steps.jsonl.2", "steps.jsonl.1"),
    ("steps.jsonl.1", "steps.jsonl"),
    # What a browser downloads again, and wget.
    ("steps.csv", "steps (1).csv"),
    ("steps.csv.gz", "steps (1).csv.gz"),
    ("steps.csv", "steps.csv.1"),
    ("steps.csv.9", "steps.csv.10"),
    ("steps.csv-20261120", "steps.csv-20261121"),
    ("steps.csv.2026-11-20", "steps.csv"),
]


@pytest.mark.parametrize(("earlier", "later"), LATER)
def test_the_order_of_names(db: ReportDatabase, tmp_path: Path, earlier: str, later: str) -> None:
    """Part 10 is later than part 9; of dates in names the later one, however they are written."""
    folder = folder_of(tmp_path)
    steps(folder / earlier, 20, 1, status="running")
    steps(folder / later, 20, 1, status="completed")
    db.ingest(folder)
    assert db.sql("select status from step_runs") == [("completed",)]


@pytest.mark.parametrize("name", ["novel-2026", "market_2026", "decision 2026"])
def test_a_word_that_begins_like_a_month(db: ReportDatabase, tmp_path: Path, name: str) -> None:
    """Such a file is no export of a month: given again it is the whole table, and what it lacks was deleted."""
    folder = folder_of(tmp_path)
    for numbers in ((1, 2), (1,)):
        steps(folder / f"{name}.csv", 20, *numbers)
        db.ingest(folder)
    assert db.one("select count(*) from step_runs where gone_at is null") == 1


def test_rejected_rows_of_each_file_stay(db: ReportDatabase, tmp_path: Path) -> None:
    """A row that could not be loaded is still listed after the next day's file; fixed, it is not."""
    folder = folder_of(tmp_path)
    (folder / "steps-2026-11-20.csv").write_text(f"{STEPS}1,r1,,completed,2026-11-20T09:00:00Z,\n", "utf-8")
    db.ingest(folder)
    steps(folder / "steps-2026-11-21.csv", 21, 2)
    db.ingest(folder)
    assert [row["reason"] for row in db.report("rejected_rows")] == ["has no step"]
    steps(folder / "steps-2026-11-20.csv", 20, 1)
    db.ingest(folder)
    assert db.report("rejected_rows") == []


def test_a_pattern_that_matches_nothing(db: ReportDatabase, tmp_path: Path) -> None:
    """One sentence says so, and both ways out; nothing is made."""
    folder = folder_of(tmp_path)
    with pytest.raises(StoryreportError) as raised:
        db.ingest(folder / "*.csv")
    assert str(raised.value) == (
        f"{folder}/*.csv matches no file: check the pattern, or name the folder {folder} itself."
    )
    assert not db.path.exists()


@pytest.mark.parametrize("inner", ["dt=2026-11-{}", "year=2026/month=11/day={}", "dt=2026-11-19/hour={}"])
def test_a_folder_of_folders_names_the_pattern(db: ReportDatabase, tmp_path: Path, inner: str) -> None:
    """One folder a day: the pattern that the sentence names reads them all."""
    for day in (20, 21):
        (folder := tmp_path / "lake" / inner.format(day)).mkdir(parents=True)
        steps(folder / "part-0000.csv", day, day)
    pattern = (tmp_path / "lake").joinpath(*["*"] * inner.count("/"), "*", "*.csv")
    with pytest.raises(StoryreportError) as error:
        db.ingest(tmp_path / "lake")
    said = f": its folders are not read, name {pattern}, or find all with `storyreport init {tmp_path / 'lake'}`."
    assert str(error.value).endswith(said)
    db.ingest(pattern)
    assert db.sql("select source_key from step_runs") == [("20",), ("21",)]


def test_a_folder_with_files_of_two_systems(db: ReportDatabase, tmp_path: Path) -> None:
    """The systems are named with a file each; --as chooses one."""
    folder = folder_of(tmp_path)
    steps(folder / "steps.csv", 20, 1)
    bucket(folder / "usage.json", 1, 10)
    with pytest.raises(StoryreportError) as raised:
        db.ingest(folder)
    said = str(raised.value)
    assert said.startswith(f"{folder} holds sources of 2 systems, anthropic_usage (")
    assert said.endswith(" and steps (steps.csv): choose one with --as SYSTEM, or ingest each by its own path.")
    db.ingest(folder, system="steps")
    assert db.one("select count(*) from step_runs") == 1


@settings(max_examples=12)
@given(st.lists(st.sets(st.integers(1, 5), min_size=1), min_size=1, max_size=4), st.permutations(range(4)))
def test_files_add_up_in_any_order(
    tmp_path_factory: pytest.TempPathFactory, days: list[set[int]], order: list[int]
) -> None:
    """Ids begin at 1 each day: every row of every file counts once, whichever file is written when."""
    folder = tmp_path_factory.mktemp("days")
    db = ReportDatabase(folder)
    for day in (day for day in order if day < len(days)):
        steps(folder / f"steps-2026-11-{day + 10}.csv", day + 10, *days[day])
        db.ingest(folder / "steps-*.csv", name="runs")
    counted = {row["day"]: row["executions"] for row in db.report("failure_trend")}
    assert counted == {f"2026-11-{day + 10}": len(ids) for day, ids in enumerate(days)}
    assert examine(db.path) == []
