-- What each call costs, as far as it is known: as recorded, otherwise as estimated. price_nano is the price in
-- billionths of the currency, so that sums are exact in any order. A price of 9.2e9 or more does not fit into these: it
-- is no known price. A call is unpriced where no price is known and no bill of that day and provider covers it; a bill of
-- nothing covers nothing.
select
    calls.*,
    case when calls.is_estimated = 1 then calls.estimated_currency else calls.currency end as price_currency,
    coalesce(calls.cost, calls.estimated_cost) as price,
    case
        when abs(coalesce(calls.cost, calls.estimated_cost)) < 9.2e9
            then cast(round(coalesce(calls.cost, calls.estimated_cost) * 1e9) as integer)
    end as price_nano,
    case
        when abs(coalesce(calls.cost, calls.estimated_cost)) < 9.2e9 then 0
        when
            exists (
                select 1
                from calls as bills
                where
                    bills.source_id = calls.source_id
                    and bills.day = calls.day
                    and bills.provider = calls.provider
                    and bills.calls = 0
                    and bills.cost is not null
                    and bills.cost <> 0
                    and abs(bills.cost) < 9.2e9
            )
            then 0
        else calls.calls
    end as unpriced_calls
from calls
