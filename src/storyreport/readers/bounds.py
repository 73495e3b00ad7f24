"""How much a file may unpack to."""

from contextvars import ContextVar

# Times the size of the file.
HIGHEST_RATIO = 250
# As `--max-bytes` says; None where it was not given.
MAX_BYTES: ContextVar[int | None] = ContextVar("MAX_BYTES", default=None)
BLOWN_UP = (
    f"the gzip file unpacks to more than {HIGHEST_RATIO} times its size, or --max-bytes: give more if you trust it"
)
