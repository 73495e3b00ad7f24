"""Colours of names: the same name has the same colour on every page."""

from collections.abc import Sequence

OTHERS, NONE = "others", "none"
GREY = "#848c98"
PALETTE = (
    *("#3f7fd0", "#d0741c", "#129488", "#9a6bd8", "#cf5c98", "#8a8a1f"),
    *("#1593bd", "#b0733f", "#6f7fe0", "#3f9a58", "#c9605f", "#9c7a8f"),
)
STATUS = {
    # A bluish green and a dark red: colour-blind people see them apart.
    **dict.fromkeys(("completed", "ok"), "#2fa37a"),
    **dict.fromkeys(("failed", "problem"), "#c8322f"),
    "running": "#3f7fd0",
    "queued": "#7c8794",
    **dict.fromkeys(("waiting", "warning"), "#b9801a"),
    "blocked": "#9a6bd8",
    "cancelled": "#8d6e55",
    "skipped": "#8b95a1",
    "pending": "#b9801a",
    "other": "#8b95a1",
}
# The columns that have statuses: folded columns of them are named by `key`.
STATUSES = ("status", "key")


def colours(field: str, names: Sequence[str], sources: Sequence[str]) -> list[str]:
    """The colours of names of a column; a source's comes from its place among all sources.

    Two names of one chart that would share a colour do not.
    """
    taken: set[int] = set()

    def colour(name: str) -> str:
        if name in (OTHERS, NONE):
            return GREY
        if field in STATUSES and name in STATUS:
            return STATUS[name]
        if field == "source" and name in sources:
            return PALETTE[sources.index(name) % len(PALETTE)]
        place = _hash(name)
        while place % len(PALETTE) in taken and len(taken) < len(PALETTE):
            place += 1
        taken.add(place % len(PALETTE))
        return PALETTE[place % len(PALETTE)]

    return [colour(name) for name in names]


def _hash(name: str) -> int:
    found = 7
    for letter in name:
        found = (found * 31 + ord(letter)) & 0xFFFFFFFF
    return found
