"""dbt: the results of its invocations (run_results.json), with the manifest where that lies beside them.

An invocation is a run, each result a step run; a step is a node of the project by its unique id. dbt overwrites the
file with its next invocation: earlier ones stay here. A folder may hold the results of several, under any names. Code,
arguments, variables, relations and answers of the database are not read. Runs of dbt Cloud: see dbt_cloud.py.
"""

from collections.abc import Iterator, Mapping
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from ..readers import text as textfiles
from . import Part, System, Table, Type, dbt_cloud

ENDINGS = (".json", ".json.gz")
SCHEMA = "/dbt/run-results/"
# The id of a test has all of its arguments, such as the values that it accepts, and a digest of them at its end.
LONGEST_ID, END_OF_ID = 400, 60

INVOCATIONS = Table(
    columns={
        "invocation_id": Type.KEY,
        "generated_at": Type.UTC,
        "started_at": Type.UTC,
        "elapsed_time": Type.SECONDS,
        "is_retry": Type.FLAG,
    },
    required=("invocation_id",),
)
RESULTS = Table(
    columns={
        "invocation_id": Type.KEY,
        "unique_id": Type.KEY,
        "family": Type.KEY,
        "status": Type.WORD,
        "message": Type.TEXT,
        "started_at": Type.UTC,
        "ended_at": Type.UTC,
        "execution_time": Type.SECONDS,
    },
    required=("invocation_id", "unique_id"),
)
TABLES = {"dbt_invocations": INVOCATIONS, "dbt_results": RESULTS}


def find(path: Path) -> Path | None:
    """The path if it is a file of results; of a folder, itself or its `target` if such a file lies there."""
    if path.is_file():
        return path if _document(path) else None
    return next((folder for folder in (path, path / "target") if any(_files(folder))), None)


def stage(path: Path) -> Iterator[tuple[str, tuple[Any, ...]]]:
    """A row for each invocation and for each of its results."""
    for file in [path] if path.is_file() else _files(path):
        document = _document(file) or {}
        metadata = document["metadata"]
        families = _families(file.with_name("manifest.json"))
        try:
            invocation = _invocation(document, metadata)
        except textfiles.BrokenRecord as error:
            yield _staged("dbt_invocations", {}, str(error))
            continue
        yield _staged("dbt_invocations", invocation)
        for result in document["results"]:
            try:
                row = _result(result, families)
            except textfiles.BrokenRecord as error:
                yield _staged("dbt_results", {}, str(error))
                continue
            yield _staged("dbt_results", {**row, "invocation_id": invocation["invocation_id"]})


def _staged(table: str, row: Mapping[str, Any], problem: str | None = None) -> tuple[str, tuple[Any, ...]]:
    return table, (*(row.get(column) for column in TABLES[table].columns), problem)


def _files(folder: Path) -> Iterator[Path]:
    """The files of results in a folder, by their names."""
    if folder.is_dir():
        yield from (file for file in sorted(folder.glob("run_results*")) if _may_be_results(file) and _document(file))


def _may_be_results(file: Path) -> bool:
    return file.name.endswith(ENDINGS) and file.is_file()


def _document(path: Path) -> dict[str, Any] | None:
    """What a file of results says; None for any other file."""
    record = next((record for _, record, _ in textfiles.records(path)), None)
    metadata = (record or {}).get("metadata")
    is_ours = (
        isinstance(metadata, dict)
        and SCHEMA in str(metadata.get("dbt_schema_version"))
        and isinstance((record or {}).get("results"), list)
    )
    return record if is_ours else None


