"""Gzip files with padding, or a name without end: gzip's own reader passes over both byte by byte."""

import io
from pathlib import Path

# Where more follow, the file was not written to its end: a sparse file has gigabytes of them.
MOST_PADDING = 8 * 1024 * 1024
# What a header may hold of a name or a comment: no file system has a longer name.
MOST_NAME = 64 * 1024


class Padded(io.BufferedReader):
    """A packed file whose blocks of padding are passed at once; it ends where there are too many, or in a long name."""

    def __init__(self, path: Path):
        super().__init__(path.open("rb", buffering=0))
        self._single_bytes = 0

    def read(self, size: int | None = -1, /) -> bytes:
        """As any file's; gzip's reader asks for one byte where padding may follow."""
        self._single_bytes = self._single_bytes + 1 if size == 1 else 0
        if self._single_bytes > MOST_NAME:
            return b""
        passed = 0
        while size == 1 and len(block := self.peek()) > 1 and not block.strip(b"\0"):
            passed += len(super().read(len(block)))
            if passed > MOST_PADDING:
                return b""
        return super().read(size)
