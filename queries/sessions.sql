/*
title: Sessions
description: >-
  Stories and jobs by session, busiest first. A session is shown as a keyed hash, which tells sessions apart but not
  whose they are. Needs a source that records the session of a story or job.
topic: Content
params:
  source: {type: source, help: one source only}
  since: {type: date, help: first day (UTC)}
  until: {type: date, help: 'last day (UTC), included'}
headline: '{rows:session} with {jobs.sum:job}, {failed_jobs.sum} of them failed.'
chart:
  mark: bar
  encoding:
    y: {field: session, type: nominal, sort: -x}
    x: {field: jobs, type: quantitative, title: jobs}
    color: {field: source, type: nominal}
*/
-- Without dates, the rollup of the whole history has the answer, and its index has the busiest sessions first.
with made as (
    select
        source_id,
        session_hash,
        stories,
        jobs,
        failed_jobs,
        first_seen,
        last_seen
    from rollup_sessions
    where :since || :until = ''
    union all
    select
        source_id,
        session_hash,
        sum(stories),
        sum(jobs),
        sum(failed_jobs),
        min(first_seen),
        max(last_seen)
    from rollup_session_days
    where
        :since || :until <> ''
        and day >= :since
        and day <= coalesce(nullif(:until, ''), '9999-12-31')
        and (:until = '' or day <> '')
    group by source_id, session_hash
)

select
    sources.name as source,
    made.session_hash as session,
    made.stories,
    made.jobs,
    made.failed_jobs,
    made.first_seen,
    made.last_seen
from made
cross join sources on sources.id = made.source_id
where :source = '' or sources.name = :source
order by made.jobs desc, made.stories desc, source, session
