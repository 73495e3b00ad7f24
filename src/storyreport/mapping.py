"""The mapping of a system, read and checked: SQL in sections, each below a heading `-- part: action`.

An action is a core table ("step_runs"), a core table for rows that no other part has ("stories, where absent"),
"pipelines", "steps", or a statement about rows that were loaded before ("delete step_runs", "gone stories", "missing
artifacts").
A piece that several sections select from stands below `-- part: with name`, or `-- any: with name` for all parts.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import cache

from .errors import StoryreportError
from .pieces import ACTION, ANY, COMMENT, cte, names_used, with_pieces
from .system import STATUSES, Part, System

# Parents before children, so that a reference can be resolved as its row is written.
CORE_TABLES = (
    "stories",
    "runs",
    "step_runs",
    "events",
    "artifacts",
    "calls",
    "story_nodes",
    "story_options",
    "log_events",
)
WHERE_ABSENT = ", where absent"
# action → (verb, table)
ACTIONS = {
    "pipelines": ("load", "pipelines"),
    "steps": ("load", "steps"),
    **{core: ("load", core) for core in CORE_TABLES},
    **{core + WHERE_ABSENT: ("load", core) for core in CORE_TABLES},
    **{f"{verb} {core}": (verb, core) for verb in ("delete", "gone") for core in CORE_TABLES},
    "missing artifacts": ("missing", "artifacts"),
}
HEADING = re.compile(r"^[ \t]*--[ \t]*([\w-]+):[ \t]*(\S.*?)[ \t]*$", re.MULTILINE)
# The semicolon of a statement, and comments after it.
END = re.compile(r";?\s*(?:--[^\n]*\s*)*\Z")


class MappingError(StoryreportError):
    """A mapping that does not fit its system or the core tables; the message names system and section."""


@dataclass(frozen=True)
class Section:
    """One statement of a mapping: an INSERT's SELECT, or the rows that an action is about."""

    system: str
    part: str
    action: str
    sql: str

    @property
    def verb(self) -> str:
        """Either load, delete, gone or missing."""
        return ACTIONS[self.action][0]

    @property
    def table(self) -> str:
        """The core table (or `pipelines`, `steps`) that it is about."""
        return ACTIONS[self.action][1]

    @property
    def piece(self) -> str:
        """The name of the piece that it is, or an empty text."""
        found = ACTION.fullmatch(self.action)
        return found[1] if found else ""

    @property
    def only_absent(self) -> bool:
        """Whether rows that are there already stay as they are."""
        return self.action.endswith(WHERE_ABSENT)

    def error(self, problem: object) -> MappingError:
        """An error that names this section."""
        return MappingError(f"The mapping of {self.system}, section '{self.part}: {self.action}': {problem}.")


def _is_heading(text: str, line: re.Match[str]) -> bool:
    """Whether a line begins a section: it follows an empty line or a statement; otherwise it is part of a comment."""
    above = text[: line.start()].splitlines()
    return not above or not above[-1].strip() or above[-1].rstrip().endswith(";")


@cache
def _all_sections(system: str, text: str) -> tuple[Section, ...]:
    """The sections as they are written, pieces among them."""
    headings = [line for line in HEADING.finditer(text) if _is_heading(text, line)]
    ends = [heading.start() for heading in headings[1:]] + [len(text)][: len(headings)]
    if COMMENT.sub("", text[: headings[0].start() if headings else len(text)]).strip():
        raise MappingError(f"The mapping of {system} has SQL before its first heading, like `-- part: step_runs`.")
    return tuple(
        Section(system, heading[1], " ".join(heading[2].split()), END.sub("", text[heading.end() : end].strip()))
        for heading, end in zip(headings, ends, strict=True)
    )


def _pieces(written: tuple[Section, ...], part: str) -> dict[str, str]:
    """Name → CTE of the pieces that a part's sections may use."""
    return {s.piece: cte(s.action, s.sql) for s in written if s.piece and s.part in (part, ANY)}


@cache
def _sections(system: str, text: str) -> tuple[Section, ...]:
    written = _all_sections(system, text)
    return tuple(
        replace(section, sql=with_pieces(section.sql, _pieces(written, section.part)))
        for section in written
        if not section.piece
    )


def sections(system: System) -> tuple[Section, ...]:
    """The sections of a system's mapping, in their order, each with the pieces that it uses."""
    return _sections(system.name, system.mapping())


def check(system: System) -> None:
    """Raise MappingError where the mapping or the description of a system names something that does not exist."""
    for problem in _problems(system):
        raise problem


def _problems(system: System) -> Iterator[MappingError]:
    written = _all_sections(system.name, system.mapping())
    for section in written:
        if section.part not in system.parts and not (section.piece and section.part == ANY):
            yield section.error(f"unknown part {section.part!r}, only {', '.join(system.parts)}")
        elif section.action not in ACTIONS and not section.piece:
            yield section.error(f"unknown core table or action {section.action!r}, only {', '.join(ACTIONS)}")
        elif not COMMENT.sub("", section.sql).strip():
            yield section.error("has no SQL")
        elif section.piece and (problem := _piece_problem(section, written)):
            yield section.error(problem)
    for name, part in system.parts.items():
        yield from (MappingError(f"The system {system.name}, part {name}: {text}.") for text in _part_problems(part))
        if not any(section.part == name and not section.piece for section in written):
            yield MappingError(f"The mapping of {system.name} has no section for its part {name!r}.")


def _piece_problem(piece: Section, written: tuple[Section, ...]) -> str | None:
    near = [section for section in written if section.part == piece.part or ANY in (section.part, piece.part)]
    if piece.piece in CORE_TABLES or piece.piece.startswith(("src_", "all_")):
        return f"{piece.piece!r} is the name of a table, choose another one"
    if sum(section.piece == piece.piece for section in near) > 1:
        return f"there are two pieces {piece.piece!r}"
    used = (names_used(section.sql, _pieces(written, section.part)) for section in near if not section.piece)
    return None if any(piece.piece in names for names in used) else "no section selects from it"


def _part_problems(part: Part) -> Iterator[str]:
    yield from (f"feeds names the unknown core table {core!r}" for core in part.feeds if core not in CORE_TABLES)
    yield from (f"grouped names the unknown core table {core!r}" for core in part.grouped if core not in CORE_TABLES)
    for tables in part.feeds.values():
        yield from (f"feeds names the unknown table {table!r}" for table in tables if table not in part.tables)
    for word, status in part.statuses.items():
        if status not in STATUSES:
            yield f"statuses translates {word!r} to {status!r}, which is none of {', '.join(STATUSES)}"
    for name, table in part.tables.items():
        named = {*table.required, *filter(None, (table.group, table.changed, table.added))}
        yield from (f"table {name} has no column {column!r}" for column in sorted(named - set(table.columns)))
