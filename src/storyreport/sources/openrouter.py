"""OpenRouter: the activity that its website exports (CSV, a row a generation or a day), and that of its API (a day).

Both speak of the same spending: the daily rows count only on days of which no generation is known. With a key of one's
own (BYOK) the provider charges beside OpenRouter. Users and keys are hashed; an app is a project.
"""

from collections.abc import Iterator, Mapping
from typing import Any

from . import System, Type, recordfiles

GENERATIONS = recordfiles.table(
    {
        "generation_id": Type.KEY,
        "created_at": Type.UTC,
        "cost_total": Type.MONEY,
        "byok_usage_inference": Type.NUMBER,
        "cost_web_search": Type.NUMBER,
        "cost_cache": Type.NUMBER,
        "cost_file_processing": Type.NUMBER,
        "tokens_prompt": Type.COUNT,
        "tokens_completion": Type.COUNT,
        "tokens_reasoning": Type.COUNT,
        "tokens_cached": Type.COUNT,
        "model_permaslug": Type.WORD,
        "provider_name": Type.WORD,
        "variant": Type.WORD,
        "cancelled": Type.FLAG,
        "finish_reason_normalized": Type.WORD,
        "generation_time_ms": Type.MS,
        "app_name": Type.WORD,
        "user": Type.HASHED,
        "api_key_name": Type.HASHED,
    },
    required=("generation_id",),
)
DAYS = recordfiles.table(
    {
        "date": Type.UTC,
        "model": Type.WORD,
        "model_permaslug": Type.WORD,
        "endpoint_id": Type.KEY,
        "provider_name": Type.WORD,
        "usage": Type.NUMBER,
        "byok_usage_inference": Type.NUMBER,
        "requests": Type.COUNT,
        "prompt_tokens": Type.COUNT,
        "completion_tokens": Type.COUNT,
        "reasoning_tokens": Type.COUNT,
    },
    required=("date",),
    required_one=("requests", "prompt_tokens", "completion_tokens", "usage", "byok_usage_inference"),
)
# Column → its name where the website exports days.
EXPORTED_DAY = {
    "date": "Date",
    "model_permaslug": "Slug",
    "usage": "Usage",
    "byok_usage_inference": "BYOK Usage",
    "requests": "Requests",
    "prompt_tokens": "Prompt Tokens",
    "completion_tokens": "Completion Tokens",
    "reasoning_tokens": "Reasoning Tokens",
}
OF_API_DAY = frozenset(("date", "usage", "byok_usage_inference", "requests", "model_permaslug"))
# Column → its name in an answer of /api/v1/generation. The provider's own counts are those that it charges.
ANSWER = {
    "generation_id": "id",
    "created_at": "created_at",
    "cost_total": ("usage", "total_cost"),
    "tokens_prompt": ("native_tokens_prompt", "tokens_prompt"),
    "tokens_completion": ("native_tokens_completion", "tokens_completion"),
    "tokens_reasoning": "native_tokens_reasoning",
    "tokens_cached": "native_tokens_cached",
    "model_permaslug": "model",
    "provider_name": "provider_name",
    "cancelled": "cancelled",
    "finish_reason_normalized": "finish_reason",
    "generation_time_ms": "generation_time",
    "user": "external_user",
}


def is_generation(record: Mapping[str, Any]) -> bool:
    """Whether a record is a row of the activity, or an answer about one generation."""
    row_signs = {"generation_id", "cost_total", "model_permaslug", "tokens_prompt"}
    return row_signs <= record.keys() or {"id", "total_cost", "native_tokens_prompt"} <= _answer(record).keys()


def generations(record: Mapping[str, Any]) -> Iterator[recordfiles.Row]:
    """The row of a generation."""
    if "generation_id" in record:
        yield {name: record.get(name) for name in GENERATIONS.columns if name not in recordfiles.OWN_COLUMNS}
        return
    answer = _answer(record)
    # What is said of the provider's cost is beside OpenRouter's only with a key of one's own.
    upstream = answer.get("upstream_inference_cost") if answer.get("is_byok") is True else None
    yield {**recordfiles.columns(answer, ANSWER), "byok_usage_inference": upstream}


def is_day(record: Mapping[str, Any]) -> bool:
    """Whether a record is a model's day, as the API or the website says it."""
    return record.keys() >= OF_API_DAY or record.keys() >= {"Date", "Slug", "Usage", "Requests"}


def days(record: Mapping[str, Any]) -> Iterator[recordfiles.Row]:
    """The row of a model's day."""
    same = {name: name for name in DAYS.columns if name not in recordfiles.OWN_COLUMNS}
    yield recordfiles.columns(record, EXPORTED_DAY if "Slug" in record else same)


def _answer(record: Mapping[str, Any]) -> Mapping[str, Any]:
    held = record.get("data")
    return held if isinstance(held, dict) else record


SYSTEM = System(
    name="openrouter",
    title="OpenRouter activity export",
    parts={
        "generations": recordfiles.part(
            "openrouter_generations",
            GENERATIONS,
            is_generation,
            recordfiles.each(generations),
        ),
        "days": recordfiles.part(
            "openrouter_days",
            DAYS,
            is_day,
            recordfiles.each(days),
            within=("data",),
        ),
    },
)
