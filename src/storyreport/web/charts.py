"""A chart as chart.js draws it: the header's mark and encoding, with the rows or the address of the rows."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from .visitor import Result


@dataclass(frozen=True)
class Chart:
    """The JSON that chart.js reads: title, file name, Vega-Lite mark and encoding, rows or their address, sources."""

    payload: dict[str, Any]


def of_address(title: str, file_name: str, spec: dict[str, Any], address: str, sources: Sequence[str]) -> Chart:
    """A chart of the rows at a data address."""
    return Chart({"title": title, "name": file_name, "spec": spec, "data": address, "sources": list(sources)})


def of_rows(result: Result, title: str, sources: Sequence[str]) -> Chart | None:
    """A chart of a result's rows; None where its report has none."""
    if not result.report.chart:
        return None
    payload = {"title": title, "name": result.file_name, "spec": result.report.chart, "rows": result.rows}
    return Chart({**payload, "columns": result.columns, "sources": list(sources)})
