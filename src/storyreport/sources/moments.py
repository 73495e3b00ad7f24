"""Times as JSON has them, where a source needs more than their text.

A helper of the sources: it names no system.
"""

from datetime import datetime
from typing import Any


def moment(value: Any) -> datetime | None:
    """The time of ISO text, with its zone if it has one; None of anything else."""
    try:
        return datetime.fromisoformat(value.replace("Z", "+00:00")) if isinstance(value, str) else None
    except ValueError:
        return None


def zoned(value: Any) -> datetime | None:
    """The time of ISO text that has a zone; None of anything else."""
    found = moment(value)
    return found if found and found.tzinfo else None
