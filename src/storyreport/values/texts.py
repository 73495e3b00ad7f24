"""Texts fit to keep: readable, of a sane length, without e-mail addresses and credentials."""

import re

LONGEST_TEXT = 2000
# An e-mail address has no more characters; of a longer key, its beginning says that it is one.
LONGEST_SECRET = 320

# All but tab and line feed.
CONTROL = re.compile(r"[\x00-\x08\x0b-\x1f\x7f]")
E_MAIL = re.compile(r"[\w.+%-]{1,64}@[\w-]+(?:\.[\w-]+)+")
SECRETS = (
    (re.compile(r"\b(\w+://)[^\s/@:]*:[^\s/@]*@"), r"\1"),
    (re.compile(r"(?i)\b(bearer\s+)[\w.~+/=-]{8,}"), r"\1<secret>"),
    (re.compile(r"\b(?:[srp]k|xox[a-z]|gh[a-z]|github_pat|hf|AKIA|AIza)[-_]?[A-Za-z0-9_-]{16,}"), "<secret>"),
    (re.compile(r"\beyJ[\w-]{8,}\.[\w-]+\.?[\w-]*"), "<secret>"),
    (E_MAIL, "<e-mail>"),
    # Whatever is called so, in a header, a URL, JSON or a setting; `max_tokens` and `key "title"` are something else.
    (
        re.compile(
            r"(?i)((?:api|access|secret|private|subscription)[-_ ]?key(?: provided)?|[?&](?:key|token)"
            r"|client[-_]?secret|(?:auth|access|refresh|api|bot)[-_]?token|passw(?:or)?d|authorization)"
            r"(\\?[\"']?\s*[:=]\s*\\?[\"']?(?:(?:basic|bearer|token|digest)\s+)?)"
            r"(?!(?:basic|bearer|token|digest)\s)[^\s\"'&,;}<\\]{4,}"
        ),
        r"\1\2<secret>",
    ),
)
# Nearly all texts hold none of these, and so none of the SECRETS.
SUSPICIOUS = re.compile(
    r"(?i)@|bearer|[srp]k[-_]|xox|gh[a-z]_|github_pat|hf_|akia|aiza|eyj|key|token|secret|passw|authoriz"
)


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
    if len(text) <= longest and text.isprintable() and not SUSPICIOUS.search(text):
        return text
    text = CONTROL.sub("", text)
    is_cut = len(value) > len(start) or len(text) > looked_at
    text = text[:looked_at]
    for pattern, replacement in SECRETS:
        text = pattern.sub(replacement, text)
    # What was cut before that may end with half an address, which is none for the patterns.
    if is_cut:
        text = _without_last_word(text)
    return text[: longest - 1] + "…" if is_cut or len(text) > longest else text


def _without_last_word(text: str) -> str:
    """The text without the word at its end, or without as much of it as may be part of a secret."""
    return text[:-LONGEST_SECRET] + "".join(text[-LONGEST_SECRET:].rsplit(maxsplit=1)[:-1])
