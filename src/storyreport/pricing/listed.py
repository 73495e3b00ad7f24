"""Prices that genai-prices lists: the rates of a model. The list is used as it is installed, never updated."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import date, datetime, time, timezone
from decimal import Decimal
from functools import cache
from itertools import pairwise, product
from typing import TYPE_CHECKING

from .rates import AFTER_LAST_DAY, AFTER_LAST_TIME, FIRST_DAY, Rate

if TYPE_CHECKING:
    from genai_prices.types import PriceCalculation

# Names of providers in OpenTelemetry and LiteLLM that genai-prices does not know them by.
ALIASES = {"x_ai": "x-ai", "fireworks_ai": "fireworks"}


@cache
def listed_rates(provider: str, model: str) -> tuple[Rate, ...]:
    """The rates of a model in genai-prices, none if it does not know the model or has no price for its tokens."""
    try:
        found = _find(provider, model)
        return tuple(_rates_of(found)) if found else ()
    except (LookupError, ValueError):
        return ()


def _find(provider: str, model: str) -> "PriceCalculation | None":
    """The model as genai-prices knows it; never that of another provider than the call's own."""
    prefix, _, rest = model.partition("/")
    if not provider:
        return (_look_up(prefix, rest) if rest else None) or _look_up(None, model)
    # LiteLLM repeats the provider in the model's name; others put the maker of the model there.
    return _look_up(provider, model) or (_look_up(provider, rest) if rest else None)


def _look_up(provider: str | None, model: str) -> "PriceCalculation | None":
    from genai_prices import Usage, calc_price

    try:
        return calc_price(Usage(input_tokens=0), model, provider_id=ALIASES.get(provider or "", provider))
    except LookupError:
        return None


def _rates_of(found: "PriceCalculation") -> Iterator[Rate]:
    """The rates of a listed model: one for each stretch of days, hours of the day and tier of input tokens."""
    from genai_prices.types import StartDateConstraint, TieredPrices, TimeOfDateConstraint

    days, times = {FIRST_DAY, AFTER_LAST_DAY}, {"00:00:00", AFTER_LAST_TIME}
    for price in found.model.prices if isinstance(found.model.prices, list) else ():
        if isinstance(price.constraint, StartDateConstraint):
            days.add(price.constraint.start_date.isoformat())
        elif isinstance(price.constraint, TimeOfDateConstraint):
            times |= {_utc(price.constraint.start_time), _utc(price.constraint.end_time)}
        elif price.constraint is not None:
            raise LookupError("a newer genai-prices has conditions that are not known here")
    for (day, until_day), (at, until_time) in product(pairwise(sorted(days)), pairwise(sorted(times))):
        moment = datetime.combine(date.fromisoformat(day), time.fromisoformat(at), timezone.utc)
        prices = vars(found.model.get_prices(moment)).values()
        tiers = sorted({tier.start for price in prices if isinstance(price, TieredPrices) for tier in price.tiers})
        for above, upto in pairwise([-1, *tiers, None]):
            assert above is not None
            rate = _rate(found, moment, above, upto)
            if rate:
                yield replace(rate, from_day=day, until_day=until_day, from_time=at, until_time=until_time)


def _rate(found: "PriceCalculation", moment: datetime, above: int, upto: int | None) -> Rate | None:
    """The rate at a time within a tier, measured by computing prices; None where tokens cost nothing (unknown)."""
    from genai_prices import Usage

    def cost(**tokens: int) -> Decimal:
        return found.model.calc_price(Usage(**tokens), found.provider, genai_request_timestamp=moment).total_price

    # Within a tier all is linear: a fee for the call, and a price for each kind of token.
    many = upto or above + 1_000_001
    plain = cost(input_tokens=many)
    per_input = plain - cost(input_tokens=many - 1)
    per_call = plain - per_input * many
    per_read = (cost(input_tokens=many, cache_read_tokens=many) - per_call) / many
    per_write = (cost(input_tokens=many, cache_write_tokens=many) - per_call) / many
    per_output = (cost(input_tokens=many, output_tokens=many) - plain) / many
    if not any((per_call, per_input, per_read, per_write, per_output)):
        return None
    return Rate(
        priced_as=f"{found.provider.id}/{found.model.id}",
        per_call=float(per_call),
        takes_tokens=True,
        per_input_token=float(per_input),
        per_cache_read_token=float(per_read),
        per_cache_write_token=float(per_write),
        per_output_token=float(per_output),
        above_tokens=above,
        upto_tokens=upto,
    )


def _utc(value: time) -> str:
    """A time of day in UTC, which a time without a zone already is."""
    moment = datetime.combine(date(1970, 1, 1), value)
    return (moment.astimezone(timezone.utc) if moment.tzinfo else moment).time().isoformat()
