"""Findings of checks that somebody has put aside: what tells a finding apart, and which of today's findings are new.

An acknowledgement holds for the findings that there were, one by one, and never for their number: a finding that comes
later is new, also where another one was solved meanwhile. What fails or falls silent once more is another finding.
"""

import difflib
import sqlite3
from collections.abc import Mapping
from typing import NamedTuple

from .. import reports
from ..errors import UsageError
from .figures import Question

STALE_SOURCES = """(
    select
        name as source,
        last_ingest_at
    from source_states
    where
        (:source = '' or name = :source)
        and last_ingest_at < strftime('%Y-%m-%dT%H:%M:%fZ', 'now', '-' || :stale_minutes || ' minutes')
)"""


class Findings(NamedTuple):
    """Where a check's findings are listed, what tells one from others of its source, and how many a row stands for."""

    report: str
    columns: tuple[str, ...]
    condition: str = "true"
    rows: str = "report"
    weight: str = "1"


# By the names of `health`.
CHECKS = {
    "orphans": Findings("orphans", ("kind", "key", "missing", "missing_key")),
    "stuck": Findings("stuck_runs", ("kind", "run", "story", "step", "started_at", "last_activity_at")),
    "failed": Findings("failed_stories", ("story", "step", "run", "failed_at")),
    "failed runs": Findings(
        "failed_runs", ("kind", "run", "step", "failed_at"), "story is null and kind <> 'job' and recovered_at is null"
    ),
    "blocked": Findings("blocked_stories", ("story", "consecutive_failures", "last_failed_at")),
    "chapters": Findings("stories_without_chapters", ("story",)),
    "trees": Findings("story_tree_problems", ("story", "node", "problem", "detail")),
    "outputs": Findings("output_mismatches", ("story", "step", "problem", "path")),
    "freshness": Findings("ingests", ("last_ingest_at",), rows=STALE_SOURCES),
    "data quality": Findings("data_quality", ("area", "problem", "rows")),
    "slow runs": Findings("slow_runs", ("kind", "run", "duration_ms")),
    "unpriced calls": Findings(
        "cost", ("day", "provider", "model", "unpriced_calls"), "unpriced_calls > 0", weight="unpriced_calls"
    ),
}
# The checks with an acknowledgement that holds today.
HELD = """
select check_name
from acknowledgements
where
    until_day is null
    or until_day >= date('now')
"""
NEW = """
select coalesce(sum({weight}), 0) as new
from {rows}
left join sources on sources.name = source
where
    {condition}
    and not exists (
        select 1
        from acknowledgements
        join acknowledged_findings as known on known.acknowledgement_id = acknowledgements.id
        where
            acknowledgements.check_name = :check_name
            and (acknowledgements.until_day is null or acknowledgements.until_day >= date('now'))
            and known.source_id = sources.id
            and known.finding = {finding}
    )
"""
ALL = """
select
    sources.id as source_id,
    {finding} as finding,
    sum({weight}) as number
from {rows}
join sources on sources.name = source
where {condition}
group by sources.id, {finding}
"""


def find(check: str) -> Findings:
    """A check's findings; UsageError where there is no such check, or its findings have no key."""
    if check in CHECKS:
        return CHECKS[check]
    # As limits name them: without quotes, a name of two words is two arguments.
    names = [name.replace(" ", "_") for name in CHECKS]
    near = difflib.get_close_matches(check, names, n=1)
    hint = f"did you mean {near[0]}?" if near else f"there are {', '.join(names)}."
    raise UsageError(f"There is no check {check!r} to acknowledge: {hint}")


def new(check: str) -> Question:
    """How many of a check's findings are new, as the column `new`."""
    return _question(check, NEW)


def listed(check: str) -> Question:
    """A check's findings: source_id, what tells them apart, and how many each stands for."""
    return _question(check, ALL)


def _question(check: str, sql: str) -> Question:
    found = find(check)
    finding = "json_array({})".format(", ".join(f'"{column}"' for column in found.columns))
    select = sql.format(rows=found.rows, condition=found.condition, weight=found.weight, finding=finding)
    stale = reports.bind(reports.find("health"), {})["stale_minutes"]
    return Question(found.report, {"check_name": check, "stale_minutes": stale}, select)


def held(connection: sqlite3.Connection) -> set[str]:
    """The checks with an acknowledgement that holds today."""
    return {check for (check,) in connection.execute(HELD)}


def number_of_new(connection: sqlite3.Connection, check: str, given: Mapping[str, str]) -> int:
    """How many of a check's findings are new; `given` are parameters of its report."""
    asked = new(check)
    more = {"source": "", **asked.params}
    (row,) = reports.select(connection, reports.find(asked.report), given, asked.select, {**more, **given})
    return int(row["new"])
