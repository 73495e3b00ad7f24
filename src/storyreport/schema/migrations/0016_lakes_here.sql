-- Of a lake, from which moment on all runs and all calls are here, beside its rollups; '' where all of them are.
alter table lakes add column runs_since text not null default '9999-12-31';
alter table lakes add column calls_since text not null default '9999-12-31';
