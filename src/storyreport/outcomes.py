"""The statuses to which all words of sources are translated."""

STATUSES = ("queued", "running", "waiting", "completed", "failed", "cancelled", "skipped", "blocked")
