"""Fixtures for the tests of this folder."""

import pytest
from helpers.interruptions import FEWER_ROWS, ROWS, History, plant_history


@pytest.fixture(scope="session")
def history(tmp_path_factory: pytest.TempPathFactory) -> History:
    """A history that no cache of SQLite holds, not to be changed."""
    return plant_history(tmp_path_factory.mktemp("history") / "history.db", ROWS)


@pytest.fixture(scope="session")
def shorter(tmp_path_factory: pytest.TempPathFactory) -> History:
    """A history that takes a second or two, not to be changed."""
    return plant_history(tmp_path_factory.mktemp("shorter") / "shorter.db", FEWER_ROWS)
