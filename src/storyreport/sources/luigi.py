"""Luigi: the task history that its scheduler writes with `record_task_history`.

Luigi has no runs: the record of a task stands for one, and each of its starts is an attempt; a later record of the same
task does it again. Times are the local time of the scheduler. The history has neither error messages nor what is
skipped; parameters and hosts are not read.
"""

from . import Part, System, Table, Type

DATABASE = Part(
    tables={
        "tasks": Table(
            columns={"id": Type.KEY, "task_id": Type.KEY, "name": Type.KEY},
            required=("id", "name"),
            export_signs=frozenset({"id", "task_id", "name", "host"}),
            group="id",
        ),
        "task_events": Table(
            columns={"id": Type.COUNT, "task_id": Type.KEY, "event_name": Type.WORD, "ts": Type.LOCAL},
            required=("id", "task_id", "event_name"),
            export_signs=frozenset({"task_id", "event_name", "ts"}),
            group="task_id",
        ),
    },
    feeds={"step_runs": ("task_events",)},
    grouped={"step_runs": "run_key"},
    statuses={
        "pending": "queued",
        "running": "running",
        "done": "completed",
        "failed": "failed",
        "complete": "skipped",
    },
    # Many programs have a table of tasks.
    signs=(
        {
            "tasks": frozenset({"id", "task_id", "name", "host"}),
            "task_events": frozenset({"task_id", "event_name", "ts"}),
        },
    ),
)

SYSTEM = System(name="luigi", title="Luigi task history", parts={"database": DATABASE}, pipeline="luigi")
