"""Durations, sizes, shares and money as cells show them."""

import pytest

from storyreport.values import quantities


@pytest.mark.parametrize(
    ("ms", "text"),
    [
        (0, "0 ms"),
        (999, "999 ms"),
        (1_000, "1.0 s"),
        (59_949, "59.9 s"),
        (59_960, "1 min"),
        (184_000, "3 min 4 s"),
        (3_599_600, "1 h"),
        (18_360_000, "5 h 6 min"),
        (172_799_000, "2 d"),
        (633_600_000, "7 d 8 h"),
        (-1_500, "-1.5 s"),
    ],
)
def test_a_duration_reads_in_two_units_at_most(ms: int, text: str) -> None:
    assert quantities.duration(ms) == text


@pytest.mark.parametrize(
    ("count", "text"), [(0, "0 B"), (999, "999 B"), (3_400_000, "3.4 MB"), (999_960, "1.0 MB"), (2e15, "2000.0 TB")]
)
def test_a_size_reads_in_decimal_units(count: float, text: str) -> None:
    assert quantities.size(count) == text


@pytest.mark.parametrize(
    ("amount", "text"),
    [
        (0, "0.00 USD"),
        (0.1, "0.10 USD"),
        (0.0123, "0.012 USD"),
        (0.00000004, "0.00000004 USD"),
        (1234.5, "1,234.50 USD"),
    ],
)
def test_money_keeps_two_digits_that_count(amount: float, text: str) -> None:
    assert quantities.money(amount, "USD") == text


@pytest.mark.parametrize(
    ("pct", "text"),
    [
        (0.0, "0.0 %"),
        (30, "30 %"),
        (33.333, "33.3 %"),
        (-13.06, "-13.1 %"),
        (1234.5, "1,234 %"),
        # Neither all nor nothing.
        (99.97, "99.97 %"),
        (0.04, "0.04 %"),
        (100.0, "100.0 %"),
    ],
)
def test_a_share_has_one_decimal_unless_it_would_read_as_all_or_nothing(pct: float, text: str) -> None:
    assert quantities.share(pct) == text
