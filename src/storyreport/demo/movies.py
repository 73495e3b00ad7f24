"""A story-to-video service's database, as sixty days of work and its own clean-up leave it."""

import json
import random
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from operator import itemgetter

from .invent import DAYS, Row, Tables, around, busy_moments, fill, new_id, new_titles, utc

DATABASE = "moviemaker.db"


@dataclass(frozen=True)
class Api:
    """An endpoint that the media service calls: its usual tokens, dollars and seconds, and how it fails."""

    provider: str
    endpoint: str
    tokens: int | None
    cost: float
    unpriced: float
    seconds: float
    errors: tuple[str, ...]


@dataclass(frozen=True)
class Phase:
    """A phase of a workflow: what it calls, and the file that each shot leaves (type, path, mime type, bytes)."""

    name: str
    apis: tuple[str, ...]
    each_scene: bool
    file: tuple[str, str, str, int] | None


APIS = {
    "chat": Api("openai", "/v1/chat/completions", 2_100, 0.024, 0.05, 11.0,
                ("Rate limit reached for gpt-4o (request req_{hex})", "The server had an error on request req_{hex}")),
    "image": Api("stability", "/v1/generation/stable-diffusion-xl-1024-v1-0/text-to-image", None, 0.04, 0.05, 9.0,
                 ("HTTP 502 Bad Gateway", "Content moderation rejected the prompt (id {hex})")),
    "picture": Api("openai", "/v1/images/generations", None, 0.08, 0.05, 14.0, ("Billing hard limit reached",)),
    "voice": Api("elevenlabs", "/v1/text-to-speech", None, 0.11, 0.15, 6.0,
                 ("quota_exceeded: {small} credits left, {big} required", "Read timed out. (read timeout=30)")),
    "music": Api("suno", "/api/generate", None, 0.10, 0.50, 45.0, ("Generation task {hex} timed out after 300s",)),
    "": Api("", "", None, 0.0, 0.0, 90.0, ()),  # ffmpeg on the machine itself: no call is recorded
}  # fmt: skip
PHASES = (
    Phase("story_enhancement", ("chat",), False, None),
    Phase("scene_breakdown", ("chat",), False, ("scene", "scenes/breakdown.json", "application/json", 6_000)),
    Phase("image_generation", ("image", "picture"), True, ("image", "images/scene_{n}.png", "image/png", 1_400_000)),
    Phase("audio_generation", ("voice",), True, ("audio", "audio/scene_{n}.mp3", "audio/mpeg", 420_000)),
    Phase("music_generation", ("music",), False, ("music", "music/background.mp3", "audio/mpeg", 3_800_000)),
    Phase("video_assembly", ("",), False, ("video", "videos/final.mp4", "video/mp4", 38_000_000)),
)
WORKFLOWS, CALL_FAILING, WORKFLOW_FAILING = 160, 0.035, 0.018
STUCK_WORKFLOWS = (timedelta(hours=7), timedelta(days=3))
ACTIVE_WORKFLOWS = (timedelta(seconds=30), timedelta(seconds=70), timedelta(seconds=105))
# The clean-up ran two days ago and deleted what had finished more than fifty days before.
CLEANED_BEFORE = timedelta(days=52)
PEOPLE = ("maja.lindqvist", "t_okafor", "storydad42", "priya.raman", "j.delacroix", "nightowl")

