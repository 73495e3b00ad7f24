"""ElevenLabs' history of generated speech, as its API gives it (`/v1/history`).

It has the number of characters that an item was charged for and no cost: a price file can add it. Texts, voices and who
made them are never staged.
"""

from . import System, Type, recordfiles

NAMES = {
    "id": "history_item_id",
    "created_at": "date_unix",
    "model": "model_id",
    "source": "source",
    "state": "state",
    "count_from": "character_count_change_from",
    "count_to": "character_count_change_to",
}

ITEMS = recordfiles.table(
    {
        "id": Type.KEY,
        "created_at": Type.UTC,
        "model": Type.WORD,
        "source": Type.WORD,
        "state": Type.WORD,
        "count_from": Type.COUNT,
        "count_to": Type.COUNT,
    },
    required=("id",),
)

SYSTEM = System(
    name="elevenlabs",
    title="ElevenLabs history",
    parts={
        "history": recordfiles.part(
            "elevenlabs_items",
            ITEMS,
            recordfiles.has("history_item_id", "date_unix", "character_count_change_from"),
            recordfiles.each(lambda record: [recordfiles.columns(record, NAMES)]),
            within=("history",),
            statuses={"created": "completed", "deleted": "completed", "processing": "running"},
        )
    },
)
