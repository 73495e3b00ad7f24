"""What providers with OpenAI's form of an answer say in words of their own: costs, cached tokens, reasoning, searches.

A helper of the sources: it describes no system. Outputs are never read but for the names of their tools.
"""

from collections.abc import Mapping
from typing import Any

from ..readers import text as textfiles
from .recordfiles import Row, first_said, inside, objects

# https://docs.x.ai/developers/cost-tracking
TICKS_PER_DOLLAR = 10**10
# The first of these names that has a value counts.
CACHED = {
    # Moonshot and Together; DeepSeek; xAI's SDK; Databricks and LiteLLM.
    "cached_tokens": (
        *("cached_tokens", "prompt_cache_hit_tokens", "cached_prompt_text_tokens", "cache_read_input_tokens"),
    ),
    "cache_write_tokens": ("cache_write_tokens", "cache_creation_tokens", "cache_creation_input_tokens"),
}
# The searches that a usage counts: Perplexity (chat, then responses), OpenRouter, and xAI, where all tools have a fee.
SEARCHES = (
    ("num_search_queries",),
    ("tool_calls_details", "search_web", "invocation"),
    ("server_tool_use", "web_search_requests"),
    ("num_server_side_tools_used",),
    ("num_sources_used",),
)
TOOLS = {"web_search_call": "web_searches", "file_search_call": "file_searches"}
PERPLEXITY = "sonar"
XAI = "grok"
# An object that only one provider adds to its answers.
MARKS = {"x_groq": "groq", "time_info": "cerebras"}


# What holds counts in an answer.
USAGE = frozenset(("usage", "usageMetadata", "usage_metadata", "billed_units", "modelUsage", "tokenMetadata"))
# response.body.message.usage, and room for more.
DEEPEST = 5


def with_whole_counts(holder: dict[str, Any], depth: int = DEEPEST) -> dict[str, Any]:
    """An answer whose counts are whole numbers, as those of data frames (1000.0) and texts (`1000`) are not."""
    changed = {}
    for name, value in holder.items():
        if isinstance(value, dict):
            whole = _whole(value) if name in USAGE else with_whole_counts(value, depth - 1) if depth else value
            if whole is not value:
                changed[name] = whole
    return {**holder, **changed} if changed else holder


def _whole(value: Any) -> Any:
    """A value with the whole numbers within it as such; itself where it has no others."""
    if isinstance(value, dict):
        held = {name: _whole(one) for name, one in value.items()}
        return held if any(held[name] is not one for name, one in value.items()) else value
    if isinstance(value, list):
        items = [_whole(one) for one in value]
        return items if any(new is not one for new, one in zip(items, value, strict=True)) else value
    return textfiles.whole(value)


def provider(body: Mapping[str, Any], is_own: bool) -> str | None:
    """Who answered, where the answer shows it; `is_own` says that the model is one of OpenAI's."""
    marked = next((name for mark, name in MARKS.items() if isinstance(body.get(mark), dict)), None)
    if marked:
        return marked
    if isinstance(body.get("provider"), str) and "/" in str(body.get("model")):
        return "openrouter"
    return "openai" if is_own else None


def cached(usage: Mapping[str, Any], details: Mapping[str, Any]) -> Row:
    """The tokens read from and written to the cache, which the input includes."""
    return {
        column: first_said(held.get(name) for held in (details, usage) for name in names)
        for column, names in CACHED.items()
    }


def with_cached(usage: Mapping[str, Any], cached: Row) -> Row:
    """The input with the cached tokens, where an answer counts them beside it, as its total or a small input shows."""
    given, output = (
        next((usage[name] for name in names if usage.get(name) is not None), None)
        for names in (("input_tokens", "prompt_tokens"), ("output_tokens", "completion_tokens"))
    )
    held = sum(count for count in cached.values() if type(count) is int)
    if type(given) is not int or held <= 0:
        return {}
    in_total = given + held + (output if type(output) is int else 0)
    return {"input_tokens": given + held} if held > given or usage.get("total_tokens") == in_total else {}


def beside_output(usage: Mapping[str, Any], details: Mapping[str, Any], model: Any) -> Row:
    """The output with the reasoning and citations that some count beside it.

    Perplexity always does; of others the total tells, or more reasoning than output. Without a total xAI's chats do.
    """
    output = next((usage[name] for name in ("output_tokens", "completion_tokens") if usage.get(name) is not None), None)
    given = next((usage[name] for name in ("input_tokens", "prompt_tokens") if usage.get(name) is not None), None)
    reasoning = details.get("reasoning_tokens", usage.get("reasoning_tokens"))
    row = {"reasoning_tokens": reasoning, "output_audio_tokens": details.get("audio_tokens")}
    citations = usage.get("citation_tokens")
    if type(output) is not int:
        return row
    thought = reasoning if type(reasoning) is int else 0
    name = model.rpartition("/")[2] if isinstance(model, str) else ""
    if name.startswith(PERPLEXITY):
        cited = citations if type(citations) is int else 0
        return {**row, "citation_tokens": cited or None, "output_tokens": output + thought + cited}
    total = usage.get("total_tokens")
    is_in_total = type(given) is int and thought > 0 and total == given + output + thought
    is_xai = total is None and name.startswith(XAI) and "completion_tokens" in usage
    is_beside = thought > output or is_in_total or is_xai
    return {**row, "output_tokens": output + thought} if is_beside else row


def searches(body: Mapping[str, Any], usage: Mapping[str, Any]) -> Row:
    """How often an answer searched the web and files: as its usage counts it, or by its tools' calls."""
    calls = objects(body.get("output"))
    # Opening a page and looking for words in it are no searches.
    kinds = [TOOLS.get(str(item.get("type"))) for item in calls if inside(item, "action", "type") in (None, "search")]
    row: Row = {column: kinds.count(column) or None for column in TOOLS.values()}
    said = next((found for path in SEARCHES if (found := inside(usage, *path))), None)
    return row if said is None else {**row, "web_searches": said}


def cost(usage: Mapping[str, Any]) -> Any:
    """The cost that an answer names: OpenRouter's, Perplexity's, xAI's or DeepInfra's.

    With a key of one's own (OpenRouter's BYOK) the provider charges beside the gateway's fee.
    """
    said, ticks = usage.get("cost", usage.get("estimated_cost")), usage.get("cost_in_usd_ticks")
    if isinstance(said, dict):
        return said.get("total_cost")
    if said is None and type(ticks) is int:
        return ticks / TICKS_PER_DOLLAR
    upstream = inside(usage, "cost_details", "upstream_inference_cost")
    is_known = all(isinstance(part, (int, float)) and not isinstance(part, bool) for part in (said, upstream))
    return said + upstream if usage.get("is_byok") is True and is_known else said
