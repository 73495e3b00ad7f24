"""storyreport's SQL for another engine: SQLGlot, and one pass over its tree for what SQLite takes more lightly.

Functions that engines know by other names are named here once (`epoch_days`, `shifted`, `identity`, …) with a body for
each engine; those of `functions` are called by their own names.
"""

from collections.abc import Callable, Mapping
from functools import cache

import sqlglot
from sqlglot import exp

SOURCE_ID = 1  # in a lake there is one source; landing gives it its number
TIME = "%Y-%m-%dT%H:%M:%fZ"
CONDITIONS = (exp.Predicate, exp.Not, exp.Connector, exp.Boolean)
UPPER, LOWER = "ABCDEFGHIJKLMNOPQRSTUVWXYZ", "abcdefghijklmnopqrstuvwxyz"
# Tables that have the name of a column.
COLUMNS_TOO = ("calls", "runs", "stories", "step_runs", "steps")
# Labels of the plain form.
LABELS = ("team", "project", "tag")

# Function → its body in each dialect; {0} is the first argument. Times are texts like 2026-03-01T10:00:00.000Z.
BODIES: Mapping[str, Mapping[str, str]] = {
    "identity": {
        "duckdb": "cast(hash(cast({0} as varchar)) >> 2 as bigint)",
        "spark": "(xxhash64(cast({0} as string)) & 4611686018427387903)",
    },
    "time_text": {
        "duckdb": "strftime(cast({0} as timestamp), '%Y-%m-%dT%H:%M:%S.%gZ')",
        "spark": "date_format(cast({0} as timestamp), \"yyyy-MM-dd'T'HH:mm:ss.SSS'Z'\")",
    },
    "is_known_time": {
        "duckdb": "({0} is null or coalesce(year({0}) between 1 and 9999, false))",
        "spark": "({0} is null or coalesce(year({0}) between 1 and 9999, false))",
    },
    "epoch_ms_of": {
        "duckdb": "epoch_ms(cast({0} as timestamp))",
        "spark": "unix_millis(cast({0} as timestamp))",
    },
    "text_of_ms": {
        "duckdb": "strftime(make_timestamp(({0}) * 1000), '%Y-%m-%dT%H:%M:%S.%gZ')",
        "spark": "date_format(timestamp_millis({0}), \"yyyy-MM-dd'T'HH:mm:ss.SSS'Z'\")",
    },
    "is_unprintable": {
        "duckdb": "regexp_matches({0}, '[^ -~]')",
        "spark": "({0} rlike '[^ -~]')",
    },
    "is_plain_word": {
        "duckdb": "not regexp_matches({0}, '[^ -?A-~]')",
        "spark": "not ({0} rlike '[^ -?A-~]')",
    },
    "ascii_lower": {
        "duckdb": f"translate({{0}}, '{UPPER}', '{LOWER}')",
        "spark": f"translate({{0}}, '{UPPER}', '{LOWER}')",
    },
    "without_digits": {
        "duckdb": "rtrim({0}, '0123456789')",
        "spark": "rtrim('0123456789', {0})",
    },
    "truncated": {
        "duckdb": "cast(trunc({0}) as bigint)",
        "spark": "cast({0} as bigint)",
    },
    "is_nan": {"duckdb": "isnan(cast({0} as double))", "spark": "isnan(cast({0} as double))"},
    "label": {
        "duckdb": "json_extract_string({0}, '$.' || {1})",
        "spark": "get_json_object({0}, concat('$.', {1}))",
    },
    "json_text": {
        "duckdb": "cast(to_json(cast({0} as varchar)) as varchar)",
        "spark": "substring(to_json(array({0})), 2, length(to_json(array({0}))) - 2)",
    },
    "unpacked": {"duckdb": "unnest({0})", "spark": "explode({0})"},
}
LATEST_MS = 253402300799999


