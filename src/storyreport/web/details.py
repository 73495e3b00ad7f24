"""The pages of one story, run, step, pipeline and source: what the reports say of it, one section a report."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from datasette import Response

from ..charts import Context
from ..nouns import counted
from ..reports import load_reports
from ..reports.details import SECTIONS, Section
from ..values.quantities import duration, share
from ..verdicts import bounds
from . import DATABASE, context, freshness, lakes, links, run_page
from .charts import Chart, kept
from .permissions import ensure_database
from .tables import Table
from .timeline import Timeline, timeline_of
from .unknown import Offered, offered
from .visitor import Result, Visitor

__all__ = ["SECTIONS", "page"]

# A step's page is that of its family; a cell may name one of its instances.
FAMILY = """
    select family
    from steps
    where
        :name in (name, family)
        and (:source = '' or source_id = (select id from sources where name = :source))
    order by family <> :name
    limit 1
"""
# The runs of a pipeline by source and kind, how they ended and how long they took; one without runs is known, too.
RUNS = """
    select
        sources.name as source,
        kinds.kind,
        kinds.runs,
        kinds.completed,
        kinds.failed,
        kinds.p50_ms,
        kinds.p95_ms
    from pipelines
    join sources on sources.id = pipelines.source_id
    left join rollup_run_kinds as kinds
        on
            kinds.source_id = pipelines.source_id
            and kinds.pipeline_id = pipelines.id
    where
        pipelines.name = :name
        and (:source = '' or sources.name = :source)
    order by kinds.runs desc, source, kinds.kind
