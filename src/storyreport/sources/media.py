"""The story-to-video service: a SQLite database, of its early version (two tables, few columns) or a newer one.

A workflow makes one story. The service's own clean-up deletes workflows and files and leaves what refers to them.
Prompts, story texts, user names and e-mail addresses are private: the users table is not read at all.
"""

from . import Part, System, Table, Type, signs

DATABASE = Part(
    tables={
        "workflows": Table(
            columns={
                "id": Type.KEY,
                "original_prompt": Type.PRIVATE,
                "enhanced_story": Type.PRIVATE,
                "story_title": Type.TEXT,
                "current_phase": Type.WORD,
                "status": Type.WORD,
                "created_at": Type.UTC,
                "updated_at": Type.UTC,
                "completed_at": Type.LOCAL,
                "total_processing_time": Type.SECONDS,
            },
            required=("id",),
            group="id",
            changed="updated_at",
        ),
        "generated_files": Table(
            columns={
                "id": Type.KEY,
                "workflow_id": Type.KEY,
                "file_type": Type.WORD,
                "file_path": Type.TEXT,
                "file_name": Type.TEXT,
                "file_size": Type.COUNT,
                "mime_type": Type.WORD,
                "created_at": Type.UTC,
            },
            required=("id",),
        ),
        "scenes": Table(
            columns={
                "id": Type.KEY,
                "workflow_id": Type.KEY,
                "scene_number": Type.COUNT,
                "description": Type.PRIVATE,
                "created_at": Type.UTC,
            },
            required=("id",),
        ),
        "generation_progress": Table(
            columns={
                "id": Type.KEY,
                "workflow_id": Type.KEY,
                "progress_percentage": Type.NUMBER,
                "current_step": Type.KEY,
                "status": Type.WORD,
                "created_at": Type.UTC,
            },
            required=("id",),
            group="workflow_id",
        ),
        "api_usage": Table(
            columns={
                "id": Type.KEY,
                "workflow_id": Type.KEY,
                "api_provider": Type.WORD,
                "endpoint": Type.WORD,
                "tokens_used": Type.COUNT,
                "cost_usd": Type.MONEY,
                "response_time": Type.SECONDS,
                "success": Type.FLAG,
                "error_message": Type.TEXT,
                "created_at": Type.UTC,
            },
            required=("id",),
        ),
    },
    feeds={
        "stories": ("workflows",),
        "runs": ("workflows",),
        "events": ("generation_progress",),
        "artifacts": ("generated_files",),
        "story_nodes": ("scenes",),
        "calls": ("api_usage",),
    },
    grouped={"stories": "source_key", "runs": "source_key", "step_runs": "run_key"},
    statuses={
        "active": "running",
        "running": "running",
        "processing": "running",
        "in_progress": "running",
        "started": "running",
        "pending": "queued",
        "queued": "queued",
        "completed": "completed",
        "complete": "completed",
        "success": "completed",
        "failed": "failed",
        "error": "failed",
        "cancelled": "cancelled",
    },
    signs=signs(
        ("generated_files", {"workflow_id", "file_type"}),
        ("workflows", {"id", "current_phase"}),
        ("workflows", {"id", "original_prompt"}),
        ("api_usage", {"api_provider", "endpoint"}),
    ),
)

SYSTEM = System(name="media", title="story-to-video service", parts={"database": DATABASE})
