"""The story-to-video service: its database (SQLite, PostgreSQL or mongoexport), and its folder of files.

The early version of the database has two tables with few columns. A workflow makes one story. The service's own
clean-up deletes workflows and files and leaves the rows that refer to them.
Prompts, story texts, user names and e-mail addresses are private: the users table is not read at all.
"""

import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from . import Part, System, Table, Type, aliases, signs

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
                "completed_at": Type.UTC,
                "total_processing_time": Type.SECONDS,
            },
            required=("id",),
            export_signs=frozenset({"current_phase", "original_prompt"}),
            aliases={
                **aliases.of("created_at", "updated_at"),
                "original_prompt": ("prompt", "user_prompt"),
                "enhanced_story": ("story", "story_text"),
                "story_title": ("title",),
                "current_phase": ("phase", "stage", "current_step"),
                "status": ("state", "workflow_status"),
                "completed_at": ("finished_at", "ended_at", "completed", "completed_on"),
                "total_processing_time": ("processing_time", "total_time", "processing_seconds"),
            },
            group="id",
            changed="updated_at",
            added="created_at",
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
            export_signs=frozenset({"workflow_id", "file_type"}),
            aliases={
                **aliases.of("workflow_id", "created_at"),
                "file_path": ("path", "url", "file_url"),
                "file_name": ("name", "filename"),
                "file_size": ("size", "size_bytes", "file_size_bytes", "bytes"),
                "mime_type": ("mime", "mimetype", "content_type"),
            },
            added="created_at",
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
            export_signs=frozenset({"workflow_id", "scene_number"}),
            aliases=aliases.of("workflow_id", "created_at"),
            added="created_at",
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
            export_signs=frozenset({"workflow_id", "progress_percentage"}),
            aliases={**aliases.of("workflow_id", "status", "created_at"), "current_step": ("step", "step_name")},
            added="created_at",
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
            export_signs=frozenset({"api_provider", "endpoint"}),
            aliases={
                **aliases.of("workflow_id", "created_at"),
                "api_provider": ("provider",),
                "endpoint": ("operation", "api_endpoint"),
                "tokens_used": ("tokens", "total_tokens", "token_count"),
                "cost_usd": ("cost", "cost_in_usd", "estimated_cost", "estimated_cost_usd"),
                "response_time": ("response_seconds", "response_time_seconds", "duration_seconds"),
                "success": ("succeeded", "is_success"),
                "error_message": ("error", "error_msg"),
            },
            added="created_at",
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

# The folders below save_outputs/ and what the files in them are.
KINDS = {
    "images": "image",
    "audio": "audio",
    "music": "music",
    "video": "video",
    "videos": "video",
    "scenes": "scene",
}


def find_outputs(path: Path) -> Path | None:
    """The save_outputs folder at or below a path: one that holds images/, audio/, …"""
    for folder in (path, path / "save_outputs"):
        if folder.is_dir() and (folder.name == "save_outputs" or sum((folder / kind).is_dir() for kind in KINDS) > 1):
            return folder
    return None


def stage_outputs(folder: Path) -> Iterator[tuple[str, tuple[Any, ...]]]:
    """A row for each file; its key is its name in the service's URLs."""
    for kind in sorted(name for name in KINDS if (folder / name).is_dir()):
        for below, names in _walk(folder / kind):
            for name in names:
                path = Path(below, name)
                try:
                    about = path.stat()
                except OSError as error:
                    yield (
                        "disk_files",
                        (str(path.relative_to(folder)), *[None] * 4, f"cannot be read: {error.strerror}"),
                    )
                    continue
                key = path.relative_to(folder).as_posix()
                yield "disk_files", (key, KINDS[kind], name, about.st_size, about.st_mtime, None)


def _walk(folder: Path) -> Iterator[tuple[str, list[str]]]:
    """(folder, names of its files) of a folder and those below, in order; links to folders are not followed.

    A link may lead back up or out of the folder, and `unchanged` does not look behind one. Python's own walk recurses,
    and so has a limit.
    """
    pending = [os.fspath(folder)]
    while pending:
        below = pending.pop()
        _, folders, names = next(os.walk(below), (below, [], []))
        paths = [os.path.join(below, name) for name in sorted(folders, reverse=True)]
        pending += [path for path in paths if not os.path.islink(path)]
        yield below, sorted(names)


OUTPUTS = Part(
    tables={
        "disk_files": Table(
            columns={
                "path": Type.KEY,
                "kind": Type.WORD,
                "name": Type.TEXT,
                "size": Type.COUNT,
                "modified_at": Type.UTC,
            },
            required=("path",),
        )
    },
    feeds={"artifacts": ("disk_files",)},
    statuses={},
    find=find_outputs,
    stage=stage_outputs,
)

SYSTEM = System(
    name="media",
    title="story-to-video service",
    parts={"database": DATABASE, "outputs": OUTPUTS},
    pipeline="media",
)
