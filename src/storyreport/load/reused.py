"""Keys that a source uses again: one that was emptied and begins again at 1 gives them to other work.

A row whose time says that it is other work than the known row of its key does not replace that row. The earlier row
stays in history, marked as deleted unless files add up, under its key and its time: `1 (2026-01-31T09:30:00.000Z)`.
What belongs to it belongs to it still. Should the source have the earlier work again (a copy put back), its row gets
its key back.
"""

from collections.abc import Collection, Mapping
from pathlib import Path

from ..mapping import Section
from .attempts import HAS_A_START
from .job import Job
from .references import CORE_TABLES, Link, leads_nowhere, links
from .renumbered import move_renumbered, park_renumbered, recall_forgotten

RUNS_OVER, RUNS_REUSED = (
    Path(__file__).with_name(f"runs_{name}.sql").read_text(encoding="utf-8") for name in ("over", "reused")
)
# Core table → the columns that say when a row began; the first one that both rows have is compared.
BEGINNINGS = {
    "stories": ("created_at",),
    "runs": ("queued_at", "started_at"),
    "step_runs": ("queued_at", "started_at"),
    "events": ("at",),
    "artifacts": ("created_at",),
    "calls": ("called_at",),
    "story_nodes": ("created_at",),
    "story_options": (),
}
# Work goes on for a while: it is other work where it began after the end of the known one, or ended before its begin.
ENDS = dict.fromkeys(("runs", "step_runs"), ("ended_at", "last_activity_at", "started_at", "queued_at"))
# A time that is written again may be rounded.
TOLERANCE_SECONDS = 1
# Where keys say what work is of and which attempt it is, only what has ended is other work: what has not ended, or was
# never done, may begin later.
HAS_ENDED = "known.status in ('completed', 'failed')"
# Numbers, alone or behind a word: 7, batch/7, job 7, 7/1. A source that begins again gives out the same ones.
IS_NUMBERED = """(
    known.source_key not glob '*[^0-9/]*'
    or (
        rtrim(known.source_key, '0123456789') glob '[a-z]*[ /]'
        and rtrim(rtrim(known.source_key, '0123456789'), ' /') not glob '*[^a-z_]*'
    )
)"""

# What nobody gives out twice: UUIDs, and the ids that providers give to answers. Another time corrects the first one.
IS_UNIQUE = """(
    (
        length(replace(known.source_key, '-', '')) = 32
        and known.source_key not glob '*[^0-9A-Fa-f-]*'
    )
    or (
        length(known.source_key) >= 20
        and substr(known.source_key, 1, instr(replace(known.source_key, '_', '-'), '-') - 1)
            in ('chatcmpl', 'cmpl', 'gen', 'msg', 'req', 'resp')
    )
)"""


def watch_reused_keys(job: Job) -> None:
    """Forget what was found in the part before."""
    for table in ("set_aside", "brought_back"):
        job.execute(f"drop table if exists temp.{table}")
        job.execute(f"create temp table {table} (core, id, ending, primary key (core, id)) without rowid")


def keep_earlier_rows(job: Job, section: Section) -> None:
    """Let known rows whose keys temp.mapped has for other work keep what they are, under other keys."""
    core, given = section.table, job.columns[section]
    if section.only_absent or core not in BEGINNINGS or core in job.part.restarts or not job.finds_reused_keys:
        return
    recall_forgotten(job, core, given)
    moved = park_renumbered(job, core, given)
    owners = _given_links(job, core, given)
    is_again = _set_aside(job, core, given, _is_other(core, given, owners)) or moved
    if is_again or _has_earlier(job):
        # What does not say when it began, now that it is known which keys began again.
        is_again = _set_aside(job, core, given, _is_incomparable(core, given, owners)) or is_again
    if is_again:
        move_renumbered(job)
        _bring_back(job, core, given)
    # Keys without an id hold a time, and are never those of other work; the run's is.
    if core == "step_runs" and (is_again or (job.part.has_given_keys and not job.adds and not job.continued)):
        _renew_derived_runs(job)


def _has_earlier(job: Job) -> bool:
    """Whether the source used keys again before."""
    return bool(job.scalar("select exists (select 1 from main.reused_keys where source_id = :source_id)"))


