"""The rules of style that no linter holds: short files, counts that agree with their nouns."""

import ast
import itertools
import re

from helpers import ROOT


def test_files_are_short() -> None:
    """No Python file is longer than 400 lines."""
    lines = {
        path.relative_to(ROOT): len(path.read_text(encoding="utf-8").splitlines())
        for folder in ("src", "plugins", "tests", "docs", "benchmarks", "fuzz")
        for path in (ROOT / folder).rglob("*.py")
    }
    assert {name: count for name, count in lines.items() if count > 400} == {}


# Nouns of sentences that hold a count.
COUNTED = (
    "attempts|calls|chapters|checks|days|errors|events|executions|files|findings|hours|limits|lines|minutes|pipelines"
    "|reports|rows|runs|scripts|sources|steps|stories|systems|users"
)


def test_counts_agree_with_their_nouns() -> None:
    """No text sets a plural behind a number that may be 1 ("1 rows read"): `counted` knows both forms."""
    plural, sql = re.compile(rf" (?:(?:more|new|open|step) )?({COUNTED})\b"), re.compile(r"\b(select|from)\b")
    found = [
        ast.unparse(text)
        for path in sorted((ROOT / "src").rglob("*.py"))
        for text in ast.walk(ast.parse(path.read_text()))
        if isinstance(text, ast.JoinedStr) and not sql.search(ast.unparse(text))
        for value, then in itertools.pairwise(text.values)
        # A name in capitals is a number that is known, and is not 1.
        if isinstance(value, ast.FormattedValue) and not ast.unparse(value.value).isupper()
        if isinstance(then, ast.Constant) and plural.match(str(then.value))
    ]
    assert found == []
