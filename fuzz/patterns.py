"""Every pattern of the package against long texts of one repeated piece: which takes more than its length.

    python -m fuzz.patterns [NAME]              # those whose name holds NAME, such as values.privacy

A finding is a pattern that takes eight times as long or more for a text four times as long; it is printed with both
times, the method, the beginning and the piece. Linux only: a method that takes too long is ended by an alarm.
"""

import importlib
import pkgutil
import re
import signal
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import storyreport
from storyreport.patterns import Pattern

SHORT, LONG, FACTOR = 2_500, 10_000, 8
# What takes less is not measured again; what takes longer is ended.
LEAST_SECONDS, MOST_SECONDS = 0.003, 2.0
MOST_FINDINGS = 4
# What no source writes: SQL and headers of our own.
OUR_OWN = ("lake", "schema", "mapping", "pieces", "rollups", "reports.header", "sections")
PIECES = (
    *"x 0{[(<\"'`\\/-:=\n.,@%_+Aé話\t",
    *("a1", "aB3", "x ", "x-", "x:", "x/", "x.", "x=", "x\n", 'x"', "x'", "x@", "x@x.", "A ", "Ab ", "a:", "a:b "),
    *("1.", "1:", "1-", "1,", "+1 ", " \n", " {", "//x", "~/x", "::", "<x>", "</", "[x", "(x", " ()", "-x ", "--x="),
)
BEGINNINGS = ("", "{", '"', "[", "x://", "@", "<", "info: ")
METHODS = ("fullmatch", "match", "search", "sub", "findall", "finditer", "split")
SOURCE = "\n".join(path.read_text() for path in Path(storyreport.__file__).parent.rglob("*.py"))


class TooLongError(Exception):
    """What the alarm raises."""


def _ring(*_: object) -> None:
    raise TooLongError


def _within(name: str, value: Any, depth: int = 0) -> Iterator[tuple[str, "re.Pattern[str]"]]:
    """The patterns in a value of a module, each with its name."""
    if isinstance(value, Pattern):
        yield name, value.compiled
    elif isinstance(value, re.Pattern) and isinstance(value.pattern, str):
        yield name, value
    elif isinstance(value, (tuple, list, dict)) and depth < 4:
        pairs = value.items() if isinstance(value, dict) else enumerate(value)
        for key, item in pairs:
            yield from _within(f"{name}[{key!r}]", item, depth + 1)


def patterns() -> dict[tuple[str, int], tuple[str, "re.Pattern[str]"]]:
    """Every pattern that a module of the package holds, once, with its first name."""
    found: dict[tuple[str, int], tuple[str, re.Pattern[str]]] = {}
    for module in pkgutil.walk_packages(storyreport.__path__, "storyreport."):
        short = module.name.removeprefix("storyreport.")
        if short.startswith(OUR_OWN) or short == "__main__":
            continue
        for name, value in vars(importlib.import_module(module.name)).items():
            for full, pattern in _within(f"{short}.{name}", value):
                found.setdefault((pattern.pattern, pattern.flags), (full, pattern))
    return found


def _seconds(pattern: "re.Pattern[str]", method: str, text: str) -> float:
    start = time.process_time()
    signal.setitimer(signal.ITIMER_REAL, MOST_SECONDS)
    try:
        found = pattern.sub("", text) if method == "sub" else getattr(pattern, method)(text)
        list(found) if method == "finditer" else None
    except TooLongError:
        pass
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
    return time.process_time() - start


def findings(name: str, pattern: "re.Pattern[str]") -> Iterator[str]:
    """What takes more than its length, a line each."""
    base = name.partition("[")[0].rpartition(".")[2]
    methods = [method for method in METHODS if f"{base}.{method}(" in SOURCE] or ["search"]
    words = sorted(set(re.findall(r"[A-Za-z$:/@_-]{3,}(?: [a-z]+)*", pattern.pattern)), key=len)[:12]
    pieces = [*PIECES, *(word + end for word in words for end in ("", " ", "=", "x ", ": "))]
    for method in methods:
        for piece in pieces:
            for beginning in (*BEGINNINGS, *words):
                short, long = (beginning + piece * (length // len(piece)) for length in (SHORT, LONG))
                first = _seconds(pattern, method, short)
                if first < LEAST_SECONDS:
                    continue
                second = _seconds(pattern, method, long)
                if second > FACTOR * min(first, _seconds(pattern, method, short)):
                    yield f"{name} {first:.3f} s {second:.2f} s {method} {beginning!r} {piece!r}"
                    break


def main() -> None:
    """Print the findings of all patterns, or of those that are named; exit 1 where there are any."""
    signal.signal(signal.SIGALRM, _ring)
    wanted, count = (sys.argv[1:] or [""])[0], 0
    for name, pattern in patterns().values():
        for number, line in enumerate(findings(name, pattern) if wanted in name else ()):
            if number == MOST_FINDINGS:
                break
            print(line, flush=True)
            count += 1
    sys.exit(bool(count))


if __name__ == "__main__":
    main()
