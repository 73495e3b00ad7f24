"""Times in other writings than ISO 8601's that can be read in one way only, written again as ISO has them."""

import re
from collections.abc import Callable
from datetime import date, timedelta

from ..patterns import Pattern

ZONES = {
    **dict.fromkeys(("UT", "WET"), "+0000"),
    **dict.fromkeys(("CET", "MEZ", "WEST", "WAT"), "+0100"),
    **dict.fromkeys(("CEST", "MESZ", "EET", "SAST", "CAT"), "+0200"),
    **dict.fromkeys(("EEST", "MSK", "EAT"), "+0300"),
    **dict.fromkeys(("HKT", "SGT", "AWST"), "+0800"),
    **dict.fromkeys(("JST", "KST"), "+0900"),
    "PKT": "+0500",
    "WIB": "+0700",
    "ACST": "+0930",
    "ACDT": "+1030",
    "AEST": "+1000",
    "AEDT": "+1100",
    "NZST": "+1200",
    "NZDT": "+1300",
    "BRT": "-0300",
    "HST": "-1000",
    "AKST": "-0900",
    "AKDT": "-0800",
    "PST": "-0800",
    "PDT": "-0700",
    "MST": "-0700",
    "MDT": "-0600",
    "CDT": "-0500",
    "EST": "-0500",
    "EDT": "-0400",
}


def _day_of_year(match: re.Match[str]) -> str:
    year, number = map(int, match.groups())
    day = date(year, 1, 1) + timedelta(days=number - 1)
    if day.year != year:
        raise ValueError("no day of this year")
    return str(day)


# One after the other.
WRITINGS: dict[Pattern, str | Callable[[re.Match[str]], str]] = {
    # A minus sign for a hyphen, and the spaces that browsers write before AM and PM.
    Pattern("\u2212"): "-",
    Pattern("[\u202f\u00a0]"): " ",
    # .NET: 2026-03-15 10:00:00 PM.
    Pattern(r"^(\d{4}-\d\d-\d\d) (0?[1-9]|1[0-2])(:\d\d(?::\d\d)?) ([AP])M$", re.ASCII): (
        lambda m: f"{m[1]} {int(m[2]) % 12 + (12 if m[4] == 'P' else 0):02}{m[3]}"
    ),
    # Java adds the zone to the offset: 2026-03-15T10:00:00+01:00[Europe/Berlin].
    Pattern(r"(?<=[\dZ])\[[A-Za-z_/+-]{1,40}\d{0,2}\]$", re.ASCII): "",
    # Go adds its name, +0100 CET, and what its monotonic clock says, m=+0.1.
    Pattern(r"(?<=[+-]\d{4}) (?:[A-Z]{3,5}|[+-]\d\d(?:\d\d)?)(?: m=[+-][\d.]{1,30})?$", re.ASCII): "",
    # A zone by its name, where that means one offset only: CST is in America, China and Cuba.
    Pattern(rf"(?<=[\dM]) ?({'|'.join(ZONES)})(?= \d{{4}}$|$)", re.ASCII): lambda m: f" {ZONES[m[1]]}",
    # JavaScript: Sun Mar 15 2026 10:00:00 GMT+0100 (CET).
    Pattern(r"(?<=\d)\s?(?:GMT|UTC)([+-]\d\d:?\d\d)(?: \([^()]{1,60}\))?$", re.ASCII): r" \1",
    # C and Python: Sun Mar 15 10:00:00 2026; date: Sun Mar 15 10:00:00 UTC 2026.
    Pattern(
        r"^[A-Z][a-z]{2} ([A-Z][a-z]{2}) +(\d{1,2}) (\d\d:\d\d:\d\d) (?:(UTC|GMT|[+-]\d{4}) )?(\d{4})$", re.ASCII
    ): r"\2 \1 \5 \3 \4",
    # 15.3.2026, 10:00: with dots the day comes first.
    Pattern(r"^(\d\d?)\.(\d\d?)\.(\d{4})(?:,? +(?=\d)|$)", re.ASCII): lambda m: f"{m[3]}-{m[2]:0>2}-{m[1]:0>2} ",
    # A day of a week, 2026-W11-7, and of a year, 2026-074.
    Pattern(r"^(\d{4})-?W(\d\d)-?(\d)(?=T|$)", re.ASCII): lambda m: str(date.fromisocalendar(*map(int, m.groups()))),
    Pattern(r"^(\d{4})-(\d{3})(?=[T ]|$)", re.ASCII): _day_of_year,
    # An hour alone, and a small letter.
    Pattern(r"(?<=\d)[t_](?=\d)", re.ASCII): "T",
    Pattern(r"^([\d-]{10}[T ]\d\d)(?=$|[Zz]|[+-])", re.ASCII): r"\1:00",
    # The end of a day, and a second that only UTC has.
    Pattern(r"^(\d{4}-\d\d-\d\d)[T ]24:00(?::00(?:[.,]0+)?)?", re.ASCII): (
        lambda m: f"{date.fromisoformat(m[1]) + timedelta(days=1)}T00:00"
    ),
    Pattern(r"(?<=\d\d:\d\d:)60(?!\d)", re.ASCII): "59",
    # .NET in JSON.
    Pattern(r"^\\?/Date\((\d{9,14})(?:[+-]\d{4})?\)\\?/$", re.ASCII): r"\1",
}


def as_iso(text: str) -> str:
    """A time as ISO 8601 or an epoch; the text as it is where it is in none of these writings."""
    found = text
    try:
        for writing, iso in WRITINGS.items():
            found = writing.sub(iso, found)
    except (ValueError, OverflowError):
        # There is no such day.
        return text
    return found.strip()
