"""Calls in files that spreadsheets wrote: any separator, encoding, form of numbers and dates; totals are left out."""

import gzip
from pathlib import Path

import pytest
from helpers.report_database import ReportDatabase

HEADER = "id,called_at,model,step,input_tokens,output_tokens,cost,currency"
AT = "2026-03-15T10:00:00Z"


def ingest(db: ReportDatabase, path: Path, content: bytes | str) -> list[tuple[str, float | None, str]]:
    """(key, cost, currency) of each call."""
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    db.ingest(path)
    return db.sql("select source_key, cost, currency from calls order by source_key")


def warnings(db: ReportDatabase) -> list[tuple[str, str]]:
    """(row, reason) of what was dropped from a row."""
    return db.sql("select source_key, reason from rejects where severity = 'warning' order by 1")


@pytest.mark.parametrize(
    ("cell", "currency", "cost", "code"),
    [
        ("$0.0046", "USD", 0.0046, "USD"),
        ("$0.0046", "", 0.0046, "USD"),
        ('"$1,234.50"', "", 1234.5, "USD"),
        ('"1,234.50 €"', "", 1234.5, "EUR"),
        ("€12", "EUR", 12.0, "EUR"),
        ("4.6E-03", "usd", 0.0046, "USD"),
        ('"6,5E-05"', "", 0.000065, "USD"),
        ('"1,234E-03 €"', "", 0.001234, "EUR"),
        ("(0.50)", "USD", -0.5, "USD"),
        # In a spreadsheet's format for accounts, which fills cells with blanks.
        ('" $(1,234.50)"', "", -1234.5, "USD"),
        (" $ (0.50)", "", -0.5, "USD"),
        (" € -   ", "", None, "USD"),
        ("-0.50", "", -0.5, "USD"),
        ("-$0.50", "", -0.5, "USD"),
        ("1.5", "US Dollar", 1.5, "USD"),
        ("1.5", "£", 1.5, "GBP"),
        ("1.5", "Euro", 1.5, "EUR"),
        ("N/A", "USD", None, "USD"),
        ("-", "USD", None, "USD"),
        ("CA$1.50", "", 1.5, "CAD"),
        ("15 Kč", "", 15.0, "CZK"),
    ],
)
def test_amounts(db: ReportDatabase, tmp_path: Path, cell: str, currency: str, cost: float | None, code: str) -> None:
    found = ingest(db, tmp_path / "calls.csv", f"{HEADER}\r\nc1,{AT},my-own,draft,10,2,{cell},{currency}\r\n")
    assert found == [("c1", cost, code)]
    assert warnings(db) == []


@pytest.mark.parametrize(
    ("cell", "currency", "reason"),
    [
        ("NaN", "USD", "cost is not a number"),
        ("1e400", "USD", "cost is not a number"),
        ("soon", "USD", "cost is not a number"),
        ("$5", "EUR", "cost is not a number"),
        ("5%", "USD", "cost is not a number"),
        # One thousand or one, who knows.
        ('"1,234"', "USD", "cost is not a number"),
        ("-1", "USD", "cost of -1, which means that there is none"),
        ("5", "credits", "currency is not known"),
        ("5", "¥", "currency is not known"),
    ],
)
def test_a_bad_amount_is_dropped_and_said(
    db: ReportDatabase, tmp_path: Path, cell: str, currency: str, reason: str
) -> None:
    """The row and its tokens stay, without a cost; 10 * 2.5 + 2 * 10 dollars a million are estimated."""
    found = ingest(db, tmp_path / "calls.csv", f"{HEADER}\nc1,{AT},gpt-4o,draft,10,2,{cell},{currency}\n")
    assert [cost for _, cost, _ in found] == [None]
    assert db.sql("select input_tokens, round(estimated_cost, 9) from calls") == [(10, 0.000045)]
    assert warnings(db) == [("c1", reason)]


@pytest.mark.parametrize("tokens", ["9223372036854775808", "2000000000000", "1e400", "NaN", "-5", "lots"])
def test_bad_tokens_are_dropped_and_said(db: ReportDatabase, tmp_path: Path, tokens: str) -> None:
    found = ingest(db, tmp_path / "calls.csv", f"{HEADER}\nc1,{AT},gpt-4o,draft,{tokens},2,0.5,USD\n")
    assert found == [("c1", 0.5, "USD")]
    assert db.sql("select input_tokens, output_tokens from calls") == [(None, 2)]
    reason = "negative input_tokens" if tokens == "-5" else "input_tokens is not a number"
    assert warnings(db) == [("c1", reason)]


