"""Spark: the lake on a cluster, or on this machine with a local master; the same SQL in Spark's dialect, ANSI mode."""

import contextlib
import os
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import pandas
from py4j.protocol import Py4JError
from pyspark.sql import SparkSession
from pyspark.sql.functions import pandas_udf

from ..errors import StoryreportError
from . import spark_errors
from .contract import DATE, FLAG, INTEGER, NUMBER, TEXT, TIME
from .functions import Function
from .spark_errors import reason

KINDS = {
    "string": TEXT,
    "boolean": FLAG,
    "float": NUMBER,
    "double": NUMBER,
    "timestamp": TIME,
    "timestamp_ntz": TIME,
    **dict.fromkeys(("tinyint", "smallint", "int", "bigint"), INTEGER),
}
WORKERS_S = 120
# The driver, which need not have more than 1 GB, gets rows part by part: a part is a file of so many rows, not more.
ROWS_A_FILE = 20_000
PART_BYTES = "spark.sql.files.maxPartitionBytes"
TYPES = {"text": "string", "integer": "bigint", "real": "double", "flag": "boolean"}
SETTINGS = {
    "spark.sql.session.timeZone": "UTC",
    "spark.sql.ansi.enabled": "true",
    "spark.sql.sources.partitionColumnTypeInference.enabled": "false",
    "spark.sql.parquet.datetimeRebaseModeInRead": "CORRECTED",
    "spark.sql.execution.arrow.pyspark.enabled": "true",
    # The SQL is generated: what it says of an error is more than anybody reads.
    "spark.sql.debug.maxToStringFields": "10",
    "spark.ui.showConsoleProgress": "false",
    # A part comes at once: a driver with little memory may lose what is laid down to be fetched.
    "spark.task.maxDirectResultSize": "100m",
    # Spark's page keeps the plans of the latest queries, of which ours fill a driver of 1 GB before the end.
    "spark.sql.ui.retainedExecutions": "5",
}


