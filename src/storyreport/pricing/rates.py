"""A rate: the price of calls of one provider, model and endpoint while one price holds."""

from dataclasses import dataclass

MATCHED = ("provider", "model", "endpoint")
FIRST_DAY, AFTER_LAST_DAY = "0001-01-01", "9999-99-99"
AFTER_LAST_TIME = "24:00"


@dataclass(frozen=True)
class Rate:
    """What calls cost while one price holds: for each call, second and token, in `currency`."""

    priced_as: str
    currency: str = "USD"
    is_free: bool = False  # the price list says 0, so it is free
    per_call: float = 0.0
    per_second: float | None = None
    takes_tokens: bool = False
    per_input_token: float = 0.0
    per_cache_read_token: float = 0.0
    per_cache_write_token: float = 0.0
    per_output_token: float = 0.0
    # Days and times are UTC; the last ones of each pair are the first that no longer belong to it.
    from_day: str = FIRST_DAY
    until_day: str = AFTER_LAST_DAY
    from_time: str = "00:00"
    until_time: str = AFTER_LAST_TIME
    above_tokens: int = -1  # for calls with more input tokens than this, and at most those
    upto_tokens: int | None = None
