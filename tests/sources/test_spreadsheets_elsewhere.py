"""Spreadsheets of other countries and programs: what can be read in one way only is read, the rest is dropped."""

import contextlib
import json
import sqlite3
from pathlib import Path

import pytest
from helpers.report_database import ReportDatabase

from storyreport.values import to_utc

AT = "2026-03-15T10:00:00Z"
HEADER = "id,called_at,model,input_tokens,cost\n"


def ingest(db: ReportDatabase, tmp_path: Path, content: str | bytes) -> list[tuple[object, ...]]:
    path = tmp_path / "calls.csv"
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    db.ingest(path)
    return db.sql("select source_key, input_tokens, cost, currency from calls order by source_key")


@pytest.mark.parametrize(
    ("tokens", "cost", "expected"),
    [
        ('"1,20,000"', '"₹1,23,456.78"', (120_000, 123_456.78, "INR")),
        ("1\u2019200\u2019000", "CHF 2.50", (1_200_000, 2.5, "CHF")),
        ("1'200", "1'234.50 CHF", (1200, 1234.5, "CHF")),
        # Of a token there is no part: this is a thousand and some. The cost may be either, and is dropped.
        ("1.234", '"2,500"', (1234, None, "USD")),
        # Where the costs say that the point is the mark of decimals it is neither.
        ("1.234", "0.0046", (None, 0.0046, "USD")),
    ],
)
def test_numbers(
    db: ReportDatabase, tmp_path: Path, tokens: str, cost: str, expected: tuple[int | None, float | None, str]
) -> None:
    assert ingest(db, tmp_path, f"{HEADER}c1,{AT},gpt-4o,{tokens},{cost}\n") == [("c1", *expected)]


def test_subtotals_are_left_out(db: ReportDatabase, tmp_path: Path) -> None:
    rows = (
        f"c1,{AT},gpt-4o,10,0.5\nSubtotal,,,10,0.5\nc2,{AT},gpt-4o,10,0.7\nc3,{AT},gpt-4o,10,0.1\n"
        "Sub-total,,,20,0.8\nGrand total,,,30,1.3\n"
    )
    # 0.5 + 0.7 + 0.1 of three calls.
    assert [row[0] for row in ingest(db, tmp_path, HEADER + rows)] == ["c1", "c2", "c3"]
    assert db.sql("select sum(input_tokens), round(sum(cost), 9) from calls") == [(30, 1.3)]
    assert db.sql("select source_row from rejects order by source_row") == [(3,), (6,), (7,)]


@pytest.mark.parametrize(
    "content",
    [
        f"ID,Called At,Model,Input Tokens,Cost (USD)\nc1,{AT},gpt-4o,10,0.5\n",
        f"id;called-at;model;input-tokens;Cost [$]\nc1;{AT};gpt-4o;10;0,5\n",
        f'"sep=,"\r\n{HEADER}c1,{AT},gpt-4o,10,0.5\r\n',
        f"Acme\nUsage;March 2026\n\nid;called_at;model;input_tokens;cost\nc1;{AT};gpt-4o;10;0,5\n",
        f"{HEADER}c1,{AT},gpt-4o,10,0.5\n".encode("utf-16-le"),
        f"{HEADER}c1,{AT},gpt-4o,10,0.5\n".encode("utf-16-be"),
    ],
)
def test_headers_titles_and_encodings(db: ReportDatabase, tmp_path: Path, content: str | bytes) -> None:
    assert ingest(db, tmp_path, content) == [("c1", 10, 0.5, "USD")]


def test_the_unit_of_a_header_is_the_currency(db: ReportDatabase, tmp_path: Path) -> None:
    content = f"id,called_at,model,Duration (s),Cost (EUR)\nc1,{AT},gpt-4o,2.5,0.5\n"
    assert ingest(db, tmp_path, content) == [("c1", None, 0.5, "EUR")]
    assert db.one("select duration_ms from calls") == 2500


