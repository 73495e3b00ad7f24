"""Screens requests before Datasette reads them."""

from typing import Any
from urllib.parse import parse_qsl

from datasette import Response, utils

from . import mode
from .addresses import local_path, named
from .data import sentence
from .databases import HOLDS_SQL

SQL = {"sql", "_where"}
NO_SQL = "SQL in an address is off on this server: `storyreport serve --sql` allows it."


def screen(datasette: Any) -> Any:
    """An ASGI wrapper: an address that holds SQL is refused, or its SQL runs in a process of its own."""

    def wrap(app: Any) -> Any:
        async def screened(scope: dict[str, Any], receive: Any, send: Any) -> None:
            if scope["type"] != "http" or not holds_sql(datasette, scope):
                await app(scope, receive, send)
                return
            if not mode.of(datasette).sql:
                response = await refusal(datasette, scope, 403, NO_SQL)
                if datasette.cors:
                    utils.add_cors_headers(response.headers)
                await response.asgi_send(send)
                return
            HOLDS_SQL.set(True)
            await app(scope, receive, send)

        return screened

    return wrap


def holds_sql(datasette: Any, scope: dict[str, Any]) -> bool:
    """Whether the address of a table or a database holds SQL of the visitor's."""
    query = scope["query_string"]
    if b"sql" not in query and b"where" not in query and b"%" not in query:
        return False
    names = {name for name, _ in parse_qsl(query.decode("latin-1"), keep_blank_values=True)}
    is_ours = local_path(datasette, scope).startswith("/-/") or named(datasette, scope)[0] is not None
    return bool(names & SQL) and not is_ours


async def refusal(datasette: Any, scope: dict[str, Any], status: int, reason: str) -> Any:
    """A sentence with a status, in the format of the address."""
    _, _, extension = scope["path"].rpartition("/")[2].rpartition(".")
    if extension in ("json", "csv"):
        return sentence(extension, status, reason)
    await datasette.invoke_startup()
    page = await datasette.render_template("error.html", {"error": reason, "status": status, "title": "Not allowed"})
    return Response.html(page, status=status)
