"""The sprint runner's events, paired without a look at the mapping."""

from collections import defaultdict
from collections.abc import Iterable
from pathlib import Path

from helpers.report_database import ReportDatabase, change
from helpers.sprint import NOON

# (at, story, command, task, status, place in the source)
Event = tuple[float, str, str, str, str, int]


def pairs(events: Iterable[Event]) -> tuple[list[tuple[str, str, int]], list[tuple[str, str]], int]:
    """Pairs (story, step, duration) of a start and its end; starts with no end; how many ends have no start."""
    waiting: dict[tuple[str, str, str], list[float]] = defaultdict(list)
    done, stray_ends = [], 0
    for at, story, command, task, status, _ in sorted(events, key=lambda event: (event[0], event[5])):
        starts = waiting[story, command, task]
        if status == "start":
            starts.append(at)
        elif status == "end" and starts:
            done.append((story, f"{command}/{task}", round((at - starts.pop()) * 1000)))
        elif status == "end":
            stray_ends += 1
    never = [(story, f"{command}/{task}") for (story, command, task), starts in waiting.items() for _ in starts]
    return sorted(done), sorted(never), stray_ends


def steps(db: ReportDatabase, status: str) -> list[tuple[str, str, int]]:
    """(story, step, duration) of the step runs of a status."""
    return db.sql(
        """
        select coalesce(stories.source_key, story_key), steps.name, duration_ms
        from step_runs
        join steps on steps.id = step_id
        left join stories on stories.id = story_id
        where step_runs.status = ? and step_runs.gone_at is null
        order by 1, 2, 3
        """,
        status,
    )


def step_runs(db: ReportDatabase) -> list[tuple[object, ...]]:
    """(key, attempt, status, duration) of what is still there."""
    return db.sql("select source_key, attempt, status, duration_ms from step_runs where gone_at is null order by 1")


NESTED = (
    (0, "A", "dev", "code", "start"),
    (1, "B", "dev", "code", "start"),
    (2, "A", "dev", "code", "start"),
    (3, "A", "dev", "test", "start"),
    (4, "A", "dev", "code", "progress"),
    (5, "A", "dev", "code", "end"),
    (6, "A", "dev", "code", "end"),
    (7, "A", "dev", "code", "end"),
    (8, "B", "dev", "lint", "end"),
    (9, "A", "dev", "code", "start"),
    (9, "A", "dev", "code", "end"),
    (20, "B", "dev", "code", "end"),
)


def fill(path: Path, batches: int, events_each: int) -> None:
    """Plant a long history: each batch with one story, its commands and as many events."""
    change(
        path,
        "create temp table numbers as with recursive counted (n) as"
        f" (select 1 union all select n + 1 from counted where n < {batches * events_each}) select n from counted",
        f"insert into batches select 100 + n, {NOON} + n, {NOON} + n + 9, 5, 5, 'completed' from numbers"
        f" where n <= {batches}",
        f"insert into stories select 100 + n, 100 + n, 'S-' || n, '1', 'done', {NOON} + n, {NOON} + n + 9 from numbers"
        f" where n <= {batches}",
        f"insert into commands select 100 + n, 101 + (n - 1) / {events_each}, 'dev', 'task-' || n % 7, {NOON} + n,"
        f" {NOON} + n + 1 + n % 5, 'completed', null from numbers",
        f"insert into events select 100 + n, 101 + (n - 1) / {events_each}, null, null, {NOON} + n, '1',"
        f" 'S-' || (1 + (n - 1) / {events_each}), 'review', 'x', case n % 2 when 1 then 'start' else 'end' end, 'm'"
        " from numbers",
    )


def fresh(db: ReportDatabase, path: Path) -> ReportDatabase:
    """Another report database that has read the source once."""
    other = ReportDatabase(db.path.parent)
    other.path = db.path.with_name("fresh.db")
    other.path.unlink(missing_ok=True)
    other.ingest(path)
    return other


def write_csv(path: Path, *lines: str | bytes) -> Path:
    """Write lines as they are."""
    path.write_bytes(b"".join((line.encode() if isinstance(line, str) else line) + b"\n" for line in lines))
    return path
