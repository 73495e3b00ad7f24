"""Dates in words: the days that they stand for, as seen at a fixed moment."""

from datetime import date, datetime, timedelta, timezone
from pathlib import Path

import pytest
from helpers.report_database import ReportDatabase, pairs
from hypothesis import given
from hypothesis import strategies as st

from storyreport import reports
from storyreport.errors import UsageError
from storyreport.reports import periods

# A Saturday; the year before 2025 had 29 days in February.
NOW = datetime(2025, 3, 1, 10, 30, tzinfo=timezone.utc)
MOMENTS = st.datetimes(min_value=datetime(1900, 1, 1), timezones=st.just(timezone.utc))

# word → the day as since, the day as until, counted on a calendar
WORDS = {
    "today": ("2025-03-01", "2025-03-01"),
    "yesterday": ("2025-02-28", "2025-02-28"),
    "month": ("2025-03-01", "2025-03-31"),
    "last_month": ("2025-02-01", "2025-02-28"),
    "2024-02": ("2024-02-01", "2024-02-29"),
    "2026-11": ("2026-11-01", "2026-11-30"),
    "9999-12": ("9999-12-01", "9999-12-31"),
    # Of hours, the day that it was then: 10 hours before 10:30 it was 00:30 on the same day.
    "10h": ("2025-03-01", "2025-03-01"),
    "11h": ("2025-02-28", "2025-02-28"),
    "24h": ("2025-02-28", "2025-02-28"),
    "36h": ("2025-02-27", "2025-02-27"),
    # Seven days that end with today begin on February 23; the day before is the last that is not among them.
    "1d": ("2025-03-01", "2025-02-28"),
    "7d": ("2025-02-23", "2025-02-22"),
    "1w": ("2025-02-23", "2025-02-22"),
    "4w": ("2025-02-02", "2025-02-01"),
    # Further back than there are days.
    "999999999h": ("0001-01-01", "0001-01-01"),
    "999999999w": ("0001-01-01", "0001-01-01"),
    "2025-02-03": ("2025-02-03", "2025-02-03"),
    "2025-02-03T23:59": ("2025-02-03", "2025-02-03"),
    "2025-02-03 23:59:59.123Z": ("2025-02-03", "2025-02-03"),
    # One in the morning in Helsinki is the day before in UTC.
    "2025-02-03T01:00:00+02:00": ("2025-02-02", "2025-02-02"),
}


@pytest.fixture
def fixed(monkeypatch: pytest.MonkeyPatch) -> None:
    """The clock stands at NOW."""
    monkeypatch.setattr(periods, "now", lambda: NOW)


@pytest.mark.parametrize(("word", "days"), WORDS.items(), ids=WORDS)
def test_a_word_is_its_days(word: str, days: tuple[str, str], fixed: None) -> None:
    report = reports.find("cost")
    for name, day in zip(("since", "until"), days, strict=True):
        for written in (word, word.upper(), f" {word} "):
            values = reports.bind(report, {name: written})
            assert values[name] == written.strip(), "an address keeps the word"
            assert reports.for_sql(report, values)[name] == day


@pytest.mark.parametrize(
    "word",
    [
        "0d",
        "-1d",
        "7",
        "d",
        "7 d",
        "7m",
        "1.5h",
        "1234567890d",
        "tomorrow",
        "last month",
        "2026",
        "2026-13",
        "2026-00",
        "0000-01",
        "2025-02-29",
        "2025-02-03T24:00",
        "2025-02-03T10",
        "1769210247",
        "٧d",  # noqa: RUF001 - a digit, but not ours
        "7d; drop table runs",
    ],
)
def test_other_words_are_refused_with_those_that_are_not(word: str) -> None:
    for name in ("since", "until"):
        with pytest.raises(UsageError, match=rf"^{name} must be a date \(.*24h, 7d, 4w .*last_month, not ") as refused:
            reports.bind(reports.find("cost"), {name: word})
        assert "\n" not in str(refused.value)


