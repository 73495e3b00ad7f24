"""Whether a report database that was fed again and again agrees with a new one."""

from collections.abc import Collection
from pathlib import Path
from typing import Any

from helpers.report_database import ReportDatabase
from storyreport import reports
from storyreport.upkeep.doctor import examine

AS_OF = "2026-03-11T12:00:00Z"
SERVICE = """
create table stories (
    story_id text primary key, title text, chapter_count int, status text, created_at text, updated_at text
);
create table story_generation_runs (
    run_id text primary key, story_id text, status text, current_step text, failure_stage text, failure_code text,
    error_message text, started_at text, ended_at text, created_at text, updated_at text
);
create table story_generation_steps (
    run_id text, step_name text, status text, detail_json text, started_at text, ended_at text, created_at text,
    updated_at text, primary key (run_id, step_name)
);
insert into stories values
('A', 'Story A', 3, 'published', '2026-03-10 08:00:00', '2026-03-10 08:00:00'),
('B', 'Story B', 3, 'published', '2026-03-10 08:00:00', '2026-03-10 08:00:00');
insert into story_generation_runs values
('r1', 'A', 'completed', null, null, null, null, '2026-03-10 09:00:00', '2026-03-10 09:30:00', '2026-03-10 09:00:00',
'2026-03-10 09:30:00');
insert into story_generation_steps values
('r1', 'outline', 'completed', null, '2026-03-10 09:00:00', '2026-03-10 09:05:00', '2026-03-10 09:00:00',
'2026-03-10 09:05:00'),
('r1', 'write_chapter_1', 'completed', null, '2026-03-10 09:05:00', '2026-03-10 09:15:00', '2026-03-10 09:05:00',
'2026-03-10 09:15:00');
"""


def answers(db: ReportDatabase) -> dict[str, list[dict[str, Any]]]:
    """What every report says that takes no thing to look at, in no order."""
    found = {}
    with db.reading():
        for name, report in reports.load_reports().items():
            if name not in ("ingests", "rejected_rows"):
                as_of = {"as_of": AS_OF} if "as_of" in {param.name for param in report.params} else {}
                found[name] = sorted(db.report(name, **as_of), key=str)
    return found


def hold(db: ReportDatabase, path: Path, but: Collection[str] = ()) -> None:
    """The report database is right, and says what one says that is fed for the first time."""
    assert examine(db.path) == []
    fresh = ReportDatabase(db.path.parent / "fresh")
    fresh.path.parent.mkdir(exist_ok=True)
    fresh.path.unlink(missing_ok=True)
    fresh.ingest(path)
    now, then = answers(db), answers(fresh)
    assert [name for name in now if now[name] != then[name] and name not in but] == []
