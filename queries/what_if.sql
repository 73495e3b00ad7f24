/*
title: What if another model
description: >-
  Cost of the calls of each model, and what they would have cost with another one, most expensive first. Tokens of
  each kind are taken as they were, at the other model's price of today within its first tier, without batch or
  priority. Only priced calls in US dollars whose input and output are both known are compared, and none that used no
  tokens, as pictures and speech do; a day on which a model had others with tokens or a price is left out of its row.
  Prices are those of the list that was installed when costs were last estimated.
topic: Cost
params:
  source: {type: source, help: one source only}
  pipeline: {type: pipeline, help: one pipeline only}
  since: {type: date, help: first day (UTC)}
  until: {type: date, help: 'last day (UTC), included'}
  model: {type: text, help: one model only}
  with: {type: text, default: gpt-5-mini, help: 'the other model, perhaps with its provider: openai/gpt-5-mini'}
headline: '{model[0]} as {with_model[0]}: {with_cost[0]} instead of {cost[0]}.'
chart:
  mark: bar
  encoding:
    y: {field: model, type: nominal, sort: -x}
    x: {field: with_cost, type: quantitative, aggregate: sum, title: cost with the other model}
    color: {field: source, type: nominal}
*/
-- A name alone is the model of the provider that it usually means.
with other as (
    select *
    from list_prices
    where
        listed_as <> ''
        and (
            model = :with
            or listed_as = :with
        )
    order by listed_as = :with desc, is_usual desc, provider
    limit 1
),

used as (
    select
        days.source_id,
        days.model,
        days.currency,
        days.pipeline_id,
        sum(days.calls - days.unpriced_calls) as calls,
        sum(days.cost_nano / 1e9) as cost,
        sum(days.input_tokens) as input_tokens,
        sum(days.output_tokens) as output_tokens,
        sum(coalesce(days.cache_read_tokens, 0)) as cache_read,
        sum(coalesce(days.cache_write_tokens, 0)) as cache_write,
        sum(coalesce(days.cache_write_1h_tokens, 0)) as cache_write_1h
    from rollup_call_days as days
    where
        days.day >= :since
        and days.day <= coalesce(nullif(:until, ''), '9999-12-31')
        and (:until = '' or days.day <> '')
        and days.input_tokens is not null
        and days.output_tokens is not null
        and days.input_tokens + days.output_tokens > 0
        and days.currency = 'USD'
        and days.cost_nano is not null
        and days.unmatched_calls = 0
        and (:model = '' or days.model = :model)
    group by days.source_id, days.model, days.currency, days.pipeline_id
),

compared as (
    select
        used.*,
        other.listed_as,
        -- A model that has no price for answers gives none.
        case
            when used.output_tokens = 0 or other.output_price > 0
                then (
                    (used.input_tokens - used.cache_read - used.cache_write) * other.input_price
                    + used.cache_read * other.cache_read_price
                    + (used.cache_write - used.cache_write_1h) * other.cache_write_price
                    + used.cache_write_1h * other.cache_write_1h_price
                    + used.output_tokens * other.output_price
                ) / 1e6
        end as with_cost
    from used
    left join other on true
)

select
    sources.name as source,
    nullif(compared.model, '') as model,
    coalesce(compared.listed_as, :with) as with_model,
    compared.calls,
    round(compared.cost, 6) as cost,
    round(compared.with_cost, 6) as with_cost,
    round(100.0 * (compared.with_cost - compared.cost) / nullif(compared.cost, 0), 2) as change_pct,
    compared.currency,
    pipelines.name as pipeline
from compared
join sources on sources.id = compared.source_id
left join pipelines on pipelines.id = compared.pipeline_id
where
    (:source = '' or sources.name = :source)
    and (:pipeline = '' or pipelines.name = :pipeline)
order by compared.cost desc, source, compared.model, pipeline