SCHEMA = """
CREATE TABLE users (
    id INTEGER PRIMARY KEY AUTOINCREMENT, username TEXT UNIQUE NOT NULL, email TEXT UNIQUE NOT NULL,
    created_at TIMESTAMP DEFAULT CURRENT_TIMESTAMP, updated_at TIMESTAMP DEFAULT CURRENT_TIMESTAMP
);
CREATE TABLE workflows (
    id TEXT PRIMARY KEY, user_id INTEGER REFERENCES users(id), original_prompt TEXT NOT NULL, enhanced_story TEXT,
    story_title TEXT, max_scenes INTEGER DEFAULT 4, current_phase TEXT DEFAULT 'prompt_enhancement',
    status TEXT DEFAULT 'active', created_at TIMESTAMP DEFAULT CURRENT_TIMESTAMP,
    updated_at TIMESTAMP DEFAULT CURRENT_TIMESTAMP, completed_at TIMESTAMP, total_processing_time REAL
);
CREATE TABLE generated_files (
    id INTEGER PRIMARY KEY AUTOINCREMENT, workflow_id TEXT NOT NULL REFERENCES workflows(id), file_type TEXT NOT NULL,
    file_path TEXT NOT NULL, file_name TEXT NOT NULL, file_size INTEGER, mime_type TEXT, metadata TEXT,
    created_at TIMESTAMP DEFAULT CURRENT_TIMESTAMP
);
CREATE TABLE scenes (
    id INTEGER PRIMARY KEY AUTOINCREMENT, workflow_id TEXT NOT NULL REFERENCES workflows(id),
    scene_number INTEGER NOT NULL, description TEXT NOT NULL, prompt TEXT NOT NULL, duration INTEGER DEFAULT 5,
    image_file_id INTEGER REFERENCES generated_files(id), created_at TIMESTAMP DEFAULT CURRENT_TIMESTAMP
);
CREATE TABLE generation_progress (
    id INTEGER PRIMARY KEY AUTOINCREMENT, workflow_id TEXT NOT NULL REFERENCES workflows(id),
    progress_percentage REAL DEFAULT 0.0, current_step TEXT, status TEXT DEFAULT 'processing',
    estimated_time_remaining REAL, created_at TIMESTAMP DEFAULT CURRENT_TIMESTAMP
);
CREATE TABLE api_usage (
    id INTEGER PRIMARY KEY AUTOINCREMENT, workflow_id TEXT NOT NULL REFERENCES workflows(id),
    api_provider TEXT NOT NULL, endpoint TEXT NOT NULL, tokens_used INTEGER, cost_usd REAL, response_time REAL,
    success INTEGER DEFAULT 1, error_message TEXT, created_at TIMESTAMP DEFAULT CURRENT_TIMESTAMP
);
CREATE INDEX idx_workflows_status ON workflows(status);
CREATE INDEX idx_files_workflow_id ON generated_files(workflow_id);
CREATE INDEX idx_scenes_workflow_id ON scenes(workflow_id);
CREATE INDEX idx_progress_workflow_id ON generation_progress(workflow_id);
CREATE INDEX idx_api_usage_workflow_id ON api_usage(workflow_id);
"""


