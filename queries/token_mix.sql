/*
title: Token mix
description: >-
  Tokens of each model by kind, most input tokens first, and what its cache saved. Input tokens include those read from
  and written to the cache, output tokens the reasoning. Saved is what the tokens read would have cost uncached, less
  what writing them cost more. It is by the price list that was installed when costs were last estimated, and empty for
  models that it does not have.
topic: Cost
params:
  source: {type: source, help: one source only}
  pipeline: {type: pipeline, help: one pipeline only}
  since: {type: date, help: first day (UTC)}
  until: {type: date, help: 'last day (UTC), included'}
headline:
  - '{input_tokens.sum} input tokens, {cache_read_tokens.sum} of them read from a cache.'
  - 'Saved by that: {saved.sum}.'
chart:
  mark: bar
  encoding:
    y: {field: model, type: nominal, sort: -x}
    x: {field: input_tokens, type: quantitative, aggregate: sum}
    color: {field: source, type: nominal}
*/
-- Without a known length of life, what was written is kept for five minutes.
with used as (
    select
        days.source_id,
        days.model,
        days.pipeline_id,
        sum(days.input_tokens) as input_tokens,
        sum(days.cache_read_tokens) as cache_read_tokens,
        sum(days.cache_write_tokens) as cache_write_tokens,
        sum(days.output_tokens) as output_tokens,
        sum(days.reasoning_tokens) as reasoning_tokens,
        sum(days.cache_write_1h_tokens) as cache_write_1h_tokens,
        sum(
            case
                when coalesce(days.cache_read_tokens, 0) + coalesce(days.cache_write_tokens, 0) > 0
                    then
                        coalesce(days.cache_read_tokens, 0) * (prices.input_price - prices.cache_read_price)
                        - (coalesce(days.cache_write_tokens, 0) - coalesce(days.cache_write_1h_tokens, 0))
                        * (prices.cache_write_price - prices.input_price)
                        - coalesce(days.cache_write_1h_tokens, 0) * (prices.cache_write_1h_price - prices.input_price)
            end
        ) / 1e6 as saved
    from rollup_call_days as days
    left join list_prices as prices
        on
            prices.provider = days.provider
            and prices.model = days.model
            and prices.listed_as <> ''
    where
        days.day >= :since
        and days.day <= coalesce(nullif(:until, ''), '9999-12-31')
        and (:until = '' or days.day <> '')
        and coalesce(days.input_tokens, days.output_tokens) is not null
    group by days.source_id, days.model, days.pipeline_id
)

select
    sources.name as source,
    nullif(used.model, '') as model,
    used.input_tokens,
    used.cache_read_tokens,
    used.cache_write_tokens,
    used.output_tokens,
    used.reasoning_tokens,
    round(100.0 * used.cache_read_tokens / nullif(used.input_tokens, 0), 2) as cache_read_pct,
    round(used.saved, 6) as saved,
    case when used.saved is not null then 'USD' end as currency,
    used.cache_write_1h_tokens,
    pipelines.name as pipeline
from used
join sources on sources.id = used.source_id
left join pipelines on pipelines.id = used.pipeline_id
where
    (:source = '' or sources.name = :source)
    and (:pipeline = '' or pipelines.name = :pipeline)
order by used.input_tokens desc, source, used.model, pipeline
