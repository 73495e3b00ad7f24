"""The command note: a note is added, listed and removed, and wrong ones are a sentence."""

import json
from pathlib import Path

import pytest
from helpers.cli_cases import assert_one_sentence
from helpers.command_line import ok, storyreport


def test_add_list_remove(report_db: Path) -> None:
    where = report_db.parent
    assert ok("note", "new prompt", "--at", "2026-11-02", "--db", report_db, cwd=where).startswith("note 1 added")
    assert json.loads(ok("note", "--list", "--format", "json", "--db", report_db, cwd=where)) == [
        {"at": "2026-11-02T00:00:00.000Z", "source": None, "note": "new prompt", "id": 1}
    ]
    assert ok("note", "--remove", "1", "--db", report_db, cwd=where) == ""
    assert json.loads(ok("note", "--list", "--format", "json", "--db", report_db, cwd=where)) == []


@pytest.mark.parametrize(
    "arguments",
    [
        (),
        ("",),
        ("x", "--at", "9999-01-01"),
        ("x", "--source", "nobody"),
        ("x", "--list"),
        ("--remove", "7"),
        ("--list", "--source", "nobody"),
    ],
    ids=" ".join,
)
def test_wrong_ones(report_db: Path, arguments: tuple[str, ...]) -> None:
    done = storyreport("note", *arguments, "--db", report_db, cwd=report_db.parent)
    assert_one_sentence(done, 2)


def test_no_report_database(tmp_path: Path) -> None:
    done = storyreport("note", "x", cwd=tmp_path)
    assert_one_sentence(done, 1)
    assert list(tmp_path.iterdir()) == []
