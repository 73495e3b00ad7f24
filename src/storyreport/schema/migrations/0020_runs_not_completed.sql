-- The last runs with a status that few have, of a long history.
create index runs_not_completed on runs (source_id, status, day) where status <> 'completed';
