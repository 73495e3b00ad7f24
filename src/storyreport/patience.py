"""How long a command waits: for another one that writes, and for a server that sends nothing."""

import sys
import time
from collections.abc import Iterator
from contextvars import ContextVar

# As `--wait` says; None where it was not given.
GIVEN_SECONDS: ContextVar[float | None] = ContextVar("GIVEN_SECONDS", default=None)
WRITER_SECONDS = 24 * 3600
SERVER_SECONDS = 60
# A wait shorter than this is not worth a line.
SILENT_SECONDS = 1.0
STEP_SECONDS = 0.1


def server_seconds() -> float:
    """How long a server may send nothing."""
    given = GIVEN_SECONDS.get()
    return SERVER_SECONDS if given is None else max(given, 1.0)


def attempts(what: str) -> Iterator[None]:
    """An item for each time to try again, until it has taken too long; stderr says what is waited for."""
    given = GIVEN_SECONDS.get()
    begun, limit, is_told = time.monotonic(), WRITER_SECONDS if given is None else given, False
    yield
    while (waited := time.monotonic() - begun) < limit:
        if waited > SILENT_SECONDS and not is_told:
            print(f"waiting for {what} (Ctrl-C stops it)", file=sys.stderr, flush=True)
            is_told = True
        time.sleep(min(STEP_SECONDS, max(limit - waited, 0.001)))
        yield
