"""What calls cost where their source recorded no cost: from prices of one's own, otherwise from genai-prices."""

from .estimates import Change, estimate, reprice, watch
from .files import PriceFile, keep, parse, read_price_file
from .kept import keep_list

__all__ = ["Change", "PriceFile", "estimate", "keep", "keep_list", "parse", "read_price_file", "reprice", "watch"]
