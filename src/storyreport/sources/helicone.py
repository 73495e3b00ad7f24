"""Helicone's requests, as its export tool or its API (`/v1/request/query-clickhouse`) gives them: CSV or JSON.

Bodies, properties and where users were are never staged; users and keys are hashed. Seen in Helicone's source, not in a
real export.
"""

from collections.abc import Iterator, Mapping
from typing import Any

from . import System, Type, recordfiles

NAMES = {
    "request_id": ("request_id", "response_id"),
    "created_at": "request_created_at",
    "answered_at": "response_created_at",
    "status_code": ("response_status", "status"),
    "provider": "provider",
    "model": ("response_model", "model", "model_override", "request_model"),
    "path": "request_path",
    "latency_ms": ("delay_ms", "latency"),
    "cost": ("costUSD", "cost"),
    "cache_reference": "cache_reference_id",
    "user": ("request_user_id", "user_id"),
    "key": ("helicone_api_key_id", "helicone_proxy_key_id", "proxy_key_id"),
    **{
        name: name
        for name in (
            *("prompt_tokens", "completion_tokens", "total_tokens", "reasoning_tokens"),
            *("prompt_cache_read_tokens", "prompt_cache_write_tokens"),
            *("prompt_audio_tokens", "completion_audio_tokens"),
        )
    },
}
NO_REFERENCE = "00000000-0000-0000-0000-000000000000"

REQUESTS = recordfiles.table(
    {
        "request_id": Type.KEY,
        "created_at": Type.UTC,
        "answered_at": Type.UTC,
        # Below 0 Helicone says what no answer says: pending, cancelled, refused by itself.
        "status_code": Type.NUMBER,
        "provider": Type.WORD,
        "model": Type.WORD,
        "endpoint": Type.WORD,
        "latency_ms": Type.MS,
        "is_cached": Type.FLAG,
        "cost": Type.MONEY,
        "user": Type.HASHED,
        "key": Type.HASHED,
        **{name: Type.COUNT for name in NAMES if name.endswith("_tokens")},
    },
    required=("request_id",),
)


def is_ours(record: Mapping[str, Any]) -> bool:
    """Whether a record is a request."""
    return {"request_created_at", "response_created_at", "prompt_tokens", "completion_tokens"} <= record.keys()


def rows(record: Mapping[str, Any]) -> Iterator[recordfiles.Row]:
    """The row of a request."""
    row = recordfiles.columns(record, NAMES)
    path = row["path"]
    yield {
        **row,
        # The rest of the address may name a deployment, a key or a person.
        "endpoint": path.split("?")[0].rsplit("/", 1)[-1].split(":")[-1] if isinstance(path, str) else None,
        "is_cached": row["cache_reference"] not in (None, "", NO_REFERENCE),
    }


SYSTEM = System(
    name="helicone",
    title="Helicone request export",
    parts={
        "requests": recordfiles.part("helicone_requests", REQUESTS, is_ours, recordfiles.each(rows), within=("data",))
    },
)