def test_decimal_commas_by_the_whole_column(db: ReportDatabase, tmp_path: Path) -> None:
    """1.200 tokens are many and 0,0046 is little, as the column says elsewhere; 1.234 of it is a thousand."""
    lines = [
        "id;called_at;model;input_tokens;cost;currency",
        f"c1;{AT};gpt-4o;1.200;1.234;EUR",
        f"c2;{AT};gpt-4o;1200;0,0046;EUR",
        f"c3;{AT};gpt-4o;12.345.678;1.234,50;EUR",
    ]
    assert ingest(db, tmp_path / "calls.csv", "\r\n".join(lines)) == [
        ("c1", 1234.0, "EUR"),
        ("c2", 0.0046, "EUR"),
        ("c3", 1234.5, "EUR"),
    ]
    assert db.sql("select input_tokens from calls order by source_key") == [(1200,), (1200,), (12_345_678,)]


@pytest.mark.parametrize(
    ("cells", "days"),
    [
        (["15.03.2026 10:00", "01.02.2026 10:00"], ["2026-03-15", "2026-02-01"]),
        (["3/15/2026 10:00", "1/2/2026 10:00"], ["2026-03-15", "2026-01-02"]),
        (["15/3/2026 10:00", "1/2/2026"], ["2026-03-15", "2026-02-01"]),
        (["3/15/2026 10:00 PM", "1/2/2026 12:05 AM"], ["2026-03-15", "2026-01-02"]),
        # Neither says, or both do.
        (["1/2/2026 10:00", "3/4/2026 10:00"], ["", ""]),
        (["15/3/2026", "3/15/2026"], ["", ""]),
    ],
)
def test_dates_by_the_whole_column(db: ReportDatabase, tmp_path: Path, cells: list[str], days: list[str]) -> None:
    rows = "".join(f"c{number},{cell},gpt-4o,0.5\n" for number, cell in enumerate(cells))
    ingest(db, tmp_path / "calls.csv", f"id,called_at,model,cost\n{rows}")
    assert [day for (day,) in db.sql("select day from calls order by source_key")] == days
    reason = "called_at does not say whether the day or the month comes first: write the year first, as in 2026-03-04"
    assert [found for _, found in warnings(db)] == [reason] * days.count("")
    assert db.one("select sum(cost) from calls") == 1.0


PLAIN = f"id,called_at,model,step,cost\nc1,{AT},gpt-4o,outline,0.5\n"


@pytest.mark.parametrize(
    "content",
    [
        PLAIN,
        PLAIN.replace(",", ";"),
        PLAIN.replace(",", "\t"),
        "sep=;\n" + PLAIN.replace(",", ";"),
        "sep=,\n" + PLAIN,
        "\ufeff" + PLAIN,
        PLAIN.replace(",", ", "),
        PLAIN.replace("\n", "\r"),
        PLAIN.replace("\n", "\r\n"),
        "Usage report,,,,\n" + PLAIN,
        "Usage report of May\n\n" + PLAIN,
        PLAIN.upper().replace("GPT-4O", "gpt-4o").replace("C1", "c1"),
        PLAIN.replace("cost\n", "cost,\n").replace("0.5\n", "0.5,\n"),
        f"id,called_at,model,step,cost,currency,status\nc1,{AT},gpt-4o,outline,0.5\n",
        PLAIN.encode("utf-16"),
        PLAIN.encode("utf-16-le").join([b"\xff\xfe", b""]),
        PLAIN.replace("outline", "ébauche").encode("latin-1"),
        gzip.compress(PLAIN.encode("utf-16"), mtime=0),
        gzip.compress(PLAIN.replace("outline", "ébauche").replace("\n", "\r").encode("latin-1"), mtime=0),
        "\ufeff\n" + PLAIN,
        PLAIN.replace("outline", "ébauche \u2013 5 €").encode("cp1252"),
        # As psql, mysql, Airflow and Markdown print a table.
        PLAIN.replace(",", " | ").replace("\n", "\n----+-----+-----+-----+----\n", 1) + "(1 row)\n\n",
        "".join(f"+---+---+---+---+---+\n| {line.replace(',', ' | ')} |\n" for line in PLAIN.split())
        + "+--+--+--+--+--+",
        PLAIN.replace(",", " | ").replace("\n", "\n====+=====+=====+=====+====\n", 1),
        "|" + PLAIN.replace(",", "|").replace("\n", "|\n|---|:---:|---|---|--:|\n|", 1).replace("0.5", "0.5|"),
        # Rows that were emptied.
        PLAIN + ",,,,\n , , , , \n",
    ],
)
def test_a_file_of_any_spreadsheet(db: ReportDatabase, tmp_path: Path, content: bytes | str) -> None:
    assert ingest(db, tmp_path / "calls.csv", content) == [("c1", 0.5, "USD")]
    assert db.sql("select model, day from calls") == [("gpt-4o", "2026-03-15")]
    assert db.sql("select reason from rejects") == []


