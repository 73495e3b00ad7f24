"""The order of files by their names: of an export that was downloaded again, the later one comes later."""

import os
import re
from collections.abc import Collection, Iterable
from pathlib import Path

from ..patterns import Pattern

GZIPPED = ".gz"
# What browsers and file managers add to a name that is taken: bill (1).csv, bill(1).csv, bill-1.csv, bill 2.csv.
AGAIN = Pattern(r"(?: ?\((?P<number>\d{1,4})\)|[- ](?P<bare>\d{1,2}))\Z", re.ASCII)


def in_order(paths: Iterable[Path]) -> list[Path]:
    """Paths in the order of their names, numbers in them by their value."""
    return sorted(paths, key=lambda path: [(0, int(p), "") if p.isdigit() else (1, 0, p) for p in _pieces(path)])


def downloads(paths: Iterable[Path]) -> dict[Path, tuple[int, int]]:
    """(place of the first one of its name, number) of each path: those that were downloaded again follow the first.

    A shell lists bill (1).csv before bill.csv. A number without parentheses is one only beside the name without it.
    """
    given = list(dict.fromkeys(paths))
    names = {_without_ending(path) for path in given}
    first: dict[str, int] = {}
    numbered = [(path, *_download(_without_ending(path), names)) for path in given]
    return {path: (first.setdefault(name, place), number) for place, (path, name, number) in enumerate(numbered)}


def _download(name: str, names: Collection[str]) -> tuple[str, int]:
    """A name without the number that it has as a further download, and this number; 0 for the first one."""
    again = AGAIN.search(name)
    if not again or not (again["number"] or name[: again.start()] in names):
        return name, 0
    return name[: again.start()], int(again["number"] or again["bare"])


def _without_ending(path: Path) -> str:
    return os.path.splitext(str(path).removesuffix(GZIPPED))[0]


def _pieces(path: Path) -> list[str]:
    return [piece for piece in re.split(r"(\d+)", _without_ending(path)) if piece]
