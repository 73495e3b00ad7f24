"""Limits on what the reports say: `failure_pct > 10 in 24h`, read, checked against their columns, and evaluated."""

import difflib
import operator
import re
import sqlite3
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import NamedTuple

from .. import reports
from ..config import Config
from ..errors import UsageError
from ..reports import Report
from ..values import currencies
from ..values.quantities import MONEY, number
from . import acknowledged

LIMIT = re.compile(
    r"(?P<name>[a-z_]\w*(?:\.\w+)?)\s*(?P<sign>>=|<=|>|<)\s*(?P<number>\d+(?:\.\d+)?)\s*"
    r"(?P<unit>(?!in\b|for\b)[A-Za-z%]+)?"
    r"(?:\s+in\s+(?P<period>\S+))?(?:\s+for\s+(?P<conditions>[^\s=]+=\S+(?:\s+[^\s=]+=\S+)*))?",
    re.ASCII,
)
SIGNS: dict[str, Callable[[float, float], bool]] = {
    ">": operator.gt,
    ">=": operator.ge,
    "<": operator.lt,
    "<=": operator.le,
}
EXAMPLE = "failure_pct > 10 in 24h"
KNOWN_CURRENCIES = currencies.CODES | {currencies.UNKNOWN}
# Units of a column by its ending, as multiples of the column's own.
UNITS: dict[str, dict[str, float]] = {
    "_ms": {"ms": 1, "s": 1e3, "min": 6e4, "h": 36e5, "d": 864e5},
    "_minutes": {"min": 1, "h": 60, "d": 1440, "w": 10_080},
    "_bytes": {"B": 1, "kB": 1e3, "MB": 1e6, "GB": 1e9},
    "_pct": {"%": 1},
}


class Metric(NamedTuple):
    """A number with a name: the reports that it is taken from, the column whose unit it has, and the select.

    The select reads a report as `report_<name>`, and gives value and label. `look` is the report that shows more.
    """

    reports: tuple[str, ...]
    column: str
    select: str
    look: str = ""
    check: str = ""  # of which acknowledged findings are left out


def _count(check: str, look: str) -> Metric:
    return Metric(
        ("health",), "count", f"""select count, '' from report_health where "check" = '{check}'""", look, check
    )


# The checks of `health`, and the report that each of them names.
COUNTS = {
    "orphans": "orphans",
    "stuck": "stuck_runs",
    "failed": "failed_stories",
    "failed runs": "failed_runs",
    "blocked": "blocked_stories",
    "chapters": "stories_without_chapters",
    "trees": "story_tree_problems",
    "outputs": "output_mismatches",
    "data quality": "data_quality",
    "unpriced calls": "cost",
    "slow runs": "slow_runs",
}
METRICS = {
    **{check.replace(" ", "_"): _count(check, look) for check, look in COUNTS.items()},
    "failure_pct": Metric(
        ("failure_rates",),
        "failure_pct",
        "select round(100.0 * sum(failed) / nullif(sum(executions), 0), 2), '' from report_failure_rates",
    ),
    "success_pct": Metric(
        ("throughput",),
        "success_pct",
        "select round(100.0 * sum(runs_completed) / nullif(sum(runs_completed + runs_failed), 0), 2), ''"
        " from report_throughput",
    ),
    "slower_pct": Metric(
        ("duration_changes",), "change_pct", "select change_pct, step || ' of ' || source from report_duration_changes"
    ),
    "cost": Metric(("cost",), "cost", "select coalesce(sum(cost), 0), '' from report_cost where currency = :unit"),
    "cost_per_story": Metric(
        ("cost", "throughput"),
        "cost",
        "select (select sum(cost) from report_cost where currency = :unit)"
        " / nullif((select sum(stories_completed) from report_throughput), 0), ''",
    ),
    # A nightly check is quiet, too, where nothing ran.
    "missing_runs": Metric(("missing_runs",), "count", "select count(*), '' from report_missing_runs"),
    "age": Metric(
        ("ingests",),
        "age_minutes",
        "select (strftime('%s', 'now') - strftime('%s', max(finished_at))) / 60, source"
        " from report_ingests group by source",
    ),
}
# Before the column of a condition: the name of its value.
CONDITION = "only_"
# What a limit may name and a history knows.
NAMED = {"pipeline", "step", "story", "run", "batch", "session", "provider", "model"}
# What is checked where neither the file nor the command has a limit: the checks of `health` that are problems.
DEFAULT = ("stuck > 0", "blocked > 0", "trees > 0")
# The columns that tell a report's rows apart.
LABELS = ("source", "story", "run", "batch", "step", "provider", "model", "day", "month", "kind", "check", "name")