@pytest.mark.parametrize(
    ("columns", "cells", "amount"),
    [
        # One column a currency: the first one with a value counts.
        ("cost_usd,cost_eur", "0.5,0.45", (0.5, "USD")),
        ("cost_usd,cost_eur", ",0.7", (0.7, "EUR")),
        ("Cost (EUR),Cost (USD)", "-,$0.7", (0.7, "USD")),
        ("cost_cents,cost_usd", "n/a,0.7", (0.7, "USD")),
        ("cost_usd,cost_eur", ",", (None, "USD")),
        # What a column is in stands in its header, whatever another one says or leaves out.
        ("currency,cost_eur", ",0.5", (0.5, "EUR")),
        ("cost_eur,currency", "0.5,USD", (0.5, "EUR")),
        ("cost,currency,cost_usd", "0.5,EUR,0.55", (0.5, "EUR")),
        ("cost,currency,cost_usd", ",,0.7", (0.7, "USD")),
    ],
)
def test_amounts_in_several_columns(
    db: ReportDatabase, tmp_path: Path, columns: str, cells: str, amount: tuple[float | None, str]
) -> None:
    path = tmp_path / "calls.csv"
    path.write_text(f"id,called_at,model,{columns}\nc1,{AT},my-own,{cells}\n", "utf-8")
    db.ingest(path)
    assert db.sql("select cost, currency from calls") == [amount]


@pytest.mark.parametrize(
    ("header", "cost", "expected"),
    [
        ("cost_cents", '"1,234.50"', (12.345, "USD")),
        ("Cost (cents)", "50", (0.5, "USD")),
        ("cost_in_cents", "-25", (-0.25, "USD")),
        # Which means that there is none.
        ("cost_cents", "-1", (None, "USD")),
        ("total_cost_cents", "n/a", (None, "USD")),
        ("cost_eur_cents", "50", (0.5, "EUR")),
        ("Spend USD micros", "12500", (0.0125, "USD")),
        ("cost_microdollars", "1500.5", (0.0015005, "USD")),
        ("amount_micro_usd", "1e6", (1.0, "USD")),
        ("costUsdMicros", "12500", (0.0125, "USD")),
        ("costCents", "50", (0.5, "USD")),
        # A whole currency, of the cost under one of its other names.
        ("costUsd", "0.5", (0.5, "USD")),
        ("total_cost_eur", "0.5", (0.5, "EUR")),
        ("Total Cost (GBP)", "0.5", (0.5, "GBP")),
        ("spend_usd", "0.5", (0.5, "USD")),
        # What a token costs, and a number of something.
        ("price_usd_micros", "3", (None, "USD")),
        ("amount", "3", (None, "USD")),
    ],
)
def test_parts_of_a_currency(
    db: ReportDatabase, tmp_path: Path, header: str, cost: str, expected: tuple[float | None, str]
) -> None:
    found = ingest(db, tmp_path, f"id,called_at,model,step,{header}\nc1,{AT},gpt-4o,outline,{cost}\n")
    assert found == [("c1", None, *expected)]
    # What is read is not called absent.
    said = [row["problem"] for row in db.report("data_quality") if row["area"] == "columns"]
    assert bool(said) == (header in ("price_usd_micros", "amount"))


def test_a_column_that_may_be_the_cost_is_said(db: ReportDatabase, tmp_path: Path) -> None:
    ingest(db, tmp_path, f"id,called_at,model,price_usd_micros\nc1,{AT},gpt-4o,3\n")
    assert [row["problem"] for row in db.report("data_quality") if row["area"] == "columns"] == [
        "calls: cost is absent, price_usd_micros is not read"
    ]


