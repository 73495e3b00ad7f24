"""What a visitor has chosen for all pages: source, pipeline and period; every link of ours carries it.

A page that takes the choice has it by its name (`since=7d`). Another one has it with an underscore (`_since=7d`): it
changes nothing there, and the links of that page go on with it.
"""

from collections.abc import Mapping
from contextvars import ContextVar
from typing import Any

from ..reports import Param, UsageError, params, periods
from . import addresses

NAMES = ("source", "pipeline", "since", "until", "compare")
DATES = ("since", "until")
PERIOD = tuple(Param(name, "date", "", "") for name in DATES)
# The choices that pages other than reports take by their own names. `source` of a run's page says whose run it is.
OWN = {"/": ("source",), "/-/step/": ("pipeline", *DATES), "/-/report-refusal/": NAMES, "/-/page/": NAMES}
# The request that is being answered; links are made where nobody hands it on.
REQUEST: ContextVar[Any] = ContextVar("request", default=None)
# The key of a request's scope with its choices: a page has hundreds of links, and each carries them.
CHOSEN = "storyreport.chosen"


def of(request: Any) -> dict[str, str]:
    """The choices of a request that are set and make sense, by name."""
    if request is None:
        return {}
    if CHOSEN not in request.scope:
        request.scope[CHOSEN] = _chosen(request)
    found: dict[str, str] = request.scope[CHOSEN]
    return dict(found)


def wrong_period(request: Any) -> str:
    """A sentence on a period in the address that makes no sense; '' where it does."""
    try:
        params.bind("This page", PERIOD, {name: request.args.get(name) or "" for name in DATES})
    except UsageError as error:
        return str(error)
    return ""


def carried(takes: Mapping[str, Any] | tuple[str, ...] | set[str], values: Mapping[str, str]) -> dict[str, str]:
    """What a link to a page that takes these parameters adds to the values that it has anyway."""
    chosen = of(REQUEST.get())
    return {
        name if name in takes else f"_{name}": value
        for name, value in chosen.items()
        # Without a period there is none before it.
        if name not in values and (name != "compare" or "since" in chosen)
    }


def _chosen(request: Any) -> dict[str, str]:
    args, given = request.args, _given(request)
    chosen = {name: given[name] if name in given else args.get(f"_{name}") or "" for name in NAMES}
    return {name: value for name, value in chosen.items() if value and (name not in DATES or periods.bounds(value))}


def _given(request: Any) -> Mapping[str, str]:
    """The parameters that have their own names on this page."""
    if addresses.GIVEN in request.scope:
        return addresses.given(request)
    path = request.scope.get("route_path") or request.path
    names = next((names for start, names in OWN.items() if path == start or (start[1:] and path.startswith(start))), ())
    return {name: request.args.get(name) or "" for name in names}
