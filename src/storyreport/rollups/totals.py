"""The total twin of a rollup adds it up over days, stories, …; percentiles are read off a histogram."""

import sqlite3

from .definition import Definition, Table, definitions


def take(connection: sqlite3.Connection, definition: Definition, covers: str, into: str) -> None:
    """Before rows of a rollup are replaced: take them from the total, or note which rows of the total are theirs."""
    table, total = _tables(definition)
    if _is_by_difference(total):
        _add(connection, definition, covers, "-", into)
        return
    connection.execute(
        f"create temp table changed_{total.name} as"
        f" select distinct {total.names} from {into}.{table.name} where {covers}"
    )


def give(connection: sqlite3.Connection, definition: Definition, covers: str, into: str) -> None:
    """Once rows of a rollup are replaced: add them to the total, or add up the total's rows of before and now again."""
    table, total = _tables(definition)
    if _is_by_difference(total):
        _add(connection, definition, covers, "+", into)
        nothing = " and ".join(f"{column.name} = 0" for column in total.values)
        connection.execute(f"delete from {into}.{total.name} where {nothing}")
        return
    changed = f"temp.changed_{total.name}"
    connection.execute(f"insert into {changed} select distinct {total.names} from {into}.{table.name} where {covers}")
    which = f"({total.names}) in (select {total.names} from {changed})"
    added = ", ".join(f"{column.added} as {column.name}" for column in total.values if column.adds)
    sql = f"select {total.names}, {added} from {into}.{table.name} where {which} group by {total.names}"
    if definition.percentiles:
        sql = with_percentiles(definition, total, sql)
    names = ", ".join(column.name for column in total.columns)
    connection.execute(f"delete from {into}.{total.name} where {which}")
    connection.execute(f"insert into {into}.{total.name} ({names}) select {names} from ({sql})")
    connection.execute(f"drop table {changed}")


def with_percentiles(definition: Definition, table: Table, sql: str) -> str:
    """The SELECT of a rollup or its total with its percentiles, which are read off the histogram of the same key.

    A percentile is the duration of the first bucket that, with those before it, holds that share of all.
    """
    assert definition.percentiles
    histogram = _histogram(definition, table)
    (rows,) = histogram.values
    wanted = [column for column in table.values if column.percentile]
    at_most = f"ranked.{definition.percentiles.at_most}"
    buckets = ", ".join(
        f"min(case when 100 * reached >= {column.percentile} * of_all then bucket end) as {column.name}"
        for column in wanted
    )
    values = ", ".join(
        f"case when round({column.name}.value_ms) > {at_most} then {at_most}"
        f" else cast(round({column.name}.value_ms) as integer) end as {column.name}"
        for column in wanted
    )
    joins = " ".join(
        f"left join main.duration_buckets as {column.name} on {column.name}.bucket = ranked.{column.name}_bucket"
        for column in wanted
    )
    same = " and ".join(f"{{0}}.{column.name} = {{1}}.{column.name}" for column in table.key)
    # Groups are sorted and joined by numbers of their own, once: that takes less than by the columns of their keys. An
    # inner join has an index however many groups SQLite expects, a left join may have none: groups without a histogram
    # follow on their own.
    return f"""
        with summed as ({sql}),
        numbered as materialized (
            select
                summed.*,
                row_number() over () as number,
                (
                    select sum(histogram.{rows.name})
                    from {histogram.name} as histogram
                    where {same.format("histogram", "summed")}
                ) as of_all
            from summed
        ),
        cumulated as (
            select
                numbered.number,
                bucket,
                sum(histogram.{rows.name}) over (partition by numbered.number order by bucket) as reached,
                numbered.of_all
            from numbered
            cross join {histogram.name} as histogram on {same.format("histogram", "numbered")}
        ),
        ranks as (
            select number, {buckets}
            from cumulated
            group by number
        ),
        ranked as (
            select numbered.*, {", ".join(f"ranks.{column.name} as {column.name}_bucket" for column in wanted)}
            from ranks
            join numbered using (number)
            union all
            select numbered.*, {", ".join("null" for _ in wanted)}
            from numbered
            where of_all is null
        )
        select ranked.*, {values}
        from ranked
        {joins}"""


def _histogram(definition: Definition, table: Table) -> Table:
    """The histogram of a rollup, or the histogram's total for the rollup's total."""
    assert definition.percentiles
    found = definitions()[definition.percentiles.histogram]
    histogram = found.table if table is definition.table else found.total
    assert histogram
    return histogram


def _tables(definition: Definition) -> tuple[Table, Table]:
    assert definition.table
    assert definition.total
    return definition.table, definition.total


def _is_by_difference(total: Table) -> bool:
    """Whether a total can be kept by what has changed alone: sums of whole numbers that are never null can."""
    return all(column.adds == "sum" and column.type == "integer" and not column.is_null for column in total.values)


def _add(connection: sqlite3.Connection, definition: Definition, covers: str, sign: str, into: str) -> None:
    """Add the covered rows of a rollup to its total, or take them from it."""
    table, total = _tables(definition)
    names = ", ".join(column.name for column in total.columns)
    added = ", ".join(f"{sign} sum({column.name})" for column in total.values)
    updates = ", ".join(f"{column.name} = {column.name} + excluded.{column.name}" for column in total.values)
    connection.execute(f"""
        insert into {into}.{total.name} ({names})
        select {total.names}, {added}
        from {into}.{table.name}
        where {covers}
        group by {total.names}
        on conflict do update set {updates}""")
