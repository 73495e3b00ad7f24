"""huey: what waits in its storage and what nobody has fetched, without unpickling anything."""

import pickle
import shutil
from pathlib import Path

import pytest
from helpers.report_database import ReportDatabase, change
from helpers.run_pairs import check_pair, source_of


def test_the_pair(db: ReportDatabase) -> None:
    """Results, errors, what waits and what was revoked; locks are no tasks."""
    check_pair(db, "huey--storage")


class Trap:
    """What unpickles as a call."""

    def __init__(self, path: Path):
        self.path = path

    def __reduce__(self) -> tuple[object, tuple[Path]]:
        return Path.touch, (self.path,)


def test_nothing_is_unpickled(db: ReportDatabase, tmp_path: Path) -> None:
    """A hostile pickle is a result like others, and is not run."""
    path = Path(shutil.copy(source_of("huey--storage"), tmp_path / "huey.db"))
    trap = pickle.dumps(Trap(tmp_path / "sprung")).hex()
    change(path, f"update kv set value = x'{trap}'", f"update task set data = x'{trap}'")
    db.ingest(path)
    assert not (tmp_path / "sprung").exists()
    assert db.one("select count(*) from step_runs where status = 'completed'") > 0


@pytest.mark.parametrize("protocol", [2, 3, 4, 5])
@pytest.mark.parametrize("result", ["a text about huey.utils and its Error", {"huey.utils": "Error"}, 0, [1, 2]])
def test_results_that_look_like_errors(db: ReportDatabase, tmp_path: Path, protocol: int, result: object) -> None:
    """Only an error of huey's own is one."""
    path = Path(shutil.copy(source_of("huey--storage"), tmp_path / "huey.db"))
    value = pickle.dumps(result, protocol=protocol).hex()
    change(path, "delete from kv where key like 'r:%'", f"update kv set value = x'{value}'")
    db.ingest(path)
    assert db.sql("select distinct status from step_runs where source_status = 'result'") == [("completed",)]
    assert db.one("select count(*) from step_runs where status = 'failed'") == 0
