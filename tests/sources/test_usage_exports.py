"""Exports and session files of more tools: the rows of each, whole, repeated or broken, and nothing private is kept.

data/<system>--<case>.{csv,jsonl,txt} is somebody's file (txt: one JSON document); the .json beside it has the rows that
it must become, worked out by hand. Only the columns named there are compared.
"""

import contextlib
import copy
import csv
import gzip
import io
import json
import sqlite3
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from helpers import DATA
from helpers.report_database import ReportDatabase

from storyreport import sources
from storyreport.recognise import find_parts
from storyreport.sources import recordfiles

SYSTEMS = (
    *("agent_logs", "anthropic_console", "aws_cur", "bedrock", "ccusage", "codex", "cursor", "deepseek", "elevenlabs"),
    *("gcp_billing", "gemini_cli", "helicone", "litellm_exports", "openai_console", "openai_responses", "opencode"),
    *("openrouter", "posthog", "replicate"),
)
PAIRS = sorted(path for system in SYSTEMS for path in DATA.glob(f"{system}--*.json"))
PRIVATE = b"tellnoone"
ROWS = {
    "runs": "select * from runs where gone_at is null order by source_key",
    "calls": """
        select
            calls.*, coalesce(runs.source_key, run_key) as run,
            case when not is_estimated then cost end as recorded_cost
        from calls
        left join runs on runs.id = run_id
        where calls.gone_at is null
        order by calls.source_key""",
}
ODD: tuple[Any, ...] = (
    None,
    True,
    -1,
    2**70,
    1.5e300,
    float("inf"),
    float("nan"),
    "",
    "x",
    "\ud800\x00",
    [],
    {},
    [[]],
    [{}],
)


def given(expected: Path) -> Path:
    """The file whose rows are expected."""
    (found,) = (path for path in DATA.glob(f"{expected.stem}.*") if path != expected)
    return found


def rows(db: ReportDatabase, table: str) -> list[dict[str, Any]]:
    """The rows of a core table that are there, by their keys."""
    with contextlib.closing(sqlite3.connect(db.path)) as connection:
        connection.row_factory = sqlite3.Row
        return [dict(row) for row in connection.execute(ROWS[table])]


def check(db: ReportDatabase, expected: Path) -> None:
    """Compare calls and runs with the rows expected, column by column named there."""
    wanted: dict[str, list[dict[str, Any]]] = json.loads(expected.read_text(encoding="utf-8"))
    for table, wants in wanted.items():
        found = {row["source_key"]: row for row in rows(db, table)}
        assert sorted(found) == sorted(want["source_key"] for want in wants)
        for want in wants:
            row = found[want["source_key"]]
            assert {name: row[name] for name in want} == {
                name: pytest.approx(value, abs=1e-12) if isinstance(value, float) else value
                for name, value in want.items()
            }


