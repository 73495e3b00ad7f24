"""What a value means: known pairs, and properties that hold for any input."""

import math
import re
import sqlite3
from contextlib import closing
from datetime import datetime, timedelta, timezone
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from storyreport import typed_values as typed
from storyreport import values
from storyreport.values import GAMMA, clean_text, duration_bucket, fingerprint, is_text, key, to_utc

MOMENTS = st.datetimes(min_value=datetime(1, 1, 2), max_value=datetime(9999, 12, 30))


@pytest.mark.parametrize(
    ("value", "zone", "expected"),
    [
        ("2025-10-10 22:52:11", "UTC", "2025-10-10T22:52:11.000Z"),
        ("2025-10-10 22:52:11.392788", "UTC", "2025-10-10T22:52:11.392Z"),
        ("2025-10-10T22:52:11Z", "Europe/Madrid", "2025-10-10T22:52:11.000Z"),
        ("2025-10-10T22:52:11+02:00", "UTC", "2025-10-10T20:52:11.000Z"),
        ("2025-10-10 22:52:11.5-0730", "UTC", "2025-10-11T06:22:11.500Z"),
        ("2025-10-10 22:52", "UTC", "2025-10-10T22:52:00.000Z"),
        ("2025-10-10", "UTC", "2025-10-10T00:00:00.000Z"),
        ("2025-07-10 22:52:11", "Europe/Madrid", "2025-07-10T20:52:11.000Z"),
        ("2025-01-10 22:52:11", "Europe/Madrid", "2025-01-10T21:52:11.000Z"),
        (1769210247, "UTC", "2026-01-23T23:17:27.000Z"),
        (1769210247123, "UTC", "2026-01-23T23:17:27.123Z"),
        ("1769210247123", "UTC", "2026-01-23T23:17:27.123Z"),
        (1098316255031, "UTC", "2004-10-20T23:50:55.031Z"),
        ("1769210247.123", "UTC", "2026-01-23T23:17:27.123Z"),
        (1769210247.25, "UTC", "2026-01-23T23:17:27.250Z"),
        (1769210247.1239, "UTC", "2026-01-23T23:17:27.123Z"),
        ("1769210247.9999", "UTC", "2026-01-23T23:17:27.999Z"),
        (1769210247123.75, "UTC", "2026-01-23T23:17:27.123Z"),
        (99_999_999_999, "UTC", "5138-11-16T09:46:39.000Z"),
        (100_000_000_000, "UTC", "1973-03-03T09:46:40.000Z"),
        ("0001-01-01 00:00:00+01:00", "UTC", None),
        # What programs in Go and .NET write where there is no time.
        ("0001-01-01T00:00:00Z", "UTC", None),
        ("0001-01-01 00:00:00", "UTC", None),
        ("0001-01-01T00:00:00+00:00", "UTC", None),
        ("0001-01-01T00:00:00", "America/New_York", None),
        ("0001-01-02 00:00:00", "UTC", "0001-01-02T00:00:00.000Z"),
        ("0000-01-01 00:00:00", "UTC", None),
        ("2025-02-30 10:00:00", "UTC", None),
        ("2025-13-01 10:00:00", "UTC", None),
        ("2025-10-10 25:00:00", "UTC", None),
        ("2025-10-10 22:52:11\n", "UTC", "2025-10-10T22:52:11.000Z"),
        ("yesterday", "UTC", None),
        ("now", "UTC", None),
        ("2025", "UTC", None),
        ("٢٠٢٥-10-10 22:52:11", "UTC", None),
        ("", "UTC", None),
        (None, "UTC", None),
        ("2025-10-10T24:00:00", "Europe/Madrid", "2025-10-10T22:00:00.000Z"),
        ("2025-12-31 24:00:00", "UTC", "2026-01-01T00:00:00.000Z"),
        ("2025-12-31T23:59:60Z", "UTC", "2025-12-31T23:59:59.000Z"),
        ("2025-10-10t22:52:11z", "UTC", "2025-10-10T22:52:11.000Z"),
        ("2025-10-10T22+02:00", "UTC", "2025-10-10T20:00:00.000Z"),
        ("2025-W41-5T22:52:11Z", "UTC", "2025-10-10T22:52:11.000Z"),
        ("2025-W54-1T22:52:11Z", "UTC", None),
        ("2025-283T22:52:11Z", "UTC", "2025-10-10T22:52:11.000Z"),
        ("2025-366T22:52:11Z", "UTC", None),
        (20251010225211, "Europe/Madrid", "2025-10-10T20:52:11.000Z"),
        ("20251010225211", "UTC", "2025-10-10T22:52:11.000Z"),
        (20251010, "UTC", "2025-10-10T00:00:00.000Z"),
        ("2025-10-10 22:52:11.392788 +0200 CEST m=+0.5", "UTC", "2025-10-10T20:52:11.392Z"),
        ("Fri Oct 10 2025 22:52:11 GMT+0200 (Central European Summer Time)", "UTC", "2025-10-10T20:52:11.000Z"),
        ("Fri Oct 10 22:52:11 UTC 2025", "Europe/Madrid", "2025-10-10T22:52:11.000Z"),
        ("10/Oct/2025:22:52:11 -0700", "UTC", "2025-10-11T05:52:11.000Z"),
        ("10.10.2025, 22:52", "Europe/Madrid", "2025-10-10T20:52:00.000Z"),
        ("2025-10-10T22:52:11\u221201:00", "UTC", "2025-10-10T23:52:11.000Z"),
        ("/Date(1769210247123)/", "UTC", "2026-01-23T23:17:27.123Z"),
        ("10/11/2025 22:52", "UTC", None),
        ("2025-10-10 22:52:11 CST", "UTC", None),
        (b"2025-10-10", "UTC", "2025-10-10T00:00:00.000Z"),
        (b"\xff025-10-10", "UTC", None),
        (math.inf, "UTC", None),
        (math.nan, "UTC", None),
        (1e300, "UTC", None),
    ],
)
def test_times(value: object, zone: str, expected: str | None) -> None:
    """Each form of a time means one moment, and what is none means nothing."""
    assert to_utc(value, zone) == expected


