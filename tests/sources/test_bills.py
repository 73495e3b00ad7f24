"""Bills beside usage, and wrong values in the exports of consoles and clouds."""

import gzip
import json
from pathlib import Path
from typing import Any

import pytest
from helpers import DATA
from helpers.report_database import ReportDatabase
from helpers.usage_exports import SYSTEMS, rows

from storyreport import sources
from storyreport.sources import recordfiles


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


@pytest.mark.parametrize("quoted", ["Currency;AUD", '"Currency";"AUD"', "sep=;\nCurrency;AUD;;;"])
def test_google_s_invoice_saved_by_a_spreadsheet(db: ReportDatabase, tmp_path: Path, quoted: str) -> None:
    """Its currency counts, whatever stands between the cells, and not the sign of the column."""
    table = TABLE.format(sign="$", unrounded="", amount="").replace(",", ";").replace("12.35", "1.012,35")
    (path := tmp_path / "table.csv").write_text(f"{quoted}\n{table}", encoding="utf-8")
    db.ingest(path)
    assert db.sql("select cost, currency from calls") == [(1012.35, "AUD")]


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
        ("many", "dropped"),
        ('"1,00"', "dropped"),
        # Of a token there is no part, and the cost says what the point is.
        ("1.000", 1),
        ("1.234", "dropped"),
        ("12.5", "dropped"),
    ],
)
def test_numbers_as_a_console_writes_them(db: ReportDatabase, tmp_path: Path, cell: str, tokens: Any) -> None:
    """Thousands may have commas and no value a dash; other text is dropped from its row."""
    header = "Date,Kind,Model,Max Mode,Input (w/ Cache Write),Input (w/o Cache Write),Cache Read,Output Tokens,Cost\n"
    (path := tmp_path / "usage.csv").write_text(
        f"{header}2026-10-01,Included,gpt-5,No,0,5,0,{cell},1.5\n", encoding="utf-8"
    )
    db.ingest(path)
    dropped = [("output_tokens is not a number",)] if tokens == "dropped" else []
    assert db.sql("select reason from rejects") == dropped
    assert db.sql("select output_tokens, cost from calls") == [(None if dropped else tokens, 1.5)]


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


@pytest.mark.parametrize("as_folder", [True, False])
@pytest.mark.parametrize(
    ("names", "cost"),
    [
        (("export-000000000000.jsonl", "export-000000000001.jsonl"), 7),
        (("2026-11-cur-00001.jsonl", "2026-11-cur-00002.jsonl"), 7),
        (("part_0_0001.jsonl", "part_1_0001.jsonl"), 7),
        # A later export of the same bill counts instead of the earlier one.
        (("bill-2026-11-08.jsonl", "bill-2026-11-09.jsonl"), 4),
        (("bill.jsonl", "bill (1).jsonl"), 4),
    ],
)
def test_pieces_of_one_bill_are_added_up(
    db: ReportDatabase, tmp_path: Path, names: tuple[str, str], cost: float, as_folder: bool
) -> None:
    """A day's rows of a service are in both files, 1 + 2 and 4 euros."""
    folder = tmp_path / "bills"
    folder.mkdir()
    paths = [folder / name for name in names]
    named = {"service": {"description": "Vertex AI"}, "sku": {"description": "Input"}, "cost_type": "regular"}
    row = {**named, "usage_start_time": "2026-11-06 10:00:00 UTC", "currency": "EUR", "credits": []}
    for path, costs in zip(paths, ((1, 2), (4,)), strict=True):
        path.write_text("".join(json.dumps({**row, "cost": cost}) + "\n" for cost in costs), "utf-8")
    given = [folder] if as_folder else paths
    db.ingest(*given)
    assert spent(db) == [("EUR", cost)]
    assert db.ingest(*given).unchanged


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


@pytest.mark.parametrize(
    ("name", "known"),
    [
        ("openai_console--costs.csv", "eur"),
        ("deepseek--costs.csv", "CNY"),
        ("aws_cur--v2.csv", "CNY"),
        ("gcp_billing--export.jsonl", "EUR"),
        ("cloud_bills--azure.csv", "EUR"),
        ("cloud_bills--focus.csv", "USD"),
    ],
)
def test_a_bill_in_an_unknown_currency_has_no_amount(db: ReportDatabase, tmp_path: Path, name: str, known: str) -> None:
    """Nothing is added up in a currency that nobody knows, and a finding says so."""
    text = (DATA / name).read_text(encoding="utf-8")
    assert known in text
    path = tmp_path / name
    path.write_text(text.replace(known, "ZZZ"), "utf-8")
    db.ingest(path)
    assert db.sql("select distinct currency from calls where currency in ('ZZZ', 'XXX')") == []
    assert db.one("select count(*) from calls where cost is null and calls = 0") > 0
    assert "currency is not known" in " ".join(row["problem"] for row in db.report("data_quality"))
