"""The core tables of a lake, from the plain form's mapping: every statement is made of its sections.

An id is the hash of what names the row, so that no engine has to number rows; landing gives them the numbers of the
report database. In the plain form stories and runs are those that rows name, so that no reference leads nowhere.
"""

import re
import sqlite3
from collections.abc import Callable, Mapping
from contextlib import closing
from dataclasses import dataclass
from functools import cache
from importlib import resources

import sqlglot
from sqlglot import exp

from .. import rollups, values
from ..errors import StoryreportError
from ..keyed import HASHED, HASHED_SECRET, SHORT
from ..load.job import KEYS
from ..mapping import sections
from ..nouns import counted
from ..sources import systems
from ..statuses import spellings
from .dialect import SOURCE_ID, translate
from .engine import Engine

GENERATED = re.compile(r"(\w+) \w+ generated always as \((.*)\) stored")
# Of what a token has in it, in each of which an engine calls the function; keys of numbers have none of these.
TOKENS = ("_", "sk-", "pk-", "rk-", "xox", "dapi", "pat-", "pi-", "ai-", "lx-", "ly-")
SIGNS = " or ".join(f"instr({{c}}, '{sign}') > 0" for sign in ("@", "=", "%"))
TOKEN_SIGNS = " or ".join(f"instr({{c}}, '{sign}') > 0" for sign in TOKENS)
PRIVATE = (
    f"case when {SIGNS} or (length({{c}}) > {SHORT} and (lower({{c}}) <> {{c}} or {TOKEN_SIGNS}))"
    " then private_key({c}) else {c} end"
)
Progress = Callable[[str], None]


@dataclass(frozen=True)
class Layout:
    """A table of the report database: its columns' types, their defaults, and how generated ones are made."""

    types: Mapping[str, str]
    defaults: Mapping[str, str]
    generated: Mapping[str, str]


@cache
def layouts() -> dict[str, Layout]:
    """All tables of a report database, as its migrations and rollups lay them out."""
    with closing(sqlite3.connect(":memory:", isolation_level=None)) as connection:
        values.register(connection)
        rollups.lay_out(connection)
        found = connection.execute("select name, sql from sqlite_master where type = 'table'").fetchall()
        made = {}
        for name, sql in found:
            rows = connection.execute(f"pragma table_xinfo('{name}')").fetchall()
            made[name] = Layout(
                {row[1]: row[2].lower() for row in rows},
                {row[1]: row[4] for row in rows if row[4] is not None},
                dict(GENERATED.findall(sql)),
            )
    return made


def section(action: str) -> str:
    """A section of the plain form's mapping, with keys as they are kept."""
    (found,) = (one for one in sections(systems()["steps"]) if one.action == action)
    tree = sqlglot.parse_one(found.sql, read="sqlite")
    assert isinstance(tree, exp.Query)
    given = [
        f"{PRIVATE.format(c=name)} as {name}" if name.endswith("_key") or name in KEYS else name
        for name in tree.named_selects
    ]
    return f"(select {', '.join(given)} from ({found.sql}\n) as mapped_rows)"


def ref(name: str) -> str:
    """The id of the row that a value names, or null."""
    return f"case when {name} is not null then identity({name}) end"


# Pipelines are few, and numbered in the order in which ingest adds them.
PIPELINES = f"""
    select
        row_number() over (order by min(given)) as id,
        name
    from (
        select
            name as given,
            {PRIVATE.format(c="name")} as name
        from {{section}} as named
    ) as kept
    group by name"""
PIPELINE = "left join pipelines as named on named.name = mapped.pipeline_name"
STEP = "identity(key(mapped.pipeline_name, mapped.step_name))"
ERROR = "case when mapped.error_message is not null then neutral(error_text(mapped.error_message)) end"


def table(name: str, given: Mapping[str, str], rows: str) -> str:
    """The SELECT of a core table: the given columns, the defaults of others, and those that are generated."""
    layout = layouts()[name]
    plain = {"source_id": str(SOURCE_ID), "input_id": "1", **layout.defaults, **given}
    columns = ", ".join(
        f"cast({plain.get(column, 'null')} as {kind}) as {column}"
        for column, kind in layout.types.items()
        if column not in layout.generated
    )
    made = "".join(f", cast({sql} as {layout.types[column]}) as {column}" for column, sql in layout.generated.items())
    return f"select made.*{made} from (select {columns} {rows}) as made"


def nothing(name: str) -> str:
    """The SELECT of a table without rows."""
    columns = ", ".join(f"cast(null as {kind}) as {column}" for column, kind in layouts()[name].types.items())
    return f"select * from (select {columns}) as nothing where 1 = 0"


def _pipelines() -> str:
    (found,) = (one for one in sections(systems()["steps"]) if one.action == "pipelines")
    return PIPELINES.format(section=f"({found.sql}\n)")


def _passed(name: str, *others: str) -> dict[str, str]:
    """The columns of a section that are columns of its table, as they are."""
    (found,) = (one for one in sections(systems()["steps"]) if one.action == name)
    tree = sqlglot.parse_one(found.sql, read="sqlite")
    assert isinstance(tree, exp.Query)
    known = layouts()[name.partition(",")[0]].types
    return {column: f"mapped.{column}" for column in tree.named_selects if column in known and column not in others}


