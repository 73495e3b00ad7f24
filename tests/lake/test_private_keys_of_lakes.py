"""Keys of a lake are made private by the same function as those of an ingest, and are looked at wherever it may act."""

import sqlite3
from contextlib import closing

import pytest

from storyreport.keyed import PRIVATE_KEY, private_keys
from storyreport.lake.core import PRIVATE

PRIVATE_ONES = (
    "ann@mail.example", "zq8ann%40mail.example", "x?api_key=abcdef", "postgres://ann:pw@db/x",
    "sk-45a2195c064a6d3ee3cf3aa3ac8a94f0", "user/npm_a1b2c3d4e5f6g7h8i9j0k1l2m3n4", "xoxb-123456789012-abcdefabcdefabc",
    "pypi-a1b2c3d4e5f6g7h8i9j0k1l2m3n4", "dapi45a2195c064a6d3ee3cf3aa3ac8a94f0",
    "p2/r~1npm_a1b2c3d4e5f6g7h8i9j0k1l2m3n4", "p~01q~1ann@mail.example/x",
    "hf_ZqRsTuVwXyZaBcDeFgHiJkLmNoPqRsTuVw", "AKIAZQ7XKD93MVBT51HW",
)  # fmt: skip
PLAIN_ONES = (
    "story-1",
    "3f2b8c9a-1c2d-4e5f-8a9b-0c1d2e3f4a5b",
    "Chapter One of the Second Book",
    "day=1",
    "5%",
    None,
    "",
)


@pytest.mark.parametrize("key", [*PRIVATE_ONES, *PLAIN_ONES])
def test_both_keep_the_same(key: str | None) -> None:
    with closing(sqlite3.connect(":memory:")) as connection:
        connection.create_function("private_key", 1, private_keys(b"key")[1])
        both = f"select {PRIVATE.format(c='key')}, {PRIVATE_KEY.format(c='key')} from (select ? as key)"
        of_lake, of_ingest = connection.execute(both, [key]).fetchone()
    assert of_lake == of_ingest
    assert (of_ingest == key) == (key in PLAIN_ONES)