@pytest.mark.parametrize(
    ("since", "until", "said"),
    [
        ("2025-02-02", "2025-02-01", "since 2025-02-02 is after until 2025-02-01: "),
        ("today", "yesterday", r"since today \(2025-03-01\) is after until yesterday \(2025-02-28\): "),
        ("7d", "2025-01", r"since 7d \(2025-02-23\) is after until 2025-01 \(2025-01-31\): "),
    ],
)
def test_a_period_that_ends_before_it_starts_is_refused(since: str, until: str, said: str, fixed: None) -> None:
    with pytest.raises(reports.WrongValueError, match=f"^{said}choose an earlier since or a later until.$") as refused:
        reports.bind(reports.find("cost"), {"since": since, "until": until})
    assert refused.value.names == ("since", "until")


@pytest.mark.parametrize("word", ["today", "yesterday", "month", "last_month", "24h", "2025-02"])
def test_a_word_may_be_both_ends(word: str, fixed: None) -> None:
    reports.bind(reports.find("cost"), {"since": word, "until": word})


def days(word: str, moment: datetime) -> periods.Bounds:
    """The bounds of a word that has some."""
    found = periods.bounds(word, moment)
    assert found
    return found


@given(MOMENTS, st.integers(1, 20_000))
def test_days_are_as_many_as_they_say(moment: datetime, number: int) -> None:
    """So many days end with today, and the ones before them end where they begin."""
    found = days(f"{number}d", moment)
    assert found.since + timedelta(days=number - 1) == moment.date()
    assert found.until + timedelta(days=1) == found.since
    assert days(f"{number}w", moment) == days(f"{7 * number}d", moment)


@given(MOMENTS, st.integers(1, 500_000))
def test_hours_are_the_day_of_a_moment(moment: datetime, number: int) -> None:
    assert days(f"{number}h", moment).since == (moment - timedelta(hours=number)).date()


@given(MOMENTS)
def test_months_follow_each_other(moment: datetime) -> None:
    """This month holds today, and last month ends on the day before it, as its number does."""
    this, last = days("month", moment), days("last_month", moment)
    assert this.since <= moment.date() <= this.until
    assert this.since.day == last.since.day == 1
    assert last.until + timedelta(days=1) == this.since
    assert last.since.month == last.until.month
    assert days(f"{last.since:%Y-%m}", moment) == last
    assert (days("yesterday", moment).since + timedelta(days=1)) == days("today", moment).since == moment.date()


@given(st.dates(), MOMENTS)
def test_a_date_is_itself(day: date, moment: datetime) -> None:
    assert days(str(day), moment) == (day, day)


@given(st.text() | st.from_regex(r"[0-9]{1,12}[hdw]|[0-9]{4}-[0-9]{2}", fullmatch=True), MOMENTS)
def test_any_text_is_days_or_none(text: str, moment: datetime) -> None:
    found = periods.bounds(text, moment)
    assert found is None or all(isinstance(day, date) for day in found)


def test_a_report_counts_the_days_of_its_words(tmp_path: Path, fixed: None) -> None:
    """Calls on the edges of each period, at its first and last moments."""
    edges = ["2025-01-31", "2025-02-01", "2025-02-22", "2025-02-23", "2025-02-28", "2025-03-01"]
    lines = [f"{day}T{time},acme,1" for day in edges for time in ("00:00:00.000Z", "23:59:59.999Z")]
    (tmp_path / "calls.csv").write_text("called_at,provider,cost\n" + "\n".join(lines), encoding="utf-8")
    db = ReportDatabase(tmp_path)
    db.ingest(tmp_path / "calls.csv")

    def found(**given: str) -> list[str]:
        rows = pairs(db.report("cost", **given), "day", "calls")
        assert {calls for _, calls in rows} == {2}
        return sorted(day for day, _ in rows)

    assert found(since="last_month", until="last_month") == edges[1:5]
    assert found(until="yesterday") == edges[:5]
    assert found(since="yesterday") == edges[4:]
    assert found(since="7d") == edges[3:]
    assert found(since="4w", until="7d") == edges[2:3]
    assert found(until="2025-01") == edges[:1]
    assert found(since="24h", until="month") == edges[4:]
