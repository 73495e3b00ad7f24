-- Google Cloud billing → core tables.
-- A view src_<table> has the rows to load.

-- lines: calls
-- The bill of a day: an amount without calls of its own. What another month's bill has
-- of the day is beside it.
with lines as (
    select
        account,
        substr(started_at, 1, 10) as day,
        coalesce(service, cost_type, 'costs') as service,
        coalesce(sku, '') as item,
        coalesce(credit_type, case when lower(cost_type) not in ('usage', 'regular') then cost_type end) as kind,
        cost,
        upper(trim(currency)) as code,
        nullif(cast(bill_month as text), strftime('%Y%m', started_at)) as other_bill
    from src_gcp_billing_lines
)

select
    key(day, service, item, kind, code)
    || coalesce('/by ' || account, '')
    || coalesce('/bill ' || other_bill, '') as source_key,
    'gcp' as provider,
    service as endpoint,
    item || coalesce(' (' || kind || ')', '') as model,
    day || 'T00:00:00.000Z' as called_at,
    0 as calls,
    case when code <> 'XXX' then sum(cost) end as cost,
    case when code <> 'XXX' then code else '' end as currency
from lines
group by day, service, item, kind, code, account, other_bill;
