/*
title: Cost by story
description: >-
  The most expensive stories, up to the limit. Cost is what was recorded plus what was estimated. Calls without a known
  cost are unpriced, never free. Currencies are never added up. A story paid in two currencies has two rows. Needs calls
  that name their story or a run of it. Stories that the source has deleted still count. So do stories that calls name
  and the source does not have: they are marked as missing, or as not read where none of its stories were read.
topic: Cost
params:
  source: {type: source, help: one source only}
  since: {type: date, help: first day of calls (UTC)}
  until: {type: date, help: 'last day of calls (UTC), included'}
  story: {type: text, help: one story only}
  limit: {type: whole, default: 1000, help: maximum number of rows}
headline:
  - 'Most expensive: {title[0]} with {cost[0]}.'
chart:
  mark: bar
  encoding:
    y: {field: title, type: nominal, sort: -x}
    x: {field: cost, type: quantitative}
    color: {field: source, type: nominal}
    row: {field: currency, type: nominal}
*/
-- The rollup has each story's total, and an index has the most expensive first: the answer for stories whose calls all
-- lie in the period.
with most_expensive as (
    select
        story_id,
        currency
    from rollup_story_calls
    where
        :story = ''
        and (:source = '' or source_id = (select id from sources where name = :source))
        and (
            :since || :until = ''
            or (
                first_day >= max(:since, '0')
                and last_day <= coalesce(nullif(:until, ''), '9999-12-31')
            )
        )
    order by cost_nano desc, calls desc, story_id
    limit cast(:limit as integer)
),

one_story as (
    select
        rollup_story_calls.story_id,
        rollup_story_calls.currency
    from sources
    cross join stories
        on
            stories.source_id = sources.id
            and stories.source_key = :story
    cross join rollup_story_calls on rollup_story_calls.story_id = stories.id
    where
        :story <> ''
        and (:source = '' or sources.name = :source)
),

-- For the other stories the calls of the period are added up.
partly as (
    select
        story_id,
        currency
    from rollup_story_calls indexed by rollup_story_calls_days
    where
        :since || :until <> ''
        and :story = ''
        and (:source = '' or source_id = (select id from sources where name = :source))
        and last_day >= :since
        and first_day <= coalesce(nullif(:until, ''), '9999-12-31')
        and not (
            first_day >= max(:since, '0')
            and last_day <= coalesce(nullif(:until, ''), '9999-12-31')
        )
    union all
    select
        story_id,
        currency
    from one_story
    where :since || :until <> ''
),

some_days as (
    select
        story_id,
        currency,
        sum(calls) as calls,
        sum(total_tokens) as total_tokens,
        sum(cost) as cost,
        sum(unpriced_calls) as unpriced_calls
    from (
        select
            partly.story_id,
            partly.currency,
            calls.day,
            calls.calls,
            coalesce(calls.total_tokens, calls.input_tokens + calls.output_tokens) as total_tokens,
            calls.price_nano / 1e9 as cost,
            calls.unpriced_calls
        from partly
        cross join stories on stories.id = partly.story_id
        -- Calls of a deleted story refer to it by its key.
        cross join priced_calls as calls
            on
                calls.story_id = stories.id
                or (calls.story_key = stories.source_key and +calls.source_id = stories.source_id)
        where calls.price_currency = partly.currency
        union all
        select
            partly.story_id,
            partly.currency,
            pruned_calls.day,
            pruned_calls.calls,
            pruned_calls.total_tokens,
            pruned_calls.cost_nano / 1e9,
            pruned_calls.unpriced_calls
        from partly
        cross join pruned_calls on pruned_calls.story_id = partly.story_id
        where pruned_calls.currency = partly.currency
    )
    where
        day >= max(:since, '0')
        and day <= coalesce(nullif(:until, ''), '9999-12-31')
    group by story_id, currency
),

spent as (
    select
        story_id,
        currency,
        calls,
        total_tokens,
        cost_nano / 1e9 as cost,
        unpriced_calls
    from (
        select *
        from most_expensive
        union all
        select *
        from one_story
        where :since || :until = ''
    )
    join rollup_story_calls using (story_id, currency)
    union all
    select *
    from some_days
),

-- Stories that the source does not have are known by their keys; of these the calls themselves are read.
missing as (
    select
        missing.source_id,
        missing.story,
        missing.currency,
        missing.calls,
        missing.total_tokens,
        missing.cost_nano / 1e9 as cost,
        missing.unpriced_calls
    from rollup_missing_story_calls as missing
    where
        :since || :until = ''
        and (:source = '' or missing.source_id = (select id from sources where name = :source))
        and (:story = '' or missing.story = :story)
    union all
    select
        missing.source_id,
        missing.story,
        missing.currency,
        sum(calls.calls),
        sum(coalesce(calls.total_tokens, calls.input_tokens + calls.output_tokens)),
        sum(calls.price_nano) / 1e9,
        sum(calls.unpriced_calls)
    from rollup_missing_story_calls as missing
    cross join priced_calls as calls
        on
            calls.story_key = missing.story
            and +calls.source_id = missing.source_id
    where
        :since || :until <> ''
        and (:source = '' or missing.source_id = (select id from sources where name = :source))
        and (:story = '' or missing.story = :story)
        and missing.last_day >= :since
        and missing.first_day <= coalesce(nullif(:until, ''), '9999-12-31')
        and calls.price_currency = missing.currency
        and calls.day >= max(:since, '0')
        and calls.day <= coalesce(nullif(:until, ''), '9999-12-31')
    group by missing.source_id, missing.story, missing.currency
),

listed as (
    select
        stories.source_id,
        stories.source_key as story,
        stories.title,
        stories.status,
        spent.calls,
        spent.total_tokens,
        spent.cost,
        spent.currency,
        spent.unpriced_calls,
        spent.story_id,
        stories.pipeline_id
    from spent
    join stories on stories.id = spent.story_id
    where :story = '' or stories.source_key = :story
    union all
    select
        missing.source_id,
        story,
        case when read.source_id is null then '(not read)' else '(missing)' end,
        case when read.source_id is null then 'not read' else 'missing' end,
        calls,
        total_tokens,
        cost,
        currency,
        unpriced_calls,
        null,
        null
    from missing
    left join sources_with_stories as read on read.source_id = missing.source_id
)

select
    sources.name as source,
    listed.story,
    listed.title,
    listed.status,
    listed.calls,
    listed.total_tokens,
    round(listed.cost, 6) as cost,
    nullif(listed.currency, '') as currency,
    listed.unpriced_calls,
    pipelines.name as pipeline
from listed
join sources on sources.id = listed.source_id
left join pipelines on pipelines.id = listed.pipeline_id
order by listed.cost desc, listed.calls desc, listed.story_id, listed.story
limit cast(:limit as integer)
