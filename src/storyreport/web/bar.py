"""The bar on top of every page: where to go, what to search for, and the source, pipeline and period of the page."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any
from urllib.parse import urlencode

from .. import reports
from ..reports import periods
from . import DATABASE, context, links
from .visitor import MOST_NAMES, Visitor

# What the bar leads to: a title and a report.
PLACES = (
    ("Runs", "recent_runs"),
    ("Steps", "slowest_steps"),
    ("Failures", "failed_runs"),
    ("Cost", "cost"),
)
# A period's label, and its first and last day in words.
PERIODS = (
    ("all", "", ""),
    ("24 h", "24h", ""),
    ("7 d", "7d", ""),
    ("28 d", "28d", ""),
    ("month", "month", ""),
    ("last month", "last_month", "last_month"),
)


@dataclass(frozen=True)
class Link:
    """A link of the bar, and whether it leads to what is shown."""

    title: str
    address: str
    is_current: bool


@dataclass(frozen=True)
class Here:
    """The page that the bar stands on: its path, the parameters that it takes, and those that have a value."""

    path: str
    takes: tuple[str, ...] = ()
    values: Mapping[str, str] | None = None


@dataclass(frozen=True)
class Choice:
    """A list of values to choose from: (value, label); without values, a name is typed."""

    name: str
    value: str
    options: tuple[tuple[str, str], ...]
    any_of: str


@dataclass(frozen=True)
class Bar:
    """All that the bar shows; `hidden` are the parameters that its form keeps, `chosen` sums the choices up."""

    places: list[Link]
    action: str
    choices: list[Choice]
    hidden: dict[str, str]
    periods: list[Link]
    custom: str  # the dates where they are none of the periods
    since: str
    until: str
    dates: tuple[str, ...]
    compare: Link | None
    search: str
    searched: str
    search_hidden: dict[str, str]
    chosen: str


async def view(visitor: Visitor, here: Here) -> Bar | None:
    """The bar for a visitor; None for those who may see no report."""
    if not await visitor.reports():
        return None
    chosen = context.of(visitor.request)
    values = {name: value for name, value in (here.values or {}).items() if value}
    own = {name: values.get(name, "") for name in context.NAMES if name in here.takes}
    return Bar(
        places=await _places(visitor),
        action=here.path,
        choices=[choice for name in ("source", "pipeline") if (choice := await _choice(visitor, name, own))],
        hidden={name: value for name, value in values.items() if name not in own}
        | {name: own[name] for name in ("compare",) if own.get(name)}
        | {f"_{name}": value for name, value in chosen.items() if name not in own},
        periods=[_period(here, values, *period) for period in PERIODS] if "since" in own else [],
        custom=_custom(own),
        since=own.get("since", ""),
        until=own.get("until", ""),
        dates=reports.DATES,
        compare=_compare(here, values),
        search=str(visitor.datasette.urls.path("/-/reports")),
        searched=(visitor.request.args.get("q") or "").strip(),
        search_hidden=context.carried((), {}),
        chosen=", ".join(chosen[name] for name in context.NAMES if name in chosen),
    )


async def _places(visitor: Visitor) -> list[Link]:
    datasette, path = visitor.datasette, visitor.request.path
    home = str(datasette.urls.instance())
    found = [Link("Home", links.with_context(home, ("source",)), path == "/")]
    shown = await visitor.may_see([name for _, name in PLACES])
    for title, name in PLACES:
        if name in shown:
            found.append(Link(title, links.report(datasette, name), path == f"/{DATABASE}/{name}"))
    pages = str(datasette.urls.path("/-/pages"))
    found.append(Link("Pages", links.with_context(pages, ()), path.startswith(("/-/pages", "/-/page/"))))
    data = str(datasette.urls.database(DATABASE))
    return [*found, Link("Data", links.with_context(data, ()), path == f"/{DATABASE}")]


async def _choice(visitor: Visitor, name: str, own: Mapping[str, str]) -> Choice | None:
    if name not in own:
        return None
    names = [source.name for source in await visitor.sources()] if name == "source" else await visitor.pipelines()
    if len(names) > MOST_NAMES:
        return Choice(name, own[name], (), f"all {name}s")
    names += [own[name]] if own[name] and own[name] not in names else []
    return Choice(name, own[name], (("", f"all {name}s"), *((each, each) for each in names)), f"all {name}s")


def _period(here: Here, values: Mapping[str, str], title: str, since: str, until: str) -> Link:
    is_current = (values.get("since", ""), values.get("until", "")) == (since, until)
    # Without a period there is none before it.
    values = values if since else {**values, "compare": ""}
    return Link(title, _address(here, {**values, "since": since, "until": until}), is_current)


def _compare(here: Here, values: Mapping[str, str]) -> Link | None:
    if "compare" not in here.takes or not values.get("since"):
        return None
    is_on = bool(values.get("compare"))
    address = _address(here, {**values, "compare": "" if is_on else "previous"})
    return Link("compare", address, is_on)


def _custom(own: Mapping[str, str]) -> str:
    since, until = own.get("since", ""), own.get("until", "")
    is_named = (since, until) in {period[1:] for period in PERIODS}
    if is_named or since == until:
        return "" if is_named else _short(since)
    if since and until:
        return f"{_short(since)} to {_short(until)}"
    return f"since {_short(since)}" if since else f"until {_short(until)}"


def _short(value: str) -> str:
    """A day as short as there is room for it; another value as it is."""
    try:
        day = date.fromisoformat(value)
    except ValueError:
        return value
    return f"{day.day} {day:%b}" if day.year == periods.now().year else f"{day.day} {day:%b %Y}"


def _address(here: Here, values: Mapping[str, str]) -> str:
    kept = {name: value for name, value in values.items() if value}
    kept |= {name: value for name, value in context.carried(here.takes, {}).items() if name.startswith("_")}
    return f"{here.path}?{urlencode(kept)}" if kept else here.path


def of_report(datasette: Any, report: reports.Report, selected: Mapping[str, str]) -> Here:
    """A report's page with the parameters that differ from their defaults."""
    return Here(links.plain(datasette, report.name), tuple(param.name for param in report.params), selected)
