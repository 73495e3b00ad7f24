"""A report's chart as Vega-Lite: the mark and encoding of its header, completed for its rows and a width."""

from .bounds import Bound
from .drawing import MOST_ROWS, Drawing, Part, drawing
from .marks import Href
from .single import MOST_BARS, Context
from .themes import DARK, LIGHT, PAGE

__all__ = ["DARK", "LIGHT", "MOST_BARS", "MOST_ROWS", "PAGE", "Bound", "Context", "Drawing", "Href", "Part", "drawing"]