@cache
def translate(sql: str, dialect: str, now: str = "") -> str:
    """A SELECT of storyreport in an engine's SQL; :source_id is that of the lake's one source, :now as given."""
    tree = sqlglot.parse_one(sql, read="sqlite")
    if tree is None:
        raise ValueError("there is no SELECT")
    for rewrite in REWRITES:
        tree = rewrite(tree)
    tree = _parameters(tree, now)
    if dialect == "spark":
        tree = _aliases(tree)
    return str(_bodies(tree, dialect).sql(dialect=dialect))


def _aliases(tree: exp.Expression) -> exp.Expression:
    """A table that is called as a column is would be taken for a struct: calls.day."""

    def named(name: str) -> exp.Expression:
        return exp.to_identifier(f"{name}_rows")

    for table in list(tree.find_all(exp.Table, exp.Subquery)):
        if table.alias_or_name in COLUMNS_TOO:
            table.set("alias", exp.TableAlias(this=named(table.alias_or_name)))
    for column in list(tree.find_all(exp.Column)):
        if column.table in COLUMNS_TOO:
            column.set("table", named(column.table))
    return tree


def _parameters(tree: exp.Expression, now: str) -> exp.Expression:
    values = {"source_id": exp.Literal.number(SOURCE_ID), "now": exp.Literal.string(now)}
    for node in list(tree.find_all(exp.Placeholder, exp.Parameter)):
        node.replace(values[node.name].copy())
    return tree


def _bodies(tree: exp.Expression, dialect: str) -> exp.Expression:
    """Give named functions their bodies, innermost first."""
    for node in reversed(list(tree.find_all(exp.Anonymous))):
        body = BODIES.get(str(node.this).lower())
        if body:
            given = [argument.sql(dialect=dialect) for argument in node.expressions]
            made = sqlglot.parse_one(f"({body[dialect].format(*given)})", read=dialect)
            assert made is not None
            if node is tree:
                return made
            node.replace(made)
    return tree


def call(name: str, *arguments: exp.Expression) -> exp.Anonymous:
    """A call of a named function."""
    return exp.Anonymous(this=name, expressions=[argument.copy() for argument in arguments])


def _bare_tables(tree: exp.Expression) -> exp.Expression:
    for table in tree.find_all(exp.Table):
        if table.db in ("main", "temp"):
            table.set("db", None)
    return tree


def _joins(tree: exp.Expression) -> exp.Expression:
    """CROSS JOIN … ON tells SQLite's planner an order; it is an inner join."""
    for join in tree.find_all(exp.Join):
        if join.args.get("on") is not None and (join.kind or "").upper() == "CROSS":
            join.set("kind", None)
    for cte in tree.find_all(exp.CTE):
        cte.set("materialized", None)
    return tree


def _windows(tree: exp.Expression) -> exp.Expression:
    """A named window that is carried on is written out."""
    for select in list(tree.find_all(exp.Select)):
        named = {window.name: window for window in select.args.get("windows") or []}
        for window in list(select.find_all(exp.Window)):
            name = window.args.get("alias")
            spec = named.get(name.name) if name is not None else None
            if spec is None or window is spec:
                continue
            window.set("alias", None)
            if not window.args.get("partition_by"):
                window.set("partition_by", [one.copy() for one in spec.args.get("partition_by") or []])
            if not window.args.get("order") and spec.args.get("order"):
                window.set("order", spec.args["order"].copy())
        if named:
            select.set("windows", None)
    return tree


def _extremes(tree: exp.Expression) -> exp.Expression:
    """min(a, b) of SQLite is null where one is; LEAST is not."""
    for node in list(tree.find_all(exp.Min, exp.Max, exp.Least, exp.Greatest)):
        if not node.expressions:
            continue
        given = [node.this, *node.expressions]
        name = "LEAST" if isinstance(node, (exp.Min, exp.Least)) else "GREATEST"
        known = exp.and_(
            *[exp.Not(this=exp.Is(this=exp.Paren(this=one.copy()), expression=exp.Null())) for one in given]
        )
        node.replace(exp.Case(ifs=[exp.If(this=known, true=call(name, *given))]))
    return tree


