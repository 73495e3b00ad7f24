"""Reports are files with a header that is held to its word: parameters, defaults, charts."""

import re
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from dataclasses import replace
from datetime import date
from functools import cache
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from storyreport import bundle, reports, rollups, schema
from storyreport.errors import StoryreportError, UsageError

CATALOGUE = reports.load_reports()
HEADER = """/*
title: Example
description: What is tried. And more.
topic: Steps
params:
  source: {type: source, help: one source only}
  since: {type: date, help: first day}
  minutes: {type: number, default: 60, help: how many}
  as_of: {type: time, default: now, help: when}
*/
"""
SQL = "select :source as source, :since as since, cast(:minutes as integer) as minutes, :as_of as as_of\n"


@pytest.fixture(scope="module")
def empty(tmp_path_factory: pytest.TempPathFactory) -> Iterator[sqlite3.Connection]:
    """An empty report database."""
    with closing(schema.connect(tmp_path_factory.mktemp("reports") / "empty.db")) as connection:
        rollups.update(connection)
        yield connection


@pytest.fixture
def example(tmp_path: Path) -> reports.Report:
    """A report with a parameter of each checked type."""
    return written(tmp_path, HEADER + SQL)


def written(folder: Path, text: str) -> reports.Report:
    path = folder / "example.sql"
    path.write_text(text, encoding="utf-8")
    return reports.read_report(path)


def chart_fields(value: Any) -> set[str]:
    """Every field that a chart draws."""
    if isinstance(value, dict):
        own = {value["field"]} if isinstance(value.get("field"), str) else set()
        return own.union(*map(chart_fields, value.values()))
    return set().union(*map(chart_fields, value)) if isinstance(value, list) else set()


def test_there_are_reports() -> None:
    assert {"slowest_steps", "failure_rates", "stuck_runs", "orphans", "cost"} <= CATALOGUE.keys()
    assert {path.stem for path in (bundle.root() / "queries").iterdir()} == CATALOGUE.keys()


@pytest.mark.parametrize("report", CATALOGUE.values(), ids=lambda report: report.name)
def test_every_report_runs_with_its_defaults(report: reports.Report, empty: sqlite3.Connection) -> None:
    columns, rows = reports.run(empty, report, {})
    assert len(columns) == len(set(columns)) > 1
    folded = (report.chart or {}).get("fold", [])
    assert chart_fields(report.chart) - ({"key", "value"} if folded else set()) | set(folded) <= set(columns)
    # Some reports count what is there, and count nothing.
    assert isinstance(rows, list)


@pytest.mark.parametrize("report", CATALOGUE.values(), ids=lambda report: report.name)
def test_every_report_says_what_it_answers(report: reports.Report) -> None:
    assert report.summary.endswith(".")
    assert len(report.summary) < 200
    assert all(len(param.help) < 80 for param in report.params)
    if any(param.name == "source" for param in report.params):
        assert report.params[0] == reports.Param("source", "source", "", report.params[0].help)


@pytest.mark.parametrize("report", CATALOGUE.values(), ids=lambda report: report.name)
def test_every_sql_is_read_only_and_in_lower_case(report: reports.Report) -> None:
    bare = re.sub(r"'[^']*'|--[^\n]*", "", report.sql)
    assert not re.search(r"\b(SELECT|FROM|WHERE|GROUP|ORDER|insert|update|delete|pragma|attach)\b", bare)


def test_the_catalogue_is_ordered_by_topic_then_title() -> None:
    order = [(reports.TOPICS.index(report.topic), report.title) for report in CATALOGUE.values()]
    assert order == sorted(order)