@given(MOMENTS, st.sampled_from([" ", "T"]), st.sampled_from(["", "Z", "+00:00", "+0530", "-08:00"]))
def test_any_written_time_means_its_moment(moment: datetime, gap: str, offset: str) -> None:
    """A time that a program writes is the moment that it was."""
    hours = {"": 0, "Z": 0, "+00:00": 0, "+0530": 5.5, "-08:00": -8}[offset]
    expected = (moment - timedelta(hours=hours)).isoformat(timespec="milliseconds") + "Z"
    assert to_utc(moment.isoformat(sep=gap) + offset, "UTC") == expected


@given(st.datetimes(min_value=datetime(1971, 1, 1), max_value=datetime(2200, 1, 1)))
def test_local_times_are_read_in_their_zone(moment: datetime) -> None:
    """A naive time is that of its zone's clocks."""
    said = to_utc(moment.isoformat(sep=" "), "America/New_York")
    expected = moment.replace(tzinfo=ZoneInfo("America/New_York")).astimezone(timezone.utc)
    assert said == expected.replace(tzinfo=None).isoformat(timespec="milliseconds") + "Z"


@given(st.one_of(st.text(), st.integers(), st.floats(), st.binary(), st.none()))
def test_no_value_breaks_a_time(value: object) -> None:
    """Whatever a source holds is a time between the years 1 and 9999, or none."""
    said = to_utc(value, "UTC")
    assert said is None or (len(said) == 24 and datetime.fromisoformat(said[:-1]).isoformat() <= "9999-12-31T23:59:60")


