"""A rate: the price of calls of one provider, model, endpoint and tier while one price holds."""

from collections.abc import Mapping
from dataclasses import dataclass, field

MATCHED = ("provider", "model", "endpoint")
# What calls must have in common to have one rate.
KEY = (*MATCHED, "tier")
FIRST_DAY, AFTER_LAST_DAY = "0001-01-01", "9999-99-99"
AFTER_LAST_TIME = "24:00"
# What a call may have used besides tokens in and out, read from and written to a cache: the column of `calls` → its
# name in genai-prices.
DETAILS = {
    "cache_write_1h_tokens": "cache_write_1h_tokens",
    "reasoning_tokens": "output_reasoning_tokens",
    "citation_tokens": "output_citation_tokens",
    "input_audio_tokens": "input_audio_tokens",
    "cache_audio_read_tokens": "cache_audio_read_tokens",
    "output_audio_tokens": "output_audio_tokens",
    "input_image_tokens": "input_image_tokens",
    "cache_image_read_tokens": "cache_image_read_tokens",
    "output_image_tokens": "output_image_tokens",
    "input_video_tokens": "input_video_tokens",
    "output_video_tokens": "output_video_tokens",
    "web_searches": "web_searches",
    "file_searches": "storage_searches",
    "input_characters": "input_characters",
    "audio_seconds": "audio_seconds",
    "document_pages": "input_document_pages",
}
# Details that are tokens, which their call's input or output tokens include.
WITHIN = {
    "cache_write_1h_tokens": "cache_write",
    "reasoning_tokens": "output",
    "citation_tokens": "output",
    "input_audio_tokens": "all_input",
    "cache_audio_read_tokens": "cache_read",
    "output_audio_tokens": "output",
    "input_image_tokens": "all_input",
    "cache_image_read_tokens": "cache_read",
    "output_image_tokens": "output",
    "input_video_tokens": "all_input",
    "output_video_tokens": "output",
}


@dataclass(frozen=True)
class Rate:
    """What calls cost while one price holds: for each call, second and token, in `currency`."""

    priced_as: str
    currency: str = "USD"
    is_free: bool = False  # the price list says 0, so it is free
    per_call: float = 0.0
    per_second: float | None = None
    takes_tokens: bool = False
    prices_tokens: bool = True  # otherwise only details have a price
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
    # Detail → what a unit of it costs beside what it costs as a token in or out. A detail without a price is missing.
    details: Mapping[str, float] = field(default_factory=dict)
