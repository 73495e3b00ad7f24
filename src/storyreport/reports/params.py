"""A report's parameters: their types, their defaults, and the values that may be given."""

import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime

from ..errors import UsageError
from . import periods

NUMBER, WHOLE = re.compile(r"-?\d+(\.\d+)?", re.ASCII), re.compile(r"-?\d+", re.ASCII)
TIME = re.compile(r"now|(\d{4}-\d\d-\d\d)([T ]\d\d:\d\d(:\d\d(\.\d{1,6})?)?Z?)?", re.ASCII)


class WrongValueError(UsageError):
    """A value that a parameter does not take; `names` are the parameters that are wrong."""

    def __init__(self, sentence: str, *names: str):
        super().__init__(sentence)
        self.names = names


def _is_time(value: str) -> bool:
    """Whether a value is a time: 2025-02-30 only looks like one."""
    if not TIME.fullmatch(value):
        return False
    try:
        return value == "now" or bool(datetime.fromisoformat(value.rstrip("Z").split(".")[0]))
    except ValueError:
        return False


# A type's values: whether a value is one, and the words for them. Other types take any text.
FORMS: dict[str, tuple[Callable[[str], object], str]] = {
    "date": (periods.bounds, periods.ACCEPTED),
    "number": (NUMBER.fullmatch, "a number"),
    "whole": (WHOLE.fullmatch, "a whole number"),
    "days": (WHOLE.fullmatch, "a whole number"),
    "hours": (NUMBER.fullmatch, "a number"),
    "minutes": (NUMBER.fullmatch, "a number"),
    "time": (_is_time, "'now' or a UTC time such as 2025-01-31T09:30:00Z"),
}
# The least of a number, unless a header has another, and the most: of times a thousand years, as SQLite knows no
# earlier days.
BOUNDS: dict[str, tuple[float | None, float | None]] = {
    "number": (None, None),
    "whole": (0, 1_000_000_000),
    "days": (0, 365_000),
    "hours": (0, 8_760_000),
    "minutes": (0, 525_600_000),
}
TYPES = ("text", "source", "pipeline", "step", "run", "choice", *FORMS)


@dataclass(frozen=True)
class Param:
    """A parameter of a report; a blank or missing value means the default."""

    name: str
    type: str
    default: str
    help: str
    choices: tuple[str, ...] = ()  # of the type "choice": the values that it takes
    own_least: float | None = None

    @property
    def noun(self) -> str:
        """Its values in a word."""
        return "number" if self.type == "whole" else self.type

    @property
    def is_required(self) -> bool:
        """Whether the report says nothing without a value, as its help text says."""
        return "(required)" in self.help

    def value(self, given: str) -> str:
        """The value in force, as it was given; WrongValueError where it does not fit the type."""
        if not given.strip():
            return self.default
        if self.type not in FORMS and not self.choices:
            return given
        value = given.strip()
        if self.choices:
            return self._chosen(value)
        accepts, words = FORMS[self.type]
        if not accepts(value) or (self.type in BOUNDS and not self._is_within(float(value))):
            raise WrongValueError(f"{self.name} must be {words}{self._range}, not {given!r}.", self.name)
        return value

    @property
    def bounds(self) -> tuple[float | None, float | None]:
        """The least and the most of a number, None where there is no bound."""
        least, most = BOUNDS.get(self.type, (None, None))
        return least if self.own_least is None else self.own_least, most

    def _is_within(self, value: float) -> bool:
        least, most = self.bounds
        return (least is None or value >= least) and (most is None or value <= most)

    @property
    def _range(self) -> str:
        """The numbers that it takes, as an error says them."""
        pairs = zip(("from", "to"), self.bounds, strict=True)
        return "".join(f" {word} {bound:,}" for word, bound in pairs if bound is not None)

    def _chosen(self, value: str) -> str:
        if value not in self.choices:
            raise WrongValueError(f"{self.name} must be {_or(self.choices)}, not {value!r}.", self.name)
        return value

    def for_sql(self, value: str) -> str:
        """What the SELECT gets for a value in force: of a date in words, its day (of `until`, the last one)."""
        bounds = periods.bounds(value) if self.type == "date" else None
        if bounds is None:
            return value
        return str(bounds.until if self.name == "until" else bounds.since)


def _or(words: tuple[str, ...]) -> str:
    """Words as a sentence lists them: a, b or c."""
    *first, last = words
    return f"{', '.join(first)} or {last}" if first else last


def bind(report: str, params: Iterable[Param], given: Mapping[str, str]) -> dict[str, str]:
    """The value of every parameter of a report, by name; UsageError for an unknown name or a wrong value."""
    known = {param.name: param for param in params}
    for name in given:
        if name not in known:
            takes = f"it takes {', '.join(known)}" if known else "it takes none"
            raise UsageError(f"{report} has no parameter {name!r}: {takes}.")
    values = {name: param.value(given.get(name, "")) for name, param in known.items()}
    _check_order(known, values)
    return values


def for_sql(params: Iterable[Param], values: Mapping[str, str]) -> dict[str, str]:
    """What the SELECT gets for the values in force."""
    bound = {param.name: param.for_sql(values[param.name]) for param in params}
    if bound.get("until") == "" and periods.is_counted_from_now(values.get("since", "")):
        # The last days end with today: a time in the future is in none of them.
        bound["until"] = str(periods.now().date())
    return bound


def _check_order(known: Mapping[str, Param], values: Mapping[str, str]) -> None:
    """WrongValueError where the period ends before it starts."""
    if not {"since", "until"} <= {name for name, param in known.items() if param.type == "date" and values[name]}:
        return
    first, last = (known[name].for_sql(values[name]) for name in ("since", "until"))
    if first > last:
        since, until = (
            values[name] if values[name] == day else f"{values[name]} ({day})"
            for name, day in (("since", first), ("until", last))
        )
        raise WrongValueError(
            f"since {since} is after until {until}: choose an earlier since or a later until.", "since", "until"
        )
