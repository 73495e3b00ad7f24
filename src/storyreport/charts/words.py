"""Names and values as a chart writes them."""

import re
from collections.abc import Iterator, Sequence
from typing import Any
from unicodedata import east_asian_width

from ..values.quantities import KEY, TIME, heading, number

LINES = 3
# What every JavaScript object has: Vega looks names up in plain objects, so such a name gets a letter without width.
INHERITED = frozenset(
    (
        *("constructor", "hasOwnProperty", "isPrototypeOf", "propertyIsEnumerable", "toLocaleString", "toString"),
        *("valueOf", "__proto__", "__defineGetter__", "__defineSetter__", "__lookupGetter__", "__lookupSetter__"),
    )
)
NO_WIDTH = "\u200b"


def safe(name: object) -> str:
    """A name that Vega does not take for something else."""
    text = str(name)
    return text + NO_WIDTH if text in INHERITED else text


def title(channel: dict[str, Any]) -> str:
    """What a channel shows: its title, or its column in words."""
    if channel.get("title"):
        return str(channel["title"])
    return "rows" if channel.get("aggregate") == "count" else heading(channel.get("field", ""))


def reading(column: str, value: Any, currency: str = "") -> str:
    """A value as a tooltip says it."""
    if value is None:
        return "unknown"
    if isinstance(value, (int, float)):
        return str(value) if KEY.fullmatch(column) else number(column, value, currency)
    if found := TIME.fullmatch(str(value)):
        return " ".join(filter(None, found.groups()))
    return str(value)


def wrapped(text: str, letters: int) -> list[str]:
    """A long name on several lines, at most LINES."""
    lines: list[str] = []
    for word in (piece for found in re.split(r"(?<=[\s/_-])", text) for piece in _pieces(found, letters)):
        if lines and _width(lines[-1]) + _width(word) <= letters:
            lines[-1] += word
        else:
            lines.append(word)
    return lines if len(lines) <= LINES else [*lines[: LINES - 1], f"{lines[LINES - 1].rstrip()} …"]


def _pieces(word: str, letters: int) -> Iterator[str]:
    """A word that is longer than a line in pieces, of which brackets and dots end the first ones."""
    for part in re.split(r"(?<=[(=:,.])", word) if _width(word) > letters else [word]:
        rest = part
        while _width(rest) > letters:
            end = next(place for place in range(len(rest), 0, -1) if _width(rest[:place]) <= letters or place == 1)
            yield rest[:end]
            rest = rest[end:]
        yield rest


def _width(text: str) -> int:
    """How many letters are as wide as a text: those of East Asia are two."""
    return len(text) if text.isascii() else sum(1 + (east_asian_width(letter) in "WF") for letter in text)


def labels(names: Sequence[str], letters: int) -> dict[str, str]:
    """Name → its lines as one text; no two names have the same."""
    found: dict[str, str] = {}
    taken: set[str] = set()
    for name in names:
        label = safe("\n".join(wrapped(name.replace("\n", " "), letters)))
        while label in taken:
            label += NO_WIDTH
        taken.add(label)
        found[name] = label
    return found
