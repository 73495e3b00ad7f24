"""A report's chart as a picture at an address of its own: SVG or PNG, light or dark."""

from collections.abc import Mapping
from typing import Any

from datasette import Response

from .. import reports
from ..charts import DARK, LIGHT
from . import charts, drawn, links
from .pictures import PICTURES, NotDrawnError
from .rows import listed
from .visitor import Visitor

TYPES = {"svg": "image/svg+xml; charset=utf-8", "png": "image/png"}
SCHEMES = {"light": LIGHT, "dark": DARK}
WIDTH = 960
# A picture that is opened by itself loads and runs nothing.
POLICY = "default-src 'none'; style-src 'unsafe-inline'"


async def respond(visitor: Visitor, report: reports.Report, values: Mapping[str, str], form: str) -> Any:
    """The picture of the report's chart; a sentence with a status where there is none. UsageError for a wrong value."""
    args = visitor.request.args
    scheme = args.get("_scheme") or "light"
    if scheme not in SCHEMES:
        raise reports.UsageError(f"_scheme must be light or dark, not {scheme!r}.")
    if not report.chart:
        return Response.text(f"{report.name} has no chart: it has .json and .csv.\n", status=404)
    most = charts.most_bars(args)
    rows = await listed(visitor, report, values, {})
    if rows.error:
        return Response.text(rows.error + "\n", status=rows.status)
    context = await drawn.context(visitor, report, values, most=most, width=WIDTH)
    drawing = charts.drawing_of(report.chart, rows.all, context)
    if not drawing:
        return Response.text(f"{report.name} has nothing to draw with these values.\n", status=404)
    try:
        picture = await PICTURES.picture(drawing, context.title, SCHEMES[scheme], form, alone=True)
    except NotDrawnError as error:
        return Response.text(f"{error}\n", status=503)
    headers = {"content-security-policy": POLICY}
    if args.get("_dl"):
        headers["content-disposition"] = f'attachment; filename="{links.file_name(report, values)}.{form}"'
    return Response(picture, content_type=TYPES[form], headers=headers)
