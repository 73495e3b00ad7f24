-- AWS Cost and Usage Reports → core tables.
-- A view src_<table> has the rows to load.

-- lines: calls
-- The bill of a day: an amount without calls of its own. What another month's bill has of the day is beside it. An id
-- names a line within its interval alone. A net cost has the discounts in it: lines of discounts beside it would take
-- them off twice.
with lines as (
    select
        src_aws_cur_lines.*,
        substr(started_at, 1, 10) as day,
        nullif(substr(bill_begins, 1, 7), substr(started_at, 1, 7)) as other_bill,
        upper(coalesce(nullif(trim(currency), ''), 'USD')) as code,
        case when coalesce(line_item_type, 'Usage') <> 'Usage' then line_item_type end as kind,
        row_number() over (
            partition by
                coalesce(line_item_id, 'line ' || line),
                account,
                time_interval,
                started_at,
                line_item_type,
                usage_type,
                cost
            order by position
        ) as place,
        case
            when net_cost is not null then net_cost
            when line_item_type like '%Discount' and max(net_cost) over () is not null then 0
            else cost
        end as charged
    from src_aws_cur_lines
)

select
    key(day, product_code, usage_type, kind, code)
    || coalesce('/by ' || account, '')
    || coalesce('/bill ' || other_bill, '') as source_key,
    'aws' as provider,
    coalesce(max(product_name), product_code, '') as endpoint,
    coalesce(usage_type, '') || coalesce(' (' || kind || ')', '') as model,
    day || 'T00:00:00.000Z' as called_at,
    0 as calls,
    case when code <> 'XXX' then sum(charged) end as cost,
    case when code <> 'XXX' then code else '' end as currency
from lines
where place = 1
group by day, product_code, usage_type, kind, code, account, other_bill;
