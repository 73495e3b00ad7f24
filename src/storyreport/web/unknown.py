"""What a page offers where a name is unknown: those that look like it, and the latest."""

import sqlite3
from collections.abc import Callable
from dataclasses import dataclass

from .. import reports
from . import DATABASE, links
from .visitor import Visitor

# What the latest (or, of few, all) of a kind are called.
PLURALS = {
    "run": "The latest runs:",
    "batch": "The latest runs:",
    "story": "The latest stories:",
    "step": "Some steps:",
    "pipeline": "Some pipelines:",
    "source": "The sources:",
}
Address = Callable[[str, str], str]


@dataclass(frozen=True)
class Offered:
    """Names to choose from, as lists with a title; each name has its source ("" if it does not matter) and address."""

    lists: tuple[tuple[str, tuple[tuple[str, str, str], ...]], ...]


async def offered(visitor: Visitor, kind: str, value: str, address: Address | None = None) -> Offered | None:
    """What to offer for an unknown name, or for none; None where there is nothing, or for those who see no report.

    `address` makes the address of a name and its source; otherwise it is that of its page.
    """
    if not await visitor.reports():
        return None

    def of_page(name: str, source: str) -> str:
        return links.detail(visitor.datasette, "run" if kind == "batch" else kind, name, source)

    database = visitor.datasette.get_database(DATABASE)
    near: reports.Near = await database.execute_fn(lambda connection: reports.near(connection, kind, value))
    latest = [pair for pair in near.latest if pair not in near.alike]
    lists = [("Did you mean:", near.alike), (PLURALS.get(kind, f"Some {kind}s:"), latest)]
    found = tuple(
        (title, tuple((name, source, (address or of_page)(name, source)) for name, source in names))
        for title, names in lists
        if names
    )
    return Offered(found) if found else None


async def is_unknown(visitor: Visitor, kind: str, value: str) -> bool:
    """Whether the history does not know a name; of kinds that take any text it knows all."""

    def check(connection: sqlite3.Connection) -> bool:
        try:
            reports.check_name(connection, kind, value)
        except reports.UsageError:
            return True
        return False

    return bool(await visitor.datasette.get_database(DATABASE).execute_fn(check))