# Text that looks like a time, though there may be no such day or hour.
TIME_LIKE = st.builds(
    "{:04}-{:02}-{:02}{}{:02}:{:02}:{:02}{}{}".format,
    st.sampled_from([0, 1, 1969, 1970, 2024, 2026, 9999]),
    st.integers(0, 13),
    st.integers(0, 32),
    st.sampled_from([" ", "T", "  "]),
    st.integers(0, 25),
    st.integers(0, 61),
    st.integers(0, 61),
    st.sampled_from(
        ["", ".123", ".12", ".1234567", ".999999", ".123456789", ".123456789012", ".1.234", ".12a", ",123"]
    ),
    st.sampled_from(["", "Z", "z", "+00:00", "+00", "-00:00", "+02:00", " UTC", "x"]),
)
EPOCHS = st.one_of(
    st.integers(-(2**63), 2**63 - 1),
    st.integers(-10, 7_000_000_000),
    st.integers(99_999_999_990, 2_000_000_000_000),
    st.integers(19_700_000, 21_000_000),
    st.integers(19_699_999_999_999, 20_991_231_235_961),
)


@given(st.one_of(TIME_LIKE, EPOCHS, st.floats(allow_nan=False), st.binary(), st.none(), st.text(max_size=25)))
@settings(max_examples=500)
def test_times_are_read_alike_by_sql(value: object) -> None:
    """The quick way that a view reads a time gives what the function gives, and so does the check before it."""
    if isinstance(value, str):
        value = value.replace("\0", "").encode(errors="replace").decode()
    with closing(sqlite3.connect(":memory:")) as connection:
        values.register(connection)
        for zone in ("UTC", "America/New_York"):
            time, is_none = (sql.format(c="value", zone=f"'{zone}'") for sql in (typed.TIME, typed.IS_INVALID_TIME))
            said = connection.execute(f"select {time}, {is_none} from (select ? as value)", [value]).fetchone()
            expected = to_utc(value, zone)
            assert said[0] == expected
            is_none_by_word = f"'{str(value).lower()}'" in typed.NO_TIMES or str(value).startswith("0001-01-01")
            is_given = value not in (None, "") and not is_none_by_word
            assert bool(said[1]) == (expected is None and is_given)


@given(st.integers(min_value=100_000_000, max_value=7_000_000_000))
def test_seconds_and_milliseconds_are_distinguished(seconds: int) -> None:
    """The same moment as seconds and as milliseconds is the same."""
    assert to_utc(seconds) == to_utc(seconds * 1000) == to_utc(str(seconds))


@pytest.mark.parametrize(
    ("messages", "expected"),
    [
        (["No memory at 0x1f", "No memory at 0xAA"], "No memory at <n>"),
        (
            [
                "Story 3251c7d5-9c10-481c-afd1-e2ac78285f37 not found",
                "Story 4b0f0dfb-07dd-45bb-b7bf-e94f70cd6163 not found",
            ],
            "Story <id> not found",
        ),
        (["Timeout after 30 s", "Timeout after 120.5 s"], "Timeout after <n> s"),
        (
            ["cannot open /srv/out/STORY-1.json at 12:03:04", "cannot open /tmp/x/y.json at 23:59:59.5"],
            "cannot open <path> at <time>",
        ),
        ([r"cannot open C:\stories\one.json", r"cannot open D:\two.json"], "cannot open <path>"),
        (["GET https://api.example.com/v1/x?id=3 failed"], "GET <url> failed"),
        (["missing 'session_id' in \"body\"", "missing 'theme' in \"query\""], "missing <text> in <text>"),
        (["failed on 2025-10-10T22:52:11Z", "failed on 2025-10-11 01:02:03"], "failed on <time>"),
        (["commit deadbeef42 is bad"], "commit <id> is bad"),
        (
            ["request req_8fk2x9s1q7 was refused", "request req_51bfba9ac12 was refused"],
            "request <id> was refused",
        ),
        (["wrote 3 mp4 files with h264"], "wrote <n> mp<n> files with h<n>"),
        (["  too   many\n spaces "], "too many spaces"),
    ],
)
def test_equal_causes_have_equal_fingerprints(messages: list[str], expected: str) -> None:
    """What differs from one occurrence to the next is replaced."""
    assert {fingerprint(message) for message in messages} == {expected}


