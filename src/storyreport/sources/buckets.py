"""Usage and costs as the APIs of model providers report them: pages of buckets of time, each with its results.

A helper of the sources: it names no system. A provider has its own names for when a bucket begins and ends, and reads
a result in its own way.
"""

import hashlib
import json
import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from decimal import Decimal
from pathlib import Path
from typing import Any

from ..readers import text as textfiles
from . import Part, Table, Type

# Pieces of mappings: calls that a file replaces.
PIECES = Path(__file__).with_name("pieces") / "buckets.sql"
# A report begins with many empty buckets where nothing was used for long.
LOOKED_AT = 1000
# What the files of a part hold. Empty buckets are ones of usage; costs among the usage are broken rows of that.
USAGE = ({"usage"}, {"usage", "costs"}, {"empty"})
COSTS = ({"costs"},)

ENDINGS = tuple(kind + packed for kind in (".json", ".jsonl", ".ndjson") for packed in ("", ".gz"))

# Who a result was for, as the providers name them: a project is Anthropic's workspace, a user its account.
OWNERS = {
    "project": ("project_id", "workspace_id"),
    "user": ("user_id", "account_id"),
    "key": ("api_key_id",),
}
# Their columns, and a digest of all three that keeps results of different owners apart.
OWNER_COLUMNS = {"owner": Type.KEY, "project": Type.WORD, "user": Type.HASHED, "key": Type.HASHED}
# Which bucket of the files a result is in, when that ends, and how well its page tells results apart.
BUCKET_COLUMNS = {"bucket": Type.COUNT, "ends_at": Type.UTC, "detail": Type.COUNT}
# By what a page may be grouped. Without the model nothing is priced: it says more than all others.
WHAT = frozenset(("model", "line_item", "description"))
OTHERS = frozenset(
    (
        "batch",
        "service_tier",
        "context_window",
        "inference_geo",
        "speed",
        *(name for names in OWNERS.values() for name in names),
    )
)

DECIMAL = re.compile(r"-?\d{1,18}(?:\.\d{1,30})?", re.ASCII)
# What a result counts, which may be text.
COUNTED = re.compile(r"amount|num_\w+|\w*_tokens|characters|seconds|images|quantity|usage_bytes", re.ASCII)
# The digits of the lowest unit of a currency where it has not two (ISO 4217).
NO_DIGITS = ("BIF", "CLP", "DJF", "GNF", "ISK", "JPY", "KMF", "KRW", "PYG", "RWF", "UGX", "UYI", "VND", "VUV")
THREE_DIGITS = ("BHD", "IQD", "JOD", "KWD", "LYD", "OMR", "TND")
DIGITS = {**dict.fromkeys((*NO_DIGITS, "XAF", "XOF", "XPF"), 0), **dict.fromkeys(THREE_DIGITS, 3)}

# Beside texts, of which no table has a column.
MODALITIES = ("audio", "image")

Read = Callable[[Mapping[str, Any]], dict[str, Any] | None]


def part(name: str, table: Table, times: tuple[str, str], held: tuple[set[str], ...], read: Read) -> Part:
    """A part of files that hold this, staged as one table.

    `times` are the fields of a bucket's begin and end; `read` gives a result by column, None where it is no row. A
    folder or a command may have several: exports of one month each, or of overlapping days.
    """

    def is_ours(path: Path) -> bool:
        return kinds(path, times) in held

    def find(path: Path) -> Path | None:
        return path if any(is_ours(file) for file in _files(path)) else None

    def stage(path: Path) -> Iterator[tuple[str, tuple[Any, ...]]]:
        yield from stage_files(
            [file for file in _files(path) if file == path or is_ours(file)], is_folder=path.is_dir()
        )

    def stage_files(files: Sequence[Path], is_folder: bool = True) -> Iterator[tuple[str, tuple[Any, ...]]]:
        position, buckets, last = 0, 0, None
        for number, file in enumerate(files, start=1):
            for line, bucket, row, problem in rows(file, times, read):
                position += 1
                buckets += bucket is not last
                last = bucket
                row |= {"line": f"{number}/{line}" if is_folder else line, "position": position, "bucket": buckets}
                yield name, (*(row.get(column) for column in table.columns), problem)

    return Part(
        tables={name: table},
        feeds={"calls": (name,)},
        statuses={},
        find=find,
        stage=stage,
        stage_files=stage_files,
        # Which buckets lie in others, and which say more, shows only beside each other.
        is_one=True,
    )


def kinds(path: Path, times: tuple[str, str]) -> set[str]:
    """What the first buckets hold: usage, costs, or nothing; nothing where they are not buckets of this provider."""
    found = set()
    if path.is_file():
        for _, record, _ in textfiles.first_records(path, LOOKED_AT):
            for bucket, result, _ in results(record or {}):
                if set(times) <= set(bucket):
                    found.add("empty" if result is None else "costs" if "amount" in result else "usage")
            if found - {"empty"}:
                break
    return found - {"empty"} or found


