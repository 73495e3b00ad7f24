"""What a value of a source means: times, texts, keys, errors and durations, one value at a time.

These are the functions that the views over a source and the mappings call from SQL.
"""

import math
import re
import sqlite3
from collections.abc import Callable
from datetime import datetime, timedelta, timezone
from functools import lru_cache
from typing import Any
from zoneinfo import ZoneInfo

LONGEST_TEXT = 2000
LONGEST_FINGERPRINT = 300
# An e-mail address has no more characters; what is longer of a key is known as one by its beginning.
LONGEST_SECRET = 320
# Epochs from here on are milliseconds: as seconds this is the year 5138, as milliseconds it is 1973.
FIRST_EPOCH_MS = 100_000_000_000
# One percent either way, see rollup_step_durations.
GAMMA = 1.01 / 0.99

EPOCH = datetime(1970, 1, 1, tzinfo=timezone.utc)
TIME = re.compile(
    r"(\d{4})-(\d\d)-(\d\d)"
    r"(?:[T ](\d\d):(\d\d)(?::(\d\d)(?:[.,](\d{1,9}))?)?)?"
    r"\s*(?:(Z|z|UTC)|([+-])(\d\d):?(\d\d)?)?",
    re.ASCII,
)
NUMBER = re.compile(r"-?\d{1,16}(?:\.\d+)?", re.ASCII)

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
# Nearly all texts hold none of what each of the SECRETS has.
SUSPICIOUS = re.compile(
    r"(?i)@|bearer|[srp]k[-_]|xox|gh[a-z]_|github_pat|hf_|akia|aiza|eyj|key|token|secret|passw|authoriz"
)
# In this order: what is wider first.
PLACEHOLDERS = (
    (re.compile(r"\b[a-z][a-z0-9+.-]*://\S+", re.I), "<url>"),
    (re.compile(r"\"[^\"\n]*\"|'[^'\n]*'|`[^`\n]*`|“[^”\n]*”"), "<text>"),
    (re.compile(r"(?:\b[A-Za-z]:\\|\\\\)[^\s:*?\"<>|]+"), "<path>"),
    (re.compile(r"(?<![\w<])(?:~|\.{1,2})?(?:/[\w.@%+~-]+)+/?"), "<path>"),
    (re.compile(r"\b[0-9a-f]{8}-(?:[0-9a-f]{4}-){3}[0-9a-f]{12}\b", re.I), "<id>"),
    (re.compile(r"\b\d{4}-\d\d-\d\d(?:[T ]\d\d:\d\d(?::\d\d(?:[.,]\d+)?)?(?:Z|[+-]\d\d:?\d\d)?)?"), "<time>"),
    (re.compile(r"\b\d{1,2}:\d\d(?::\d\d(?:[.,]\d+)?)?\b"), "<time>"),
    (re.compile(r"\b(?=[0-9a-f]*\d)(?=[0-9a-f]*[a-f])[0-9a-f]{8,}\b", re.I), "<id>"),
    # Letters between digits, as in req_51bfba9ac12, name a thing and say nothing else.
    (re.compile(r"\b(?=\w{8})\w*?\d[a-z]+\d\w*", re.I | re.ASCII), "<id>"),
    (re.compile(r"0x[0-9a-f]+", re.I), "<n>"),
    (re.compile(r"\d+(?:[.,]\d+)*"), "<n>"),
    (re.compile(r"\s+"), " "),
)


def to_utc(value: object, zone: str = "UTC") -> str | None:
    """UTC text with milliseconds (cut, not rounded); None for what is no time between the years 1 and 9999.

    Text (or its bytes: a source's text need not be UTF-8) is ISO 8601, read in `zone` where it names no offset; a
    number is an epoch in seconds or milliseconds.
    """
    if isinstance(value, bytes):
        try:
            value = value.decode()
        except UnicodeDecodeError:
            return None
    # Nearly all times look like this, and there may be many millions of them.
    if (
        zone == "UTC"
        and isinstance(value, str)
        and len(value) == 19
        and value[13:17:3] == "::"
        and value[4:8:3] == "--"
    ):
        try:
            datetime.fromisoformat(value)
        except ValueError:
            return None
        return f"{value[:10]}T{value[11:]}.000Z" if value[10] in " T" else None
    return _any_to_utc(value, zone)


@lru_cache(maxsize=16_384)
def _any_to_utc(value: object, zone: str) -> str | None:
    if isinstance(value, (int, float)):
        return _from_epoch(value)
    if not isinstance(value, str):
        return None
    text = value.strip()
    if NUMBER.fullmatch(text):
        # Four digits are a year, and a year is no time.
        return _from_epoch(float(text) if "." in text else int(text)) if len(text) > 8 else None
    match = TIME.fullmatch(text)
    return _from_iso(match, zone) if match else None


def _from_iso(match: re.Match[str], zone: str) -> str | None:
    year, month, day, hour, minute, second, fraction, utc, sign, offset_hours, offset_minutes = match.groups()
    microsecond = int(fraction[:6].ljust(6, "0")) if fraction else 0
    try:
        moment = datetime(
            int(year), int(month), int(day), int(hour or 0), int(minute or 0), int(second or 0), microsecond
        )
        if sign:
            offset = timedelta(hours=int(offset_hours), minutes=int(offset_minutes or 0))
            moment = moment.replace(tzinfo=timezone(offset if sign == "+" else -offset))
        elif utc or zone == "UTC":
            return _text(moment)
        else:
            moment = moment.replace(tzinfo=ZoneInfo(zone))
        return _text(moment.astimezone(timezone.utc))
    except (ValueError, OverflowError):
        return None


def _from_epoch(value: float) -> str | None:
    milliseconds = value if abs(value) >= FIRST_EPOCH_MS else value * 1000
    try:
        # 1769210247.123 s are 1769210247122.9999 ms as a float.
        return _text(EPOCH + timedelta(milliseconds=math.floor(milliseconds + 1e-3)))
    except (OverflowError, ValueError):
        return None


def _text(moment: datetime) -> str:
    return moment.replace(tzinfo=None).isoformat(timespec="milliseconds") + "Z"


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


def fingerprint(message: str | None) -> str | None:
    """The message with its ids, numbers, times, paths, URLs and quoted parts replaced: equal for equal causes."""
    if message is None:
        return None
    text = message.strip()
    for pattern, placeholder in PLACEHOLDERS:
        text = pattern.sub(placeholder, text)
    return text.strip()[:LONGEST_FINGERPRINT]


def duration_bucket(duration_ms: int | None) -> int | None:
    """The bucket of rollup_step_durations that a duration falls into: ceil(log(ms) / log(GAMMA)), -1 for 0 ms."""
    if duration_ms is None:
        return None
    return math.ceil(math.log(duration_ms) / math.log(GAMMA)) if duration_ms > 0 else -1


def key(*parts: object) -> str | None:
    """One key of several parts, '/' between them and escaped within them; None where all are None."""
    if parts.count(None) == len(parts):
        return None
    return "/".join("" if part is None else str(part).replace("~", "~0").replace("/", "~1") for part in parts)


FUNCTIONS: dict[str, Callable[..., Any]] = {
    "to_utc": to_utc,
    "is_text": is_text,
    "clean_text": clean_text,
    "fingerprint": fingerprint,
    "duration_bucket": duration_bucket,
    "key": key,
}


def register(connection: sqlite3.Connection) -> None:
    """Make the functions of this module callable from SQL."""
    for name, function in FUNCTIONS.items():
        connection.create_function(name, -1, function, deterministic=True)
