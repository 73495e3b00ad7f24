"""Tests of lakes need the extras of their engines: where these are not installed, they are no tests."""

from importlib.util import find_spec
from pathlib import Path

from storyreport.lake.installed import NEEDED

collect_ignore = [
    file.name
    for file in Path(__file__).parent.glob("test_*.py")
    if not all(map(find_spec, NEEDED["spark" if file.name.startswith("test_spark") else "duckdb"]))
]
