"""Langfuse: observations as its exports, its database (snake case) or its API (camel case) give them.

A trace is a run; an observation with usage or a cost is a call, any but a generation with a parent is a step of the
run. Inputs,
outputs, prompts, metadata and sessions are not read; users are hashed.
"""

from . import Part, System, Table, Type, signs

OBSERVATION = {
    "id": Type.KEY,
    "trace_id": Type.KEY,
    "trace_name": Type.WORD,
    "parent_observation_id": Type.KEY,
    "type": Type.WORD,
    "name": Type.WORD,
    "start_time": Type.UTC,
    "end_time": Type.UTC,
    "updated_at": Type.UTC,
    "level": Type.WORD,
    "status_message": Type.TEXT,
    "provided_model_name": Type.WORD,
    "model": Type.WORD,
    "usage_details": Type.JSON,
    "usage": Type.JSON,
    "prompt_tokens": Type.COUNT,
    "completion_tokens": Type.COUNT,
    "total_tokens": Type.COUNT,
    "input_tokens": Type.COUNT,
    "output_tokens": Type.COUNT,
    "unit": Type.WORD,
    "cost_details": Type.JSON,
    "total_cost": Type.MONEY,
    "calculated_total_cost": Type.MONEY,
    "latency": Type.SECONDS,
    "user_id": Type.HASHED,
    "tags": Type.JSON,
}

# What an observation has besides: texts, prices of a unit, and names of other things.
UNREAD = frozenset(
    (
        *("input", "output", "metadata", "version", "release", "environment", "bookmarked", "public"),
        *("model_id", "internal_model_id", "model_parameters", "project_id", "session_id", "created_at"),
        *("prompt_id", "prompt_name", "prompt_version", "completion_start_time", "time_to_first_token"),
        *("input_price", "output_price", "total_price", "input_cost", "output_cost"),
        *("calculated_input_cost", "calculated_output_cost", "provided_usage_details", "provided_cost_details"),
    )
)

DATABASE = Part(
    tables={
        "observations": Table(
            columns=OBSERVATION,
            required=("id", "type"),
            drops_values=True,
            export_signs=frozenset({"trace_id", "parent_observation_id", "start_time"}),
            aliases={"tags": ("trace_tags",)},
            unread=UNREAD,
            group="trace_id",
            changed="updated_at",
            added="start_time",
        ),
        "api_observations": Table(
            columns={name.replace("_", ""): kind for name, kind in OBSERVATION.items()},
            required=("id", "type"),
            export_signs=frozenset({"traceid", "starttime", "level"}),
            aliases={"tags": ("tracetags",)},
            unread=frozenset(name.replace("_", "") for name in UNREAD),
            listed_as="observations",
            group="traceid",
            drops_values=True,
        ),
        "traces": Table(columns={"id": Type.KEY, "name": Type.WORD}, required=("id",), group="id"),
    },
    feeds={
        "runs": ("observations", "api_observations"),
        "step_runs": ("observations", "api_observations"),
        "calls": ("observations", "api_observations"),
    },
    grouped={"runs": "source_key", "step_runs": "run_key", "calls": "run_key"},
    # A level is no status, but says whether something went wrong.
    statuses={"debug": "completed", "default": "completed", "warning": "completed", "error": "failed"},
    signs=signs(("observations", {"trace_id", "parent_observation_id", "type"})),
)

SYSTEM = System(name="langfuse", title="Langfuse observations", parts={"database": DATABASE})