@pytest.mark.parametrize("encoding", ["utf-8", "utf-16", "cp1252"])
@pytest.mark.parametrize("line_end", ["\n", "\r"])
def test_a_packed_file_of_any_spreadsheet(db: ReportDatabase, tmp_path: Path, encoding: str, line_end: str) -> None:
    content = PLAIN.replace("outline", "ébauche").replace("\n", line_end).encode(encoding)
    assert ingest(db, tmp_path / "calls.csv.gz", gzip.compress(content)) == [("c1", 0.5, "USD")]
    assert db.sql("select name from steps") == [("ébauche",)]


def test_letters_of_latin_1(db: ReportDatabase, tmp_path: Path) -> None:
    ingest(db, tmp_path / "calls.csv", PLAIN.replace("outline", "ébauche").encode("latin-1"))
    assert db.sql("select name from steps") == [("ébauche",)]


@pytest.mark.parametrize(
    ("last", "left_out"),
    [
        ("Total,,,,0.75", True),
        (",,,,0.75", True),
        (",,Total,,0.75", True),
        ("Grand total,,,,$0.75", True),
        # As Excel writes subtotals and pivot tables theirs.
        (",,gpt-4o Total,,0.75", True),
        (",,gpt-4o,Subtotal,0.75", True),
        ("gpt-4o Ergebnis,,,,0.75", True),
        ("2 rows,,,,0.75", True),
        # Another amount is no total, and a call that costs as much is a call, as is one with an id.
        ("c3,,,,0.75", False),
        (",,gpt-4o,sum up the story,0.75", False),
        ("Total,,,,0.7", False),
        (f"c3,{AT},gpt-4o,outline,0.75", False),
    ],
)
def test_totals_are_left_out(db: ReportDatabase, tmp_path: Path, last: str, left_out: bool) -> None:
    content = f"{PLAIN}c2,{AT},gpt-4o,outline,0.25\n{last}\n"
    found = ingest(db, tmp_path / "calls.csv", content)
    assert len(found) == (2 if left_out else 3)
    reasons = [reason for (reason,) in db.sql("select reason from rejects")]
    assert reasons == ["a total of the rows above it, which is left out"] * left_out


def test_calls_without_a_model_that_cost_nothing_are_no_totals(db: ReportDatabase, tmp_path: Path) -> None:
    content = "called_at,model,step,cost\n,,draft,0\n,,outline,0\n"
    (tmp_path / "calls.csv").write_text(content, "utf-8")
    db.ingest(tmp_path / "calls.csv")
    assert db.sql("select count(*) from calls") == [(2,)]


@pytest.mark.parametrize("row", [",,,,,USD,", "a note,,,,,,", ",,,,,,a note", ",,,,,USD,a note\n,,,,,,another one"])
def test_a_row_without_a_call_takes_no_other_away(db: ReportDatabase, tmp_path: Path, row: str) -> None:
    content = PLAIN.replace("cost\n", "cost,currency,status\n").replace("0.5\n", "0.5,USD,ok\n")
    assert ingest(db, tmp_path / "calls.csv", f"{content}{row}\n") == [("c1", 0.5, "USD")]
    reasons = {reason for (reason,) in db.sql("select reason from rejects")}
    assert [reason.partition(" run")[0] for reason in reasons] == ["has none of"]


