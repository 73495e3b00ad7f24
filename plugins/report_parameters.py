"""Puts a report's defaults in force for its page, JSON and CSV alike, and turns away what it cannot be asked."""

# mypy: disallow-untyped-decorators=False

import re
from typing import Any
from urllib.parse import parse_qsl, urlencode

from datasette import NotFound, Response, hookimpl
from datasette.utils import tilde_decode, tilde_encode

from storyreport import reports

ADDRESS = re.compile(r"/storyreport/([^/.]+)(?:\.(\w+))?")


@hookimpl
def asgi_wrapper(datasette: Any) -> Any:
    """Datasette knows no defaults of its own: complete the address before it reads it."""

    def wrap(app: Any) -> Any:
        async def completed(scope: dict[str, Any], receive: Any, send: Any) -> None:
            report, extension = _report(datasette, scope)
            if report is None:
                await app(scope, receive, send)
                return
            if refusal := _refusal(datasette, scope["method"], extension):
                await refusal.asgi_send(send)
                return
            pairs = parse_qsl(scope["query_string"].decode("latin-1"), keep_blank_values=True)
            own = [(name, value) for name, value in pairs if name.startswith("_")]
            # As in Datasette, the first of several values counts.
            given = {name: value for name, value in reversed(pairs) if not name.startswith("_")}
            try:
                values = reports.bind(report, given)
            except reports.UsageError:
                # What a report takes is said only to those who may see it: by a route, which knows who asks.
                path = f"/-/report-refusal/{tilde_encode(report.name)}" + (f".{extension}" if extension else "")
                await app(dict(scope, path=path, raw_path=path.encode()), receive, send)
                return
            query = urlencode([*values.items(), *own]).encode("latin-1")
            await app(dict(scope, query_string=query), receive, send)

        return completed

    return wrap


@hookimpl
def handle_exception(request: Any, exception: Exception) -> Any:
    """What is not there is a sentence for those who want CSV: Datasette 0.65 has a page of HTML for them."""
    if isinstance(exception, NotFound) and request.path.partition("?")[0].endswith(".csv"):
        return Response.text(f"{exception}\n", status=404)
    return None


def _refusal(datasette: Any, method: str, extension: str | None) -> Any:
    """What Datasette would answer with a traceback."""
    if method not in ("GET", "HEAD", "OPTIONS"):
        return Response.text("Use GET.\n", status=405)
    if extension not in (None, "csv", *datasette.renderers):
        return Response.text(f"A report has no .{extension}: it has .json and .csv.\n", status=404)
    return None


def _report(datasette: Any, scope: dict[str, Any]) -> tuple[reports.Report | None, str | None]:
    """The report that a request asks for, and the format's extension."""
    if scope["type"] != "http":
        return None, None
    path = (scope.get("raw_path") or scope["path"].encode()).decode("latin-1").partition("?")[0]
    base = datasette.setting("base_url")
    if base != "/" and path.startswith(base):
        path = "/" + path[len(base) :]
    found = ADDRESS.fullmatch(path)
    return (reports.load_reports().get(tilde_decode(found[1])), found[2]) if found else (None, None)
