/*
title: Data quality
description: >-
  Rows and values in the sources that cannot be trusted. Lists rejected rows, dropped values, unknown statuses, keys
  used again for other work, columns that are not read, times that were corrected or are impossible, and work that ends
  before it starts: such work has no duration and is in no average.
topic: Integrity
params:
  source: {type: source, help: one source only}
headline: '{rows:finding}.'
chart:
  mark: bar
  encoding:
    y: {field: problem, type: nominal, sort: -x}
    x: {field: rows, type: quantitative}
    color: {field: source, type: nominal}
*/
-- Offsets west of UTC in use, each with a zone that has it in the northern summer and one in the winter.
with offsets (minutes, summer, winter) as (
    values
    (60, 'Atlantic/Cape_Verde', 'Atlantic/Cape_Verde'),
    (120, 'America/Noronha', 'America/Noronha'),
    (150, 'America/St_Johns', 'America/St_Johns'),
    (180, 'America/Sao_Paulo', 'America/Sao_Paulo'),
    (210, 'America/St_Johns', 'America/St_Johns'),
    (240, 'America/New_York', 'America/Halifax'),
    (300, 'America/Chicago', 'America/New_York'),
    (360, 'America/Denver', 'America/Chicago'),
    (420, 'America/Los_Angeles', 'America/Denver'),
    (480, 'America/Anchorage', 'America/Los_Angeles'),
    (540, 'America/Adak', 'America/Anchorage'),
    (570, 'Pacific/Marquesas', 'Pacific/Marquesas'),
    (600, 'Pacific/Honolulu', 'Pacific/Honolulu'),
    (660, 'Pacific/Pago_Pago', 'Pacific/Pago_Pago'),
    (720, 'Etc/GMT+12', 'Etc/GMT+12')
),

-- In quarters of an hour, as offsets are.
shifts as (
    select
        *,
        rtrim(rtrim(printf('%.2f', quarters / 4.0), '0'), '.') || ' h early' as how_early,
        (select min(minutes) from offsets where minutes >= 15 * quarters) as minutes
    from (
        select
            *,
            (cast(round(days * 86400000) as integer) + 899999) / 900000 as quarters
        from early_ends
    )
),

problems as (
    select
        source_id,
        case severity when 'rejected' then 'rows' else 'values' end as area,
        source_table || ': ' || reason as problem,
        "rows",
        example,
        case severity
            when 'rejected' then 'These rows are not loaded: fix them in the source and ingest it again.'
            else 'These rows are loaded without the value: fix it in the source and ingest it again.'
        end as action
    from reject_reasons
    union all
    select
        source_id,
        'statuses' as area,
        case when source_status is null then kind || ' without a status' else kind || ' with an unknown status' end,
        "rows",
        source_status,
        'These rows count neither as completed nor as failed: fix the status in the source, or ingest it with'
        || ' --status WORD=MEANING.'
    from unknown_statuses
    union all
    select *
    from source_findings
    union all
    select
        shifts.source_id,
        'times' as area,
        'ended before it began',
        shifts."rows",
        shifts.kind || ' ' || shifts.source_key || ': ' || shifts.started_at || ' to ' || shifts.ended_at,
        case
            when shifts.is_far
                then 'End times are more than 12 h early, which no time zone explains: fix these times in the source.'
            -- They write UTC or an offset, and --timezone has no bearing on their times.
            when
                sources.system in (
                    'airflow',
                    'comfyui',
                    'dagster',
                    'dbt',
                    'github_actions',
                    'huey',
                    'media',
                    'n8n',
                    'prefect',
                    'sprint',
                    'workflow'
                )
                then
                    'End times are ' || shifts.how_early || ', which no --timezone changes: ' || sources.system
                    || ' has them in UTC or with an offset. Fix them in the source.'
            when shifts.quarters < 4
                then
                    'End times are less than 1 h early, which no time zone explains: check whether the clocks of the'
                    || ' programs that wrote them differ, or give the --timezone if it was the hour that repeats when'
                    || ' summer time ends.'
            when sources.timezone not in ('UTC', 'Etc/UTC')
                then
                    'End times are ' || shifts.how_early || ' even as local times of ' || sources.timezone
                    || ': ingest with a --timezone that is as much further west (unless all are in the hour that'
                    || ' repeats when summer time ends).'
            else
                'End times are ' || shifts.how_early || ': '
                || case
                    when sources.system <> 'adventure'
                        then 'write them with their offset, or, where start times have one and they have none, '
                    else ''
                end
                || 'ingest with --timezone of UTC-'
                || printf('%02d:%02d', shifts.minutes / 60, shifts.minutes % 60) || ' (e.g. '
                || case
                    when substr(shifts.started_at, 6, 2) between '04' and '10' then offsets.summer
                    else offsets.winter
                end
                || ').'
        end
    from shifts
    join sources on sources.id = shifts.source_id
    left join offsets on offsets.minutes = shifts.minutes
)

select
    sources.name as source,
    problems.area,
    problems.problem,
    problems."rows",
    problems.example,
    problems.action
from problems
join sources on sources.id = problems.source_id
where :source = '' or sources.name = :source
order by problems."rows" desc, source, problems.area, problems.problem, problems.example
