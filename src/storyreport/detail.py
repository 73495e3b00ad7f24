"""Detail: the rows of a history that are pruned once they are old, of which only what they add up to is kept."""

from collections.abc import Collection

# Tables of detail, and the columns that say when a row of it ended, the first that has a value.
ENDED = {
    "step_runs": ("ended_at", "started_at"),
    "events": ("at",),
    "calls": ("called_at",),
    "log_events": ("at",),
}


def ended(table: str, columns: Collection[str]) -> str:
    """When a row of a table of detail ended, in SQL, as far as its columns say."""
    said = [column for column in ENDED[table] if column in columns]
    return f"coalesce({', '.join([*said, 'null', 'null'])})"
