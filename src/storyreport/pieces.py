"""Pieces of a mapping: a SELECT that has a name, which becomes a CTE of each section that selects from it.

A piece may select from other pieces, and from CTEs of the section that it is put into.
"""

import re
from collections.abc import Mapping

COMMENT = re.compile(r"--[^\n]*|/\*.*?\*/", re.DOTALL)
ACTION = re.compile(r"with (\w+)(, materialized)?")
# The part of a piece that sections of each part may use.
ANY = "any"
# What stands before a statement's first word, and the WITH that it may begin with.
BEGINNING = re.compile(
    r"(?P<before>(?:\s+|--[^\n]*\n|/\*.*?\*/)*)(?P<own>with\b(?P<recursive>\s+recursive\b)?)?", re.DOTALL
)


def words_of(sql: str) -> set[str]:
    """Every word of a statement, its comments left out."""
    return set(re.findall(r"\w+", COMMENT.sub("", sql)))


def cte(action: str, sql: str) -> str:
    """A piece as it stands in a WITH."""
    heading = ACTION.fullmatch(action)
    assert heading is not None  # mappings are checked when they are read
    name, materialized = heading.groups()
    return f"{name} as {'materialized ' if materialized else ''}(\n{sql}\n)"


def names_used(sql: str, pieces: Mapping[str, str]) -> set[str]:
    """The pieces (name → CTE) that a statement selects from, and those that these select from."""
    used: set[str] = set()
    new = words_of(sql) & set(pieces)
    while new:
        used |= new
        new = {name for found in new for name in words_of(pieces[found]) & set(pieces)} - used
    return used


def with_pieces(sql: str, pieces: Mapping[str, str]) -> str:
    """A statement with the CTEs of the pieces that it uses, before its own."""
    used = names_used(sql, pieces)
    if not used:
        return sql
    beginning = BEGINNING.match(sql)
    assert beginning is not None  # it matches nothing at all, too
    ctes = ",\n".join(text for name, text in pieces.items() if name in used)
    separator = "," if beginning["own"] else ""
    return f"{beginning['before']}with{beginning['recursive'] or ''} {ctes}{separator}\n{sql[beginning.end() :]}"
