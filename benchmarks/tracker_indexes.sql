-- The tracker's own indexes, made last: that is faster.
create index idx_step_status_story_id on step_status (story_id);
create index idx_step_history_story_id on step_history (story_id);
