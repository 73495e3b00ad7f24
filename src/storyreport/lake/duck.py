"""DuckDB: the lake on one machine, in this process."""

import contextlib
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import duckdb
import pyarrow

from ..errors import StoryreportError
from ..readers.part import literal
from .contract import FLAG, INTEGER, NUMBER, TEXT, TIME
from .functions import Function

BATCH = 10_000
KINDS = {
    "VARCHAR": TEXT,
    "BOOLEAN": FLAG,
    "FLOAT": NUMBER,
    "DOUBLE": NUMBER,
    "TIMESTAMP": TIME,
    "TIMESTAMP_S": TIME,
    "TIMESTAMP_MS": TIME,
    "TIMESTAMP_NS": TIME,
    "TIMESTAMP WITH TIME ZONE": TIME,
} | dict.fromkeys(
    ("TINYINT", "SMALLINT", "INTEGER", "BIGINT", "UTINYINT", "USMALLINT", "UINTEGER", "UBIGINT", "HUGEINT"), INTEGER
)
TYPES = {"text": "varchar", "integer": "bigint", "real": "double", "flag": "boolean"}


class Duck:
    """DuckDB as an Engine; `scratch` is a folder of its own."""

    name = "duckdb"
    dialect = "duckdb"
    address = ""

    def __init__(self, scratch: Path):
        self.duckdb, self.arrow = duckdb, pyarrow
        self.scratch = scratch
        self.connection = self.duckdb.connect(":memory:")
        self.connection.execute(f"set temp_directory = {literal(str(scratch / 'spill'))}")
        self.connection.execute("set timezone = 'UTC'")
        self.connection.execute("set preserve_insertion_order = false")

    def register(self, functions: Sequence[Function]) -> None:
        """Make our functions callable from SQL, a batch of rows at a time."""
        kinds = {"text": "VARCHAR", "integer": "BIGINT"}
        for function in functions:
            takes = [kinds[one] for one in function.takes]
            self.connection.create_function(
                function.name,
                self._batches(function),
                takes,
                kinds[function.returns],
                type="arrow",
                null_handling="special",
            )

    def _batches(self, function: Function) -> Any:
        returned = self.arrow.string() if function.returns == "text" else self.arrow.int64()

        def run(*columns: Any) -> Any:
            values = zip(*(column.to_pylist() for column in columns), strict=True)
            return self.arrow.array(
                [None if None in given else function.call(*given) for given in values], type=returned
            )

        # DuckDB counts the parameters.
        return (lambda one: run(one)) if len(function.takes) == 1 else (lambda one, other: run(one, other))

    def files(self, folder: str) -> list[str]:
        """The Parquet files below a folder."""
        found = self._run(f"select file from glob({literal(f'{folder}/**/*.parquet')}) order by file").fetchall()
        return [file for (file,) in found]

    def unreadable(self, files: Sequence[str]) -> list[str]:
        """Those whose footer cannot be read; the files are looked at one by one only where one cannot."""
        return [] if not files or self._can_read(files) else [file for file in files if not self._can_read([file])]

    def _can_read(self, files: Sequence[str]) -> bool:
        try:
            self.connection.execute(f"select count(*) from parquet_file_metadata([{', '.join(map(literal, files))}])")
            self.connection.fetchall()
        except self.duckdb.Error:
            return False
        return True

    def lacking(self, name: str, files: Sequence[str], columns: Sequence[str]) -> list[tuple[str, str]]:
        """The files without a column, by their footers."""
        listed, wanted = ", ".join(map(literal, files)), ", ".join(map(literal, columns))
        having = self._run(f"select file_name, name from parquet_schema([{listed}]) where name in ({wanted})")
        known = set(having.fetchall())
        return [(file, column) for column in columns for file in files if (file, column) not in known]

    def read(self, name: str, files: Sequence[str]) -> Mapping[str, str]:
        """Make the view `name` of Parquet files, of which each may lack columns."""
        listed = ", ".join(literal(file) for file in files)
        self._run(
            f"create or replace view {name} as select * from read_parquet([{listed}], union_by_name = true,"
            " hive_partitioning = true, hive_types = {'date': 'varchar'}, filename = true)"
        )
        described = self._run(f"describe {name}").fetchall()
        return {row[0]: kind_of(row[1]) for row in described}

    def view(self, name: str, sql: str) -> None:
        """Make a view of a SELECT."""
        self._run(f"create or replace view {name} as {sql}")

    def keep(self, name: str, sql: str) -> None:
        """Write a SELECT's rows to scratch and make the view `name` of them."""
        file = self.scratch / f"{name}.parquet"
        self._run(f"copy ({sql}) to {literal(str(file))} (format parquet)")
        self._run(f"create or replace view {name} as select * from read_parquet({literal(str(file))})")

    def table(self, name: str, columns: Mapping[str, str], rows: Sequence[Sequence[Any]]) -> None:
        """Make a table of a few rows of ours."""
        self._run(
            f"create or replace table {name} ({', '.join(f'{one} {TYPES[kind]}' for one, kind in columns.items())})"
        )
        for start in range(0, len(rows), BATCH):
            part = rows[start : start + BATCH]
            given = {one: [row[place] for row in part] for place, one in enumerate(columns)}
            types = {"text": self.arrow.string(), "integer": self.arrow.int64(), "real": self.arrow.float64()}
            batch = self.arrow.table(
                {
                    one: self.arrow.array(given[one], types.get(kind, self.arrow.bool_()))
                    for one, kind in columns.items()
                }
            )
            self.connection.register("batch_of_ours", batch)
            self._run(f"insert into {name} select * from batch_of_ours")
            self.connection.unregister("batch_of_ours")

    def rows(self, sql: str) -> Iterator[tuple[Any, ...]]:
        """The rows of a SELECT, fetched in batches."""
        # A cursor of its own: the caller may run another SELECT meanwhile.
        with contextlib.closing(self.connection.cursor()) as cursor:
            try:
                cursor.execute(sql)
                while batch := cursor.fetchmany(BATCH):
                    yield from batch
            except self.duckdb.Error as error:
                raise self._as_error(error) from error

    many_rows = rows

    def close(self) -> None:
        """Close the connection."""
        self.connection.close()

    def _run(self, sql: str) -> Any:
        try:
            return self.connection.execute(sql)
        except self.duckdb.Error as error:
            raise self._as_error(error) from error

    def _as_error(self, error: Exception) -> StoryreportError:
        first = str(error).strip().splitlines()[0]
        if "No space left" in str(error) or "max_temp_directory_size" in str(error):
            return StoryreportError(
                f"The scratch folder {self.scratch} is full ({first}): give another one with --scratch."
            )
        return StoryreportError(f"DuckDB stopped ({first}): nothing was landed.")


def kind_of(type_: str) -> str:
    """What a column of a DuckDB type is to the contract: a kind, or the type itself where it is none."""
    return NUMBER if type_.startswith("DECIMAL") else KINDS.get(type_, type_)
