-- What lets an ingest leave alone what has not changed.

-- The newest rows of a source's tables, by the digest of what blocks of them held, where the source does not say when a
-- row was changed; keys are the groups of a block's rows, as JSON.
create table row_blocks (
    input_id integer not null references inputs (id),
    source_table text not null,
    block integer not null,
    digest blob not null,
    keys text not null,
    primary key (input_id, source_table, block)
) without rowid;

-- Ingests as they were called, by digest: the evidence that their files had, their sources (JSON), and what is known of
-- the inputs of these, by digest. Where all of it is as before, there is nothing to read.
create table unchanged_requests (
    request blob primary key,
    evidence blob not null,
    sources text not null,
    inputs blob not null
) without rowid;
