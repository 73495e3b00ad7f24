"""LiteLLM's other exports: its daily spend tables, the usage export of its website, and StandardLoggingPayload records.

The daily tables of users, teams, organizations, end users and agents each hold all spending: hand over one of them. A
row of the tags' table is refused, for a request with two tags is in two rows. Names, keys, metadata other than counts,
messages and answers are never staged. The website's export was seen by its columns, the others in LiteLLM's source.
"""

import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from ..readers import text as textfiles
from . import System, Type, recordfiles

BY = ("user_id", "team_id", "organization_id", "end_user_id", "agent_id", "api_key", "mcp_namespaced_tool_name")
DAY_COLUMNS = ("date", "model", "model_group", "custom_llm_provider", "endpoint", "spend")
DAY_COUNTS = (
    *("prompt_tokens", "completion_tokens", "cache_read_input_tokens", "cache_creation_input_tokens"),
    *("api_requests", "successful_requests", "failed_requests"),
)

DAYS = recordfiles.table(
    {
        "date": Type.UTC,
        "grouping": Type.KEY,
        "model": Type.WORD,
        "model_group": Type.WORD,
        "custom_llm_provider": Type.WORD,
        "endpoint": Type.WORD,
        "spend": Type.NUMBER,
        **dict.fromkeys(DAY_COUNTS, Type.COUNT),
    },
    required=("date",),
    required_one=("spend", *DAY_COUNTS),
)
USAGE_NAMES = {
    "date": "Date",
    "model": "Model",
    "spend": "Spend",
    "requests": "Requests",
    "failed_requests": "Failed",
    "total_tokens": "Total Tokens",
    "prompt_tokens": "Prompt Tokens",
    "completion_tokens": "Completion Tokens",
    "cache_read_tokens": "Cache Read Tokens",
    "cache_creation_tokens": "Cache Creation Tokens",
}
USAGE = recordfiles.table(
    {
        "date": Type.UTC,
        "grouping": Type.KEY,
        "model": Type.WORD,
        "spend": Type.NUMBER,
        **{column: Type.COUNT for column in USAGE_NAMES if column.endswith(("requests", "tokens"))},
    },
    required=("date",),
    required_one=("spend", "requests", "total_tokens", "prompt_tokens", "completion_tokens"),
)
PAYLOADS = recordfiles.table(
    {
        "id": Type.KEY,
        "call_type": Type.WORD,
        "custom_llm_provider": Type.WORD,
        "model": Type.WORD,
        "model_group": Type.WORD,
        "status": Type.WORD,
        "error_class": Type.WORD,
        "error_code": Type.WORD,
        "started_at": Type.UTC,
        "ended_at": Type.UTC,
        "cache_hit": Type.FLAG,
        "cost": Type.MONEY,
        "prompt_tokens": Type.COUNT,
        "completion_tokens": Type.COUNT,
        "total_tokens": Type.COUNT,
        "cache_read_tokens": Type.COUNT,
        "cache_write_tokens": Type.COUNT,
        "cache_write_1h_tokens": Type.COUNT,
        "reasoning_tokens": Type.COUNT,
        "input_audio_tokens": Type.COUNT,
        "output_audio_tokens": Type.COUNT,
        "web_searches": Type.COUNT,
        "tier": Type.WORD,
        "team": Type.WORD,
        "tags": Type.JSON,
        "user": Type.HASHED,
        "key": Type.HASHED,
    },
    required=("id",),
)

# What a payload's usage says, the first of these places that does. In a stream, one of them may be 0.
USED = {
    "cache_read_tokens": (("prompt_tokens_details", "cached_tokens"), ("cache_read_input_tokens",)),
    "cache_write_tokens": (
        ("cache_creation_input_tokens",),
        ("prompt_tokens_details", "cache_creation_tokens"),
        ("prompt_tokens_details", "cache_write_tokens"),
    ),
    "cache_write_1h_tokens": (
        ("prompt_tokens_details", "cache_creation_token_details", "ephemeral_1h_input_tokens"),
        ("cache_creation", "ephemeral_1h_input_tokens"),
    ),
    "reasoning_tokens": (("completion_tokens_details", "reasoning_tokens"),),
    "input_audio_tokens": (("prompt_tokens_details", "audio_tokens"),),
    "output_audio_tokens": (("completion_tokens_details", "audio_tokens"),),
    "web_searches": (("server_tool_use", "web_search_requests"), ("prompt_tokens_details", "web_search_requests")),
    "tier": (("service_tier",),),
}
# A day of a model, perhaps of a team: an amount without calls.
SUMMARIES = recordfiles.table(
    {
        "date": Type.UTC,
        "team": Type.WORD,
        "model": Type.WORD,
        "total_tokens": Type.COUNT,
        "spend": Type.MONEY,
    },
    required=("date",),
)
# Who a payload's call was for, by its metadata.
OWNERS = {
    "team": (("user_api_key_team_id",), ("user_api_key_team_alias",)),
    "user": (("user_api_key_user_id",),),
    "key": (("user_api_key_hash",),),
}


def days(record: Mapping[str, Any]) -> Iterator[recordfiles.Row]:
    """The row of a day; BrokenRecord for one of a tag."""
    if "tag" in record:
        raise textfiles.BrokenRecord("a request with two tags is in two rows: export LiteLLM_DailyUserSpend instead")
    yield {**{name: record.get(name) for name in (*DAY_COLUMNS, *DAY_COUNTS)}, "grouping": _grouping(record, BY)}


