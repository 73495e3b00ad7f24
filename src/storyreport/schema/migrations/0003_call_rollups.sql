-- What calls cost and how what was called answers are two questions, each with rollups that hold no more than it needs:
-- a row of rollup_call_days is a row of the cost report.

create table rollup_endpoint_days (
    day text not null,
    source_id integer not null references sources (id),
    provider text not null,
    endpoint text not null,
    calls integer not null,
    succeeded integer not null,
    failed integer not null,
    timed integer not null,
    total_ms integer not null,
    max_ms integer,
    primary key (day, source_id, provider, endpoint)
) without rowid;
create index rollup_endpoint_days_endpoint on rollup_endpoint_days (source_id, provider, endpoint);

create table rollup_endpoints (
    source_id integer not null references sources (id),
    provider text not null,
    endpoint text not null,
    calls integer not null,
    succeeded integer not null,
    failed integer not null,
    timed integer not null,
    total_ms integer not null,
    max_ms integer,
    primary key (source_id, provider, endpoint)
) without rowid;

insert into rollup_endpoint_days
select
    day,
    source_id,
    provider,
    endpoint,
    sum(calls),
    sum(succeeded),
    sum(failed),
    sum(timed),
    sum(total_ms),
    max(max_ms)
from rollup_call_days
group by day, source_id, provider, endpoint;

insert into rollup_endpoints
select
    source_id,
    provider,
    endpoint,
    sum(calls),
    sum(succeeded),
    sum(failed),
    sum(timed),
    sum(total_ms),
    max(max_ms)
from rollup_endpoint_days
group by source_id, provider, endpoint;

create temp table earlier_call_days as
select *
from rollup_call_days;
drop table rollup_call_days;
drop table rollup_calls;

create table rollup_call_days (
    day text not null,
    source_id integer not null references sources (id),
    provider text not null,
    model text not null,
    currency text not null,
    calls integer not null,
    input_tokens integer,
    output_tokens integer,
    total_tokens integer,
    cost real,
    estimated_cost real,
    unpriced_calls integer not null,
    primary key (day, source_id, provider, model, currency)
) without rowid;
create index rollup_call_days_model on rollup_call_days (source_id, provider, model, currency);

create table rollup_calls (
    source_id integer not null references sources (id),
    provider text not null,
    model text not null,
    currency text not null,
    calls integer not null,
    input_tokens integer,
    output_tokens integer,
    total_tokens integer,
    cost real,
    estimated_cost real,
    unpriced_calls integer not null,
    primary key (source_id, provider, model, currency)
) without rowid;

insert into rollup_call_days
select
    day,
    source_id,
    provider,
    model,
    currency,
    sum(calls),
    sum(input_tokens),
    sum(output_tokens),
    sum(total_tokens),
    sum(cost),
    sum(estimated_cost),
    sum(unpriced_calls)
from earlier_call_days
group by day, source_id, provider, model, currency;
drop table earlier_call_days;

insert into rollup_calls
select
    source_id,
    provider,
    model,
    currency,
    sum(calls),
    sum(input_tokens),
    sum(output_tokens),
    sum(total_tokens),
    sum(cost),
    sum(estimated_cost),
    sum(unpriced_calls)
from rollup_call_days
group by source_id, provider, model, currency;
