"""Lines of files as sources meet them: plain or gzipped, whole or a piece, in any encoding, damaged in any way.

A helper of the sources: it names no system. Whatever cannot be read becomes a problem with the number of its line.
"""

import gzip
import io
import sys
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from . import encodings
from .bounds import BLOWN_UP, HIGHEST_RATIO, MAX_BYTES
from .padded import Padded

GZIP_MAGIC = b"\x1f\x8b"
BYTE_ORDER_MARK = "\ufeff"
# Alone it is a blank line.
MARK_BYTES = BYTE_ORDER_MARK.encode()
LINE_FEED, SPACE = b"\n "
LONGEST_LINE = 8 * 1024 * 1024
BLOCK_BYTES = 1 << 16
# What a gzip file may unpack to: records that repeat themselves reach a hundred, blank lines a thousand.
SMALL_BYTES = 256 << 20
TOO_LONG = "the line is longer than"
SHORTEN = "write one object a line, and leave out its long texts"
HOLE = f"only NUL bytes follow, more than {LONGEST_LINE}: the file was not written to its end"
DAMAGED = "the gzip file is damaged"
CUT = "the gzip file ends early or is damaged"

Line = tuple[int, str | None, str | None]


@dataclass(frozen=True)
class Piece:
    """The lines of a plain text file from a byte, that follow so many others, up to another byte."""

    path: Path
    first_byte: int = 0
    lines_before: int = 0
    stop: int | None = None


Place = Path | Piece


def lines(place: Place) -> Iterator[Line]:
    """(number, text, None) or (number, None, problem) of each line that is not blank."""
    for number, text, problem in all_lines(place, counts_quotes=False):
        yield (number, None, problem) if problem else (number, text, None)


def all_lines(place: Place, counts_quotes: bool = True) -> Iterator[tuple[int, str, str | None]]:
    """The same, with a text that has as many quotes as a line that cannot be used: is a CSV field open after it?

    Without them, the rest of a line that is too long is read only for the next one.
    """
    piece = place if isinstance(place, Piece) else Piece(place)
    with opened(piece) as file:
        number, left = piece.lines_before, _left(piece)
        while line := file.readline(min(LONGEST_LINE + 1, left)):
            # Nearly all lines are whole, and begin with a character that is neither blank nor a byte order mark.
            if line[-1] == LINE_FEED and SPACE < line[0] < MARK_BYTES[0] and len(line) <= LONGEST_LINE:
                number += 1
                left -= len(line)
                yield (number, *_text(line))
                continue
            if not line.endswith(b"\n") and damage_of(file) in (CUT, BLOWN_UP):
                # Half a line may look like a whole one.
                break
            number += 1
            left -= len(line)
            if len(line) > LONGEST_LINE and not line.strip(b"\0"):
                # A sparse file has gigabytes of them.
                yield number, "", HOLE
                return
            if len(line) > LONGEST_LINE:
                if not counts_quotes:
                    yield number, "", f"{TOO_LONG} {LONGEST_LINE} bytes: {SHORTEN}"
                quotes = line.count(b'"')
                while line.strip(b"\0") and not line.endswith(b"\n"):
                    line = file.readline(min(LONGEST_LINE, left))
                    left -= len(line)
                    quotes += line.count(b'"')
                if counts_quotes:
                    yield number, '"' * (quotes % 2), f"{TOO_LONG} {LONGEST_LINE} bytes: {SHORTEN}"
            elif line.strip() and line.strip() != MARK_BYTES:
                yield (number, *_text(line))
            else:
                passed, size = _skip_blank_lines(file, left)
                number += passed
                left -= size
        if damage := damage_of(file):
            yield number + 1, "", damage


def _left(piece: Piece) -> int:
    """How many bytes of a piece are to be read, at most."""
    return sys.maxsize if piece.stop is None else piece.stop - piece.first_byte


def _skip_blank_lines(file: io.BufferedReader, left: int) -> tuple[int, int]:
    """Pass over the blank lines that come next, a block at a time; return how many they are, and their bytes."""
    passed = size = 0
    while block := file.peek()[: left - size]:
        blank = block[: len(block) - len(block.lstrip())]
        end = blank.rfind(b"\n") + 1
        if not end:
            break
        passed += blank.count(b"\n", 0, end)
        size += len(file.read(end))
    return passed, size


class _Unpacked(io.RawIOBase):
    """What a gzip file holds, up to where it is damaged: gzip's own reader drops the last lines before that."""

    def __init__(self, path: Path):
        self._packed = Padded(path)
        self._file = gzip.GzipFile(fileobj=self._packed)
        self._most = MAX_BYTES.get() or max(SMALL_BYTES, path.stat().st_size * HIGHEST_RATIO)
        self._count = 0
        self.damage = ""

    def readable(self) -> bool:
        return True

    def readinto(self, room: Any) -> int:
        if self.damage:
            return 0
        try:
            content = self._file.read1(len(room))
        except gzip.BadGzipFile:
            # Its checksum is wrong, or something else follows it: all of it has been read.
            self.damage = DAMAGED
            return 0
        except (EOFError, zlib.error):
            self.damage = CUT
            return 0
        self._count += len(content)
        if self._count > self._most:
            self.damage = BLOWN_UP
            return 0
        room[: len(content)] = content
        return len(content)

    def close(self) -> None:
        self._file.close()
        self._packed.close()
        super().close()


def opened(place: Place) -> io.BufferedReader:
    """A file as UTF-8 with line feeds, unpacked; a piece of a plain one from its first byte on."""
    piece = place if isinstance(place, Piece) else Piece(place)
    file = piece.path.open("rb")
    start = file.read(encodings.LOOKED_AT)
    file.seek(piece.first_byte)
    is_whole = len(start) < encodings.LOOKED_AT
    if start.startswith(GZIP_MAGIC):
        file.close()
        file = io.BufferedReader(_Unpacked(piece.path), BLOCK_BYTES)
        start, is_whole = file.peek(), False
    encoding, newline = encodings.sniffed(start, is_whole)
    return io.BufferedReader(encodings.Recoded(file, encoding, newline)) if encoding or newline else file


def is_plain(path: Path) -> bool:
    """Whether the bytes of a file are those of its lines: it is not packed, and UTF-8."""
    with path.open("rb") as file:
        start = file.read(encodings.LOOKED_AT)
    is_whole = len(start) < encodings.LOOKED_AT
    return not start.startswith(GZIP_MAGIC) and encodings.sniffed(start, is_whole) == (None, False)


def damage_of(file: io.BufferedReader) -> str:
    """What was found to be wrong with a gzip file while it was read."""
    raw = file.raw.held.raw if isinstance(file.raw, encodings.Recoded) else file.raw
    return raw.damage if isinstance(raw, _Unpacked) else ""


def _text(line: bytes) -> tuple[str, str | None]:
    if b"\0" in line:
        return _legible(line), "the line holds NUL bytes"
    try:
        return line.decode().removeprefix(BYTE_ORDER_MARK).rstrip("\r\n"), None
    except UnicodeDecodeError:
        return _legible(line), "the line is not UTF-8"


def _legible(line: bytes) -> str:
    return line.decode("utf-8-sig", errors="replace").replace("\0", "\ufffd").rstrip("\r\n")
