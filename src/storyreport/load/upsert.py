"""Write the rows that a section selects into their core table: new ones, and those that differ from before."""

from collections.abc import Collection

from ..detail import ENDED, ended
from ..mapping import Section
from .attempts import settle_attempts
from .corrected import follow_corrections
from .deleted import is_unread, mark_deleted
from .derived import ALL_RUNS, WORKED_RUNS, derive_runs
from .job import IS_OPEN, TABLES_OF_WORK, Job, inherits
from .references import links
from .reused import keep_earlier_rows
from .zones import forget_earlier_keys

# Local times of the hour that is repeated when summer time ends: work does not end before it began.
END = "after_fold(mapped.ended_at, mapped.started_at, :zone)"
AFTER_FOLD = {
    "ended_at": END,
    "duration_ms": f"""coalesce(
        mapped.duration_ms,
        case
            when {END} <> mapped.ended_at
                then cast(round((julianday({END}) - julianday(mapped.started_at)) * 86400000) as integer)
        end
    )""",
}
# Of files in any order, one that says that an attempt goes on is older than one that says how it ended.
STAYS_OPEN = (
    "(step_runs.gone_at is not null or step_runs.ended_at is null or excluded.ended_at is not null"
    " or excluded.started_at is not step_runs.started_at)"
)
# A reference that is given by the name of what it leads to; as text, like the keys.
PIPELINE = (
    "left join main.pipelines as pipeline"
    " on pipeline.source_id = :source_id and pipeline.name = cast(mapped.pipeline_name as text)"
)
STEP = (
    "left join main.steps as step"
    " on step.source_id = :source_id and step.name = cast(mapped.step_name as text)"
    " and coalesce(step.pipeline_id, 0) = coalesce({pipeline}, 0)"
)
# Core tables whose rows belong to a pipeline of their own; a step run belongs to that of its step.
OF_PIPELINES = ("stories", "runs", "calls")


def load_names(job: Job) -> None:
    """Add the pipelines and the steps that are new."""
    if job.system.pipeline:
        job.execute(
            "insert or ignore into main.pipelines (source_id, name) values (:source_id, :name)",
            name=job.system.pipeline,
        )
        job.pipeline_id = job.scalar(
            "select id from main.pipelines where source_id = :source_id and name = :name", name=job.system.pipeline
        )
    for action in ("pipelines", "steps"):
        for section in job.sections:
            if section.action == action:
                with job.running(section):
                    _load_names(job, section)


def _load_names(job: Job, section: Section) -> None:
    given = job.columns[section]
    columns = {column: f"mapped.{column}" for column in given if column != "pipeline_name"}
    if section.table == "steps":
        columns["pipeline_id"] = _pipeline(given)
    job.execute(
        f"insert into main.{section.table} (source_id, {', '.join(columns)})"
        f" select :source_id, {', '.join(columns.values())} from {job.rows_of(section)} as mapped"
        f" {PIPELINE if 'pipeline_name' in given else ''}"
        " where true on conflict do nothing"
    )


def _pipeline(given: Collection[str]) -> str:
    """The pipeline of a mapped row, in SQL: the one that it names, or that of all rows of the system."""
    return "pipeline.id" if "pipeline_name" in given else ":pipeline_id"


def load_core(job: Job, core: str, present: int | None) -> int:
    """Load a core table; return of how many source rows its present rows are made.

    `present` is how many they were before, where only rows that may have changed are read; None where all are.
    """
    for section in job.sections:
        if section.verb != "load" or section.table != core:
            continue
        with job.running(section):
            if job.is_fresh:
                _upsert(job, section, job.rows_of(section))
            else:
                present = _load_again(job, section, present)
    if core == "step_runs":
        settle_attempts(job)
        # Rows that come after may belong to a run's story.
        derive_runs(job, ALL_RUNS if job.is_fresh else WORKED_RUNS)
    return _rows(job, core) if present is None else present