"""
# What a page is known by, though it may have nothing to show.
KNOWN = {"step": FAMILY, "pipeline": RUNS}


# Of a step, pipeline or source the first rows of each report; what is about one run, story or batch is shown whole.
MOST_ROWS, WHOLE = 50, ("run", "story", "batch")
TEXTS = {
    "story": "Steps, runs, errors, files, tree and cost.",
    "run": "Timeline, problems and calls.",
    "step": "Durations, failures and cost.",
    "pipeline": "Runs, steps, failures and cost.",
    "source": "Freshness, data quality, work and cost.",
}


@dataclass(frozen=True)
class Shown:
    """A section as the template shows it."""

    title: str
    result: Result
    table: Table | None
    chart: Chart | None
    note: str
    timeline: Timeline | None = None
    folded: run_page.Folded | None = None

    @property
    def is_tree(self) -> bool:
        """Whether its rows are drawn as a tree."""
        return self.result.report.name == "story_tree" and bool(self.result.rows)


@dataclass(frozen=True)
class Detail:
    """The page of one story, run, step, pipeline or source."""

    kind: str
    key: str
    lead: str
    title: str
    sections: list[Shown]
    freshness: freshness.Freshness
    unknown: str = ""
    near: Offered | None = None
    facts: tuple[str, ...] = ()  # sentences with the figures that matter most
    ways: tuple[run_page.Way, ...] = ()  # to other runs


async def page(request: Any, datasette: Any) -> Response:
    """The page, for whoever may see the database; 404 where nothing is known of the key."""
    await ensure_database(datasette, request.actor)
    kind, key = request.url_vars["kind"], links.named(request.url_vars["key"])
    source = key if kind == "source" else request.args.get("source", "")
    known = False
    rows: list[Any] = []
    visitor = Visitor(datasette, request)
    # Who may see nothing of a thing does not learn that there is one.
    if kind in KNOWN and await visitor.may_see([section.report for section in SECTIONS[kind]]):
        rows = (await datasette.get_database(DATABASE).execute(KNOWN[kind], {"name": key, "source": source})).rows
        known = bool(rows)
    if kind == "step":
        key = rows[0]["family"] if rows else key
    view = await _view(visitor, kind, key, source, known)
    if kind == "pipeline" and await visitor.may_see(["throughput"]):
        ran = [row for row in rows if row["runs"]]
        view = replace(view, facts=tuple(_fact(row, is_only=len(ran) == 1) for row in ran))
    error = context.wrong_period(request) if kind == "step" else ""
    html = await datasette.render_template("detail.html", {"detail": view, "error": error}, request=request)
    return Response.html(html, status=404 if view.unknown and not known else 400 if error else 200)


def _fact(row: Any, is_only: bool) -> str:
    """How the runs of a source and kind ended, and how long the completed ones took; the only ones need no name."""
    ended = row["completed"] + row["failed"]
    rate = f"success rate {share(100 * row['completed'] / ended)}" if ended else "none has ended yet"
    usual = "" if row["p50_ms"] is None else f", p50 {duration(row['p50_ms'])}, p95 {duration(row['p95_ms'])}"
    whose = "" if is_only else f"{row['source']}, {row['kind']}: "
    return f"{whose}{counted(row['runs'], 'run')}, {row['failed']:,} failed, {rate}{usual}."


async def _view(visitor: Visitor, kind: str, key: str, source: str, known: bool) -> Detail:
    sections = await _sections(visitor, kind, key, source)
    found = [shown.result for shown in sections if shown.result.rows or shown.result.error]
    titles = [result.rows[0]["title"] for result in found if result.rows and result.rows[0].get("title")]
    fresh = await freshness.of(visitor, source)
    heading = str(titles[0]) if kind == "story" and titles else ""
    if found:
        said = [row for result in found if result.report.name == "run_status" for row in result.rows]
        costs = [row for result in found if result.report.name == "run_cost" for row in result.rows]
        lead = " ".join(filter(None, (run_page.lead(said), run_page.cost(costs)))) if kind == "run" else ""
        ways = await run_page.ways(visitor, said) if kind == "run" else ()
        facts = await _missing(visitor, kind, key, source)
        return Detail(kind, key, lead or TEXTS[kind], heading, sections, fresh, facts=facts, ways=ways)
    where = f" in {source}" if source and kind != "source" else ""
    if known:
        return Detail(kind, key, TEXTS[kind], "", [], fresh, f"No run of this {kind} has ended yet{where}.")
    near = await offered(visitor, kind, key)
    elsewhere = " ".join(await lakes.elsewhere(visitor, kind, key, source))
    return Detail(kind, key, TEXTS[kind], "", [], fresh, elsewhere or f"No {kind} '{key}'{where}.", near)


async def _missing(visitor: Visitor, kind: str, key: str, source: str) -> tuple[str, ...]:
    """What is missing of a story or run that lies in a lake, as the report says that is about it."""
    report = load_reports().get({"story": "story_status", "run": "run_timeline"}.get(kind, ""))
    if report is None or not await visitor.may_see([report.name]):
        return ()
    return await lakes.missing(visitor, report, {kind: key, "source": source})


async def _sections(visitor: Visitor, kind: str, key: str, source: str) -> list[Shown]:
    """The sections of a page; the first one with rows alone says whose it is."""
    shown: list[Shown] = []
    for section in SECTIONS[kind]:
        first: list[dict[str, Any]] = next((each.result.rows for each in shown if each.result.rows), [])
        if found := await _section(visitor, section, key, source, run_page.owners(first)):
            shown.append(found)
    # What there is comes before what there is not.
    return sorted(shown, key=lambda each: not (each.result.rows or each.result.error))


async def _section(visitor: Visitor, section: Section, key: str, source: str, said: Mapping[str, Any]) -> Shown | None:
    chosen = _chosen(visitor, section) if section.takes == "step" else {}
    values = {**chosen, "source": source, section.takes: key}
    most = None if section.takes in WHOLE else MOST_ROWS
    result = await visitor.result(section.report, values, most_cells=most)
    if result is None or not (result.rows or result.error or section.if_empty):
        return None
    if result.error:
        return Shown(section.title, result, None, None, "")
    if not result.rows:
        return Shown(section.title, result, None, None, section.if_empty)
    result = run_page.without(result, run_page.repeated(result, said))
    if shown := _of_run(visitor, section, result):
        return shown
    sources = [each.name for each in await visitor.sources()]
    limits = bounds.of_chart(result.report, values)
    title = f"{result.report.title}: {key}"
    in_all = f"more than {counted(len(result.rows), 'row')}" if result.is_cut else ""
    around = Context(title, list(result.rows[0]), sources, href=result.href, bounds=limits, rows_in_all=in_all)
    chart = await kept(visitor, result.report, values, result.rows, around) if len(result.rows) > 1 else None
    count = len(result.rows)
    note = f"The first {most} of {counted(count, 'row')}." if most and count > most and not result.is_cut else ""
    return Shown(section.title, result, result.table(section.title), chart, note)


def _of_run(visitor: Visitor, section: Section, result: Result) -> Shown | None:
    """The sections of a run's page that are not shown as a chart and a table; None for others."""
    if section.report == "run_status":
        return Shown(section.title, result, run_page.without(result, run_page.SAID).table(section.title), None, "")
    if section.report == "run_diagnosis":
        table, folded = run_page.unfolded(result, section.title)
        return Shown(section.title, result, table, None, "", folded=folded)
    if section.report == "run_timeline":
        drawn = timeline_of(visitor, result.rows, result.is_cut)
        table = run_page.without(result, run_page.DRAWN).table(section.title)
        return Shown(section.title, result, table, None, "", timeline=drawn)
    return None


def _chosen(visitor: Visitor, section: Section) -> dict[str, str]:
    """The pipeline and the period that the bar says, as far as the section's report takes them."""
    takes = {param.name for param in load_reports()[section.report].params}
    names = takes.intersection(context.OWN["/-/step/"])
    # The page is shown without a period that makes no sense.
    names -= {*context.DATES} if context.wrong_period(visitor.request) else set()
    return {name: value for name, value in context.of(visitor.request).items() if name in names}
