-- Errors, states, endpoints and labels are counted by pipeline. What was pruned of a source that is one pipeline is of
-- that pipeline.
create table if not exists rollup_state_days (
    day text not null,
    source_id integer not null references sources (id),
    family text not null,
    status text not null
);
create table if not exists rollup_label_days (
    day text not null,
    source_id integer not null references sources (id),
    label text not null,
    value text not null,
    currency text not null
);
alter table rollup_state_days add column pipeline_id integer not null default 0;
alter table rollup_error_days add column pipeline_id integer not null default 0;
alter table rollup_endpoint_days add column pipeline_id integer not null default 0;
alter table rollup_call_day_durations add column pipeline_id integer not null default 0;
alter table rollup_label_days add column pipeline_id integer not null default 0;
alter table pruned_errors add column pipeline_id integer not null default 0;
update rollup_state_days
set pipeline_id = pipelines.id
from pipelines
join sources on sources.id = pipelines.source_id
where
    pipelines.source_id = rollup_state_days.source_id
    and pipelines.name = sources.system
    and sources.system in ('adventure', 'celery', 'comfyui', 'huey', 'luigi', 'media', 'pipeline', 'sprint', 'workflow');
update rollup_error_days
set pipeline_id = pipelines.id
from pipelines
join sources on sources.id = pipelines.source_id
where
    pipelines.source_id = rollup_error_days.source_id
    and pipelines.name = sources.system
    and sources.system in ('adventure', 'celery', 'comfyui', 'huey', 'luigi', 'media', 'pipeline', 'sprint', 'workflow');
update rollup_endpoint_days
set pipeline_id = pipelines.id
from pipelines
join sources on sources.id = pipelines.source_id
where
    pipelines.source_id = rollup_endpoint_days.source_id
    and pipelines.name = sources.system
    and sources.system in ('adventure', 'celery', 'comfyui', 'huey', 'luigi', 'media', 'pipeline', 'sprint', 'workflow');
update rollup_call_day_durations
set pipeline_id = pipelines.id
from pipelines
join sources on sources.id = pipelines.source_id
where
    pipelines.source_id = rollup_call_day_durations.source_id
    and pipelines.name = sources.system
    and sources.system in ('adventure', 'celery', 'comfyui', 'huey', 'luigi', 'media', 'pipeline', 'sprint', 'workflow');
update rollup_label_days
set pipeline_id = pipelines.id
from pipelines
join sources on sources.id = pipelines.source_id
where
    pipelines.source_id = rollup_label_days.source_id
    and pipelines.name = sources.system
    and sources.system in ('adventure', 'celery', 'comfyui', 'huey', 'luigi', 'media', 'pipeline', 'sprint', 'workflow');
update pruned_errors
set pipeline_id = pipelines.id
from pipelines
join sources on sources.id = pipelines.source_id
where
    pipelines.source_id = pruned_errors.source_id
    and pipelines.name = sources.system
    and sources.system in ('adventure', 'celery', 'comfyui', 'huey', 'luigi', 'media', 'pipeline', 'sprint', 'workflow');