def results(record: Mapping[str, Any]) -> Iterator[tuple[Mapping[str, Any], Mapping[str, Any] | None, str | None]]:
    """(bucket, result, None) of each result, (bucket, None, None) of an empty bucket, or (…, None, problem)."""
    buckets = record.get("data", [record])
    if not isinstance(buckets, list):
        yield {}, None, "data is no list"
        return
    for bucket in buckets:
        # Some versions of an API's description say `result`.
        inside = bucket.get("results", bucket.get("result")) if isinstance(bucket, dict) else None
        if not isinstance(inside, list):
            yield {}, None, "the record is no page and no bucket"
            continue
        if not inside:
            yield bucket, None, None
        for result in inside:
            if isinstance(result, dict):
                yield bucket, result, None
            else:
                yield bucket, None, "a result is no object"


def _files(path: Path) -> list[Path]:
    """The file itself, or the JSON files directly in a folder, by name."""
    if not path.is_dir():
        return [path]
    try:
        return textfiles.in_order(file for file in path.iterdir() if file.name.endswith(ENDINGS) and file.is_file())
    except OSError:
        return []


def rows(
    path: Path, times: tuple[str, str], read: Read
) -> Iterator[tuple[int, Mapping[str, Any], dict[str, Any], str | None]]:
    """(number of the record, bucket, row, problem) of each result of a file, with its bucket's times and grouping."""
    for line, record, problem in textfiles.records(path):
        found = list(results(record)) if record is not None else [({}, None, problem)]
        detail = _detail(result for _, result, _ in found if result is not None)
        for bucket, result, broken in found:
            try:
                row = _row(bucket, result, times, read, detail) if result is not None else None
            except textfiles.BrokenRecord as error:
                row, broken = None, str(error)
            if row is not None or broken is not None:
                yield line, bucket, row or {}, broken


def _row(
    bucket: Mapping[str, Any], result: Mapping[str, Any], times: tuple[str, str], read: Read, detail: int
) -> dict[str, Any] | None:
    """The row of a result, None for one that is left out; BrokenRecord where a value of it is no single one."""
    row = read(result)
    if row is None:
        return None
    start, end = times
    return {
        **row,
        start: textfiles.single(bucket.get(start), start),
        "ends_at": textfiles.single(bucket.get(end), end),
        "grouping": grouping(result),
        "detail": detail,
        **owner(result),
    }


def _detail(results: Iterable[Mapping[str, Any]]) -> int:
    """How well a page tells results apart: more for one that is grouped by more."""
    named = {name for result in results for name, value in result.items() if value is not None}
    return 100 * len(named & WHAT) + len(named & OTHERS)


def whole_units(amount: Any, currency: Any) -> Any:
    """An amount in the lowest unit of its currency (cents) in whole units of it; as it is where it is no number."""
    code = currency.strip().upper() if isinstance(currency, str) else ""
    if isinstance(amount, (int, float)) and not isinstance(amount, bool) and abs(amount) < 1e18:
        amount = f"{amount:.10f}"
    if not (isinstance(amount, str) and DECIMAL.fullmatch(amount)):
        return amount
    return float(Decimal(amount).scaleb(-DIGITS.get(code, 2)))


def whole_modalities(row: dict[str, Any], result: Mapping[str, Any]) -> dict[str, Any]:
    """A row of OpenAI's usage whose audio and images include those from the cache, which newer pages count beside them.

    That they do shows in the sum of a page's texts, images and audio: it is what was not in the cache.
    """

    def count(name: str) -> int:
        value = textfiles.whole(result.get(name))
        return value if type(value) is int else 0

    beside = sum(count(f"input_{kind}_tokens") for kind in ("text", *MODALITIES))
    cached = count("input_cached_tokens")
    if not cached or not beside or beside + cached != count("input_tokens"):
        return row
    names = [(f"input_{kind}_tokens", f"input_cached_{kind}_tokens") for kind in MODALITIES]
    return {**row, **{name: count(name) + count(held) for name, held in names if count(held)}}


def owner(result: Mapping[str, Any]) -> dict[str, Any]:
    """Who a result was for, by column; BrokenRecord where that is no single value."""
    found = {
        column: next(
            (textfiles.single(result[name], name) for name in names if result.get(name) not in (None, "")), None
        )
        for column, names in OWNERS.items()
    }
    named = json.dumps([None if value is None else str(value) for value in found.values()])
    is_known = any(value is not None for value in found.values())
    return {**found, "owner": hashlib.sha256(named.encode()).hexdigest()[:16] if is_known else None}


def grouping(result: Mapping[str, Any]) -> str:
    """A digest of what the results of a bucket are grouped by, ids included: equal for one result met twice."""
    by = sorted(
        (name, value)
        for name, value in result.items()
        if isinstance(value, (str, bool)) and not COUNTED.fullmatch(name)
    )
    return hashlib.sha256(json.dumps(by).encode()).hexdigest()[:16]
