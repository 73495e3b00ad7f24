"""Walk the tree that a story's nodes and options make: how deep it is, what is never reached, what leads back.

Options may lead anywhere, so that this is a walk through a graph: SQL alone would take far longer than there are rows.
"""

import json
import sqlite3
from array import array
from bisect import bisect_left
from collections import deque
from collections.abc import Iterator, Sequence
from typing import Any

NOT_REACHED = -1


class Walk:
    """An aggregate function of SQL: walk(node, is_root, is_ending, option, target), a row an option or a node without.

    Everything is known by its id, and the rows come in the order of the nodes. A target is null where it is no node of
    the tree. The result is JSON: {"depth": options from the root to the farthest node, "unreachable": [node, …],
    "odd_ends": [node, …], "astray": [option, …], "leading_back": [option, …]}. An odd end is an ending with options, or
    a node without that is none. An option leads back where its target is on the way to it; without such options nothing
    loops. Where there is no root, no node is called unreachable.
    """

    # A tree may have millions of nodes, so they are numbers in arrays, and from here on known by their places there.
    def __init__(self) -> None:
        self.nodes = array("q")
        self.roots = array("q")
        self.first_options = array("q")
        self.options = array("q")
        self.targets = array("q")
        self.odd_ends: list[int] = []
        self.astray: list[int] = []

    def step(
        self, node: int, is_root: int | None, is_ending: int | None, option: int | None, target: int | None
    ) -> None:
        """Take an option, or a node without any."""
        if not self.nodes or self.nodes[-1] != node:
            if is_root:
                self.roots.append(len(self.nodes))
            if bool(is_ending) == (option is not None):
                self.odd_ends.append(node)
            self.nodes.append(node)
            self.first_options.append(len(self.options))
        if option is not None and target is not None:
            self.options.append(option)
            self.targets.append(target)
        elif option is not None:
            self.astray.append(option)

    def finalize(self) -> str:
        """Walk, and say what was found."""
        self.first_options.append(len(self.options))
        self.targets = array("q", (bisect_left(self.nodes, target) for target in self.targets))
        depths = self._depths()
        unreachable = [node for node, depth in zip(self.nodes, depths, strict=True) if depth == NOT_REACHED]
        return json.dumps(
            {
                "depth": max(depths, default=0) if self.roots else 0,
                "unreachable": unreachable if self.roots else [],
                "odd_ends": self.odd_ends,
                "astray": self.astray,
                "leading_back": list(self._leading_back()) if unreachable or self._may_loop(depths) else [],
            }
        )

    def _options(self, node: int) -> range:
        return range(self.first_options[node], self.first_options[node + 1])

    def _depths(self) -> Sequence[int]:
        """How many options away from the root each node is."""
        depths = array("q", [NOT_REACHED]) * len(self.nodes)
        for root in self.roots:
            depths[root] = 0
        waiting = deque(self.roots)
        while waiting:
            node = waiting.popleft()
            for option in self._options(node):
                target = self.targets[option]
                if depths[target] == NOT_REACHED:
                    depths[target] = depths[node] + 1
                    waiting.append(target)
        return depths

    def _may_loop(self, depths: Sequence[int]) -> bool:
        """Whether an option leads no deeper, as one of any loop does. Of most trees none does."""
        return any(
            depths[self.targets[option]] <= depth for node, depth in enumerate(depths) for option in self._options(node)
        )

    def _leading_back(self) -> Iterator[int]:
        """The options that lead to a node on the way to them, from the roots first and then from what is left."""
        way: dict[int, Iterator[int]] = {}
        is_left = bytearray(len(self.nodes))
        for start in (*self.roots, *range(len(self.nodes))):
            if is_left[start]:
                continue
            way[start] = iter(self._options(start))
            while way:
                node = next(reversed(way))
                option = next(way[node], None)
                if option is None:
                    way.popitem()
                    is_left[node] = True
                elif self.targets[option] in way:
                    yield self.options[option]
                elif not is_left[self.targets[option]]:
                    way[self.targets[option]] = iter(self._options(self.targets[option]))


def register(connection: sqlite3.Connection) -> None:
    """Make `walk` callable from SQL."""
    # Python's types know of functions of one number only.
    aggregate: Any = Walk
    connection.create_aggregate("walk", 5, aggregate)
