"""Completes a report's address with its defaults before Datasette reads it, and refuses wrong parameters."""

import re
import sqlite3
from typing import Any
from urllib.parse import parse_qsl, unquote, urlencode

from datasette import NotFound, Response
from datasette.database import QueryInterrupted
from datasette.utils import tilde_decode, tilde_encode
from datasette.views.base import DatasetteError

from .. import reports
from . import DATABASE, access, below

# What Datasette answers with a traceback and status 500, though it is the visitor who asked for it: the error, its
# message, a parameter that the address has then, the status and the sentence.
MISTAKES: tuple[tuple[type[Exception], str, str, int, str], ...] = (
    (sqlite3.OperationalError, r"no such column: (.*)", "", 400, "There is no column {!r}: correct the address."),
    (
        sqlite3.ProgrammingError,
        "You did not supply a value for binding parameter",
        "",
        400,
        "The keys of this table have more parts: correct the address.",
    ),
    (ValueError, r"invalid literal for int\(\)[^']*'(.*)'", "_next", 400, "_next must be a whole number, not {!r}."),
    (QueryInterrupted, "", "", 400, "It takes longer than this server allows: narrow it down."),
)
# What Datasette answers with status 500, though it is the visitor who named the column.
OF_VISITORS = re.compile(r"Cannot sort|Cannot use _sort and|Invalid _through")
# The key of a request's scope with the parameters as the visitor gave them: dates in words are still words.
GIVEN = "storyreport.given"
ADDRESS = re.compile(rf"/{DATABASE}/([^/.]+)(?:\.(\w+))?")
PICTURES = {"svg", "png"}
# Datasette's download of a value of bytes, which answers another value with a traceback.
BLOB = re.compile(rf"/{DATABASE}/.*\.blob")
# The search's own table, whose texts are those of another one.
SEARCH = re.compile(rf"/{DATABASE}/{access.SEARCH}(?:[/.].*)?", re.IGNORECASE)
# Addresses of files, and the longest name that a file can have: Datasette tells of a longer one where it looked for it.
FILES = re.compile(r"/(?:static|vega|-/static|-/static-plugins)/")
LONGEST_FILE_NAME = 255
READS = ("GET", "HEAD", "OPTIONS")
# The database's pages; only the count of a table's rows is asked for by POST (Datasette 1.0).
DATA = re.compile(rf"/{DATABASE}(?:[/.].*)?")
POSTED = re.compile(rf"/{DATABASE}/[^/]+/-/count")


def complete(datasette: Any) -> Any:
    """An ASGI wrapper: Datasette knows no defaults of its own, so the address gets them before it reads it."""

    def wrap(app: Any) -> Any:
        async def completed(scope: dict[str, Any], receive: Any, send: Any) -> None:
            if scope["type"] == "http" and scope["method"] not in READS and _is_only_read(datasette, scope):
                await Response.text("Use GET.\n", status=405).asgi_send(send)
                return
            scope, send = below.local(datasette, scope, send)
            name, extension = named(datasette, scope)
            if refused := _refused(datasette, scope, name, extension):
                await refused.asgi_send(send)
                return
            if name is None:
                await app(scope, receive, send)
                return
            pairs = parse_qsl(scope["query_string"].decode("latin-1"), keep_blank_values=True)
            own = [(key, value) for key, value in pairs if key.startswith("_")]
            # As in Datasette, the first of several values counts.
            given = {key: value for key, value in reversed(pairs) if not key.startswith("_")}
            try:
                values = reports.bind(reports.find(name), given)
            except reports.StoryreportError:
                # The reason is for those who may see the report: a route knows who asks.
                path = f"/-/report-refusal/{tilde_encode(name)}" + (f".{extension}" if extension else "")
                await app(dict(scope, path=path, raw_path=path.encode()), receive, send)
                return
            # Datasette's own pages run the SELECT with what the address says.
            bound = reports.for_sql(reports.find(name), values)
            query = urlencode([*bound.items(), *own]).encode("latin-1")
            await app({**scope, "query_string": query, GIVEN: values}, receive, send)

        return completed

    return wrap


def given(request: Any) -> dict[str, str]:
    """The parameters of a request for a report, as the visitor gave them; Datasette's own (`_…`) are left out."""
    # Read once: Datasette parses the query string each time. As in Datasette, the first of several values counts.
    args = request.scope.get(GIVEN) or request.args
    return {name: args[name] for name in args if not name.startswith("_")}


def not_found(request: Any, exception: Exception) -> Any:
    """The answer for an unknown CSV address, or for what a table does not have; None for others."""
    if isinstance(exception, NotFound) and request.path.partition("?")[0].endswith(".csv"):
        return Response.text(f"{exception}\n", status=404)
    for kind, pattern, parameter, status, sentence in MISTAKES:
        is_it = isinstance(exception, kind) and (not parameter or parameter in request.args)
        if is_it and (found := re.match(pattern, str(exception), re.DOTALL)):
            return _sentence(request.path, status, sentence.format(*found.groups()))
    if isinstance(exception, DatasetteError) and exception.status == 500 and OF_VISITORS.match(exception.message):
        exception.status = 400
    return None


def _sentence(path: str, status: int, reason: str) -> Any:
    if path.partition("?")[0].endswith(".json"):
        return Response.json({"ok": False, "error": reason, "status": status}, status=status)
    return Response.text(f"{reason}\n", status=status)


def _is_only_read(datasette: Any, scope: dict[str, Any]) -> bool:
    """Whether an address takes no other method than those that read: a report database is not changed by visitors."""
    path = local_path(datasette, scope)
    return bool(path == "/" or (DATA.fullmatch(path) and not POSTED.fullmatch(path)))


def _refused(datasette: Any, scope: dict[str, Any], name: str | None, extension: str | None) -> Any:
    """The answer where Datasette would answer with a traceback; None otherwise."""
    known = {None, "csv", *datasette.renderers}
    if name is not None and extension not in known | PICTURES:
        return Response.text(f"A report has no .{extension}: it has .json, .csv, .svg and .png.\n", status=404)
    if name is None and scope["type"] == "http":
        path = local_path(datasette, scope)
        if (found := ADDRESS.fullmatch(path)) and found[2] not in known:
            return Response.text(f"A table has no .{found[2]}: it has .json and .csv.\n", status=404)
        if FILES.match(path) and max(map(len, path.split("/"))) > LONGEST_FILE_NAME:
            return Response.text("There is no such file.\n", status=404)
        if SEARCH.fullmatch(tilde_decode(unquote(path))):
            return _sentence(path, 403, "This table is the search's own: search the errors with errors?_search=.")
        if BLOB.fullmatch(path):
            return Response.text("No table here has files: their rows are .json and .csv.\n", status=404)
    return None


def named(datasette: Any, scope: dict[str, Any]) -> tuple[str | None, str | None]:
    """The report, broken or not, that a request names, and the extension of the format."""
    if scope["type"] != "http":
        return None, None
    found = ADDRESS.fullmatch(local_path(datasette, scope))
    name = tilde_decode(found[1]) if found else ""
    catalogue = reports.load_catalogue()
    is_known = name in catalogue.reports or any(error.name == name for error in catalogue.broken)
    return (name, found[2]) if found and is_known else (None, None)


def local_path(datasette: Any, scope: dict[str, Any]) -> str:
    """The path of a request without the base URL."""
    path: str = (scope.get("raw_path") or scope["path"].encode()).decode("latin-1").partition("?")[0]
    base = datasette.setting("base_url")
    return "/" + path[len(base) :] if base != "/" and path.startswith(base) else path
