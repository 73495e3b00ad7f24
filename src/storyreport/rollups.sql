-- What history adds up to, from the rows of the days that changed.
-- counted_step_runs and counted_calls hold these rows: see rollups.py.

-- step_runs: rollup_step_days
select
    source_id,
    family,
    day,
    count(*) as executions,
    sum(status = 'completed') as completed,
    sum(status = 'failed') as failed,
    count(case when status = 'completed' then duration_ms end) as timed,
    coalesce(sum(case when status = 'completed' then duration_ms end), 0) as total_ms,
    max(case when status = 'completed' then duration_ms end) as max_ms
from counted_step_runs
where status in ('completed', 'failed')
group by source_id, family, day;

-- step_runs: rollup_step_durations
select
    source_id,
    family,
    day,
    duration_bucket(duration_ms) as bucket,
    count(*) as executions
from counted_step_runs
where
    status = 'completed'
    and duration_ms is not null
group by source_id, family, day, bucket;

-- calls: rollup_call_days
select
    source_id,
    day,
    provider,
    model,
    endpoint,
    case when is_estimated then estimated_currency else currency end as currency,
    sum(calls) as calls,
    sum(case when status = 'completed' then calls else 0 end) as succeeded,
    count(duration_ms) as timed,
    coalesce(sum(duration_ms), 0) as total_ms,
    max(duration_ms) as max_ms,
    sum(input_tokens) as input_tokens,
    sum(output_tokens) as output_tokens,
    sum(coalesce(total_tokens, input_tokens + output_tokens)) as total_tokens,
    sum(case when is_estimated then estimated_cost else cost end) as cost,
    sum(case when is_estimated then estimated_cost end) as estimated_cost,
    sum(
        case
            when
                cost is null
                and not is_estimated
                -- A bill covers them: see calls.
                and not exists (
                    select 1
                    from main.calls as bills
                    where
                        bills.source_id = counted_calls.source_id
                        and bills.day = counted_calls.day
                        and bills.provider = counted_calls.provider
                        and bills.calls = 0
                        and bills.cost is not null
                )
                then calls
            else 0
        end
    ) as unpriced_calls
from counted_calls
group by source_id, day, provider, model, endpoint, case when is_estimated then estimated_currency else currency end;
