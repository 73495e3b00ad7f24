"""A lake: the plain form as Parquet files by day, and the reports computed from it on an engine that people run.

The SQL is that of rollups/ and of the plain form's mapping, translated by `dialect`; neither DuckDB nor Spark is
imported before a command of the lake is called. docs/scale.md has the contract and the stages.
"""
