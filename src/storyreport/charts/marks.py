"""From rows to marks: which rows are drawn, under which names, in which colours, and what each mark says."""

from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from .colours import NONE, OTHERS, PALETTE
from .units import Row, adds, suffix
from .words import reading, safe, title

# As many as people can distinguish.
MOST_LINES = 6
MOST_COLUMNS = 12
# The columns that tell namesakes apart, in this order.
TELLING = ("source", "kind", "step", "story")
# Columns whose names without the unit do not say what is missing.
RATES = ("_pct", "_minutes")
# The column of a copied row with the row as it was.
ORIGINAL = ""
# The address that a mark leads to, by the column of its category and its first row; '' for none.
Href = Callable[[str, Row], str]


@dataclass
class Mark:
    """A bar's part or a point: the category and the colour that it has, and the rows that it stands for."""

    name: Any
    colour: str
    rows: list[Row]
    value: float = 0.0
    previous: float | None = None

    @property
    def row(self) -> Row:
        """The first of its rows, as it is drawn."""
        return self.rows[0]

    @property
    def original(self) -> Row:
        """The first of its rows, as it came."""
        row: Row = self.rows[0][ORIGINAL]
        return row


def drawable(found: Sequence[Row], chart: Mapping[str, Any], notes: list[str]) -> list[Row]:
    """Copies of the rows that can be drawn, their names safe; a note says what is left out."""
    rows, encoding = _folded(found, chart.get("fold") or ()), chart["encoding"]
    needed = [
        channel["field"]
        for channel in encoding.values()
        if channel.get("field") and channel.get("type", "nominal") != "nominal"
    ]
    kept = [row for row in rows if all(row[field] is not None for field in needed)]
    if len(kept) < len(rows):
        missing = [field for field in dict.fromkeys(needed) if any(row[field] is None for row in rows)]
        count = len(rows) - len(kept)
        noun, verb = ("row has", "is") if count == 1 else ("rows have", "are")
        # "12 rows have no success" would be another statement.
        words = " or ".join("value" if suffix(field) in RATES else title({"field": field}) for field in missing)
        notes.append(f"{count} {noun} no {words} and {verb} only in the table.")
    names = {
        channel["field"] for channel in encoding.values() if channel.get("type") == "nominal" and channel.get("field")
    }
    return [
        {**row, **{name: safe(row[name] or NONE) for name in names}, ORIGINAL: row.get(ORIGINAL, row)} for row in kept
    ]


def distinct(rows: Iterable[Row], field: str) -> list[Any]:
    """The values of a column, in their order."""
    return list(dict.fromkeys(row[field] for row in rows))


def value(rows: Sequence[Row], measure: Mapping[str, Any]) -> float:
    """What rows are together: their number, a percentage of sums, their sum, or the largest if they do not add up."""
    if measure.get("aggregate") == "count":
        return len(rows)
    if ratio := measure.get("ratio"):
        part, whole = (sum(row[name] or 0 for row in rows) for name in ratio)
        return 100 * part / whole if whole else 0.0
    found = [row[measure["field"]] for row in rows]
    return float(sum(found) if adds(dict(measure)) else max(found))


def totals(rows: Iterable[Row], field: str, measure: Mapping[str, Any]) -> dict[Any, float]:
    """Name → what its rows are together."""
    groups: dict[Any, list[Row]] = defaultdict(list)
    for row in rows:
        groups[row[field]].append(row)
    return {name: value(group, measure) for name, group in groups.items()}


def distinguish(rows: Sequence[Row], field: str, colour: str | None) -> None:
    """Bars of the same name would lie on each other: what differs in their rows is added to it, else a number."""

    def namesakes() -> list[list[Row]]:
        groups: dict[Any, list[Row]] = defaultdict(list)
        for row in rows:
            groups[row[field]].append(row)
        return [group for group in groups.values() if len(group) > 1]

    for column in (colour, *TELLING):
        if not column or column == field or (rows and column not in rows[0]):
            continue
        for group in namesakes():
            if len(distinct(group, column)) > 1:
                for row in group:
                    # Work outside of any run is called by what it is about.
                    is_called = field == "run" and row[field] == NONE and row[column]
                    row[field] = str(row[column]) if is_called else f"{row[field]} ({row[column] or NONE})"
    for group in namesakes():
        for place, row in enumerate(group, 1):
            row[field] = f"{row[field]} ({place})"


