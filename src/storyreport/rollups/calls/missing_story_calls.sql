/*
description: >-
  Calls, tokens and cost of each story that calls name and the source does not have, by currency.
grain: source, story, currency
key:
  source_id: references sources
  story: text
  currency: text
values:
  first_day: text
  last_day: text
  calls: integer
  total_tokens: integer null
  cost_nano: integer null
  unpriced_calls: integer
indexes:
  cost: (cost_nano desc, calls desc, story, source_id)
group: [source_id, story]
# A story that comes is no missing one any more. A bill makes the calls that it covers no longer unpriced.
dirty:
  calls: |
    select
        {row}.source_id,
        {row}.story_key
    where {row}.story_key is not null
    union
    select
        covered.source_id,
        covered.story_key
    from calls as covered
    where
        {row}.calls = 0
        and covered.source_id = {row}.source_id
        and covered.day = {row}.day
        and covered.provider = {row}.provider
        and covered.story_key is not null
  stories: [source_id, source_key]
all: |
  select
      source_id,
      story_key
  from calls
  where
      source_id = :source_id
      and story_key is not null
  union
  select
      source_id,
      story_key
  from pruned_calls
  where
      source_id = :source_id
      and story_key is not null
remember: pruned_calls
oracle: |
  select
      source_id,
      sum(calls) as calls
  from (
      select
          source_id,
          story_key,
          calls
      from calls
      union all
      select
          source_id,
          story_key,
          calls
      from pruned_calls
  ) as named
  where
      story_key is not null
      and (source_id, story_key) not in (
          select
              source_id,
              source_key
          from stories
      )
  group by source_id
*/
select
    source_id,
    story,
    currency,
    min(day) as first_day,
    max(day) as last_day,
    sum(calls) as calls,
    sum(tokens) as total_tokens,
    sum(cast(price_nano as real)) as cost_nano,
    sum(unpriced) as unpriced_calls
from (
    select
        dirty.source_id,
        dirty.story,
        calls.price_currency as currency,
        calls.day,
        calls.calls,
        coalesce(calls.total_tokens, calls.input_tokens + calls.output_tokens) as tokens,
        calls.price_nano,
        calls.unpriced_calls as unpriced
    from dirty_missing_story_calls as dirty
    cross join priced_calls as calls
        on
            calls.story_key = dirty.story
            and +calls.source_id = dirty.source_id
    union all
    select
        dirty.source_id,
        dirty.story,
        pruned.currency,
        pruned.day,
        pruned.calls,
        pruned.total_tokens,
        pruned.cost_nano,
        pruned.unpriced_calls
    from dirty_missing_story_calls as dirty
    cross join pruned_calls as pruned
        on
            pruned.story_key = dirty.story
            and +pruned.source_id = dirty.source_id
) as spent
where
    not exists (
        select 1
        from stories
        where
            stories.source_id = spent.source_id
            and stories.source_key = spent.story
    )
group by source_id, story, currency
