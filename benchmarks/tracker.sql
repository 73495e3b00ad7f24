-- A story pipeline's tracker, as it lays out its file; its own indexes follow in tracker_indexes.sql.
create table stories (
    id integer primary key autoincrement,
    story_id text unique not null,
    title text,
    source text,
    metadata text,
    created_at timestamp default current_timestamp,
    updated_at timestamp default current_timestamp
);
create table step_status (
    id integer primary key autoincrement,
    story_id text not null,
    step_name text not null,
    status text not null,
    run_id text,
    error_message text,
    acceptance_passed integer default 0,
    acceptance_details text,
    started_at timestamp,
    completed_at timestamp,
    created_at timestamp default current_timestamp,
    foreign key (story_id) references stories (story_id),
    unique (story_id, step_name)
);
create table step_history (
    id integer primary key autoincrement,
    story_id text not null,
    step_name text not null,
    run_id text not null,
    status text not null,
    error_message text,
    execution_time_ms integer,
    timestamp timestamp default current_timestamp,
    foreign key (story_id) references stories (story_id)
);