class Core:
    """The core tables of one lake on one engine, stage by stage."""

    def __init__(self, engine: Engine, now: str, progress: Progress):
        self.engine, self.now, self.progress = engine, now, progress
        self.counts: dict[str, int] = {}  # core table → its rows, once they are loaded

    def keep(self, name: str, sql: str) -> None:
        """Compute a table and keep it in scratch."""
        self.progress(f"computing {name}")
        self.engine.keep(name, translate(sql, self.engine.dialect, self.now))

    def view(self, name: str, sql: str) -> None:
        """Make a view."""
        self.engine.view(name, translate(sql, self.engine.dialect, self.now))

    def load(self) -> None:
        """Make all core tables but the prices of calls."""
        for name in layouts():
            if "source_id" in layouts()[name].types and not name.startswith("rollup_"):
                self.view(name, nothing(name))
        words = [(str(word), str(status)) for word, status in spellings({}, {}).items()]
        self.engine.table("src_statuses", {"word": "text", "status": "text"}, words)
        self.keep(
            "pipelines",
            table("pipelines", {"id": "mapped.id", "name": "mapped.name"}, f"from ({_pipelines()}) as mapped"),
        )
        step = {"id": "identity(key(mapped.pipeline_name, mapped.name))", "pipeline_id": "named.id"}
        given = {**step, "name": "mapped.name", "family": "mapped.family"}
        self.keep("steps", table("steps", given, f"from {section('steps')} as mapped {PIPELINE}"))
        self.keep("stories", self._stories())
        self._runs_and_step_runs()
        self.keep("loaded_calls", self._calls())
        self.view("calls", "select * from loaded_calls")
        self.keep("errors", ERRORS)
        self._count()

    def _stories(self) -> str:
        given = {
            **_passed("stories, where absent"),
            "id": "identity(mapped.source_key)",
            "pipeline_id": "named.id",
        }
        return table("stories", given, f"from {section('stories, where absent')} as mapped {PIPELINE}")

    def _runs_and_step_runs(self) -> None:
        given = {**_passed("runs"), "id": "identity(mapped.source_key)", "pipeline_id": "named.id"}
        self.keep("named_runs", table("runs", given, f"from {section('runs')} as mapped {PIPELINE}"))
        self.view("runs", "select * from named_runs")
        attempts = {
            **_passed("step_runs", "story_key", "run_key"),
            "id": "identity(mapped.source_key)",
            "story_id": ref("mapped.story_key"),
            "run_id": ref("mapped.run_key"),
            "step_id": STEP,
            "error_message": ERROR,
        }
        rows = f"from {section('step_runs')} as mapped"
        self.keep("step_runs", filed("step_runs", table("step_runs", attempts, rows)))
        derived, columns = derived_runs()
        self.keep("derived_runs", derived)
        state = {column: f"derived.{column}" for column in columns}
        known = {column: f"named.{column}" for column in layouts()["runs"].types if column not in columns}
        rows = "from named_runs as named left join derived_runs as derived on derived.run_id = named.id"
        self.keep("runs", table("runs", {**known, **state}, rows))

    def _calls(self) -> str:
        given = {
            **_passed("calls", "story_key", "run_key"),
            "id": "identity(mapped.source_key)",
            "story_id": ref("mapped.story_key"),
            "run_id": ref("mapped.run_key"),
            "step_id": "steps.id",
            "pipeline_id": "coalesce(named.id, run.pipeline_id)",
            "error_message": ERROR,
        }
        # The mapping has the pipeline of the run, but not of one whose key is hashed.
        hashed = " or ".join(f"mapped.run_key like '%{word}%'" for word in (HASHED, HASHED_SECRET))
        run = f"left join runs as run on run.source_key = mapped.run_key and ({hashed})"
        step = f"left join steps on steps.id = {STEP} and mapped.step_name is not null"
        rows = f"from {section('calls')} as mapped {PIPELINE} {run} {step}"
        return filed("calls", table("calls", given, rows))

    def _count(self) -> None:
        """Count the rows. Two of one hash are not to be expected below a billion; they would be taken for one."""
        counting = (
            f"select '{name}' as name, count(*) as all_rows, count(*) - count(distinct id) as twice from {name}"
            for name in ("stories", "runs", "step_runs", "calls")
        )
        for name, rows, twice in self.engine.rows(translate(" union all ".join(counting), self.engine.dialect)):
            self.counts[name] = rows
            if twice:
                rows = counted(twice, f"row of {name} has|rows of {name} have")
                raise StoryreportError(f"{rows} the id of another: report this, nothing was landed.")


def filed(name: str, rows: str) -> str:
    """Rows of a core table with the id of their error."""
    columns = ", ".join(
        f"{ref('fingerprint(error_message)')} as error_id" if column == "error_id" else column
        for column in layouts()[name].types
    )
    return f"select {columns} from ({rows}) as unfiled"


# The example of an error is the least message of the first table that has it, as ingest files them.
ERRORS = """
    select
        cast(identity(fingerprint) as integer) as id,
        fingerprint,
        min(example) as example
    from (
        select
            fingerprint,
            example,
            rank() over (partition by fingerprint order by place) as place
        from (
            select fingerprint(error_message) as fingerprint, error_message as example, 1 as place
            from (select distinct error_message from step_runs where error_message is not null) as of_steps
            union all
            select fingerprint(error_message), error_message, 2
            from (select distinct error_message from calls where error_message is not null) as of_calls
        ) as messages
    ) as ranked
    where place = 1
    group by fingerprint"""


def derived_runs() -> tuple[str, list[str]]:
    """The SELECT of what step runs make of their runs, and the columns that it gives."""
    script = (resources.files("storyreport.load") / "derived.sql").read_text(encoding="utf-8")
    tree = sqlglot.parse_one(script, read="sqlite")
    found = next(one for one in tree.find_all(exp.Subquery) if one.alias == "derived")
    assert isinstance(found.this, exp.Select)
    return found.this.sql(dialect="sqlite"), [name for name in found.this.named_selects if name != "run_id"]
