"""Whether the extra of an engine is installed: said before anything of it is imported."""

from importlib.util import find_spec

from ..errors import StoryreportError

NEEDED = {"duckdb": ("duckdb", "numpy", "pyarrow", "sqlglot"), "spark": ("pyspark", "pandas", "pyarrow", "sqlglot")}


def check_installed(engine: str) -> None:
    """Raise StoryreportError where a module that an engine needs is not installed."""
    missing = [name for name in NEEDED[engine] if find_spec(name) is None]
    if missing:
        raise StoryreportError(
            f"A lake on {engine} needs what is not installed here ({', '.join(missing)}): run `pip install"
            f" 'storyreport[{engine}]'`."
        )
