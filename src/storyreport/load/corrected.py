"""Calls without an id whose amounts were corrected: their key holds the amounts, and yet they are the same calls.

A known call that the source no longer has and a call that is new, alike in all but their amounts, are one: the known
one gets the new key, so that its money does not count beside that of its correction. Where another file still has the
known one, nobody can say whether they are two calls: both count, and that is said.
"""

import re

from ..patterns import Pattern
from .job import Job

# A time as it stands in a key; an id that a source gave may have as many parts.
TIME = Pattern(r"\d{4}-\d\d-\d\dT[\d:.]+Z", re.ASCII)


# What such files are called in the findings.
AREA = "files"
ACTION = "Both are counted: give the calls an id, or leave out the file whose amounts are no longer right."


def follow_corrections(job: Job, core: str) -> None:
    """Give the known calls that temp.mapped has with other amounts their new keys, before they are written."""
    if core != "calls" or not job.part.steady_key_parts or job.continued:
        return
    if not job.adds or job.is_again:
        _follow(job)
    if job.adds:
        _note_contradictions(job)


def _follow(job: Job) -> None:
    """Give known calls their new keys: of files that add to others, those that were added last."""
    lost = _lost(job)
    if not lost:
        return
    new = _by_what_stays(
        job,
        """
        select cast(mapped.source_key as text)
        from temp.mapped
        where not exists (
            select 1
            from main.calls as known
            where
                known.source_id = :source_id
                and known.source_key = cast(mapped.source_key as text)
        )
        order by mapped.rowid""",
    )
    job.connection.executemany(
        "update main.calls set source_key = ? where source_id = ? and source_key = ?",
        [
            (new_key, job.source_id, known_key)
            for stays, known_keys in lost.items()
            for new_key, known_key in zip(new.get(stays, ()), known_keys, strict=False)
        ],
    )


def _lost(job: Job) -> dict[str, list[str]]:
    """The known calls that temp.mapped has not; beside other files, of its days only."""
    of_its_days = "and day in (select substr(called_at, 1, 10) from temp.mapped)" if job.adds else ""
    return _by_what_stays(
        job,
        f"""
        select source_key
        from main.calls
        where
            source_id = :source_id
            and input_id = :input_id
            and gone_at is null
            and source_key not in (select cast(source_key as text) from temp.mapped)
            {of_its_days}
        order by id {"desc" if job.adds else ""}""",
    )


def _note_contradictions(job: Job) -> None:
    """Note the calls of a file that another one has with the same names and time, and with other amounts."""
    known = _lost(job)
    here = _by_what_stays(job, "select cast(source_key as text) from temp.mapped") if known else {}
    files = ", ".join(path.name for _, path in job.typed.opened.found.exports)
    problem = f"calls of {files} with the times and names of another file's, and other amounts"
    job.execute(
        "delete from main.findings where input_id = :input_id and area = :area and problem = :problem",
        area=AREA,
        problem=problem,
    )
    times = {names: len(keys) for names, keys in here.items() if names in known}
    if times:
        job.findings.append((AREA, problem, sum(times.values()), min(times).rpartition("/")[2], ACTION))


def _by_what_stays(job: Job, keys: str) -> dict[str, list[str]]:
    """The keys that a SELECT finds, by their parts before the amounts: those of calls that have a time."""
    found: dict[str, list[str]] = {}
    steady = job.part.steady_key_parts
    for (key,) in job.execute(keys):
        parts = key.split("/")
        # The last of them is the time; without one, calls that are alike could be any.
        if len(parts) > steady and TIME.fullmatch(parts[steady - 1]):
            found.setdefault("/".join(parts[:steady]), []).append(key)
    return found
