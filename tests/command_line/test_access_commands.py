"""The commands user and token: what they keep, print and refuse."""

import json
import os
import subprocess
from pathlib import Path

import pytest
from helpers.cli_cases import assert_one_sentence
from helpers.command_line import ok, storyreport

from storyreport.errors import StoryreportError
from storyreport.web import accounts

PASSWORD = "correct horse battery"


def add(database: Path, name: str, password: str) -> "subprocess.CompletedProcess[str]":
    """`storyreport user add`, as a script calls it."""
    return storyreport(
        "user", "add", name, "--password-stdin", "--db", database, cwd=database.parent, typed=f"{password}\n"
    )


def test_only_hashes_are_kept(report_db: Path) -> None:
    """In a file of its owner's alone: neither password nor token is in it."""
    assert add(report_db, "ann", PASSWORD).returncode == 0
    token = storyreport("token", "create", "ci", "--db", report_db, cwd=report_db.parent).stdout.strip()
    path = report_db.with_name("report.db.access.json")
    assert os.name != "posix" or path.stat().st_mode & 0o777 == 0o600
    kept = path.read_text(encoding="utf-8")
    assert PASSWORD not in kept
    assert token not in kept
    assert json.loads(kept)["users"]["ann"].startswith("pbkdf2_sha256$600000$")
    assert accounts.read(path).owner_of(token) == "ci"
    assert accounts.is_password(PASSWORD, accounts.read(path).users["ann"])
    assert not accounts.is_password(PASSWORD + " ", accounts.read(path).users["ann"])


def test_list_and_remove(report_db: Path) -> None:
    add(report_db, "bob", PASSWORD)
    add(report_db, "ann", PASSWORD)
    where = ("--db", report_db)
    assert ok("user", "list", *where, cwd=report_db.parent) == "ann\nbob\n"
    ok("user", "remove", "ann", *where, cwd=report_db.parent)
    assert ok("user", "list", *where, cwd=report_db.parent) == "bob\n"
    assert ok("token", "list", *where, cwd=report_db.parent) == ""
    assert_one_sentence(storyreport("user", "remove", "ann", *where, cwd=report_db.parent), 2)
    assert_one_sentence(storyreport("token", "remove", "ci", *where, cwd=report_db.parent), 2)


@pytest.mark.parametrize(
    ("name", "password"), [("ann", "short"), ("root", PASSWORD), ("a b", PASSWORD), ("x" * 65, PASSWORD), ("ann", "")]
)
def test_a_user_that_cannot_be(report_db: Path, name: str, password: str) -> None:
    assert_one_sentence(add(report_db, name, password), 2)
    assert not accounts.path_for(report_db).exists()


def test_a_password_needs_a_terminal_or_the_option(report_db: Path) -> None:
    done = storyreport("user", "add", "ann", "--db", report_db, cwd=report_db.parent, typed=f"{PASSWORD}\n" * 2)
    assert_one_sentence(done, 2)
    assert "--password-stdin" in done.stderr
    assert not accounts.path_for(report_db).exists()


def test_a_file_that_others_read_or_that_is_damaged(report_db: Path) -> None:
    """It opens nothing: the server does not start, no user is added."""
    add(report_db, "ann", PASSWORD)
    path = accounts.path_for(report_db)
    path.chmod(0o640)
    serve = ("serve", "--public", "--port", 0, "--db", report_db)
    assert_one_sentence(storyreport(*serve, cwd=report_db.parent), 1)
    path.chmod(0o600)
    path.write_text("{}x", encoding="utf-8")
    assert_one_sentence(storyreport(*serve, cwd=report_db.parent), 1)
    assert_one_sentence(add(report_db, "bob", PASSWORD), 1)
    assert_one_sentence(add(report_db.with_name("none.db"), "bob", PASSWORD), 1)


@pytest.mark.parametrize("kind", ["users", "tokens"])
def test_accounts_of_a_database_that_is_missing(kind: str, tmp_path: Path) -> None:
    """An error, not an empty list; accounts outlive a database that is deleted to be made again."""
    missing = tmp_path / "none.db"
    for ask in (lambda: accounts.names(missing, kind), lambda: accounts.remove(missing, kind, "ann")):
        with pytest.raises(StoryreportError, match=r"none\.db does not exist: ingest a source first"):
            ask()
    assert accounts.quick([kind[:-1], "list", "--db", str(missing)]) is None
    accounts.write(accounts.path_for(missing), accounts.Accounts(users={"ann": "x"}, tokens={"ann": "x"}))
    assert accounts.names(missing, kind) == ["ann"]
