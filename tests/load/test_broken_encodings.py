"""Text files whose encoding breaks off: found by fuzzing."""

from pathlib import Path

import pytest

from storyreport.readers import text

LINE = '{"id": "1"}\n'.encode("utf-16-le")


@pytest.mark.parametrize(
    "tail",
    [b"8", b"\x00\xd8", b"\x00\xdc\x41"],
    ids=["half a character", "half a pair", "the second half alone"],
)
def test_utf_16_that_is_cut(tmp_path: Path, tail: bytes) -> None:
    """What is whole is read; the rest is a problem of its line."""
    path = tmp_path / "x.jsonl"
    path.write_bytes(b"\xff\xfe" + LINE + tail)
    assert [(record, problem) for _, record, problem in text.records(path)] == [
        ({"id": "1"}, None),
        (None, "the line is not UTF-8"),
    ]
