"""The source systems that are known: each module of this package describes one, its .sql file maps it to core tables.

Installed packages add others by the entry-point group `storyreport.sources`: each entry point leads to a module with
SYSTEM, and its mapping lies beside it or where System(mapping_file=…) says.
"""

import importlib
import os
import sys
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from functools import cache
from pathlib import Path
from types import ModuleType
from typing import Any

from ..errors import StoryreportError
from ..mapping import check
from ..system import Clock, Part, System, Table, Type, signs

__all__ = ["Clock", "Part", "System", "Table", "Type", "problems", "signs", "systems"]

ENTRY_POINTS = "storyreport.sources"


@dataclass
class _Foreign:
    systems: dict[str, System] = field(default_factory=dict)
    problems: list[str] = field(default_factory=list)


class _Systems(Mapping[str, System]):
    """The systems by name; a module of ours is imported when its system is asked for, which most commands do of one."""

    def __getitem__(self, name: str) -> System:
        return _own(name) if name in _own_names() else _foreign().systems[name]

    def __iter__(self) -> Iterator[str]:
        return iter(sorted((*_own_names(), *_foreign().systems)))

    def __len__(self) -> int:
        return len(_own_names()) + len(_foreign().systems)


def systems() -> Mapping[str, System]:
    """Every system that is known, by name and in the order of the names."""
    return _Systems()


def problems() -> tuple[str, ...]:
    """A sentence for each entry point whose system cannot be used."""
    return tuple(_foreign().problems)


@cache
def _foreign() -> _Foreign:
    """The systems of installed packages. Ours are checked when a source of theirs is loaded, these here."""
    known = _Foreign()
    for entry in _entry_points():
        try:
            system = described(entry.load())
            if system.name in known.systems or system.name in _own_names():
                raise StoryreportError(f"There is a system {system.name!r} already: give it another name")
            check(system)
        except (Exception, SystemExit) as error:  # whatever a foreign module raises
            reason = " ".join(str(error).split()).rstrip(".") or type(error).__name__
            known.problems.append(f"The source {entry.name!r} ({entry.value}) is left out: {reason}.")
        else:
            known.systems[system.name] = system
    return known


@cache
def _own_names() -> frozenset[str]:
    """The systems of this package: a module, and its mapping beside it, have the name of their system."""
    return frozenset(path.stem for place in __path__ for path in Path(place).glob("*.sql"))


@cache
def _own(name: str) -> System:
    return described(importlib.import_module(f"{__name__}.{name}"))


def _entry_points() -> Iterable[Any]:
    if not any(_declares_sources(path) for path in sys.path):
        return ()
    # It takes longer to import than all that an ingest of an unchanged source does.
    from importlib.metadata import entry_points

    return sorted(entry_points(group=ENTRY_POINTS), key=lambda entry: (entry.name, entry.value))


def _declares_sources(path: str) -> bool:
    """Whether a package installed at a path may have entry points of ours."""
    if os.path.isfile(path):
        # A zip file: importlib knows how to read it.
        return True
    try:
        files = Path(path or ".").glob("*-info/entry_points.txt")
        return any(ENTRY_POINTS.encode() in file.read_bytes() for file in files)
    except OSError:
        return True


def described(module: ModuleType) -> System:
    """The system that a module describes, with the place of its mapping; StoryreportError where it describes none."""
    system = getattr(module, "SYSTEM", None)
    if not isinstance(system, System):
        raise StoryreportError("It leads to no module with SYSTEM, a storyreport.sources.System")
    if system.mapping_file is None and getattr(module, "__file__", None):
        system = replace(system, mapping_file=Path(str(module.__file__)).with_name(f"{system.name}.sql"))
    return system
