"""OpenAI's platform website: the CSV files of its usage page (one for each kind of usage) and of its cost page.

A row is a bucket of time, often without anything in it. Users, e-mail addresses, names of projects and keys are not
copied; a digest of them separates rows. The activity that the page exported until 2024 (n_context_tokens_total) is read
as CSV and JSON; a row that does not count its requests is one call. Of usage other than completions only the documented
columns were seen, no real sample.
"""

from collections.abc import Iterator, Mapping
from typing import Any

from . import System, Type, buckets, recordfiles

# The columns that name the user, project or key of a row.
BY = ("project_id", "user_id", "api_key_id", "project_name", "user_email", "api_source", "size", "source")
# Which page a file is from, by a column that only its rows have.
KINDS = {
    "characters": "audio_speeches",
    "seconds": "audio_transcriptions",
    "images": "images",
    "num_sessions": "code_interpreter_sessions",
    "usage_bytes": "vector_stores",
}
USAGE_COLUMNS = (
    *("input_tokens", "output_tokens", "input_cached_tokens", "input_uncached_tokens", "input_cache_write_tokens"),
    *("input_audio_tokens", "output_audio_tokens", "input_image_tokens", "output_image_tokens"),
    *("input_cached_audio_tokens", "input_cached_image_tokens"),
    *("characters", "seconds", "images"),
)
REQUESTS = ("num_model_requests", "num_requests", "num_sessions")

USAGE = recordfiles.table(
    {
        "start_time": Type.UTC,
        "grouping": Type.KEY,
        "account": Type.KEY,
        "project": Type.WORD,
        "kind": Type.WORD,
        "model": Type.WORD,
        "batch": Type.FLAG,
        "service_tier": Type.WORD,
        "requests": Type.COUNT,
        **dict.fromkeys(USAGE_COLUMNS, Type.COUNT),
        "amount": Type.NUMBER,
        "currency": Type.WORD,
    },
    required=("start_time",),
    required_one=("requests", *USAGE_COLUMNS),
)
COSTS = recordfiles.table(
    {
        "start_time": Type.UTC,
        "grouping": Type.KEY,
        "account": Type.KEY,
        "project": Type.WORD,
        "line_item": Type.WORD,
        "quantity": Type.NUMBER,
        "quantity_unit": Type.WORD,
        "amount": Type.NUMBER,
        "currency": Type.WORD,
    },
    required=("start_time", "amount", "currency"),
)
# Column → its names in the activity of until 2024, and in what others made of it.
ACTIVITY = {
    "start_time": ("aggregation_timestamp", "timestamp", "date", "usage_date", "start_time"),
    "model": ("snapshot_id", "model"),
    "input_tokens": "n_context_tokens_total",
    "input_cached_tokens": "n_cached_context_tokens_total",
    "output_tokens": "n_generated_tokens_total",
    "amount": "amount",
    "currency": "currency",
}
OF_ACTIVITY = frozenset(("n_context_tokens_total", "n_generated_tokens_total"))
TIMES = {"start_time": ("start_time", "start_time_iso")}


def usage(record: Mapping[str, Any]) -> Iterator[recordfiles.Row]:
    """The row of a bucket, if anything was used in it; storage of vector stores is no call."""
    if record.keys() >= OF_ACTIVITY:
        requests, operation = record.get("n_requests"), str(record.get("operation"))
        row = recordfiles.columns(record, ACTIVITY)
        kind = "embeddings" if operation.startswith("embedding") else "completions"
        grouping = _grouping({**record, "source": (record.get("organization_id"), record.get("user"), operation)})
        yield {
            **row,
            "kind": kind,
            "requests": requests,
            "grouping": grouping,
            **_account(record),
        }
        return
    kind = next((kind for column, kind in KINDS.items() if column in record), "completions")
    requests = next((record[name] for name in REQUESTS if record.get(name) is not None), None)
    is_empty = requests is None and all(record.get(name) is None for name in USAGE_COLUMNS)
    if is_empty or kind == "vector_stores":
        return
    row = {
        **recordfiles.columns(record, {**TIMES, **{name: name for name in ("model", "batch", "service_tier")}}),
        **{name: record.get(name) for name in USAGE_COLUMNS},
        "kind": kind,
        "requests": requests,
        "grouping": _grouping(record),
        **_account(record),
    }
    yield buckets.whole_modalities(row, record)


def costs(record: Mapping[str, Any]) -> Iterator[recordfiles.Row]:
    """The row of an amount; none for a day without one."""
    if record.get("amount_value") is None:
        return
    names = {"amount": "amount_value", "currency": "amount_currency"}
    same = {name: name for name in ("line_item", "quantity", "quantity_unit")}
    yield {**recordfiles.columns(record, {**TIMES, **names, **same}), "grouping": _grouping(record), **_account(record)}


def _grouping(record: Mapping[str, Any]) -> str | None:
    return recordfiles.digest([str(record[name]) for name in BY if record.get(name) is not None])


def _account(record: Mapping[str, Any]) -> recordfiles.Row:
    """Whose bill a row is of: exports of several organizations or projects may be given together."""
    account = recordfiles.account(record, "organization_id", "project_id")
    project = record.get("project_id")
    return {"account": account, "project": project if isinstance(project, str) else None}


def _is_usage(record: Mapping[str, Any]) -> bool:
    is_bucket = {"start_time", "start_time_iso"} <= record.keys() and any(name in record for name in REQUESTS)
    return is_bucket or record.keys() >= OF_ACTIVITY


SYSTEM = System(
    name="openai_console",
    title="OpenAI platform usage or cost export",
    parts={
        "costs": recordfiles.part(
            "openai_console_costs",
            COSTS,
            recordfiles.has("start_time", "start_time_iso", "amount_value", "amount_currency"),
            recordfiles.each(costs),
            exports=True,
            is_one=True,
        ),
        "usage": recordfiles.part(
            "openai_console_usage",
            USAGE,
            _is_usage,
            recordfiles.each(usage),
            within=("data",),
            exports=True,
            # What two exports have alike shows only beside each other.
            is_one=True,
        ),
    },
)
