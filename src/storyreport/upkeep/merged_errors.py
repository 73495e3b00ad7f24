"""Errors whose message is kept in another way: still joined to their work, and one where they are the same now."""

import sqlite3

from ..rollups import totals
from ..rollups.definition import definitions

TABLES = ("runs", "step_runs", "calls")


def merge_errors(connection: sqlite3.Connection, rule: str) -> None:
    """Keep each error's example as `rule` (SQL of `example`) has it, under its fingerprint; rollups must be watched.

    The search index is to be built again by the caller.
    """
    _find_same(connection, rule)
    days, names = definitions()["error_days"], "rollup_error_days"
    covers = "error_id in (select id from temp.kept_errors where is_changed or is_shared)"
    totals.take(connection, days, covers, "main")
    for table in (*TABLES, "pruned_errors"):
        connection.execute(f"""
            update or ignore main.{table}
            set error_id = kept.kept_id
            from temp.kept_errors as kept
            where {table}.error_id = kept.id and kept.kept_id <> kept.id""")
    _touch_stories(connection)
    connection.execute("delete from main.pruned_errors where error_id in (select id from temp.lost_errors)")
    # Frozen days are not computed again: they are put together here.
    connection.execute(f"""
        insert into main.{names} (day, source_id, error_id, family, pipeline_id, occurrences, first_seen, last_seen)
        select day, source_id, kept_id, family, pipeline_id, occurrences, first_seen, last_seen
        from main.{names}
        join temp.kept_errors as kept on kept.id = error_id and kept.kept_id <> kept.id
        where true
        on conflict do update set
            occurrences = occurrences + excluded.occurrences,
            first_seen = coalesce(min(first_seen, excluded.first_seen), first_seen, excluded.first_seen),
            last_seen = coalesce(max(last_seen, excluded.last_seen), last_seen, excluded.last_seen)""")
    connection.execute(f"delete from main.{names} where error_id in (select id from temp.lost_errors)")
    totals.give(connection, days, covers, "main")
    connection.execute("delete from main.errors where id in (select id from temp.lost_errors)")
    connection.execute("""
        update main.errors
        set fingerprint = kept.fingerprint, example = kept.example
        from temp.kept_errors as kept
        where errors.id = kept.id and kept.is_changed""")


def _find_same(connection: sqlite3.Connection, rule: str) -> None:
    """Fill temp.kept_errors: each error, how it is kept, and under which id; temp.lost_errors has the other ids."""
    connection.execute(f"""
        create temp table kept_errors as
        select
            id,
            example,
            fingerprint,
            is_changed,
            first_value(id) over same as kept_id,
            count(*) over (partition by fingerprint) > 1 as is_shared
        from (
            select
                id,
                {rule} as example,
                case when example is {rule} then redacted(fingerprint) else fingerprint({rule}) end as fingerprint,
                example is not {rule} or fingerprint is not redacted(fingerprint) as is_changed
            from main.errors
        )
        -- One that stays as it is has its fingerprint already.
        window same as (partition by fingerprint order by is_changed, id)""")
    connection.execute("create unique index temp.kept_errors_id on kept_errors (id)")
    connection.execute("create temp table lost_errors as select id from temp.kept_errors where kept_id <> id")


def _touch_stories(connection: sqlite3.Connection) -> None:
    """Let the stories that the errors struck be computed again, those of pruned work, too."""
    connection.execute("""
        insert or ignore into temp.dirty_story_errors
        select story_id
        from main.pruned_errors
        where error_id in (select id from temp.kept_errors where is_shared)""")
