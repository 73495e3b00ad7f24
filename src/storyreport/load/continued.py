"""Exports that have grown: what was added is mapped with the rows of its groups, where those before stay as they are.

Whatever cannot be known from that (a key that was there before, a group whose first rows are too far from the end)
raises NotContinuedError: the export is to be read whole.
"""

from ..errors import NotContinuedError
from ..mapping import Section
from .deleted import dirty_rows
from .job import Job

# What a row is known with, where it is kept elsewhere.
KNOWN = {"pipeline_name": "(select name from main.pipelines where id = known.pipeline_id)"}


def find_added(job: Job) -> None:
    """Leave of the staged rows those that were added, and those before that belong to a group of theirs."""
    for table, before in job.continued.items():
        name, number, group = job.typed.name(table), job.typed.opened.numbered[table], job.group_column(table)
        if group:
            job.execute(
                "insert or ignore into temp.dirty_groups (group_key)"
                f" select cast({group} as text) from {name} where {number} > :before and {group} <> ''",
                before=before,
            )
        job.typed.recent[table] = name, number
    for table, before in job.continued.items():
        group = job.group_column(table)
        others = (
            f"and (cast({group} as text) in (select group_key from temp.dirty_groups)) is not true" if group else ""
        )
        number = job.typed.opened.numbered[table]
        job.execute(f"delete from {job.typed.name(table)} where {number} <= :before {others}", before=before)
    for core in job.part.grouped:
        _check_groups(job, core)


def _check_groups(job: Job, core: str) -> None:
    """Raise NotContinuedError unless all rows of the dirty groups are at hand."""
    weight = "sum(source_rows)" if core == "step_runs" else "count(*)"
    known = job.scalar(f"""
        select coalesce({weight}, 0)
        from main.{core}
        where
            id in ({dirty_rows(job, core, job.part.grouped[core])})
            and input_id = :input_id
            and gone_at is null""")
    at_hand = sum(
        job.scalar(
            f"select count(*) from {job.typed.name(table)}"
            f" where {job.typed.opened.numbered[table]} <= :before and ({job.typed.problem(table)}) is null",
            before=job.continued[table],
        )
        for table in job.part.feeds[core]
        if table in job.continued
    )
    if known != at_hand:
        raise NotContinuedError


def check_keys(job: Job) -> None:
    """Raise NotContinuedError where a row has the key of a known one that is not read again, or changes it."""
    for section in job.sections:
        if section.verb != "load" or section.table in ("pipelines", "steps") or section.only_absent:
            continue
        job.execute(f"create temp table added as {section.sql}")
        changes = _is_not_at_hand(job, section) if section.table in job.part.feeds else _differs(job, section)
        if job.scalar(f"""
            select exists (
                select 1
                from temp.added
                cross join main.{section.table} as known
                    on known.source_id = :source_id and known.source_key = cast(added.source_key as text)
                where {changes}
            )"""):
            raise NotContinuedError
        job.execute("drop table temp.added")


def _is_not_at_hand(job: Job, section: Section) -> str:
    group = job.part.grouped.get(section.table)
    return f"known.id not in ({dirty_rows(job, section.table, group)})" if group else "true"


def _differs(job: Job, section: Section) -> str:
    """Whether a row that others belong to is not as it is known; a reference to another row may be another one."""
    columns = [column for column in job.columns[section] if column != "source_key"]
    if any(column.endswith("_key") or column == "step_name" for column in columns):
        return "true"
    pairs = [f"added.{column} is not {KNOWN.get(column, f'known.{column}')}" for column in columns]
    return f"({' or '.join(['known.gone_at is not null', *pairs])})"


def last_call(job: Job) -> int:
    """The id of the newest call."""
    return int(job.scalar("select coalesce(max(id), 0) from main.calls"))


def check_calls(job: Job, last: int) -> None:
    """Raise NotContinuedError where calls up to this id belong to a run whose story is known only now."""
    if job.scalar(
        """
        select exists (
            select 1
            from temp.moved_runs
            cross join main.calls on calls.run_id = moved_runs.run_id
            where calls.id <= :last
        )""",
        last=last,
    ):
        raise NotContinuedError