def places(value: Any, at: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    """Every place in a JSON value, as the keys that lead there."""
    yield at
    inner = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, below in inner:
        yield from places(below, (*at, key))


def put(record: Any, place: tuple[Any, ...], value: Any) -> Any:
    """A record with another value at a place."""
    if not place:
        return value
    changed = copy.deepcopy(record)
    holder = changed
    for key in place[:-1]:
        holder = holder[key]
    holder[place[-1]] = value
    return changed


def records(path: Path) -> list[Any]:
    """The records of a file, one a line or one document; those of a CSV file by their header."""
    text = path.read_text(encoding="utf-8")
    if path.suffix == ".csv":
        return list(csv.DictReader(io.StringIO(text)))
    return [json.loads(text)] if path.suffix == ".txt" else [json.loads(line) for line in text.splitlines()]


pairs = pytest.mark.parametrize("expected", PAIRS, ids=lambda path: path.stem)


def test_there_is_a_pair_of_every_system() -> None:
    """No system is left without an example, and each holds private text."""
    assert {path.stem.split("--")[0] for path in PAIRS} == set(SYSTEMS)
    for system in SYSTEMS:
        texts = [given(path).read_bytes() for path in PAIRS if path.stem.split("--")[0] == system]
        assert any(PRIVATE in text for text in texts), system


@pairs
def test_a_file_becomes_these_rows(db: ReportDatabase, tmp_path: Path, expected: Path) -> None:
    """A file is known by its content, becomes the rows expected, and given again it writes nothing."""
    path = tmp_path / f"anything{given(expected).suffix.replace('.txt', '.json')}"
    path.write_bytes(given(expected).read_bytes())
    outcome = db.ingest(path)
    assert db.sql("select reason from rejects") == []
    assert (outcome.counts.rejected, outcome.unchanged) == (0, False)
    assert db.sql("select system from sources") == [(expected.stem.split("--")[0],)]
    check(db, expected)
    assert db.report("orphans") == []
    assert db.ingest(path).unchanged
    before = {table: rows(db, table) for table in ROWS}
    assert db.ingest(path, full=True).counts.written == 0
    assert {table: rows(db, table) for table in ROWS} == before


@pairs
def test_one_system_knows_it(expected: Path) -> None:
    """Exactly one part of one system knows a file."""
    path = given(expected)
    finders = [
        (system.name, name)
        for system in sources.systems().values()
        for name, part in system.parts.items()
        if part.find and part.find(path)
    ]
    assert [system for system, _ in finders] == [expected.stem.split("--")[0]]
    (found,) = find_parts(path)
    assert (found.system.name, found.part) == finders[0]


@pytest.mark.parametrize("path", sorted(DATA.iterdir()), ids=lambda path: path.name)
def test_no_other_file_is_taken_for_one(path: Path) -> None:
    """Files of other systems, and expectations, are none of these."""
    if path.name.split("--")[0] in SYSTEMS and path.suffix != ".json":
        return
    known = [
        (name, part_name)
        for name in SYSTEMS
        for part_name, part in sources.systems()[name].parts.items()
        if part.find and part.find(path)
    ]
    assert known == []


@pairs
def test_nothing_private_is_kept(db: ReportDatabase, tmp_path: Path, expected: Path) -> None:
    """No byte of the report database is of a prompt, a person, a project, a key or a session, even of rejects."""
    source = given(expected)
    path = tmp_path / ("export.csv" if source.suffix == ".csv" else "export.jsonl")
    if source.suffix == ".csv":
        text = source.read_text(encoding="utf-8")
        broken = "\n".join(line.replace("2026-", "never-") for line in text.splitlines()[1:])
        path.write_text(f"{text}{broken}\n", encoding="utf-8")
    else:
        whole = [json.dumps(record) for record in records(source)]
        wrong: tuple[Any, ...] = ("never", [])
        broken_records = [
            json.dumps(put(record, place, value))
            for record in records(source)
            for place in places(record)
            for value in wrong
        ]
        path.write_text("\n".join([*whole, *broken_records]), encoding="utf-8")
    db.ingest(path)
    stored = b"".join(path.read_bytes() for path in db.path.parent.glob("report.db*"))
    assert PRIVATE not in stored


@pytest.mark.parametrize("expected", [path for path in PAIRS if given(path).suffix == ".jsonl"], ids=lambda p: p.stem)
def test_broken_lines_in_the_middle(db: ReportDatabase, tmp_path: Path, expected: Path) -> None:
    """Broken lines are rejected, each with its reason; the rest is loaded."""
    path = tmp_path / "export.jsonl"
    lines = given(expected).read_bytes()
    path.write_bytes(lines + b'{"cut\nnul \0 byte\n[1]\n' + b"[" * 20_000 + b"\n")
    assert db.ingest(path).counts.rejected == 4
    check(db, expected)


@pytest.mark.parametrize("expected", [path for path in PAIRS if given(path).suffix != ".csv"], ids=lambda p: p.stem)
def test_odd_values_are_loaded_or_rejected(db: ReportDatabase, tmp_path: Path, expected: Path) -> None:
    """A value of any kind at any place gives rows or rejects, never an exception; sound records are loaded."""
    path = tmp_path / "export.jsonl"
    read = records(given(expected))
    odd = (put(record, place, value) for record in read for place in places(record) for value in ODD)
    path.write_text("\n".join(json.dumps(record) for record in (*read, *odd)), encoding="utf-8")
    db.ingest(path)
    wanted = json.loads(expected.read_text(encoding="utf-8"))["calls"]
    keys = {want["source_key"] for want in wanted}
    assert keys <= {row["source_key"] for row in rows(db, "calls")}
    db.report("cost")


# Bills and usage, wrong values ----------------------------------------------------------------------------------------


def spent(db: ReportDatabase) -> list[tuple[Any, ...]]:
    """(currency, cost) of the cost report, summed by currency."""
    found: dict[str, float] = {}
    for row in db.report("cost"):
        found[row["currency"]] = found.get(row["currency"], 0.0) + (row["cost"] or 0.0)
    return sorted((currency, round(cost, 9)) for currency, cost in found.items() if currency and cost)


@pytest.mark.parametrize(
    ("system", "bill", "usage", "money", "calls"),
    [
        # 2.25 + 0.75 - 1.5 dollars, and 0.4 euros; 1010 + 4 requests.
        ("openai_console", "costs.csv", "usage.csv", [("EUR", 0.4), ("USD", 1.5)], 1014),
        # 0.054639 + 0.01 yuan; 5 + 1 requests.
        ("deepseek", "costs.csv", "amounts.csv", [("CNY", 0.064639)], 6),
    ],
)
def test_a_bill_covers_the_usage_beside_it(
    db: ReportDatabase, tmp_path: Path, system: str, bill: str, usage: str, money: list[tuple[str, float]], calls: int
) -> None:
    """Given both as one folder, money is that of the bill and nothing is estimated on its days."""
    folder = tmp_path / "export"
    folder.mkdir()
    for name in (bill, usage):
        (folder / name).write_bytes((DATA / f"{system}--{name}").read_bytes())
    db.ingest(folder)
    assert spent(db) == money
    assert sum(row["calls"] for row in db.report("cost")) == calls
    assert sum(row["unpriced_calls"] for row in db.report("cost")) == 0


def test_anthropic_s_bill_covers_its_days_alone(db: ReportDatabase, tmp_path: Path) -> None:
    """0.35 - 0.10 + 0.03 dollars were billed for November 10; an hour in March is not covered.

    It was a batch, for which the list has a price since October.
    """
    folder = tmp_path / "export"
    folder.mkdir()
    for name in ("usage", "costs"):
        (folder / f"{name}.csv").write_bytes((DATA / f"anthropic_console--{name}.csv").read_bytes())
    db.ingest(folder)
    assert db.sql("select day, round(sum(cost), 9) from calls where cost is not null group by 1") == [
        ("2026-11-10", 0.28)
    ]
    assert [row["day"] for row in db.report("cost") if row["unpriced_calls"]] == ["2026-03-31"]


def test_generations_come_before_the_daily_activity(db: ReportDatabase, tmp_path: Path) -> None:
    """Of a day with generations the daily rows count nothing, so that it is not counted twice."""
    generations = (DATA / "openrouter--generations.csv").read_text(encoding="utf-8").replace("2026-11-06", "2026-08-24")
    (tmp_path / "activity.csv").write_text(generations, encoding="utf-8")
    (tmp_path / "days.json").write_bytes((DATA / "openrouter--days.txt").read_bytes())
    db.ingest(tmp_path / "days.json", name="openrouter")
    assert db.sql("select day, sum(calls) from calls group by 1") == [("2026-08-24", 7), ("2026-08-25", 1)]
    db.ingest(tmp_path / "activity.csv", name="openrouter")
    db.ingest(tmp_path / "days.json", name="openrouter", full=True)
    assert db.sql("select day, sum(calls) from calls where gone_at is null group by 1") == [
        ("2026-08-24", 5),
        ("2026-08-25", 1),
    ]


def test_a_tag_s_spending_is_refused(db: ReportDatabase, tmp_path: Path) -> None:
    """A request with two tags is in two rows of LiteLLM's table of tags: adding them up would be wrong."""
    text = (DATA / "litellm_exports--days.csv").read_text(encoding="utf-8").replace("user_id", "tag", 1)
    (path := tmp_path / "tags.csv").write_text(text, encoding="utf-8")
    assert db.ingest(path).counts.rejected == 3
    assert db.sql("select distinct reason from rejects") == [
        ("a request with two tags is in two rows: export LiteLLM_DailyUserSpend instead",)
    ]
    assert rows(db, "calls") == []


TABLE = (
    "Service description,SKU description,Credit type,Cost type,Usage start date,{unrounded}Cost ({sign})\n"
    "Gemini API,input,,Usage,2026-11-06,{amount}12.35\n"
)


@pytest.mark.parametrize(
    ("sign", "currency"), [("$", "USD"), ("€", "EUR"), ("£", "GBP"), ("CHF", "CHF"), ("¥", None), ("A$", None)]
)
def test_google_s_currency(db: ReportDatabase, tmp_path: Path, sign: str, currency: str | None) -> None:
    """Without an invoice above it the column says the currency; an ambiguous sign is rejected."""
    (path := tmp_path / "table.csv").write_text(TABLE.format(sign=sign, unrounded="", amount=""), encoding="utf-8")
    db.ingest(path)
    if currency:
        assert db.sql("select cost, currency from calls") == [(12.35, currency)]
    else:
        assert db.sql("select reason from rejects") == [(f"the currency {sign} is not known",)]


def test_google_s_cost_is_not_the_rounded_one(db: ReportDatabase, tmp_path: Path) -> None:
    """Of two costs of a line the one that is not rounded counts."""
    text = TABLE.format(sign="$", unrounded="Unrounded cost ($),", amount='"12.345678",')
    (path := tmp_path / "table.csv").write_text(text, encoding="utf-8")
    db.ingest(path)
    assert db.sql("select cost from calls") == [(12.345678,)]


def test_an_api_error_of_another_program_is_none(tmp_path: Path) -> None:
    """An event called api_error is Claude Code's only where its body says nothing else."""
    text = (DATA / "agent_logs--claude.jsonl").read_text(encoding="utf-8").replace("claude_code.", "other.")
    (path := tmp_path / "log.jsonl").write_text(text, encoding="utf-8")
    find = sources.systems()["agent_logs"].parts["logs"].find
    assert find
    assert find(path) is None


@pytest.mark.parametrize(
    ("cell", "tokens"),
    [
        ("1000", 1000),
        ('"1,000"', 1000),
        ("", None),
        ("-", None),
        ("N/A", None),
        ("many", "rejected"),
        ('"1,00"', "rejected"),
    ],
)
def test_numbers_as_a_console_writes_them(db: ReportDatabase, tmp_path: Path, cell: str, tokens: Any) -> None:
    """Thousands may have commas and no value a dash; other text rejects its row."""
    header = "Date,Kind,Model,Max Mode,Input (w/ Cache Write),Input (w/o Cache Write),Cache Read,Output Tokens,Cost\n"
    (path := tmp_path / "usage.csv").write_text(
        f"{header}2026-10-01,Included,gpt-5,No,0,5,0,{cell},1.5\n", encoding="utf-8"
    )
    db.ingest(path)
    if tokens == "rejected":
        assert db.sql("select reason from rejects") == [("output_tokens is not a number",)]
    else:
        assert db.sql("select output_tokens, cost from calls") == [(tokens, 1.5)]


def test_cloud_bills_that_repeat_a_line(db: ReportDatabase, tmp_path: Path) -> None:
    """A line of AWS's report that is there twice counts once; without ids lines that are alike are two."""
    text = (DATA / "aws_cur--v1.csv").read_text(encoding="utf-8")
    (path := tmp_path / "cur.csv").write_text(text + text.partition("\n")[2], encoding="utf-8")
    db.ingest(path)
    # 3.3 + 0.2 - 1.5 dollars
    assert spent(db) == [("USD", 2.0)]
    without_ids = text.replace("\na,", "\n,").replace("\nb,", "\n,")
    path.write_text(without_ids + without_ids.partition("\n")[2], encoding="utf-8")
    db.ingest(path)
    assert spent(db) == [("USD", 4.0)]


def test_the_logs_of_an_account(db: ReportDatabase, tmp_path: Path) -> None:
    """Bedrock's logs are found below a folder; the bodies beside them and other files are left alone."""
    hour = (
        tmp_path / "logs" / "AWSLogs" / "1" / "BedrockModelInvocationLogs" / "us-east-1" / "2026" / "11" / "06" / "12"
    )
    (hour / "data").mkdir(parents=True)
    lines = (DATA / "bedrock--log.jsonl").read_text(encoding="utf-8").splitlines(keepends=True)
    (hour / "20261106T120000000Z_abc.json").write_text("".join(lines[:3]), encoding="utf-8")
    (hour / "20261106T121000000Z_def.json.gz").write_bytes(gzip.compress("".join(lines[3:]).encode()))
    (hour / "data" / "r1_input.json").write_text(json.dumps({"messages": "tellnoone"}), encoding="utf-8")
    (hour / "notes.json").write_text("{}", encoding="utf-8")
    db.ingest(tmp_path / "logs")
    assert [row["source_key"] for row in rows(db, "calls")] == ["r1", "r2", "r3", "r4"]
    assert db.sql("select reason from rejects") == []


def test_a_file_is_opened_a_few_times_to_be_known(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """However many systems there are, they look at the same first records."""
    (path := tmp_path / "unknown.jsonl").write_text('{"a": 1}\n' * 100, encoding="utf-8")
    opened = 0
    really = Path.open

    def counted(self: Path, *given: Any, **how: Any) -> Any:
        nonlocal opened
        opened += 1
        return really(self, *given, **how)

    monkeypatch.setattr(Path, "open", counted)
    for name in SYSTEMS:
        for part in sources.systems()[name].parts.values():
            assert part.find is None or part.find(path) is None
    # Once to see its form and once to read it; for Google's cost table, whose header may come late, again.
    assert 0 < opened <= 8


def test_a_folder_of_something_else_is_left_soon(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A project with many folders is not searched to its end; where files were found, all of them are read."""
    monkeypatch.setattr(recordfiles, "MOST_FOLDERS", 10)
    for number in range(30):
        (tmp_path / "project" / f"{number:02}").mkdir(parents=True)
    (tmp_path / "project" / "25" / "msg_1.json").touch()
    assert list(recordfiles.below(tmp_path / "project", "msg_*.json", deepest=2)) == []
    for number in (3, 27):
        (tmp_path / "project" / f"{number:02}" / "msg_2.json").touch()
    found = list(recordfiles.below(tmp_path / "project", "msg_*.json", deepest=2))
    assert [path.parent.name for path in found] == ["03", "25", "27"]
    assert list(recordfiles.below(tmp_path / "project", "msg_*.json", deepest=1)) == []
    assert list(recordfiles.below(tmp_path / "nothing", "msg_*.json", deepest=2)) == []
