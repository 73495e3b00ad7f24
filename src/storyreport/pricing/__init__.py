"""What calls cost where their source recorded no cost: from prices of one's own, otherwise from genai-prices."""

from .estimates import Change, estimate, reprice, watch
from .files import PriceFile, parse, read_price_file

__all__ = ["Change", "PriceFile", "estimate", "parse", "read_price_file", "reprice", "watch"]
