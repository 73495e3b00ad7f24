"""The llm command line tool: its logs.db, of any version. Prompts, responses and conversations are not read.

`logs` is its first table; `responses` followed, without tokens in its early versions; since 0.32 it writes `turns`.
Releases between the two wrote both, under one id.
"""

from . import Part, System, Table, Type, signs

USAGE = {
    "id": Type.KEY,
    "model": Type.WORD,
    "resolved_model": Type.WORD,
    "duration_ms": Type.MS,
    "datetime_utc": Type.UTC,
    "input_tokens": Type.COUNT,
    "output_tokens": Type.COUNT,
    "token_details": Type.JSON,
}

DATABASE = Part(
    tables={
        "turns": Table(
            columns={**USAGE, "error": Type.TEXT},
            required=("id",),
            drops_values=True,
            export_signs=frozenset({"thread_id", "datetime_utc", "duration_ms"}),
        ),
        "responses": Table(
            columns=USAGE,
            required=("id",),
            drops_values=True,
            export_signs=frozenset({"conversation_id", "datetime_utc", "duration_ms"}),
        ),
        "logs": Table(
            columns={name: USAGE[name] for name in ("id", "model", "duration_ms", "datetime_utc")},
            required=("id",),
            drops_values=True,
            export_signs=frozenset({"chat_id", "datetime_utc", "duration_ms"}),
        ),
    },
    feeds={"calls": ("turns", "responses", "logs")},
    statuses={},
    signs=signs(
        ("turns", {"thread_id", "tip_message_hash", "datetime_utc"}),
        ("responses", {"conversation_id", "datetime_utc", "duration_ms"}),
        ("logs", {"chat_id", "datetime_utc", "duration_ms"}),
    ),
)

SYSTEM = System(name="llm", title="llm command line tool", parts={"database": DATABASE})
