"""Rows that the source has deleted: they stay, marked with gone_at, and rows that refer to them become orphans."""

from ..mapping import Section
from .attempts import forget_renamed
from .job import Job
from .references import leads_nowhere, links, make_orphans


def mark_deleted(job: Job, core: str, changes_only: bool) -> int:
    """Mark the rows that temp.mapped no longer has; return of how many source rows they were made."""
    group = job.part.grouped.get(core)
    if (
        job.adds
        or job.continued
        or is_unread(job, core)
        or set(job.part.feeds.get(core, ())) & job.typed.opened.pages
        or (group is None and (changes_only or core not in job.part.feeds))
    ):
        return 0
    rows = f"main.{core} as known"
    if changes_only and group:
        dirty = dirty_rows(job, core, group, is_divided(job, core))
        rows = f"({dirty}) as dirty cross join main.{core} as known on known.id = dirty.id"
    return _delete(
        job,
        core,
        f"""
        select known.id
        from {rows}
        where
            known.source_id = :source_id
            and known.input_id = :input_id
            and known.gone_at is null
            and known.source_key not in (select cast(source_key as text) from temp.mapped)""",
    )


def is_unread(job: Job, core: str) -> bool:
    """Whether a core table is made of tables that cannot be read, or whose exports were not given this time."""
    opened, tables = job.typed.opened, job.part.feeds.get(core, ())
    if set(tables) & opened.unread.keys():
        return True
    return bool(opened.found.exports and tables) and not set(tables) & opened.tables.keys()


def is_divided(job: Job, core: str) -> bool:
    """Whether a core table is made of tables of which steps are read again, not whole groups."""
    tables = job.part.feeds.get(core, ())
    return core == "step_runs" and bool(tables) and all(map(job.is_divided, tables))


def dirty_rows(job: Job, core: str, group: str, is_divided: bool = False) -> str:
    """SELECT of the ids of a core table's rows in the dirty groups, or in dirty steps of them where it is divided.

    Cross joins keep the order of the joins.
    """
    if group == "source_key":
        return f"""
            select found.id
            from temp.dirty_groups
            cross join main.{core} as found
                on found.source_id = :source_id and found.source_key = cast(dirty_groups.group_key as text)"""
    references = links(job.connection, core)
    link = next(link for link in references if f"{link.name}_key" == group)
    steps, of_step, with_step = "", "", ""
    if is_divided:
        steps = """
        cross join main.steps
            on steps.source_id = :source_id and steps.name = cast(dirty_groups.step_key as text)"""
        of_step = "and found.step_id = steps.id"
        with_step = f"""
            and (found.{group}, (select steps.name from main.steps where steps.id = found.step_id)) in (
                select cast(group_key as text), cast(step_key as text) from temp.dirty_groups)"""
    return f"""
        select found.id
        from temp.dirty_groups{steps}
        cross join main.{link.parent} as parents
            on parents.source_id = :source_id and parents.source_key = cast(dirty_groups.group_key as text)
        cross join main.{core} as found on found.{link.name}_id = parents.id {of_step}
        union all
        select found.id
        from main.{core} as found
        where
            found.source_id = :source_id
            and {leads_nowhere("found", references)}
            and found.{group} in (select cast(group_key as text) from temp.dirty_groups){with_step}"""


def _delete(job: Job, core: str, select_ids: str) -> int:
    """Mark rows as deleted and make orphans of rows that refer to them; return of how many source rows they were."""
    job.execute(f"create temp table deleted as {select_ids}")
    if job.scalar("select exists (select 1 from temp.deleted)"):
        job.check_source()
    weight = "sum(source_rows)" if core == "step_runs" else "count(*)"
    rows = int(job.scalar(f"select coalesce({weight}, 0) from main.{core} where id in (select id from temp.deleted)"))
    if rows and core == "step_runs" and job.part.counts_attempts:
        forget_renamed(job)
    # Rows that were derived from others weigh nothing.
    marked = job.execute(f"update main.{core} set gone_at = :now where id in (select id from temp.deleted)")
    if marked.rowcount:
        job.counts.gone += marked.rowcount
        make_orphans(job.connection, core, "temp.deleted", job.inheriting)
    job.execute("drop table temp.deleted")
    return rows


def supersede(job: Job) -> None:
    """Take back rows of a part that is trusted less, and mark files that one part misses of another."""
    for section in job.sections:
        if section.verb != "load" and not (section.verb == "gone" and (job.adds or job.continued)):
            with job.running(section):
                ACTIONS[section.verb](job, section)


def _take_back(job: Job, section: Section) -> None:
    job.execute(f"delete from main.{section.table} where id in ({section.sql}\n)")


def _mark(job: Job, section: Section) -> None:
    _delete(job, section.table, section.sql)


def _mark_missing(job: Job, section: Section) -> None:
    job.execute(f"""
        update main.{section.table}
        set is_missing = found.is_missing
        from ({section.sql}
        ) as found
        where {section.table}.id = found.id and {section.table}.is_missing is not found.is_missing""")


ACTIONS = {"delete": _take_back, "gone": _mark, "missing": _mark_missing}
