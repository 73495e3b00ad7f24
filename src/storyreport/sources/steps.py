"""The plain forms: step runs and calls of any pipeline, one row each; docs/plain-formats.md describes them.

A row is known by its id or, without one, by its values. Runs and stories are those that rows name.
"""

from . import Part, System, Table, Type, signs

# What tables name their run, story and pipeline by.
OWNERS = {"run": ("run_id",), "story": ("story_id",), "pipeline": ("pipeline_name",)}

DATABASE = Part(
    tables={
        "step_runs": Table(
            columns={
                "id": Type.KEY,
                "run": Type.KEY,
                "pipeline": Type.KEY,
                "story": Type.KEY,
                "story_title": Type.TEXT,
                "step": Type.KEY,
                "family": Type.KEY,
                "attempt": Type.COUNT,
                "status": Type.WORD,
                "success": Type.FLAG,
                "exit_code": Type.NUMBER,
                "queued_at": Type.LOCAL,
                "started_at": Type.LOCAL,
                "ended_at": Type.LOCAL,
                "duration_ms": Type.MS,
                "duration_s": Type.SECONDS,
                "error": Type.TEXT,
                "acceptance_passed": Type.FLAG,
            },
            aliases={
                **OWNERS,
                "status": ("state", "outcome", "conclusion"),
                "exit_code": ("exit_status", "return_code", "returncode"),
                "ended_at": ("finished_at", "completed_at"),
                "error": ("error_message",),
            },
            required=("step",),
            # A step alone says little: the log of a training run has steps too.
            export_signs=frozenset({"step", "started_at"}),
            group="run",
        ),
        "calls": Table(
            columns={
                "id": Type.KEY,
                "run": Type.KEY,
                "pipeline": Type.KEY,
                "story": Type.KEY,
                "step": Type.KEY,
                "provider": Type.WORD,
                "model": Type.WORD,
                "endpoint": Type.WORD,
                "called_at": Type.LOCAL,
                "duration_ms": Type.MS,
                "duration_s": Type.SECONDS,
                "status": Type.WORD,
                "success": Type.FLAG,
                "error": Type.TEXT,
                "input_tokens": Type.COUNT,
                "output_tokens": Type.COUNT,
                "cache_read_tokens": Type.COUNT,
                "cache_write_tokens": Type.COUNT,
                "total_tokens": Type.COUNT,
                "tier": Type.WORD,
                "team": Type.WORD,
                "project": Type.WORD,
                "tag": Type.WORD,
                "cache_write_1h_tokens": Type.COUNT,
                "reasoning_tokens": Type.COUNT,
                "input_audio_tokens": Type.COUNT,
                "output_audio_tokens": Type.COUNT,
                "input_image_tokens": Type.COUNT,
                "output_image_tokens": Type.COUNT,
                "web_searches": Type.COUNT,
                "file_searches": Type.COUNT,
                "input_characters": Type.COUNT,
                "audio_seconds": Type.NUMBER,
                "document_pages": Type.COUNT,
                "cost": Type.MONEY,
                "currency": Type.WORD,
                "calls": Type.COUNT,
            },
            # OpenAI's words, whose input includes what comes from the cache as ours does, and those of many scripts.
            aliases={
                **OWNERS,
                "input_tokens": ("prompt_tokens", "tokens_in", "tokens_input", "in_tokens"),
                "output_tokens": ("completion_tokens", "tokens_out", "tokens_output", "out_tokens"),
                "cache_read_tokens": ("cached_tokens", "cached_input_tokens", "input_cached_tokens"),
                "currency": ("cost_currency",),
                "cost": ("total_cost", "spend"),
                "duration_ms": ("latency_ms",),
            },
            required_one=(
                *("run", "story", "step", "provider", "model", "endpoint", "called_at"),
                *("input_tokens", "output_tokens", "cost"),
            ),
            export_signs=frozenset({"called_at"}),
            drops_values=True,
            currencies=("currency",),
        ),
    },
    feeds={"step_runs": ("step_runs",), "calls": ("calls",)},
    grouped={"step_runs": "run_key"},
    # The words of all tools, see statuses.py.
    statuses={},
    has_given_keys=True,
    counts_attempts=("step_runs", "attempt"),
    # Run, story, step, provider, model, endpoint and time.
    steady_key_parts=7,
    grows=True,
    signs=signs(
        ("step_runs", {"step", "started_at"}),
        ("calls", {"called_at", "provider"}),
        ("calls", {"called_at", "model"}),
        ("calls", {"called_at", "run"}),
        ("calls", {"called_at", "story"}),
        ("calls", {"called_at", "step"}),
        ("calls", {"called_at", "success"}),
        ("calls", {"called_at", "error"}),
        ("calls", {"called_at", "duration_s"}),
    ),
)

SYSTEM = System(name="steps", title="table of steps or calls in the plain form", parts={"database": DATABASE})
