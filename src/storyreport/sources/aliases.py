"""Names that forks give to columns that many systems have.

A helper of the sources: it describes no system.
"""

# What forks call the columns that many systems have.
OTHER_NAMES = {
    "status": ("state",),
    "step_name": ("step", "name"),
    "run_id": ("run", "execution_id"),
    "story_id": ("story",),
    "story_key": ("story",),
    "batch_id": ("batch", "sprint_id"),
    "workflow_id": ("workflow", "wf_id"),
    "timestamp": ("ts", "time", "at", "created_at", "recorded_at", "logged_at"),
    "created_at": ("created", "created_on", "creation_time", "inserted_at"),
    "updated_at": ("updated", "updated_on", "modified_at", "modified", "last_updated"),
}


def of(*columns: str) -> dict[str, tuple[str, ...]]:
    """The aliases that these columns have in any system."""
    return {column: OTHER_NAMES[column] for column in columns}
