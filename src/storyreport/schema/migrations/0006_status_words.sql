-- What the user says that status words of a source mean: a JSON object, folded word → status.
alter table sources add column statuses text not null default '{}';
