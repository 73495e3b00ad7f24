"""Regular expressions that are compiled when they are first used: most commands use few of them."""

import re
from collections.abc import Callable, Iterable, Iterator
from functools import cached_property
from typing import Any


def any_of(words: Iterable[str]) -> str:
    """A pattern of one of the words, grouped by their letters one after the other: a search is ten times as fast."""
    tree: dict[str, Any] = {}
    for word in words:
        place = tree
        for letter in word:
            place = place.setdefault(letter, {})
        # What begins with this word need not be looked for.
        place[""] = {}
    return _of_tree(tree)


def _of_tree(tree: dict[str, Any]) -> str:
    if "" in tree:
        return ""
    parts = [f"{re.escape(letter)}{_of_tree(rest)}" for letter, rest in tree.items()]
    return parts[0] if len(parts) == 1 else f"(?:{'|'.join(parts)})"


# Texts that differ in their numbers only have one shape.
AS_SHAPE = str.maketrans("012345689", "777777777")


class Words:
    """Words of which a text's are found at once: most of them are not looked for, as nothing begins like them."""

    def __init__(self, words: Iterable[str]):
        self.short: list[str] = []
        self.long: dict[tuple[str, ...], list[str]] = {}
        for word in dict.fromkeys(words):
            if len(word) < 3:
                self.short.append(word)
            else:
                self.long.setdefault(tuple(word[:3]), []).append(word)
        self.beginnings = frozenset(self.long)

    def within(self, text: str) -> set[str]:
        """Those that the text holds."""
        found = {word for word in self.short if word in text}
        for beginning in self.beginnings.intersection(zip(text, text[1:], text[2:], strict=False)):
            found.update([word for word in self.long[beginning] if word in text])
        return found


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
