"""Visitors' SQL in processes of its own: a time limit holds for a single function call too, because they are killed."""

import asyncio
import base64
import contextlib
import json
import sqlite3
import subprocess
import sys
import threading
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from datasette.database import QueryInterrupted, Results

from ..readers.part import quoted

AT_ONCE = 2
WAITING = 20
# What a statement may take beyond its time: until SQLite looks at the clock, and for the way to the process and back.
GRACE_SECONDS = 0.5
START_SECONDS = 15.0


class TooManyError(sqlite3.OperationalError):
    """More SQL is waiting than this server takes on."""


class Worker:
    """One process, which answers one request at a time, a line each."""

    def __init__(self, arguments: Sequence[str], module: str = "storyreport.web.worker") -> None:
        command = [sys.executable, "-m", module, *arguments]
        self.process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, encoding="utf-8")
        self.is_new = True

    def ask(self, request: Mapping[str, Any], seconds: float) -> Any:
        """The answer, or None where it took too long; the process is over then."""
        assert self.process.stdin
        try:
            if self.is_new and not self._line(START_SECONDS):
                return None
            self.is_new = False
            self.process.stdin.write(json.dumps({**request, "seconds": seconds + GRACE_SECONDS}) + "\n")
            self.process.stdin.flush()
            line = self._line(seconds)
        except OSError:
            return None
        return json.loads(line) if line.endswith("\n") else None

    def _line(self, seconds: float) -> str:
        """What the process writes next; '' where it takes longer, upon which it is killed."""
        assert self.process.stdout
        timer = threading.Timer(seconds, self.process.kill)
        timer.start()
        try:
            return self.process.stdout.readline()
        finally:
            timer.cancel()

    def close(self) -> None:
        """End the process."""
        self.process.kill()
        for stream in (self.process.stdin, self.process.stdout):
            with contextlib.suppress(OSError):
                stream.close()  # type: ignore[union-attr]
        self.process.wait()


class Workers:
    """The processes of one database; `arguments` as worker.py takes them."""

    def __init__(self, arguments: Sequence[str]) -> None:
        self.arguments = arguments
        self._idle: list[Worker] = []
        self._lock = threading.Lock()
        self._threads = ThreadPoolExecutor(AT_ONCE, thread_name_prefix="visitors-sql")
        self._waiting = 0

    async def run(self, sql: str, params: Any, most_rows: int | None, limit_ms: int) -> Results:
        """The rows of a statement; QueryInterrupted where it took too long, sqlite3.Error where it failed."""
        if self._waiting >= WAITING:
            raise TooManyError("this server is busy with other queries: try again in a moment")
        given = params if isinstance(params, (list, tuple)) else dict(params or {})
        request = {"sql": sql, "params": given, "rows": most_rows}
        current: list[Worker] = []
        self._waiting += 1
        try:
            seconds = limit_ms / 1000 + GRACE_SECONDS
            answer = await asyncio.get_running_loop().run_in_executor(
                self._threads, self._ask, request, seconds, current
            )
        except asyncio.CancelledError:
            # The visitor has left.
            for worker in current:
                worker.process.kill()
            raise
        finally:
            self._waiting -= 1
        if answer is None:
            raise QueryInterrupted(sqlite3.OperationalError("interrupted"), sql, params)
        if "error" in answer:
            raise getattr(sqlite3, answer["class"])(answer["error"])
        return _results(answer, most_rows)

    def close(self) -> None:
        """End the processes, after what they are doing."""
        self._threads.shutdown(cancel_futures=True)
        with self._lock:
            while self._idle:
                self._idle.pop().close()

    def _ask(self, request: Mapping[str, Any], seconds: float, current: list[Worker]) -> Any:
        with self._lock:
            worker = self._idle.pop() if self._idle else Worker(self.arguments)
        current.append(worker)
        answer = worker.ask(request, seconds)
        if answer is None:
            worker.close()
            return None
        with self._lock:
            self._idle.append(worker)
        return answer


def _results(answer: Mapping[str, Any], most_rows: int | None) -> Results:
    """An answer as Datasette gives the rows of a statement."""
    columns = answer["columns"]
    described = ", ".join(f"null as {quoted(column)}" for column in columns)
    with contextlib.closing(sqlite3.connect(":memory:")) as blank:
        cursor = blank.execute(f"select {described or 'null'}")
        rows = [sqlite3.Row(cursor, tuple(map(_value, row))) for row in answer["rows"]]
    is_cut = most_rows is not None and len(rows) >= most_rows
    return Results(
        rows[: most_rows - 1] if is_cut and most_rows else rows, is_cut, [(name, *[None] * 6) for name in columns]
    )


def _value(value: Any) -> Any:
    return base64.b64decode(value["base64"]) if isinstance(value, dict) else value
