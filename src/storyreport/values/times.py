"""Times of any form as UTC text."""

import math
import re
from datetime import datetime, timedelta, timezone
from functools import cache, lru_cache
from typing import TYPE_CHECKING

from ..patterns import Pattern
from .writings import as_iso

if TYPE_CHECKING:
    from zoneinfo import ZoneInfo

# As whole numbers, these are days and seconds of the years 1970 to 2099, 20260315 and 20260315100000: as epochs they
# would be days of 1970, or of the years after 2590.
DAYS_IN_DIGITS = (19_700_101, 20_991_231)
SECONDS_IN_DIGITS = (19_700_101_000_000, 20_991_231_235_959)
# Epochs from here on are milliseconds: as seconds this is the year 5138, as milliseconds it is 1973.
FIRST_EPOCH_MS = 100_000_000_000
# Whole numbers in these ranges are micro- and nanoseconds of the years 2000 to 2099.
FINE_EPOCHS = {
    1_000: (946_684_800_000_000, 4_102_444_800_000_000),
    1_000_000: (946_684_800 * 10**9, 4_102_444_800 * 10**9),
}
FIRST = datetime(1, 1, 2)
EPOCH = datetime(1970, 1, 1, tzinfo=timezone.utc)
TIME = Pattern(
    r"(\d{4})-(\d\d)-(\d\d)"
    r"(?:[T ]([01]\d|2[0-3]):(\d\d)(?::(\d\d)(?:[.,](\d{1,12}))?)?)?"
    r"\s*(?:(Z|z|UTC|GMT)|([+-])(\d\d):?(\d\d)?)?",
    re.ASCII,
)
# The same in other writings: 2026/03/15 10:00, 20260315T100000Z; and 10.00 o'clock.
OTHER_TIME = Pattern(
    r"(\d{4})(?:/(\d\d?)/(\d\d?)(?:[T ]+(\d\d?):(\d\d)(?::(\d\d)(?:[.,](\d{1,9}))?)?)?"
    r"|-(\d\d)-(\d\d) (\d\d)\.(\d\d)(?:\.(\d\d))?|(\d\d)(\d\d)T(\d\d)(\d\d)(\d\d)?)"
    r"\s*(Z|z|UTC|[+-]\d\d:?(?:\d\d)?)?",
    re.ASCII,
)
# Sun, 15 Mar 2026 10:00:00 GMT; 15-Mar-2026 10:00; 15-Mar-26; 15/Mar/2026:10:00:00 +0000; March 15, 2026, 10:00:13 PM.
NAMED_MONTH = Pattern(
    r"(?:[A-Za-z]{3,9},?\s+)?"
    r"(?:(?P<day>\d{1,2})[ /-](?P<month>[A-Za-z]{3,9})\.?[ /-]|(?P<first>[A-Za-z]{3,9})\.? (?P<then>\d{1,2}),? )"
    r"(?P<year>\d{4}|(?<=-)\d\d)"
    r"(?:(?:,?[ T]+(?:at )?|:)(?P<hour>\d{1,2}):(?P<minute>\d\d)(?::(?P<second>\d\d)(?:\.\d+)?)?"
    r"\s*(?P<half>[AaPp]\.?[Mm]\.?)?)?\s*(?P<zone>Z|UTC|GMT|[+-]\d\d:?\d\d)?",
    re.ASCII,
)
MONTHS = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")
DIGITS = Pattern(r"\d+", re.ASCII)
NUMBER = Pattern(r"-?\d{1,19}(?:\.\d+)?", re.ASCII)
# As data frames write a large number: 1.7644104e9. What a spreadsheet shows of it, 1.76242E+12, is hours from the time.
POWER = Pattern(r"(?!.{1,7}E\+)\d(?:\.\d{1,18})?[eE]\+?(?:0?9|1[0-8])", re.ASCII)