def _numbers(tree: exp.Expression) -> exp.Expression:
    """Whole numbers have 64 bits, and a cast to one cuts off."""
    for cast in list(tree.find_all(exp.Cast)):
        if cast.to.is_type("int"):
            cast.set("to", exp.DataType.build("bigint"))
    for division in tree.find_all(exp.Div):
        division.set("typed", False)
        division.set("safe", False)
    return tree


def _is_condition(node: exp.Expression) -> bool:
    while isinstance(node, (exp.Paren, exp.Alias)):
        node = node.this
    if isinstance(node, exp.Case):
        given = [one.args["true"] for one in node.args["ifs"]] + [node.args.get("default")]
        return any(one is not None and _is_condition(one) for one in given)
    return isinstance(node, CONDITIONS)


def _sums(tree: exp.Expression) -> exp.Expression:
    """A condition that is added up, or added to something, is a number."""
    for node in list(tree.find_all(exp.Sum, exp.Min, exp.Max, exp.Add, exp.Sub, exp.Mul)):
        for name in ("this", "expression"):
            value = node.args.get(name)
            if isinstance(value, exp.Expression) and _is_condition(value):
                node.set(name, exp.Cast(this=exp.Paren(this=value.copy()), to=exp.DataType.build("bigint")))
    return tree


def _keys(tree: exp.Expression) -> exp.Expression:
    """SQLite takes an id or a key from one column; here both are text."""
    for node in list(tree.find_all(exp.Coalesce)):
        given = [node.this, *node.expressions]
        names = [one.name for one in given if isinstance(one, exp.Column)]
        if any(name.endswith("_id") for name in names) and any(name.endswith("_key") for name in names):
            texts = [exp.Cast(this=one.copy(), to=exp.DataType.build("text")) for one in given]
            node.replace(exp.Coalesce(this=texts[0], expressions=texts[1:]))
    return tree


def _times(tree: exp.Expression) -> exp.Expression:
    """Shifts and differences of times, in milliseconds."""
    for node in list(tree.find_all(exp.Anonymous)):
        if str(node.this).upper() == "STRFTIME" and len(node.expressions) == 3:
            _, time, shift = node.expressions
            ms = call("epoch_ms_of", time) + _milliseconds(shift)
            shifted = call("text_of_ms", exp.Cast(this=exp.Paren(this=ms), to=exp.DataType.build("bigint")))
            in_range = exp.LTE(this=exp.Paren(this=ms.copy()), expression=exp.Literal.number(LATEST_MS))
            node.replace(exp.Case(ifs=[exp.If(this=in_range, true=shifted)]))
        elif str(node.this).upper() == "JULIANDAY":
            days = exp.Div(this=call("epoch_ms_of", *node.expressions), expression=exp.Literal.number("86400000.0"))
            node.replace(exp.Paren(this=days))
    return tree


def _milliseconds(shift: exp.Expression) -> exp.Expression:
    """The number in `-(x / 1000.0) || ' seconds'`, without the division."""
    number = shift.this if isinstance(shift, exp.DPipe) else shift
    sign = number.copy()
    for division in list(sign.find_all(exp.Div)):
        division.replace(division.this.copy())
    return exp.Paren(this=sign)


