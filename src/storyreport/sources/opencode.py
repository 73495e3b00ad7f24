"""opencode: its database (`opencode.db`, since 1.2), and the folder of message files that older versions wrote.

The first version with a database copied the files into it: a message that both have is that of the database. Version 2
keeps its messages in a table of their own, `session_message`, beside those of before, some of which it has copied.
Texts, titles and folders are never staged; of a session's id, a digest is.
"""

from collections.abc import Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from . import Part, System, Table, Type, recordfiles, signs

# storage/message/<session>/<message>.json below ~/.local/share/opencode
DEEPEST = 3
COLUMNS = {
    "id": Type.KEY,
    "session_id": Type.HASHED,
    "time_created": Type.UTC,
    "time_updated": Type.UTC,
    "data": Type.JSON,
}
# A run lasts from the first of its messages to the last.
MESSAGE = Table(columns=COLUMNS, required=("id",), group="session_id", changed="time_updated")
DATABASE = Part(
    tables={"message": MESSAGE, "session_message": replace(MESSAGE, columns={**COLUMNS, "type": Type.WORD})},
    feeds={"calls": ("message", "session_message")},
    statuses={},
    signs=signs(("message", COLUMNS), ("session_message", {*COLUMNS, "type"})),
)

MESSAGES = recordfiles.table(
    {
        "id": Type.KEY,
        "session_id": Type.HASHED,
        "provider": Type.WORD,
        "model": Type.WORD,
        "created": Type.UTC,
        "completed": Type.UTC,
        "error_name": Type.WORD,
        "cost": Type.MONEY,
        "input_tokens": Type.COUNT,
        "output_tokens": Type.COUNT,
        "reasoning_tokens": Type.COUNT,
        "cache_read_tokens": Type.COUNT,
        "cache_write_tokens": Type.COUNT,
        "total_tokens": Type.COUNT,
    },
    required=("id",),
)


def is_ours(record: Mapping[str, Any]) -> bool:
    """Whether a record is a model's message."""
    return {"sessionID", "modelID", "providerID", "tokens"} <= record.keys()


def files(folder: Path) -> Iterator[Path]:
    """The files of messages below a folder."""
    home = folder / "storage" / "message"
    if home.is_dir():
        return recordfiles.below(home, "*.json", deepest=DEEPEST)
    return recordfiles.below(folder, "msg_*.json", deepest=DEEPEST)


def rows(record: Mapping[str, Any]) -> Iterator[recordfiles.Row]:
    """The row of a model's message; none for a user's."""
    if record.get("role", "assistant") != "assistant" or not is_ours(record):
        return
    names = {"id": "id", "session_id": "sessionID", "provider": "providerID", "model": "modelID", "cost": "cost"}
    kinds = ("input", "output", "reasoning", "total")
    yield {
        **recordfiles.columns(record, names),
        "created": recordfiles.inside(record, "time", "created"),
        "completed": recordfiles.inside(record, "time", "completed"),
        "error_name": recordfiles.inside(record, "error", "name"),
        **{f"{kind}_tokens": recordfiles.inside(record, "tokens", kind) for kind in kinds},
        "cache_read_tokens": recordfiles.inside(record, "tokens", "cache", "read"),
        "cache_write_tokens": recordfiles.inside(record, "tokens", "cache", "write"),
    }


SYSTEM = System(
    name="opencode",
    title="opencode database or message folder",
    pieces_file=recordfiles.SESSIONS,
    parts={
        "database": DATABASE,
        "messages": recordfiles.part(
            "opencode_messages", MESSAGES, is_ours, recordfiles.each(rows), files=files, feeds=("runs", "calls")
        ),
    },
    has_private_names=True,
)
