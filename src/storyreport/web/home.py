"""The home page: the verdict on the last hours, tiles, the wall of last runs, what changed and what is to be done."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any
from urllib.parse import urlencode

from datasette import Response, utils
from markupsafe import Markup

from .. import reports
from ..verdicts import figures, reasons
from ..verdicts.figures import Fact, Question
from . import answers, context, freshness, links, listing
from .columns import without_values
from .health import Health, health
from .permissions import databases, ensure_instance, is_private
from .tables import Table, table
from .tiles import COST, COST_PER_STORY, DAYS, Tile, first_day, tiles
from .unknown import Offered, offered
from .visitor import Rows, Visitor
from .wall import Wall, wall

HOURS = 24
# Columns that say how much a change rests on: its report has them.
OF_SIZE = ("executions", "calls")
# Ways on from the wall: what they are about, the reports that a visitor must see (they lead to the first), and (title,
# parameters) of each.
WEEK = {"since": f"{DAYS}d"}
MONTHS = {"since": "last_month", "by": "month", "compare": "previous"}
WAYS: tuple[tuple[str, tuple[str, ...], tuple[tuple[str, dict[str, str]], ...]], ...] = (
    (
        f"Runs of the last {DAYS} days",
        ("recent_runs",),
        (("most expensive", {**WEEK, "order": "cost"}), ("slowest against usual", {**WEEK, "order": "slower"})),
    ),
    (COST_PER_STORY, ("cost_per_story", "cost"), (("by month", MONTHS),)),
    ("Cost of this month", ("cost_forecast", "cost"), (("projected", {}),)),
)
# What changed: a title and the select of a report.
CHANGES = (
    ("Slower and faster steps", figures.SLOWER_STEPS),
    ("Failing steps", figures.FAILING_STEPS),
    # Its sums are of other days than those of the tiles, which have today.
    ("Cost up to yesterday", figures.COST_CHANGES),
    ("New errors", figures.NEW_ERRORS),
)


@dataclass(frozen=True)
class Part:
    """A part of the verdict; the address is empty where the visitor may not see its report."""

    text: str
    address: str
    is_bad: bool
    detail: str


@dataclass(frozen=True)
class Change:
    """A table of changes with a link to its report, or why it cannot be shown."""

    title: str
    address: str
    table: Table | None
    error: str


@dataclass(frozen=True)
class Home:
    """All that the home page shows beside its freshness; `verdict` is empty where the visitor may not see it."""

    shortcuts: list[tuple[str, str]]  # (title, address)
    databases: list[str]
    catalogue: str  # the address of all reports
    verdict: tuple[Part, ...] = ()
    verdict_error: str = ""
    reasons: Sequence[Part] = ()  # where most failures were, which pipelines stopped, what costs more: and why
    tiles: Sequence[Tile] = ()
    wall: Wall | None = None
    ways: Sequence[tuple[str, list[tuple[str, str]]]] = ()  # (what they are about, (title, address) of each)
    health: Health | None = None
    changes: Sequence[Change] = ()
    near: Offered | None = None  # the sources, where the chosen one is unknown
    hours: int = HOURS
    days: int = DAYS

    @property
    def is_whole(self) -> bool:
        """Whether no part of it is an error, which may be gone the next time."""
        parts = [self.verdict_error, *(tile.note for tile in self.tiles), *(change.error for change in self.changes)]
        return not any([*parts, self.wall and self.wall.error, self.health and self.health.error])


async def page(request: Any, datasette: Any) -> Response:
    """The home page; Datasette's own looks at every table of the database, which takes longer than all that we show."""
    await ensure_instance(datasette, request.actor)
    if request.args.get("q"):
        # The search stood here once.
        return Response.redirect(f"{datasette.urls.path('/-/reports')}?{request.query_string}")
    shown: dict[str, Any]
    try:
        shown = {"refresh_seconds": listing.refresh_seconds(request.args)}
    except reports.UsageError as error:
        shown = {"error": str(error)}
    return await rendered(request, datasette, "index.html", "index", shown)


