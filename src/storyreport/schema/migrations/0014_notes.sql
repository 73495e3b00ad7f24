-- What people note: that something was changed, at a time, of one source or (null) of all.
create table notes (
    id integer primary key,
    source_id integer references sources (id),
    at text not null,
    note text not null
);
create index notes_at on notes (at);
