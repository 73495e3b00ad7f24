"""Answers a report's addresses: its page, all of its rows as JSON or CSV, its chart; or a sentence on why not."""

import asyncio
import re
import tempfile
from collections.abc import Iterator
from contextlib import ExitStack, closing
from dataclasses import replace
from typing import Any, TextIO

from datasette import Forbidden, NotFound, Response, utils
from datasette.database import QueryInterrupted
from datasette.utils.asgi import AsgiStream

from .. import reports
from ..nouns import counted
from . import DATABASE, addresses, lakes, links, listing, picture_pages, report_page
from .data_errors import failure
from .formats import Answer, Writer, form
from .permissions import ensure_database, ensure_report
from .visitor import Visitor

ROWS_AT_ONCE = 1000
CHARACTERS_AT_ONCE = 1 << 18
# One of Datasette's three SQL threads stays free for pages.
LARGE_AT_ONCE = 2


def routes() -> list[tuple[str, Any]]:
    """The reports' data addresses, which Datasette looks up before its own, and the address of refusals."""
    names = "|".join(re.escape(utils.tilde_encode(name)) for name in reports.load_reports())
    large = asyncio.Semaphore(LARGE_AT_ONCE)

    async def rows(datasette: Any, request: Any) -> Any:
        response = await respond(datasette, request, large)
        if datasette.cors:
            utils.add_cors_headers(response.headers)
        return response

    return [
        (rf"/{DATABASE}/(?P<report>{names})(\.(?P<format>json|csv|svg|png))?$", rows),
        (r"/-/report-refusal/(?P<report>[^/.]+)(\.(?P<format>\w+))?$", rows),
    ]


async def respond(datasette: Any, request: Any, large: asyncio.Semaphore) -> Any:
    """All rows of a report, in the form that the address names."""
    if request.method not in ("GET", "HEAD"):
        return Response.text("Use GET.\n", status=200 if request.method == "OPTIONS" else 405)
    extension, name = request.url_vars["format"], utils.tilde_decode(request.url_vars["report"])
    is_refusal = (request.scope.get("route_path") or request.path).startswith("/-/")
    try:
        report = await visible_report(datasette, request.actor, name)
    except Forbidden as error:
        if not extension:
            raise  # plugins may have a page for it: to log in, say
        return sentence(extension, 403, str(error))
    except reports.BrokenReportError as error:
        return await refusal(datasette, request, name, 404, f"{error.path.name}, line {error.line}: {error.reason}.")
    # Read once: Datasette parses the query string each time.
    args = request.args
    given = addresses.given(request)
    try:
        values = reports.bind(report, given)
        if is_refusal and not extension:
            # Somebody came back to a refused page, after logging in say, and nothing is wrong with it.
            return Response.redirect(f"{links.report(datasette, name)}?{request.query_string}")
        if not extension:
            return await page(datasette, request, report)
        if extension in picture_pages.TYPES:
            return await picture_pages.respond(Visitor(datasette, request), report, values, extension)
        order = listing.order(report, args)
        sorted_report = replace(report, sql=order.sql(report.sql)) if order else report
        answer = Answer(sorted_report, reports.for_sql(report, values), args)
        content_type, writer = form(extension, answer)
        response = await of_lake(Visitor(datasette, request), answer, writer, order)
        response = response or await written(datasette, answer, writer, large)
    except reports.UsageError as error:
        view = await report_page.refused(Visitor(datasette, request), report, error) if not extension else None
        return await refusal(datasette, request, name, 400, str(error), report.title, view)
    except (QueryInterrupted, utils.sqlite3.Error) as error:
        return await refusal(datasette, request, name, *failure(datasette, report, error), report.title)
    response.content_type = f"{content_type}; charset=utf-8"
    if content_type == "text/csv":
        response.headers["content-disposition"] = f'attachment; filename="{utils.tilde_encode(name)}.csv"'
    return response


async def page(datasette: Any, request: Any, report: reports.Report) -> Any:
    """The report's page; 400 or 500 where its rows cannot be read."""
    view = await report_page.view(Visitor(datasette, request), report)
    context = {"report_page": view, "freshness": view.freshness, "database": DATABASE}
    html = await datasette.render_template("report.html", context, request=request, view_name="report")
    return Response.html(html, status=view.status)


