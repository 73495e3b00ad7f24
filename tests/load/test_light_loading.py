"""What an ingest does not do at its start: compile patterns that it may not use, parse headers that are known.

Nor does it spell the words for statuses, which are stored in all their spellings.
"""

import gc
import importlib
import json
import sys

import pytest

from storyreport import bundle, headers, statuses
from storyreport.patterns import Pattern
from storyreport.reports import catalogue, header
from storyreport.schema import definitions

MODULES = (
    *("values.messages", "values.neutral", "values.privacy", "values.quotes", "values.spellings", "values.texts"),
    *("values.times", "readers.sheets", "joining", "keyed", "load.corrected"),
)


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


def test_known_reports_need_neither_yaml_nor_tables(monkeypatch: pytest.MonkeyPatch) -> None:
    """To parse and to prepare all of them took longer than to answer one."""
    folder = bundle.root() / "queries"
    expected = {
        path.stem: headers.parse(header.HEADER.findall(path.read_text("utf-8"))[0][0]) for path in folder.glob("*.sql")
    }
    monkeypatch.setitem(sys.modules, "yaml", None)
    monkeypatch.setattr(catalogue, "_blank", lambda: pytest.fail("an empty report database is laid out"))
    catalogue._checked.cache_clear()
    found = catalogue.read_folders([folder])
    assert (found.broken, found.reports.keys()) == ((), expected.keys())
    for name, report in found.reports.items():
        assert (report.title, report.topic) == (expected[name]["title"], expected[name]["topic"])
        assert [param.name for param in report.params] == list(expected[name].get("params", ()))
        assert report.columns


@pytest.mark.parametrize(
    ("words", "is_stored"), [({}, True), ({"completed": f"{statuses.WORDS['completed']} all_well"}, False)]
)
def test_words_for_statuses_are_spelled_where_they_are_not_stored(
    words: dict[str, str], is_stored: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The stored ones are those of this very table of words."""
    monkeypatch.setattr(statuses, "WORDS", {**statuses.WORDS, **words})
    functions = (statuses.version, statuses._ours, statuses._ours_as_json)
    try:
        for function in functions:
            function.cache_clear()
        ours, theirs = map(json.loads, statuses.as_json({"all_bad": "failed"}, {"done": "failed"}))
        assert (statuses._ours.cache_info().misses == 0) == is_stored
    finally:
        for function in functions:
            function.cache_clear()
    assert ours["timed out"] == ours["timedout"] == "failed"
    assert ours["done"] == "completed"
    assert ours.get("all-well") == (None if is_stored else "completed")
    assert theirs == {**dict.fromkeys(("all_bad", "all-bad", "all bad", "allbad"), "failed"), "done": "failed"}
