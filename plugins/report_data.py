"""Answers the reports' data addresses, and completes every report's address with its defaults."""

# mypy: disallow-untyped-decorators=False

from typing import Any

from datasette import hookimpl

from storyreport.web import addresses, data, lost


@hookimpl
def register_routes() -> list[tuple[str, Any]]:
    """`/storyreport/<report>.json` and `.csv`."""
    return data.routes()


@hookimpl
def asgi_wrapper(datasette: Any) -> Any:
    """The defaults of a report's parameters."""
    return addresses.complete(datasette)


@hookimpl
def forbidden(datasette: Any, request: Any, message: str) -> Any:
    """A sentence for scripts, where a table or page is closed; Datasette's page for people."""
    extension = addresses.local_path(datasette, request.scope).rpartition(".")[2]
    return data.sentence(extension, 403, message) if extension in ("json", "csv") else None


@hookimpl
def handle_exception(datasette: Any, request: Any, exception: Exception) -> Any:
    """An unknown report, table or CSV address."""

    async def answer() -> Any:
        return await lost.page(datasette, request, exception) or addresses.not_found(request, exception)

    return answer
