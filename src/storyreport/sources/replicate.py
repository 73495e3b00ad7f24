"""Replicate's predictions, as its API gives them (`/v1/predictions`): a page, a list, or one a line.

A prediction has a running time, sometimes tokens, and no cost: a price file can add the price of a second.
Inputs, outputs and logs are never staged.
"""

from collections.abc import Iterator, Mapping
from typing import Any

from . import System, Type, recordfiles

PREDICTIONS = recordfiles.table(
    {
        "id": Type.KEY,
        "model": Type.WORD,
        "status": Type.WORD,
        "created_at": Type.UTC,
        "started_at": Type.UTC,
        "completed_at": Type.UTC,
        "predict_time": Type.SECONDS,
        "input_tokens": Type.COUNT,
        "output_tokens": Type.COUNT,
        "images": Type.COUNT,
        "error": Type.TEXT,
    },
    required=("id",),
)


def is_ours(record: Mapping[str, Any]) -> bool:
    """Whether a record is a prediction."""
    return {"id", "version", "status", "created_at"} <= record.keys() and bool(
        {"predict_time", "total_time"} & (recordfiles.inside(record, "metrics") or {}).keys()
        if isinstance(record.get("metrics"), dict)
        else "api.replicate.com" in str(recordfiles.inside(record, "urls", "get"))
    )


def rows(record: Mapping[str, Any]) -> Iterator[recordfiles.Row]:
    """The row of a prediction."""
    names = ("id", "status", "created_at", "started_at", "completed_at", "error")
    metrics = {
        "predict_time": "predict_time",
        "input_tokens": ("input_token_count", "token_input_count"),
        "output_tokens": ("output_token_count", "token_output_count"),
        "images": "image_count",
    }
    measured = record.get("metrics")
    yield {
        **{name: record.get(name) for name in names},
        "model": record.get("model") or record.get("version"),
        **recordfiles.columns(measured if isinstance(measured, dict) else {}, metrics),
    }


SYSTEM = System(
    name="replicate",
    title="Replicate predictions",
    parts={
        "predictions": recordfiles.part(
            "replicate_predictions",
            PREDICTIONS,
            is_ours,
            recordfiles.each(rows),
            within=("results",),
            statuses={
                "starting": "queued",
                "processing": "running",
                "succeeded": "completed",
                "failed": "failed",
                "canceled": "cancelled",
                "aborted": "cancelled",
            },
        )
    },
)