def _texts(tree: exp.Expression) -> exp.Expression:
    """What SQLite does to texts: lower case of ASCII alone, digits at the end, a key of several values."""
    for lower in list(tree.find_all(exp.Lower)):
        lower.replace(call("ascii_lower", lower.this))
    for trim in list(tree.find_all(exp.Trim)):
        if trim.args.get("position") == "TRAILING":
            trim.replace(call("without_digits", trim.this))
    for glob in list(tree.find_all(exp.Glob)):
        # The only pattern that the mapping has: something, then an underscore.
        glob.replace(exp.Like(this=glob.this.copy(), expression=exp.Literal.string("_%!_"), escape=None))
    for like in list(tree.find_all(exp.Like)):
        if like.expression.name == "_%!_":
            like.replace(exp.Escape(this=like.copy(), expression=exp.Literal.string("!")))
    for node in list(tree.find_all(exp.Anonymous)):
        if str(node.this).upper() == "KEY":
            node.replace(_key(node.expressions))
    return tree


def _key(parts: list[exp.Expression]) -> exp.Expression:
    """values.key: parts with '/' between, escaped within; null where all are."""

    def escaped(part: exp.Expression) -> exp.Expression:
        text = exp.Cast(this=part.copy(), to=exp.DataType.build("text"))
        for found, becomes in (("~", "~0"), ("/", "~1")):
            text = exp.func("REPLACE", text, exp.Literal.string(found), exp.Literal.string(becomes))
        return exp.Coalesce(this=text, expressions=[exp.Literal.string("")])

    joined = escaped(parts[0])
    for part in parts[1:]:
        joined = exp.DPipe(this=exp.DPipe(this=joined, expression=exp.Literal.string("/")), expression=escaped(part))
    known = exp.or_(*[exp.Not(this=exp.Is(this=part.copy(), expression=exp.Null())) for part in parts])
    return exp.Case(ifs=[exp.If(this=known, true=joined)])


def _labels(tree: exp.Expression) -> exp.Expression:
    """Labels are JSON with three known keys, whose values are texts."""
    for select in list(tree.find_all(exp.Select)):
        joins = select.args.get("joins") or []
        unpacking = [join for join in joins if "json_each" in join.sql().lower()]
        if not unpacking:
            continue
        names = ", ".join(f"select '{name}' as key" for name in LABELS).replace(", ", " union all ")
        kinds = sqlglot.parse_one(f"select 1 from x cross join ({names}) as kinds", read="sqlite").args["joins"][0]
        select.set("joins", [join for join in joins if join not in unpacking] + [kinds])
        value = call("label", exp.column("labels", "calls"), exp.column("key", "kinds"))
        for column in list(select.find_all(exp.Column)):
            if column.table == "items":
                column.replace(value.copy())
        select.where(exp.Not(this=exp.Is(this=value.copy(), expression=exp.Null())), copy=False)
    return tree


def _json(tree: exp.Expression) -> exp.Expression:
    """json_patch('{}', json_object(…)): an object without what is null."""
    for node in list(tree.find_all(exp.Anonymous)):
        if str(node.this).upper() != "JSON_PATCH":
            continue
        pairs = [(pair.this, pair.expression) for pair in node.expressions[1].expressions]
        parts = []
        for name, value in pairs:
            text = exp.DPipe(this=exp.Literal.string(f',"{name.name}":'), expression=call("json_text", value))
            known = exp.Not(this=exp.Is(this=exp.Paren(this=value.copy()), expression=exp.Null()))
            parts.append(exp.Case(ifs=[exp.If(this=known, true=text)], default=exp.Literal.string("")))
        joined = parts[0]
        for part in parts[1:]:
            joined = exp.DPipe(this=joined, expression=part)
        inner = exp.func("SUBSTR", exp.Paren(this=joined), exp.Literal.number(2))
        node.replace(
            exp.DPipe(
                this=exp.DPipe(this=exp.Literal.string("{"), expression=inner), expression=exp.Literal.string("}")
            )
        )
    return tree


Rewrite = Callable[[exp.Expression], exp.Expression]
REWRITES: tuple[Rewrite, ...] = (
    _bare_tables,
    _joins,
    _windows,
    _extremes,
    _numbers,
    _sums,
    _keys,
    _times,
    _texts,
    _json,
    _labels,
)
