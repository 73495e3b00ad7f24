"""The functions that the views over a source and the mappings call from SQL, one value at a time."""

import sqlite3
from collections.abc import Callable
from typing import Any

from .currencies import SHARED_SIGNS, currency_code
from .currencies import UNKNOWN as UNKNOWN_CURRENCY
from .days import day_order, with_year_first
from .durations import GAMMA, duration_bucket
from .errors import error_text
from .keys import key
from .labels import clean_labels
from .messages import LONGEST_FINGERPRINT, fingerprint
from .neutral import neutral
from .privacy import redacted
from .quotes import without_quotes
from .texts import LONGEST_SECRET, LONGEST_TEXT, clean_text, is_text, readable
from .times import DAYS_IN_DIGITS, FIRST_EPOCH_MS, SECONDS_IN_DIGITS, after_fold, to_utc

__all__ = [
    "DAYS_IN_DIGITS",
    "FIRST_EPOCH_MS",
    "FUNCTIONS",
    "GAMMA",
    "LONGEST_FINGERPRINT",
    "LONGEST_SECRET",
    "LONGEST_TEXT",
    "SECONDS_IN_DIGITS",
    "SHARED_SIGNS",
    "UNKNOWN_CURRENCY",
    "after_fold",
    "clean_labels",
    "clean_text",
    "currency_code",
    "duration_bucket",
    "error_text",
    "fingerprint",
    "is_text",
    "key",
    "neutral",
    "readable",
    "redacted",
    "register",
    "to_utc",
    "without_quotes",
]

FUNCTIONS: dict[str, Callable[..., Any]] = {
    "to_utc": to_utc,
    "day_order": day_order,
    "with_year_first": with_year_first,
    "after_fold": after_fold,
    "is_text": is_text,
    "clean_labels": clean_labels,
    "clean_text": clean_text,
    "fingerprint": fingerprint,
    "duration_bucket": duration_bucket,
    "error_text": error_text,
    "key": key,
    "neutral": neutral,
    "redacted": redacted,
    "currency_code": currency_code,
    "without_quotes": without_quotes,
}


def register(connection: sqlite3.Connection) -> None:
    """Make the functions of this package callable from SQL."""
    for name, function in FUNCTIONS.items():
        connection.create_function(name, -1, function, deterministic=True)
