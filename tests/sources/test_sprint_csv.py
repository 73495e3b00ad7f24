"""The sprint runner: the older CSV of events, growing, hostile, or none."""

from pathlib import Path

import pytest
from helpers.report_database import ReportDatabase
from helpers.sprint import NOON, add_batch, add_events
from helpers.sprint_events import step_runs, steps, write_csv

from storyreport.errors import StoryreportError


def test_a_csv_that_grows(db: ReportDatabase, tmp_path: Path) -> None:
    """New lines are all that is written; what had not ended ends; the same again, or cut off above, adds 0."""
    path = tmp_path / "events.csv"
    begun = [f"{NOON},1,A,dev,code,start", f"{NOON},1,A,dev,code,start,again", f"{NOON},1,A,dev,code,note"]
    write_csv(path, *begun)
    db.ingest(path)
    assert [row[1:] for row in step_runs(db)] == [(1, "running", None), (2, "running", None)]
    write_csv(path, *begun, f"{NOON + 7},1,A,dev,code,end")
    outcome = db.ingest(path)
    assert (outcome.counts.inserted, outcome.counts.updated, outcome.counts.gone) == (1, 1, 0)
    assert [row[1:] for row in step_runs(db)] == [(1, "running", None), (2, "completed", 7000)]
    assert db.ingest(path, full=True).counts.written == 0
    assert db.sql("select message from events where message is not null") == [("again",)]
    write_csv(path, "", begun[2], f"{NOON + 7},1,A,dev,code,end")
    outcome = db.ingest(path)
    assert (outcome.counts.inserted, outcome.counts.updated, outcome.counts.gone) == (0, 0, 4)
    # The log begins again, and the old one is put before the new one.
    again = f"{NOON + 9},1,B,dev,code,start"
    for log in ((again,), (*begun, again)):
        write_csv(path, *log)
        db.ingest(path)
    assert db.sql("select source_key from stories where gone_at is null order by 1") == [("A",), ("B",)]
    assert db.report("orphans") == []


def test_events_in_both_parts_count_once(tmp_path: Path, runner: Path) -> None:
    """What a database took over from the CSV file is the database's, in whatever order they are read."""
    events = [
        (at, "A", "dev", "code", status) for at, status in ((0, "start"), (9, "end"), (20, "start"), (21, "note"))
    ]
    add_batch(runner)
    add_events(runner, *events, (30, "A", "dev", "code", "end"))
    lines = [f"{(NOON + at) * 1000},1,{story},{command},{task},{status}" for at, story, command, task, status in events]
    path = write_csv(
        tmp_path / "runner.csv", f"{NOON - 60},1,A,plan,all,start", f"{NOON - 50},1,A,plan,all,end", *lines
    )
    for order in ((runner, path), (path, runner)):
        db = ReportDatabase(tmp_path)
        db.path = tmp_path / f"{order[0].name}.report"
        for part in order:
            db.ingest(part, name="sprint")
        assert steps(db, "completed") == [
            ("A", "dev/code", 9000), ("A", "dev/code", 10_000), ("A", "plan/all", 10_000)
        ]  # fmt: skip
        assert steps(db, "running") == []
        assert db.one("select count(*) from events") == 7
        assert [db.ingest(part, name="sprint", full=True).counts.written for part in order] == [0, 0]


GOOD = [f"{NOON + n},1,A,dev,code-{n},start,fine" for n in range(6)]


