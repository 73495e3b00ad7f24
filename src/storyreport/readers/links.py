"""The link to a server: one that sends nothing, or an answer without end, is left."""

import sys
import time
from collections.abc import Generator
from contextlib import suppress
from typing import Any

LOOK_SECONDS = 0.1
# One answer is some thousand rows, and the server has to end a statement after the time that it may send nothing.
LONGEST_ANSWER = 10
# The driver keeps a row, and all that the server has to say, in memory until it ends.
LARGEST_ANSWER = 1 << 30


class LeftError(Exception):
    """Why a server is waited for no longer."""


def impatient(psycopg: Any, seconds: float) -> Any:
    """psycopg's class of connections, which end where the server sends nothing for so long, and at once on Ctrl-C.

    So do those whose answer takes ten times as long, or a gigabyte.
    """
    from psycopg import waiting

    class Impatient(psycopg.Connection):  # type: ignore[misc]
        def wait(self, gen: Any, *_: Any, **__: Any) -> Any:
            """What a generator of psycopg's returns in the end; its own `wait` asks a silent server to cancel."""
            try:
                return waiting.wait(_watched(gen, seconds), self.pgconn.socket, LOOK_SECONDS)
            except (KeyboardInterrupt, LeftError) as error:
                self.pgconn.finish()
                if isinstance(error, LeftError):
                    raise psycopg.OperationalError(str(error)) from None
                raise

    return Impatient


def _watched(gen: Any, seconds: float) -> Generator[Any, Any, Any]:
    begun = last = time.monotonic()
    room = _most_memory() + LARGEST_ANSWER
    try:
        wanted = next(gen)
        while True:
            ready = yield wanted
            now = time.monotonic()
            if not ready and now - last > seconds:
                raise LeftError(f"the server has sent nothing for {seconds:.0f} seconds")
            last = now if ready else last
            if now - begun > LONGEST_ANSWER * seconds:
                raise LeftError(f"an answer of the server has not ended after {LONGEST_ANSWER * seconds:.0f} seconds")
            if _most_memory() > room:
                raise LeftError(f"an answer of the server takes more than {LARGEST_ANSWER >> 20} MB of memory")
            wanted = gen.send(ready)
    except StopIteration as end:
        return end.value


def _most_memory() -> int:
    """The most bytes that this process has held; 0 where the system does not say."""
    with suppress(ImportError):
        import resource

        most = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        return most if sys.platform == "darwin" else most * 1024
    return 0