@pytest.mark.parametrize(
    ("header", "cells", "cost", "reasons"),
    [
        ("cost,cost", "0.25,0.25", 0.25, []),
        ("cost,cost", "0.25,", 0.25, []),
        # Which one is meant cannot be known.
        ("cost,cost", "0.25,0.50", None, ["cost is not a number"]),
        ("Cost,cost", "0.25,0.50", None, ["cost is not a number"]),
        ("cost,called_at", "0.25,2026-03-16", 0.25, ["called_at is no possible time"]),
        ("cost,,", "0.25,a,b", 0.25, []),
    ],
)
def test_columns_of_one_name(
    db: ReportDatabase, tmp_path: Path, header: str, cells: str, cost: float | None, reasons: list[str]
) -> None:
    found = ingest(db, tmp_path, f"id,called_at,model,step,{header}\nc1,{AT},my-own,outline,{cells}\n")
    assert [row[2] for row in found] == [cost]
    assert [reason for (reason,) in db.sql("select reason from rejects")] == reasons


def test_columns_of_other_names_are_written_as_in_spreadsheets(db: ReportDatabase, tmp_path: Path) -> None:
    header = "id,calledAt,model,tokens_in,completion_tokens,total_cost\n"
    rows = 'c1,3/15/2026 10:00,gpt-4o,"1,200",2.400,$0.50\nc2,3/15/2026 11:00,gpt-4o,"1,300","1,000,000","$1,000.50"\n'
    assert ingest(db, tmp_path, f"{header}{rows}Total,,,,,1001\n") == [
        ("c1", 1200, 0.5, "USD"),
        ("c2", 1300, 1000.5, "USD"),
    ]
    assert db.sql("select output_tokens, called_at from calls") == [
        (None, "2026-03-15T10:00:00.000Z"),
        (1_000_000, "2026-03-15T11:00:00.000Z"),
    ]


def test_dates_of_step_runs(db: ReportDatabase, tmp_path: Path) -> None:
    """Not only calls are kept in spreadsheets."""
    (path := tmp_path / "steps.csv").write_text(
        "run;step;started_at;ended_at;status\nr1;a;3/13/26 10:00 PM;3/13/26 10:01 PM;completed\n", "utf-8"
    )
    db.ingest(path)
    assert db.sql("select started_at, ended_at, duration_ms from step_runs") == [
        ("2026-03-13T22:00:00.000Z", "2026-03-13T22:01:00.000Z", 60_000)
    ]


def written(path: Path, *starts: str) -> Path:
    """Step runs as JSON lines or in a table of a database."""
    rows = [(f"r{number}", "a", "completed", start) for number, start in enumerate(starts)]
    names = ("run", "step", "status", "started_at")
    if path.suffix == ".jsonl":
        path.write_text("".join(json.dumps(dict(zip(names, row, strict=True))) + "\n" for row in rows), "utf-8")
        return path
    with contextlib.closing(sqlite3.connect(path)) as connection, connection:
        connection.execute("drop table if exists step_runs")
        connection.execute(f"create table step_runs ({', '.join(names)})")
        connection.executemany("insert into step_runs values (?, ?, ?, ?)", rows)
    return path


@pytest.mark.parametrize("name", ["runs.jsonl", "runs.db"])
@pytest.mark.parametrize(
    ("starts", "expected"),
    [
        (("11/02/2026 10:00 AM", "11/28/2026 1:00:05 PM"), ["2026-11-02T10:00:00.000Z", "2026-11-28T13:00:05.000Z"]),
        (("11/2/2026, 10:00:00\u202fAM", "11/28/2026"), ["2026-11-02T10:00:00.000Z", "2026-11-28T00:00:00.000Z"]),
        (("02/11/2026 10:00", "28-11-2026 10:00 CET"), ["2026-11-02T10:00:00.000Z", "2026-11-28T09:00:00.000Z"]),
        # Nothing says which of the two they mean, or both is said.
        (("02/11/2026", "03/04/2026"), []),
        (("13/11/2026", "11/13/2026"), []),
    ],
)
def test_the_whole_column_says_which_comes_first(
    db: ReportDatabase, tmp_path: Path, name: str, starts: tuple[str, ...], expected: list[str]
) -> None:
    """In JSON and databases as in spreadsheets; rows whose time is not known are rejected."""
    db.ingest(written(tmp_path / name, *starts))
    assert [start for (start,) in db.sql("select started_at from step_runs order by 1")] == expected
    assert len(db.report("rejected_rows")) == 2 - len(expected)


