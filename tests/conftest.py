"""Fixtures for every test."""

import os
import shutil
from collections.abc import Iterator
from datetime import datetime, timezone
from pathlib import Path

import pytest
from book import Book
from hypothesis import settings
from rollup_files import RollupFiles
from tracker import Tracker

from storyreport.demo import write_sources

# The same examples in every run, so that a change is judged by what it changes. HYPOTHESIS_PROFILE=search finds more.
settings.register_profile("same", derandomize=True, deadline=None)
settings.register_profile("search", deadline=None)
settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "same"))

DATA = Path(__file__).parent / "data"


@pytest.fixture
def book(tmp_path: Path) -> Book:
    """A report database that does not exist yet."""
    return Book(tmp_path)


@pytest.fixture
def tracker(tmp_path: Path) -> Tracker:
    """A story pipeline's tracker with nothing in it."""
    return Tracker(tmp_path / "studio.db")


@pytest.fixture
def real_pipeline(tmp_path: Path) -> Path:
    """A copy of a database that a story pipeline's tracker really wrote."""
    return Path(shutil.copy(DATA / "pipeline_stories.db", tmp_path))


@pytest.fixture
def rollup_files(tmp_path: Path) -> Iterator[RollupFiles]:
    """The rollups, to be changed."""
    with pytest.MonkeyPatch.context() as monkeypatch:
        yield RollupFiles(tmp_path / "rollups", monkeypatch)
    RollupFiles.read_again()


@pytest.fixture(scope="session")
def fed(tmp_path_factory: pytest.TempPathFactory) -> Book:
    """A report database fed by every system up to now, with a row that could not be loaded; to be read only."""
    folder = tmp_path_factory.mktemp("fed")
    book = Book(folder)
    for source in write_sources(folder / "sources", datetime.now(timezone.utc)):
        book.ingest(source)
    ledger = folder / "ledger.csv"
    ledger.write_text("step,provider,called_at,cost\ndraft,acme,2026-03-01,0.5\ndraft,acme,2026-03-01,NaN\n", "utf-8")
    book.ingest(ledger)
    return book


@pytest.fixture(scope="session")
def server() -> Iterator[str]:
    """The URL of a real PostgreSQL server."""
    import postgres

    with postgres.running() as url:
        yield url
