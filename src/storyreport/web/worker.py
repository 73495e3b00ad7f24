"""A process that runs visitors' SQL, so that it can be killed: `python -m storyreport.web.worker URI [NAME=URI…]`.

It writes a line when it is ready. Then it reads a request a line from standard input, as JSON (`sql`, `params`, `rows`:
how many at most, `seconds`), and answers with a line: `columns` and `rows`, or `error` and its class. It ends where an
answer takes longer, so that it does not outlive the server that would kill it.
"""

import base64
import contextlib
import json
import os
import signal
import sqlite3
import sys
import threading
from collections.abc import Iterable
from typing import Any

from . import guard

MEMORY_BYTES = 1 << 30
ANSWER_BYTES = 32 << 20


def main() -> None:
    """Answer until standard input ends."""
    # Ctrl-C is for the server.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    _limit_memory()
    connection = connect(sys.argv[1], sys.argv[2:])
    # What SQLite or a library prints must not look like an answer.
    answers = os.fdopen(os.dup(1), "w", encoding="utf-8")
    os.dup2(2, 1)
    print("{}", file=answers, flush=True)
    for line in sys.stdin:
        request = json.loads(line)
        # SQLite lets other threads run, whatever it does itself.
        timer = threading.Timer(request["seconds"], os._exit, [1])
        timer.daemon = True
        timer.start()
        print(json.dumps(answer(connection, request)), file=answers, flush=True)
        timer.cancel()


def connect(uri: str, attached: Iterable[str] = ()) -> sqlite3.Connection:
    """A restricted connection to a database, with others (`name=uri`) attached."""
    connection = sqlite3.connect(uri, uri=True, isolation_level=None)
    connection.text_factory = lambda raw: str(raw, "utf-8", "replace")
    connection.create_function("escape_fts", 1, _escape_fts)
    pairs = [pair.partition("=") for pair in attached]
    guard.restrict(connection, {uri for _, _, uri in pairs}, is_memory=uri == ":memory:", is_visitors=True)
    for name, _, place in pairs:
        connection.execute(f'attach database "{place}" as [{name}]')
    return connection


def answer(connection: sqlite3.Connection, request: dict[str, Any]) -> dict[str, Any]:
    """The rows of a request, or the reason that there are none."""
    params = request["params"]
    try:
        with contextlib.closing(connection.cursor()) as cursor:
            cursor.execute(request["sql"], params)
            return {
                "columns": [column[0] for column in cursor.description or ()],
                "rows": _rows(cursor, request["rows"]),
            }
    except MemoryError:
        return {"error": "The query needs more memory than this server allows.", "class": "OperationalError"}
    except (sqlite3.Error, sqlite3.Warning) as error:
        return {"error": str(error), "class": type(error).__name__}
    except (OverflowError, ValueError) as error:
        return {"error": str(error), "class": "ProgrammingError"}


def _rows(cursor: sqlite3.Cursor, most: int | None) -> list[list[Any]]:
    """The first rows, with bytes as `{"base64": text}`; OperationalError where they are too large together."""
    rows: list[list[Any]] = []
    size_bytes = 0
    for row in cursor:
        if most is not None and len(rows) >= most:
            break
        size_bytes += sum(len(value) for value in row if isinstance(value, (str, bytes)))
        if size_bytes > ANSWER_BYTES:
            raise sqlite3.OperationalError(f"the result is larger than {ANSWER_BYTES >> 20} MB: select less")
        rows.append([_plain(value) for value in row])
    return rows


def _plain(value: Any) -> Any:
    return {"base64": base64.b64encode(value).decode()} if isinstance(value, bytes) else value


def _escape_fts(query: str) -> str:
    """Datasette's function, for the search of a table page whose conditions are SQL."""
    from datasette.utils import escape_fts  # takes longer to import than all the rest here

    escaped: str = escape_fts(query)
    return escaped


def _limit_memory() -> None:
    """Let the process have no more than MEMORY_BYTES, where the system can say so."""
    with contextlib.suppress(ImportError, ValueError, OSError):
        import resource

        resource.setrlimit(resource.RLIMIT_AS, (MEMORY_BYTES, MEMORY_BYTES))
        resource.setrlimit(resource.RLIMIT_CORE, (0, 0))


if __name__ == "__main__":
    main()