def test_what_a_file_says_is_what_the_report_is(example: reports.Report) -> None:
    assert (example.name, example.title, example.topic) == ("example", "Example", "Steps")
    assert example.summary == "What is tried."
    assert [(param.name, param.default) for param in example.params] == [
        ("source", ""),
        ("since", ""),
        ("minutes", "60"),
        ("as_of", "now"),
    ]
    assert example.sql == SQL.strip()
    assert example.chart is None


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        (SQL, "does not begin with a /* … */ comment"),
        ("/* [ */" + SQL, "is not YAML"),
        ("/* just words */" + SQL, "is not a mapping"),
        (HEADER.replace("title:", "titel:") + SQL, "unknown key 'titel'"),
        (HEADER.replace("title: Example\n", "") + SQL, "lacks title"),
        (HEADER.replace("type: date", "type: datum") + SQL, "unknown type 'datum'"),
        (HEADER.replace("help: first day", "help: last day, included") + SQL, "unknown key 'included'"),
        (HEADER.replace("default: 60", "default: soon") + SQL, "default of parameter 'minutes'"),
        (HEADER.replace("default: 60", "default: 60, least: 61") + SQL, "default of parameter 'minutes'"),
        (HEADER.replace("default: 60", "least: few") + SQL, "least of parameter 'minutes' is not a number"),
        (HEADER.replace("help: first day", "least: 1, help: first day") + SQL, "least of parameter 'since' is not a"),
        (HEADER.replace("*/", "chart: {mark: bar}\n*/") + SQL, "lacks a mark or an encoding"),
        (HEADER + SQL.replace(":since", "''"), "declares 'since' without using it"),
        (HEADER + SQL + ", :until", "uses :until without declaring it"),
        (HEADER + SQL.strip() + "; select 1", "more than one statement"),
        (HEADER + "-- nothing", "holds no SELECT"),
        (HEADER + "delete from runs where :source and :since and :minutes and :as_of", "holds no SELECT"),
    ],
)
def test_a_file_that_is_no_report_is_refused(tmp_path: Path, text: str, complaint: str) -> None:
    with pytest.raises(StoryreportError, match=re.escape(complaint)) as refused:
        written(tmp_path, text)
    assert "example.sql" in str(refused.value)
    assert "\n" not in str(refused.value)


def test_a_file_that_is_not_text_is_refused(tmp_path: Path) -> None:
    (tmp_path / "example.sql").write_bytes(b"/* \xff */ select 1")
    with pytest.raises(StoryreportError, match="not UTF-8"):
        reports.read_report(tmp_path / "example.sql")


def test_a_changed_file_is_read_again(tmp_path: Path) -> None:
    path = tmp_path / "example.sql"
    path.write_text("/*\ntitle: One\ndescription: It is.\ntopic: Cost\n*/ select 1;\n", encoding="utf-8")
    assert reports.load_reports(tmp_path)["example"].title == "One"
    path.write_text("/*\ntitle: Two\ndescription: It is.\ntopic: Cost\n*/ select 1;\n", encoding="utf-8")
    assert reports.load_reports(tmp_path)["example"].title == "Two"


def test_colons_in_strings_names_and_comments_are_no_parameters(tmp_path: Path) -> None:
    header = "/*\ntitle: T\ndescription: D.\ntopic: Cost\n*/\n"
    sql = "select ':a; it''s :b' as \":c;\", [:d], `:e` -- :f; it's\n/* :g; */ from x"
    assert written(tmp_path, header + sql).params == ()


def test_an_unknown_report_names_the_closest() -> None:
    with pytest.raises(UsageError, match="did you mean failure_rates"):
        reports.find("failures_rate")
    with pytest.raises(UsageError, match="lists them all"):
        reports.find("zzz")
    assert reports.find("cost").name == "cost"


