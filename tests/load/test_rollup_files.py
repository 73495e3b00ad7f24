"""One rollup is one file: what each file must say."""

import re
import sqlite3
from collections.abc import Iterator

import pytest
from helpers import ROOT, previous
from helpers.report_database import ReportDatabase
from helpers.rollup_files import RollupFiles
from helpers.toy_rollup import TOY

from storyreport import rollups, schema, values
from storyreport.detail import ENDED
from storyreport.errors import StoryreportError
from storyreport.rollups import engine
from storyreport.rollups.definition import Definition, definitions, groups
from storyreport.upkeep.doctor import examine

# Idioms that other engines do not take, and what is written instead.
BANNED = {
    r"\bmaterialized\b": "a CTE that is used twice is computed once",
    r"\bor\b[^()]*_key = |_id = [\w.]+\s+or\b": "two joins with UNION ALL",
    r"\bis (?:not )?'": "= and <>, and coalesce where it may be null",
    r"\bis (?:not )?\d": "= and <>, and coalesce where it may be null",
    r"(?:sum|max|min)\(\s*[\w.]+\s*(?:=|<>|<|>|is|in)\s": "a CASE",
    r"\bnot is_\w+|(?:\band|\bor|\bwhere|\bwhen)\s+(?:\w+\.)?is_\w+(?=\s*(?:\n|then|and|or|\)))": "is_… = 1 or 0",
    r"(?<!\w)(?:max|min)\([^()]*,": "a CASE: of LEAST and GREATEST engines differ on null",
    r"\bgroup by\s+\d": "the expressions",
    r"\bwindow\s+\w+\s+as\b": "the window where it is used",
    r"\border by[^()]*(?<!source)(?<!\w)id\b": "source_key, for ids differ from one database to the next",
    r"coalesce\(\s*(?:\w+\.)?(\w+)_id,\s*(?:\w+\.)?\1_key": "an id and a key in two columns",
    r"\bsum\(\s*(?:\w+\.)?\w+_nano\b": "sum(cast(… as real)), which does not overflow",
    r"\bmain\.|\btemp\.": "bare names",
}
ALL = sorted(definitions())
ROLLUPS = [name for name in ALL if definitions()[name].kind == "rollup"]


@pytest.fixture(scope="module")
def planner(tmp_path_factory: pytest.TempPathFactory) -> sqlite3.Connection:
    """An empty report database in which every SELECT can be prepared."""
    connection = schema.connect(tmp_path_factory.mktemp("planner") / "report.db")
    values.register(connection)
    rollups.update(connection)
    engine.prepare(connection)
    for table in ENDED:
        connection.execute(f"create temp table old_{table} (id integer primary key, source_id integer)")
    connection.execute("create temp table pruned_runs (id)")
    for group in groups().values():
        for table in group.rows:
            connection.execute(f"create temp view dirty_{table} as select * from main.{table}")
    for one in definitions().values():
        if one.kind == "intermediate":
            connection.execute(f"create temp view {one.name} as {one.sql}")
    return connection


def columns(connection: sqlite3.Connection, sql: str) -> list[str]:
    """The columns of a SELECT."""
    return [column[0] for column in connection.execute(f"select * from ({sql}) limit 0").description]


def code(sql: str) -> str:
    """SQL without its comments."""
    return re.sub(r"--.*", "", sql)


def with_what_it_reads(definition: Definition) -> list[Definition]:
    """A definition and the intermediates that it is made of."""
    read = [definitions()[name] for name in definition.reads if definitions()[name].kind == "intermediate"]
    return [definition, *read]


@pytest.mark.parametrize("name", ALL)
def test_a_file_says_all_that_is_needed(name: str, planner: sqlite3.Connection) -> None:
    """Its description is a sentence; the SELECT has the columns that the header lists, and those alone."""
    one = definitions()[name]
    assert one.description.endswith(".")
    if one.table:
        percentiles = {column.name for column in one.table.values if column.percentile}
        assert set(columns(planner, one.sql)) == {column.name for column in one.table.columns} - percentiles
    if one.total and one.table:
        assert {column.name for column in one.total.key} <= {column.name for column in one.table.columns}
        assert all(column.adds or column.percentile for column in one.total.values)
    if one.group:
        assert one.group.dirty
        assert one.group.all or one.group.rows


