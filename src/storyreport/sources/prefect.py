"""Prefect 3: the database of its server.

A flow run is a run, and each try of a task run a step run. When a flow is retried, its tasks get new task runs: these
are further attempts of the same steps. Parameters, inputs, results, tags and logs are not read.
"""

from . import Part, System, Table, Type

STATE = {"type": Type.WORD, "name": Type.WORD, "timestamp": Type.UTC, "message": Type.TEXT}

UNREAD = frozenset({"auto_scheduled", "estimated_run_time", "estimated_start_time_delta"})

DATABASE = Part(
    tables={
        "flow_run": Table(
            columns={
                "id": Type.KEY,
                "flow_id": Type.KEY,
                "state_id": Type.KEY,
                "state_type": Type.WORD,
                "state_name": Type.WORD,
                # What its API answers in place of a row of flow_run_state.
                "state": Type.JSON,
                "expected_start_time": Type.UTC,
                "next_scheduled_start_time": Type.UTC,
                "start_time": Type.UTC,
                "end_time": Type.UTC,
                "state_timestamp": Type.UTC,
                "updated": Type.UTC,
            },
            required=("id",),
            # As its API lists them.
            export_signs=frozenset({"flow_id", "state_type", "state_name", "expected_start_time"}),
            is_answer=True,
            group="id",
            changed="updated",
            unread=UNREAD,
        ),
        # Of a task run without a flow run only its own place in the table says that it is new; so `updated`, which
        # would keep the latest rows from being read again, is not named.
        "task_run": Table(
            columns={
                "id": Type.KEY,
                "flow_run_id": Type.KEY,
                "flow_run_run_count": Type.COUNT,
                "run_count": Type.COUNT,
                "task_key": Type.KEY,
                "state_id": Type.KEY,
                "state_type": Type.WORD,
                "state_name": Type.WORD,
                "state": Type.JSON,
                "state_timestamp": Type.UTC,
                "expected_start_time": Type.UTC,
                "next_scheduled_start_time": Type.UTC,
                "start_time": Type.UTC,
                "end_time": Type.UTC,
                "created": Type.UTC,
            },
            required=("id", "task_key"),
            export_signs=frozenset({"task_key", "dynamic_key", "flow_run_id", "state_type"}),
            is_answer=True,
            group="flow_run_id",
            unread=UNREAD,
        ),
        "flow": Table(
            columns={"id": Type.KEY, "name": Type.KEY},
            required=("id",),
            export_signs=frozenset({"id", "name", "created", "updated", "tags", "labels"}),
            foreign_signs=frozenset({"flow_id"}),
        ),
        "flow_run_state": Table(
            columns={"id": Type.KEY, "message": Type.TEXT},
            required=("id",),
            export_signs=frozenset({"flow_run_id", "type", "timestamp", "state_details"}),
        ),
        # Looked up by its group.
        "task_run_state": Table(
            columns={"task_run_id": Type.KEY, **STATE},
            required=("task_run_id", "type"),
            export_signs=frozenset({"task_run_id", "type", "timestamp", "state_details"}),
            group="task_run_id",
        ),
    },
    feeds={"runs": ("flow_run",), "step_runs": ("task_run",)},
    grouped={"runs": "source_key", "step_runs": "run_key"},
    statuses={
        "scheduled": "queued",
        "pending": "queued",
        "running": "running",
        "cancelling": "running",
        "paused": "waiting",
        "awaitingretry": "waiting",
        "completed": "completed",
        "failed": "failed",
        "crashed": "failed",
        "cancelled": "cancelled",
        # A task whose upstream task did not complete never gets further.
        "notready": "skipped",
    },
    signs=(
        {
            "flow_run": frozenset({"flow_id", "state_type", "run_count"}),
            "task_run": frozenset({"task_key", "dynamic_key", "state_type"}),
        },
    ),
)

SYSTEM = System(name="prefect", title="Prefect server database", parts={"database": DATABASE})
