"""Prices that genai-prices lists: the rates of a model. The list is used as it is installed, never updated."""

import re
from collections.abc import Iterator, Mapping
from dataclasses import replace
from datetime import date, datetime, time, timezone
from functools import cache
from itertools import pairwise, product
from typing import TYPE_CHECKING

from .names import possible_names
from .rates import AFTER_LAST_DAY, AFTER_LAST_TIME, DETAILS, FIRST_DAY, Rate

if TYPE_CHECKING:
    from decimal import Decimal

    from genai_prices.types import ModelPrice, PriceCalculation

# What rows of whole days say where a price may depend on the hour: then they have none.
ANY_HOUR = "any hour"
# The words for a tier → what genai-prices calls it; '' and its like are the standard.
TIERS: dict[str, dict[str, str]] = {
    **{word: {} for word in ("", "standard", "default", "auto", "on_demand", "global", ANY_HOUR)},
    "batch": {"processing": "batch"},
    "flex": {"service_tier": "flex"},
    "priority": {"service_tier": "priority"},
    "fast": {"service_tier": "fast", "speed": "fast"},
}
# Tokens of these have no price of their own where a model lists none: then theirs is not that of text.
MODALITIES = ("audio", "image", "video")
DISTILLED = "distill"
# But Google's one price of a prompt is that of its text, images and video (https://ai.google.dev/gemini-api/docs/pricing).
PRICED_AS_TEXT = {"google": ("input_image_tokens", "input_video_tokens", "cache_image_read_tokens")}
# And models that write nothing but images, or speech, have one price for what they write.
WRITES_ONLY = {"output_image_tokens": re.compile("^gpt-image-"), "output_audio_tokens": re.compile("-tts(?:-|$)")}


@cache
def listed_rates(provider: str, model: str, tier: str = "") -> tuple[Rate, ...]:
    """The rates of a model in a tier by genai-prices; none if it does not know the model or has no price for it."""
    word = tier.strip().lower()
    context = TIERS.get(word)
    try:
        found = find(provider, model) if context is not None else None
        rates = tuple(_rates_of(found, context or {})) if found else ()
    except (LookupError, ValueError):
        return ()
    return () if word == ANY_HOUR and any(rate.until_time != AFTER_LAST_TIME for rate in rates) else rates


def find(provider: str, model: str) -> "PriceCalculation | None":
    """The model as genai-prices knows it; never that of another provider than the call's own."""
    found = (_look_up(known, name) for known, name in possible_names(provider, model))
    return next((calculation for calculation in found if calculation), None)


def _look_up(provider: str | None, model: str) -> "PriceCalculation | None":
    from genai_prices import Usage, calc_price

    try:
        found = calc_price(Usage(input_tokens=0), model, provider_id=provider)
    except (LookupError, ValueError):
        return None
    # A distilled model is another one, whose price is not that of the model in its name.
    is_other = DISTILLED in model.lower() and DISTILLED not in found.model.id.lower()
    return None if is_other else found


def _rates_of(found: "PriceCalculation", context: Mapping[str, str]) -> Iterator[Rate]:
    """The rates of a listed model: one for each stretch of days, hours of the day and tier of input tokens."""
    from genai_prices.types import TieredPrices

    days, times = _changes(found)
    for (day, until_day), (at, until_time) in product(pairwise(sorted(days)), pairwise(sorted(times))):
        moment = datetime.combine(date.fromisoformat(day), time.fromisoformat(at), timezone.utc)
        if context and not _has_tier(found, context, moment):
            continue
        prices = found.model.get_prices(moment, context)
        tiered = [price for price in vars(prices).values() if isinstance(price, TieredPrices)]
        tiers = sorted({tier.start for price in tiered for tier in price.tiers})
        for above, upto in pairwise([-1, *tiers, None]):
            assert above is not None
            rate = _rate(found, prices, above, upto)
            if rate:
                yield replace(rate, from_day=day, until_day=until_day, from_time=at, until_time=until_time)


