"""Gzip files with padding: NUL bytes after what is packed, which gzip's own reader passes over one by one."""

import io
from pathlib import Path

# Where more follow, the file was not written to its end: a sparse file has gigabytes of them.
MOST_PADDING = 8 * 1024 * 1024


class Padded(io.BufferedReader):
    """A packed file whose blocks of padding are passed at once; it ends where there are too many."""

    def __init__(self, path: Path):
        super().__init__(path.open("rb", buffering=0))

    def read(self, size: int | None = -1, /) -> bytes:
        """As any file's; gzip's reader asks for one byte where padding may follow."""
        passed = 0
        while size == 1 and len(block := self.peek()) > 1 and not block.strip(b"\0"):
            passed += len(super().read(len(block)))
            if passed > MOST_PADDING:
                return b""
        return super().read(size)