def _load_again(job: Job, section: Section, present: int | None) -> int | None:
    """Load a section's rows beside those of the last time; return of how many source rows there are now."""
    changes_only = present is not None
    job.execute(f"create temp table mapped as select * from {job.rows_of(section)}")
    job.execute("create index temp.mapped_key on mapped (source_key)")
    _leave_out_pruned(job, section)
    before = _rows(job, section.table, "temp.mapped") if changes_only else 0
    if not changes_only:
        follow_corrections(job, section.table)
    _count_overlap(job, section)
    if job.has_any("temp.mapped"):
        keep_earlier_rows(job, section)
        _upsert(job, section, "temp.mapped")
    forget_earlier_keys(job, section.table)
    deleted = mark_deleted(job, section.table, changes_only)
    if present is not None:
        present += _rows(job, section.table, "temp.mapped") - before - deleted
    job.execute("drop table temp.mapped")
    return present


def _count_overlap(job: Job, section: Section) -> None:
    """Count how many keys are those of the place where the part was read from before."""
    core = section.table
    if job.overlap is None or section.only_absent or core not in job.part.feeds or is_unread(job, core):
        return
    here = "source_id = :source_id and input_id = :input_id and gone_at is null"
    job.overlap.known += job.scalar(f"select count(*) from main.{core} where {here}")
    job.overlap.present += job.scalar("select count(*) from temp.mapped")
    job.overlap.common += job.scalar(
        f"select count(*) from main.{core}"
        f" where {here} and source_key in (select cast(source_key as text) from temp.mapped)"
    )


def _leave_out_pruned(job: Job, section: Section) -> None:
    """Take from temp.mapped the rows as old as the detail that was pruned, unless they are here or still open."""
    core, columns = section.table, job.columns[section]
    since = job.scalar("select detail_since from main.sources where id = :source_id")
    if since is None or core not in ENDED:
        return
    is_open = f"and ({IS_OPEN}) is not true" if core in TABLES_OF_WORK and "status" in columns else ""
    job.counts.left_out += job.execute(
        f"""
        delete from temp.mapped
        where
            {ended(core, columns)} < :since
            {is_open}
            and not exists (
                select 1
                from main.{core} as known
                where known.source_id = :source_id and known.source_key = cast(mapped.source_key as text)
            )""",
        since=since,
    ).rowcount


def _rows(job: Job, core: str, keys: str | None = None) -> int:
    """Of how many source rows the present rows of a core table are made, or those whose keys are in a table."""
    weight = "sum(source_rows)" if core == "step_runs" else "count(*)"
    among = f"and source_key in (select cast(source_key as text) from {keys})" if keys else ""
    return int(
        job.scalar(f"""
            select coalesce({weight}, 0)
            from main.{core}
            where source_id = :source_id and input_id = :input_id and gone_at is null {among}""")
    )


def _upsert(job: Job, section: Section, rows: str) -> None:
    core, given = section.table, job.columns[section]
    values, joins = _values(job, core, given)
    columns = {"source_id": ":source_id", "source_key": "mapped.source_key", "input_id": ":input_id", **values}
    conflict = _revive(job, core, values) if section.only_absent else _update(core, values, inherits(given))
    if not section.only_absent and job.part.largest_wins and core == "calls":
        conflict += f" and ({core}.gone_at is not null or {_size('excluded')} >= {_size(core)})"
    if not section.only_absent and job.adds and job.part.counts_attempts and core == "step_runs":
        conflict += f" and {STAYS_OPEN}"
    last_id = job.scalar(f"select coalesce(max(id), 0) from main.{core}")
    written = job.execute(
        f"insert into main.{core} ({', '.join(columns)})"
        f" select {', '.join(columns.values())} from {rows} as mapped {' '.join(joins)}"
        f" where true on conflict (source_id, source_key) {conflict}",
        zone=job.typed.options.timezone,
    ).rowcount
    inserted = job.scalar(f"select coalesce(max(id), 0) from main.{core}") - last_id
    job.counts.inserted += inserted
    job.counts.updated += written - inserted


