"""Apache Airflow: its metadata database (1.10 to 3.x), or task instances and DAG runs as its API answers them.

Since 2.10 earlier tries are in task_instance_history; before, a new try takes the place of the last one, and those that
failed are in task_fail, without their numbers. A job of 2.x (that runs a task) and a reschedule are signs of life. User
names, host names, configurations and rendered fields are not read.
"""

from . import Part, System, Table, Type, signs

TRY = {
    "dag_id": Type.KEY,
    "task_id": Type.KEY,
    "run_id": Type.KEY,
    "dag_run_id": Type.KEY,
    "execution_date": Type.UTC,
    "map_index": Type.NUMBER,
    "state": Type.WORD,
    "try_number": Type.COUNT,
    "queued_dttm": Type.UTC,
    "queued_when": Type.UTC,
    "start_date": Type.UTC,
    "end_date": Type.UTC,
    # 3.1 writes it wrong into SQLite, by whole seconds: up to the end of a minute too long, beyond it often negative.
    "duration": Type.NUMBER,
    "updated_at": Type.UTC,
}

# What identified a run before it had an id; the command line still names it alone.
DATES = {"execution_date": ("logical_date",)}

# Versions differ in what identifies a run and in which times they keep: these columns are no other names of them.
UNREAD = frozenset(
    (
        *("max_tries", "hostname", "unixname", "pool", "pool_slots", "queue", "priority_weight", "operator"),
        *("custom_operator_name", "scheduled_dttm", "queued_by_job_id", "pid", "executor", "executor_config"),
        *("rendered_map_index", "context_carrier", "span_status", "external_executor_id", "trigger_id"),
        *("trigger_timeout", "next_method", "next_kwargs", "task_display_name", "dag_version_id"),
        *("retry_delay_override", "retry_reason", "run_after", "scheduled_when"),
    )
)

DATABASE = Part(
    tables={
        "task_instance": Table(
            columns={**TRY, "id": Type.KEY, "job_id": Type.KEY, "last_heartbeat_at": Type.UTC},
            required=("dag_id", "task_id"),
            export_signs=frozenset({"dag_id", "task_id", "state"}),
            aliases=DATES,
            listed_as="task_instances",
            # The command line prints the tasks of a run, without their tries, and runs without their type.
            copied=frozenset({"try_number"}),
            # Runs of several DAGs may share an id; to read them together does no harm.
            group="run_id",
            changed="updated_at",
            # A heartbeat of its job does not change the row.
            ongoing=("state", ("running", "restarting", "up_for_reschedule")),
            unread=UNREAD,
        ),
        "task_instance_history": Table(
            columns={**TRY, "task_instance_id": Type.KEY},
            required=("dag_id", "task_id"),
            export_signs=frozenset({"dag_id", "task_id", "state", "try_number", "task_instance_id"}),
            aliases=DATES,
            group="run_id",
            changed="updated_at",
            unread=UNREAD,
        ),
        "task_fail": Table(
            columns={
                "dag_id": Type.KEY,
                "task_id": Type.KEY,
                "run_id": Type.KEY,
                "execution_date": Type.UTC,
                "map_index": Type.NUMBER,
                "start_date": Type.UTC,
                "end_date": Type.UTC,
            },
            required=("dag_id", "task_id"),
            group="run_id",
        ),
        "dag_run": Table(
            columns={
                "dag_id": Type.KEY,
                "run_id": Type.KEY,
                "dag_run_id": Type.KEY,
                "execution_date": Type.UTC,
                "run_type": Type.WORD,
                "state": Type.WORD,
                "queued_at": Type.UTC,
                "start_date": Type.UTC,
                "end_date": Type.UTC,
                "updated_at": Type.UTC,
            },
            required=("dag_id",),
            # `airflow dags list-runs` names no type.
            export_signs=frozenset({"dag_id", "state", "start_date"}),
            foreign_signs=frozenset({"job_type"}),
            aliases=DATES,
            listed_as="dag_runs",
            copied=frozenset({"run_type"}),
            group="run_id",
            changed="updated_at",
        ),
        "job": Table(
            columns={"id": Type.KEY, "latest_heartbeat": Type.UTC},
            export_signs=frozenset({"job_type", "latest_heartbeat"}),
            changed="latest_heartbeat",
        ),
        # 3.x has the id of the task instance, 2.x its key.
        "task_reschedule": Table(
            columns={
                "ti_id": Type.KEY,
                "dag_id": Type.KEY,
                "task_id": Type.KEY,
                "run_id": Type.KEY,
                "execution_date": Type.UTC,
                "map_index": Type.NUMBER,
                "end_date": Type.UTC,
                "reschedule_date": Type.UTC,
            },
            export_signs=frozenset({"reschedule_date", "end_date"}),
        ),
    },
    feeds={"runs": ("dag_run",), "step_runs": ("task_instance", "task_instance_history")},
    # A run that is cleared starts again.
    restarts=frozenset({"runs"}),
    repeats=frozenset({"step_runs"}),
    statuses={
        "success": "completed",
        "failed": "failed",
        "upstream_failed": "skipped",
        "skipped": "skipped",
        "removed": "cancelled",
        "running": "running",
        "restarting": "running",
        "up_for_reschedule": "waiting",
        "up_for_retry": "waiting",
        "scheduled": "queued",
        "queued": "queued",
        "deferred": "waiting",
        # A task that the scheduler has not looked at yet has no state.
        "none": "queued",
        "no_status": "queued",
    },
    signs=signs(
        ("task_instance", {"dag_id", "task_id", "try_number"}),
        ("dag_run", {"dag_id", "run_type", "state"}),
    ),
)

SYSTEM = System(name="airflow", title="Airflow metadata database", parts={"database": DATABASE})
