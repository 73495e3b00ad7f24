-- What the user says that status words of a source mean: a JSON object, folded word → status.
alter table sources add column statuses text not null default '{}';

-- Failed work is few rows among many, whether or not it is about a story.
create index runs_failed on runs (source_id, day) where status = 'failed';
create index step_runs_failed on step_runs (source_id, day) where status = 'failed' and run_id is null;