@pytest.mark.parametrize("name", ["runs.jsonl", "runs.db"])
def test_a_row_that_is_added_is_read_like_those_before(db: ReportDatabase, tmp_path: Path, name: str) -> None:
    """Also where the file is read from its end."""
    starts = ("11/02/2026 10:00", "11/28/2026 10:00")
    db.ingest(written(tmp_path / name, *starts))
    db.ingest(written(tmp_path / name, *starts, "12/03/2026 10:00"))
    assert db.one("select max(started_at) from step_runs") == "2026-12-03T10:00:00.000Z"


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("15-Mar-2026 10:00 PM", "2026-03-15T22:00:00.000Z"),
        ("15-Mar-26", "2026-03-15T00:00:00.000Z"),
        ("Mar 15, 2026, 12:00:13 a.m.", "2026-03-15T00:00:13.000Z"),
        ("Sunday, March 15, 2026 10:00 AM", "2026-03-15T10:00:00.000Z"),
        ("Sun, 15 Mar 2026 10:00:00 GMT", "2026-03-15T10:00:00.000Z"),
        ("Sun, 15 Mar 2026 10:00:00 +0530", "2026-03-15T04:30:00.000Z"),
        ("2026/3/5 9:05", "2026-03-05T09:05:00.000Z"),
        ("2026-03-15 10.00.13", "2026-03-15T10:00:13.000Z"),
        # As .NET writes it, and browsers do, with a space of their own.
        ("2026-03-15 12:00:13 AM", "2026-03-15T00:00:13.000Z"),
        ("2026-03-15 13:00:13 PM", None),
        ("Mar 15, 2026, 10:00:13\u202fPM", "2026-03-15T22:00:13.000Z"),
        ("20260315T100000Z", "2026-03-15T10:00:00.000Z"),
        # 1,773,568,800 s are 2026-03-15T10:00:00Z.
        (1_773_568_800_000_000, "2026-03-15T10:00:00.000Z"),
        (1_773_568_800_123_456_789, "2026-03-15T10:00:00.123Z"),
        ("15-Foo-2026 10:00", None),
        ("2026/13/01 10:00", None),
        # Names of zones that are one offset, in RFC 5322 or everywhere; CST is 6 hours behind UTC, or 8 ahead of it.
        ("Sun, 15 Mar 2026 10:00:00 EST", "2026-03-15T15:00:00.000Z"),
        ("2026-03-15 10:00:00.25 PST", "2026-03-15T18:00:00.250Z"),
        ("Sun Jul 5 10:00:00 CEST 2026", "2026-07-05T08:00:00.000Z"),
        ("March 15, 2026 10:00 PM JST", "2026-03-15T13:00:00.000Z"),
        ("2026-03-15 10:00:00 CST", None),
        ("2026-03-15 10:00:00 IST", None),
    ],
)
def test_times_in_other_writings(text: str | int, expected: str | None) -> None:
    assert to_utc(text) == expected


def test_named_months_are_in_the_zone_of_the_source() -> None:
    # Berlin is an hour ahead of UTC in winter.
    assert to_utc("15-Mar-2026 10:00", "Europe/Berlin") == "2026-03-15T09:00:00.000Z"


