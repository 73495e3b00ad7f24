"""huey: the SQLite file of its storage, which has what waits and the results that nobody has fetched.

When a task began or ended is nowhere, nor which one a result is of: it counts for its queue. A task that returned
nothing leaves no result, and one that is being worked on is in no table. Tasks and results are pickled: they are never
unpickled; of a task its name is looked up in the bytes, of an error its text. Arguments and results are not read.
"""

from . import Part, System, Table, Type

DATABASE = Part(
    tables={
        "kv": Table(
            columns={"queue": Type.KEY, "key": Type.KEY, "value": Type.JSON},
            required=("queue", "key"),
        ),
        "task": Table(columns={"id": Type.KEY, "queue": Type.KEY, "data": Type.JSON}, required=("id", "queue")),
        "schedule": Table(columns={"id": Type.KEY, "queue": Type.KEY, "data": Type.JSON}, required=("id", "queue")),
    },
    feeds={"step_runs": ("kv", "task", "schedule")},
    statuses={
        "result": "completed",
        "error": "failed",
        "queued": "queued",
        "scheduled": "waiting",
        "revoked": "cancelled",
    },
    signs=(
        {
            "kv": frozenset({"queue", "key", "value"}),
            "task": frozenset({"queue", "data", "priority"}),
            "schedule": frozenset({"queue", "data", "timestamp"}),
        },
    ),
)

SYSTEM = System(name="huey", title="huey storage", parts={"database": DATABASE}, pipeline="huey")
