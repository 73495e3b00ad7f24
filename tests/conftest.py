"""Fixtures for every test."""

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from book import Book
from tracker import Tracker

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


@pytest.fixture(scope="session")
def server() -> Iterator[str]:
    """The URL of a real PostgreSQL server."""
    import postgres

    with postgres.running() as url:
        yield url