def _set_aside(job: Job, core: str, given: Collection[str], is_other: str) -> bool:
    """Mark the known rows of other work as deleted, under other keys; whether there are any."""
    links_of_core = _given_links(job, core, given)
    owners = {link.parent: f"known.{link.name}_id" for link in links_of_core}
    endings = [
        *_endings("known", BEGINNINGS[core], owners, "set_aside"),
        *(f"(select ' (' || min(began_at) || ')' {_earlier(link)})" for link in links_of_core),
        "' (' || :now || ')'",
    ]
    job.execute(f"""
        create temp table reused as
        select known.id, known.source_key, {_first(endings)} as ending
        from temp.mapped
        cross join main.{core} as known
            on known.source_id = :source_id and known.source_key = cast(mapped.source_key as text)
        where
            known.input_id = :input_id
            and {is_other}
            and ({_may_be_reused(job, core)})
            and not exists (
                select 1
                from main.{core} as other
                where other.source_id = :source_id and other.source_key = known.source_key || ending
            )""")
    _note(job, core, "set_aside")
    job.execute(
        """
        insert or ignore into main.reused_keys (source_id, kind, source_key, earlier_key, began_at, found_at)
        select :source_id, :core, source_key, source_key || ending, substr(ending, 3, length(ending) - 3), :now
        from temp.reused
        where ending is not null""",
        core=core,
    )
    if not job.adds:
        job.counts.gone += job.scalar(
            f"select count(*) from main.{core} where gone_at is null and id in (select id from temp.reused)"
        )
    found = job.execute(f"""
        update main.{core}
        set
            source_key = reused.source_key || reused.ending,
            gone_at = {_deleted(job, core)}
        from temp.reused
        where {core}.id = reused.id and reused.ending is not null""").rowcount
    if found:
        _rename_for_deleted(job, core, "source_key", "source_key || reused.ending")
    job.execute("drop table temp.reused")
    return found > 0


def _deleted(job: Job, core: str) -> str:
    """When an earlier row was deleted, in SQL: of files that add up, the one that has it is still what it was."""
    return f"{core}.gone_at" if job.adds else f"coalesce({core}.gone_at, :now)"


def _rename_for_deleted(job: Job, parent: str, old: str, new: str) -> None:
    """Let deleted rows that name a row of temp.reused by its key alone name it by its new key.

    Such a row has been deleted before what it belongs to was set aside; its key would lead to other work.
    """
    for core in CORE_TABLES:
        found = links(job.connection, core)
        for link in found:
            if link.parent == parent:
                job.execute(f"""
                    update main.{core}
                    set {link.name}_key = reused.{new}
                    from temp.reused
                    where
                        {core}.source_id = :source_id
                        and {leads_nowhere(core, found)}
                        and {core}.{link.name}_key = reused.{old}
                        and {core}.gone_at is not null
                        and reused.ending is not null""")


def _bring_back(job: Job, core: str, given: Collection[str]) -> None:
    """Let rows that were set aside have their keys again, where temp.mapped has just their work."""
    owners = {
        link.parent: f"(select id from main.{link.parent} where source_id = :source_id"
        f" and source_key = cast(mapped.{link.name}_key as text))"
        for link in _given_links(job, core, given)
    }
    times = [column for column in BEGINNINGS[core] if column in given]
    job.execute(
        f"""
        create temp table reused as
        select
            known.id,
            cast(mapped.source_key as text) as source_key,
            reused_keys.earlier_key,
            {_first(_endings("mapped", times, owners, "brought_back"))} as ending
        from temp.mapped
        cross join main.reused_keys
            on
                reused_keys.source_id = :source_id
                and reused_keys.kind = :core
                and reused_keys.earlier_key = mapped.source_key || ending
        cross join main.{core} as known
            on
                known.source_id = :source_id
                and known.source_key = reused_keys.earlier_key
                and known.input_id = :input_id""",
        core=core,
    )
    _note(job, core, "brought_back")
    _have_keys_again(job, core)
    _rename_for_deleted(job, core, "earlier_key", "source_key")
    job.execute("drop table temp.reused")


def _have_keys_again(job: Job, core: str) -> None:
    """Give the rows of temp.reused their keys; they are no earlier rows any more."""
    job.execute(f"""
        update main.{core}
        set source_key = reused.source_key
        from temp.reused
        where {core}.id = reused.id""")
    job.execute(
        """
        delete from main.reused_keys
        where
            source_id = :source_id
            and kind = :core
            and earlier_key in (select earlier_key from temp.reused)""",
        core=core,
    )


def _note(job: Job, core: str, table: str) -> None:
    job.execute(f"insert into temp.{table} select '{core}', id, ending from temp.reused where ending is not null")


def _given_links(job: Job, core: str, given: Collection[str]) -> list[Link]:
    return [link for link in links(job.connection, core) if f"{link.name}_key" in given]


def _may_be_reused(job: Job, core: str) -> str:
    """Which known rows a source may have other work for under the same key."""
    if core in job.part.repeats:
        return HAS_ENDED
    if not job.part.has_given_keys:
        return IS_NUMBERED
    has_a_start = HAS_A_START if core == "step_runs" and job.part.counts_attempts else "true"
    return f"({has_a_start}) and not {IS_UNIQUE}"


