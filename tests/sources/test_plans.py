"""How SQLite runs the mappings of run histories: each join finds its rows in an index, even in a source without any."""

import shutil
from collections import defaultdict
from pathlib import Path
from typing import Any

import pytest
from helpers.pairs import source_of
from helpers.report_database import ReportDatabase, ask, change

from storyreport.load import PartLoad

PAIRS = (
    "celery--extended",
    "comfyui--history",
    "dagster--events",
    "dagster--runs",
    "dbt--build",
    "huey--storage",
    "luigi--history",
    "n8n--database",
    "prefect--server",
)


def loops(plan: list[tuple[int, int, int, str]]) -> list[str]:
    """The loops of a query plan that go through all rows once for each row of the loop around them."""
    beside: defaultdict[int, list[str]] = defaultdict(list)
    for _, parent, _, said in plan:
        if said.startswith(("SCAN", "SEARCH")) and "CONSTANT ROW" not in said:
            beside[parent].append(said)
    return [said for same in beside.values() for said in same[1:] if said.startswith("SCAN")]


@pytest.mark.parametrize("has_indexes", [True, False])
@pytest.mark.parametrize("pair", PAIRS)
def test_joins(
    db: ReportDatabase, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, pair: str, has_indexes: bool
) -> None:
    """A history that is ten times as long takes ten times as long to load, not a hundred times."""
    path = Path(shutil.copy(source_of(pair), tmp_path / "source"))
    if path.read_bytes().startswith(b"SQLite") and not has_indexes:
        for (name,) in ask(path, "select name from sqlite_master where type = 'index' and sql is not null"):
            change(path, f"drop index {name}")
    execute = PartLoad._execute
    found: list[str] = []

    def explained(self: PartLoad, sql: str, **parameters: Any) -> Any:
        query = sql.removeprefix("create temp table mapped as ")
        if "src_" in sql and (query != sql or sql.startswith("insert into main.")):
            plan = self.connection.execute(f"explain query plan {query}", {**self.ids, **parameters}).fetchall()
            assert plan
            found.extend(loops(plan))
        return execute(self, sql, **parameters)

    monkeypatch.setattr(PartLoad, "_execute", explained)
    db.ingest(path)
    if path.read_bytes().startswith(b"SQLite"):
        # The next ingest looks for what has changed.
        change(path, "create table unrelated (id integer)")
        assert not db.ingest(path).unchanged
    assert found == []
