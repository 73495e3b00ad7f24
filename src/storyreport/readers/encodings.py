"""Text files that are not UTF-8 with line feeds: UTF-16 and Latin-1, as spreadsheets write them, old Macs' lines."""

import codecs
import io
from typing import Any

LOOKED_AT = 64 * 1024
UTF_16 = (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)
# Western letters and signs of Windows' Latin-1. A byte of 0xff is none of them in a text that anybody writes.
WESTERN = frozenset((0x80, *range(0x91, 0x98), *range(0xA0, 0xFF)))
BLOCK = 64 * 1024
# Fewer characters are no evidence.
FEWEST_PAIRS = 8
# Becomes a byte that no UTF-8 has, so that the line is rejected.
codecs.register_error("storyreport-escape", lambda error: ("\udcff", getattr(error, "end", 0)))


def sniffed(start: bytes, is_whole: bool) -> tuple[str | None, bool]:
    """The encoding of a file that begins so (None for UTF-8), and whether its lines end with carriage returns alone."""
    if start.startswith(UTF_16):
        text = start.decode("utf-16", errors="replace")
        return "utf-16", "\r" in text and "\n" not in text
    if encoding := _without_mark(start):
        text = start.decode(encoding, errors="replace")
        return encoding, "\r" in text and "\n" not in text
    newline = b"\r" in start and b"\n" not in start
    if start.isascii() or start.lstrip()[:1] in (b"{", b"["):
        return None, newline
    # A character may be cut at the end of what is looked at.
    decoder = codecs.getincrementaldecoder("utf-8")(errors="surrogateescape")
    found = {character for character in decoder.decode(start, final=is_whole) if character > "\x7f"}
    bad = {ord(character) - 0xDC00 for character in found if "\ud800" <= character <= "\udfff"}
    is_western = bool(bad) and len(bad) == len(found) and bad <= WESTERN and b"\0" not in start
    return ("cp1252" if is_western else None), newline


def _without_mark(start: bytes) -> str | None:
    """The UTF-16 of a file without a mark of its byte order: every other byte of western text is 0."""
    pairs = len(start) // 2
    for encoding, high in (("utf-16-le", start[1::2]), ("utf-16-be", start[::2])):
        if pairs >= FEWEST_PAIRS and high.count(0) > pairs * 0.8 and start.count(0) < pairs * 1.1:
            return encoding
    return None


class Recoded(io.RawIOBase):
    """A file as UTF-8 with line feeds."""

    def __init__(self, file: io.BufferedReader, encoding: str | None, newline: bool):
        self.held = file
        # Two bytes that are no character cannot be escaped as one.
        errors = "storyreport-escape" if encoding and encoding.startswith("utf-16") else "surrogateescape"
        self._decoder = codecs.getincrementaldecoder(encoding or "utf-8")(errors=errors)
        self._newline = newline
        self._ready = b""

    def readable(self) -> bool:
        return True

    def readinto(self, room: Any) -> int:
        while not self._ready:
            block = self.held.read(BLOCK)
            text = self._decoder.decode(block, final=not block)
            text = text.replace("\r", "\n") if self._newline else text
            # Bytes that are no text of the encoding stay what they are, for the reader of lines to say so.
            self._ready = text.encode("utf-8", errors="surrogateescape")
            if not block and not self._ready:
                return 0
        count = min(len(room), len(self._ready))
        room[:count], self._ready = self._ready[:count], self._ready[count:]
        return count

    def close(self) -> None:
        self.held.close()
        super().close()
