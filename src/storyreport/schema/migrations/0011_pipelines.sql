-- The pipelines of a source: DAGs, workflows, flows, jobs. A step, a run, a story and a call belong to one, or to none
-- that is known; a step run belongs to that of its step.
create table pipelines (
    id integer primary key,
    source_id integer not null references sources (id),
    name text not null,
    unique (source_id, name)
);

-- Of these systems a source is one pipeline, named like the system.
insert into pipelines (source_id, name)
select
    id,
    system
from sources
where system in ('adventure', 'celery', 'comfyui', 'huey', 'luigi', 'media', 'pipeline', 'sprint', 'workflow');

-- The same name in two pipelines is two steps.
create table new_steps (
    id integer primary key,
    source_id integer not null references sources (id),
    pipeline_id integer references pipelines (id),
    name text not null,
    family text not null,
    position integer
);
insert into new_steps
select
    steps.id,
    steps.source_id,
    pipelines.id,
    steps.name,
    steps.family,
    steps.position
from steps
left join pipelines on pipelines.source_id = steps.source_id;
-- A view of the first versions that nothing reads any more.
drop view if exists running_work;
drop table steps;
alter table new_steps rename to steps;
create unique index steps_name on steps (source_id, name, coalesce(pipeline_id, 0));

alter table stories add column pipeline_id integer references pipelines (id);
alter table runs add column pipeline_id integer references pipelines (id);
alter table calls add column pipeline_id integer references pipelines (id);
-- What was pruned of these sources is of their pipeline, too.
create table if not exists rollup_failing_call_days (
    day text not null,
    source_id integer not null references sources (id),
    family text not null,
    currency text not null
);
alter table rollup_step_days add column pipeline_id integer not null default 0;
alter table rollup_step_day_durations add column pipeline_id integer not null default 0;
alter table rollup_call_days add column pipeline_id integer not null default 0;
alter table rollup_step_call_days add column pipeline_id integer not null default 0;
alter table rollup_failing_call_days add column pipeline_id integer not null default 0;
update rollup_step_days
set pipeline_id = pipelines.id
from pipelines
where pipelines.source_id = rollup_step_days.source_id;
update rollup_step_day_durations
set pipeline_id = pipelines.id
from pipelines
where pipelines.source_id = rollup_step_day_durations.source_id;
update rollup_call_days
set pipeline_id = pipelines.id
from pipelines
where pipelines.source_id = rollup_call_days.source_id;
update rollup_step_call_days
set pipeline_id = pipelines.id
from pipelines
where pipelines.source_id = rollup_step_call_days.source_id;
update rollup_failing_call_days
set pipeline_id = pipelines.id
from pipelines
where pipelines.source_id = rollup_failing_call_days.source_id;
update stories
set pipeline_id = pipelines.id
from pipelines
where pipelines.source_id = stories.source_id;
update runs
set pipeline_id = pipelines.id
from pipelines
where pipelines.source_id = runs.source_id;
update calls
set pipeline_id = pipelines.id
from pipelines
where pipelines.source_id = calls.source_id;
