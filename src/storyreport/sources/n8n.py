"""n8n: the executions in its database, or as its API lists them.

An execution is a run and one run of its workflow, which is the step; a retry is a further attempt of the execution that
it names. What single nodes did is in the execution's data, with all that they read and wrote: of that, the error is
read where an answer of the API (or a database before 1.0) has it beside the execution. Written after n8n's published
schema: no database of a running n8n was at hand.
"""

from . import Part, System, Table, Type, signs

DATABASE = Part(
    tables={
        "execution_entity": Table(
            columns={
                "id": Type.KEY,
                "workflowid": Type.KEY,
                "finished": Type.FLAG,
                "status": Type.WORD,
                "retryof": Type.KEY,
                "createdat": Type.UTC,
                "startedat": Type.UTC,
                "stoppedat": Type.UTC,
                "waittill": Type.UTC,
                "data": Type.JSON,
                "workflowdata": Type.JSON,
            },
            required=("id",),
            export_signs=frozenset({"id", "workflowid", "mode", "startedat", "stoppedat"}),
            is_answer=True,
            group="id",
        ),
        "workflow_entity": Table(
            columns={"id": Type.KEY, "name": Type.KEY},
            required=("id",),
            export_signs=frozenset({"id", "name", "nodes", "connections"}),
        ),
    },
    feeds={"runs": ("execution_entity",), "step_runs": ("execution_entity",)},
    grouped={"runs": "source_key", "step_runs": "source_key"},
    statuses={
        "new": "queued",
        "running": "running",
        "waiting": "waiting",
        "success": "completed",
        "error": "failed",
        "failed": "failed",
        "crashed": "failed",
        "canceled": "cancelled",
        "cancelled": "cancelled",
        # A version without a status said only whether an execution had finished.
        "finished": "completed",
        "not finished": "failed",
    },
    signs=signs(("execution_entity", {"workflowid", "finished", "mode", "startedat", "stoppedat"})),
)

SYSTEM = System(name="n8n", title="n8n database", parts={"database": DATABASE})
