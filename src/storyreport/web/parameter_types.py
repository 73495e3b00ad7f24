"""Datasette's own parameters that have a type: it answers a wrong value with a traceback and status 500."""

import json
from collections.abc import Callable
from typing import Any

FLAGS = {"on", "off", "true", "false", "1", "0", ""}
# A longer number is none of milliseconds.
MOST_DIGITS = 9


def _is_flag(value: str) -> bool:
    return value.lower() in FLAGS


def _is_number(value: str) -> bool:
    return value.isascii() and value.isdigit() and len(value) <= MOST_DIGITS


def _is_through(value: str) -> bool:
    found = _object(value)
    return found is not None and all(isinstance(found.get(key), str) for key in ("table", "column", "value"))


def table_of(through: str) -> str:
    """The table that a value of `_through` names; '' where it is none."""
    return str(_object(through)["table"]) if _is_through(through) else ""  # type: ignore[index]


def _is_facet(value: str) -> bool:
    if not value.startswith("{"):
        return True
    found = _object(value)
    return found is not None and isinstance(found.get("column", found.get("simple")), str)


def _object(value: str) -> dict[str, Any] | None:
    try:
        found = json.loads(value)
    except (ValueError, RecursionError):
        return None
    return found if isinstance(found, dict) else None


def _is_list(value: str) -> bool:
    """Values between commas, or a list of JSON of texts and numbers."""
    if not value.startswith("["):
        return True
    try:
        return all(item is None or isinstance(item, (str, int, float)) for item in json.loads(value))
    except (ValueError, RecursionError):
        return False


# Parameter → whether a value is of its type, and what that is.
KINDS: dict[str, tuple[Callable[[str], bool], str]] = {
    "_json_infinity": (_is_flag, "on or off"),
    "_timelimit": (_is_number, "a whole number of milliseconds"),
    "_through": (_is_through, "an object of JSON with table, column and value, which are texts"),
    "_facet": (_is_facet, "a column's name"),
    "_facet_array": (_is_facet, "a column's name"),
    "_facet_date": (_is_facet, "a column's name"),
}
# The same for filters, by how their names end.
FILTERS = dict.fromkeys(("__in", "__notin"), (_is_list, "values between commas, or a list of JSON"))


def wrong(name: str, value: str) -> str | None:
    """The sentence about a value that is not of its parameter's type; None for others."""
    known = KINDS.get(name) or next((kind for end, kind in FILTERS.items() if name.endswith(end)), None)
    return (
        f"The parameter {name} takes {known[1]}: correct it, or leave it out."
        if known and not known[0](value)
        else None
    )
