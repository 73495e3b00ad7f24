"""SQL files in sections: a line `-- name: what` begins one, which runs to the next."""

import re
from collections.abc import Iterator
from dataclasses import dataclass

HEADING = re.compile(r"^-- (\w+): ([\w ,]+)$", re.MULTILINE)


@dataclass(frozen=True)
class Section:
    """One statement of an SQL file and the two halves of its heading."""

    name: str
    what: str
    sql: str


def sections(text: str) -> Iterator[Section]:
    """The sections of an SQL file in their order; what stands before the first is not one."""
    headings = list(HEADING.finditer(text))
    for heading, following in zip(headings, [*headings[1:], None], strict=True):
        sql = text[heading.end() : following.start() if following else len(text)].strip().removesuffix(";")
        yield Section(heading[1], heading[2], sql)
