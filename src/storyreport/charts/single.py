"""One chart of a report's rows while it is put together: names, values, colours and axes become a specification."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from ..values.quantities import MONEY
from . import axes, bounds, events, units
from .bounds import Bound
from .colours import colours
from .marks import Href, Mark, before, coloured, distinct, distinguish, grouped, identity, ranked, tooltip
from .units import Row
from .words import labels, title

MOST_BARS = 12
# Heights of a panel: alone, one of a few below each other, one of many.
HEIGHT, LOW_HEIGHT, LOWEST_HEIGHT, MANY_PARTS = 260, 170, 110, 4
FEW_TICKS = 4
MANY_POINTS = 200
RANKING = ("bar", "circle", "point")
# More links than these are in the way of the keyboard.
MOST_LINKED = 100
SCHEMA = "https://vega.github.io/schema/vega-lite/v6.json"


@dataclass(frozen=True)
class Context:
    """What a chart needs beside its rows: the names of all sources, its width, and what its marks lead to."""

    title: str
    columns: Sequence[str]
    sources: Sequence[str] = ()
    width: int = 960
    most: int = MOST_BARS
    by: str = "day"
    href: Href | None = None
    before: Sequence[Row] = ()  # the rows of the period before
    days_before: int = 0  # how long it is
    rules: Sequence[tuple[str, str]] = ()  # (day, text) of what happened on it, drawn on an axis of days
    bounds: Sequence[Bound] = ()  # limits on the values that are drawn
    rows_in_all: str = ""  # in words, where the rows are only the first of them


@dataclass
class Single:
    """One chart while it is put together."""

    chart: Mapping[str, Any]
    rows: list[Row]
    context: Context
    notes: list[str]
    among: int  # the number of parts
    before: Sequence[Row] = ()
    days: Sequence[Any] = ()  # those of all parts
    is_first: bool = True
    has_more: bool = False
    colour: dict[str, Any] | None = None
    height: int = HEIGHT
    tooltip_columns: list[str] = field(default_factory=list)  # all where none is named
    layers: list[dict[str, Any]] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.encoding = {name: dict(channel) for name, channel in self.chart["encoding"].items() if name != "row"}
        mark = self.chart["mark"]
        self.mark: dict[str, Any] = {"type": mark} if isinstance(mark, str) else dict(mark)
        self.is_bar = self.mark["type"] == "bar"
        self.is_one_of_many = self.among > 1
        self.is_narrow = self.context.width < axes.NARROW
        self.label_limit = min(280, (0.45 if self.is_narrow else 0.4) * self.context.width)
        place = "x" if self.encoding.get("x", {}).get("type") == "quantitative" else "y"
        self.value_axis, self.name_axis = place, "y" if place == "x" else "x"
        self.measure: dict[str, Any] = self.encoding.get(place, {})
        self.category: dict[str, Any] = self.encoding.get(self.name_axis, {})

    def spec(self) -> dict[str, Any]:
        """The specification; empty where no row is left."""
        if "x2" in self.encoding:
            return self._timeline()
        is_ranking = self.mark["type"] in RANKING and self.category.get("type") == "nominal"
        names: list[Any] = []
        if is_ranking:
            if not units.adds(self.measure):
                distinguish(self.rows, self.category["field"], self.encoding.get("color", {}).get("field"))
                self.measure["stack"] = None
            self.rows, names, self.has_more = ranked(
                self.rows, self.measure, self.category, self.context.most, self.notes
            )
        # The names beside bars may be as wide as `axes.named` lets them be.
        self._colour(self.context.width - (1.2 * self.label_limit + 10 if is_ranking else 60))
        if not self.rows:
            return {}
        marks = grouped(self.rows, self.category["field"], self.measure)
        channel, known = self._names(names or distinct(self.rows, self.category["field"]), is_ranking)
        self._compare(marks)
        values = self._values(marks, known)
        limits = self._limits(values, len(self.rows))
        measured = self._measured(values, limits)
        self.layers += bounds.layers(limits, self.value_axis)
        return self._complete(values, measured, channel)

    def _limits(self, values: Sequence[Mapping[str, Any]], count: int) -> list[Row]:
        """The limits that are drawn: of this currency, on what a bar or a point is; a note tells of those far off."""
        is_sum = units.adds(self.measure) and not self.measure.get("ratio")
        is_of_rows = not is_sum or len({value["name"] for value in values}) == count
        currency = str(self.rows[0].get("currency") or "")
        own = [each for each in self.context.bounds if each.currency in ("", currency)]
        return bounds.near([each for each in own if is_of_rows or not each.is_of_rows], values, self.notes)

    def _names(self, names: list[Any], is_ranking: bool) -> tuple[dict[str, Any], dict[Any, str]]:
        """The channel of the categories, and each with the value that stands for it in the data."""
        kind, width = self.category.get("type"), self.context.width
        if is_ranking:
            known = labels([str(name) for name in names], int(self.label_limit / axes.LETTER))
            if self.name_axis == "y":
                channel, self.height = axes.named(self.category, list(known.values()), self.label_limit)
                return channel, dict(known)
            return axes.stepped(self.category, list(known.values())), dict(known)
        if kind == "temporal":
            every = axes.days([str(name) for name in self.days or names], self.context.by)
            self._rules(every)
            channel = axes.dated(every, self.category, width, self.is_bar, self.context.by)
            if self.is_bar and width > axes.WIDEST_BAR * len(every):
                self.mark["width"] = axes.WIDEST_BAR
            if self.days and channel["type"] == "temporal":
                channel["scale"] = {"domain": [axes.moment(every[0]), axes.moment(every[-1])]}
            return channel, {name: str(name)[:10] for name in names}
        known = {name: str(name) for name in names}
        if self.is_bar and kind == "ordinal":
            self.mark["size"] = min(60, 0.7 * width / max(1, len(known)))
        return axes.stepped(self.category, list(known.values())), known

    def _compare(self, marks: Sequence[Mark]) -> None:
        """Give the marks what they were in the period before: once for each bar."""
        is_time = self.category.get("type") == "temporal"
        days, by = self.context.days_before, self.context.by
        shifted = (lambda day: axes.bucket(day, days, by)) if is_time else None
        known = before(self.before, self.category, self.measure, shifted)
        for mark in marks:
            key = str(mark.name)[:10] if is_time else identity(mark.original, self.category, self.measure)
            mark.previous = known.pop(key, None)
        if any(mark.previous is not None for mark in marks):
            self.notes.append("The thin lines are the period before.")

    def _values(self, marks: Sequence[Mark], known: Mapping[Any, str]) -> list[dict[str, Any]]:
        """The data: a row for each mark."""
        channels = [self.category, {**self.encoding.get("color", {}), "of": "colour"}, self.measure]
        found = []
        is_linked = len(marks) <= MOST_LINKED
        if len(marks) > MANY_POINTS:
            # With so many rows the tooltip has only the columns that are drawn.
            drawn = dict.fromkeys(channel["field"] for channel in channels if channel.get("field"))
            self.tooltip_columns = [*drawn, *([] if "currency" not in self.context.columns else ["currency"])]
        for mark in marks:
            key = str(mark.name) if str(mark.name) in known else mark.name
            value: dict[str, Any] = {"name": known[key], "value": mark.value, **self._says(mark, channels, is_linked)}
            if mark.previous is not None:
                value["previous"] = mark.previous
            if self.colour:
                value["colour"] = mark.colour
            if "detail" in self.encoding:
                value["detail"] = mark.row[self.encoding["detail"]["field"]]
            if ratio := self.measure.get("ratio"):
                value["n"] = sum(row[ratio[1]] or 0 for row in mark.rows)
            elif of := self.measure.get("of"):
                value["n"] = mark.row[of] or 0
            found.append(value)
        return found

    def _says(self, mark: Mark, channels: Sequence[Mapping[str, Any]], is_linked: bool) -> dict[str, Any]:
        """What a mark says, in a sentence and line by line, and where it leads."""
        lines = tooltip(mark, channels, self.tooltip_columns or self.context.columns)
        text = "; ".join(f"{name}: {value}" for name, value in lines)
        says: dict[str, Any] = {
            "says": text,
            **{f"tip{place}": value for place, (_, value) in enumerate(lines)},
            "titles": [name for name, _ in lines],
        }
        find = self.context.href if is_linked else None
        href = find(self.category.get("field", ""), mark.original) if find else ""
        return {**says, "href": href} if href else says

    def _measured(self, values: list[dict[str, Any]], limits: list[Row]) -> dict[str, Any]:
        narrow, line = self.is_narrow, self.mark["type"] == "line"
        currency = str(self.rows[0].get("currency") or "") if self.measure.get("field") in MONEY else ""
        units.spread(self.measure, [value["value"] for value in values], self.is_bar)
        if units.is_logarithmic(self.measure):
            self.notes.append("Logarithmic scale.")
        if line and len(values) > MANY_POINTS:
            self.mark["point"] = False
        stacked = units.adds(self.measure) and not self.measure.get("ratio")
        sums: dict[str, float] = {}
        for value in values:
            before = sums.get(value["name"], 0.0)
            sums[value["name"]] = before + abs(value["value"]) if stacked else max(before, abs(value["value"]))
            if "previous" in value:
                sums[""] = max(sums.get("", 0.0), value["previous"])
        peak = max(*sums.values(), *(limit["value"] for limit in limits), 0.0)
        return units.measured(self.measure, [*values, *limits], peak, narrow, "" if self.is_one_of_many else currency)

    def _colour(self, room: float) -> None:
        """The channel of the colours, and the rows that are left."""
        channel = self.encoding.get("color")
        if not channel or channel.get("type") != "nominal":
            return
        own, sources = channel["field"], list(self.context.sources)
        measure = {} if "x2" in self.encoding else self.measure
        self.rows = coloured(self.rows, own, measure, self.mark["type"] == "line", self.notes)
        place = {name: number for number, name in enumerate([*sources, *self.chart.get("fold", ())])}
        shown = sorted(
            distinct(self.rows, "coloured"),
            key=lambda name: (name == "others", place.get(name, -1), str(name)),
        )
        is_named = len(shown) <= 1 or own in (self.encoding.get(name, {}).get("field") for name in "xy")
        longest = 1.2 * axes.LETTER * max((len(str(name)) for name in shown), default=1)
        limit = round(min(longest, 130 if room < axes.NARROW else 200))
        legend = {
            "title": None,
            "orient": "top",
            "columns": max(1, int(room // (limit + 25))),
            "labelLimit": limit,
            "symbolType": "circle",
            # The page's letters may be wider than the ones that the legend was measured with.
            "columnPadding": 24,
        }
        self.colour = {
            "field": "colour",
            "type": "nominal",
            "title": title(channel),
            "scale": {"domain": shown, "range": colours(own, shown, sources)},
            # Folded columns have the same colours in all parts.
            "legend": None if is_named or ("fold" in self.chart and not self.is_first) else legend,
        }

    def _rules(self, every: Sequence[str]) -> None:
        """What happened on days that are drawn."""
        if self.name_axis == "x":
            self.layers += events.layers(self.context.rules, every, self.is_bar, self.context.width)

    def _timeline(self) -> dict[str, Any]:
        """Bars from a time to another, in the order of their beginnings; one without an end goes on to the last."""
        start, end, name = (self.encoding[axis]["field"] for axis in ("x", "x2", "y"))
        self._colour(self.context.width - self.label_limit)
        last = max(str(time) for row in self.rows for time in (row[start], row[end] or ""))
        if any(row[end] is None for row in self.rows):
            self.notes.append("A bar without an end reaches to the right.")
        rows = sorted(self.rows, key=lambda row: str(row[start]))
        known = labels([str(each) for each in distinct(rows, name)], int(self.label_limit / axes.LETTER))
        self.category = self.encoding["y"]
        values = []
        for row in rows:
            mark = Mark(row[name], row.get("coloured", ""), [row])
            span = {"name": known[str(row[name])], "since": row[start], "until": row[end] or last}
            values.append(
                {
                    **span,
                    **({"colour": mark.colour} if self.colour else {}),
                    **self._says(mark, (), len(rows) <= MOST_LINKED),
                }
            )
        channel, self.height = axes.named(self.category, list(known.values()), self.label_limit)
        self.name_axis, self.value_axis = "y", "x"
        more: dict[str, Any] = {"x2": {"field": "until"}}
        if self.colour:
            # A moment is a bar too: its edge is seen.
            more["stroke"] = {**self.colour, "legend": None}
        return self._complete(values, axes.spanned(self.encoding["x"], self.is_narrow), channel, more)

    def _complete(
        self,
        values: list[dict[str, Any]],
        measure: dict[str, Any],
        category: dict[str, Any],
        more: Mapping[str, Any] | None = None,
    ) -> dict[str, Any]:
        """The specification of data and axes."""
        titles = values[0]["titles"] if len({tuple(value["titles"]) for value in values}) == 1 else []
        for value in values:
            del value["titles"]
        tips = [{"field": f"tip{place}", "type": "nominal", "title": name} for place, name in enumerate(titles)] or {
            "field": "says",
            "type": "nominal",
        }
        encoding: dict[str, Any] = {
            self.name_axis: category,
            self.value_axis: measure,
            **(more or {}),
            "description": {"field": "says"},
            "tooltip": tips,
        }
        if self.colour:
            encoding["color"] = self.colour
        if "detail" in self.encoding:
            encoding["detail"] = {"field": "detail", "type": "nominal"}
        if any("href" in value for value in values):
            encoding["href"] = {"field": "href"}
        if self.is_one_of_many and self.height == HEIGHT:
            self.height = LOWEST_HEIGHT if self.among >= MANY_PARTS else LOW_HEIGHT
            if self.value_axis == "y":
                measure["axis"]["tickCount"] = FEW_TICKS
        layers = [
            {"data": {"values": values}, "mark": self.mark, "encoding": encoding},
            *self._beside(values, encoding),
        ]
        layers += self.layers
        size = {"width": self.context.width, "height": self.height}
        around = {"$schema": SCHEMA, "description": f"Chart: {self.context.title}", **size}
        around["autosize"] = {"type": "fit-x", "contains": "padding"}
        return {**around, **layers[0]} if len(layers) == 1 else {**around, "layer": layers}

    def _beside(self, values: Sequence[Mapping[str, Any]], encoding: Mapping[str, Any]) -> list[dict[str, Any]]:
        """Layers of the same axes: the points of a rate, as large as what it is of, and ticks for the period before."""
        layers: list[dict[str, Any]] = []
        axes_of = {
            name: {key: channel[key] for key in channel if key != "axis"}
            for name, channel in encoding.items()
            if name in "xy"
        }
        if {"ratio", "of"} & self.measure.keys() and self.mark["type"] == "line":
            self.mark |= {"point": False, "opacity": 0.45}
            size = {"field": "n", "type": "quantitative", "legend": None, "scale": {"range": [20, 260]}}
            layers.append(
                {
                    "data": {"values": list(values)},
                    "mark": {"type": "circle", "opacity": 0.85},
                    "encoding": {**encoding, **axes_of, "size": size},
                }
            )
        before: dict[str, float] = {}
        for value in values:
            if "previous" in value:
                before[value["name"]] = before.get(value["name"], 0) + value["previous"]
        if before:
            points = [{"name": name, "value": value, "says": "the period before"} for name, value in before.items()]
            plain = {**axes_of, self.value_axis: {"field": "value", "type": "quantitative"}}
            says = {"description": {"field": "says"}}
            layers.append({"data": {"values": points}, "mark": {"type": "tick"}, "encoding": {**plain, **says}})
        return layers
