"""The sources that a command names: what is at the places, joined by system, each with its name."""

import contextlib
import hashlib
import itertools
import os
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from . import pricing
from .errors import StoryreportError, UsageError
from .joining import are_files, joined
from .readers.part import Found
from .recognise import check_system, find_parts, find_parts_at, folder_of, has_nothing, is_pattern


def check_timezone(name: str) -> None:
    """Raise UsageError for an unknown time zone."""
    from zoneinfo import ZoneInfo

    try:
        ZoneInfo(name)
    except (KeyError, ValueError, OSError):
        raise UsageError(f"There is no time zone {name!r}: use a name like Europe/Madrid, or UTC.") from None


@dataclass(frozen=True)
class Request:
    """A source to ingest: its parts (all of one system), its name, and how it is to be read (None: as before)."""

    name: str
    parts: tuple[Found, ...]
    timezone: str | None = None
    with_text: bool | None = None
    statuses: Mapping[str, str] = field(default_factory=dict)  # the user's words, folded → their meanings
    full: bool = False
    strict: bool = False
    append: bool = False
    price_file: pricing.PriceFile | None = None

    @property
    def unread(self) -> list[str]:
        """Sentences on files beside those of the source that are not read."""
        return [f"not read: {said}" for part in self.parts for said in part.unread]


@dataclass(frozen=True)
class Given:
    """A place that was given, and the parts there."""

    path: Path
    parts: tuple[Found, ...]


def requests_for(
    places: Sequence[Path | str],
    name: str | None,
    system: str | None,
    failed: list[str] | None = None,
    known: Callable[[Path], Found | None] = lambda _: None,
    before: Callable[[Path], str | None] = lambda _: None,
    owner: Callable[[Sequence[Found]], str | None] = lambda _: None,
    **how: Any,
) -> list[Request]:
    """The sources at some paths or URLs; the places of one system are one source, unless two of them are whole copies.

    A folder given beside the one database of its system belongs to it; one of files that were read apart is these.
    With `failed`, a place that cannot be read adds a sentence to it, where there are others. `known` gives what an
    empty file was when it was read before, `before` the system of a file that is what it was, `owner` the source that
    the parts at a place were read as.
    """
    check_system(system)
    found = []
    for place in _each_once(places):
        try:
            found += _apart(_find(place, system, known, before), system, owner)
        except StoryreportError as error:
            if failed is None or len(places) == 1:
                raise
            failed.append(str(error))
    names: dict[str, list[Found]] = {}
    sources = _by_source(found)
    owned = [("", given) for given in sources] if name else [each for given in sources for each in _owned(given, owner)]
    for owner_name, given in owned:
        source_name = name or owner_name or _name(given, found)
        printable = "".join(character for character in source_name if character.isprintable())
        if not printable.strip():
            raise UsageError(f"The source name {source_name!r} has unprintable characters; choose one with --name.")
        names.setdefault(printable, []).extend(_parts(given))
    return [_request(source_name, parts, **how) for source_name, parts in names.items()]


def _each_once(places: Sequence[Path | str]) -> list[Path | str]:
    """The places without other names of a file that is among them: a link to it, or its own name again."""
    once: dict[Any, Path | str] = {}
    for place in places:
        is_file = isinstance(place, Path) and place.is_file()
        about = os.stat(place) if is_file else None
        once.setdefault((about.st_dev, about.st_ino) if about else object(), place)
    return list(once.values())


def look_at(place: Path) -> Given | None:
    """What is at a place, a folder with one database being that; None where it holds no source."""
    with contextlib.suppress(StoryreportError, OSError):
        given = _find(place, None)
        is_one = len(given.parts) == 1 and given.parts[0].path.is_file() and not are_files(list(given.parts))
        return replace(given, path=given.parts[0].path) if is_one else given
    return None


def look_around(found: list[Given], is_first: bool = False) -> list[tuple[str, str, list[Path]]]:
    """(name, title of its system, its places) of each source at the places that were looked at.

    Another file of an export may follow the first in its folder. Where none was read before (`is_first`), one whose
    places have private names has that of its system, which reads better than a digest.
    """
    sources = [(given, given[0].parts[0].system) for given in _by_source(found)]
    return [
        (
            system.name if is_first and system.has_private_names else _name(given, found),
            system.title,
            [each.path for each in given],
        )
        for given, system in sources
    ]


def is_tree(given: Given) -> bool:
    """Whether a folder is a source by the folders in it, so that all that lies below belongs to it."""
    return any(part.path.is_dir() and not (part.exports or part.passes) for part in given.parts)


