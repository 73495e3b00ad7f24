-- Cost exports of Azure and bills in the FOCUS format → core tables.
-- A view src_<table> has the rows to load.

-- lines: calls
-- The bill of a day: an amount without calls of its own. What another month's bill has
-- of the day is beside it.
with lines as (
    select
        account,
        substr(started_at, 1, 10) as day,
        nullif(substr(bill_begins, 1, 7), substr(started_at, 1, 7)) as other_bill,
        coalesce(provider, '') as provider,
        coalesce(service, '') as service,
        coalesce(item, '') as item,
        case when lower(kind) <> 'usage' then kind end as kind,
        cost,
        upper(trim(currency)) as code
    from src_cloud_bills_lines
)

select
    key(day, provider, service, item, kind, code)
    || coalesce('/by ' || account, '')
    || coalesce('/bill ' || other_bill, '') as source_key,
    provider,
    service as endpoint,
    item || coalesce(' (' || kind || ')', '') as model,
    day || 'T00:00:00.000Z' as called_at,
    0 as calls,
    case when code <> 'XXX' then sum(cost) end as cost,
    case when code <> 'XXX' then code else '' end as currency
from lines
group by day, provider, service, item, kind, code, account, other_bill;
