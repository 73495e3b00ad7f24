/*
title: Health
description: >-
  Is everything all right: one line a check, what is wrong first. Each names the report that shows what it counts, with
  that report's own limits: silent for an hour is stuck, failed three times in a row is blocked. A source is fresh if it
  was ingested within a day.
topic: Integrity
params:
  source: {type: source, help: one source only}
  as_of: {type: time, default: now, help: judged at this time (UTC)}
*/
with asked as (
    select
        id,
        last_ingest_at
    from source_states
    where :source = '' or name = :source
),

-- What each check finds; judged is 0 where no source has what it is about.
found (name, count, judged) as (
    select
        'orphans',
        count(*),
        1
    from orphaned_rows
    where source_id in (select id from asked)
    union all
    select
        'stuck',
        count(*),
        1
    from running_work
    where
        source_id in (select id from asked)
        and coalesce((strftime('%s', :as_of) - strftime('%s', nullif(last_sign, ''))) / 60, 60) >= 60
    union all
    select
        'failed',
        count(*),
        1
    from rollup_failed_steps
    where source_id in (select id from asked)
    union all
    select
        'blocked',
        count(*),
        1
    from rollup_failing_stories
    where
        source_id in (select id from asked)
        and (consecutive_failures >= 3 or is_blocked)
    union all
    select
        'chapters',
        count(*),
        (
            -- What a source says of its stories it says of each: one is enough to see it.
            select coalesce(max((select lacks_chapters from stories where source_id = asked.id limit 1) is not null), 0)
            from asked
        )
    from stories
    where
        lacks_chapters
        and gone_at is null
        and source_id in (select id from asked)
    union all
    select
        'trees',
        coalesce(sum(problems), 0),
        (
            select coalesce(max((select kind from story_nodes where source_id = asked.id limit 1) is 'node'), 0)
            from asked
        )
    from rollup_story_trees
    where
        problems > 0
        and source_id in (select id from asked)
    union all
    select
        'outputs',
        (
            select coalesce(sum(mismatches), 0)
            from rollup_mismatches
            where source_id in (select id from asked)
        ) + (
            select count(*)
            from file_problems
            where source_id in (select id from asked)
        ),
        exists (
            select 1
            from inputs
            where
                part = 'outputs'
                and source_id in (select id from asked)
        )
    union all
    select
        'freshness',
        count(*),
        1
    from asked
    where last_ingest_at < strftime('%Y-%m-%dT%H:%M:%fZ', :as_of, '-1 day')
    union all
    select
        'data quality',
        (select count(*) from reject_reasons where source_id in (select id from asked))
        + (select count(*) from unknown_statuses where source_id in (select id from asked))
        + (select count(*) from early_ends where source_id in (select id from asked)),
        1
    union all
    select
        'unpriced calls',
        coalesce(sum(unpriced_calls), 0),
        count(*) > 0
    from rollup_calls
    where source_id in (select id from asked)
),

checks (place, name, report, status, one, many, action, none, unjudged) as (
    values
        (
            1,
            'orphans',
            'orphans',
            'warning',
            'row refers to a story or run that is not there.',
            'rows refer to stories or runs that are not there.',
            'Restore what is missing, or delete what refers to it.',
            'Everything refers to something that is there.',
            ''
        ),
        (
            2,
            'stuck',
            'stuck_runs',
            'problem',
            'piece of work says that it is running and has been silent for an hour or longer.',
            'pieces of work say that they are running and have been silent for an hour or longer.',
            'See whether they still run, and start again what does not.',
            'Nothing that runs has been silent for an hour.',
            ''
        ),
        (
            3,
            'failed',
            'failed_stories',
            'warning',
            'step of a story has failed and was not completed since.',
            'steps of stories have failed and were not completed since.',
            'See the errors, and run these steps again.',
            'No step of a story is failed.',
            ''
        ),
        (
            4,
            'blocked',
            'blocked_stories',
            'problem',
            'story has failed three times in a row, or is blocked.',
            'stories have failed three times in a row, or are blocked.',
            'Mend what fails before they are tried again.',
            'No story fails again and again.',
            ''
        ),
        (
            5,
            'chapters',
            'stories_without_chapters',
            'warning',
            'story has no chapter count.',
            'stories have no chapter count.',
            'Generate their outlines again, or set the counts in the source.',
            'Every story has a chapter count.',
            'No source counts chapters.'
        ),
        (
            6,
            'trees',
            'story_tree_problems',
            'problem',
            'flaw in a story tree, which its readers may meet.',
            'flaws in story trees, which their readers may meet.',
            'Mend the nodes and their options in the source.',
            'Every story tree is sound.',
            'No source has story trees.'
        ),
        (
            7,
            'outputs',
            'output_mismatches',
            'warning',
            'file or status does not agree with the other.',
            'files or statuses do not agree with the other.',
            'Run the step again where the file is missing; correct the status where it is there.',
            'Files and statuses agree.',
            'No folder of outputs was read: ingest it with the source.'
        ),
        (
            8,
            'freshness',
            'ingests',
            'warning',
            'source was not read for more than a day.',
            'sources were not read for more than a day.',
            'Run storyreport ingest.',
            'Every source was read within a day.',
            ''
        ),
        (
            9,
            'data quality',
            'data_quality',
            'warning',
            'finding about rows and values that cannot be trusted.',
            'findings about rows and values that cannot be trusted.',
            'Do what the report says of each.',
            'All that was read can be trusted.',
            ''
        ),
        (
            10,
            'unpriced calls',
            'cost',
            'warning',
            'call has no known cost, which is missing in what is reported.',
            'calls have no known cost, which is missing in what is reported.',
            'Give their prices: storyreport reprice --prices FILE.',
            'Every call has a cost.',
            'No source has calls.'
        )
)

select
    checks.name as "check",
    case when found.count > 0 then checks.status else 'ok' end as status,
    found.count,
    case
        when found.count > 1 then printf('%,d ', found.count) || checks.many
        when found.count = 1 then '1 ' || checks.one
        when found.judged then checks.none
        else checks.unjudged
    end as detail,
    case when found.count > 0 then checks.action end as action,
    checks.report
from checks
join found using (name)
where exists (select 1 from asked)
order by found.count > 0 and checks.status = 'problem' desc, found.count > 0 desc, checks.place
