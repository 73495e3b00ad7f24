"""The lake's columns as the plain form's mapping reads them: typed views src_<table>, without rows that cannot be used.

The rules are those of storyreport.typed, for columns that have one type throughout.
"""

from collections.abc import Mapping

from ..sources.steps import DATABASE
from ..system import AMOUNTS, NUMBERS, Type
from ..typed_values import LARGEST_AMOUNT, LONGEST_KEY, LONGEST_WORD, NONE_OF, PROBLEMS, SHORTEST_SECRET
from ..values import UNKNOWN_CURRENCY
from .contract import FLAG, INTEGER, NUMBER, SAID, STARTS, columns
from .dialect import translate
from .engine import Engine

IN_RANGE = f"({{c}} between -{LARGEST_AMOUNT:.0f} and {LARGEST_AMOUNT:.0f})"
VALUES = {
    Type.KEY: "cast({c} as text)",
    Type.WORD: f"""case
        when length({{c}}) <= {SHORTEST_SECRET} and is_plain_word({{c}}) then {{c}}
        else clean_word({{c}}, {LONGEST_WORD})
    end""",
    Type.TEXT: "clean_text({c})",
    Type.LOCAL: "case when is_known_time({c}) then time_text({c}) end",
    Type.COUNT: "case when {c} >= 0 then truncated({c}) end",
    Type.MS: "case when {c} >= 0 then cast(round({c}) as integer) end",
    Type.SECONDS: "case when {c} >= 0 then cast(round({c} * 1000) as integer) end",
    Type.NUMBER: "cast({c} as real)",
    Type.MONEY: "case when {c} <> -1 then cast({c} as real) end",
}
FLAGS = {
    FLAG: "case when {c} then 1 when not {c} then 0 end",
    INTEGER: "case {c} when 1 then 1 when 0 then 0 end",
    "text": """case
        when lower({c}) in ('1', 'true', 't', 'yes') then 1
        when lower({c}) in ('0', 'false', 'f', 'no') then 0
    end""",
}
IS_UNREADABLE = (
    f"(length(cast({{c}} as text)) > {LONGEST_KEY}"
    " or (is_unprintable(cast({c} as text)) and is_text(cast({c} as text)) = 0))"
)
REASONS = {kind: reason for kind, (_, reason) in PROBLEMS.items()}
# What a column is where the lake does not have it, in SQL.
NOTHING = {
    **dict.fromkeys((Type.KEY, Type.WORD, Type.TEXT, Type.LOCAL), "cast(null as text)"),
    **dict.fromkeys((Type.COUNT, Type.MS, Type.SECONDS, Type.FLAG), "cast(null as integer)"),
    **dict.fromkeys((Type.NUMBER, Type.MONEY), "cast(null as real)"),
}


def value(table: str, name: str, kind: Type, found: Mapping[str, str]) -> str:
    """The typed value of a column, in SQL; `found` is what the lake has: column → kind."""
    if name not in found:
        return NOTHING[kind]
    if kind is Type.FLAG:
        return FLAGS[found[name]].format(c=name)
    if name in DATABASE.tables[table].currencies:
        return f"case when {name} in ('USD', 'usd') then 'USD' when {name} <> '' then currency_code({name}) end"
    typed = VALUES[kind].format(c=name)
    if kind not in NUMBERS:
        return typed
    is_number = f"not is_nan({name}) and " if found[name] == NUMBER else ""
    return f"case when {is_number}{IN_RANGE.format(c=name)} then {typed} end"


def problem(table: str, found: Mapping[str, str]) -> str:
    """Why a row cannot be loaded, in SQL, or null."""
    description = DATABASE.tables[table]
    cases = []
    for column in columns(table):
        if column.name in description.required:
            cases.append(f"when coalesce(cast({column.name} as text), '') = '' then 'has no {column.name}'")
        if column.name not in found:
            continue
        if column.kind is Type.KEY:
            cases.append(f"when {IS_UNREADABLE.format(c=column.name)} then '{column.name} {REASONS[Type.KEY]}'")
        if description.drops_values:
            continue
        if column.kind in (Type.LOCAL, *NUMBERS):
            bad = _is_bad(column.name, column.kind, found[column.name])
            cases.append(f"when {bad} then '{column.name} {REASONS[column.kind]}'")
    if description.required_one:
        held = [name for name in description.required_one if name in found]
        nothing = " and ".join(f"coalesce(cast({name} as text), '') = ''" for name in held) or "1 = 1"
        cases.append(f"when {nothing} then '{NONE_OF.format(names=', '.join(description.required_one))}'")
    return f"case {' '.join(cases)} end" if cases else "cast(null as text)"


def warning(table: str, found: Mapping[str, str]) -> str:
    """Which values of a row are dropped, in SQL, or null."""
    description = DATABASE.tables[table]
    of_columns = []
    for name, kind in ((one.name, one.kind) for one in columns(table) if one.name in found):
        cases = []
        is_dropped = description.drops_values and name not in description.required
        if is_dropped and kind in (Type.LOCAL, *NUMBERS):
            cases.append(f"when {_is_bad(name, kind, found[name])} then '; {name} {REASONS[kind]}'")
        if kind in AMOUNTS:
            cases.append(f"when {name} < 0 then '; negative {name}'")
        if kind is Type.MONEY:
            cases.append(f"when {name} = -1 then '; {name} of -1, which means that there is none'")
        if name in description.currencies:
            cases.append(f"when {value(table, name, kind, found)} = '{UNKNOWN_CURRENCY}' then '; {name} is not known'")
        if cases:
            of_columns.append(f"case {' '.join(cases)} else '' end")
    return f"nullif(substr({' || '.join(of_columns)}, 3), '')" if of_columns else "cast(null as text)"


def _is_bad(name: str, kind: Type, given: str) -> str:
    """Whether a time or a number cannot be, in SQL; no number at all is as good as none."""
    if kind is Type.LOCAL:
        return f"not is_known_time({name})"
    is_number = IN_RANGE.format(c=name)
    return f"not (is_nan({name}) or {is_number})" if given == NUMBER else f"not {is_number}"


def start(table: str, found: Mapping[str, str]) -> str:
    """The start of a row, of which `date` is the UTC day, in SQL."""
    known = [name for name in STARTS[table] if name in found]
    return f"coalesce({', '.join(known)})" if len(known) > 1 else known[0]


def create_views(engine: Engine, table: str, found: Mapping[str, str], is_given: str = "true") -> None:
    """Make checked_<table> of lake_<table>, which says what is wrong with its rows, and src_<table> of the others."""
    given = ", ".join(f"{value(table, one.name, one.kind, found)} as {one.name}" for one in columns(table))
    reasons = f"{problem(table, found)} as problem, {warning(table, found)} as warning"
    rows = f"select *, {reasons} from lake_{table} where {is_given}"
    engine.view(f"checked_{table}", translate(rows, engine.dialect))
    engine.view(f"src_{table}", translate(f"select {given} from checked_{table} where problem is null", engine.dialect))


def create_nothing(engine: Engine, table: str) -> None:
    """Make src_<table> without rows, of a table that the lake does not have."""
    given = ", ".join(f"{NOTHING[one.kind]} as {one.name}" for one in columns(table))
    engine.view(f"src_{table}", translate(f"select * from (select {given}) as nothing where 1 = 0", engine.dialect))


def said(kinds: tuple[str, ...]) -> str:
    """What a column should be, for people."""
    return " or ".join(SAID[kind] for kind in kinds)
