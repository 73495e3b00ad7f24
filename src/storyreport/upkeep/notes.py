"""Notes of what was changed and when: added, and removed, in the report database."""

from datetime import datetime, timedelta, timezone
from pathlib import Path

from ..errors import UsageError
from ..reports import check_name, periods
from ..transaction import Progress
from ..values import times
from ..values.privacy import redacted
from .changing import changing

MOST_LETTERS = 300
# A plan may be noted ahead, and a history has a beginning.
FIRST_YEAR, MOST_DAYS_AHEAD = 1970, 366
WORDS = ("now", "today", "yesterday")


def add(database: Path, text: str, at: str = "now", source: str = "", progress: Progress = lambda _: None) -> int:
    """Keep a note, redacted, and return its number; UsageError for no text, no sensible time or an unknown source."""
    note, moment = _text(text), moment_of(at)
    with changing(database, progress) as connection:
        if source:
            check_name(connection, "source", source)
        added = connection.execute(
            "insert into main.notes (source_id, at, note) values ((select id from sources where name = ?), ?, ?)",
            [source, moment, note],
        )
    assert added.lastrowid is not None
    return added.lastrowid


def remove(database: Path, number: int, progress: Progress = lambda _: None) -> None:
    """Delete the note of that number; UsageError where there is none."""
    with changing(database, progress) as connection:
        if not connection.execute("delete from main.notes where id = ?", [number]).rowcount:
            raise UsageError(f"There is no note {number}: `storyreport note --list` shows them.")


def moment_of(at: str, now: datetime | None = None) -> str:
    """UTC text for a time, a date (its first moment) or one of WORDS; UsageError for anything else or too far off."""
    now = now or periods.now()
    found = times.to_utc(now.isoformat()) if at.strip().lower() == "now" else times.to_utc(at)
    if at.strip().lower() in WORDS[1:] and (bounds := periods.bounds(at, now)):
        found = times.to_utc(bounds.since.isoformat())
    if found is None:
        raise UsageError(
            f"{at!r} is not a time: use a date (2026-01-31), a time (2026-01-31T09:30Z), {', '.join(WORDS[:2])} or"
            f" {WORDS[2]}."
        )
    when = datetime.fromisoformat(found.rstrip("Z")).replace(tzinfo=timezone.utc)
    if when.year < FIRST_YEAR:
        raise UsageError(f"{at} is before {FIRST_YEAR}: no chart reaches back so far, give a later time.")
    if (when.replace(tzinfo=None) - now.replace(tzinfo=None)) > timedelta(days=MOST_DAYS_AHEAD):
        raise UsageError(f"{at} is more than a year ahead: give an earlier time.")
    return found


def _text(text: str) -> str:
    note = " ".join("".join(letter if letter.isprintable() else " " for letter in text).split())
    if not note:
        raise UsageError('The note has no text: say what was changed, as in `storyreport note "new prompt"`.')
    if len(note) > MOST_LETTERS:
        raise UsageError(f"The note has {len(note):,} letters: use at most {MOST_LETTERS}.")
    return redacted(note)
