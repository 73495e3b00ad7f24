"""Error messages by their cause: a message without its ids, numbers, times, paths, URLs and quoted parts."""

import re

LONGEST_FINGERPRINT = 300
# In this order: the wider pattern first.
PLACEHOLDERS = (
    (re.compile(r"\b[a-z][a-z0-9+.-]*://\S+", re.I), "<url>"),
    (re.compile(r"\"[^\"\n]*\"|'[^'\n]*'|`[^`\n]*`|“[^”\n]*”"), "<text>"),
    (re.compile(r"(?:\b[A-Za-z]:\\|\\\\)[^\s:*?\"<>|]+"), "<path>"),
    (re.compile(r"(?<![\w<])(?:~|\.{1,2})?(?:/[\w.@%+~-]+)+/?"), "<path>"),
    (re.compile(r"\b[0-9a-f]{8}-(?:[0-9a-f]{4}-){3}[0-9a-f]{12}\b", re.I), "<id>"),
    (re.compile(r"\b\d{4}-\d\d-\d\d(?:[T ]\d\d:\d\d(?::\d\d(?:[.,]\d+)?)?(?:Z|[+-]\d\d:?\d\d)?)?"), "<time>"),
    (re.compile(r"\b\d{1,2}:\d\d(?::\d\d(?:[.,]\d+)?)?\b"), "<time>"),
    (re.compile(r"\b(?=[0-9a-f]*\d)(?=[0-9a-f]*[a-f])[0-9a-f]{8,}\b", re.I), "<id>"),
    # Letters between digits, as in req_51bfba9ac12, name one thing only.
    (re.compile(r"\b(?=\w{8})\w*?\d[a-z]+\d\w*", re.I | re.ASCII), "<id>"),
    (re.compile(r"0x[0-9a-f]+", re.I), "<n>"),
    (re.compile(r"\d+(?:[.,]\d+)*"), "<n>"),
    (re.compile(r"\s+"), " "),
)


def fingerprint(message: str | None) -> str | None:
    """The message with its ids, numbers, times, paths, URLs and quoted parts replaced: equal for equal causes."""
    if message is None:
        return None
    text = message.strip()
    for pattern, placeholder in PLACEHOLDERS:
        text = pattern.sub(placeholder, text)
    return text.strip()[:LONGEST_FINGERPRINT]
