-- any: with replaced_buckets
-- Calls that were added up for all workspaces, projects, users and keys before they were known by them, and calls that
-- other files gave before this one that says them better or lies around them. `keyed` has the keys of this file's
-- results as if nobody was known, with their owner and whether their buckets count.
select calls.id
from main.calls
where
    calls.source_id = :source_id
    and calls.input_id = :input_id
    and calls.source_key in (
        select unowned_key
        from keyed
        where owner is not null
        union all
        select unowned_key || coalesce('/by ' || owner, '')
        from keyed
        where not is_counted
    )
    and calls.source_key not in (
        select coalesce(unowned_key || coalesce('/by ' || owner, ''), '')
        from keyed
        where is_counted
    );