@pytest.mark.parametrize("name", ROLLUPS)
def test_a_rollup_with_sums_has_an_oracle(name: str, planner: sqlite3.Connection) -> None:
    """The oracle is of base rows and memories alone: no intermediate, no view, no rollup."""
    one = definitions()[name]
    assert one.table
    summed = {column.name for column in one.table.values if column.adds == "sum"}
    assert bool(one.oracle) == bool(summed)
    if one.oracle:
        assert summed & set(columns(planner, one.oracle))
        views = {view for (view,) in planner.execute("select name from sqlite_master where type = 'view'")}
        others = {other for other in ALL if definitions()[other].kind == "intermediate"}
        words = set(re.findall(r"\w+", code(one.oracle)))
        assert words & (views | others) == set()
        assert "rollup_" not in one.oracle


@pytest.mark.parametrize("name", ROLLUPS)
def test_a_rollup_outlives_the_detail_that_it_is_made_of(name: str) -> None:
    """It is frozen when detail is pruned, or a memory has what was deleted."""
    one = definitions()[name]
    assert one.group
    text = " ".join(code(read.sql) for read in with_what_it_reads(one)) + " ".join(one.group.rows)
    detail = re.findall(rf"\b(?:{'|'.join([*ENDED, 'priced_calls', 'same_work'])})\b", text)
    remembers = {read for read in one.reads if definitions()[read].kind == "memory"}
    assert not detail or one.group.frozen or remembers


@pytest.mark.parametrize("name", ALL)
def test_a_select_is_what_other_engines_take(name: str) -> None:
    """No idiom of SQLite's own, but for what Python walks through and `cross join … on`, which pins a plan."""
    found = {text: instead for text, instead in BANNED.items() if re.search(text, code(definitions()[name].sql))}
    assert found == {}


@pytest.mark.parametrize(
    ("sql", "is_banned"),
    [
        ("with a as materialized (select 1)", True),
        ("on calls.run_id = runs.id or calls.run_key = runs.source_key", True),
        ("sum(status is 'completed')", True),
        ("sum(attempt = 2)", True),
        ("where is_root and gone_at is null", True),
        ("where not is_derived", True),
        ("max(a, b)", True),
        ("row_number() over (partition by story order by at desc, id desc)", True),
        ("coalesce(runs.story_id, runs.story_key)", True),
        ("sum(calls.price_nano)", True),
        ("where is_root = 1 and gone_at is null", False),
        ("max(case when status = 'completed' then coalesce(a, b) end)", False),
        ("row_number() over (order by at desc, source_key desc)", False),
        ("select source_id from runs where story_id is null", False),
    ],
)
def test_what_is_banned(sql: str, is_banned: bool) -> None:
    assert any(re.search(idiom, sql) for idiom in BANNED) == is_banned


def selects(sql: str) -> Iterator[tuple[str, str]]:
    """(the columns, the expressions of GROUP BY) of each SELECT that has one, whatever is nested in it left out."""
    levels: list[str] = [""]
    for token in re.findall(r"[()]|[^()]+", code(sql) + ")"):
        if token == "(":
            levels.append("")
            continue
        if token != ")":
            levels[-1] += token
            continue
        for one in re.split(r"\bunion(?: all)?\b", levels.pop()):
            if match := re.search(r"\bselect\b(.*?)\bfrom\b.*\bgroup by\b(.*?)(?=\bhaving\b|$)", one, re.DOTALL):
                yield match[1], match[2]
        if levels:
            # What was in parentheses stands for an expression.
            levels[-1] += "_"
        else:
            levels = [""]


@pytest.mark.parametrize("name", ALL)
def test_no_column_stands_beside_a_group_by(name: str) -> None:
    """Where a SELECT has a GROUP BY, each of its plain columns is in it."""
    for selected, grouped in selects(definitions()[name].sql):
        keys = {key.strip().split(".")[-1] for key in grouped.split(",")}
        bare = re.findall(r"^\s*(?:\w+\.)?(\w+)\s*,?$", selected, re.MULTILINE)
        assert set(bare) - {"_", "case", "end"} <= keys


def test_a_column_beside_a_group_by_is_seen() -> None:
    found = list(selects("with a as (\nselect\n  x,\n  y,\n  sum(z) as z\nfrom t\ngroup by x\n)\nselect\n  b\nfrom a"))
    assert [(bare.split(), keys.split()) for bare, keys in found] == [(["x,", "y,", "sum_", "as", "z"], ["x"])]