def test_missing_and_blank_parameters_take_the_default(example: reports.Report, empty: sqlite3.Connection) -> None:
    expected = {"source": "", "since": "", "minutes": "60", "as_of": "now"}
    assert reports.bind(example, {}) == expected
    assert reports.bind(example, {"minutes": "  ", "as_of": ""}) == expected
    assert reports.run(empty, example, {"minutes": "5"}) == (
        ["source", "since", "minutes", "as_of"],
        [("", "", 5, "now")],
    )


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("since", "2025-02-30"),
        ("since", "20250230"),
        ("since", "someday"),
        ("since", "٢٠٢٥-٠١-٠١"),  # noqa: RUF001 - digits, but not ours
        ("minutes", "abc"),
        ("minutes", "nan"),
        ("minutes", "1e3"),
        ("minutes", "1; drop table runs"),
        ("as_of", "2025-01-01T25:00:00Z"),
        ("as_of", "2025-01-01T10:00:00+02:00"),
        ("as_of", "tomorrow"),
    ],
)
def test_a_value_of_the_wrong_type_is_refused(example: reports.Report, name: str, value: str) -> None:
    with pytest.raises(UsageError, match=f"^{name} must be ") as refused:
        reports.bind(example, {name: value})
    assert "\n" not in str(refused.value)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("since", "2024-02-29"),
        ("minutes", "-1.5"),
        ("as_of", "2025-01-31"),
        ("as_of", "2025-01-31T09:30"),
        ("as_of", "2025-01-31 09:30:00"),
        ("as_of", "2025-01-31T09:30:00.123Z"),
        ("source", "O'Brien; --"),
    ],
)
def test_a_value_of_the_right_type_is_taken(example: reports.Report, name: str, value: str) -> None:
    assert reports.bind(example, {name: value})[name] == value


@pytest.mark.parametrize(("name", "value"), [("since", "2024-02-29"), ("minutes", "90"), ("as_of", "2025-01-31T09:30")])
def test_spaces_around_a_value_are_none_of_it(example: reports.Report, name: str, value: str) -> None:
    assert reports.bind(example, {name: f" {value}\t"})[name] == value


NUMBERS = {
    f"{report.name}.{param.name}": (report, param)
    for report in CATALOGUE.values()
    for param in report.params
    if param.type in reports.BOUNDS
}


@pytest.mark.parametrize(("report", "param"), NUMBERS.values(), ids=NUMBERS)
def test_a_number_that_cannot_be_is_refused(
    report: reports.Report, param: reports.Param, empty: sqlite3.Connection
) -> None:
    least, most = param.bounds
    wrong = ["-1", "-0.5", "x", "1e9", "0x10", *(["9" * 12, "9" * 400] if most else []), *(["0"] if least else [])]
    for value in wrong:
        with pytest.raises(UsageError, match=f"^{param.name} must be a (whole )?number from {least}"):
            reports.bind(report, {param.name: value})
    for right in (least, most or 7):
        reports.run(empty, report, {param.name: str(right)})


def test_an_unknown_parameter_names_the_known(example: reports.Report) -> None:
    with pytest.raises(UsageError, match="no parameter 'sinse': it takes source, since, minutes, as_of"):
        reports.bind(example, {"sinse": "2025-01-01"})


# One report for each set of parameters, whatever is said of them: more is not known of a report where they are bound.
PARAMETERS = {
    (report.draws_before, *(replace(param, help="") for param in report.params)): report
    for report in CATALOGUE.values()
}


@cache
def values_for(name: str) -> st.SearchStrategy[dict[str, str]]:
    """Values for some parameters of a report; to put this together takes longer than to draw from it."""
    typed = {
        "date": st.dates(min_value=date(1000, 1, 1)).map(str),
        **dict.fromkeys(reports.BOUNDS, st.integers(1, 365_000).map(str)),
        "time": st.datetimes().map(lambda moment: moment.strftime("%Y-%m-%dT%H:%M:%SZ").zfill(20)) | st.just("now"),
    }
    values = {
        param.name: (st.sampled_from(param.choices) if param.choices else typed.get(param.type, st.text()))
        | st.just("")
        for param in CATALOGUE[name].params
    }
    return st.fixed_dictionaries({}, optional=values)


@pytest.mark.parametrize("report", PARAMETERS.values(), ids=lambda report: report.name)
@given(data=st.data())
def test_bind_is_complete_and_stable(report: reports.Report, data: st.DataObject) -> None:
    given_values = data.draw(values_for(report.name))
    if "" < given_values.get("until", "") < given_values.get("since", ""):
        given_values["until"] = given_values["since"]
    if report.draws_before and not given_values.get("since"):
        given_values.pop("compare", None)
    bound = reports.bind(report, given_values)
    assert list(bound) == [param.name for param in report.params]
    assert all(value.strip() or not param.default for value, param in zip(bound.values(), report.params, strict=True))
    assert reports.bind(report, bound) == bound
