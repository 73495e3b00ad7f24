"""Texts spelt out that are written as an address, HTML or JSON writes them: %40, &quot;, \\u0040, \\"."""

import re
from urllib.parse import unquote

from ..patterns import Pattern

# One escape may hold another; nobody writes more.
MOST_TIMES = 4
ESCAPE = re.compile(
    r"%[0-9A-Fa-f]{2}|&#?\w{2,8};|\\u00[2-7][0-9A-Fa-f]|\\x[2-7][0-9A-Fa-f]|(?<!\\)\\{2,}[\"'nu]"
    r"|[\uff10-\uff19\uff20-\uff3a\uff41-\uff5a]"
)
# One of these is in each, but for the wide letters.
SIGNS = ("%", "&", "\\")
OF_JSON = Pattern(r"(?<!\\)\\+(?:u00|x)([2-7][0-9A-Fa-f])")
# Letters, digits and the at sign of the width of Chinese ones.
WIDE = {code: code - 0xFEE0 for code in (*range(0xFF10, 0xFF1A), *range(0xFF20, 0xFF3B), *range(0xFF41, 0xFF5B))}
QUOTES = Pattern(r"(?<!\\)\\+([\"'])")


def spelt_out(text: str) -> str:
    """The text without escapes; the same object where it has none."""
    if text.isascii() and not any(map(text.__contains__, SIGNS)):
        return text
    for _ in range(MOST_TIMES):
        if not ESCAPE.search(text):
            break
        before, text = text, _once(text)
        if text == before:
            return before
    return text


def _once(text: str) -> str:
    if "%" in text:
        text = unquote(text, errors="replace")
    if "&" in text:
        # Its names of characters take longer to import than most texts take.
        import html

        text = html.unescape(text)
    if "\\" in text:
        text = QUOTES.sub(r"\1", OF_JSON.sub(lambda match: chr(int(match[1], 16)), text))
    return text if text.isascii() else text.translate(WIDE)
