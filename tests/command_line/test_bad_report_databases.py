"""Report databases that cannot be used: one sentence on stderr, and nothing changes."""

import os
from collections.abc import Callable
from pathlib import Path

import pytest
from helpers.cli_cases import assert_one_sentence, noise, other_application, plant, sql_file, text, unchanged
from helpers.command_line import ok, storyreport
from helpers.platforms import on_posix

ANY_COMMAND = (["ingest", "good.db"], ["reprice"], ["report", "cost"], ["sources"], ["serve", "--port", "0"])


def newer(path: Path) -> None:
    sql_file(
        path,
        "insert into _sqlite_migrations (migration_set, name, applied_at)"
        " values ('storyreport', '9999_future', '2099-01-01')",
    )


def of_another_application(path: Path) -> None:
    path.unlink()
    other_application(path.parent).rename(path)


def cut(path: Path) -> None:
    path.write_bytes(path.read_bytes()[: 4096 * 20])


@pytest.mark.parametrize("arguments", ANY_COMMAND, ids=" ".join)
@pytest.mark.parametrize("spoil", [newer, of_another_application, text, cut, noise], ids=lambda spoil: spoil.__name__)
def test_a_report_database_that_is_none(
    spoil: Callable[[Path], None], arguments: list[str], report_db: Path, tmp_path: Path
) -> None:
    """What is no report database of this version is refused by every command and left as it is."""
    plant(tmp_path / "good.db")
    spoil(report_db)
    with unchanged(report_db.parent):
        done = storyreport(*arguments, "--db", report_db, cwd=tmp_path)
        assert_one_sentence(done, 1)
    assert "report.db" in done.stderr


@pytest.mark.parametrize(
    "arguments", [["reprice"], ["report", "cost"], ["sources"], ["serve", "--port", "0"]], ids=" ".join
)
def test_no_report_database(arguments: list[str], tmp_path: Path) -> None:
    """Where nothing was ingested, a reader says so and creates nothing."""
    with unchanged(tmp_path):
        done = storyreport(*arguments, cwd=tmp_path)
        assert_one_sentence(done, 1)
    assert "storyreport.db" in done.stderr
    assert "ingest" in done.stderr


@on_posix
def test_a_report_database_that_is_no_file(tmp_path: Path) -> None:
    """A pipe or a device is left where it is."""
    plant(tmp_path / "good.db")
    os.mkfifo(tmp_path / "pipe")
    done = storyreport("ingest", tmp_path / "good.db", "--db", tmp_path / "pipe", cwd=tmp_path)
    assert_one_sentence(done, 1)
    assert (tmp_path / "pipe").is_fifo()


@pytest.mark.parametrize("arguments", ANY_COMMAND, ids=" ".join)
def test_a_report_database_in_no_folder(arguments: list[str], tmp_path: Path) -> None:
    """A folder that does not exist is named, not made."""
    plant(tmp_path / "good.db")
    with unchanged(tmp_path):
        done = storyreport(*arguments, "--db", tmp_path / "no" / "folder" / "r.db", cwd=tmp_path)
        assert_one_sentence(done, 1)
    assert "folder" in done.stderr
    assert not (tmp_path / "no").exists()


@pytest.mark.parametrize("what", ["file", "folder"])
def test_a_report_database_that_may_not_be_written(
    what: str, report_db: Path, tmp_path: Path, without_rights: tuple[str, ...]
) -> None:
    """A report database that the user may only read is named."""
    source = plant(tmp_path / "good.db")
    closed = report_db if what == "file" else report_db.parent
    mode = closed.stat().st_mode
    closed.chmod(mode & 0o555)
    try:
        with unchanged(report_db.parent):
            done = storyreport("ingest", source, "--db", report_db, cwd=tmp_path, prefix=without_rights)
            assert_one_sentence(done, 1)
    finally:
        closed.chmod(mode)
    assert "report.db" in done.stderr


def test_reading_leaves_nothing_beside_the_report_database(report_db: Path, tmp_path: Path) -> None:
    """A report leaves the report database and its folder as they were."""
    with unchanged(report_db.parent):
        ok("report", "slowest_steps", "--db", report_db, cwd=tmp_path)
        ok("sources", "--db", report_db, cwd=tmp_path)
