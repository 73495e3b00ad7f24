-- Findings of a check of `health` that somebody knows of and has put aside. What they are is kept, not how many: a new
-- finding of the same check is never among them.
create table acknowledgements (
    id integer primary key,
    check_name text not null unique,
    acknowledged_at text not null,
    -- The last day (UTC) that it holds; null for ever.
    until_day text,
    note text not null default ''
);
create table acknowledged_findings (
    acknowledgement_id integer not null references acknowledgements (id),
    source_id integer not null references sources (id),
    -- What tells the finding apart from others of the check and source, as a JSON array.
    finding text not null,
    primary key (acknowledgement_id, source_id, finding)
) without rowid;
-- The last runs of a pipeline are the first that its owner looks at.
create index runs_pipeline_day on runs (source_id, pipeline_id, day);
