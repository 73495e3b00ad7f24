"""A strip for each name, a cell a day: its colour is a rate, its height the number that the rate is of."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from . import axes
from .bounds import RED, ROOM
from .colours import NONE
from .marks import Mark, distinct, value
from .single import MOST_LINKED, Single
from .units import Row
from .words import labels, title

# Rates up to and with this percentage have this colour, on light and on dark pages.
STEPS = (
    (0.0, "#7fb28c"),
    (5.0, "#d9c25f"),
    (10.0, "#e09a45"),
    (25.0, "#dc6f35"),
    (50.0, "#c43f31"),
    (100.0, "#8d1b22"),
)
CELL, LOWEST, NARROWEST = 20, 0.35, 5
TELLING = ("source", "pipeline")
# The most days that are drawn one by one; more are grouped into cells.
MOST_DAYS = 20_000
# The last drawn days are compared with those before.
LAST_PART = 4


@dataclass
class Strip:
    """The rows of a name by period, and its rate in the last periods and before."""

    rows: dict[str, list[Row]]
    now: float  # percentages
    before: float | None
    last_count: float
    excess: float  # how many more failed in the last periods than at the rate before


class Strips(Single):
    """A chart of strips while it is put together."""

    @staticmethod
    def is_meant(chart: Mapping[str, Any]) -> bool:
        """Whether a chart is one of strips: cells over time, coloured by a rate."""
        mark, encoding = chart["mark"], chart["encoding"]
        kinds = tuple(encoding.get(name, {}).get("type") for name in "xy")
        is_rate = "ratio" in encoding.get("color", {})
        return (mark, *kinds) == ("rect", "temporal", "nominal") and is_rate

    @staticmethod
    def of_one(chart: Mapping[str, Any], rows: Sequence[Row]) -> Mapping[str, Any]:
        """The chart; a line instead of strips where there is only one strip."""
        encoding = chart["encoding"]
        columns = (encoding["y"]["field"], *TELLING)
        if len({tuple(row.get(column) for column in columns) for row in rows}) > 1:
            return chart
        return {"mark": "line", "encoding": {"x": encoding["x"], "y": encoding["color"]}}

    def spec(self) -> dict[str, Any]:
        """The specification; the name whose failures rose most comes first."""
        self.name_axis, self.value_axis, self.is_bar = "x", "y", True
        self.measure, self.category = self.encoding["color"], self.encoding["x"]
        every = axes.days(distinct(self.rows, self.category["field"]), self.context.by, MOST_DAYS)
        last = set(every[-max(1, len(every) // LAST_PART) :] if len(every) > 1 else ())
        strips = {name: self._strip(rows, last) for name, rows in self._named().items()}
        order = sorted(strips, key=lambda name: (-strips[name].excess, -strips[name].now, name))
        shown = order[: self.context.most]
        self.has_more = len(order) > len(shown)
        known = labels(shown, int(self.label_limit / axes.LETTER))
        names, self.height = axes.named(self.encoding["y"], list(known.values()), self.label_limit)
        names["field"] = "row"
        self._beside_strips({known[name]: strips[name] for name in shown})
        self._notes(len(shown), len(order), len(last))
        room = self.context.width - names["axis"]["minExtent"] - (70 if self.is_narrow else 170)
        drawn, of = self._together(every, room)
        fields = (self.encoding["y"], self.category, self.measure)
        self.tooltip_columns = [*(channel["field"] for channel in fields), *self.measure["ratio"]]
        is_linked = sum(len(set(map(of.get, strips[name].rows))) for name in shown) <= MOST_LINKED
        values = [cell for name in shown for cell in self._cells(known[name], strips[name], of, is_linked)]
        self._rules(drawn)
        days = axes.dated(drawn, self.category, room, True, self.context.by)
        self.colour = self._scale(room)
        self.mark = {"type": "rect", "height": {"expr": "datum.tall"}}
        return self._complete(values, names, days)

    def _named(self) -> dict[str, list[Row]]:
        """The rows of each name; the same name in several sources or pipelines gets these beside it."""
        name = self.encoding["y"]["field"]
        groups: dict[Any, dict[tuple[Any, ...], list[Row]]] = defaultdict(lambda: defaultdict(list))
        for row in self.rows:
            groups[row[name]][tuple(row.get(column) for column in TELLING)].append(row)
        found = {}
        for own, namesakes in groups.items():
            places = [place for place, _ in enumerate(TELLING) if len({key[place] for key in namesakes}) > 1]
            for key, rows in namesakes.items():
                telling = ", ".join(str(key[place] or NONE) for place in places)
                found[f"{own} ({telling})" if telling else str(own)] = rows
        return found

    def _strip(self, rows: Sequence[Row], last: set[str]) -> Strip:
        day, (part, whole) = self.category["field"], self.measure["ratio"]
        periods: dict[str, list[Row]] = defaultdict(list)
        for row in rows:
            periods[str(row[day])[:10]].append(row)
        newest = [row for period, group in periods.items() if period in last or not last for row in group]
        oldest = [row for period, group in periods.items() if last and period not in last for row in group]
        now, before = (value(group, self.measure) if group else None for group in (newest, oldest))
        count, failed = (sum(row[name] or 0 for row in newest) for name in (whole, part))
        return Strip(periods, now or 0.0, before, count, failed - (before or 0.0) / 100 * count)

    def _together(self, every: Sequence[str], room: float) -> tuple[list[str], dict[str, str]]:
        """The periods that cells begin with, and period → that of its cell, which may have several."""
        each = -(-len(every) * NARROWEST // max(1, int(room)))
        if each > 1:
            self.notes.append(f"A cell is {each} {self.context.by}s.")
        return list(every[::each]), {period: every[place - place % each] for place, period in enumerate(every)}

    def _cells(self, label: str, strip: Strip, of: Mapping[str, str], is_linked: bool) -> list[dict[str, Any]]:
        whole = self.measure["ratio"][1]
        cells: dict[str, list[Row]] = defaultdict(list)
        for period, rows in strip.rows.items():
            cells[of[period]] += rows
        counts = {period: sum(row[whole] or 0 for row in rows) for period, rows in cells.items()}
        most = max(counts.values()) or 1
        channels = [self.encoding["y"], self.category, self.measure]
        found = []
        for period, rows in cells.items():
            mark = Mark(rows[0][self.category["field"]], "", rows, value(rows, self.measure))
            tall = CELL * (LOWEST + (1 - LOWEST) * counts[period] / most)
            colour = next(name for (top, _), name in zip(STEPS, _names(), strict=True) if mark.value <= top + 1e-9)
            cell = {
                "name": period,
                "row": label,
                "value": mark.value,
                "colour": colour,
                "n": counts[period],
                "tall": round(tall, 1),
            }
            found.append({**cell, **self._says(mark, channels, is_linked)})
        return found

    def _beside_strips(self, strips: Mapping[str, Strip]) -> None:
        """The rates before and now, to the right of each strip."""
        limit = min((each.value for each in self.context.bounds), default=None)
        values = [
            {"row": label, "text": self._change(strip), "over": limit is not None and strip.now > limit}
            for label, strip in strips.items()
        ]
        if any(each["over"] for each in values):
            self.notes.append(f"Red is over the limit, {self.context.bounds[0].short}.")
        self.layers.append(
            {
                "data": {"values": values},
                "mark": {"type": "text", "align": "left", "x": "width", "dx": 8},
                "encoding": {
                    "y": {"field": "row", "type": "nominal", "sort": list(strips)},
                    "text": {"field": "text", "type": "nominal"},
                    "color": {"condition": {"test": "datum.over", "value": RED}},
                },
            }
        )

    def _change(self, strip: Strip) -> str:
        now = f"{strip.now:.0f} %" if strip.last_count else "not run"
        change = now if strip.before is None else f"{strip.before:.0f} → {now}"
        return (change if self.is_narrow or not strip.last_count else f"{change} of {strip.last_count:,}") + ROOM

    def _notes(self, shown: int, count: int, last: int) -> None:
        if last:
            span = f"{last} {self.context.by}s" if last > 1 else self.context.by
            self.notes.append(f"On the right: the rate before → in the last {span}; the largest rise comes first.")
        if shown < count:
            self.notes.append(f"The first {shown} of {count} are drawn.")
        self.notes.append("The taller a cell, the larger the number behind its rate.")

    def _scale(self, room: float) -> dict[str, Any]:
        legend = {
            "title": title(self.measure),
            "orient": "top",
            "symbolType": "square",
            "columns": max(2, int(room // 70)),
            "columnPadding": 14,
        }
        scale = {"domain": _names(), "range": [colour for _, colour in STEPS]}
        return {"field": "colour", "type": "nominal", "scale": scale, "legend": legend}


def _names() -> list[str]:
    return ["none", *(f"≤ {top:.0f} %" for top, _ in STEPS[1:-1]), f"> {STEPS[-2][0]:.0f} %"]
