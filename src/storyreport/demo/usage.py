"""A model gateway's spend log, exported after sixty days of calls."""

import random
from dataclasses import dataclass
from datetime import datetime, timedelta

from .invent import Texts, around, busy_moments, fill, iso, json_lines, new_id

FILE = "gateway.jsonl"


@dataclass(frozen=True)
class Model:
    """A model behind the gateway: how often it is called, dollars a million tokens (in, cached, out), usual tokens."""

    name: str
    provider: str
    weight: int
    prices: tuple[float, float, float] | None  # None: the gateway knows no price of it
    tokens: tuple[int, int]
    tokens_a_second: int


MODELS = (
    Model("gpt-6.1-sol", "openai", 26, (2.0, 0.1, 10.0), (4_200, 900), 90),
    Model("gpt-6-luna", "openai", 30, (0.1, 0.01, 0.5), (1_900, 350), 210),
    Model("claude-sonnet-5-5", "anthropic", 24, (2.0, 0.1, 10.0), (6_500, 1_300), 80),
    Model("claude-haiku-5-5", "anthropic", 14, (0.1, 0.01, 0.5), (2_400, 420), 180),
    Model("talewright-13b-private", "hosted_vllm", 6, None, (3_000, 1_100), 60),
)
ERRORS = (
    ("RateLimitError", "429", "litellm.RateLimitError: Rate limit reached on tokens per min, retry in {small}s"),
    ("Timeout", "408", "litellm.Timeout: Request timed out after 600s (request req_{hex})"),
    ("ContextWindowExceededError", "400", "litellm.ContextWindowExceededError: {huge} tokens exceed the maximum"),
    ("InternalServerError", "503", "litellm.InternalServerError: Overloaded (request req_{hex})"),
)
CALLS, FAILING, CACHE_HITS, PROMPT_CACHED = 1000, 0.03, 0.04, 0.3
# Spend that was not recorded: of streamed calls it is 0, of calls before the gateway's upgrade null.
STREAMED, STREAMED_AS_FREE, UPGRADED = 0.4, 0.25, timedelta(days=52)
TAGS = ("storyteller", "moviemaker", "playground")
PEOPLE, SESSIONS = ("maja.lindqvist@example.com", "t_okafor", "priya.raman@example.com", ""), 90
MINUTE = timedelta(minutes=1)


def call(rng: random.Random, at: datetime, now: datetime, session: str) -> dict[str, object]:
    """Make up one call: who asked what of which model, what came back and what it cost."""
    model = rng.choices(MODELS, [model.weight for model in MODELS])[0]
    failed, cached, streamed = rng.random() < FAILING, rng.random() < CACHE_HITS, rng.random() < STREAMED
    sent, answered = (0, 0) if failed else (int(around(rng, count)) + 1 for count in model.tokens)
    reused = int(sent * rng.uniform(0.3, 0.9)) if rng.random() < PROMPT_CACHED and sent > 1024 else 0
    seconds = around(rng, 6.0) if failed else 0.02 if cached else around(rng, 0.6) + answered / model.tokens_a_second
    spend: float | None = 0.0
    if model.prices and not failed and not cached:
        fresh, again, out = model.prices
        spend = round(((sent - reused) * fresh + reused * again + answered * out) / 1e6, 8)
    if streamed and not failed and rng.random() < STREAMED_AS_FREE:
        spend = 0.0
    elif at < now - UPGRADED and not failed:
        spend = None
    details = {"prompt_tokens_details": {"cached_tokens": reused}}
    usage = {"prompt_tokens": sent, "completion_tokens": answered, "total_tokens": sent + answered, **details}
    metadata: dict[str, object] = {"usage_object": usage, "status": "failure" if failed else "success"}
    if failed:
        kind, code, message = rng.choice(ERRORS)
        error = {"error_class": kind, "error_code": code, "error_message": fill(rng, message)}
        metadata |= {"error_information": {**error, "llm_provider": model.provider}, "usage_object": None}
    first = at + timedelta(seconds=seconds * (0.2 if streamed else 1))
    return {
        "request_id": f"chatcmpl-{new_id(rng)}", "call_type": "acompletion",
        "api_key": f"{rng.getrandbits(256):064x}", "spend": spend,
        "total_tokens": sent + answered, "prompt_tokens": sent, "completion_tokens": answered,
        "startTime": iso(at), "endTime": iso(at + timedelta(seconds=seconds)), "completionStartTime": iso(first),
        "request_duration_ms": int(seconds * 1000), "model": model.name, "model_group": model.name,
        "custom_llm_provider": model.provider, "user": rng.choice(PEOPLE), "end_user": "", "team_id": None,
        "metadata": metadata, "cache_hit": str(cached and not failed), "request_tags": [rng.choice(TAGS)],
        "session_id": session, "status": "failure" if failed else "success",
    }  # fmt: skip


def gateway_files(rng: random.Random, now: datetime) -> Texts:
    """Return the gateway's log, by file; a row is written when its call has ended."""
    sessions = [new_id(rng) for _ in range(SESSIONS)]
    # The last minute is left out, so that every call has ended.
    moments = busy_moments(rng, now - 3 * MINUTE, CALLS)
    calls = [call(rng, at, now, sessions[n * SESSIONS // CALLS]) for n, at in enumerate(moments)]
    return {FILE: json_lines(row for row in calls if str(row["endTime"]) <= iso(now))}
