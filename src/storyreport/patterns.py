"""Regular expressions that are compiled when they are first used: most commands use few of them."""

import re
from collections.abc import Callable, Iterable, Iterator
from functools import cached_property


def any_of(words: Iterable[str]) -> str:
    """A pattern of one of the words, grouped by their first letters: a search is ten times as fast."""
    found: dict[str, list[str]] = {}
    for word in dict.fromkeys(words):
        found.setdefault(word[0], []).append(re.escape(word[1:]))
    return "|".join(f"{re.escape(first)}(?:{'|'.join(rest)})" for first, rest in found.items())


class Pattern:
    """As re.compile(pattern, flags), whose methods it has."""

    def __init__(self, pattern: str, flags: int = 0):
        self.pattern, self.flags = pattern, flags

    @cached_property
    def compiled(self) -> re.Pattern[str]:
        """What re.compile gives."""
        return re.compile(self.pattern, self.flags)

    # Kept by each pattern, so that a call costs what it costs of a compiled one.
    @cached_property
    def sub(self) -> Callable[..., str]:
        """The method of the compiled pattern, like those that follow."""
        return self.compiled.sub

    @cached_property
    def search(self) -> Callable[..., re.Match[str] | None]:
        """As above."""
        return self.compiled.search

    @cached_property
    def match(self) -> Callable[..., re.Match[str] | None]:
        """As above."""
        return self.compiled.match

    @cached_property
    def fullmatch(self) -> Callable[..., re.Match[str] | None]:
        """As above."""
        return self.compiled.fullmatch

    @cached_property
    def findall(self) -> Callable[..., list[str]]:
        """As above."""
        return self.compiled.findall

    @cached_property
    def finditer(self) -> Callable[..., Iterator[re.Match[str]]]:
        """As above."""
        return self.compiled.finditer