def ranked(
    rows: list[Row], measure: Mapping[str, Any], category: Mapping[str, Any], most: int, notes: list[str]
) -> tuple[list[Row], list[Any], bool]:
    """The rows of the bars that are drawn, the names in their order, and whether some that could be are not."""
    sums = totals(rows, category["field"], measure)
    is_by_length = str(category.get("sort") or "").startswith("-")
    order = sorted(sums, key=lambda name: -sums[name]) if is_by_length else list(sums)
    # Where the report's own order is kept, as newest first, what comes first matters most.
    is_whole = "domain" in measure.get("scale", {})
    shown = [name for name in order if sums[name] or is_whole]
    if zeros := len(order) - len(shown):
        notes.append(f"{zeros} with value 0 {'is' if zeros == 1 else 'are'} not drawn.")
    if len(shown) > most:
        notes.append(f"The {f'{most} largest' if is_by_length else f'first {most}'} of {len(shown)} are drawn.")
    kept = shown[:most]
    return [row for row in rows if row[category["field"]] in set(kept)], kept, len(shown) > most


def coloured(rows: list[Row], field: str, measure: Mapping[str, Any], is_line: bool, notes: list[str]) -> list[Row]:
    """The rows with their `coloured` name: the smallest of too many bars share one, such lines are left out."""
    sums = totals(rows, field, measure) if measure else dict.fromkeys(distinct(rows, field), 0.0)
    most = MOST_LINES if is_line else len(PALETTE)
    largest = sorted(sums, key=lambda name: -sums[name])
    kept = set(largest if len(sums) <= most else largest[: most - (not is_line)])
    if is_line and len(kept) < len(sums):
        notes.append(f"The {len(kept)} largest of {len(sums)} are drawn.")
        rows = [row for row in rows if row[field] in kept]
    return [{**row, "coloured": row[field] if row[field] in kept else OTHERS} for row in rows]


def grouped(rows: Sequence[Row], field: str, measure: Mapping[str, Any]) -> list[Mark]:
    """A mark for each row, or for all rows of one name and colour where they may be added up."""
    groups: dict[Any, list[Row]] = defaultdict(list)
    for place, row in enumerate(rows):
        colour = row.get("coloured", "")
        groups[(row[field], colour) if adds(dict(measure)) else place].append(row)
    marks = []
    for group in groups.values():
        marks.append(Mark(group[0][field], group[0].get("coloured", ""), group, value(group, measure)))
    return marks


def before(
    rows: Sequence[Row], category: Mapping[str, Any], measure: Mapping[str, Any], shifted: Callable[[str], str] | None
) -> dict[Any, float]:
    """What the rows of the period before come to: by category where they add up, else by all that tells rows apart.

    `shifted` leads from a day of that period to the day that it is compared with.
    """
    groups: dict[Any, list[Row]] = defaultdict(list)
    for row in rows:
        name = row[category["field"]]
        if shifted and name:
            groups[shifted(str(name)[:10])].append(row)
        elif not shifted:
            groups[identity(row, category, measure)].append(row)
    field = measure.get("field")
    known = {key: [row for row in group if not field or row[field] is not None] for key, group in groups.items()}
    return {key: value(group, measure) for key, group in known.items() if group}


def identity(row: Row, category: Mapping[str, Any], measure: Mapping[str, Any]) -> Any:
    """What a bar stands for: its category, or all that tells its row apart."""
    name = row[category["field"]]
    if adds(dict(measure)):
        return name
    return (name, *(row.get(column) for column in ("source", "pipeline", *TELLING)))


def tooltip(mark: Mark, channels: Sequence[Mapping[str, Any]], columns: Sequence[str]) -> list[tuple[str, str]]:
    """(title, value) of what a mark says: its row, or of several rows what they are together."""
    # What a folded column is called, and its number, is in the row as it is drawn.
    row = {**mark.row, **mark.original}
    currency = str(row.get("currency") or "")
    if len(mark.rows) == 1:
        return [(title({"field": column}), reading(column, row[column], currency)) for column in columns[:MOST_COLUMNS]]
    found = []
    part = {"title": row["key"]} if "key" not in mark.original and "key" in row else {}
    for channel in channels:
        field = channel.get("field") or ""
        if channel.get("type") == "quantitative":
            total = int(mark.value) if float(mark.value).is_integer() else mark.value
            found.append((title({**channel, **part}), reading(field, total, currency)))
            for column in channel.get("ratio", ()):
                found.append((title({"field": column}), reading(column, sum(row[column] or 0 for row in mark.rows))))
        elif field and not (part and field == "key"):
            is_others = mark.colour == OTHERS and channel.get("of") == "colour"
            found.append((title(dict(channel)), OTHERS if is_others else reading(field, row[field])))
    return list(dict(found).items())


def _folded(rows: Sequence[Row], columns: Sequence[str]) -> list[Row]:
    """A row for each of the columns: its name is `key`, its number `value`. Without columns the rows themselves."""
    if not columns:
        return list(rows)
    return [{**row, "key": column, "value": row[column], ORIGINAL: row} for row in rows for column in columns]
