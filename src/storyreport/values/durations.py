"""Durations as buckets of a histogram."""

import math

# One percent either way, see rollup_step_durations.
GAMMA = 1.01 / 0.99
LOG_GAMMA = math.log(GAMMA)


def duration_bucket(duration_ms: int | None) -> int | None:
    """The bucket of rollup_step_durations that a duration falls into: ceil(log(ms) / log(GAMMA)), -1 for 0 ms."""
    if duration_ms is None:
        return None
    return math.ceil(math.log(duration_ms) / LOG_GAMMA) if duration_ms > 0 else -1
