"""The pages of one story, run, step and source: what the reports say of it, one below the other."""

# mypy: disallow-untyped-decorators=False

from dataclasses import dataclass
from typing import Any

from datasette import Forbidden, Response, hookimpl
from datasette.utils import tilde_decode

DATABASE = "storyreport"
# A step's page speaks of its family; what a cell names may be one of its instances.
FAMILY = """
    select family
    from steps
    where
        :name in (name, family)
        and (:source = '' or source_id = (select id from sources where name = :source))
    order by family <> :name
    limit 1
"""


@dataclass(frozen=True)
class Section:
    """A report within a page, which is left out where it has no rows, unless that says something too.

    What the report takes no parameter for is a condition on its column of that name.
    """

    report: str
    title: str
    takes: str
    if_empty: str = ""


SECTIONS = {
    "story": (
        Section("failed_stories", "Why it failed", "story", "It is not failed."),
        Section("cost_by_story", "What it cost", "story", "No call names this story: what it cost is not known."),
        Section("story_status", "Its steps", "story"),
        Section("story_runs", "Its runs", "story"),
        Section("story_tree", "Its tree", "story"),
        Section("story_tree_problems", "What is wrong with its tree", "story"),
        Section("output_mismatches", "Files that do not fit its state", "story"),
        Section("story_files", "Its files", "story"),
    ),
    "run": (
        Section("run_status", "How it is", "run"),
        Section("run_diagnosis", "What is wrong with it", "run"),
        Section("run_timeline", "How it went", "run"),
        Section("stuck_runs", "Where it hangs", "run"),
        Section("repeated_warnings", "What it said again and again", "run"),
        Section("run_calls", "Its calls", "run"),
        Section("batch_events", "Its events", "batch"),
    ),
    "step": (
        Section("step_durations", "How long it takes", "step"),
        Section("slowest_steps", "All in all", "step"),
        Section("duration_changes", "Since last week", "step"),
        Section("failure_trend", "How often it fails", "step"),
        Section("failed_stories", "Stories that failed in it", "step"),
        Section("slowest_runs", "Its slowest runs", "step"),
        Section("cost_by_step", "What it costs", "step"),
    ),
    "source": (
        Section("ingests", "How fresh it is", "source"),
        Section("data_quality", "What cannot be trusted", "source"),
        Section("rejected_rows", "What could not be loaded", "source"),
        Section("throughput", "What gets done", "source"),
        Section("slowest_steps", "Where its time goes", "source"),
        Section("failure_rates", "Which of its steps fail", "source"),
        Section("stuck_runs", "What hangs", "source"),
        Section("orphans", "What points at nothing", "source"),
        Section("api_reliability", "Whether its calls succeed", "source"),
        Section("cost_forecast", "What it costs", "source"),
    ),
}


@hookimpl
def register_routes() -> list[tuple[str, Any]]:
    """`/-/story/<key>?source=<source>` and the like; the source matters only where two know the same key."""
    return [(rf"/-/(?P<kind>{'|'.join(SECTIONS)})/(?P<key>[^/]+)$", page)]


async def page(request: Any, datasette: Any) -> Response:
    """The page of one thing, for whoever may see the database; 404 where nothing is known of it."""
    await ensure_visible(datasette, request.actor)
    kind, key = request.url_vars["kind"], tilde_decode(request.url_vars["key"])
    source = key if kind == "source" else request.args.get("source", "")
    known: list[Any] = []
    if kind == "step":
        known = (await datasette.get_database(DATABASE).execute(FAMILY, {"name": key, "source": source})).rows
        key = known[0]["family"] if known else key
    sections = [(section, {"source": source, section.takes: key}) for section in SECTIONS[kind]]
    # The template asks the reports and puts here those that know something.
    found: list[Any] = []
    context = {"kind": kind, "key": key, "source": source, "sections": sections, "found": found, "known": known}
    html = await datasette.render_template("one_thing.html", context, request=request)
    return Response.html(html, status=200 if found or known else 404)


async def ensure_visible(datasette: Any, actor: Any) -> None:
    """Refuse those whom Datasette would refuse the database."""
    try:
        if hasattr(datasette, "ensure_permission"):
            from datasette.resources import DatabaseResource  # there is no such module before Datasette 1.0

            await datasette.ensure_permission(action="view-database", resource=DatabaseResource(DATABASE), actor=actor)
        else:
            await datasette.ensure_permissions(actor, [("view-database", DATABASE), "view-instance"])
    except Forbidden:
        raise Forbidden("You may not see this database.") from None