@pytest.mark.parametrize(
    ("cells", "costs"),
    [
        # 3 thousandths are not 3; the first one says that 1,234 is little.
        (("0,003", "1,234"), [0.003, 1.234]),
        (("6,5E-05", "1234,567"), [0.000065, 1234.567]),
        (("$1,234", "$0.50"), [1234.0, 0.5]),
        (("-0,001", "1,234 $"), [-0.001, 1.234]),
        # As in France and in Switzerland.
        (("1\u202f234,50\u00a0$", "2 345,5", "1\u2019234.50"), [1234.5, 2345.5, 1234.5]),
        # What was given back, as in formats for accounts.
        (("(0.50)", "$(1,234.50)", "0.25-", "\u22120.25"), [-0.5, -1234.5, -0.25, -0.25]),
        # It may be either of two.
        (("1,234", "5"), [None, 5.0]),
        (("1,234", "0,5", "0.5"), [None, 0.5, 0.5]),
        (("1.234", "0,5"), [1234.0, 0.5]),
        # As in India.
        (("$1,23,456.78", "0.5"), [123456.78, 0.5]),
        # OpenRouter charges in dollars: what somebody has changed into another currency is no cost in them.
        (("0.5", "1,20 €", "£0.45", "¥3", "EUR 2.50", "US$0.25"), [0.5, None, None, None, None, 0.25]),
    ],
)
def test_decimal_commas_in_exports_of_tools(
    db: ReportDatabase, tmp_path: Path, cells: tuple[str, ...], costs: list[float | None]
) -> None:
    """As a spreadsheet saves an export again that it has shown."""
    rows = (f"2026-05-{day:02};my-own;{cell};0;1;10;2;0\n" for day, cell in enumerate(cells, start=1))
    header = "Date;Slug;Usage;BYOK Usage;Requests;Prompt Tokens;Completion Tokens;Reasoning Tokens\n"
    (tmp_path / "activity.csv").write_text(header + "".join(rows), "utf-8")
    db.ingest(tmp_path / "activity.csv")
    assert [cost for (cost,) in db.sql("select cost from calls order by called_at")] == costs
    problems = [problem for (problem,) in db.sql("select reason from rejects")]
    assert problems == ["usage is not a number"] * costs.count(None)


@pytest.mark.parametrize("last", ["Total,,3,,300", "Grand total,,$3.00,,300", "Total,,-,,300"])
def test_totals_below_an_export_of_a_tool(db: ReportDatabase, tmp_path: Path, last: str) -> None:
    """A row without a time and with the sums of all others is none; one with other sums is not known to be one."""
    lines = [
        "generation_id,created_at,cost_total,model_permaslug,tokens_prompt",
        "a,2026-05-01 10:00:00,4.5,openai/gpt-4o,100",
        "b,2026-05-02 10:00:00,(1.50),openai/gpt-4o,200",
    ]
    (tmp_path / "activity.csv").write_text("\n".join([*lines, last]), "utf-8")
    db.ingest(tmp_path / "activity.csv")
    assert db.sql("select source_key, cost from calls order by 1") == [("a", 4.5), ("b", -1.5)]
    assert db.sql("select reason from rejects") == [("a total of all rows, which is left out",)]
    (tmp_path / "activity.csv").write_text("\n".join([*lines, "Total,,9.5,,300"]), "utf-8")
    db.ingest(tmp_path / "activity.csv")
    assert db.sql("select count(*) from calls") == [(3,)]


def test_tokens_of_an_export_saved_by_a_spreadsheet(db: ReportDatabase, tmp_path: Path) -> None:
    """A point between thousands is no decimal point, and the header of a second export below the first is no call."""
    lines = [
        "generation_id;created_at;cost_total;model_permaslug;tokens_prompt;tokens_completion",
        "a;2026-05-01 10:00:00;0,5;my-own;1.234;12.345.678",
        "generation_id;created_at;cost_total;model_permaslug;tokens_prompt;tokens_completion",
        # A day that was saved as a spreadsheet counts it: 46,144 days after 1899-12-30.
        "b;46144.25;12,345;my-own;999;7",
    ]
    (tmp_path / "activity.csv").write_text("\n".join(lines), "utf-8")
    db.ingest(tmp_path / "activity.csv")
    found = db.sql("select source_key, cost, input_tokens, output_tokens from calls order by 1")
    assert found == [("a", 0.5, 1234, 12_345_678), ("b", 12.345, 999, 7)]
    assert db.one("select max(called_at) from calls") == "2026-05-02T06:00:00.000Z"
    assert db.sql("select reason from rejects") == [("the header once more, which is left out",)]


