"""The look that all charts share, as a Vega-Lite config."""

from typing import Any

from .colours import PALETTE

FONT = "system-ui, sans-serif"


def theme(text: str, background: str | None) -> dict[str, Any]:
    """The config of a chart with this colour of text; None: no background."""
    faint = {
        "gridColor": text,
        "gridOpacity": 0.12,
        "domainColor": text,
        "domainOpacity": 0.3,
        "labelColor": text,
        "titleColor": text,
    }
    return {
        "background": background,
        "font": FONT,
        # The page's letters may be wider than the ones that the last label was measured with.
        "padding": {"left": 5, "top": 5, "right": 12, "bottom": 5},
        "view": {"stroke": None},
        "axis": {
            "labelFontSize": 12,
            "titleFontSize": 12,
            "titleFontWeight": "normal",
            "ticks": False,
            "labelPadding": 6,
            **faint,
        },
        "axisBand": {"grid": False},
        "legend": {
            "labelColor": text,
            "labelFontSize": 12,
            "titleColor": text,
            "titleFontSize": 12,
            "titleFontWeight": "normal",
        },
        "title": {"color": text, "anchor": "start", "fontSize": 15, "offset": 12},
        "mark": {"color": PALETTE[0]},
        "line": {"point": True, "strokeWidth": 2},
        "tick": {"color": text, "thickness": 2},
        "rule": {"color": text, "strokeDash": [4, 3]},
        "text": {"color": text, "fontSize": 11},
    }


# On a page the page's own text colour, which follows dark mode.
PAGE = theme("currentColor", "transparent")
LIGHT = theme("#15203b", "#ffffff")
DARK = theme("#e3e8ef", "#1a2029")
