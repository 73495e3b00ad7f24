"""OpenRouter: the activity that its website exports (CSV, a row a generation), and that of its API (a row a day).

Both speak of the same spending: the daily rows count only on days of which no generation is known. With a key of one's
own (BYOK) the provider charges beside OpenRouter. Users and keys are hashed; an app is a project.
"""

from . import System, Type, recordfiles

GENERATIONS = recordfiles.table(
    {
        "generation_id": Type.KEY,
        "created_at": Type.UTC,
        "cost_total": Type.NUMBER,
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
    required=("date", "requests"),
)

SYSTEM = System(
    name="openrouter",
    title="OpenRouter activity export",
    parts={
        "generations": recordfiles.part(
            "openrouter_generations",
            GENERATIONS,
            recordfiles.has("generation_id", "cost_total", "model_permaslug", "tokens_prompt"),
            recordfiles.same(GENERATIONS),
        ),
        "days": recordfiles.part(
            "openrouter_days",
            DAYS,
            recordfiles.has("date", "usage", "byok_usage_inference", "requests", "model_permaslug"),
            recordfiles.same(DAYS),
            within=("data",),
        ),
    },
)
