-- From here on rollups and views are files (rollups/, schema/views/), made again when their text changes; what was made
-- of which text is noted here. Rollups that exist keep the rows of days whose detail was pruned.
create table definitions (
    kind text not null,
    name text not null,
    hash text not null,
    primary key (kind, name)
) without rowid;

alter table inputs rename column marks to watermarks;

update rejects
set severity = 'warning'
where severity = 'doubted';

-- Sums of money are integers, in billionths of the currency: exact, and the same in any order. A sum that is too
-- large for one stays a real number.
drop index rollup_story_calls_cost;

alter table rollup_call_days add column cost_nano integer;
alter table rollup_call_days add column estimated_cost_nano integer;
alter table rollup_step_call_days add column cost_nano integer;
alter table rollup_failed_run_calls add column cost_nano integer;
alter table rollup_story_calls add column cost_nano integer;
alter table pruned_calls add column cost_nano integer;

update rollup_call_days
set
    cost_nano = round(cost * 1e9),
    estimated_cost_nano = round(estimated_cost * 1e9);
update rollup_step_call_days
set cost_nano = round(cost * 1e9);
update rollup_failed_run_calls
set cost_nano = round(cost * 1e9);
update rollup_story_calls
set cost_nano = round(cost * 1e9);
update pruned_calls
set cost_nano = round(cost * 1e9);

alter table rollup_call_days drop column cost;
alter table rollup_call_days drop column estimated_cost;
alter table rollup_step_call_days drop column cost;
alter table rollup_failed_run_calls drop column cost;
alter table rollup_story_calls drop column cost;
alter table pruned_calls drop column cost;
