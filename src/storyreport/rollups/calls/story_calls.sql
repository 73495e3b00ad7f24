/*
description: >-
  Calls, tokens and cost of each story by currency. Through an index the most expensive stories come first. A story that
  its source has deleted keeps its cost.
grain: story, currency
key:
  story_id: references stories
  currency: text
values:
  source_id: references sources
  first_day: text
  last_day: text
  calls: integer
  total_tokens: integer null
  cost_nano: integer null
  unpriced_calls: integer
indexes:
  cost: (cost_nano desc, calls desc, story_id, source_id, first_day, last_day)
  days: (last_day, first_day, source_id)
group: [story_id]
# A call is one of its story though that has been deleted. A bill makes the calls that it covers no longer unpriced.
dirty:
  calls: |
    select {row}.story_id
    where {row}.story_id is not null
    union
    select id
    from stories
    where
        source_id = {row}.source_id
        and source_key = {row}.story_key
    union
    select covered.story_id
    from calls as covered
    where
        {row}.calls = 0
        and covered.source_id = {row}.source_id
        and covered.day = {row}.day
        and covered.provider = {row}.provider
        and covered.story_id is not null
all: |
  select story_id
  from calls
  where
      source_id = :source_id
      and story_id is not null
  union
  select stories.id
  from stories
  join calls
      on
          calls.story_key = stories.source_key
          and calls.source_id = stories.source_id
  where
      stories.gone_at is not null
      and +stories.source_id = :source_id
  union
  select story_id
  from pruned_calls
  where
      source_id = :source_id
      and story_id is not null
remember: pruned_calls
oracle: |
  select
      source_id,
      sum(calls) as calls,
      sum(total_tokens) as total_tokens,
      sum(cast(cost_nano as real)) as cost_nano
  from (
      select
          source_id,
          calls,
          case when total_tokens is null then input_tokens + output_tokens else total_tokens end as total_tokens,
          case
              when abs(cost) < 9.2e9 then round(cost * 1e9)
              when cost is null and abs(estimated_cost) < 9.2e9 then round(estimated_cost * 1e9)
          end as cost_nano
      from calls
      where
          story_id is not null
          or exists (
              select 1
              from stories
              where
                  stories.source_id = calls.source_id
                  and stories.source_key = calls.story_key
          )
      union all
      select
          source_id,
          calls,
          total_tokens,
          cost_nano
      from pruned_calls
      where story_id is not null
  )
  group by source_id
*/
select
    story_id,
    currency,
    source_id,
    min(day) as first_day,
    max(day) as last_day,
    sum(calls) as calls,
    sum(tokens) as total_tokens,
    sum(cast(price_nano as real)) as cost_nano,
    sum(unpriced) as unpriced_calls
from (
    select
        calls.story_id,
        calls.source_id,
        calls.price_currency as currency,
        calls.day,
        calls.calls,
        coalesce(calls.total_tokens, calls.input_tokens + calls.output_tokens) as tokens,
        calls.price_nano,
        calls.unpriced_calls as unpriced
    from dirty_story_calls as dirty
    cross join priced_calls as calls on calls.story_id = dirty.story_id
    union all
    -- The calls of a story that has been deleted name it by its key; + keeps SQLite to the index of that.
    select
        stories.id,
        stories.source_id,
        calls.price_currency,
        calls.day,
        calls.calls,
        coalesce(calls.total_tokens, calls.input_tokens + calls.output_tokens),
        calls.price_nano,
        calls.unpriced_calls
    from dirty_story_calls as dirty
    cross join stories on stories.id = dirty.story_id
    cross join priced_calls as calls
        on
            calls.story_key = stories.source_key
            and +calls.source_id = stories.source_id
    union all
    select
        pruned.story_id,
        pruned.source_id,
        pruned.currency,
        pruned.day,
        pruned.calls,
        pruned.total_tokens,
        pruned.cost_nano,
        pruned.unpriced_calls
    from dirty_story_calls as dirty
    cross join pruned_calls as pruned on pruned.story_id = dirty.story_id
) as spent
group by story_id, currency, source_id
