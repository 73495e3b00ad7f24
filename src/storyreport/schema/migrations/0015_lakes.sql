-- A source that `rollup` computed from a lake: by which engine, from where and when, from which day on and up to which.
-- Its detail is in the lake; here are its rollups, and what needs somebody now.
create table lakes (
    source_id integer primary key references sources (id),
    engine text not null,
    location text not null,
    rolled_up_at text not null,
    -- The days that the last time computed; null where that was all of them.
    since_day text,
    until_day text not null,
    -- What the last time over all days found: rows of step runs and calls.
    full_at text not null,
    step_runs integer not null,
    calls integer not null
);
