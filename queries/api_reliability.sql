/*
title: API reliability
description: >-
  Success rate and duration of calls by provider and endpoint, least reliable first. The success rate covers calls with
  a known outcome; durations cover successful and failed calls. p95 is within 1 %. Values that the source does not
  record are empty.
topic: Cost
params:
  source: {type: source, help: one source only}
  pipeline: {type: pipeline, help: one pipeline only}
  since: {type: date, help: first day (UTC)}
  until: {type: date, help: 'last day (UTC), included'}
  provider: {type: text, help: one provider only}
headline:
  - '{calls.sum:call}, {succeeded.sum} succeeded.'
chart:
  mark: bar
  encoding:
    y: {field: endpoint, type: nominal, sort: -x}
    x: {field: failure_pct, type: quantitative, title: failed calls}
    color: {field: provider, type: nominal}
*/
-- Without dates, the rollup of the whole history has the answer; with dates, the daily histograms are merged.
with ended_calls as (
    select
        source_id,
        provider,
        endpoint,
        sum(calls) as calls,
        sum(succeeded) as succeeded,
        sum(failed) as failed,
        sum(timed) as timed,
        sum(total_ms) as total_ms,
        max(max_ms) as max_ms
    from rollup_endpoints
    where
        :since || :until = ''
        and (:pipeline = '' or pipeline_id in (select id from pipelines where name = :pipeline))
    group by source_id, provider, endpoint
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
        and (:pipeline = '' or pipeline_id in (select id from pipelines where name = :pipeline))
    group by source_id, provider, endpoint
),

durations as (
    select
        source_id,
        provider,
        endpoint,
        bucket,
        sum(calls) as calls
    from rollup_call_durations
    where
        :since || :until = ''
        and (:pipeline = '' or pipeline_id in (select id from pipelines where name = :pipeline))
    group by source_id, provider, endpoint, bucket
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
        and (:pipeline = '' or pipeline_id in (select id from pipelines where name = :pipeline))
    group by source_id, provider, endpoint, bucket
),

-- reached: calls that took no longer than this bucket.
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
    nullif(ended_calls.provider, '') as provider,
    nullif(ended_calls.endpoint, '') as endpoint,
    ended_calls.calls,
    ended_calls.succeeded,
    round(100.0 * ended_calls.succeeded / nullif(ended_calls.succeeded + ended_calls.failed, 0), 2) as success_pct,
    cast(round(1.0 * ended_calls.total_ms / nullif(ended_calls.timed, 0)) as integer) as avg_ms,
    min(cast(round(p95.value_ms) as integer), ended_calls.max_ms) as p95_ms,
    round(100.0 * ended_calls.failed / nullif(ended_calls.succeeded + ended_calls.failed, 0), 2) as failure_pct
from ended_calls
join sources on sources.id = ended_calls.source_id
left join percentiles using (source_id, provider, endpoint)
left join duration_buckets as p95 on p95.bucket = percentiles.p95_bucket
where
    (:source = '' or sources.name = :source)
    and (:provider = '' or ended_calls.provider = :provider)
    and ended_calls.calls > 0
order by success_pct is null, success_pct, p95_ms desc, ended_calls.calls desc, source, provider, endpoint
