"""Calls without an id whose amounts were corrected: their key holds the amounts, and yet they are the same calls.

A known call that the source no longer has and a call that is new, alike in all but their amounts, are one: the known
one gets the new key, so that its money does not count beside that of its correction.
"""

import re

from .job import Job

# A time as it stands in a key; an id that a source gave may have as many parts.
TIME = re.compile(r"\d{4}-\d\d-\d\dT[\d:.]+Z", re.ASCII)


def follow_corrections(job: Job, core: str) -> None:
    """Give the known calls that temp.mapped has with other amounts their new keys, before they are written."""
    if core != "calls" or not job.part.steady_key_parts or job.adds or job.continued:
        return
    lost = _by_what_stays(
        job,
        """
        select source_key
        from main.calls
        where
            source_id = :source_id
            and input_id = :input_id
            and gone_at is null
            and source_key not in (select cast(source_key as text) from temp.mapped)
        order by id""",
    )
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
