"""One fix: rows of one table of a source, found in the report database, and what is to be done with them."""

from collections.abc import Mapping
from dataclasses import dataclass, field

OPEN_STATUSES = "('running', 'queued', 'waiting')"
# The part of a stuck script's search that is the same for all: open work, and its last sign of life.
SILENT = """
    with silent as (
        select
            open_work.*,
            nullif(last_sign, '') as seen_at
        from open_work
        where
            source_id = :source_id
            and (
                (is_waiting and (strftime('%s', 'now') - strftime('%s', nullif(last_sign, ''))) / 60 >= :queued_minutes)
                or (
                    not is_waiting
                    and coalesce(
                        (strftime('%s', 'now') - strftime('%s', nullif(last_sign, ''))) / 60 >= :minutes, true
                    )
                )
            )
    )
"""


@dataclass(frozen=True)
class Fix:
    """Rows of `table` to delete (no `sets`), to change, or (`inserts`) to add.

    key      the columns of the table that name a row, or the rows of one owner
    row      the columns that name a row, where `key` names an owner or is changed
    seen     further columns that `found` gives, for the guard
    found    SELECT on the report database: key and seen columns; may name :source_id, :minutes, :queued_minutes, :days
    guard    condition on the row `t` and on `seen`, in the words of `script.py`: SAME(a, b), SILENT(a), NOW
    sets     column → SQL of its new value; columns that a source lacks are left out
    needs    another table of the same database: without it the guard cannot be checked, and the fix is left out
    """

    table: str
    key: tuple[str, ...]
    found: str
    why: str
    seen: tuple[str, ...] = ()
    guard: str = "true"
    sets: Mapping[str, str] = field(default_factory=dict)
    inserts: bool = False
    needs: str = ""
    row: tuple[str, ...] = ()


# kind → part → its fixes, children before what they belong to
Fixes = Mapping[str, Mapping[str, tuple[Fix, ...]]]


def silent(table: str, columns: str, joined: str) -> str:
    """The SELECT of the work that has been silent for too long, joined to a core table."""
    return f"{SILENT} select {columns}, silent.seen_at from silent join main.{table} on {joined}"


# Runs that have been silent for too long, by the keys that their source gave them.
SILENT_RUNS = silent(
    "runs",
    "runs.source_key, runs.source_status",
    f"runs.source_id = silent.source_id and runs.source_key = silent.run and runs.status in {OPEN_STATUSES}",
)
# Runs whose status is not in the system's own word.
STRANGE_RUNS = """
    select source_key, source_status, own_word
    from main.runs
    join temp.fix_words on word = lower(trim(source_status))
    where source_id = :source_id and gone_at is null and source_status <> own_word"""


def statuses(table: str, key: tuple[str, ...], found: str, row: tuple[str, ...] = ()) -> Fix:
    """Status words in another case, with spaces, or with a meaning that the user gave: in the system's own word.

    `found` gives the key, the word as it is, and the word that it should be.
    """
    return Fix(
        table,
        key,
        found,
        "status words that this system does not write: in its own word",
        ("status", "word"),
        "SAME(t.status, seen.status)",
        {"status": "seen.word"},
        row=row,
    )
