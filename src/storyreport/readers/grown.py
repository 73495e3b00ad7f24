"""Files that grow: where the reading of one ended, and whether it goes on from there.

Of a file that was read, its head, its last bytes and a checksum of all are known. Where the head and the last bytes
are as they were, what follows has been added; where it is another file under the old name (a copy, a rewritten one),
the checksum says so.
"""

import hashlib
import os
import zlib
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass, field, fields
from pathlib import Path
from typing import Any

from . import encodings, text
from .lines import Piece, is_plain
from .sheets import Styles, Sums
from .summaries import Totals

# A shorter file is read whole: its form is known by its first lines.
LEAST_LINES = 100
HEAD_BYTES = encodings.LOOKED_AT
LAST_BYTES = 4096
BLOCK_BYTES = 1 << 20
# Lines this close to the end are read again where they belong to the work of added ones.
READ_AGAIN_BYTES = 256 * 1024
# Forms of which each line, or each record, can be read without those before.
FORMS = ("lines", "table")
STYLES = ("comma", "point", "day_first", "month_first")


@dataclass(frozen=True)
class End:
    """Where the reading of a file ended: behind the last of `lines` whole lines, at the byte `stop`.

    again   byte, and the lines before it: from there on are lines that may be read again
    sums    what the rows of a spreadsheet so far say of those that follow
    """

    inode: int
    form: str
    stop: int
    lines: int
    again: tuple[int, int]
    checksum: int
    head: str
    last: str
    amounts: dict[str, float] = field(default_factory=dict)
    styles: dict[str, list[str]] | None = None
    totals: list[dict[str, float]] = field(default_factory=list)

    @property
    def sums(self) -> Sums:
        """What the rows so far say of those that follow."""
        styles = Styles(*(set(self.styles[name]) for name in STYLES)) if self.styles is not None else None
        return Sums(Totals(dict(self.amounts), list(self.totals)), styles)

    def as_json(self) -> dict[str, Any]:
        """The end as `End.of` takes it."""
        return asdict(self)

    @classmethod
    def of(cls, state: Mapping[str, Any]) -> "End":
        """An end as it was noted, perhaps by another version."""
        known = {one.name for one in fields(cls)}
        return cls(**{name: value for name, value in state.items() if name in known})


def goes_on(path: Path, end: End) -> bool:
    """Whether a file is what it was, with or without lines that were added."""
    about = path.stat()
    if about.st_size < end.stop or not is_plain(path) or text.form(path) != end.form:
        return False
    with path.open("rb") as file:
        head = file.read(min(HEAD_BYTES, end.stop))
        file.seek(max(0, end.stop - LAST_BYTES))
        last = file.read(min(LAST_BYTES, end.stop))
    if _digest(head) != end.head or _digest(last) != end.last:
        return False
    return about.st_ino == end.inode or _checksum(path, 0, end.stop) == end.checksum


def end_of(path: Path, size: int, sums: Sums, broken_line: int, before: End | None = None) -> End | None:
    """Where the reading of a file's first `size` bytes ended; None where it cannot go on from there.

    `broken_line` is the number of the last line if that could not be read: an incomplete one is read again.
    """
    form = text.form(path)
    if form not in FORMS or not is_plain(path):
        return None
    start, count, checksum = (before.stop, before.lines, before.checksum) if before else (0, 0, 0)
    last_end = start
    for block in _blocks(path, start, size):
        count += block.count(b"\n")
        last_end = max(last_end, start + block.rfind(b"\n") + 1) if b"\n" in block else last_end
        start += len(block)
    if last_end != size and (form != "lines" or broken_line != count + 1):
        # A last line that was read although it may go on.
        return None
    if count < LEAST_LINES:
        return None
    checksum = _checksum(path, before.stop if before else 0, last_end, checksum)
    with path.open("rb") as file:
        head = file.read(min(HEAD_BYTES, last_end))
        file.seek(max(0, last_end - LAST_BYTES))
        last = file.read(min(LAST_BYTES, last_end))
    styles = (
        {name: sorted(held) for name, held in zip(STYLES, sums.styles.evidence, strict=True)} if sums.styles else None
    )
    return End(
        path.stat().st_ino,
        form,
        last_end,
        count,
        _again(path, form, last_end, count),
        checksum,
        _digest(head),
        _digest(last),
        sums.totals.amounts,
        styles,
        sums.totals.before,
    )


def _again(path: Path, form: str, stop: int, count: int) -> tuple[int, int]:
    """The first byte of the lines that may be read again, and how many lines are before it."""
    first = max(0, stop - READ_AGAIN_BYTES)
    block = b"".join(_blocks(path, first, stop))
    skipped = block.find(b"\n") + 1 if first else 0
    if form == "table" and (b'"' in block or not first):
        # A line of a CSV file need not be a record, and the first one is its header.
        return stop, count
    return first + skipped, count - block.count(b"\n", skipped)


def _blocks(path: Path, start: int, stop: int) -> Iterator[bytes]:
    with path.open("rb") as file:
        file.seek(start)
        while start < stop and (block := file.read(min(BLOCK_BYTES, stop - start))):
            start += len(block)
            yield block


def _checksum(path: Path, start: int, stop: int, before: int = 0) -> int:
    for block in _blocks(path, start, stop):
        before = zlib.crc32(block, before)
    return before


def _digest(content: bytes) -> str:
    return hashlib.blake2b(content, digest_size=16).hexdigest()


def piece(path: Path, size: int, end: End | None, is_read_again: bool) -> Piece:
    """The lines to read of a file of `size` bytes: all, or those from where the reading ended."""
    if end is None:
        # What is packed or recoded has another size.
        return Piece(path, stop=size if is_plain(path) else None)
    first, before = end.again if is_read_again else (end.stop, end.lines)
    return Piece(path, first, before, size)


def size_of(path: Path) -> int:
    """How many bytes a file has."""
    return os.stat(path).st_size
