-- Of a lake, from which moment on all step runs outside of runs are here, and after which moment all runs with all their
-- step runs; '' where all of them are.
alter table lakes add column steps_since text not null default '9999-12-31';
alter table lakes add column whole_runs_since text not null default '9999-12-31';
