-- The first of the runs that a run does again, by its key: a failed run has recovered once a later one of them completed.
alter table runs add column again_of text;
create index runs_again on runs (source_id, again_of) where again_of is not null;
