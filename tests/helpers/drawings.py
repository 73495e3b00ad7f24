"""Charts as their parts are drawn, without a page."""

from typing import Any

from storyreport import charts


def drawn(chart: dict[str, Any], rows: list[dict[str, Any]]) -> charts.Drawing:
    """A chart of rows of two sources."""
    found = charts.drawing(chart, rows, charts.Context("A chart", list(rows[0]), ["films", "tales"]))
    assert found
    return found