def _endings(row: str, times: Collection[str], owners: Mapping[str, str], among: str) -> list[str]:
    """What may make the key of an earlier row: its time, otherwise that of its owner."""
    return [
        *(f"' (' || {row}.{time} || ')'" for time in times),
        *(
            f"(select ending from temp.{among} where core = '{parent}' and id = {owner})"
            for parent, owner in owners.items()
        ),
    ]


def _first(texts: Collection[str]) -> str:
    return f"coalesce({', '.join([*texts, 'null', 'null'])})"


def _earlier(link: Link) -> str:
    """The earlier rows of a link's parent that a known row belongs to, as FROM and WHERE."""
    return f"""
        from main.reused_keys as earlier
        where
            earlier.source_id = :source_id
            and earlier.kind = '{link.parent}'
            and earlier.earlier_key = coalesce(
                known.{link.name}_key,
                (
                    select owner.source_key
                    from main.{link.parent} as owner
                    where owner.id = known.{link.name}_id
                )
            )"""


def _is_other(core: str, given: Collection[str], owners: Collection[Link]) -> str:
    """Whether a row of temp.mapped is other work than the known row; where no time says so, by its owner."""
    cases = []
    for column in BEGINNINGS[core]:
        if column not in given:
            continue
        is_apart = "true"
        if core in ENDS:
            known_end = f"coalesce({', '.join(f'known.{end}' for end in ENDS[core])})"
            end = f"coalesce({', '.join(f'mapped.{end}' for end in ENDS[core] if end in given)}, '9999')"
            is_apart = f"(mapped.{column} > {known_end} or {end} < known.{column})"
        seconds = f"abs(julianday(mapped.{column}) - julianday(known.{column})) * 86400"
        # Nearly all times are as they were.
        cases.append(f"when mapped.{column} = known.{column} then false")
        cases.append(f"when {seconds} <= {TOLERANCE_SECONDS} then false when {seconds} is not null then {is_apart}")
    of_owner = [
        f"known.{link.name}_id in (select id from temp.set_aside where core = '{link.parent}')" for link in owners
    ]
    is_owned = " or ".join(of_owner) or "false"
    return f"case {' '.join(cases)} else ({is_owned}) end" if cases else f"({is_owned})"


def _is_incomparable(core: str, given: Collection[str], owners: Collection[Link]) -> str:
    """Whether a row of temp.mapped is other work than the known row, though one of them has not begun.

    The known one belongs to an earlier row; or it began, and what a source has deleted, or has beside other work under
    known keys, does not wait to begin; or the other one is known under its time.
    """
    times = [column for column in BEGINNINGS[core] if column in given]
    same = " and ".join([*(f"(mapped.{column} is null or known.{column} is null)" for column in times), "true"])
    cases = [f"exists (select 1 {_earlier(link)})" for link in owners]
    if core in ENDS and "status" in given and times:
        began = " or ".join(f"known.{column} is not null" for column in times)
        cases.append(
            f"mapped.status = 'queued' and ({began})"
            f" and (known.gone_at is not null or exists (select 1 from temp.set_aside where core = '{core}'))"
        )
    if times:
        cases.append(f"""
            exists (
                select 1
                from main.reused_keys as earlier
                where
                    earlier.source_id = :source_id
                    and earlier.kind = '{core}'
                    and earlier.earlier_key = mapped.source_key || {_first(_endings("mapped", times, {}, ""))}
            )""")
    return f"({same} and ({' or '.join(f'({case})' for case in cases) or 'false'}))"


def _renew_derived_runs(job: Job) -> None:
    """Keep derived runs whose step runs were all set aside or are missing, and start new ones under their keys."""
    job.execute(RUNS_OVER)
    job.execute(f"""
        update main.runs
        set
            source_key = over.source_key || over.ending,
            gone_at = {_deleted(job, "runs")}
        from temp.over
        where runs.id = over.id""")
    job.execute("""
        insert into main.reused_keys (source_id, kind, source_key, earlier_key, began_at, found_at)
        select :source_id, 'runs', source_key, source_key || ending, substr(ending, 3, length(ending) - 3), :now
        from temp.over""")
    # The run that the steps belonged to before, or else a new one.
    job.execute(RUNS_REUSED)
    _have_keys_again(job, "runs")
    job.execute("update main.runs set gone_at = null where id in (select id from temp.reused)")
    job.execute("""
        insert or ignore into main.runs (source_id, source_key, input_id, pipeline_id, kind, is_derived)
        select runs.source_id, over.source_key, runs.input_id, runs.pipeline_id, runs.kind, 1
        from temp.over
        join main.runs on runs.id = over.id""")
    for table in ("over", "reused"):
        job.execute(f"drop table temp.{table}")