class Spark:
    """Spark as an Engine; `scratch` is a folder that the driver and all workers reach."""

    name = "spark"
    dialect = "spark"

    def __init__(self, scratch: str, master: str, conf: Mapping[str, str]):
        self.scratch = scratch
        spark_errors.check_java()
        spark_errors.check_master(master)
        spark_errors.quiet()
        os.environ.setdefault("PYSPARK_PYTHON", sys.executable)
        builder = SparkSession.builder.appName("storyreport")
        if master:
            builder = builder.master(master)
        for name, value in {**SETTINGS, **conf}.items():
            builder = builder.config(name, value)
        try:
            self.session = builder.getOrCreate()
        except Exception as error:
            raise spark_errors.not_started(error, master) from error
        # What goes wrong is said by the command, in a sentence.
        self.session.sparkContext.setLogLevel("OFF")
        self._await_workers(master)

    def _await_workers(self, master: str) -> None:
        """Wait until a cluster has given the first worker; StoryreportError where none comes."""
        if not master or master.startswith("local"):
            return
        context = self.session.sparkContext._jsc.sc()
        until = time.monotonic() + WORKERS_S
        # The driver is one of them.
        while context.getExecutorMemoryStatus().size() < 2:
            if time.monotonic() > until:
                self.close()
                raise StoryreportError(
                    f"{master} gave no worker within {WORKERS_S} s: see whether workers run, and have cores and memory"
                    " that are free."
                )
            time.sleep(0.2)

    @property
    def address(self) -> str:
        """The address of Spark's own page about the run; '' where it has none."""
        return str(self.session.sparkContext.uiWebUrl or "")

    def register(self, functions: Sequence[Function]) -> None:
        """Make our functions callable from SQL, batch by batch in the workers; check that these have our package."""
        for function in functions:
            self.session.udf.register(function.name, _batches(function))
        try:
            self.session.sql("select fingerprint('a worker has our package')").collect()
        except Exception as error:
            raise StoryreportError(
                f"The workers cannot run storyreport's functions ({reason(error)}): install the same storyreport[spark]"
                f" for their Python, {os.environ['PYSPARK_PYTHON']}, or name another in PYSPARK_PYTHON."
            ) from error

    def files(self, folder: str) -> list[str]:
        """The Parquet files below a folder of any file system that Spark knows."""
        context = self.session.sparkContext
        path = context._jvm.org.apache.hadoop.fs.Path(folder)
        system = path.getFileSystem(context._jsc.hadoopConfiguration())
        if not system.exists(path):
            return []
        found, listed = [], system.listFiles(path, True)
        while listed.hasNext():
            name = listed.next().getPath().toString()
            if name.endswith(".parquet"):
                found.append(name.removeprefix("file:") if name.startswith("file:/") else name)
        return sorted(found)

    def unreadable(self, files: Sequence[str]) -> list[str]:
        """Those whose footer cannot be read; the files are looked at one by one only where one cannot."""
        return [] if not files or self._can_read(files) else [file for file in files if not self._can_read([file])]

    def _can_read(self, files: Sequence[str]) -> bool:
        try:
            self._reader().parquet(*files).schema  # noqa: B018  # reading the footers is the point
        except Exception:
            return False
        return True

    def lacking(self, name: str, files: Sequence[str], columns: Sequence[str]) -> list[tuple[str, str]]:
        """The files without a column: of those alone in which it has no value the footer is read."""
        together = self.session.table(name).columns
        nowhere = [column for column in columns if column not in together]
        if nowhere:
            return [(file, column) for column in nowhere for file in files[:1]]
        counts = " or ".join(f"count({column}) = 0" for column in columns)
        found = self.rows(f"select filename from {name} group by filename having {counts} order by filename")
        return [
            (file, column)
            for (file,) in found
            for column in columns
            if column not in self.session.read.parquet(file).columns
        ]

    def _reader(self) -> Any:
        return self.session.read.option("mergeSchema", "true")

    def read(self, name: str, files: Sequence[str]) -> Mapping[str, str]:
        """Make the view `name` of Parquet files, of which each may lack columns."""
        try:
            frame = self._reader().option("basePath", files[0].partition(f"/{DATE}=")[0]).parquet(*files)
        except Exception as error:
            raise StoryreportError(
                f"The files of {name.removeprefix('lake_')} differ in the type of a column ({reason(error)}): write"
                " it with one type in all of them."
            ) from error
        path = "replace(_metadata.file_path, 'file:///', '/') as filename"
        frame.selectExpr("*", path).createOrReplaceTempView(name)
        return {column: kind_of(kind) for column, kind in frame.dtypes}

    def view(self, name: str, sql: str) -> None:
        """Make a view of a SELECT."""
        self._run(f"create or replace temporary view {name} as {sql}")

    def keep(self, name: str, sql: str) -> None:
        """Write a SELECT's rows to scratch and make the view `name` of them."""
        place = f"{self.scratch}/{name}.parquet"
        try:
            frame = self.session.sql(sql)
            frame.write.mode("overwrite").option("maxRecordsPerFile", ROWS_A_FILE).parquet(place)
            # With the schema that is known, no job has to look for one.
            self.session.read.schema(frame.schema).parquet(place).createOrReplaceTempView(name)
        except Exception as error:
            raise self._as_error(error) from error

    def table(self, name: str, columns: Mapping[str, str], rows: Sequence[Sequence[Any]]) -> None:
        """Make a table of a few rows of ours."""
        kinds = ", ".join(f"{one} {TYPES[kind]}" for one, kind in columns.items())
        given = [tuple(_as(kind, value) for kind, value in zip(columns.values(), row, strict=True)) for row in rows]
        self.session.createDataFrame(given, kinds).coalesce(1).createOrReplaceTempView(name)

    def rows(self, sql: str) -> Iterator[tuple[Any, ...]]:
        """The rows of a SELECT, which are few."""
        try:
            for row in self.session.sql(sql).toLocalIterator():
                yield tuple(row)
        except Exception as error:
            raise self._as_error(error) from error

    def many_rows(self, sql: str) -> Iterator[tuple[Any, ...]]:
        """The rows of a SELECT; one part of them at a time is in the driver."""
        usual = self.session.conf.get(PART_BYTES)
        self.session.conf.set(PART_BYTES, "8m")
        try:
            yield from self.rows(sql)
        finally:
            self.session.conf.set(PART_BYTES, usual)

    def close(self) -> None:
        """Stop the session; one whose Java has ended is stopped."""
        with contextlib.suppress(OSError, Py4JError):
            self.session.stop()

    def _run(self, sql: str) -> Any:
        try:
            return self.session.sql(sql)
        except Exception as error:
            raise self._as_error(error) from error

    def _as_error(self, error: Exception) -> StoryreportError:
        if isinstance(error, StoryreportError):
            return error
        if spark_errors.is_full(error):
            return StoryreportError(f"The scratch folder {self.scratch} is full: give another one with --scratch.")
        if spark_errors.is_out_of_memory(error):
            return StoryreportError(
                "Spark ran out of memory, nothing was landed: give the driver more with --spark-conf"
                " spark.driver.memory=4g (a cluster's workers with spark.executor.memory), or land less with --land."
            )
        return StoryreportError(f"Spark stopped ({reason(error)}): nothing was landed.")


def _batches(function: Function) -> Any:
    call, returned = function.call, "string" if function.returns == "text" else "bigint"

    def one(values: pandas.Series) -> pandas.Series:
        return pandas.Series([None if missing(value) else call(plain(value)) for value in values], dtype=object)

    def two(values: pandas.Series, others: pandas.Series) -> pandas.Series:
        pairs = zip(values, others, strict=True)
        return pandas.Series(
            [None if missing(a) or missing(b) else call(plain(a), plain(b)) for a, b in pairs], dtype=object
        )

    return pandas_udf(one if len(function.takes) == 1 else two, returned)  # type: ignore[call-overload, unused-ignore]


def missing(value: Any) -> bool:
    """Whether a value of a batch is null: pandas has nan where whole numbers are."""
    return value is None or value != value


def plain(value: Any) -> Any:
    """A value of a batch as Python's own: text, or a whole number, which pandas may have made a real one."""
    return value if isinstance(value, str) else int(value)


def _as(kind: str, value: Any) -> Any:
    return float(value) if kind == "real" and value is not None else value


def kind_of(type_: str) -> str:
    """What a column of a Spark type is to the contract: a kind, or the type itself where it is none."""
    return NUMBER if type_.startswith("decimal") else KINDS.get(type_, type_)