@given(st.text(max_size=3000))
def test_a_fingerprint_is_short_and_stable(message: str) -> None:
    """It is at most 300 characters, the same each time, and has no digits but those of codes, which are few."""
    said = fingerprint(message)
    assert said is not None
    assert len(said) <= 300
    assert fingerprint(message) == said
    if not re.search(r"[3-5]\d\d|(?i:exit|signal|errno|winerror|sqlstate)", message):
        assert not any(character in "0123456789" for character in said)


@given(st.binary(max_size=10_000))
def test_cleaned_text_can_be_stored_and_shown(value: bytes) -> None:
    """Any bytes become valid text of a sane length without control characters."""
    said = clean_text(value)
    assert said is not None
    assert len(said) <= 2000
    said.encode()
    assert not any(ord(character) < 32 and character not in "\n\t" for character in said)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("sent to ann.lee+x@mail.example.org today", "sent to <e-mail> today"),
        ("postgresql://bob:hunter2@db/stories failed", "postgresql://db/stories failed"),
        ("Authorization: Bearer abcdef123456.xyz", "Authorization: Bearer <secret>"),
        ("key sk-abcdefghijklmnop1234 rejected", "key <secret> rejected"),
        ("<b>bold</b> & brave ☂", "<b>bold</b> & brave ☂"),
        ("GET /v1?alt=json&key=Zq7xKd93mV failed", "GET /v1?alt=json&key=<secret> failed"),
        ("bad key AIzaSyA1234567890abcdefghijk", "bad key <secret>"),
        ("x-api-key: Zq7xKd93mV, again", "x-api-key: <secret>, again"),
        ('{"api_key": "Zq7xKd93mV"}', '{"api_key": "<secret>"}'),
        ("Authorization: Basic Zq7xKd93mV==", "Authorization: Basic <secret>"),
        ("password=Zq7xKd93mV host=db", "password=<secret> host=db"),
        ("aws_secret_access_key=Zq7xKd93mV", "aws_secret_access_key=<secret>"),
        ("Incorrect API key provided: Zq7xKd93mV.", "Incorrect API key provided: <secret>"),
        ("token eyJhbGciOiJIUzI1NiJ9.eyJzdWIi.Zq7x expired", "token <secret> expired"),
        ("hf_Zq7xKd93mVbt51HwLpR2 and gho_Zq7xKd93mVbt51HwLpR2", "<secret> and <secret>"),
        ("max_tokens: 4096 is too large", "max_tokens: 4096 is too large"),
        ("duplicate key value violates unique constraint", "duplicate key value violates unique constraint"),
        ("missing key: title", "missing key: title"),
        ("Unexpected token: } in JSON", "Unexpected token: } in JSON"),
        ("wrong password for bob", "wrong password for bob"),
    ],
)
def test_cleaned_text_has_no_credentials(text: str, expected: str) -> None:
    """Addresses of people and secrets are taken out, the rest stays as it was."""
    assert clean_text(text.encode()) == expected


PRIVATE = {
    "e-mail address": ("anabel.leeward+x@mail.example.org", "anabel.leeward+x"),
    # Its @ is further on than other secrets are long.
    "long e-mail address": (f"anabel.leeward{'.of.the.mill' * 4}@mail.example.org", "anabel.leeward.of.the.mill"),
    "key": ("sk-Zq7xKd93mVbt51HwLpR2", "Zq7xKd93mVbt51HwLpR2"),
    "bearer": ("Bearer Zq7xKd93mVbt51HwLpR2", "Zq7xKd93mVbt51HwLpR2"),
    "password": ("postgresql://anabel:Zq7xKd93mVbt51HwLpR2@db/stories", "anabel"),
}