def _invocation(document: Mapping[str, Any], metadata: Mapping[str, Any]) -> dict[str, Any]:
    """The row of an invocation; raises BrokenRecord."""
    generated_at = textfiles.single(metadata.get("generated_at"), "generated_at")
    elapsed = textfiles.single(document.get("elapsed_time"), "elapsed_time")
    # dbt says when an invocation began from 1.10 on.
    started_at = textfiles.single(metadata.get("invocation_started_at"), "invocation_started_at")
    return {
        "invocation_id": textfiles.single(metadata.get("invocation_id"), "invocation_id"),
        "generated_at": generated_at,
        "started_at": started_at or _before(generated_at, elapsed),
        "elapsed_time": elapsed,
        "is_retry": _is_retry(document.get("args")),
    }


def _is_retry(args: Any) -> bool:
    """Whether `dbt retry` was called, which does again what the invocation before it did not complete."""
    given = args if isinstance(args, dict) else {}
    return given.get("which") == "retry" or "retry" in str(given.get("invocation_command")).split()[:2]


def _before(moment: Any, seconds: Any) -> str | None:
    """So many seconds before a moment; None where either is none."""
    try:
        return (
            datetime.fromisoformat(str(moment).replace("Z", "+00:00")) - timedelta(seconds=float(seconds))
        ).isoformat()
    except (TypeError, ValueError, OverflowError):
        return None


def _result(result: Any, families: Mapping[str, str]) -> dict[str, Any]:
    """The row of a result; raises BrokenRecord."""
    if not isinstance(result, dict):
        raise textfiles.BrokenRecord("a result is no object")
    names = ("unique_id", "status", "message", "execution_time")
    row = {name: textfiles.single(result.get(name), name) for name in names}
    timing = result.get("timing") or []
    if not isinstance(timing, list) or not all(isinstance(part, dict) for part in timing):
        raise textfiles.BrokenRecord("timing is no list of objects")
    starts = [textfiles.single(part.get("started_at"), "started_at") for part in timing]
    ends = [textfiles.single(part.get("completed_at"), "completed_at") for part in timing]
    full_id = str(row["unique_id"] or "")
    unique_id = _shortened(full_id)
    return {
        **row,
        "unique_id": unique_id or None,
        "family": _shortened(families.get(full_id) or _family(unique_id)),
        "started_at": min(map(str, filter(None, starts)), default=None),
        "ended_at": max(map(str, filter(None, ends)), default=None),
    }


def _shortened(name: str) -> str:
    """A name that can be a key: of a long one its beginning and its end."""
    return name if len(name) <= LONGEST_ID else f"{name[: LONGEST_ID - END_OF_ID]}…{name[-END_OF_ID:]}"


def _family(unique_id: str) -> str:
    """What a node is called without its project and, if it is a test, without the digest of its arguments."""
    kind, _, rest = unique_id.partition(".")
    _, _, name = rest.partition(".")
    if kind == "test":
        name = name.rpartition(".")[0] or name
    return f"{kind}.{name}" if name else unique_id


def _families(manifest: Path) -> dict[str, str]:
    """The family of each node of a manifest by its unique id; none where there is no manifest that can be read."""
    if not manifest.is_file():
        return {}
    record = next((record for _, record, _ in textfiles.records(manifest)), None)
    nodes = (record or {}).get("nodes")
    return {
        unique_id: f"{node['resource_type']}.{node['name']}"
        for unique_id, node in (nodes.items() if isinstance(nodes, dict) else ())
        if isinstance(node, dict) and isinstance(node.get("resource_type"), str) and isinstance(node.get("name"), str)
    }


TARGET = Part(
    tables=TABLES,
    # The next invocation takes the place of the last one in the file, not in the history.
    feeds={},
    statuses={
        "success": "completed",
        "pass": "completed",
        "warn": "completed",
        "error": "failed",
        "fail": "failed",
        "runtime error": "failed",
        "partial success": "failed",
        "skipped": "skipped",
        "no-op": "skipped",
        # dbt Fusion: what was built before is still right.
        "reused": "skipped",
    },
    find=find,
    stage=stage,
)

SYSTEM = System(name="dbt", title="dbt run", parts={"target": TARGET, "cloud": dbt_cloud.PART})
