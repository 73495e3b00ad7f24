"""Fixtures for the tests of this folder."""

from collections.abc import Iterator
from contextlib import closing

import pytest
from helpers.browsing import INHERITED, UNBROKEN, WIDTHS, browsing, serving
from helpers.serving import fill
from selenium import webdriver

from storyreport import schema


@pytest.fixture(scope="session")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The address of a server with planted rows."""
    path = tmp_path_factory.mktemp("browser") / "storyreport.db"
    fill(path)
    with serving(path) as address:
        yield address


@pytest.fixture(scope="session", params=WIDTHS)
def browser(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[webdriver.Chrome]:
    """A browser as wide as a screen, and one as wide as a phone."""
    with browsing(tmp_path_factory.mktemp("profile"), request.param) as driver:
        yield driver


@pytest.fixture(scope="session")
def odd_site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """A server with steps whose names mean something to JavaScript, namesakes among runs, and ten weeks of days."""
    path = tmp_path_factory.mktemp("odd") / "storyreport.db"
    fill(path)
    with closing(schema.connect(path)) as connection:
        for name in INHERITED:
            connection.execute(
                "insert into rollup_steps (source_id, family, executions, completed, failed, timed, total_ms, max_ms)"
                " values (1, ?, 4, 3, 1, 3, 300000, 100000)",
                (name,),
            )
            connection.execute(
                "insert into rollup_step_days (source_id, family, day, executions, completed, failed, timed, total_ms,"
                " max_ms) values (1, ?, '2025-03-01', 4, 3, 1, 3, 300000, 100000)",
                (name,),
            )
        connection.execute("update stories set title = ? where id = 2", (UNBROKEN[:300],))
        connection.execute("update sources set name = 'constructor' where id = 2")
        connection.execute(
            "insert into runs (id, source_id, source_key, input_id, kind, status, started_at) values"
            " (50, 1, 'twin', 1, 'batch', 'running', '2025-03-10T08:00:00.000Z')"
        )
        connection.executemany(
            "insert into step_runs (source_id, source_key, input_id, step_id, run_id, run_key, kind, status,"
            " started_at) values (1, ?, 1, 1, ?, ?, 'command', 'running', '2025-03-10T08:00:00.000Z')",
            [("twin", 50, None), ("same 1", None, "same"), ("same 2", None, "same")],
        )
        connection.executemany(
            "insert into rollup_source_days (day, source_id, stories_started, stories_completed, runs_completed,"
            " runs_failed) values (date('2025-01-01', ?), 1, 1, 1, 1, 1)",
            [(f"+{day} days",) for day in range(71)],
        )
    with serving(path) as address:
        yield address
