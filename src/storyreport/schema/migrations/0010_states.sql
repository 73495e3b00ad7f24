-- Failed work is few rows among many, whether or not it is about a story.
create index runs_failed on runs (source_id, day) where status = 'failed';
create index step_runs_failed on step_runs (source_id, day) where status = 'failed' and run_id is null;

-- What one session made.
create index stories_session on stories (session_hash) where session_hash is not null;
create index runs_session on runs (session_hash) where session_hash is not null;
