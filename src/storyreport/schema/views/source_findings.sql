-- What was found in the sources beside rows and values that cannot be loaded: keys that were used again, and findings.
select
    source_id,
    area,
    problem,
    "rows",
    example,
    action
from findings
union all
select
    source_id,
    'keys' as area,
    kind || ': keys used again for other work' as problem,
    count(*) as "rows",
    max(earlier_key) as example,
    'The source was emptied, began again or deleted its oldest rows: the earlier rows stay in history under their key and'
    || ' their time. If they are of another pipeline, ingest the two under different names.' as action
from reused_keys
group by source_id, kind
union all
select
    source_id,
    'times' as area,
    kind || ': times ' || problem as problem,
    "rows",
    example,
    case problem
        when 'in the future' then 'These times are later than now: check the clock and the --timezone of the source.'
        else 'These times are where the epoch begins, as if no time were known: fix them in the source.'
    end as action
from odd_times
