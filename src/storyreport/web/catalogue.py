"""The page of all reports by topic, with a search for reports, stories, runs, steps and pipelines."""

from dataclasses import dataclass
from typing import Any

from datasette import Response

from .. import reports
from .home import rendered
from .permissions import ensure_instance
from .search import Topic, topics
from .tables import Table
from .visitor import Result, Visitor


@dataclass(frozen=True)
class Catalogue:
    """All that the page shows; `found` are stories, runs, steps and pipelines, `broken` sentences on report files."""

    search: str
    found: Table | None
    topics: list[Topic]
    broken: list[str]
    address: str


async def page(request: Any, datasette: Any) -> Response:
    """The catalogue, for whoever may see anything."""
    await ensure_instance(datasette, request.actor)
    return await rendered(request, datasette, "reports.html", "reports")


async def view(visitor: Visitor) -> Catalogue:
    """The catalogue for a visitor, and what their search finds."""
    query = (visitor.request.args.get("q") or "").strip()
    found = await _found(visitor, query)
    listed = await visitor.reports()
    return Catalogue(
        search=query,
        found=found.table("Search results") if found else None,
        topics=topics(visitor.datasette, listed, query),
        broken=_broken() if listed else [],
        address=str(visitor.datasette.urls.path("/-/reports")),
    )


async def _found(visitor: Visitor, query: str) -> Result | None:
    """What has the query as the beginning of its key or name, or of it in other letters; None where nothing has."""
    for name in reports.spellings(query) if query else ():
        found = await visitor.result("find", {"name": name})
        if found and found.rows:
            return found
    return None


def _broken() -> list[str]:
    """A sentence for each report file that cannot be used, without its folder."""
    catalogue = reports.load_catalogue()
    return [*(f"{error.path.name}, line {error.line}: {error.reason}." for error in catalogue.broken)]
