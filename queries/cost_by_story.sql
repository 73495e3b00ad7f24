/*
title: Cost by story
description: >-
  The stories that cost most, by what the calls made for them cost. The cost is what was recorded plus what was
  estimated; calls without a known cost are unpriced, never free. Currencies are never added up: a story that was paid
  in two has two rows. It needs calls that name their story or a run of it; a story that the source has deleted since
  still counts. Shown are the dearest, as many as the limit says.
topic: Cost
params:
  source: {type: source, help: one source only}
  since: {type: date, help: first day of the calls (UTC)}
  until: {type: date, help: 'last day of the calls (UTC), included'}
  story: {type: text, help: one story only}
  limit: {type: number, default: 1000, help: 'how many rows, the dearest first'}
chart:
  mark: bar
  encoding:
    y: {field: title, type: nominal, sort: -x}
    x: {field: cost, type: quantitative}
    color: {field: source, type: nominal}
    row: {field: currency, type: nominal}
*/
-- The whole history is added up already, and its index has the dearest first.
with dearest as (
    select
        story_id,
        currency
    from rollup_story_calls
    where
        :since || :until || :story = ''
        and (:source = '' or source_id = (select id from sources where name = :source))
    order by cost desc, calls desc, story_id
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
        :since || :until = ''
        and :story <> ''
        and (:source = '' or sources.name = :source)
),

-- What a story that has gone did cost refers to it by its key.
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
            coalesce(calls.story_id, gone.id) as story_id,
            calls.price_currency as currency,
            calls.calls,
            coalesce(calls.total_tokens, calls.input_tokens + calls.output_tokens) as total_tokens,
            calls.price as cost,
            calls.unpriced_calls
        from sources
        cross join priced_calls as calls
            on
                calls.source_id = sources.id
                and calls.day >= :since
                and calls.day <= coalesce(nullif(:until, ''), '9999-12-31')
        left join stories as gone
            on
                gone.source_id = calls.source_id
                and gone.source_key = calls.story_key
        where
            :since || :until <> ''
            and (:source = '' or sources.name = :source)
            and (:until = '' or calls.day <> '')
        union all
        select
            pruned_calls.story_id,
            pruned_calls.currency,
            pruned_calls.calls,
            pruned_calls.total_tokens,
            pruned_calls.cost,
            pruned_calls.unpriced_calls
        from sources
        cross join pruned_calls
            on
                pruned_calls.source_id = sources.id
                and pruned_calls.day >= :since
                and pruned_calls.day <= coalesce(nullif(:until, ''), '9999-12-31')
        where
            :since || :until <> ''
            and (:source = '' or sources.name = :source)
    )
    group by story_id, currency
),

spent as (
    select
        story_id,
        currency,
        calls,
        total_tokens,
        cost,
        unpriced_calls
    from (
        select *
        from dearest
        union all
        select *
        from one_story
    )
    join rollup_story_calls using (story_id, currency)
    union all
    select *
    from some_days
)

select
    sources.name as source,
    stories.source_key as story,
    stories.title,
    stories.status,
    spent.calls,
    spent.total_tokens,
    round(spent.cost, 6) as cost,
    nullif(spent.currency, '') as currency,
    spent.unpriced_calls
from spent
join stories on stories.id = spent.story_id
join sources on sources.id = stories.source_id
where :story = '' or stories.source_key = :story
order by spent.cost desc, spent.calls desc, spent.story_id
limit cast(:limit as integer)
