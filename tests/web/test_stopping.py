"""Work for a client that left ends, whenever it is stopped."""

import asyncio
import sqlite3
import threading
import weakref
from contextlib import closing

import pytest

from storyreport.web.databases import Running

ENDLESS = "with recursive n (i) as (select 1 union all select i + 1 from n) select sum(i) from n"


def test_work_that_is_stopped_between_two_statements() -> None:
    """It runs no SQL at that moment; the statement that comes next is interrupted all the same."""
    begun, is_stopped = threading.Event(), threading.Event()

    def work(connection: sqlite3.Connection) -> None:
        begun.set()
        is_stopped.wait()
        connection.execute(ENDLESS).fetchone()

    async def run() -> None:
        loop = asyncio.get_running_loop()
        running = Running(work, lambda connection: connection)
        with closing(sqlite3.connect(":memory:", check_same_thread=False)) as connection:
            ended = loop.run_in_executor(None, running, connection)
            await loop.run_in_executor(None, begun.wait)
            running.stop(loop)
            is_stopped.set()
            with pytest.raises(sqlite3.OperationalError, match="interrupted"):
                await ended
            assert connection.execute("select 1").fetchone() == (1,), "what comes next on the connection is left alone"

    asyncio.run(run())


def test_work_that_is_stopped_before_it_begins() -> None:
    """Its thread was still opening the database: it does not begin."""

    async def run() -> None:
        running = Running(lambda connection: connection.execute(ENDLESS).fetchone(), lambda connection: connection)
        running.stop(asyncio.get_running_loop())
        with (
            closing(sqlite3.connect(":memory:")) as connection,
            pytest.raises(sqlite3.OperationalError, match="interrupted"),
        ):
            running(connection)

    asyncio.run(run())


def test_an_error_holds_no_cursor() -> None:
    """Where the error is freed later, in another thread, a cursor would wait for the connection's next statement."""
    cursors: list[weakref.ref[sqlite3.Cursor]] = []

    def work(connection: sqlite3.Connection) -> None:
        cursor = connection.execute("select 1 union all select 2")
        cursors.append(weakref.ref(cursor))
        try:
            cursor.execute("select no_such_column")
        except sqlite3.OperationalError as error:
            raise ValueError("as Datasette does") from error

    with closing(sqlite3.connect(":memory:")) as connection:
        with pytest.raises(ValueError, match="as Datasette does") as raised:
            Running(work, lambda connection: connection)(connection)
        assert isinstance(raised.value.__cause__, sqlite3.OperationalError)
        assert [cursor() for cursor in cursors] == [None]
