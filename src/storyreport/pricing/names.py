"""What genai-prices may know a model by: providers and models have other names in traces, gateways and clouds."""

import re
from collections.abc import Iterator
from functools import cache

from ..patterns import Pattern

# Names of providers in OpenTelemetry, LiteLLM and SDKs that genai-prices does not know them by.
ALIASES = {
    "x_ai": "x-ai",
    "fireworks_ai": "fireworks",
    "azure_ai": "azure",
    "azure.ai.inference": "azure",
    "az.ai.inference": "azure",
    "gcp.gen_ai": "google",
    "gcp": "google",
    "aws.sagemaker": "aws",
    "moonshot_ai": "moonshotai",
    "z_ai": "zai",
    "z.ai": "zai",
    "github_copilot": "github-copilot",
    "togetherai": "together",
    "together.ai": "together",
    "together-ai": "together",
    "fireworks.ai": "fireworks",
    "fireworks-ai": "fireworks",
}
# Gateways and frameworks that write themselves down as the provider, which they are not.
NO_PROVIDERS = frozenset(
    (
        *("litellm", "litellm_proxy", "langchain", "llamaindex", "llama_index", "haystack", "crewai", "vercel", "ai"),
        "gateway",
        *("ai_gateway", "ai-gateway", "vercel_ai_gateway", "vercel-ai-gateway", "portkey", "helicone"),
        *("strands-agents", "strands", "autogen", "semantic_kernel", "microsoft.agent_framework", "langgraph"),
        *("spring_ai", "dspy", "agno", "mastra", "pydantic-ai", "pydantic_ai", "instructor", "smolagents", "unknown"),
    )
)
# Vercel's AI SDK adds the kind of an API to the provider's name.
WITH_API = Pattern(r"(.+)\.(?:chat|completion|responses|messages|embedding|textEmbedding|image)", re.IGNORECASE)
# Makers of models that genai-prices does not know by the model's name alone.
MAKERS = {
    "openai": Pattern(
        r"text-embedding-(?:3|ada)-.+|chatgpt-.+|codex-.+|computer-use-.+|ft:(?:gpt|o\d).+|davinci-.+|babbage-.+",
        re.IGNORECASE,
    ),
    "mistral": Pattern(r"(?:codestral|magistral|pixtral|mistral-(?:small|medium|large))-.+", re.IGNORECASE),
    "perplexity": Pattern(r"sonar(?:-.+)?", re.IGNORECASE),
    "cohere": Pattern(r"embed-v4.*|command(?:-[ra].*)?", re.IGNORECASE),
}
# Amazon's names of other makers' models, perhaps within an ARN or with the region before.
ARN = Pattern(r"arn:aws[\w-]*:bedrock:[^/]*/(.+)", re.IGNORECASE)
BEDROCK = Pattern(
    r"(?:[a-z]{2,6}(?:-gov)?\.)?(?:anthropic|amazon|meta|mistral|cohere|ai21|deepseek|openai|qwen|writer)\.[\w.-]+(?::\d+)?",
    re.IGNORECASE,
)
# Ollama's names of models that run on a machine of one's own, which may be called like a maker's.
OWN_MODEL = Pattern(r"[^:]+:(?:latest|\d+(?:\.\d+)?[bm](?:-.+)?)", re.IGNORECASE)
# Google's full names of models.
GOOGLE_PATH = Pattern(r"(?:projects/[^/]+/locations/[^/]+/)?(?:publishers/[^/]+/)?models/(.+)", re.IGNORECASE)
# What Claude Code writes behind a model's name where it is asked for a longer context.
WITH_CONTEXT = Pattern(r"(.+)\[\w+\]")
# Where a provider is called, which some write down as its name.
ADDRESS = Pattern(r"(?:https?://)?([\w-]+(?:\.[\w-]+)+(?::\d+)?(?:/\S*)?)", re.IGNORECASE)


def possible_names(provider: str, model: str) -> Iterator[tuple[str | None, str]]:
    """(provider, model) to look up in turn; a provider of None is the one that genai-prices infers from the model."""
    name = _short(model)
    prefix, _, rest = name.partition("/")
    if rest and prefix.lower() in NO_PROVIDERS:
        name = rest
        prefix, _, rest = name.partition("/")
    known = _provider(provider.strip())
    if not known or known.lower() in NO_PROVIDERS:
        if OWN_MODEL.fullmatch(name):
            return
        if ARN.fullmatch(model) or BEDROCK.fullmatch(name):
            yield "aws", name
        # pydantic-ai and LangChain write a colon, which versions may have, too.
        prefix, _, rest = name.partition("/" if rest else ":")
        if rest:
            yield _provider(prefix), rest
        yield None, name
        yield from ((maker, name) for maker, pattern in MAKERS.items() if pattern.fullmatch(name))
        return
    if known.lower() == "anthropic" and BEDROCK.fullmatch(name):
        # Claude Code says so whoever serves the model.
        yield "aws", name
    # LiteLLM repeats the provider in the model's name; others put the maker of the model there.
    yield known, name
    if rest:
        yield known, rest
        yield known, name.rpartition("/")[2]


def _provider(name: str) -> str:
    """A provider's name as genai-prices may know it."""
    if (address := ADDRESS.fullmatch(name)) and (known := _at_address(f"https://{address[1]}".lower())):
        return known
    match = None if name.lower() in ALIASES else WITH_API.fullmatch(name)
    plain = match[1] if match else name
    return ALIASES.get(plain.lower(), plain)


@cache
def _at_address(url: str) -> str | None:
    """The provider that genai-prices knows to be at an address, which need not be the one whose name is in it."""
    from genai_prices.data import providers

    return next((provider.id for provider in providers if re.match(provider.api_pattern, url)), None)


def _short(model: str) -> str:
    """A model's name without the path that leads to it, and without what a client asks of it."""
    for form in (WITH_CONTEXT, ARN, GOOGLE_PATH):
        if match := form.fullmatch(model):
            model = match[1]
    return model
