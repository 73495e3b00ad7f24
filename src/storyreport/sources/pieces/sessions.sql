-- any: with finished_sessions
-- Sessions as runs. The records of a session say what has been done; nothing in it is pending. `session_times` has the
-- session of each record, and when it began and ended.
select
    session as source_key,
    'session' as kind,
    'completed' as status,
    min(began_at) as started_at,
    max(ended_at) as ended_at,
    max(ended_at) as last_activity_at,
    case
        when min(began_at) < max(ended_at)
            then cast(round((julianday(max(ended_at)) - julianday(min(began_at))) * 86400000) as integer)
    end as duration_ms
from session_times
where session is not null
group by session;
