"""The sources that a page is about, and how long ago they were read."""

from dataclasses import dataclass

from ..errors import how_to_load
from .visitor import Source, Visitor

# More sources than this are folded up.
MOST = 3


@dataclass(frozen=True)
class Freshness:
    """The sources; `note` says why there are none, `oldest` how long ago the one was read that was read first."""

    sources: tuple[Source, ...]
    note: str = ""
    oldest: str = ""
    is_folded: bool = False


async def of(visitor: Visitor, name: str = "", is_home: bool = False) -> Freshness:
    """The freshness of all sources, or of the one of this name."""
    everything = await visitor.sources()
    sources = tuple(source for source in everything if name in ("", source.name))
    if sources:
        oldest = min(sources, key=lambda source: source.read_at or "")
        return Freshness(sources, "", f"the oldest {oldest.age}", len(sources) > MOST and not is_home)
    if everything:
        return Freshness((), "No source of that name has been ingested.")
    if not await visitor.reports():
        return Freshness((), "There is no report here that you may see.")
    return Freshness((), f"Nothing has been ingested yet: run `{how_to_load()}`.")