def _changes(found: "PriceCalculation") -> tuple[set[str], set[str]]:
    """The days and times of day at which a price of the model, or of one of its tiers, may begin."""
    from genai_prices.types import StartDateConstraint, TimeOfDateConstraint

    days, times = {FIRST_DAY, AFTER_LAST_DAY}, {"00:00:00", AFTER_LAST_TIME}
    listed = found.model.prices if isinstance(found.model.prices, list) else []
    for price in (*listed, *(found.model.price_variants or ())):
        if isinstance(price.constraint, StartDateConstraint):
            days.add(price.constraint.start_date.isoformat())
        elif isinstance(price.constraint, TimeOfDateConstraint):
            times |= {_utc(price.constraint.start_time), _utc(price.constraint.end_time)}
        elif price.constraint is not None:
            raise LookupError("a newer genai-prices has conditions that are not known here")
    return days, times


def _has_tier(found: "PriceCalculation", context: Mapping[str, str], moment: datetime) -> bool:
    """Whether the model has prices of a tier at a time: without, genai-prices would give those of the standard."""
    is_own = any(found.model is model for model in found.provider.models)
    return is_own and any(
        all(context.get(name) == value for name, value in variant.when.items())
        and (variant.constraint is None or variant.constraint.active(moment))
        for variant in found.model.price_variants or ()
    )


def _rate(found: "PriceCalculation", prices: "ModelPrice", above: int, upto: int | None) -> Rate | None:
    """The rate within a tier of input tokens, measured by computing prices; None where nothing costs anything."""
    from genai_prices import Usage

    def cost(**used: int) -> "Decimal":
        return prices.calc_price(Usage(**{**nothing, **used}))["total_price"]

    # Within a tier all is linear: a fee for the call, and a price for each kind of token.
    nothing = dict.fromkeys((*DETAILS.values(), "input_tokens", "output_tokens", *_CACHED), 0)
    many = upto or above + 1_000_001
    plain = cost(input_tokens=many)
    per_input = plain - cost(input_tokens=many - 1)
    per_call = plain - per_input * many
    per_read = (cost(input_tokens=many, cache_read_tokens=many) - per_call) / many
    per_write = (cost(input_tokens=many, cache_write_tokens=many) - per_call) / many
    per_output = (cost(input_tokens=many, output_tokens=many) - plain) / many
    # As few as are within all that they are counted within.
    everything, few = {"input_tokens": many, "output_tokens": many}, many // 4
    details: dict[str, float] = {}
    for column, name in DETAILS.items():
        if _is_priced(prices, name) or _has_price_of_text(found, name):
            around = {**everything, **dict.fromkeys(_AROUND.get(name, ()), many // 2)}
            details[column] = float((cost(**around, **{name: few}) - cost(**around)) / few)
    if not any((per_call, per_input, per_read, per_write, per_output, *details.values())):
        return None
    return Rate(
        priced_as=f"{found.provider.id}/{found.model.id}",
        per_call=float(per_call),
        takes_tokens=True,
        prices_tokens=prices.input_mtok is not None,
        per_input_token=float(per_input),
        per_cache_read_token=float(per_read),
        per_cache_write_token=float(per_write),
        per_output_token=float(per_output),
        above_tokens=above,
        upto_tokens=upto,
        details=details,
    )


_CACHED = ("cache_read_tokens", "cache_write_tokens")
# What a detail is counted within, besides the tokens in and out.
_AROUND = {
    "cache_write_1h_tokens": ("cache_write_tokens",),
    "cache_audio_read_tokens": ("cache_read_tokens", "input_audio_tokens"),
    "cache_image_read_tokens": ("cache_read_tokens", "input_image_tokens"),
}


def _is_priced(prices: "ModelPrice", name: str) -> bool:
    """Whether a detail has a price: its own or, where it is text, that of the tokens that include it."""
    from genai_prices.units import _get_registry

    if getattr(prices, _get_registry().units[name].price_key) is not None:
        return True
    return name.endswith("_tokens") and not any(kind in name for kind in MODALITIES)


def _has_price_of_text(found: "PriceCalculation", name: str) -> bool:
    """Whether a detail costs what text does at a provider, or is all that a model writes."""
    only = WRITES_ONLY.get(name)
    return name in PRICED_AS_TEXT.get(found.provider.id, ()) or bool(only and only.search(found.model.id))


def _utc(value: time) -> str:
    """A time of day in UTC, which a time without a zone already is."""
    moment = datetime.combine(date(1970, 1, 1), value)
    return (moment.astimezone(timezone.utc) if moment.tzinfo else moment).time().isoformat()
