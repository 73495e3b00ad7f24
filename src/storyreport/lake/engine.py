"""What an engine does for us: read the lake, run SELECTs, keep their rows as Parquet in scratch, hand rows on."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Protocol

from .functions import Function


class Engine(Protocol):
    """DuckDB or Spark; `dialect` is SQLGlot's name of its SQL. Errors are StoryreportErrors."""

    name: str
    dialect: str

    @property
    def address(self) -> str:
        """The address of the engine's own page about the run; '' where it has none."""

    def register(self, functions: Sequence[Function]) -> None:
        """Make our functions callable from SQL."""

    def files(self, folder: str) -> list[str]:
        """The Parquet files below a folder, in the order of their names; none where there is no folder."""

    def unreadable(self, files: Sequence[str]) -> list[str]:
        """Those of the files that cannot be read as Parquet."""

    def lacking(self, name: str, files: Sequence[str], columns: Sequence[str]) -> list[tuple[str, str]]:
        """Of the files that the view `name` was read from, those without one of the columns: (file, column)."""

    def read(self, name: str, files: Sequence[str]) -> Mapping[str, str]:
        """Make the view `name` of Parquet files, with `date` and `filename`; return column → kind, or type if none."""

    def view(self, name: str, sql: str) -> None:
        """Make a view of a SELECT in the engine's SQL."""

    def keep(self, name: str, sql: str) -> None:
        """Write a SELECT's rows to scratch as Parquet and make the view `name` of them."""

    def table(self, name: str, columns: Mapping[str, str], rows: Sequence[Sequence[Any]]) -> None:
        """Make the table `name` of a few rows of ours; columns are name → text, integer, real or flag."""

    def rows(self, sql: str) -> Iterator[tuple[Any, ...]]:
        """The few rows of a SELECT in the engine's SQL, one after the other."""

    def many_rows(self, sql: str) -> Iterator[tuple[Any, ...]]:
        """The rows of a SELECT that may be more than memory holds, one after the other."""

    def close(self) -> None:
        """Let go of what it holds."""