@pytest.mark.parametrize(
    ("row", "reason"),
    [
        (",see invoice 17,,,", "has none of"),
        (",,,,see invoice", "has none of"),
        ("see invoice,soon,,,n/a", "has none of"),
        (",,,prices without tax,", "a note, which"),
        ("id,called_at,model,step,cost", "the header once more, which"),
        ("---,---,---,---,---", "a rule between rows, which"),
        ("Average,,,,0.5", "an average or count of other rows, which"),
        (",Max:,,,0.5", "an average or count of other rows, which"),
    ],
)
def test_notes_headers_and_averages_are_left_out(db: ReportDatabase, tmp_path: Path, row: str, reason: str) -> None:
    assert ingest(db, tmp_path / "calls.csv", f"{PLAIN}{row}\nc2,{AT},gpt-4o,,0.5\n") == [
        ("c1", 0.5, "USD"),
        ("c2", 0.5, "USD"),
    ]
    assert [why.startswith(reason) for (why,) in db.sql("select reason from rejects")] == [True]


@pytest.mark.parametrize(
    "row", [f"average,{AT},,,0.5", "c9,,,Average,0.4", f",{AT},,prices,", ",,gpt-4o,,", "max,,o3,,1"]
)
def test_calls_that_look_like_notes(db: ReportDatabase, tmp_path: Path, row: str) -> None:
    assert len(ingest(db, tmp_path / "calls.csv", f"{PLAIN}{row}\n")) == 2


@pytest.mark.parametrize(
    ("last", "tokens"), [("Total,,3000,300", 3000), (",,3000,300", 6000), ("Total,,3000,299", 6000)]
)
def test_totals_of_tokens_alone(db: ReportDatabase, tmp_path: Path, last: str, tokens: int) -> None:
    rows = f"gpt-4o,{AT},1000,100\ngpt-4o,{AT},2000,200\n{last}\n"
    (tmp_path / "calls.csv").write_text(f"model,called_at,input_tokens,output_tokens\n{rows}", "utf-8")
    db.ingest(tmp_path / "calls.csv")
    assert db.one("select sum(input_tokens) from calls") == tokens


TWO = f"c1,{AT},gpt-4o,a,{{}}\nc2,{AT},o3,b,{{}}\n"


@pytest.mark.parametrize(
    ("rows", "cost"),
    [
        # Totals that stand first, of rounded costs (0.333 and 0.333 are 0.666), or of rows that are shown rounded.
        (f"Total,,,,1.2\n{TWO.format(0.5, 0.7)}", 1.2),
        (f"{TWO.format(0.333, 0.333)}Total,,,,0.67\n", 0.666),
        (f"{TWO.format('0.33', '0.33')}Total,,,,0.67\n", 0.66),
        # Of the rows of a model, a day and all of them.
        (
            f"c1,{AT},o3,a,1\n,,o3 Total,,1\nc2,{AT},gpt-4o,a,2\nc3,{AT},gpt-4o,a,3\n,,gpt-4o Total,,5\n"
            f"2026-03-15 Total,,,,6\nc4,{AT},o3,a,4\n,,o3 Total,,4\n2026-03-16 Total,,,,4\nGrand Total,,,,10\n",
            10,
        ),
        # 0.7 is not what 0.75 is rounded to, nor is a total that is far from all.
        (f"{TWO.format(0.5, 0.25)}Total,,,,0.7\n", 1.45),
        (f"Total,,,,9.99\n{TWO.format('0.50', '0.25')}", 10.74),
        # Nothing was spent in sum where no row has a cost.
        (f"{TWO.format('', '')}Total,,,,0.00\n", None),
    ],
)
def test_totals_of_other_rows(db: ReportDatabase, tmp_path: Path, rows: str, cost: float | None) -> None:
    (tmp_path / "calls.csv").write_text(f"id,called_at,model,step,cost\n{rows}", "utf-8")
    db.ingest(tmp_path / "calls.csv")
    assert db.one("select round(sum(cost), 9) from calls") == cost


def test_totals_of_each_currency(db: ReportDatabase, tmp_path: Path) -> None:
    rows = f"c1,{AT},gpt-4o,a,1,2,0.5,USD\nc2,{AT},gpt-4o,a,1,2,0.25,USD\nc3,{AT},gpt-4o,a,1,2,0.4,EUR\n"
    totals = "Total USD,,,,2,4,0.75,USD\nTotal EUR,,,,1,2,0.40,EUR\n"
    found = ingest(db, tmp_path / "calls.csv", f"{HEADER}\n{rows}{totals}")
    assert found == [("c1", 0.5, "USD"), ("c2", 0.25, "USD"), ("c3", 0.4, "EUR")]
