"""An export of a story-generation service, and what may be planted in it."""

from pathlib import Path

from helpers.report_database import change

RUNS = """
    create table story_generation_runs (run_id text primary key, story_id text, status text, current_step text,
        failure_stage text, error_message text, started_at text, ended_at text, created_at text, updated_at text);
    create table story_generation_steps (run_id text, step_name text, status text, started_at text, ended_at text,
        created_at text, updated_at text);
    create table stories (story_id text primary key, title text, chapter_count integer, status text, created_at text)
"""


def add_run(service: Path, run: str, story: str, status: str, hour: int, *steps: tuple[str, str]) -> None:
    """Add a run of an hour, and its steps one after the other; what is queued or runs has no end."""
    began, ended = f"2026-03-01T{hour:02}:00:00Z", f"2026-03-01T{hour + 1:02}:00:00Z"
    end = f"'{ended}'" if status in ("completed", "failed") else "null"
    error = f"'{run} broke'" if status == "failed" else "null"
    begin = "null" if status == "queued" else f"'{began}'"
    change(
        service,
        f"insert or ignore into stories values ('{story}', 'Tale {story}', 2, 'draft', '{began}')",
        f"insert into story_generation_runs values"
        f" ('{run}', '{story}', '{status}', null, null, {error}, {begin}, {end}, '{began}', '{ended}')",
        *(
            f"insert into story_generation_steps values ('{run}', '{step}', '{state}', '{began}', null, '{began}',"
            f" '2026-03-01T{hour:02}:{place:02}:00Z')"
            for place, (step, state) in enumerate(steps, 1)
        ),
    )


def write(path: Path) -> Path:
    """A database with nothing in it."""
    change(path, *RUNS.split(";"))
    return path
