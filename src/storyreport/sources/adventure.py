"""The choose-your-own-adventure service: jobs that each generate a story, and stories that are trees of nodes.

A node's options name the nodes that follow. created_at is UTC and completed_at the server's local time. A session is a
person's browser; texts of nodes and options are private.
"""

from . import Clock, Part, System, Table, Type, aliases, signs

DATABASE = Part(
    tables={
        "stories": Table(
            columns={
                "id": Type.KEY,
                "title": Type.TEXT,
                "session_id": Type.HASHED,
                "created_at": Type.UTC,
            },
            required=("id",),
            export_signs=frozenset({"title", "session_id"}),
            aliases=aliases.of("created_at"),
            group="id",
            added="created_at",
        ),
        "story_jobs": Table(
            columns={
                "id": Type.KEY,
                "job_id": Type.KEY,
                "theme": Type.TEXT,
                "status": Type.WORD,
                "story_id": Type.KEY,
                "error": Type.TEXT,
                "session_id": Type.HASHED,
                "created_at": Type.UTC,
                "completed_at": Type.LOCAL,
            },
            required=("id",),
            export_signs=frozenset({"job_id", "theme", "status"}),
            aliases={
                **aliases.of("story_id"),
                "completed_at": (
                    *("completed_job", "completed_job_at", "completed", "completed_on", "finished_at", "finished"),
                    *("ended_at", "done_at"),
                ),
                "error": ("error_message", "error_msg", "error_text", "failure_reason"),
                "created_at": ("created", "created_on", "started_at"),
                "session_id": ("session", "user_session"),
                "status": ("state", "job_status"),
                "theme": ("topic", "genre"),
            },
            group="job_id",
            added="created_at",
            # A story is written just before its job ends.
            clock=Clock("completed_at", "created_at", refers_to="story_id", table="stories", key="id", at="created_at"),
        ),
        "story_nodes": Table(
            columns={
                "id": Type.KEY,
                "story_id": Type.KEY,
                "is_root": Type.FLAG,
                "is_ending": Type.FLAG,
                "is_winning_ending": Type.FLAG,
                "content": Type.PRIVATE,
                "options": Type.JSON,
            },
            required=("id",),
            export_signs=frozenset({"story_id", "is_root", "options"}),
            aliases={
                **aliases.of("story_id"),
                "is_root": ("root", "is_root_node"),
                "is_ending": ("ending", "is_end", "is_ending_node"),
                "is_winning_ending": (
                    *("is_winning", "winning_ending", "is_win", "is_winner", "is_winning_end", "winning", "is_victory"),
                    *("is_winning_node", "is_good_ending", "winning_node", "winning_end", "win_ending"),
                    *("is_win_ending", "good_ending", "is_happy_ending", "happy_ending", "is_victory_ending"),
                ),
                "content": ("text",),
                "options": ("option", "choices"),
            },
            group="id",
        ),
    },
    # Options are not counted, for there are more of them than nodes: those of a node are compared when it is read.
    feeds={"stories": ("stories",), "runs": ("story_jobs",), "story_nodes": ("story_nodes",)},
    grouped={
        "stories": "source_key",
        "runs": "source_key",
        "step_runs": "run_key",
        "story_nodes": "source_key",
        "story_options": "node_key",
    },
    statuses={"pending": "queued", "processing": "running", "completed": "completed", "failed": "failed"},
    signs=signs(
        ("story_nodes", {"story_id", "is_root"}),
        ("story_nodes", {"story_id", "is_ending"}),
        ("story_jobs", {"theme", "status"}),
        ("stories", {"title", "session_id"}),
    ),
)

SYSTEM = System(
    name="adventure",
    title="choose-your-own-adventure service",
    parts={"database": DATABASE},
    pipeline="adventure",
)
