"""Fixtures for the tests of this folder."""

import shutil
from pathlib import Path

import pytest
from helpers import DATA
from helpers.postgres import execute, new_database
from helpers.workflow_rows import WORKFLOWS


@pytest.fixture
def real(tmp_path: Path) -> Path:
    """A copy of a database that such a service really wrote."""
    return Path(shutil.copy(DATA / "adventure.db", tmp_path))


@pytest.fixture
def workflows(server: str) -> str:
    """The URL of a workflows database."""
    url = new_database(server, "workflows")
    execute(url, *WORKFLOWS.split(";\n"))
    return url
