"""A report's headline: sentences with numbers from its rows, as templates in the header.

`{rows:step}` is the number of rows with its noun (`{rows:story|stories}` where the plural is irregular), `{step[0]}` a
value of a row (0 is the first, -1 the last), `{cost.sum}` what a column adds up to, `.max` and `.min` its extremes,
`{status.counts}` how many rows have each of its values, `{cost.sum@month}` the sum of the rows with the first row's
month. A sentence of which a value is unknown is left out. Money is added up by currency. A step that several pipelines
or sources have is named with its own.
"""

import re
from collections import Counter
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from string import Formatter
from typing import Any

from ..nouns import counted
from ..values.quantities import MONEY, TIME, money, number

FIELD = re.compile(r"(?P<column>\w+)(?:\[(?P<row>-?\d+)\]|\.(?P<total>sum|max|min|counts)(?:@(?P<same>\w+))?)?")
NEEDS_ALL = re.compile(r"\.|\[-")
TOTALS: dict[str, Callable[..., Any]] = {"sum": sum, "max": max, "min": min}
ROWS = "rows"
# Steps of these may have the same name.
OWNERS = ("source", "pipeline")
Row = Mapping[str, Any]


def problems(templates: Sequence[str], columns: Collection[str]) -> Iterator[tuple[str, str]]:
    """(word to look for in the file, reason) of everything that is wrong with a headline."""
    for template in templates:
        try:
            fields = [field for _, field, _, _ in Formatter().parse(template) if field is not None]
        except ValueError as error:
            yield "headline", f"its headline cannot be read ({error})"
            continue
        for field in fields:
            found = FIELD.fullmatch(field)
            if not found or (found["column"] == ROWS) != (field == ROWS) or (field in columns and field != ROWS):
                yield (
                    "{" + field,
                    f"its headline has {{{field}}}; write {{rows}}, {{column[0]}}, {{column.sum}}, .max, .min, .counts",
                )
                continue
            unknown = [name for name in found.group("column", "same") if name and name != ROWS and name not in columns]
            for name in unknown:
                known = ", ".join(columns)
                yield "{" + field, f"its headline has {name!r}, which is not a column; the columns are {known}"


def headline(templates: Sequence[str], rows: Sequence[Row], count: int | None = None) -> str:
    """The sentences for rows; '' without rows. Of more rows (`count`) than are here, none that needs all of them."""
    if not rows:
        return ""
    count = len(rows) if count is None else count
    return " ".join(said for template in templates if (said := _sentence(template, rows, count)))


def _sentence(template: str, rows: Sequence[Row], count: int) -> str:
    said = ""
    for text, field, noun, _ in Formatter().parse(template):
        said += text
        if field is None:
            continue
        if count > len(rows) and NEEDS_ALL.search(field):
            return ""
        value = _read("", count, {}, noun or "") if field == ROWS else _value(field, noun or "", rows)
        if value is None:
            return ""
        said += value
    return said


def _value(field: str, noun: str, rows: Sequence[Row]) -> str | None:
    """A field's text; None where it is not known."""
    found = FIELD.fullmatch(field)
    assert found
    column = found["column"]
    if found["row"] is not None:
        place = int(found["row"])
        row = rows[place] if -len(rows) <= place < len(rows) else {}
        said = _read(column, row.get(column), row, noun)
        # A story says whose step it is.
        return said + _owner(row, rows) if said and column == "step" and "story" not in row else said
    if found["same"]:
        same, value = found["same"], rows[0].get(found["same"])
        rows = [row for row in rows if row.get(same) == value]
    if found["total"] == "counts":
        return _counts(str(row.get(column) or "unknown") for row in rows)
    known = [row for row in rows if isinstance(row.get(column), (int, float))]
    total = TOTALS[found["total"] or "sum"]
    if column in MONEY:
        sums = {currency: total(row[column] for row in group) for currency, group in _by_currency(known).items()}
        return " and ".join(money(amount, currency) for currency, amount in sums.items()) or None
    return _read(column, total(row[column] for row in known), {}, noun) if known else None


def _read(column: str, value: Any, row: Row, noun: str) -> str | None:
    if value is None or value == "":
        return None
    if isinstance(value, (int, float)):
        return counted(value, noun) if noun else number(column, value, str(row.get("currency") or ""))
    if found := TIME.fullmatch(str(value)):
        return " ".join(filter(None, found.groups()))
    return str(value)


def _owner(row: Row, rows: Sequence[Row]) -> str:
    """Whose step a row is about, where other rows are about another one of this name."""
    others = [other for other in rows if other["step"] == row["step"]]
    names = [str(row[name]) for name in OWNERS if row.get(name) and any(other[name] != row[name] for other in others)]
    return f" of {' '.join(names)}" if names else ""


def _counts(names: Iterable[str]) -> str:
    """How often each name is there, most first."""
    found = sorted(Counter(names).items(), key=lambda each: (-each[1], each[0]))
    return ", ".join(f"{count:,} {name.replace('_', ' ')}" for name, count in found)


def _by_currency(rows: Sequence[Row]) -> dict[str, list[Row]]:
    groups: dict[str, list[Row]] = {}
    for row in rows:
        groups.setdefault(str(row.get("currency") or ""), []).append(row)
    return groups
