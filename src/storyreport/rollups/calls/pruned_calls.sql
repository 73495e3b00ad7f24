/*
kind: memory
description: What pruned calls add to the sums of their stories and runs.
grain: story (by its key where the source does not have it), run, day, step family or endpoint, currency
values:
  source_id: references sources
  story_id: references stories null
  run_id: references runs null
  story_key: text null
  day: text
  family: text
  currency: text
  calls: integer
  total_tokens: integer null
  cost_nano: integer null
  unpriced_calls: integer
meanings:
  story_key: the story's key where the story is missing
  family: the step family; of calls without a step, their endpoint
indexes:
  story: (story_id) where story_id is not null
  missing_story: (story_key) where story_key is not null
  run: (run_id) where run_id is not null
  day: (source_id, day)
*/
select
    calls.source_id,
    coalesce(calls.story_id, stories.id) as story_id,
    coalesce(calls.run_id, runs.id) as run_id,
    case when stories.id is null then calls.story_key end as story_key,
    calls.day,
    coalesce(steps.family, calls.endpoint) as family,
    calls.price_currency as currency,
    sum(calls.calls) as calls,
    sum(coalesce(calls.total_tokens, calls.input_tokens + calls.output_tokens)) as total_tokens,
    sum(cast(calls.price_nano as real)) as cost_nano,
    sum(calls.unpriced_calls) as unpriced_calls
from old_calls as old
cross join priced_calls as calls on calls.id = old.id
left join steps on steps.id = calls.step_id
left join stories
    on
        stories.source_id = calls.source_id
        and stories.source_key = calls.story_key
left join runs
    on
        runs.source_id = calls.source_id
        and runs.source_key = calls.run_key
where
    coalesce(calls.story_id, stories.id) is not null
    or coalesce(calls.run_id, runs.id) is not null
    or calls.story_key is not null
group by
    calls.source_id,
    coalesce(calls.story_id, stories.id),
    coalesce(calls.run_id, runs.id),
    calls.day,
    coalesce(steps.family, calls.endpoint),
    calls.price_currency,
    case when stories.id is null then calls.story_key end
