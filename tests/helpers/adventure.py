"""A choose-your-own-adventure service with planted rows."""

from pathlib import Path

from helpers.report_database import change

TABLES = """
    create table stories (
        id integer not null primary key, title varchar, session_id varchar,
        created_at datetime default current_timestamp);
    create table story_jobs (
        id integer not null primary key, job_id varchar unique, session_id varchar, theme varchar, status varchar,
        story_id integer, error varchar, created_at datetime default current_timestamp, completed_at datetime);
    create table story_nodes (
        id integer not null primary key, story_id integer references stories (id), content varchar, is_root boolean,
        is_ending boolean, is_winning_ending boolean, options json)
"""


SESSION = "5e551011-aaaa-bbbb-cccc-000000000001"


OTHER_SESSION = "5e551011-aaaa-bbbb-cccc-000000000002"


PRIVATE = (SESSION, OTHER_SESSION, "secret clearing", "secret path")


ROWS = (
    f"""insert into stories values
        (1, 'The Fox', '{SESSION}', '2026-07-01 18:00:30'),
        (2, 'The Owl', '{OTHER_SESSION}', '2026-07-01 19:00:30')""",
    f"""insert into story_jobs values
        (1, 'j-done', '{SESSION}', 'woods', 'Completed', 1, null, '2026-07-01 18:00:00', '2026-07-01 11:00:30.250000'),
        (2, 'j-failed', '{SESSION}', 'woods', ' FAILED ', null, 'No answer', '2026-07-01 18:30:00',
            '2026-07-01 11:31:00'),
        (3, 'j-running', '{OTHER_SESSION}', 'sea', 'processing', null, null, '2026-07-01 18:40:00', null),
        (4, 'j-waiting', '{OTHER_SESSION}', 'sea', 'PENDING', null, null, '2026-07-01 18:50:00', null),
        (5, 'j-odd', '{OTHER_SESSION}', 'sea', 'meditating', null, null, '2026-07-01 18:55:00', null)""",
    """insert into story_nodes values
        (1, 1, 'A secret clearing', 1, 0, 0,
            '[{"text": "A secret path", "node_id": 2}, {"text": "A secret path", "node_id": 3}]'),
        (2, 1, 'A secret clearing', 0, 1, 1, '[]'),
        (3, 1, 'A secret clearing', 0, 1, 0, '[]'),
        (4, 2, 'A secret clearing', 1, 1, 0, '[]')""",
)


def write(path: Path) -> Path:
    """A database with the planted rows."""
    change(path, *TABLES.split(";"), *ROWS)
    return path
