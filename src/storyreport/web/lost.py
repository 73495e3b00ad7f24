"""The answer for an address where there is no page: by a name that is neither a report nor a table, or elsewhere."""

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
    """The name that is not there, '' elsewhere; reports called like it as (title, address); where to look for it."""

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
    if not isinstance(exception, NotFound):
        return None
    path = addresses.local_path(datasette, request.scope)
    found = PAGE.fullmatch(path)
    visitor = Visitor(datasette, request)
    # What has an extension is asked for by a program.
    listed = await visitor.reports() if found or "." not in path.rpartition("/")[2] else []
    if not listed:
        return None
    view = _view(visitor, tilde_decode(found[1]) if found else "", listed)
    if found and found[2]:
        return data.sentence(found[2], 404, view.sentence)
    return Response.html(await datasette.render_template("lost.html", {"lost": view}, request=request), status=404)


def _view(visitor: Visitor, name: str, listed: list[reports.Report]) -> Lost:
    titles = {report.name: report.title for report in listed}
    # A title may be what somebody remembers: it is looked for as a name would be.
    by_word = {title.lower().replace(" ", "_"): found for found, title in titles.items()}
    found = [by_word.get(each, each) for each in reports.closest(name, [*titles, *by_word], MOST)] if name else []
    close = tuple(dict.fromkeys(found))
    alike = tuple((titles[each], links.report(visitor.datasette, each)) for each in close)
    search = str(visitor.datasette.urls.path("/-/reports"))
    if name:
        search += f"?{urlencode({'q': name.replace('_', ' ')})}"
    return Lost(name, alike, search, close)
