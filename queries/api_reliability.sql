/*
title: API reliability
description: >-
  Which provider fails or lags: of the calls whose outcome is known, how many succeeded, and how long calls took. The
  least reliable come first. The 95th percentile is within 1 %; a duration counts whether the call succeeded or not.
  What the source does not record is empty.
topic: Cost
params:
  source: {type: source, help: one source only}
  since: {type: date, help: first day (UTC)}
  until: {type: date, help: 'last day (UTC), included'}
  provider: {type: text, help: one provider only}
chart:
  mark: bar
  encoding:
    y: {field: endpoint, type: nominal, sort: -x}
    x: {field: failure_pct, type: quantitative, title: calls that failed}
    color: {field: provider, type: nominal}
*/
-- The whole history is added up already; of some days the histograms are merged.
with called as (
    select
        source_id,
        provider,
        endpoint,
        calls,
        succeeded,
        failed,
        timed,
        total_ms,
        max_ms
    from rollup_endpoints
    where :since || :until = ''
    union all
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
    where
        :since || :until <> ''
        and day >= :since
        and day <= coalesce(nullif(:until, ''), '9999-12-31')
        and (:until = '' or day <> '')
    group by source_id, provider, endpoint
),

durations as (
    select
        source_id,
        provider,
        endpoint,
        bucket,
        calls
    from rollup_call_durations
    where :since || :until = ''
    union all
    select
        source_id,
        provider,
        endpoint,
        bucket,
        sum(calls)
    from rollup_call_day_durations
    where
        :since || :until <> ''
        and day >= :since
        and day <= coalesce(nullif(:until, ''), '9999-12-31')
        and (:until = '' or day <> '')
    group by source_id, provider, endpoint, bucket
),

-- How many of the calls took no longer than this bucket.
cumulated as (
    select
        source_id,
        provider,
        endpoint,
        bucket,
        sum(calls) over (partition by source_id, provider, endpoint order by bucket) as reached,
        sum(calls) over (partition by source_id, provider, endpoint) as timed
    from durations
),

percentiles as (
    select
        source_id,
        provider,
        endpoint,
        min(bucket) as p95_bucket
    from cumulated
    where 100 * reached >= 95 * timed
    group by source_id, provider, endpoint
)

select
    sources.name as source,
    nullif(called.provider, '') as provider,
    nullif(called.endpoint, '') as endpoint,
    called.calls,
    called.succeeded,
    round(100.0 * called.succeeded / nullif(called.succeeded + called.failed, 0), 2) as success_pct,
    cast(round(1.0 * called.total_ms / nullif(called.timed, 0)) as integer) as avg_ms,
    min(cast(round(p95.value_ms) as integer), called.max_ms) as p95_ms,
    round(100.0 * called.failed / nullif(called.succeeded + called.failed, 0), 2) as failure_pct
from called
join sources on sources.id = called.source_id
left join percentiles using (source_id, provider, endpoint)
left join duration_buckets as p95 on p95.bucket = percentiles.p95_bucket
where
    (:source = '' or sources.name = :source)
    and (:provider = '' or called.provider = :provider)
    and called.calls > 0
order by success_pct is null, success_pct, p95_ms desc, called.calls desc, source, provider, endpoint
