"""Columns that a source calls otherwise: one that is expected is absent beside one that nothing reads."""

import re
from collections.abc import Iterator

from ..readers import sheets, text
from .job import Job

# Words that say little of what a column means.
COMMON = {"id", "is", "at", "has", "of", "key", "name", "type", "time", "date", "on", "the", "total", "number"}
# Names come from the source, and each is compared with each: a table has fewer columns.
MOST_COLUMNS = 500
# Words are alike that begin alike: win, winning.
ALIKE = 3
# Other words for what a column holds.
OTHERWISE = {
    "cost": frozenset(("price", "charge", "charged", "fee", "amount", "usd", "spent")),
    # A result is a status or what the work has made, which is private: it is not read.
    "status": frozenset(("result",)),
}
ACTION = (
    "If it is {absent} under another name, rename it in the source or in an export, or add the name to the aliases of"
    " the table in storyreport; otherwise there is nothing to do."
)
FORBIDDEN = (
    "The user of the source's URL has no right to select them, and their values are unknown: grant it, if wanted."
)


def note_unread_columns(job: Job) -> None:
    """Note each expected column that may not be read, or is absent beside one that is not read and may be the same."""
    for table, columns in job.typed.opened.forbidden.items():
        names = ", ".join(columns)
        job.findings.append(
            ("columns", f"{table}: {names} may not be read", _added_rows(job, table), columns[0], FORBIDDEN)
        )
    for table, description in job.part.tables.items():
        real = _real_columns(job, table)
        absent = [name for name in description.columns if name not in real] if real else []
        absent = [name for name in absent if name not in job.typed.opened.forbidden.get(table, ())]
        known = {
            *description.columns,
            *description.unread,
            *(alias for names in description.aliases.values() for alias in names),
        }
        # MongoDB's _id and __v are of the database, not of the service.
        unread = sorted(name for name in real - known if not name.startswith("_"))[:MOST_COLUMNS]
        for expected, found in _pairs(table, absent, unread):
            job.findings.append(
                (
                    "columns",
                    f"{table}: {expected} is absent, {found} is not read",
                    _added_rows(job, table),
                    found,
                    ACTION.format(absent=expected),
                )
            )


def _added_rows(job: Job, table: str) -> int:
    """How many rows a table has, or has more than before."""
    number = job.typed.opened.numbered.get(table)
    added = f"where {number} > :before" if table in job.continued else ""
    sql = f"select count(*) from {job.typed.name(table)} {added}"
    return int(job.scalar(sql, before=job.continued.get(table)))


def _real_columns(job: Job, table: str) -> set[str]:
    """The columns of a table as the source has them, aliases by the names that they stand for; none of staged ones."""
    opened = job.typed.opened
    if table not in opened.tables or (opened.is_staged and not opened.found.exports):
        return set()
    if not opened.found.exports:
        return set(opened.tables[table][1])
    fields = (
        text.column_of(field) for name, path in opened.found.exports if name == table for field in text.fields(path)
    )
    named = job.part.tables[table].named(dict.fromkeys(fields))
    # A field may have its unit in its name: cost_cents.
    return {sheets.column_in(name, job.part.tables[table])[0] for name in named}


def _pairs(table: str, absent: list[str], unread: list[str]) -> Iterator[tuple[str, str]]:
    """Columns that may be the same: a word of theirs is alike, or there are no others."""
    alone = len(absent) == len(unread) == 1
    meaningless = COMMON | _words(table)
    for expected in absent:
        for found in unread:
            is_otherwise = bool(OTHERWISE.get(expected, frozenset()) & _words(found))
            if (
                alone
                or is_otherwise
                or any(
                    one[:ALIKE] == other[:ALIKE]
                    for one in _words(expected) - meaningless
                    for other in _words(found) - meaningless
                )
            ):
                yield expected, found
                break


def _words(name: str) -> set[str]:
    return {word for whole in re.split(r"[\W_]+", name.lower()) for word in (whole, whole.removesuffix("s")) if word}
