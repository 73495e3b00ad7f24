"""The chart of a report on a page: a picture for screens and one for phones, and what chart.js draws."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from markupsafe import Markup

from .. import charts, reports
from ..charts import Context, Drawing
from ..errors import UsageError
from . import answers
from . import context as choices
from .pictures import PICTURES, NotDrawnError
from .visitor import Visitor

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
    drawn: tuple[tuple[str, Markup], ...] = ()  # its pictures, where they were kept

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
        if self.drawn:
            return list(self.drawn)
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


async def kept(
    visitor: Visitor,
    report: reports.Report,
    values: Mapping[str, str],
    rows: Sequence[Mapping[str, Any]],
    context: Context,
    widths: Mapping[str, int] = WIDTHS,
) -> Chart | None:
    """The chart of a report's rows with its pictures, as it was made before for the same of all that it depends on."""

    async def make() -> tuple[Chart | None, int]:
        chart = of(report.chart, rows, context, widths)
        if not chart:
            return None, 0
        pictures = await chart.pictures()
        if pictures[0][0] == "failure":
            return chart, 0
        # The pictures stand for what they were drawn from, which is larger.
        bare = {name: replace(drawing, parts=()) for name, drawing in chart.drawings.items()}
        return replace(chart, drawings=bare, drawn=tuple(pictures)), sum(len(svg) for _, svg in pictures)

    drawn_from = (report.name, report.sql, repr(report.chart), tuple(values.items()), tuple(widths.items()))
    chosen = tuple(choices.of(visitor.request).items())
    limits = (tuple(context.rules), tuple(context.bounds), context.rows_in_all)
    around = (context.title, tuple(context.sources), context.most, *limits)
    found: Chart | None = await answers.chart(visitor.datasette, (*drawn_from, *chosen, *around), make)
    return found


def drawing_of(chart: Mapping[str, Any], rows: Sequence[Mapping[str, Any]], context: Context) -> Drawing | None:
    """The chart of rows at one width; None where there is nothing to draw."""
    return charts.drawing(chart, [dict(row) for row in rows[: charts.MOST_ROWS]], context)
