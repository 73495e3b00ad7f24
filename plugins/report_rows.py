"""Answers a report's data address with all of its rows, as JSON or CSV, or says in one sentence why it does not."""

# mypy: disallow-untyped-decorators=False

import asyncio
import csv
import io
import re
import tempfile
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import ExitStack, closing
from dataclasses import dataclass
from typing import Any, TextIO

from datasette import Forbidden, NotFound, Response, hookimpl, utils
from datasette.database import QueryInterrupted
from datasette.renderer import convert_specific_columns_to_json
from datasette.utils.asgi import AsgiStream

from storyreport import reports

DATABASE = "storyreport"
ROWS_AT_ONCE = 1000
CHARACTERS_AT_ONCE = 1 << 18
# One of Datasette's three SQL threads stays free for pages.
LARGE_AT_ONCE = 2
# How a row becomes a value of JSON, by Datasette's names.
SHAPES: dict[str, Callable[[Sequence[str], Any], Any]] = {
    "objects": lambda columns, row: dict(zip(columns, row, strict=True)),
    "array": lambda columns, row: dict(zip(columns, row, strict=True)),
    "arrays": lambda _, row: list(row),
    "arrayfirst": lambda _, row: row[0],
}

encode = utils.CustomJSONEncoder().encode


@dataclass(frozen=True)
class Question:
    """A report, the values of its parameters, and Datasette's own arguments: those with an underscore."""

    report: reports.Report
    values: dict[str, str]
    args: Any

    @property
    def shape(self) -> str:
        """The shape of the JSON; lines are an array."""
        return str(self.args.get("_shape") or ("array" if self.args.get("_nl") else "objects"))


Batches = Iterable[Sequence[Any]]
Writer = Callable[[Question, Sequence[str], Batches], Iterator[str]]


@hookimpl
def register_routes() -> list[tuple[str, Any]]:
    """The reports' data addresses, which Datasette looks up before its own, and where wrong parameters lead."""
    names = "|".join(re.escape(utils.tilde_encode(name)) for name in reports.load_reports())
    large = asyncio.Semaphore(LARGE_AT_ONCE)

    async def rows(datasette: Any, request: Any) -> Any:
        response = await answer(datasette, request, large)
        if datasette.cors:
            utils.add_cors_headers(response.headers)
        return response

    return [
        (rf"/{DATABASE}/(?P<report>{names})\.(?P<format>json|csv)$", rows),
        (r"/-/report-refusal/(?P<report>[^/.]+)(\.(?P<format>\w+))?$", rows),
    ]


async def answer(datasette: Any, request: Any, large: asyncio.Semaphore) -> Any:
    """All rows of a report, in the form that the address asks for."""
    if request.method not in ("GET", "HEAD"):
        return Response.text("Use GET.\n", status=200 if request.method == "OPTIONS" else 405)
    extension = request.url_vars["format"]
    try:
        report = await visible_report(datasette, request)
    except Forbidden as error:
        if not extension:
            raise  # plugins may have a page for it: to log in, say
        return told(extension, 403, str(error))
    # As in Datasette, the first of several values counts.
    given = {name: request.args[name] for name in request.args if not name.startswith("_")}
    try:
        question = Question(report, reports.bind(report, given), request.args)
        if extension not in ("json", "csv"):
            # Somebody came back to a refused page, after logging in say, and nothing is wrong with it.
            return Response.redirect(f"{datasette.urls.query(DATABASE, report.name)}?{request.query_string}")
        content_type, writer = form(extension, question)
        response = await written(datasette, question, writer, large)
    except reports.UsageError as error:
        return await refusal(datasette, request, report, 400, str(error))
    except (QueryInterrupted, utils.sqlite3.Error) as error:
        return await refusal(datasette, request, report, *failure(datasette, report, error))
    response.content_type = f"{content_type}; charset=utf-8"
    if content_type == "text/csv":
        response.headers["content-disposition"] = f'attachment; filename="{utils.tilde_encode(report.name)}.csv"'
    return response


async def visible_report(datasette: Any, request: Any) -> reports.Report:
    """The report of the address, where Datasette lets the actor see it."""
    report = reports.load_reports().get(utils.tilde_decode(request.url_vars["report"]))
    if report is None or DATABASE not in datasette.databases:
        raise NotFound("There is no such report")
    try:
        if hasattr(datasette, "ensure_permission"):
            from datasette.resources import QueryResource  # there is no such module before Datasette 1.0

            query = QueryResource(DATABASE, report.name)
            await datasette.ensure_permission(action="view-query", resource=query, actor=request.actor)
        else:
            permissions = [("view-query", (DATABASE, report.name)), ("view-database", DATABASE), "view-instance"]
            await datasette.ensure_permissions(request.actor, permissions)
    except Forbidden:
        raise Forbidden("You may not see this report.") from None
    return report


async def refusal(datasette: Any, request: Any, report: reports.Report, status: int, sentence: str) -> Any:
    """A sentence with a status, in the format that was asked for."""
    if request.url_vars["format"]:
        return told(request.url_vars["format"], status, sentence)
    context = {"error": sentence, "title": report.title, "report": report}
    page = await datasette.render_template("report_refusal.html", context, request=request)
    return Response.html(page, status=status)


