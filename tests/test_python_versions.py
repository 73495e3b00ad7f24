"""The code is read by the oldest Python that it is for, whatever Python the tests run on."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

from helpers import ROOT

COMPREHENSIONS = (ast.ListComp, ast.SetComp, ast.DictComp, ast.GeneratorExp)


def modules() -> Iterator[Path]:
    """All of our Python files."""
    for room in ("src", "plugins", "docs", "benchmarks", "fuzz", "tests"):
        yield from (ROOT / room).rglob("*.py")


def oldest() -> tuple[int, int]:
    """The oldest Python, as pyproject.toml has it."""
    found = re.search(r'^requires-python = ">=3\.(\d+)"$', (ROOT / "pyproject.toml").read_text("utf-8"), re.MULTILINE)
    assert found
    return 3, int(found[1])


def waits_within(tree: ast.AST) -> Iterator[int]:
    """The lines of comprehensions that wait and stand in another one: Python reads them from 3.11 on."""
    for outer in ast.walk(tree):
        if isinstance(outer, COMPREHENSIONS):
            inner = [node for node in ast.walk(outer) if isinstance(node, COMPREHENSIONS) and node is not outer]
            yield from (one.lineno for one in inner if any(isinstance(node, ast.Await) for node in ast.walk(one)))


def test_the_oldest_python_reads_every_file() -> None:
    """Its grammar, and where it can wait."""
    assert list(waits_within(ast.parse("async def f(): return [[await g(x) for x in y] for y in z]"))) == [1]
    for path in modules():
        tree = ast.parse(path.read_text(encoding="utf-8"), feature_version=oldest())
        assert (path, list(waits_within(tree))) == (path, [])
