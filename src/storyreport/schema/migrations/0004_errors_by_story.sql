-- Which errors struck a story is looked up for each story that has changed, however many others were struck.
create index step_runs_story_error on step_runs (story_id, error_id, day) where error_id is not null;