async def visible_report(datasette: Any, actor: Any, name: str) -> reports.Report:
    """The report of that name; Forbidden where the actor may not see it, BrokenReportError where it is broken."""
    if DATABASE not in datasette.databases:
        raise NotFound("There is no such report")
    try:
        report = reports.find(name)
    except reports.BrokenReportError:
        # The reason is for those who may see the database.
        await ensure_database(datasette, actor)
        raise
    except reports.UsageError:
        raise NotFound("There is no such report") from None
    await ensure_report(datasette, actor, name)
    return report


async def refusal(
    datasette: Any, request: Any, name: str, status: int, reason: str, title: str = "", page: Any = None
) -> Any:
    """A sentence with a status, in the format of the address (`page`: with its form); without a title it is broken."""
    if request.url_vars["format"]:
        return sentence(request.url_vars["format"], status, reason)
    address = links.report(datasette, name) if title else ""
    context = {"error": reason, "title": title or f"Broken report {name}", "plain_address": address, "page": page}
    page = await datasette.render_template("report_refusal.html", context, request=request)
    return Response.html(page, status=status)


def sentence(extension: str, status: int, reason: str) -> Any:
    """A sentence with a status, for scripts."""
    if extension == "json":
        return Response.json({"ok": False, "error": reason, "status": status, "title": None}, status=status)
    return Response.text(reason + "\n", status=status)


def too_much(report: reports.Report, limit: str, setting: str) -> reports.UsageError:
    """For an answer that is longer than the server's settings allow: nothing is cut."""
    return reports.UsageError(
        f"{report.name} has more than {limit}, the limit of this server (its setting {setting}): narrow it down."
    )


async def of_lake(visitor: Visitor, answer: Answer, writer: Writer, order: listing.Order | None) -> Any:
    """The response for one story or run that is read in a lake; None where none is."""
    found = await lakes.rows(visitor, answer.report, answer.values)
    if found is None:
        return None
    rows = [tuple(row.values()) for row in (order.of(found) if order else found)]
    return Response("".join(writer(answer, answer.report.columns, [rows])))


async def written(datasette: Any, answer: Answer, writer: Writer, large: asyncio.Semaphore) -> Any:
    """The response: as Datasette would give it where that holds all rows, else by way of a temporary file."""
    database = datasette.get_database(DATABASE)
    first = await database.execute(answer.report.sql, answer.values, truncate=True)
    if not first.truncated:
        return Response("".join(writer(answer, list(first.columns), [first.rows])))
    if not datasette.setting("allow_csv_stream"):
        raise too_much(answer.report, counted(len(first.rows), "row"), "allow_csv_stream")
    # A file: a client that reads slowly or goes away holds neither a thread nor the database, and what fails in the
    # middle still has a status.
    async with large:
        spool = await database.execute_fn(lambda connection: spooled(datasette, connection, answer, writer))

    async def send(stream: Any) -> None:
        with spool:
            while text := spool.read(CHARACTERS_AT_ONCE):
                await stream.write(text)

    return AsgiStream(send)


def spooled(datasette: Any, connection: Any, answer: Answer, writer: Writer) -> TextIO:
    """A file that holds all rows, at its beginning."""
    limit_ms, limit_mb = datasette.setting("sql_time_limit_ms"), datasette.setting("max_csv_mb")
    with ExitStack() as failing:
        spool: TextIO = failing.enter_context(tempfile.TemporaryFile("w+", encoding="utf-8", newline=""))
        with closing(connection.cursor()) as cursor:
            with utils.sqlite_timelimit(connection, limit_ms):
                cursor.execute(answer.report.sql, answer.values)
            columns = [column[0] for column in cursor.description]
            for piece in writer(answer, columns, batches(cursor, limit_ms)):
                spool.write(piece)
                if limit_mb and spool.tell() > limit_mb * 1024 * 1024:
                    raise too_much(answer.report, f"{limit_mb:,} MB", "max_csv_mb")
        spool.seek(0)
        failing.pop_all()
        return spool


def batches(cursor: Any, limit_ms: int) -> Iterator[list[Any]]:
    """The rows; each batch may take the time that Datasette gives a query, as the pages of a table may."""

    def batch() -> list[Any]:
        with utils.sqlite_timelimit(cursor.connection, limit_ms):
            return list(cursor.fetchmany(ROWS_AT_ONCE))

    return iter(batch, [])