def test_a_hostile_csv(db: ReportDatabase, tmp_path: Path) -> None:
    """Whatever a line holds it is an event or a reject with a reason, and the next is read."""
    bad = {
        "1,2,3": "the line has 3 fields, expected at least epoch, epic_id, story_key, command, task_id, status",
        "noon,1,A,dev,code,start": "epoch is not a number",
        ",1,A,dev,code,start": "epoch is not a number",
        "-5,1,A,dev,code,start": "epoch is not a number",
        "inf,1,A,dev,code,start": "epoch is not a number",
        "9" * 400 + ",1,A,dev,code,start": "epoch is not a number",
        "9" * 16 + ",1,A,dev,code,start": "epoch is no possible time",
        f"{NOON},1,A\0,dev,code,start": "the line holds NUL bytes",
        f"{NOON},1,{'A' * 600},dev,code,start": "story_key is no readable key",
        f"{NOON},1,A,dev,code,start,{'m' * 200_000}": "the line is broken CSV (field larger than field limit (131072))",
    }
    odd = [
        f"\ufeff{NOON},1,A,dev,code,start",
        f'{NOON},1,A,dev,code,start,"never closed',
        f'{NOON},1,A,dev,code,start,"said ""so"" to ann@example.com",{{"extra": 1}},2',
        f"{NOON},,,,,",
        f"{NOON},1,A,dev,,start",
        f"  {NOON}.5 , 1 , A , dev , code , start , padded ",
    ]
    path = write_csv(tmp_path / "odd.csv", *GOOD, *bad, *odd, b"%d,1,A,dev,code,start,\xff\xfe" % NOON, "", "  ")
    outcome = db.ingest(path)
    reasons = [row[0] for row in db.sql("select reason from rejects order by cast(source_key as integer)")]
    assert reasons == [*bad.values(), "the line is not UTF-8"]
    assert outcome.counts.read == len(GOOD) + len(bad) + len(odd) + 1
    assert db.one("select count(*) from events") == len(GOOD) + len(odd)
    assert b"ann@example" not in db.path.read_bytes()
    assert b'"extra"' not in db.path.read_bytes()
    assert db.sql("select message from events where message like 'never%' or message like 'said%' order by 1") == [
        ("never closed",),
        ('said "so" to <e-mail>',),
    ]


def test_a_message_of_several_lines(db: ReportDatabase, tmp_path: Path) -> None:
    """A quoted message may hold line ends, but not the events after it where its quotes never close."""
    write_csv(
        tmp_path / "long.csv",
        *GOOD,
        f'{NOON + 50},1,A,dev,code,end,"first',
        "",
        'second, and ""last"""',
        f'{NOON + 60},1,A,dev,code,end,"open',
        "stray",
        *[f"{NOON + 70 + n},1,A,dev,code,end" for n in range(3)],
        f'{NOON + 80},1,A,dev,code,end,"open',
        *["stray"] * 300,
    )
    outcome = db.ingest(tmp_path / "long.csv")
    assert db.one("select count(*) from events") == len(GOOD) + 6
    assert db.sql("select message from events where message like 'first%'") == [('first\nsecond, and "last"',)]
    assert outcome.counts.rejected == 301


def test_a_line_of_100_mb(db: ReportDatabase, tmp_path: Path) -> None:
    """It is a row with a problem, and no more than a piece of it is ever held."""
    path = tmp_path / "huge.csv"
    with path.open("wb") as file:
        file.write("\n".join(GOOD).encode() + b"\n" + f'{NOON},1,A,dev,code,start,"'.encode())
        for _ in range(100):
            file.write(b"m" * 1_000_000)
        file.write(b"\n" + GOOD[0].encode())
    outcome = db.ingest(path)
    assert (outcome.counts.rejected, db.one("select count(*) from events")) == (1, len(GOOD) + 1)


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"\n\n",
        b"timestamp,epic_id,story_key,command,task_id,status\n",
        b"day,model,endpoint,input,output,cost\n2026-01-01,gpt,chat,1,2,0.5\n",
        b"1773144000,gpt,chat,1,2,0.5\n" * 20,
        # Exports of bills begin with an epoch too, and a currency is a word.
        b"1773144000,1773230400,2026-03-10T12:00:00+00:00,2026-03-11T12:00:00+00:00,2.25,usd,1000000\n" * 20,
        b"1773144000,1773230400,gpt-5,input,tokens,usd\n" * 20,
        b'{"a": 1}\n' * 20,
        b"\x00" * 5000,
    ],
)
def test_what_is_no_csv_of_events(db: ReportDatabase, tmp_path: Path, content: bytes) -> None:
    """Another file is refused in a sentence, and nothing is written."""
    (path := tmp_path / "other.csv").write_bytes(content)
    with pytest.raises(StoryreportError):
        db.ingest(path, system="sprint")
    assert not db.path.exists()


@pytest.mark.parametrize(
    "header", ["epoch,epic_id,story_key,command,task_id,status,message", '"Timestamp","epic_id","story_key","command"']
)
def test_names_of_columns_are_no_event(db: ReportDatabase, tmp_path: Path, header: str) -> None:
    """The runner writes none; whoever adds them, as an export does, has no broken line."""
    db.ingest(write_csv(tmp_path / "events.csv", header, f"{NOON},1,A,dev,code,start", f"{NOON + 7},1,A,dev,code,end"))
    assert [row[1:] for row in step_runs(db)] == [(1, "completed", 7000)]
    assert db.report("rejected_rows") == []
