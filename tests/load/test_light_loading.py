"""What an ingest does not do at its start: compile patterns that it may not use, parse headers that are known."""

import gc
import importlib
import sys

import pytest

from storyreport.patterns import Pattern
from storyreport.rollups import headers
from storyreport.schema import definitions

MODULES = ("values.messages", "values.neutral", "values.privacy", "values.quotes", "values.times", "readers.sheets")


def test_patterns_that_wait_are_sound() -> None:
    """A pattern with an error would fail when it is first used, in the middle of a load."""
    for module in MODULES:
        importlib.import_module(f"storyreport.{module}")
    patterns = [each for each in gc.get_objects() if isinstance(each, Pattern)]
    assert len(patterns) > 60
    for pattern in patterns:
        assert pattern.compiled.pattern == pattern.pattern


def test_a_pattern_is_compiled_when_it_is_used() -> None:
    pattern = Pattern(r"B(\d+)", flags=2)  # re.IGNORECASE
    assert "compiled" not in vars(pattern)
    assert pattern.sub(r"<\1>", "ab12") == "a<12>"
    assert "compiled" in vars(pattern)
    assert pattern.findall("b1 B2") == ["1", "2"]
    assert [bool(found("b3")) for found in (pattern.search, pattern.match, pattern.fullmatch)] == [True] * 3


def test_known_headers_need_no_yaml(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nearly half of what one new run costs was to parse them."""
    texts = [text.partition("/*")[2].partition("*/")[0] for _, text in definitions.rollups().values()]
    expected = [headers.parse(text) for text in texts]
    monkeypatch.setitem(sys.modules, "yaml", None)
    assert [headers.read(text) for text in texts] == expected
    assert {"grain", "description"} <= set(expected[0])


def test_a_header_that_was_changed_is_read_as_it_is() -> None:
    text = next(text for _, text in definitions.rollups().values()).partition("/*")[2].partition("*/")[0]
    assert headers.read(f"{text}\nhidden: true\n") == {**headers.parse(text), "hidden": True}
    with pytest.raises(ValueError, match="mapping values are not allowed"):
        headers.read("grain: day: source")