def _request(name: str, parts: list[Found], **how: Any) -> Request:
    known = list(dict.fromkeys(part.system.name for part in parts))
    if len(known) > 1:
        raise StoryreportError(
            f"The name {name!r} would stand for sources of {' and '.join(known)}: ingest them one by one, each with its"
            " own --name, or leave out --name."
        )
    order = list(parts[0].system.parts)
    parts = sorted(parts, key=lambda part: order.index(part.part))
    for part, other in itertools.pairwise(parts):
        if part.part == other.part:
            raise StoryreportError(
                f"{part.location} and {other.location} are two sources, and both would have the name {name!r}: ingest"
                " them one by one, each with its own --name, or rename one."
            )
    return Request(name, tuple(parts), **how)


def _find(
    place: Path | str,
    system: str | None,
    known: Callable[[Path], Found | None] = lambda _: None,
    before: Callable[[Path], str | None] = lambda _: None,
) -> Given:
    if isinstance(place, Path):
        if place.is_file() and has_nothing(place) and (emptied := known(place)):
            return Given(place, (emptied,))
        if system is None and (was := before(place)):
            with contextlib.suppress(StoryreportError):
                return Given(place, tuple(find_parts(place, was)))
        parts = tuple(find_parts(place, system))
        return Given(folder_of(place) if is_pattern(place) else place, parts)
    parts = tuple(find_parts_at(place, system))
    return Given(parts[0].path, parts)


def _by_source(found: list[Given]) -> list[list[Given]]:
    """The places of each source: those of a system together, unless they hold a part twice that is no text file."""
    sources: list[list[Given]] = []
    for system in dict.fromkeys(given.parts[0].system.name for given in found):
        places = [given for given in found if given.parts[0].system.name == system]
        by_part: dict[str, list[Found]] = {}
        for part in (part for given in places for part in given.parts):
            by_part.setdefault(part.part, []).append(part)
        is_one = all(len(parts) == 1 or are_files(parts) for parts in by_part.values())
        sources += [places] if is_one else [[place] for place in places]
    return sources


def _apart(given: Given, system: str | None, owner: Callable[[Sequence[Found]], str | None]) -> list[Given]:
    """A folder as the files in it, where some of them were read as sources of their own; otherwise as it is."""
    passes = [each for part in given.parts for each in part.passes]
    if len({name for each in passes if (name := owner([each]))}) < 2:
        return [given]
    paths = dict.fromkeys(path for each in passes for path in ([path for _, path in each.exports] or [each.path]))
    try:
        return [_find(path, system) for path in paths]
    except StoryreportError:
        # What is in them is only known together.
        return [given]


def _owned(places: list[Given], owner: Callable[[Sequence[Found]], str | None]) -> list[tuple[str, list[Given]]]:
    """The places of one source under the name that it has ('': none); those that were read apart stay apart.

    As one source of another name, their rows would count twice.
    """
    owners = {id(place): owner(place.parts) or "" for place in places} if len(places) > 1 else {}
    names = [name for name in dict.fromkeys(owners.values()) if name]
    if len(names) < 2:
        return [(names[0] if names else "", places)]
    return [(name, [place for place in places if owners[id(place)] == name]) for name in dict.fromkeys(owners.values())]


def _parts(given: list[Given]) -> list[Found]:
    """The parts of a source, the files of each part as one."""
    by_part: dict[str, list[Found]] = {}
    for part in (part for place in given for part in place.parts):
        by_part.setdefault(part.part, []).append(part)
    folder = _folder(given)
    return [joined(parts, folder) if len(parts) > 1 else parts[0] for parts in by_part.values()]


def _folder(given: list[Given]) -> Path:
    """The folder that some places have in common."""
    return Path(os.path.commonpath([os.path.dirname(os.path.abspath(place.path)) for place in given]))


def _name(given: list[Given], found: list[Given]) -> str:
    """The default name of a source: that of its trusted part's file or folder, or of the folder of its files.

    A lone folder (outputs, runs) has the name of the one source that it was given beside.
    """
    system = given[0].parts[0].system
    first = next(iter(system.parts))
    beside = [place for place in found if place.parts[0].system is system]
    homes = [place for place in beside if any(part.part == first for part in place.parts)]
    if len(given) == 1 and (given[0] in homes or len(homes) != 1):
        return _own_name(given[0].path, given[0].parts)
    if len(homes) == 1:
        return _own_name(homes[0].path, homes[0].parts)
    folder = _folder(given)
    return _own_name(folder, given[0].parts) if folder.name else system.name


def _own_name(path: Path, parts: Sequence[Found]) -> str:
    """The default name of a source: its file's or folder's stem, or a digest of it where that is private."""
    system = parts[0].system
    # What a link is called stays as it is, whatever it leads to.
    path = Path(os.path.abspath(path))
    if system.has_private_names:
        return f"{system.name}-{hashlib.sha256(os.fsencode(path.name)).hexdigest()[:8]}"
    return path.stem