WRONG = [
    ("calls/call_days.sql", "sum(calls) as calls", "count(*) + 1 as calls"),
    ("calls/day_calls.sql", "unpriced_calls as unpriced", "calls - calls as unpriced"),
    ("calls/endpoint_days.sql", "status = 'failed' then calls", "status = 'completed' then calls"),
    ("calls/story_calls.sql", "    sum(tokens) as total_tokens", "    max(tokens) as total_tokens"),
    ("calls/step_call_days.sql", "sum(cast(calls.price_nano as real))", "sum(1.001 * calls.price_nano)"),
    ("calls/failed_run_calls.sql", "    where runs.status = 'failed'", "    where runs.status = 'completed'"),
    ("calls/failed_run_cost_days.sql", "    where runs.status = 'failed'", "    where runs.status = 'completed'"),
    (
        "errors/error_days.sql",
        "    left join steps on steps.id = calls.step_id",
        "    join steps on steps.id = calls.step_id",
    ),
    ("errors/story_errors.sql", "        and runs.pruned_at is null", "        and runs.pruned_at is not null"),
    ("work/source_days.sql", "case when status = 'failed' then 1 else 0 end\n", "0\n"),
    ("work/theme_days.sql", "\n    count(*) as jobs", "\n    2 * count(*) as jobs"),
    ("logs/log_days.sql", "\n    count(*) as samples", "\n    2 * count(*) as samples"),
    ("logs/warnings.sql", "having sum(lines) > 1", "having sum(lines) > 2"),
    ("files/owner_artifacts.sql", "sum(artifacts.size_bytes)", "max(artifacts.size_bytes)"),
    ("files/run_files.sql", "    and coalesce(artifacts.is_missing, 0) <> 1\n", ""),
    ("files/story_mismatches.sql", "        and files.story_id is null", "        and files.story_id is not null"),
    ("trees/tree_walks.sql", "story_nodes.is_ending = 1 then", "story_nodes.is_ending = 0 then"),
]


@pytest.mark.parametrize(("name", "right", "wrong"), WRONG, ids=lambda text: text.split(".sql")[0])
def test_every_oracle_is_one(name: str, right: str, wrong: str, rollup_files: RollupFiles, db: ReportDatabase) -> None:
    """A definition that adds up something else is found, whichever it is."""
    previous.write(db.path)
    rollup_files.change(name, right, wrong)
    assert [finding for finding in examine(db.path, repair=True) if not finding.repair]


def test_a_wrong_name_says_where(rollup_files: RollupFiles) -> None:
    """An unknown key names the file, the key and the known keys; so do other mistakes."""
    for before, after, said in [
        (
            "grain: day",
            "grian: day",
            r"toy_days\.sql: the key 'grian' is unknown; the known keys are all, covers, .*values, widen",
        ),
        ("description: Runs by kind and day.\n", "", r"toy_days\.sql: the key 'description' is missing"),
        (
            "  runs: integer\n",
            "  runs: number\n",
            r"toy_days\.sql: its column runs is 'number': use integer, real, text",
        ),
        ("  runs: [source_id, day]", "  runs: select {row}.source_id, {row}.day", r"the key 'all' is missing"),
        ("group: [source_id, day]", "group: [source_id", r"toy_days\.sql: its header is not YAML"),
        ("/*", "", r"toy_days\.sql: it does not begin with"),
        (
            "group: [source_id, day]\ndirty:\n  runs: [source_id, day]\n",
            "from: nothing\n",
            r"it is from 'nothing', which is no intermediate",
        ),
        ("key: [source_id, kind]", "key: [source_id, kin]", r"the total's key names 'kin'"),
        (
            "group: [source_id, day]\n",
            "group: [source_id, day]\nremember: pruned_calls\n",
            "'remember' must name the memory",
        ),
        (
            "dirty:\n",
            "difference:\n  runs: select id from touched_runs\ndirty:\n",
            r"the key 'lost' is missing: its column longest_ms is a max",
        ),
        (
            "dirty:\n",
            "difference:\n  calls: select id from touched_calls\ndirty:\n",
            r"'difference' names 'calls', which 'dirty' does not",
        ),
        ("description: Runs", "kind: toy\ndescription: Runs", r"its kind 'toy' is unknown: use one of rollup,"),
    ]:
        assert before in TOY
        rollup_files.write("toys/toy_days.sql", TOY.replace(before, after, 1))
        with pytest.raises(StoryreportError, match=said):
            definitions()


def test_an_oracle_without_the_day_that_is_frozen(rollup_files: RollupFiles, db: ReportDatabase) -> None:
    """Doctor says so in a sentence: what was pruned cannot be left out of such sums."""
    previous.write(db.path)
    example = re.search(r"```sql\n(.*?)```", (ROOT / "docs" / "adding-a-rollup.md").read_text("utf-8"), re.DOTALL)
    assert example
    rollup_files.write("work/kind_days.sql", example[1].replace("oracle: |", "frozen: by day\noracle: |"))
    with pytest.raises(StoryreportError, match="oracle of the rollup kind_days must give and group by day"):
        examine(db.path, repair=True)