def test_costs_and_words_of_cursor(db: ReportDatabase, tmp_path: Path) -> None:
    """A number is a cost in any country's form; what is a word is none, and nothing to say."""
    header = "Date,Kind,Model,Max Mode,Input (w/ Cache Write),Input (w/o Cache Write),Cache Read,Output Tokens,Cost"
    cells = ('"1,704423"', "Included", "US$0.25", "-", "about 3")
    rows = [f"2026-10-0{day},On-demand,my-own,No,0,5,0,7,{cell}" for day, cell in enumerate(cells, start=1)]
    (tmp_path / "usage.csv").write_text("\n".join([header, *rows]), "utf-8")
    db.ingest(tmp_path / "usage.csv")
    assert db.sql("select cost from calls order by called_at") == [(1.704423,), (None,), (0.25,), (None,), (None,)]
    assert db.sql("select reason from rejects") == [("cost is not a number",)]


def test_ids_that_a_spreadsheet_has_rounded(db: ReportDatabase, tmp_path: Path) -> None:
    """Two calls are not one because a spreadsheet shows the same of their ids, and no time is hours from its own."""
    rows = "1.76242E+12,2026-03-15T10:00:00Z,my-own,10,0.5\n1.76242E+12,1.76242E+12,my-own,20,0.7\n"
    ingest(db, tmp_path, HEADER + rows)
    assert db.sql("select input_tokens, cost, called_at from calls order by cost") == [
        (10, 0.5, "2026-03-15T10:00:00.000Z"),
        (20, 0.7, None),
    ]
    assert db.sql("select reason from rejects") == [("called_at is no possible time",)]


def test_keys_of_others_that_a_spreadsheet_has_rounded(db: ReportDatabase, tmp_path: Path) -> None:
    """Runs whose ids look the same since are not one run: their steps are rejected, a call keeps its cost."""
    (tmp_path / "attempts.csv").write_text(
        "run,story,step,status,started_at\n2.02612E+13,S1,draft,completed,2026-05-01T10:00:00Z\n"
        "2.02612E+13,S2,draft,failed,2026-05-02T10:00:00Z\nr1,S1,1E+02,completed,2026-05-03T10:00:00Z\n"
        "r2,E+12,v1.2E+12,completed,2026-05-04T10:00:00Z\n",
        "utf-8",
    )
    (tmp_path / "calls.csv").write_text(
        "run,story,called_at,model,cost\n2.02612E+13,S1,2026-05-01T10:00:30Z,my-own,0.5\n"
        '"2,02612E+13",,2026-05-02T10:00:30Z,my-own,0.25\n',
        "utf-8",
    )
    db.ingest(tmp_path)
    assert db.sql("select source_key from runs") == [("r2",)]
    assert db.sql("select name from steps") == [("v1.2E+12",)]
    assert db.sql("select cost, run_key, run_id from calls order by cost") == [(0.25, None, None), (0.5, None, None)]
    assert db.sql("select reason, count(*) from rejects group by 1 order by 1") == [
        ("run has lost its last digits in a spreadsheet", 4),
        ("step has lost its last digits in a spreadsheet", 1),
    ]


def test_rows_of_a_tool_whose_ids_are_rounded(db: ReportDatabase, tmp_path: Path) -> None:
    header = "generation_id,created_at,cost_total,model_permaslug,tokens_prompt\n"
    rows = "1.76242E+12,2026-05-01 10:00:00,0.5,my-own,10\ngen-2,2026-05-01 10:00:00,0.25,my-own,10\n"
    (tmp_path / "activity.csv").write_text(header + rows, "utf-8")
    db.ingest(tmp_path / "activity.csv")
    assert db.sql("select source_key, cost from calls") == [("gen-2", 0.25)]
    assert db.sql("select reason from rejects") == [("generation_id has lost its last digits in a spreadsheet",)]
