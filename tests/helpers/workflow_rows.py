"""Rows of a story-generation service."""

STORY_1, STORY_2, GHOST = (f"{n}251c7d5-9c10-481c-afd1-e2ac78285f37" for n in (1, 2, 3))
RUN_1, RUN_2, RUN_3 = (f"{n}b0f0dfb-07dd-45bb-b7bf-e94f70cd6163" for n in (1, 2, 3))
WORKFLOWS = f"""
    create table story_generation_runs (
        run_id uuid primary key, story_id uuid not null, gcp_workflow_execution text, status text, current_step text,
        failure_stage text, failure_code text, error_message text, started_at timestamptz, ended_at timestamptz,
        metadata jsonb, created_at timestamptz default now(), updated_at timestamptz default now());
    create table story_generation_steps (
        run_id uuid, step_name text, status text, detail_json jsonb, started_at timestamptz, ended_at timestamptz,
        created_at timestamptz default now(), updated_at timestamptz default now(), primary key (run_id, step_name));
    create table token_usage_tracking (
        token_usage_id uuid primary key, author_id uuid, story_id uuid, action text, ai_model text,
        input_tokens integer, output_tokens integer, estimated_cost_in_euros numeric(12, 6), input_prompt_json jsonb,
        created_at timestamptz default now());
    insert into story_generation_runs values
        ('{RUN_1}', '{STORY_1}', 'x', 'completed', null, null, null, null, '2026-03-01 10:00+01', '2026-03-01 12:00+02',
            '{{}}', '2026-03-01 08:59+00', '2026-03-01 10:00+00'),
        ('{RUN_2}', '{GHOST}', 'x', 'failed', 'write_chapter_2', 'writing', 'STORY_NOT_FOUND',
            'Story {GHOST} not found', '2026-03-02 10:00+00', '2026-03-02 10:01+00', '{{}}', '2026-03-02 10:00+00',
            '2026-03-02 10:01+00'),
        ('{RUN_3}', '{STORY_2}', 'x', 'running', 'write_chapter_1', null, null, null, '2026-03-03 10:00+00', null,
            '{{}}', '2026-03-03 10:00+00', '2026-03-03 10:30+00');
    insert into story_generation_steps values
        ('{RUN_1}', 'generate_outline', 'completed', '{{"secret detail": 1}}', '2026-03-01 09:00+00',
            '2026-03-01 09:10+00', '2026-03-01 09:00+00', '2026-03-01 09:10+00'),
        ('{RUN_1}', 'write_chapter_1', 'completed', null, '2026-03-01 09:10+00', '2026-03-01 09:30+00',
            '2026-03-01 09:10+00', '2026-03-01 09:30+00'),
        ('{RUN_1}', 'write_chapter_2', 'completed', null, '2026-03-01 09:30+00', '2026-03-01 10:00+00',
            '2026-03-01 09:30+00', '2026-03-01 10:00+00'),
        ('{RUN_2}', 'write_chapter_2', 'failed', null, '2026-03-02 10:00+00', '2026-03-02 10:01+00',
            '2026-03-02 10:00+00', '2026-03-02 10:01+00'),
        ('{RUN_3}', 'generate_image_chapter_12', 'running', null, '2026-03-03 10:00+00', null,
            '2026-03-03 10:00+00', '2026-03-03 10:30+00');
    insert into token_usage_tracking values
        ('a0000000-0000-0000-0000-000000000001', null, '{STORY_1}', 'chapter_writing', 'gpt-4o', 1000, 200, 0.25,
            '{{"p": "a secret prompt"}}', '2026-03-01 09:15+00'),
        ('a0000000-0000-0000-0000-000000000002', null, '{STORY_1}', 'image_generation', 'imagen', null, null, null,
            null, '2026-03-01 09:20+00'),
        ('a0000000-0000-0000-0000-000000000003', null, '{GHOST}', 'story_outline', 'gpt-4o', 50, 10, 0.01, null,
            '2026-03-02 10:00+00')
"""
