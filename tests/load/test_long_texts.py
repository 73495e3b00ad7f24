"""Long texts of one repeated piece: no pattern reads what follows again for each of them.

A pattern that does takes minutes for these lengths, the others take tenths of a second: the alarm tells them apart.
"""

import importlib
import signal
from collections.abc import Iterator
from functools import partial
from typing import Any

import pytest

from storyreport.sources.github_actions import OF_MATRIX
from storyreport.values import fingerprint, neutral, redacted

LENGTH, SECONDS = 100_000, 20
# Each with what it reads again and again where it has no bound, and what makes it fail at the end.
REPEATED = (
    (redacted, "-", ""),
    (redacted, "x-", ""),
    (redacted, ":key", ""),
    (redacted, "mysql -p\t", ""),
    (redacted, "sshpass -h ", ""),
    (redacted, "keys=(a", "("),
    (redacted, "\\", ""),
    (redacted, "host.", ".internal"),
    (redacted, "h-1.", ".corp .rds.amazonaws.com"),
    (redacted, "connect to ", "("),
    (redacted, "dc=a,", "cn="),
    (redacted, "projects/a-", "projects/"),
    (neutral, "Error.", "'"),
    (neutral, "A_B", '"'),
    (fingerprint, "a.B", " Error"),
    (fingerprint, "'error': 'a_", ""),
    (neutral, ":", ""),
    (neutral, "x=", ""),
    (neutral, "prompt=", ""),
    (neutral, "data=", ""),
    (fingerprint, "x-", "://"),
    (neutral, "story Ab cd ", "x"),
    (neutral, "outline\n1. a b\n", ""),
    (neutral, "/a b ", ".mp"),
    (redacted, "NL91 ABNA ", ""),
    (redacted, "BSN 12 ", ""),
    (redacted, "certificate valid for a.b, ", ""),
    (partial(OF_MATRIX.sub, ""), " ()", "x"),
)
# Cells and lines of any length are matched by these: what they begin with, and a piece.
OF_FILES = (
    ("readers.sheets.AMOUNT", "$", " "),
    ("readers.sheets.AMOUNT", "1", "'"),
    ("readers.sheets.UNIT", "cost", "_"),
    ("sources.recordfiles.UNAMBIGUOUS", "0.", "0"),
    ("readers.columns.ROUNDED", "1.", "0"),
    ("sources.span_forms.BEHIND_PREFIX", "", "x"),
    ("sources.log_lines.IS_PRETTY", "[10:00] INFO: x", " {"),
    ("sources.log_lines.IS_PRETTY", "[10:00] INFO: x", " {} +1"),
    ("sources.log_lines.LOGFMT", "level=info ", 'a="b" '),
    ("verdicts.limits.LIMIT", "x > 1 for ", "a="),
)


@pytest.fixture(autouse=True)
def _alarm() -> Iterator[None]:
    def ring(*_: object) -> None:
        pytest.fail(f"takes longer than {SECONDS} s")

    # Windows has none: there the test only takes long.
    if not hasattr(signal, "SIGALRM"):
        yield
        return
    before = signal.signal(signal.SIGALRM, ring)
    signal.alarm(SECONDS)
    yield
    signal.alarm(0)
    signal.signal(signal.SIGALRM, before)


@pytest.mark.parametrize(("function", "piece", "end"), REPEATED)
def test_a_text_costs_its_length(function: Any, piece: str, end: str) -> None:
    # Where the end begins an address, it is what the pieces lead to.
    assert function(piece * (LENGTH // len(piece)) + end)


@pytest.mark.parametrize(("name", "beginning", "piece"), OF_FILES)
def test_a_cell_or_line_costs_its_length(name: str, beginning: str, piece: str) -> None:
    module, _, pattern = name.rpartition(".")
    known = getattr(importlib.import_module(f"storyreport.{module}"), pattern)
    for end in ("", "\0"):
        known.fullmatch(beginning + piece * (LENGTH // len(piece)) + end)
