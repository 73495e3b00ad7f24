"""OpenAI's organization usage and costs: pages of buckets as their API gives them, in files of JSON or JSON lines.

A usage result counts requests and tokens and has no cost; a costs result is an amount of a day and has no requests. So
a row of costs is 0 calls, and neither counts twice where both are given. Users, projects and API keys are not copied.
"""

import hashlib
import json
import re
from collections.abc import Iterator, Mapping
from itertools import islice
from pathlib import Path
from typing import Any

from . import Part, System, Table, Type, textfiles

# A page begins with many empty buckets where nothing was used for long.
LOOKED_AT = 1000
DECIMAL = re.compile(r"-?\d{1,15}(?:\.\d{1,30})?(?:[eE][+-]?\d{1,2})?", re.ASCII)
KIND = re.compile(r"organization\.usage\.(\w{1,50})\.result", re.ASCII)

USAGE_TABLE = Table(
    columns={
        "line": Type.KEY,
        "position": Type.COUNT,
        "start_time": Type.UTC,
        "grouping": Type.KEY,
        "kind": Type.WORD,
        "model": Type.WORD,
        "batch": Type.FLAG,
        "service_tier": Type.WORD,
        "requests": Type.COUNT,
        "input_tokens": Type.COUNT,
        "output_tokens": Type.COUNT,
        "input_cached_tokens": Type.COUNT,
    },
    required=("start_time", "requests"),
)
COSTS_TABLE = Table(
    columns={
        "line": Type.KEY,
        "position": Type.COUNT,
        "start_time": Type.UTC,
        "grouping": Type.KEY,
        "line_item": Type.WORD,
        "amount": Type.MONEY,
        "currency": Type.WORD,
    },
    required=("start_time", "amount", "currency"),
)


def find_usage(path: Path) -> Path | None:
    """The path if it is a file of usage, or one whose buckets are all empty."""
    return path if _kinds(path) in ({"usage"}, {"usage", "costs"}, {"empty"}) else None


def find_costs(path: Path) -> Path | None:
    """The path if it is a file of costs."""
    return path if _kinds(path) == {"costs"} else None


def stage_usage(path: Path) -> Iterator[tuple[str, tuple[Any, ...]]]:
    """A row for each usage result that counts requests."""
    return _stage(path, "openai_usage", USAGE_TABLE, _usage)


def stage_costs(path: Path) -> Iterator[tuple[str, tuple[Any, ...]]]:
    """A row for each costs result."""
    return _stage(path, "openai_costs", COSTS_TABLE, _costs)


def _kinds(path: Path) -> set[str]:
    """What the first buckets hold: usage, costs, or nothing; no word for what is no bucket of OpenAI's."""
    kinds = set()
    if path.is_file():
        for _, record, _ in islice(textfiles.records(path), LOOKED_AT):
            for bucket, result, _ in _results(record or {}):
                if {"start_time", "end_time"} <= set(bucket):
                    kinds.add("empty" if result is None else "costs" if "amount" in result else "usage")
            if kinds - {"empty"}:
                break
    return kinds - {"empty"} or kinds


def _results(record: Mapping[str, Any]) -> Iterator[tuple[Mapping[str, Any], Mapping[str, Any] | None, str | None]]:
    """(bucket, result, None) of each result, (bucket, None, None) of an empty bucket, or (…, None, problem)."""
    buckets = record.get("data", [record])
    if not isinstance(buckets, list):
        yield {}, None, "data is no list"
        return
    for bucket in buckets:
        # Some versions of the API's description say `result`.
        results = bucket.get("results", bucket.get("result")) if isinstance(bucket, dict) else None
        if not isinstance(results, list):
            yield {}, None, "the record is no page and no bucket"
            continue
        if not results:
            yield bucket, None, None
        for result in results:
            if isinstance(result, dict):
                yield bucket, result, None
            else:
                yield bucket, None, "a result is no object"


def _stage(path: Path, name: str, table: Table, read: Any) -> Iterator[tuple[str, tuple[Any, ...]]]:
    position = 0
    for line, record, problem in textfiles.records(path):
        for bucket, result, broken in _results(record) if record is not None else [({}, None, problem)]:
            row: dict[str, Any] | None = None if broken is None else {}
            if result is not None:
                try:
                    row = read(result)
                    if row is not None:
                        row["start_time"] = textfiles.single(bucket.get("start_time"), "start_time")
                        row["grouping"] = _grouping(result)
                except textfiles.BrokenRecord as error:
                    row, broken = {}, str(error)
            if row is not None:
                position += 1
                row |= {"line": line, "position": position}
                yield name, (*(row.get(column) for column in table.columns), broken)


def _usage(result: Mapping[str, Any]) -> dict[str, Any] | None:
    """What a usage result says by column; None for storage, which is no call."""
    if "amount" in result:
        raise textfiles.BrokenRecord("an amount among the usage: keep costs in a file of their own")
    word = result.get("object")
    match = KIND.fullmatch(word) if isinstance(word, str) else None
    kind = match[1] if match else None
    if kind == "vector_stores":
        return None
    # The model requests of a web search are counted among the completions.
    counts = ("num_requests", "num_sessions", "num_model_requests")
    batch = result.get("batch")
    return {
        "kind": kind,
        "model": textfiles.single(result.get("model"), "model"),
        "batch": batch if isinstance(batch, bool) else textfiles.single(batch, "batch"),
        "service_tier": textfiles.single(result.get("service_tier"), "service_tier"),
        "requests": next(
            (textfiles.single(result[name], name) for name in counts if result.get(name) is not None), None
        ),
        **{
            name: textfiles.single(result.get(name), name)
            for name in ("input_tokens", "output_tokens", "input_cached_tokens")
        },
    }


def _costs(result: Mapping[str, Any]) -> dict[str, Any]:
    """What a costs result says by column."""
    amount = result.get("amount")
    if not isinstance(amount, dict):
        raise textfiles.BrokenRecord("amount is no object")
    value = textfiles.single(amount.get("value"), "the amount's value")
    return {
        "line_item": textfiles.single(result.get("line_item"), "line_item"),
        "amount": float(value) if isinstance(value, str) and DECIMAL.fullmatch(value) else value,
        "currency": textfiles.single(amount.get("currency"), "the amount's currency"),
    }


def _grouping(result: Mapping[str, Any]) -> str:
    """A digest of what the results of a bucket are grouped by, ids included: equal for one result met twice."""
    by = sorted((name, value) for name, value in result.items() if value is not None and isinstance(value, (str, bool)))
    return hashlib.sha256(json.dumps(by).encode()).hexdigest()[:16]


COSTS = Part(
    tables={"openai_costs": COSTS_TABLE},
    feeds={"calls": ("openai_costs",)},
    statuses={},
    find=find_costs,
    stage=stage_costs,
)

USAGE = Part(
    tables={"openai_usage": USAGE_TABLE},
    feeds={"calls": ("openai_usage",)},
    statuses={},
    find=find_usage,
    stage=stage_usage,
)

SYSTEM = System(name="openai_usage", title="OpenAI usage or costs export", parts={"costs": COSTS, "usage": USAGE})