def told(extension: str, status: int, sentence: str) -> Any:
    """A sentence with a status, for scripts."""
    if extension == "json":
        return Response.json({"ok": False, "error": sentence, "status": status, "title": None}, status=status)
    return Response.text(sentence + "\n", status=status)


def failure(datasette: Any, report: reports.Report, error: Exception) -> tuple[int, str]:
    """The status and the sentence for a report that SQLite could not finish."""
    if isinstance(error, QueryInterrupted) or error.args == ("interrupted",):
        limit_ms = datasette.setting("sql_time_limit_ms")
        return 400, f"{report.name} takes longer than the {limit_ms:,} ms that this server allows: ask it for less."
    return 500, f"{report.name} cannot be read: {error}."


def too_much(report: reports.Report, limit: str, setting: str) -> reports.UsageError:
    """For an answer that is longer than the server's settings allow: nothing is cut."""
    return reports.UsageError(
        f"{report.name} has more than {limit}, and this server gives no more (its setting {setting}): ask it for less."
    )


async def written(datasette: Any, question: Question, writer: Writer, large: asyncio.Semaphore) -> Any:
    """The response: as Datasette would give it where that holds all rows, else by way of a temporary file."""
    database = datasette.get_database(DATABASE)
    first = await database.execute(question.report.sql, question.values, truncate=True)
    if not first.truncated:
        return Response("".join(writer(question, list(first.columns), [first.rows])))
    if not datasette.setting("allow_csv_stream"):
        raise too_much(question.report, f"{len(first.rows):,} rows", "allow_csv_stream")
    # A file: a client that reads slowly or goes away holds neither a thread nor the database, and what fails in the
    # middle still has a status.
    async with large:
        spool = await database.execute_fn(lambda connection: spooled(datasette, connection, question, writer))

    async def send(stream: Any) -> None:
        with spool:
            while text := spool.read(CHARACTERS_AT_ONCE):
                await stream.write(text)

    return AsgiStream(send)


def spooled(datasette: Any, connection: Any, question: Question, writer: Writer) -> TextIO:
    """A file that holds all rows, at its beginning."""
    limit_ms, limit_mb = datasette.setting("sql_time_limit_ms"), datasette.setting("max_csv_mb")
    with ExitStack() as failing:
        spool: TextIO = failing.enter_context(tempfile.TemporaryFile("w+", encoding="utf-8", newline=""))
        with closing(connection.cursor()) as cursor:
            with utils.sqlite_timelimit(connection, limit_ms):
                cursor.execute(question.report.sql, question.values)
            columns = [column[0] for column in cursor.description]
            for piece in writer(question, columns, batches(cursor, limit_ms)):
                spool.write(piece)
                if limit_mb and spool.tell() > limit_mb * 1024 * 1024:
                    raise too_much(question.report, f"{limit_mb:,} MB", "max_csv_mb")
        spool.seek(0)
        failing.pop_all()
        return spool


def batches(cursor: Any, limit_ms: int) -> Iterator[list[Any]]:
    """The rows; each batch may take the time that Datasette gives a query, as the pages of a table may."""

    def batch() -> list[Any]:
        with utils.sqlite_timelimit(cursor.connection, limit_ms):
            return list(cursor.fetchmany(ROWS_AT_ONCE))

    return iter(batch, [])


def form(extension: str, question: Question) -> tuple[str, Writer]:
    """The content type of an answer, and what makes its text from batches of rows, piece by piece."""
    if extension == "csv":
        return "text/csv" if question.args.get("_dl") else "text/plain", csv_text
    if question.shape not in SHAPES:
        raise reports.UsageError(f"_shape must be one of {', '.join(SHAPES)}, not {question.shape!r}.")
    if question.args.get("_nl") and question.shape == "array":
        return "text/plain", json_lines
    return "application/json", json_text


def csv_text(question: Question, columns: Sequence[str], batches: Batches) -> Iterator[str]:
    """CSV with a header, unless `_header=off`."""
    text = io.StringIO()
    writer = csv.writer(text)
    if question.args.get("_header") != "off":
        writer.writerow(columns)
    for batch in batches:
        writer.writerows(batch)
        yield text.getvalue()
        text.seek(0)
        text.truncate()


def json_lines(question: Question, columns: Sequence[str], batches: Batches) -> Iterator[str]:
    """An object a line."""
    for batch in batches:
        yield "".join(encode(value) + "\n" for value in json_values(question, columns, batch))


def json_text(question: Question, columns: Sequence[str], batches: Batches) -> Iterator[str]:
    """One JSON value: a bare array, or an object that holds the rows."""
    query = {"sql": question.report.sql, "params": question.values}
    envelope = {"ok": True, "database": DATABASE, "query_name": question.report.name, "query": query}
    is_bare = question.shape in ("array", "arrayfirst")
    yield "[" if is_bare else encode({**envelope, "columns": columns, "truncated": False})[:-1] + ', "rows": ['
    for place, batch in enumerate(batches):
        yield (", " if place else "") + encode(json_values(question, columns, batch))[1:-1]
    yield "]" if is_bare else "]}"


def json_values(question: Question, columns: Sequence[str], batch: Sequence[Any]) -> list[Any]:
    """Rows in the shape that is asked for."""
    # SQLite knows infinity, JSON does not.
    finite = [utils.remove_infinites(row) for row in batch]
    rows = convert_specific_columns_to_json(finite, columns, question.args.getlist("_json"))
    return [SHAPES[question.shape](columns, row) for row in rows]
