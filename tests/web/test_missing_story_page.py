"""The page of a story that runs and calls name and its source does not have."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from helpers.report_database import ReportDatabase, change
from helpers.serving import Served
from helpers.workflow import RUNS


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    """A service with the story `here` and a run of the story `lost`."""
    folder: Path = tmp_path_factory.mktemp("lost")
    change(
        folder / "service.db",
        *RUNS.split(";"),
        "insert into stories values ('here', 'Known', 5, 'draft', '2026-01-01')",
        """insert into story_generation_runs values
            ('r1', 'lost', 'running', 'write', null, null, '2026-01-01', null, '2026-01-01', '2026-01-01')""",
    )
    db = ReportDatabase(folder)
    db.ingest(folder / "service.db")
    served = Served(db.path)
    yield served
    served.close()


def test_it_has_a_page(served: Served) -> None:
    """The page shows its run and says that the story is missing; an unknown story has none."""
    page = served.get("/-/story/lost")
    assert page.status_code == 200
    assert "(missing)" in page.text
    assert "/-/run/r1" in page.text
    assert served.get("/-/story/nowhere").status_code == 404