def activity(record: Mapping[str, Any]) -> Iterator[recordfiles.Row]:
    """The rows of a day of `/user/daily/activity`: one for each model, or one of the day where it names no models."""
    models = recordfiles.inside(record, "breakdown", "models")
    named = models if isinstance(models, dict) and models else {None: record}
    for model, held in named.items():
        metrics = recordfiles.inside(held, "metrics")
        if not isinstance(metrics, dict):
            raise textfiles.BrokenRecord("a day has no metrics")
        row = {name: metrics.get(name) for name in ("spend", *DAY_COUNTS)}
        yield {**row, "date": record.get("date"), "model": model}


def is_summary(record: Mapping[str, Any]) -> bool:
    """Whether a record is a day of `/spend/logs` that was summarized, or of `/global/spend/report` by team."""
    is_day = {"startTime", "spend"} <= record.keys() and isinstance(record.get("models"), dict)
    return is_day or ("group_by_day" in record and isinstance(record.get("teams"), list))


def summaries(record: Mapping[str, Any]) -> Iterator[recordfiles.Row]:
    """The rows of such a day: one for each model, or one of all that names none."""
    models = record.get("models")
    if isinstance(models, dict):
        named = models or {None: record.get("spend")}
        yield from ({"date": record["startTime"], "model": model, "spend": spend} for model, spend in named.items())
        return
    for team in recordfiles.objects(record.get("teams")):
        for item in recordfiles.objects(team.get("metadata")) or [{"spend": team.get("total_spend")}]:
            names = {"model": "model", "spend": "spend", "total_tokens": "total_tokens"}
            around = {"date": record.get("group_by_day"), "team": team.get("team_name")}
            yield {**recordfiles.columns(item, names), **around}


def usage(record: Mapping[str, Any]) -> Iterator[recordfiles.Row]:
    """The row of a day of one team, user or other entity."""
    others = [name for name in record if name not in USAGE_NAMES.values() and name != "Successful"]
    yield {**recordfiles.columns(record, USAGE_NAMES), "grouping": _grouping(record, others)}


def payloads(record: Mapping[str, Any]) -> Iterator[recordfiles.Row]:
    """The row of a call."""
    names = {
        **{name: name for name in ("id", "call_type", "custom_llm_provider", "model", "model_group", "status")},
        **{name: name for name in ("prompt_tokens", "completion_tokens", "total_tokens", "cache_hit")},
        "started_at": "startTime",
        "ended_at": "endTime",
    }
    used = recordfiles.inside(record, "metadata", "usage_object")
    error = recordfiles.inside(record, "error_information")
    recorded = recordfiles.inside(record, "cost_breakdown", "total_cost")
    given = record.get("response_cost")
    counts = ("prompt_tokens", "completion_tokens", "total_tokens")
    yield {
        **recordfiles.columns(record, names),
        # The sums of some streams are 0 although their usage is known.
        **{name: record.get(name) or _first(used, (name,)) or record.get(name) for name in counts},
        # One of 0 is none where the breakdown has another.
        "cost": next((cost for cost in (given, recorded) if _is_amount(cost)), given),
        "error_class": recordfiles.inside(error, "error_class"),
        "error_code": recordfiles.inside(error, "error_code"),
        **{column: _first(used, *paths) for column, paths in USED.items()},
        **{column: _first(record.get("metadata"), *paths) for column, paths in OWNERS.items()},
        "tags": _tags(record.get("request_tags")),
    }


def _payload_files(folder: Path) -> Iterator[Path]:
    """The files of a bucket that LiteLLM logs to: one a call, in a folder a day, perhaps in one of its team."""
    yield from recordfiles.below(folder, "*.json", "*.jsonl", deepest=4)


def _tags(value: Any) -> str | None:
    """The tags of a call as JSON; None for none."""
    tags = [tag for tag in value if isinstance(tag, str)] if isinstance(value, list) else []
    return json.dumps(tags) if tags else None


def _is_amount(value: Any) -> bool:
    """Whether a cost is one, and not 0."""
    return value is not None and str(value).strip("0.") != ""


def _first(holder: Any, *paths: tuple[str, ...]) -> Any:
    """What some places of a holder say first."""
    return recordfiles.first_said(recordfiles.inside(holder, *path) for path in paths)


def _grouping(record: Mapping[str, Any], names: Any) -> str | None:
    return recordfiles.digest([f"{name}={record[name]}" for name in names if record.get(name)])


SYSTEM = System(
    name="litellm_exports",
    title="LiteLLM daily spend, usage export or logging payloads",
    parts={
        "payloads": recordfiles.part(
            "litellm_payloads",
            PAYLOADS,
            recordfiles.has("id", "call_type", "response_cost", "startTime", "prompt_tokens"),
            recordfiles.each(payloads),
            statuses={"success": "completed", "failure": "failed"},
            files=_payload_files,
            largest_wins=True,
        ),
        "days": recordfiles.part(
            "litellm_days", DAYS, recordfiles.has("date", "spend", "api_requests", "api_key"), recordfiles.each(days)
        ),
        "activity": recordfiles.part(
            "litellm_activity",
            DAYS,
            recordfiles.has("date", "metrics", "breakdown"),
            recordfiles.each(activity),
            within=("results",),
        ),
        "summaries": recordfiles.part("litellm_summaries", SUMMARIES, is_summary, recordfiles.each(summaries)),
        "usage": recordfiles.part(
            "litellm_usage",
            USAGE,
            recordfiles.has("Date", "Spend", "Requests", "Successful", "Failed", "Total Tokens"),
            recordfiles.each(usage),
        ),
    },
)
