-- Keys that a source used again for other work: the earlier row is kept as `earlier_key`.
create table reused_keys (
    id integer primary key,
    source_id integer not null references sources (id),
    kind text not null,
    source_key text not null,
    earlier_key text not null,
    began_at text not null,
    found_at text not null,
    unique (source_id, kind, earlier_key)
);

-- Of a part that adds up, the file of a row that could not be loaded: those of other files stay.
alter table rejects add column file text not null default '';

-- What was found in a part of a source as it was read the last time, beside the rows that could not be loaded.
create table findings (
    id integer primary key,
    source_id integer not null references sources (id),
    input_id integer not null references inputs (id),
    area text not null,
    problem text not null,
    rows integer not null,
    example text not null,
    action text not null,
    unique (input_id, area, problem)
);
create index findings_source on findings (source_id);
