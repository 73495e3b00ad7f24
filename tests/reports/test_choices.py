"""A parameter that takes one of a few words: as it is declared, given, shown and completed."""

from pathlib import Path

import pytest

from storyreport import reports
from storyreport.errors import UsageError

FILE = """/*
title: Days
description: Nothing.
topic: Data
params:
  source: {{type: source, help: one source only}}
  by: {{type: {type}, {choices} default: {default}, help: length of a period}}
*/
select name as source from sources where :source = '' or :by = name
"""


def read(folder: Path, type: str = "choice", choices: str = "choices: [day, week, 7],", default: str = "day") -> object:
    (folder / "own.sql").write_text(FILE.format(type=type, choices=choices, default=default), "utf-8")
    return reports.read_report(folder / "own.sql")


def test_one_of_the_words_is_taken(tmp_path: Path) -> None:
    report = read(tmp_path)
    assert isinstance(report, reports.Report)
    assert reports.bind(report, {})["by"] == "day"
    assert [reports.bind(report, {"by": word})["by"] for word in ("week", " 7 ", "", " ")] == [
        "week",
        "7",
        "day",
        "day",
    ]
    for word in ("year", "Day", "'"):
        with pytest.raises(UsageError) as refused:
            reports.bind(report, {"by": word})
        assert str(refused.value) == f"by must be day, week or 7, not {word!r}."


@pytest.mark.parametrize(
    ("wrong", "reason"),
    [
        ({"choices": ""}, "own.sql:7: parameter 'by' needs `choices`"),
        ({"type": "text"}, "own.sql:7: parameter 'by' needs `choices`"),
        ({"choices": "choices: day,"}, "own.sql:7: the choices of parameter 'by' are not a list"),
        ({"choices": "choices: [],"}, "own.sql:7: the choices of parameter 'by' are not a list"),
        ({"default": "year"}, "own.sql:7: the default of parameter 'by' does not fit its type"),
    ],
)
def test_a_wrong_declaration_is_refused(tmp_path: Path, wrong: dict[str, str], reason: str) -> None:
    with pytest.raises(reports.BrokenReportError) as broken:
        read(tmp_path, **wrong)
    assert reason in str(broken.value)