def to_utc(value: object, zone: str = "UTC") -> str | None:
    """UTC text with milliseconds (cut, not rounded); None where it is not a time between 0001-01-02 and the year 9999.

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
            return _any_to_utc(value, zone)
        is_iso = value[10] in " T" and value >= "0001-01-02"
        return f"{value[:10]}T{value[11:]}.000Z" if is_iso else _any_to_utc(value, zone)
    return _any_to_utc(value, zone)


@lru_cache(maxsize=16_384)
def _any_to_utc(value: object, zone: str) -> str | None:
    if isinstance(value, (int, float)):
        return _in_digits(str(value), zone) or _from_epoch(value)
    if not isinstance(value, str):
        return None
    text = value.strip()
    found = _from_text(text, zone)
    if found is None and (iso := as_iso(text)) != text:
        found = _from_text(iso, zone)
    return found


def _from_text(text: str, zone: str) -> str | None:
    if text in ("0", "0.0"):
        return _from_epoch(0)
    if POWER.fullmatch(text):
        return _from_epoch(float(text))
    if NUMBER.fullmatch(text):
        if found := _in_digits(text, zone):
            return found
        # Four digits are a year, and a year is no time.
        return _from_epoch(float(text) if "." in text else int(text)) if len(text) > 8 else None
    match = TIME.fullmatch(text)
    return _from_iso(match, zone) if match else _from_other(text, zone)


def _in_digits(text: str, zone: str) -> str | None:
    """The moment of a day, or a second, that is written in digits alone; None where there is no such day."""
    if len(text) not in (8, 14) or not DIGITS.fullmatch(text):
        return None
    first, last = DAYS_IN_DIGITS if len(text) == 8 else SECONDS_IN_DIGITS
    if not first <= int(text) <= last:
        return None
    day, clock = f"{text[:4]}-{text[4:6]}-{text[6:8]}", text[8:]
    match = TIME.fullmatch(f"{day} {clock[:2]}:{clock[2:4]}:{clock[4:]}" if clock else day)
    return _from_iso(match, zone) if match else None


def _from_other(text: str, zone: str) -> str | None:
    """A time in a writing that is not ISO's, but can be read in one way only."""
    if match := OTHER_TIME.fullmatch(text):
        year, *parts, offset = match.groups()
        month, day, *clock = [part for part in parts if part is not None]
    elif match := NAMED_MONTH.fullmatch(text):
        name = (match["month"] or match["first"]).lower()
        if name[:3] not in MONTHS:
            return None
        year, month, day, offset = (
            match["year"] if len(match["year"]) == 4 else f"20{match['year']}",
            str(MONTHS.index(name[:3]) + 1),
            match["day"] or match["then"],
            match["zone"],
        )
        clock = [match[part] for part in ("hour", "minute", "second") if match[part] is not None]
        if match["half"]:
            clock[0] = str(int(clock[0]) % 12 + (12 if match["half"][0] in "Pp" else 0))
    else:
        return None
    hour, minute, second, *fraction = (*clock, "00", "00", "00")[: max(3, len(clock))]
    iso = (
        f"{year}-{int(month):02}-{int(day):02}T{int(hour):02}:{minute}:{second}{'.' + fraction[0] if fraction else ''}"
    )
    written = TIME.fullmatch(iso + (offset or "").replace("GMT", "Z"))
    return _from_iso(written, zone) if written else None


@cache
def _zone(name: str) -> "ZoneInfo":
    # Who reads no local times starts without it.
    from zoneinfo import ZoneInfo

    return ZoneInfo(name)


@lru_cache(maxsize=16_384)
def after_fold(end: str | None, begin: str | None, zone: str) -> str | None:
    """The end of work (UTC text), an hour later where the local hour that it was in was repeated and it is too early.

    When summer time ends an hour is repeated, and a local time in it is read as the first of the two. Where that is
    before the begin, it was in the second.
    """
    if end is None or begin is None or end >= begin:
        return end
    moment = datetime.fromisoformat(end.replace("Z", "+00:00")).astimezone(_zone(zone))
    gained = (moment.utcoffset() or timedelta()) - (moment.replace(fold=1).utcoffset() or timedelta())
    later = _text((moment.astimezone(timezone.utc)) + gained)
    return later if gained > timedelta() and later >= begin else end


def _from_iso(match: re.Match[str], zone: str) -> str | None:
    year, month, day, hour, minute, second, fraction, utc, sign, offset_hours, offset_minutes = match.groups()
    microsecond = int(fraction[:6].ljust(6, "0")) if fraction else 0
    try:
        moment = datetime(
            int(year), int(month), int(day), int(hour or 0), int(minute or 0), int(second or 0), microsecond
        )
        if sign:
            offset = timedelta(hours=int(offset_hours), minutes=int(offset_minutes or 0))
            moment = moment.replace(tzinfo=timezone(offset if sign == "+" else -offset)).astimezone(timezone.utc)
        elif not utc and zone != "UTC":
            moment = moment.replace(tzinfo=_zone(zone)).astimezone(timezone.utc)
        # The first day of all stands for none.
        return _text(moment) if moment.replace(tzinfo=None) >= FIRST else None
    except (ValueError, OverflowError):
        return None


def _from_epoch(value: float) -> str | None:
    for fine, (first, end) in FINE_EPOCHS.items():
        if first <= value < end:
            return _text(EPOCH + timedelta(milliseconds=int(value) // fine))
    milliseconds = value if abs(value) >= FIRST_EPOCH_MS else value * 1000
    try:
        # 1769210247.123 s are 1769210247122.9999 ms as a float.
        return _text(EPOCH + timedelta(milliseconds=math.floor(milliseconds + 1e-3)))
    except (OverflowError, ValueError):
        return None


def now() -> str:
    """The present as UTC text."""
    return _text(datetime.now(timezone.utc))


def _text(moment: datetime) -> str:
    return moment.replace(tzinfo=None).isoformat(timespec="milliseconds") + "Z"
