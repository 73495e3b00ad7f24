"""Tests of lakes need the extras of their engines: where these are not installed, they are no tests."""

from importlib.util import find_spec

collect_ignore_glob = [] if find_spec("duckdb") and find_spec("pyarrow") and find_spec("sqlglot") else ["test_*.py"]
if not find_spec("pyspark"):
    collect_ignore_glob.append("test_spark*.py")
