"""A report's parameters: their types, their defaults, and the values that may be given."""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date, datetime

from ..errors import UsageError

# A type's values: a pattern, and the words for it. Other types take any text.
FORMS = {
    "date": (r"\d{4}-\d\d-\d\d", "a date YYYY-MM-DD"),
    "number": (r"-?\d+(\.\d+)?", "a number"),
    "time": (
        r"now|(\d{4}-\d\d-\d\d)([T ]\d\d:\d\d(:\d\d(\.\d{1,6})?)?Z?)?",
        "'now' or a UTC time such as 2025-01-31T09:30:00Z",
    ),
}
TYPES = ("text", "source", "step", *FORMS)


@dataclass(frozen=True)
class Param:
    """A parameter of a report; a blank or missing value means the default."""

    name: str
    type: str
    default: str
    help: str

    def value(self, given: str) -> str:
        """The value in force; UsageError where it does not fit the type."""
        if not given.strip():
            return self.default
        if self.type not in FORMS:
            return given
        value = given.strip()
        pattern, words = FORMS[self.type]
        if not re.fullmatch(pattern, value, re.ASCII) or not _exists(self.type, value):
            raise UsageError(f"{self.name} must be {words}, not {given!r}.")
        return value


def bind(report: str, params: Iterable[Param], given: Mapping[str, str]) -> dict[str, str]:
    """The value of every parameter of a report, by name; UsageError for an unknown name or a wrong value."""
    known = {param.name: param for param in params}
    for name in given:
        if name not in known:
            takes = f"it takes {', '.join(known)}" if known else "it takes none"
            raise UsageError(f"{report} has no parameter {name!r}: {takes}.")
    return {name: param.value(given.get(name, "")) for name, param in known.items()}


def _exists(kind: str, value: str) -> bool:
    """Whether a value that looks like a date or time is one: 2025-02-30 is not."""
    if kind == "number" or value == "now":
        return True
    try:
        date.fromisoformat(value) if kind == "date" else datetime.fromisoformat(value.rstrip("Z").split(".")[0])
    except ValueError:
        return False
    return True