def assert_reveals_nothing(said: str | None, private: str) -> None:
    """No beginning of what is private is left of which one could tell what it is."""
    assert said is not None
    assert len(said) <= values.LONGEST_TEXT
    assert private[:4] not in said


@pytest.mark.parametrize("secret", PRIVATE)
@pytest.mark.parametrize("filler", ["so it was. ", "故事", "é", "x", "\x1b"])
def test_where_a_text_is_cut_no_part_of_a_secret_is_left(secret: str, filler: str) -> None:
    """A secret that lies across a limit, of what is kept or of what is looked at, is taken out all the same."""
    whole, private = PRIVATE[secret]
    looked_at = values.LONGEST_TEXT + values.LONGEST_SECRET
    for limit in (values.LONGEST_TEXT, looked_at, 4 * looked_at // len(filler[-1].encode())):
        for before in range(limit - len(whole) - 3, limit + 3):
            text = (filler * limit)[: before - 1] + " " + whole
            for after in ("", " and so on", " and so on" * 300):
                assert_reveals_nothing(clean_text((text + after).encode()), private)


@pytest.mark.parametrize("secret", PRIVATE)
@given(
    words=st.lists(st.sampled_from(["故事", "so it was.", *(whole for whole, _ in PRIVATE.values())]), max_size=50),
    between=st.sampled_from([" ", ", ", ",", "\n"]),
    more=st.integers(min_value=-50, max_value=10),
)
def test_what_was_not_looked_at_does_not_show(secret: str, words: list[str], between: str, more: int) -> None:
    """Secrets before it make a text so short that its end, where a secret lies across the limit, would be kept."""
    whole, private = PRIVATE[secret]
    text = between.join([*words, f"sk-{'y' * 3000}"])[: values.LONGEST_TEXT + values.LONGEST_SECRET + more]
    assert_reveals_nothing(clean_text(f"{text}{between}{whole} and so on{' and so on' * 300}".encode()), private)


@pytest.mark.parametrize("longest", [200, values.LONGEST_TEXT])
def test_what_is_left_out_is_said(longest: int) -> None:
    """A text is as long as may be where it holds no secret, and says that there was more."""
    assert clean_text(b"y" * longest, longest) == "y" * longest
    for many in (longest + 1, longest + values.LONGEST_SECRET + 1, 50 * longest):
        assert clean_text(b"y" * many, longest) == "y" * (longest - 1) + "…"
        assert clean_text(f"before sk-{'y' * many} after".encode(), longest) in ("before <secret> after", "before…")
    assert clean_text(f"sk-{'y' * longest} after".encode(), longest) == "<secret> after"


@given(st.integers(min_value=0, max_value=10**14))
def test_a_bucket_is_within_one_percent(ms: int) -> None:
    """The value that a bucket stands for differs from each duration in it by at most one percent."""
    bucket = duration_bucket(ms)
    assert bucket is not None
    value = 0.0 if bucket == -1 else 2 * GAMMA**bucket / (GAMMA + 1)
    assert abs(value - ms) <= 0.01 * ms + 1e-9 * ms


@given(st.lists(st.text(), min_size=2, max_size=2), st.lists(st.text(), min_size=2, max_size=2))
def test_keys_of_different_parts_differ(left: list[str], right: list[str]) -> None:
    """No two lists of parts share a key."""
    assert (key(*left) == key(*right)) == (left == right)


def test_a_key_of_nothing_is_nothing() -> None:
    """Where no part is known there is no key."""
    assert key(None, None) is None
    assert key("a", None, 3) == "a//3"


@pytest.mark.parametrize(
    ("value", "expected"),
    [(b"story-1 \xe2\x98\x82", True), (b"\xff\xfe", False), (b"a\x00b", False), (b"a\x1bb", False)],
)
def test_readable_keys(value: bytes, expected: bool) -> None:
    """A key is UTF-8 without control characters."""
    assert is_text(value) is expected
