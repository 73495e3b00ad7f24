"""The answer for an address below the report database where there is neither a report nor a table."""

import re
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode

from datasette import NotFound, Response
from datasette.utils import tilde_decode

from .. import reports
from . import DATABASE, addresses, data, links
from .visitor import Visitor

PAGE = re.compile(rf"/{DATABASE}/([^/.]+)(?:\.(json|csv))?$")
MOST = 5


@dataclass(frozen=True)
class Lost:
    """The name that is not there, reports that are called like it as (title, address), and where to look for it."""

    name: str
    alike: tuple[tuple[str, str], ...]
    search: str
    close: tuple[str, ...]  # the names of these reports

    @property
    def sentence(self) -> str:
        """What is said to a script."""
        return f"There is no report or table {self.name!r}: " + (
            f"did you mean {' or '.join(self.close)}?" if self.close else "/-/reports lists all reports."
        )


async def page(datasette: Any, request: Any, exception: Exception) -> Any:
    """The page, or a sentence for scripts; None for other errors and addresses, and for those who may see no report."""
    found = PAGE.fullmatch(addresses.local_path(datasette, request.scope)) if isinstance(exception, NotFound) else None
    visitor = Visitor(datasette, request)
    listed = await visitor.reports() if found else []
    if not found or not listed:
        return None
    view = _view(visitor, tilde_decode(found[1]), listed)
    if found[2]:
        return data.sentence(found[2], 404, view.sentence)
    return Response.html(await datasette.render_template("lost.html", {"lost": view}, request=request), status=404)


def _view(visitor: Visitor, name: str, listed: list[reports.Report]) -> Lost:
    titles = {report.name: report.title for report in listed}
    # A title may be what somebody remembers: it is looked for as a name would be.
    by_word = {title.lower().replace(" ", "_"): found for found, title in titles.items()}
    found = [by_word.get(each, each) for each in reports.closest(name, [*titles, *by_word], MOST)]
    close = tuple(dict.fromkeys(found))
    alike = tuple((titles[each], links.report(visitor.datasette, each)) for each in close)
    search = f"{visitor.datasette.urls.path('/-/reports')}?{urlencode({'q': name.replace('_', ' ')})}"
    return Lost(name, alike, search, close)
