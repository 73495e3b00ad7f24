"""A story pipeline's tracker as the real one behaves, writing real files; what is planted here is known."""

import sqlite3
from datetime import datetime, timedelta, timezone
from pathlib import Path

STEPS = ("01_ingest", "02_preprocess", "03_generate", "04_postprocess", "05_package")
SCHEMA = """
create table if not exists stories (
    id integer primary key autoincrement, story_id text unique not null, title text, source text, metadata text,
    created_at timestamp default current_timestamp, updated_at timestamp default current_timestamp
);
create table if not exists step_status (
    id integer primary key autoincrement, story_id text not null, step_name text not null, status text not null,
    run_id text, error_message text, acceptance_passed integer default 0, acceptance_details text,
    started_at timestamp, completed_at timestamp, created_at timestamp default current_timestamp,
    foreign key (story_id) references stories (story_id), unique (story_id, step_name)
);
create table if not exists step_history (
    id integer primary key autoincrement, story_id text not null, step_name text not null, run_id text not null,
    status text not null, error_message text, execution_time_ms integer, timestamp timestamp default current_timestamp,
    foreign key (story_id) references stories (story_id)
);
create index if not exists idx_step_status_story_id on step_status (story_id);
create index if not exists idx_step_history_story_id on step_history (story_id);
"""
# A fixed moment that histories end at.
NOON = datetime(2026, 3, 10, 12, tzinfo=timezone.utc)


class Tracker:
    """Writes what the tracker writes, in its own way: a status row is replaced, and its start is lost."""

    def __init__(self, path: Path, journal: str = "delete"):
        path.parent.mkdir(parents=True, exist_ok=True)
        self.path = path
        self.connection = sqlite3.connect(path, isolation_level=None)
        self.connection.execute(f"pragma journal_mode = {journal}")
        self.connection.executescript(SCHEMA)
        self.now = NOON

    def close(self) -> None:
        """Let go of the file."""
        self.connection.close()

    def clock(self, **delta: float) -> None:
        """Let time pass."""
        self.now += timedelta(**delta)

    def _times(self) -> tuple[str, str]:
        return self.now.strftime("%Y-%m-%d %H:%M:%S.%f"), self.now.strftime("%Y-%m-%d %H:%M:%S")

    def register(self, story: str, title: str | None = None) -> None:
        """Register a story, or do so again."""
        _, utc = self._times()
        self.connection.execute(
            "insert into stories (story_id, title, source, metadata, created_at, updated_at)"
            " values (?, ?, 'pipeline', '{}', ?, ?)"
            " on conflict (story_id) do update set title = excluded.title, updated_at = excluded.updated_at",
            [story, title, utc, utc],
        )

    def start(self, story: str, step: str, run: str) -> None:
        """A step begins."""
        local, utc = self._times()
        self.connection.execute(
            "insert or replace into step_status (story_id, step_name, status, run_id, started_at, created_at)"
            " values (?, ?, 'running', ?, ?, ?)",
            [story, step, run, local, utc],
        )

    def end(
        self, story: str, step: str, run: str, ms: int | None, status: str = "completed", error: str | None = None
    ) -> None:
        """A step ends."""
        local, utc = self._times()
        self.connection.execute(
            "insert or replace into step_status (story_id, step_name, status, run_id, error_message, completed_at,"
            " created_at) values (?, ?, ?, ?, ?, ?, ?)",
            [story, step, status, run, error, local, utc],
        )
        self.connection.execute(
            "insert into step_history (story_id, step_name, run_id, status, error_message, execution_time_ms,"
            " timestamp) values (?, ?, ?, ?, ?, ?, ?)",
            [story, step, run, status, error, ms, utc],
        )

    def check(self, story: str, step: str, passed: bool, details: str) -> None:
        """An acceptance check gives its verdict: with no run and no row in the history."""
        local, utc = self._times()
        self.connection.execute(
            "insert or replace into step_status (story_id, step_name, status, acceptance_passed, acceptance_details,"
            " completed_at, created_at) values (?, ?, ?, ?, ?, ?, ?)",
            [story, step, "completed" if passed else "failed", int(passed), details, local, utc],
        )

    def fill(self, rows: int) -> None:
        """A long history: five steps a story, one in 50 failed, a minute and a bit of work each."""
        self.connection.executescript(f"""
            begin;
            insert into stories (story_id, title, source, created_at, updated_at)
            with recursive n (i) as (select 0 union all select i + 1 from n where i < {rows} / 5 - 1)
            select 'BULK-' || i, 'Tale ' || i, 'pipeline', datetime(1700000000 + i * 300, 'unixepoch'),
                datetime(1700000000 + i * 300, 'unixepoch')
            from n;
            insert into step_history (story_id, step_name, run_id, status, error_message, execution_time_ms, timestamp)
            with recursive n (i) as (select 0 union all select i + 1 from n where i < {rows} - 1)
            select 'BULK-' || (i / 5), '0' || (i % 5 + 1) || '_' || case i % 5
                    when 0 then 'ingest' when 1 then 'preprocess' when 2 then 'generate'
                    when 3 then 'postprocess' else 'package' end,
                'run-' || (i / 5), case when i % 50 = 7 then 'failed' else 'completed' end,
                case when i % 50 = 7 then 'Timeout after 30 s' end,
                (i * 7919) % 60000 + 500 * (i % 5), datetime(1700000000 + i * 60, 'unixepoch')
            from n;
            insert into step_status (story_id, step_name, status, run_id, completed_at, created_at)
            select story_id, step_name, status, run_id, timestamp, timestamp from step_history;
            commit;
        """)
