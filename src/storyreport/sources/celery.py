"""Celery: the results that its backends keep (table or collection celery_taskmeta, keys of Redis), one row a task.

A row is overwritten by the task's next state: when a task was queued or began is not recorded, nor are its earlier
tries. Names and retries are there with `result_extended`, running tasks with `task_track_started`. In a database, how
it ended is timed in the application's own zone, all else in UTC. A Django project has them in a table of its own.
Arguments, results and worker names are not read. Flower, which watches the workers, knows more of the newest tasks: see
flower.py.
"""

from dataclasses import replace

from . import Part, System, Table, Type, flower, signs

STATUSES = {
    "pending": "queued",
    "received": "queued",
    "started": "running",
    "retry": "waiting",
    "success": "completed",
    "failure": "failed",
    "rejected": "failed",
    "revoked": "cancelled",
    "ignored": "skipped",
}

DATABASE = Part(
    tables={
        "celery_taskmeta": Table(
            columns={
                "task_id": Type.KEY,
                "status": Type.WORD,
                "date_done": Type.UTC,
                # Its end is the error's text; the lines of code above it are not for copying.
                "traceback": Type.JSON,
                "name": Type.KEY,
                "retries": Type.COUNT,
                # Redis and MongoDB have it, in which each time names its zone.
                "children": Type.JSON,
            },
            required=("task_id",),
            export_signs=frozenset({"status", "date_done", "traceback"}),
            # MongoDB's collection of the same name.
            aliases={"task_id": ("_id",)},
            group="task_id",
            changed="date_done",
        ),
    },
    feeds={"step_runs": ("celery_taskmeta",)},
    grouped={"step_runs": "source_key"},
    statuses=STATUSES,
    signs=signs(("celery_taskmeta", {"task_id", "status", "date_done"})),
)

# What django-celery-results keeps in a project's own database, all times in UTC. A failed task's result is its error.
DJANGO = Part(
    tables={
        "django_celery_results_taskresult": Table(
            columns={
                "task_id": Type.KEY,
                "task_name": Type.KEY,
                "status": Type.WORD,
                "result": Type.JSON,
                "date_created": Type.UTC,
                "date_started": Type.UTC,
                "date_done": Type.UTC,
            },
            required=("task_id",),
            export_signs=frozenset({"task_id", "task_name", "status", "date_created", "date_done"}),
            group="task_id",
            changed="date_done",
        ),
    },
    feeds={"step_runs": ("django_celery_results_taskresult",)},
    grouped={"step_runs": "source_key"},
    statuses=STATUSES,
    signs=signs(("django_celery_results_taskresult", {"task_id", "status", "date_done"})),
)

SYSTEM = System(
    name="celery",
    title="Celery result database",
    parts={"database": DATABASE, "django": DJANGO, "flower": replace(flower.PART, statuses=STATUSES)},
    pipeline="celery",
)
