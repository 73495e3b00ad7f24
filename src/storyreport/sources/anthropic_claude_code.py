"""Anthropic's Claude Code report (`/v1/organizations/usage_report/claude_code`): a day of a person or an API key.

Each model of such a day is a row. The API estimates its cost from list prices, in cents, for subscriptions too; how
many calls there were is not said. E-mail addresses and the names of keys are hashed. Lines of code, commits and tools
are not read. https://platform.claude.com/docs/en/api/admin/usage_report
"""

from collections.abc import Iterator, Mapping
from typing import Any

from ..readers import text as textfiles
from . import System, Type, buckets, recordfiles

TOKENS = {
    "input_tokens": "input",
    "output_tokens": "output",
    "cache_read_tokens": "cache_read",
    "cache_write_tokens": "cache_creation",
}
DAYS = recordfiles.table(
    {
        "date": Type.UTC,
        "user": Type.HASHED,
        "key": Type.HASHED,
        "organization": Type.HASHED,
        "customer_type": Type.WORD,
        "terminal": Type.WORD,
        "model": Type.WORD,
        **dict.fromkeys(TOKENS, Type.COUNT),
        "cost": Type.NUMBER,
        "currency": Type.WORD,
    },
    required=("date",),
)


def rows(record: Mapping[str, Any]) -> Iterator[recordfiles.Row]:
    """A row for each model of a record; BrokenRecord where a part of it is no object."""
    actor = textfiles.object_in(record, "actor")
    day = {
        "date": record.get("date"),
        "user": actor.get("email_address"),
        "key": actor.get("api_key_name"),
        "organization": record.get("organization_id"),
        "customer_type": record.get("customer_type"),
        "terminal": record.get("terminal_type"),
    }
    models = record.get("model_breakdown")
    if not isinstance(models, list) or not all(isinstance(used, dict) for used in models):
        raise textfiles.BrokenRecord("model_breakdown is no list of objects")
    for used in models:
        tokens, cost = textfiles.object_in(used, "tokens"), textfiles.object_in(used, "estimated_cost")
        yield {
            **day,
            "model": used.get("model"),
            **recordfiles.columns(tokens, {column: (name,) for column, name in TOKENS.items()}),
            "cost": buckets.whole_units(cost.get("amount"), cost.get("currency")),
            "currency": cost.get("currency"),
        }


SYSTEM = System(
    name="anthropic_claude_code",
    title="Claude Code report of Anthropic's Admin API",
    parts={
        "days": recordfiles.part(
            "claude_code_days",
            DAYS,
            recordfiles.has("date", "actor", "model_breakdown"),
            recordfiles.each(rows),
            within=("data",),
            exports=True,
        ),
    },
)