@dataclass(frozen=True)
class Limit:
    """A limit: broken where a value of the metric is beyond its number (in the unit of the column)."""

    text: str
    metric: Metric
    sign: str
    number: float
    unit: str  # a currency, or empty
    values: Mapping[str, str]  # of the reports' parameters
    conditions: Mapping[str, str]  # of the metric's select: name → value

    @property
    def name(self) -> str:
        """The name of the metric, or REPORT.COLUMN."""
        found = LIMIT.fullmatch(self.text)
        return found["name"] if found else ""

    @property
    def command(self) -> str:
        """The command that shows more."""
        name = self.metric.look or self.metric.reports[0]
        takes = {param.name for param in reports.find(name).params}
        given = " ".join(f"-p {key}={value}" for key, value in self.values.items() if key in takes)
        return f"storyreport report {name} {given}".rstrip()

    def text_of(self, value: float) -> str:
        """A value with its unit; a share with two decimals, since it may be near the limit."""
        if self.metric.column.endswith("_pct") and value != int(value):
            return f"{value:,.2f} %"
        return number(self.metric.column, int(value) if value == int(value) else value, self.unit)


class Verdict(NamedTuple):
    """What a limit came to: ok, broken, stale or no data; `value` is the worst one, `rows` those beyond the limit."""

    limit: str
    status: str
    value: float | None
    threshold: float
    sentence: str
    command: str
    rows: tuple[str, ...] = ()

    @property
    def is_broken(self) -> bool:
        """Whether the gate stays shut."""
        return self.status in ("broken", "stale")


def parse(text: str) -> Limit:
    """A limit; UsageError where it has no such form, an unknown column, or a unit that its column has not."""
    found = LIMIT.fullmatch(text.strip())
    if not found:
        raise UsageError(f"{text!r} is not a limit: write NAME > NUMBER [UNIT] [in PERIOD], such as {EXAMPLE!r}.")
    metric = _metric(text, found["name"])
    factor, unit = _unit(text, metric, found["unit"] or "")
    pairs = ((key, value) for key, _, value in (pair.partition("=") for pair in (found["conditions"] or "").split()))
    conditions = dict(pairs)
    metric, values, bound = _narrowed(text, metric, conditions, found["period"])
    return Limit(text.strip(), metric, found["sign"], float(found["number"]) * factor, unit, values, bound)


def evaluate(connection: sqlite3.Connection, limit: Limit) -> Verdict:
    """What a limit comes to on a report database."""
    parts, bound = [], {"unit": limit.unit, **limit.conditions}
    for name in limit.metric.reports:
        report = reports.find(name)
        takes = {param.name for param in report.params}
        values = reports.bind(report, {key: value for key, value in limit.values.items() if key in takes})
        reports.check_names(connection, report, values, has_rows=True)
        bound |= reports.for_sql(report, values)
        parts.append(f"report_{name} as (\n{report.sql}\n)")
    rows = connection.execute(f"with {', '.join(parts)}\n{limit.metric.select}", bound).fetchall()
    if limit.metric.check in acknowledged.held(connection):
        source = {key: value for key, value in limit.values.items() if key == "source"}
        rows = [(acknowledged.number_of_new(connection, limit.metric.check, source), "") for _ in rows]
    known = [(value, label) for value, label in rows if value is not None]
    # A typing error would otherwise be no data, or a sum of 0, unnoticed.
    if not any(value for value, _ in known):
        _check_names(connection, limit)
    if not known:
        return Verdict(limit.text, "no data", None, limit.number, "no data", limit.command)
    is_upper = limit.sign.startswith(">")
    if texts := [value for value, _ in known if isinstance(value, str)]:
        raise UsageError(
            f"Limit {limit.text!r}: {limit.metric.column} is a text such as {texts[0]!r}: name a column of numbers."
        )
    known.sort(key=lambda row: row[0], reverse=is_upper)
    worst = known[0][0]
    beyond = [(value, label) for value, label in known if SIGNS[limit.sign](value, limit.number)]
    named = tuple(f"{label}: {limit.text_of(value)}" for value, label in beyond if label)
    if not beyond:
        return Verdict(limit.text, "ok", worst, limit.number, limit.text_of(worst), limit.command)
    beyond_by = round(abs(worst - limit.number), 6)
    # 9 % above a limit of 20 % would be 21.8 %.
    difference = f"{beyond_by:.2f} points" if limit.metric.column.endswith("_pct") else limit.text_of(beyond_by)
    sentence = f"{limit.text_of(worst)}, {difference} {'above' if is_upper else 'below'} the limit"
    return Verdict(limit.text, "broken", worst, limit.number, sentence, limit.command, named)


def _check_names(connection: sqlite3.Connection, limit: Limit) -> None:
    """Raise UsageError where the limit is for a name that the history does not know."""
    named = {**limit.values, **{key.removeprefix(CONDITION): value for key, value in limit.conditions.items()}}
    try:
        for kind in NAMED & named.keys():
            if named[kind]:
                reports.check_name(connection, kind, named[kind])
    except UsageError as error:
        raise UsageError(f"Limit {limit.text!r}: {error}") from error


