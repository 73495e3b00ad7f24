"""A story-to-video service with planted rows, in its newer and its older version."""

from pathlib import Path

from helpers.report_database import change

NEW = """
    create table users (id text primary key, username text, email text, created_at timestamp, updated_at timestamp);
    create table workflows (
        id text primary key, user_id text, original_prompt text, enhanced_story text, story_title text,
        max_scenes integer, current_phase text, status text, created_at timestamp default current_timestamp,
        updated_at timestamp default current_timestamp, completed_at timestamp, total_processing_time real);
    create table generated_files (
        id text primary key, workflow_id text references workflows (id), file_type text, file_path text, file_name text,
        file_size integer, mime_type text, metadata json, created_at timestamp default current_timestamp);
    create table scenes (
        id text primary key, workflow_id text, scene_number integer, description text, prompt text, duration real,
        image_file_id text, created_at timestamp default current_timestamp);
    create table generation_progress (
        id integer primary key, workflow_id text, progress_percentage real, current_step text, status text,
        estimated_time_remaining integer, created_at timestamp default current_timestamp);
    create table api_usage (
        id integer primary key, workflow_id text, api_provider text, endpoint text, tokens_used integer, cost_usd real,
        response_time real, success boolean, error_message text, created_at timestamp default current_timestamp)
"""


OLD = """
    create table workflows (id text primary key, original_prompt text, status text, created_at timestamp);
    create table generated_files (workflow_id text, file_type text, file_path text, id integer primary key)
"""


PRIVATE = ("secret prompt", "secret story", "secret scene", "ann@example.com", "ann_the_user")


ROWS = (
    "insert into users values ('u1', 'ann_the_user', 'ann@example.com', null, null)",
    """insert into workflows values
        ('w1', 'u1', 'a secret prompt', 'a secret story', 'The Fox', 5, 'video_assembly', 'completed',
            '2026-03-01 10:00:00', '2026-03-01 10:10:00', '2026-03-01 10:10:00', 600.25),
        ('w2', 'u1', 'a secret prompt', null, 'The Owl', 5, 'image_generation', 'ACTIVE',
            '2026-03-02 10:00:00', '2026-03-02 10:05:00', null, null),
        ('w3', 'u1', null, null, 'The Hen', 5, 'audio_generation', 'failed',
            '2026-03-02 11:00:00', '2026-03-02 11:05:00', null, null)""",
    """insert into generated_files values
        ('f1', 'w1', 'image', '/files/images/1.png', '1.png', 1000, 'image/png', '{}', '2026-03-01 10:05:00'),
        ('f2', 'w1', 'video', '/files/video/all.mp4', 'all.mp4', 50000, 'video/mp4', '{}', '2026-03-01 10:10:00')""",
    "insert into scenes values ('s1', 'w1', 1, 'a secret scene', 'secret prompt', 3.5, 'f1', '2026-03-01 10:02:00')",
    """insert into generation_progress values
        (1, 'w1', 0, 'image_generation', 'in_progress', 60, '2026-03-01 10:01:00'),
        (2, 'w1', 50, 'image_generation', 'in_progress', 30, '2026-03-01 10:03:00'),
        (3, 'w1', 100, 'image_generation', 'completed', 0, '2026-03-01 10:05:00'),
        (4, 'w1', 100, 'video_assembly', 'completed', 0, '2026-03-01 10:10:00'),
        (5, 'w2', 10, 'image_generation', 'in_progress', 60, '2026-03-02 10:05:00'),
        (6, 'w3', 0, 'audio_generation', 'in_progress', 60, '2026-03-02 11:01:00'),
        (7, 'w3', 10, 'audio_generation', 'failed', 60, '2026-03-02 11:05:00')""",
    """insert into api_usage values
        (1, 'w1', 'openai', 'chat', 1500, 0.03, 2.5, 1, null, '2026-03-01 10:00:30'),
        (2, 'w1', 'stability', 'image', null, 0.04, 8, 1, null, '2026-03-01 10:03:00'),
        (3, 'w2', 'openai', 'chat', null, null, 1, 0, 'Rate limit for ann@example.com', '2026-03-02 10:04:00'),
        (4, null, 'openai', 'chat', 100, 0.002, 1, 1, null, '2026-03-02 10:06:00'),
        (5, 'w-deleted', 'suno', 'music', null, 0.5, 30, 1, null, '2026-02-01 10:00:00')""",
)


def write(path: Path) -> Path:
    """A database of the newer version with the planted rows."""
    change(path, *NEW.split(";"), *ROWS)
    return path