def _values(job: Job, core: str, given: Collection[str]) -> tuple[dict[str, str], list[str]]:
    """The columns to write with their SQL, and the joins that resolve references."""
    values = {
        column: f"mapped.{column}"
        for column in given
        if column not in ("pipeline_name", "step_name") and not column.endswith("_key")
    }
    if "error_message" in given and not job.typed.options.with_text:
        # Most rows have none, and a call of a function for each costs more than to look.
        values["error_message"] = (
            "case when mapped.error_message is not null then neutral(error_text(mapped.error_message)) end"
        )
    if core == "log_events" and not job.typed.options.with_text:
        values["message"] = "neutral(mapped.message)"
    if "labels" in given:
        values["labels"] = "clean_labels(mapped.labels)"
    if core in TABLES_OF_WORK and job.typed.options.timezone != "UTC" and {"started_at", "ended_at"} <= set(given):
        values |= {column: value for column, value in AFTER_FOLD.items() if column in given}
    joins = []
    for link in links(job.connection, core):
        if f"{link.name}_key" in given:
            joins.append(
                f"left join main.{link.parent} as {link.name} on {link.name}.source_id = :source_id"
                # As text: whole numbers would not be looked up in the index.
                f" and {link.name}.source_key = cast(mapped.{link.name}_key as text)"
                # Of a new source nothing is deleted: the index alone answers.
                f"{'' if job.is_fresh else f' and {link.name}.gone_at is null'}"
            )
            values[f"{link.name}_id"] = f"{link.name}.id"
            # An empty key refers to nothing.
            values[f"{link.name}_key"] = f"case when {link.name}.id is null then nullif(mapped.{link.name}_key, '') end"
    if inherits(given):
        values["story_id"] = "run.story_id"
    if "pipeline_name" in given:
        joins.append(PIPELINE)
    if "step_name" in given:
        joins.append(STEP.format(pipeline=_pipeline(given)))
        values["step_id"] = "step.id"
    if core in OF_PIPELINES:
        # A call that names none is one of its run's.
        of_run = core == "calls" and "run_key" in given
        values["pipeline_id"] = f"coalesce({_pipeline(given)}, run.pipeline_id)" if of_run else _pipeline(given)
    return values, joins


def _size(row: str) -> str:
    """How much a call used, in SQL."""
    return f"coalesce({row}.input_tokens, 0) + coalesce({row}.output_tokens, 0)"


def _revive(job: Job, core: str, values: Collection[str]) -> str:
    """What an insert of absent rows does with a row that was made so: bring a deleted one back, let one begin earlier.

    Files may be read in any order: what the rows of several of them name begins with the first of these rows. What is
    read in another zone than before begins at another time.
    """
    made_of = [column for column in ("input_id", "origin") if column == "input_id" or column in values]
    same = " and ".join(f"{core}.{column} is excluded.{column}" for column in made_of)
    new, changed = {column: f"excluded.{column}" for column in values}, f"{core}.gone_at is not null"
    if "created_at" in values:
        is_corrected = job.zone_before not in ("", job.typed.options.timezone) and not job.adds
        order = "<>" if is_corrected else "<"
        is_other = f"excluded.created_at {order} coalesce({core}.created_at, '9999')"
        kept = {column: f"case when {changed} then {value} else {core}.{column} end" for column, value in new.items()}
        begins = f"case when {changed} or {is_other} then excluded.created_at else {core}.created_at end"
        new, changed = {**kept, "created_at": begins}, f"({changed} or {is_other})"
    updates = [*(f"{column} = {value}" for column, value in new.items()), "gone_at = null"]
    return f"do update set {', '.join(updates)} where {changed} and {same}"


def _update(core: str, values: Collection[str], is_inheriting: bool) -> str:
    """What an upsert does with a row that is there already: nothing, unless it differs."""
    new = {column: f"excluded.{column}" for column in values}
    own = [f"{core}.{column}" for column in values]
    if is_inheriting:
        # While the run is missing, its story is the one that was known when it was there.
        new["story_id"] = f"case when excluded.run_id is null then {core}.story_id else excluded.story_id end"
        new["story_key"] = f"case when excluded.run_id is null then {core}.story_key end"
        own.append(f"{core}.story_key")
    if "pipeline_id" in values:
        # Another row of a run, or another file, may have named it.
        new["pipeline_id"] = f"coalesce(excluded.pipeline_id, {core}.pipeline_id)"
    changed = f"({', '.join([*own, f'{core}.gone_at'])}) is not ({', '.join([*new.values(), 'null'])})"
    updates = [f"{column} = {value}" for column, value in new.items()]
    updates += ["input_id = excluded.input_id", "gone_at = null"]
    if "error_message" in values:
        updates.append("error_id = case when error_message is excluded.error_message then error_id end")
    return f"do update set {', '.join(updates)} where {changed}"
