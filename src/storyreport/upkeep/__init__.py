"""Upkeep of a report database: check it, prune old detail, give space back."""