async def rendered(
    request: Any, datasette: Any, template: str, view_name: str, more: Mapping[str, Any] | None = None
) -> Response:
    """A page of ours about the whole instance; an `error` in what it shows is a wrong address."""
    # Datasette 1.0 keeps what it says of the whole instance in a database.
    metadata = datasette.metadata() if hasattr(datasette, "metadata") else await datasette.get_instance_metadata()
    shown = {"metadata": metadata, "private": await is_private(datasette), **(more or {})}
    if slots := getattr(utils, "make_slot_function", None):
        shown["top_homepage"] = slots("top_homepage", datasette, request)
    html = await datasette.render_template([template], shown, request=request, view_name=view_name)
    return Response.html(html, status=400 if "error" in shown else 200)


async def body(visitor: Visitor) -> Markup:
    """The home page below the bar, as it was made for visitors who see the same, until something of it changes."""

    async def make() -> tuple[str, bool]:
        home = await view(visitor)
        fresh = await freshness.of(visitor, context.of(visitor.request).get("source", ""), is_home=True)
        datasette = visitor.datasette
        is_new = hasattr(datasette, "get_jinja_environment")
        environment = datasette.get_jinja_environment(visitor.request) if is_new else datasette.jinja_env
        shown = {"home": home, "freshness": fresh, "urls": datasette.urls}
        return await environment.get_template("_home.html").render_async(shown), home.is_whole

    return Markup(await answers.page(visitor.datasette, await _depends_on(visitor), make))


async def _depends_on(visitor: Visitor) -> tuple[object, ...]:
    """All that the home page depends on beside the report database: what may be seen, what is chosen, the reports."""
    known = reports.load_reports().values()
    return (
        frozenset(await visitor.may_see(reports.load_reports())),
        tuple(await databases(visitor.datasette, visitor.actor)),
        # Plugins may show somebody more of a cell than others.
        json.dumps(visitor.actor, sort_keys=True, default=str),
        tuple(context.of(visitor.request).items()),
        tuple((report.name, report.sql, tuple(param.default for param in report.params)) for report in known),
    )


async def view(visitor: Visitor) -> Home:
    """The home page for a visitor; a chosen source narrows all of it."""
    chosen = {"source": context.of(visitor.request).get("source", "")}
    empty = Home(await _shortcuts(visitor), await databases(visitor.datasette, visitor.actor), _catalogue(visitor))
    known = {source.name for source in await visitor.sources()}
    if not known:
        return empty
    if chosen["source"] and chosen["source"] not in known:
        return replace(empty, near=await _sources(visitor, chosen["source"]))
    verdict, error, has_runs = await _verdict(visitor, chosen)
    why = await _reasons(visitor, chosen)
    shown = await tiles(visitor, chosen, has_runs)
    is_bad = bool(why) or any(part.is_bad for part in verdict)
    return replace(
        empty,
        verdict=verdict,
        verdict_error=error,
        reasons=why,
        tiles=shown,
        wall=await wall(visitor, chosen),
        ways=await _ways(visitor, chosen, {tile.title for tile in shown}),
        health=await health(visitor, chosen, is_bad),
        changes=[change for title, question in CHANGES if (change := await _change(visitor, title, question, chosen))],
    )


async def _verdict(visitor: Visitor, chosen: Mapping[str, str]) -> tuple[tuple[Part, ...], str, bool]:
    """The parts of the verdict, or why there are none; and whether anything has ever run."""
    last = await _answer(visitor, figures.LAST_HOURS, chosen)
    if last is None or last.error:
        return (), last.error if last else "", True
    slow = await _answer(visitor, figures.SLOW_RUNS, chosen)
    facts, has_runs = figures.verdict(last.rows, slow.rows if slow else None, HOURS), True
    if figures.is_idle(last.rows) and (newest := await _answer(visitor, figures.LAST_RUN, chosen)) and newest.rows:
        has_runs = bool(newest.rows[0]["runs"])
        facts = figures.idle(facts, newest.rows)
        if (stopped := await _answer(visitor, reasons.MISSING, chosen)) and stopped.rows:
            facts = (replace(facts[0], is_bad=True), *facts[1:])
    return tuple([await _part(visitor, fact, chosen) for fact in facts]), "", has_runs


