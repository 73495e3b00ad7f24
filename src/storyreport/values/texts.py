"""Texts fit to keep: readable, of a sane length, without e-mail addresses and credentials."""

import re

from ..patterns import Pattern
from .privacy import is_suspicious, redacted

LONGEST_TEXT = 2000
# An e-mail address has no more characters; of a longer key, its beginning says that it is one.
LONGEST_SECRET = 320

# What a terminal reads as commands: colours, titles, to move its cursor.
ESCAPES = Pattern(r"\x1b(?:\[[0-?]*[ -/]*[@-~]|\][^\x07\x1b]*(?:\x07|\x1b\\)?|[@-Z\\-_])")
LINE_ENDS = Pattern(r"\r+\n?")
# All but tab and line feed.
CONTROL = re.compile(r"[\x00-\x08\x0b-\x1f\x7f]")
# Of texts, also what turns the rest of a line around: it would read as something else.
UNSHOWN = re.compile(rf"{CONTROL.pattern}|[\u202a-\u202e\u2066-\u2069]")


def readable(value: bytes) -> str:
    """Text of a database as text, whatever its bytes are."""
    try:
        # A report's rows are mostly text: without a handler this takes a tenth less of its time.
        return value.decode()
    except UnicodeDecodeError:
        return value.decode(errors="replace")


def is_text(value: bytes) -> bool:
    """Whether the bytes are UTF-8 without control characters, as a key or a name should be."""
    try:
        return not CONTROL.search(value.decode())
    except UnicodeDecodeError:
        return False


def clean_text(value: bytes | str | None, longest: int = LONGEST_TEXT) -> str | None:
    """A text fit to keep: valid UTF-8, at most `longest` characters, without e-mail addresses and credentials."""
    if value is None:
        return None
    # As much more as a secret may be long that begins within; and a character takes at most four bytes.
    looked_at = longest + LONGEST_SECRET
    start = value[: 4 * looked_at]
    text = start.decode(errors="replace") if isinstance(start, bytes) else start
    if len(text) <= longest and text.isprintable() and not is_suspicious(text):
        return text
    if "\x1b" in text:
        text = ESCAPES.sub("", text)
    text = UNSHOWN.sub("", LINE_ENDS.sub("\n", text))
    is_cut = len(value) > len(start) or len(text) > looked_at
    text = text[:looked_at]
    text = redacted(text)
    # What was cut before that may end with half an address, which is none for the patterns.
    if is_cut:
        text = _without_last_word(text)
    return text[: longest - 1] + "…" if is_cut or len(text) > longest else text


def _without_last_word(text: str) -> str:
    """The text without the word at its end, or without as much of it as may be part of a secret."""
    return text[:-LONGEST_SECRET] + "".join(text[-LONGEST_SECRET:].rsplit(maxsplit=1)[:-1])
