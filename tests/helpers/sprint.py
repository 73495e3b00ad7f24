"""A sprint runner: its newest database, and what may be planted in it."""

from pathlib import Path

from helpers.report_database import ask, change

# 2026-03-10T12:00:00Z
NOON = 1_773_144_000


SCHEMA = """
    create table batches (
        id integer primary key, started_at integer not null, ended_at integer, max_cycles integer not null,
        cycles_completed integer default 0, status text not null default 'running');
    create table stories (
        id integer primary key, batch_id integer not null references batches (id), story_key text not null,
        epic_id text not null, status text not null default 'in-progress', started_at integer not null,
        ended_at integer);
    create table commands (
        id integer primary key, story_id integer not null references stories (id), command text not null,
        task_id text not null, started_at integer not null, ended_at integer, status text not null default 'running',
        output_summary text);
    create table events (
        id integer primary key, batch_id integer not null, story_id integer, command_id integer,
        timestamp integer not null, epic_id text not null, story_key text not null, command text not null,
        task_id text not null, status text not null, message text);
    create table background_tasks (
        id integer primary key, batch_id integer not null references batches (id), story_key text not null,
        task_type text not null, spawned_at integer not null, completed_at integer,
        status text not null default 'running');
    create index idx_stories_batch_id on stories (batch_id);
    create index idx_commands_story_id on commands (story_id);
    create index idx_events_batch_id on events (batch_id)
"""


def noon(seconds: int) -> str:
    """Some seconds after noon, as it is stored."""
    return f"2026-03-10T{12 + seconds // 3600:02}:{seconds // 60 % 60:02}:{seconds % 60:02}.000Z"


def add_batch(path: Path, batch: int = 1, status: str = "running", at: int = NOON, end: str = "null") -> None:
    """Plant a batch."""
    change(path, f"insert into batches values ({batch}, {at}, {end}, 5, 2, '{status}')")


def add_story(path: Path, number: int, batch: int = 1, key: str = "2a-1", status: str = "in-progress") -> None:
    """Plant a story of a batch."""
    change(path, f"insert into stories values ({number}, {batch}, '{key}', '2a', '{status}', {NOON}, null)")


def add_events(path: Path, *events: tuple[int, str, str, str, str], batch: int = 1, story: str = "null") -> None:
    """Plant events (seconds after noon, story, command, task, status) of a batch."""
    for at, key, command, task, status in events:
        change(
            path,
            "insert into events (batch_id, story_id, timestamp, epic_id, story_key, command, task_id, status, message)"
            f" values ({batch}, {story}, {NOON + at}, '2a', '{key}', '{command}', '{task}', '{status}', 'said {at}')",
        )


def add_commands(runner: Path, story: int, *statuses: str, minute: int = 0) -> None:
    """Add commands of a story, each a minute after the one before; the last may be running."""
    (first,) = ask(runner, "select coalesce(max(id), 0) + 1 from commands")[0]
    for place, status in enumerate(statuses):
        began = NOON + 60 * (minute + place)
        ended = "null" if status == "running" else began + 30
        change(
            runner,
            f"insert into commands values"
            f" ({first + place}, {story}, 'dev', 'task{place}', {began}, {ended}, '{status}', null)",
        )
