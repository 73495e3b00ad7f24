"""The chart of a report on a page: a picture for screens and one for phones, and what chart.js draws."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from markupsafe import Markup

from .. import charts
from ..charts import Context, Drawing
from ..errors import UsageError
from .pictures import PICTURES, NotDrawnError
from .visitor import Result

# An address with `_bars=all` draws all bars, up to so many.
BARS, MOST = "_bars", 200
# The widths that pictures are drawn for; style sheets show the one that fits.
WIDTHS = {"wide": 1180, "narrow": 350}


@dataclass(frozen=True)
class Chart:
    """A chart at both widths; the addresses are '' where a page has none of these links."""

    title: str
    drawings: Mapping[str, Drawing]
    is_explored: bool = False
    svg_address: str = ""
    png_address: str = ""
    all_address: str = ""
    fewer_address: str = ""

    @property
    def has_more(self) -> bool:
        """Whether more bars could be drawn."""
        return self.drawings["wide"].has_more

    @property
    def notes(self) -> str:
        """What is left out."""
        return " ".join(self.drawings["wide"].notes)

    @property
    def payload(self) -> dict[str, Any]:
        """The JSON that chart.js reads: the specifications at both widths, and how they look."""
        parts = {
            name: [{"heading": part.heading, "spec": part.spec} for part in drawing.parts]
            for name, drawing in self.drawings.items()
        }
        return {**parts, "config": charts.PAGE}

    async def pictures(self) -> list[tuple[str, Markup]]:
        """(width's name, SVG) of each picture, or a sentence.

        Templates wait for it where they show a chart, so that a chart that is not shown is not drawn.
        """
        try:
            drawn = [
                (name, await PICTURES.picture(drawing, self.title, charts.PAGE))
                for name, drawing in self.drawings.items()
            ]
        except NotDrawnError as error:
            return [("failure", Markup("<p>{} The rows are below.</p>").format(str(error)))]
        # The drawing escapes all that comes from data.
        return [(name, Markup(svg.decode())) for name, svg in drawn]


def most_bars(args: Any) -> int:
    """How many bars an address asks for; UsageError for anything but all."""
    given = args.get(BARS)
    if given not in (None, "", "all"):
        raise UsageError(f"{BARS} must be all or be left out, not {given!r}.")
    return MOST if given else charts.MOST_BARS


def of(
    chart: Mapping[str, Any] | None,
    rows: Sequence[Mapping[str, Any]],
    context: Context,
    widths: Mapping[str, int] = WIDTHS,
) -> Chart | None:
    """The chart of rows; None where there is nothing to draw. `widths` are those of its place, for both screens."""
    if not chart:
        return None
    found = {name: drawing_of(chart, rows, replace(context, width=width)) for name, width in widths.items()}
    drawings = {name: drawing for name, drawing in found.items() if drawing}
    return Chart(context.title, drawings) if len(drawings) == len(widths) else None


def drawing_of(chart: Mapping[str, Any], rows: Sequence[Mapping[str, Any]], context: Context) -> Drawing | None:
    """The chart of rows at one width; None where there is nothing to draw."""
    return charts.drawing(chart, [dict(row) for row in rows[: charts.MOST_ROWS]], context)


def of_rows(result: Result, title: str, sources: Sequence[str], bounds: Sequence[charts.Bound] = ()) -> Chart | None:
    """A chart of a result's rows; None where its report has none, or nothing can be drawn."""
    columns = list(result.rows[0]) if result.rows else []
    return of(result.report.chart, result.rows, Context(title, columns, sources, href=result.href, bounds=bounds))