def stale(connection: sqlite3.Connection, config: Config | None) -> list[Verdict]:
    """A verdict for each source whose last ingest is too long ago; limits on old data would say nothing."""
    ages = dict(
        connection.execute(
            "select name, (strftime('%s', 'now') - strftime('%s', last_ingest_at)) / 60 from source_states order by id"
        ).fetchall()
    )
    usual = int(float(reports.bind(reports.find("health"), {})["stale_minutes"]))
    own = {source.name: source.freshness_minutes or usual for source in config.sources} if config else {}
    verdicts = []
    for name in [*ages, *(name for name in own if name not in ages)]:
        limit, age = own.get(name, usual), ages.get(name)
        if age is not None and age <= limit:
            continue
        ago = "was never ingested" if age is None else f"was ingested {number('_minutes', age)} ago"
        sentence = f"{name} {ago}, {number('_minutes', limit)} is the limit"
        verdicts.append(
            Verdict(f"age of {name} > {limit} min", "stale", age, limit, sentence, "storyreport ingest", ())
        )
    return verdicts


def run(connection: sqlite3.Connection, limits: Iterable[Limit], config: Config | None) -> list[Verdict]:
    """Verdicts on the freshness of the sources and on each limit."""
    return [*stale(connection, config), *(evaluate(connection, limit) for limit in limits)]


def _metric(text: str, name: str) -> Metric:
    if name in METRICS:
        return METRICS[name]
    report_name, dot, column = name.partition(".")
    if not dot:
        raise UsageError(f"Limit {text!r}: there is no {name!r}{_near(name, METRICS)}, or write REPORT.COLUMN.")
    try:
        report = reports.find(report_name)
    except UsageError as error:
        raise UsageError(f"Limit {text!r}: {error}") from error
    if column not in report.columns:
        raise UsageError(f"Limit {text!r}: {report_name} has no column {column!r}{_near(column, report.columns)}.")
    for param in report.params:
        if param.is_required and f"{param.name}=" not in text:
            raise UsageError(f"Limit {text!r}: {report_name} needs a {param.name}, so write … for {param.name}=KEY.")
    labels = " || ' ' || ".join(f"coalesce({each}, '')" for each in LABELS if each in report.columns and each != column)
    labels = labels.replace("(check,", '("check",') or "''"
    condition = " where currency = :unit" if column in MONEY and "currency" in report.columns else ""
    return Metric((report_name,), column, f'select "{column}", trim({labels}) from report_{report_name}{condition}')


def _unit(text: str, metric: Metric, unit: str) -> tuple[float, str]:
    """What a number of the limit is multiplied by, and its currency."""
    if metric.column in MONEY:
        if not re.fullmatch("[A-Z]{3}", unit):
            raise UsageError(f"Limit {text!r}: name the currency of the amount, such as 20 USD.")
        if unit not in KNOWN_CURRENCIES:
            # No amount is in it, so that the limit would never be broken.
            raise UsageError(f"Limit {text!r}: there is no currency {unit}, name its ISO code.")
        return 1, unit
    units = next((units for ending, units in UNITS.items() if metric.column.endswith(ending)), {})
    if unit and unit not in units:
        takes = f"takes {', '.join(units)}" if units else "takes no unit"
        raise UsageError(f"Limit {text!r}: {unit} is a wrong unit, as {metric.column} {takes}.")
    return units.get(unit, 1), ""


def _narrowed(
    text: str, metric: Metric, conditions: Mapping[str, str], period: str | None
) -> tuple[Metric, dict[str, str], dict[str, str]]:
    """The metric on some rows only, the values of the parameters, and those that its select names."""
    (first, *_) = found = [reports.find(name) for name in metric.reports]
    values = dict(conditions)
    if period:
        values |= _period(text, first, period)
    params = {param.name for report in found for param in report.params}
    others = [key for key in conditions if key not in params]
    for key in others:
        if metric in METRICS.values() or key not in first.columns:
            raise UsageError(f"Limit {text!r}: {first.name} has no parameter {key!r}{_near(key, params)}.")
    select, bound = metric.select, {}
    for key in others:
        bound[CONDITION + key] = values.pop(key)
        # A number of a column is none of the text that is asked for.
        word = "and" if " where " in select else "where"
        select += f' {word} cast("{key}" as text) = :{CONDITION}{key}'
    for report in found:
        try:
            reports.bind(report, {key: values[key] for key in values if key in {param.name for param in report.params}})
        except UsageError as error:
            raise UsageError(f"Limit {text!r}: {error}") from error
    return metric._replace(select=select), values, bound


def _period(text: str, report: Report, period: str) -> dict[str, str]:
    takes = {param.name for param in report.params}
    if "since" in takes:
        return {"since": period}
    if "days" in takes and (days := re.fullmatch(r"0*([1-9]\d*)d", period)):
        return {"days": days[1]}
    known = "a number of days as its period, such as 7d" if "days" in takes else "no period: leave it out"
    raise UsageError(f"Limit {text!r} takes {known}.")


def _near(name: str, names: Iterable[str]) -> str:
    names = list(names)
    if close := difflib.get_close_matches(name, names, n=2):
        return f" (did you mean {' or '.join(close)}?)"
    return f" (there are {', '.join(names)})"