async def _reasons(visitor: Visitor, chosen: Mapping[str, str]) -> list[Part]:
    """Why the last hours were bad, as far as the visitor may see it."""
    found = [(await _answer(visitor, question, chosen), fact_of) for question, fact_of in reasons.ALL]
    # A pipeline of the only source is known by its own name.
    is_only = len(await visitor.sources()) == 1
    without = {"source": None} if is_only else {}
    named = [
        ([{**row, **(without if row["pipeline"] else {})} for row in answer.rows], fact_of)
        for answer, fact_of in found
        if answer
    ]
    facts = [fact for rows, fact_of in named if (fact := fact_of(rows, HOURS))]
    return [await _part(visitor, fact, chosen) for fact in facts]


async def _answer(visitor: Visitor, question: Question, chosen: Mapping[str, str]) -> Rows | None:
    """The rows of a question about the last hours."""
    words = {"hours": HOURS, "twice": 2 * HOURS}
    params = {name: value.format(**words) for name, value in question.params.items()}
    return await visitor.rows(question.report, {**chosen, **params}, question.select)


async def _part(visitor: Visitor, fact: Fact, chosen: Mapping[str, str]) -> Part:
    own = {name: value for name, value in chosen.items() if value}
    is_shown = await visitor.may_see([fact.report])
    return Part(
        fact.text,
        links.report(visitor.datasette, fact.report, {**fact.params, **own}) if is_shown else "",
        fact.is_bad,
        fact.detail,
    )


async def _ways(
    visitor: Visitor, chosen: Mapping[str, str], titles: set[str]
) -> list[tuple[str, list[tuple[str, str]]]]:
    """The ways on to reports that the visitor may see and that have something to show, by the titles of the tiles.

    What they are about, and (title, address) of each.
    """
    has_cost = COST in titles
    empty = {*(() if has_cost else ("cost",)), *({COST_PER_STORY} - titles)}
    own = {name: value for name, value in chosen.items() if value}
    return [
        (
            about,
            [
                (title, links.report(visitor.datasette, needed[0], {**own, **given}))
                for title, given in ways
                if has_cost or given.get("order") != "cost"
            ],
        )
        for about, needed, ways in WAYS
        if empty.isdisjoint((about, *needed)) and await visitor.may_see(needed) == set(needed)
    ]


def _catalogue(visitor: Visitor) -> str:
    return links.with_context(str(visitor.datasette.urls.path("/-/reports")), ())


async def _sources(visitor: Visitor, name: str) -> Offered | None:
    """The sources that an unknown one may have meant, each with its home page."""
    home = visitor.datasette.urls.path("/")
    return await offered(visitor, "source", name, lambda source, _: f"{home}?{urlencode({'source': source})}")


async def _shortcuts(visitor: Visitor) -> list[tuple[str, str]]:
    """The topics of the reports that the visitor may see, with where they stand in the catalogue."""
    address = _catalogue(visitor)
    found = dict.fromkeys(report.topic for report in await visitor.reports())
    return [(topic, f"{address}#{utils.to_css_class(topic)}") for topic in found]


async def _change(visitor: Visitor, title: str, question: Question, chosen: Mapping[str, str]) -> Change | None:
    words = {"since": f"{DAYS}d", "before": f"{2 * DAYS}d", "full_before": f"{2 * DAYS + 1}d", "days": str(DAYS)}
    params = {name: value.format(**words) for name, value in question.params.items()}
    # A value that is no parameter of the report is one of the select.
    result = await visitor.result(
        question.report, {**chosen, **params, "first": first_day().isoformat()}, question.select
    )
    if result is None or not (result.rows or result.error):
        return None
    # The only source is said above.
    hidden = {*OF_SIZE, *(("source",) if len(await visitor.sources()) == 1 else ())}
    hidden.update(without_values(result.columns, result.rows))
    places = [place for place, name in enumerate(result.columns) if name not in hidden]
    cells = [[row[place] for place in places] for row in result.cells]
    shown = None if result.error else table(title, [result.columns[place] for place in places], cells)
    return Change(title, result.address, shown, result.error)
