"""Tests of lakes need the extras of their engines: where these are not installed, they are no tests."""

from importlib.util import find_spec

collect_ignore_glob = [] if all(map(find_spec, ("duckdb", "numpy", "pyarrow", "sqlglot"))) else ["test_*.py"]
if not find_spec("pyspark"):
    collect_ignore_glob.append("test_spark*.py")
