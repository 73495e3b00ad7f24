"""Screens requests before Datasette reads them, and compresses the answers."""

from typing import Any
from urllib.parse import parse_qsl

from asgi_gzip import GZipMiddleware
from datasette import Response, utils

from . import door, downloads, headers, limits, mode, own_scripts, traffic
from .addresses import local_path, named
from .data import sentence
from .databases import HOLDS_SQL, ReportDatabase

SQL = {"sql", "_where"}
NO_SQL = "SQL in an address is off on this server: `storyreport serve --sql` allows it."
# What is compressed, and how hard: of a page, the first levels save nearly all that there is to save.
SMALLEST_BYTES, LEVEL = 1000, 3
BUSY = "This server answers as many requests as it can: try again in a moment."

GONE = "The report database was deleted or replaced by something else: whoever runs this server sees what to do."


def screen(datasette: Any) -> Any:
    """An ASGI wrapper: what is too large, too much or not allowed is refused with a sentence; answers are packed."""
    running = traffic.of(datasette)

    def wrap(app: Any) -> Any:
        async def screened(scope: dict[str, Any], receive: Any, send: Any) -> None:
            if scope["type"] == "websocket":
                # Nothing here has one: Datasette would answer as to a request, which is a traceback.
                await send({"type": "websocket.close"})
                return
            if scope["type"] != "http":
                await app(scope, receive, send)
                return
            send = headers.with_headers(datasette, scope, send, await own_scripts.allowed(datasette, scope))
            if refused := limits.refused(scope) or _unable(datasette, scope, running):
                await _refuse(datasette, scope, send, *refused)
            elif (answer := await door.answer(datasette, scope)) is not None:
                await answer.asgi_send(send)
            elif (is_sql := holds_sql(datasette, scope)) and not mode.of(datasette).sql:
                await _refuse(datasette, scope, send, 403, NO_SQL)
            else:
                HOLDS_SQL.set(is_sql)
                # A report's download is made safe where it is written.
                if downloads.is_download(scope) and named(datasette, scope)[0] is None:
                    send = downloads.safe(send)
                await running.answer(app, scope, limits.bounded(scope, receive), send)

        return GZipMiddleware(screened, SMALLEST_BYTES, LEVEL)

    return wrap


def _unable(datasette: Any, scope: dict[str, Any], running: traffic.Traffic) -> limits.Refusal | None:
    """The status and the reason where this server answers nothing just now."""
    if is_gone(datasette):
        return 503, GONE
    is_full = running.is_full if scope["method"] in traffic.READS else running.is_full_of_bodies
    return (503, BUSY) if is_full else None


def is_gone(datasette: Any) -> bool:
    """Whether a database that is served cannot be read any more; stderr says which and why."""
    return any(isinstance(each, ReportDatabase) and each.problem() for each in datasette.databases.values())


def holds_sql(datasette: Any, scope: dict[str, Any]) -> bool:
    """Whether the address of a table or a database holds SQL of the visitor's."""
    query = scope["query_string"]
    if b"sql" not in query and b"where" not in query and b"%" not in query:
        return False
    names = {name for name, _ in parse_qsl(query.decode("latin-1"), keep_blank_values=True)}
    is_ours = local_path(datasette, scope).startswith("/-/") or named(datasette, scope)[0] is not None
    return bool(names & SQL) and not is_ours


async def _refuse(datasette: Any, scope: dict[str, Any], send: Any, status: int, reason: str) -> None:
    """Send a sentence with a status, in the format of the address."""
    response = await _refusal(datasette, scope, status, reason)
    if status == 503:
        response.headers["retry-after"] = str(traffic.RETRY_SECONDS)
    if limits.has_two_lengths(scope):
        # No more is read of this connection.
        response.headers["connection"] = "close"
    if datasette.cors:
        utils.add_cors_headers(response.headers)
    await response.asgi_send(send)


async def _refusal(datasette: Any, scope: dict[str, Any], status: int, reason: str) -> Any:
    _, _, extension = scope["path"].rpartition("/")[2].rpartition(".")
    if extension in ("json", "csv") or status != 403:
        # A page costs more than a request that is too much is worth.
        return sentence(extension, status, reason)
    await datasette.invoke_startup()
    page = await datasette.render_template("error.html", {"error": reason, "status": status, "title": "Not allowed"})
    return Response.html(page, status=status)
