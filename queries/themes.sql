/*
title: Themes
description: >-
  Failure rate and duration of jobs by theme, highest failure rate first. Durations are those of completed jobs with a
  known duration. Needs a source whose jobs have a theme.
topic: Content
params:
  source: {type: source, help: one source only}
  since: {type: date, help: first day (UTC)}
  until: {type: date, help: 'last day (UTC), included'}
headline: '{jobs.sum:job} on {rows:theme}, {failed.sum} of them failed.'
chart:
  mark: bar
  encoding:
    y: {field: theme, type: nominal, sort: -x}
    x: {field: failure_pct, type: quantitative, title: failed jobs}
    color: {field: source, type: nominal}
*/
-- Without dates, the rollup of the whole history has the answer.
with jobs as (
    select
        source_id,
        theme,
        jobs,
        completed,
        failed,
        timed,
        total_ms
    from rollup_themes
    where :since || :until = ''
    union all
    select
        source_id,
        theme,
        sum(jobs),
        sum(completed),
        sum(failed),
        sum(timed),
        sum(total_ms)
    from rollup_theme_days
    where
        :since || :until <> ''
        and day >= :since
        and day <= coalesce(nullif(:until, ''), '9999-12-31')
        and (:until = '' or day <> '')
    group by source_id, theme
)

select
    sources.name as source,
    jobs.theme,
    jobs.jobs,
    jobs.completed,
    jobs.failed,
    round(100.0 * jobs.failed / nullif(jobs.completed + jobs.failed, 0), 2) as failure_pct,
    cast(round(1.0 * jobs.total_ms / nullif(jobs.timed, 0)) as integer) as avg_ms
from jobs
join sources on sources.id = jobs.source_id
where :source = '' or sources.name = :source
order by failure_pct desc, jobs.failed desc, jobs.jobs desc, source, jobs.theme
