"""The limits that a chart shows as rules: those on the column that it draws, where a bar or point is what is limited.

A limit on a sum, such as `cost > 20 USD in 24h`, is drawn where a bar is of that period; one for a source or a pipeline
where the page is of it; one for some of the rows (`for step=write`) nowhere.
"""

import json
import os
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from ..charts import Bound
from ..errors import UsageError
from ..reports import Report
from ..values.quantities import number
from . import limits
from .limits import Limit

# The limits of the sources file, as a JSON list of texts.
IN_FORCE = "STORYREPORT_CHECKS"
# Parameters of reports that are limits: report → the column that is held, and the parameter.
OWN = {"stuck_runs": ("stuck_minutes", "minutes"), "blocked_stories": ("consecutive_failures", "failures")}
# The charts of which a bar or a point is what a limit with a name holds: name → report and column.
DRAWN = {
    "failure_pct": (("failure_rates", "failure_pct"), ("failure_trend", "failure_pct")),
    "success_pct": (("overview", "success_pct"),),
    "slower_pct": (("duration_changes", "change_pct"),),
    "cost": (("cost", "cost"),),
    "cost_per_story": (("cost_per_story", "cost_per_accepted_story"),),
}
SUMS = {"cost"}
# The periods that a bar of a chart by day, week or month stands for.
PERIODS = {
    "day": {"24h", "1d", "today", "yesterday"},
    "week": {"7d", "1w", "168h"},
    "month": {"month", "last_month"},
}


def use(texts: Sequence[str]) -> None:
    """Draw these limits, in this process and those that it starts."""
    os.environ[IN_FORCE] = json.dumps(list(texts))


def wrong() -> list[str]:
    """A sentence for each limit in force that cannot be used."""
    found = []
    for text in _texts():
        try:
            limits.parse(text)
        except UsageError as error:
            found.append(str(error))
    return found


def of_chart(report: Report, values: Mapping[str, str]) -> list[Bound]:
    """The bounds of a report's chart with these values of its parameters."""
    field = _drawn(report)
    if not field:
        return []
    found = [_bound(limit) for limit in _in_force() if _holds(limit, report.name, field, values)]
    column, param = OWN.get(report.name, ("", ""))
    if column == field and (minimum := values.get(param)):
        found.append(Bound(float(minimum), number(field, round(float(minimum)))))
    return list(dict.fromkeys(found))


def _drawn(report: Report) -> str:
    """The column whose values a chart draws."""
    encoding: Mapping[str, Any] = (report.chart or {}).get("encoding", {})
    channels = (encoding.get(name, {}) for name in ("x", "y", "color"))
    return next((each["field"] for each in channels if each.get("type") == "quantitative" and "field" in each), "")


def _texts() -> list[str]:
    texts: list[str] = json.loads(os.environ.get(IN_FORCE) or "[]")
    return texts


def _in_force() -> Iterator[Limit]:
    for text in _texts():
        try:
            yield limits.parse(text)
        except UsageError:
            continue  # `serve` has warned of it, and `check` refuses it


def _holds(limit: Limit, report: str, field: str, values: Mapping[str, str]) -> bool:
    name = limit.name
    if (report, field) not in DRAWN.get(name, ((limit.metric.reports[0], limit.metric.column),)):
        return False
    if name in SUMS and limit.values.get("since", "") not in PERIODS.get(values.get("by") or "day", set()):
        return False
    chosen = {key: value for key, value in limit.values.items() if key not in ("since", "until", "days")}
    return not limit.conditions and all(values.get(key) == value for key, value in chosen.items())


def _bound(limit: Limit) -> Bound:
    return Bound(limit.number, limit.text_of(limit.number), limit.unit, limit.name not in DRAWN)