@dataclass
class Movies:
    """Collects what the media service writes, with the time of each row."""

    rng: random.Random
    horizon: datetime
    rows: dict[str, list[tuple[datetime, Row]]] = field(default_factory=dict)

    def add(self, table: str, at: datetime, *values: object) -> None:
        """Add a row, unless it would be written after the workflow hung or after now."""
        if at <= self.horizon:
            self.rows.setdefault(table, []).append((at, (*values, utc(at))))

    def make(self, start: datetime, horizon: datetime, title: str, smooth: bool) -> None:
        """Run a workflow through its phases until it is done, fails or reaches the horizon."""
        self.horizon, clock, status = horizon, start, "completed"
        workflow = new_id(self.rng)
        scenes = 6 if smooth else self.rng.randint(3, 8)
        seen = []
        for number, phase in enumerate(PHASES):
            seen.append((clock, phase.name))
            self.progress(clock, workflow, phase, number, "in_progress")
            clock, fine = self.run_phase(clock, workflow, phase, scenes, smooth)
            self.progress(clock, workflow, phase, number + fine, "completed" if fine else "failed")
            if not fine:
                status = "failed"
                break
            if phase.name == "scene_breakdown":
                self.break_down(clock, workflow, scenes, title)
        seen.append((clock, "completed" if status == "completed" else phase.name))
        updated, current = [entry for entry in seen if entry[0] <= horizon][-1]
        status = status if clock <= horizon else "active"
        user = self.rng.choice((None, None, *range(1, len(PEOPLE) + 1)))
        story = f"{title}. It began on a morning like any other." if updated > start else None
        texts = (user, f"Please make a gentle film of '{title}' for my daughter", story, title, scenes)
        ends = (utc(updated), round((clock - start).total_seconds(), 2)) if status == "completed" else (None, None)
        row = (workflow, *texts, current, status, utc(start), utc(updated), *ends)
        self.rows.setdefault("workflows", []).append((start, row))

    def progress(self, at: datetime, workflow: str, phase: Phase, done: int, status: str) -> None:
        """Note how far a workflow has come."""
        left = round(around(self.rng, 40.0) * (len(PHASES) - done), 1)
        percent = round(100 * done / len(PHASES), 1)
        self.add("generation_progress", at, workflow, percent, phase.name, status, left)

    def break_down(self, at: datetime, workflow: str, scenes: int, title: str) -> None:
        """Describe the scenes; the image's id follows when all files have theirs."""
        for n in range(1, scenes + 1):
            texts = (f"Scene {n} of {title}", f"{title}, scene {n}, watercolour, soft light")
            self.add("scenes", at, workflow, n, *texts, self.rng.randint(4, 9), (workflow, f"scene_{n}.png"))

    def run_phase(self, at: datetime, workflow: str, phase: Phase, scenes: int, smooth: bool) -> tuple[datetime, bool]:
        """Make every shot of a phase, calling again when a call fails."""
        doomed = not smooth and self.rng.random() < WORKFLOW_FAILING
        for shot in range(1, 1 + (scenes if phase.each_scene else 1)):
            api = APIS[self.rng.choices(phase.apis, (5, 1)[: len(phase.apis)])[0]]
            for _ in range(3 if doomed else int(self.rng.random() < CALL_FAILING)):
                at = self.call(at, workflow, api, failed=True)
            if doomed:
                return at, False
            at = self.call(at, workflow, api, failed=False)
            if phase.file:
                kind, path, mime, size = phase.file
                path, size = "/files/" + path.format(n=shot), int(around(self.rng, size))
                about = json.dumps({"scene_number": shot}) if phase.each_scene else None
                self.add("generated_files", at, workflow, kind, path, path.rsplit("/", 1)[1], size, mime, about)
        return at, True

    def call(self, clock: datetime, workflow: str, api: Api, failed: bool) -> datetime:
        """Call an API once and note what it took; failed calls cost nothing that anybody knows of."""
        rng, seconds = self.rng, around(self.rng, api.seconds)
        clock += timedelta(seconds=seconds)
        if not api.provider:
            return clock
        share = around(rng, 1.0, 0.3)
        tokens = int(api.tokens * share) if api.tokens and not failed and rng.random() > 0.08 else None
        cost = round(api.cost * share, 5) if not failed and rng.random() > api.unpriced else None
        error = fill(rng, rng.choice(api.errors)) if failed else None
        spent = (tokens, cost, round(seconds, 3), int(not failed), error)
        self.add("api_usage", clock, workflow, api.provider, api.endpoint, *spent)
        return clock


def numbered(rows: Iterable[tuple[datetime, Row]]) -> list[Row]:
    """Give rows the ids that they get when written in the order of time."""
    return [(number, *row) for number, (_, row) in enumerate(sorted(rows, key=itemgetter(0)), start=1)]


def media_tables(rng: random.Random, now: datetime) -> Tables:
    """Return the media service's tables as they are after its own clean-up."""
    movies = Movies(rng, now)
    plans = [(at, now, False) for at in busy_moments(rng, now, WORKFLOWS)]
    plans += [(now - ago, now - ago + timedelta(seconds=100), True) for ago in STUCK_WORKFLOWS]
    plans += [(now - ago, now, True) for ago in ACTIVE_WORKFLOWS]
    for title, (start, horizon, smooth) in zip(new_titles(rng, len(plans)), plans, strict=True):
        movies.make(start, horizon, title, smooth)
    files, scenes = numbered(movies.rows["generated_files"]), numbered(movies.rows["scenes"])
    images: dict[object, object] = {(row[1], row[4]): row[0] for row in files if row[2] == "image"}
    old = {row[0] for at, row in movies.rows["workflows"] if at < now - CLEANED_BEFORE and row[7] == "completed"}
    joined = utc(now - timedelta(days=DAYS + 5))
    return {
        "users": [(n, name, f"{name}@example.com", joined, joined) for n, name in enumerate(PEOPLE, start=1)],
        "workflows": [row for _, row in sorted(movies.rows["workflows"]) if row[0] not in old],
        "generated_files": [row for row in files if row[1] not in old],
        "scenes": [(*row[:6], images.get(row[6]), row[7]) for row in scenes],
        "generation_progress": numbered(movies.rows["generation_progress"]),
        "api_usage": numbered(movies.rows["api_usage"]),
    }
