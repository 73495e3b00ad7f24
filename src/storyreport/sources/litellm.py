"""The LiteLLM proxy: its SpendLogs, a row a call, and its ErrorLogs, a row a call that failed.

Of keys and users hashes are kept, teams and tags as they are. Messages are not read, of the metadata only amounts are,
and of the address that was called whether it is a server of one's own. An exception's text tends to repeat the prompt.
"""

from . import Part, System, Table, Type, signs

# Columns that one version of the proxy has and another lacks.
UNREAD = frozenset(
    (
        *("completionstarttime", "cache_key", "model_id", "organization_id", "end_user", "requester_ip_address"),
        *("messages", "response", "proxy_server_request", "session_id", "mcp_namespaced_tool_name", "agent_id"),
    )
)

DATABASE = Part(
    tables={
        "litellm_spendlogs": Table(
            columns={
                "request_id": Type.KEY,
                "call_type": Type.WORD,
                "spend": Type.MONEY,
                "total_tokens": Type.COUNT,
                "prompt_tokens": Type.COUNT,
                "completion_tokens": Type.COUNT,
                "starttime": Type.UTC,
                "endtime": Type.UTC,
                "request_duration_ms": Type.MS,
                "model": Type.WORD,
                "model_group": Type.WORD,
                "custom_llm_provider": Type.WORD,
                "api_base": Type.JSON,
                "metadata": Type.JSON,
                "team_id": Type.WORD,
                "request_tags": Type.JSON,
                "api_key": Type.HASHED,
                "user": Type.HASHED,
                "cache_hit": Type.FLAG,
                "status": Type.WORD,
            },
            required=("request_id",),
            unread=UNREAD,
            export_signs=frozenset({"request_id", "spend", "starttime", "prompt_tokens"}),
            added="endtime",
            drops_values=True,
        ),
        "litellm_errorlogs": Table(
            columns={
                "request_id": Type.KEY,
                "starttime": Type.UTC,
                "endtime": Type.UTC,
                "model_group": Type.WORD,
                "litellm_model_name": Type.WORD,
                "exception_type": Type.WORD,
                "exception_string": Type.PRIVATE,
                "status_code": Type.WORD,
            },
            required=("request_id",),
            drops_values=True,
            export_signs=frozenset({"request_id", "exception_type", "starttime"}),
            added="endtime",
        ),
    },
    feeds={"calls": ("litellm_spendlogs", "litellm_errorlogs")},
    statuses={"success": "completed", "failure": "failed"},
    signs=signs(
        ("litellm_spendlogs", {"request_id", "spend"}),
        ("litellm_errorlogs", {"request_id", "exception_type"}),
    ),
)

SYSTEM = System(name="litellm", title="LiteLLM proxy", parts={"database": DATABASE})
