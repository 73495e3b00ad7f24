"""Believable sample sources of a story pipeline and a story-to-video service, in those systems' own formats."""

from __future__ import annotations

import json
import os
import random
import sqlite3
import uuid
from collections.abc import Iterable
from contextlib import closing
from dataclasses import dataclass, field
from datetime import datetime, timedelta, timezone
from operator import itemgetter
from pathlib import Path, PurePosixPath

from storyreport.errors import StoryreportError

Row = tuple[object, ...]
Tables = dict[str, list[Row]]
Files = dict[str, tuple[dict[str, object], datetime]]

PIPELINE, MEDIA, MANIFEST = "storyteller", "moviemaker.db", ".storyreport-demo"
REPORT_DATABASE = "storyreport.db"
TRACKER = f"{PIPELINE}/data/pipeline_stories.db"
SEED, DAYS = 20251010, 60
VOLUME_BY_WEEKDAY = (1.0, 1.15, 1.2, 1.1, 0.9, 0.35, 0.25)

# What the stories are called; a page that shows them must survive the odd ones.
ODD_TITLES = (
    'The <b>Bold</b> Knight & the "Quiet" Dragon 🐉',
    "Grandma's 'Secret' Map <script>alert(1)</script>",
    "Ünder the Çrooked Moon — Part ½ 🌙",
)
PATTERNS = (
    "The {adjective} {creature} of {place}",
    "{name} and the {adjective} {thing}",
    "How {name} Taught a {creature} to {deed}",
    "A {thing} for the {adjective} {creature}",
    "The {creature} Who Would Not {deed}",
    "{name}'s Last {thing}",
    "Letters from {place}, Found in a {thing}",
    "Never {deed} near a {adjective} {creature}",
)
WORDS = {
    kind: words.split(", ")
    for kind, words in {
        "adjective": "Reluctant, Moonlit, Forgetful, Clockwork, Sleepy, Borrowed, Velvet, Runaway, Whispering, Brave",
        "creature": "Dragon, Hedgehog, Lighthouse Keeper, Fox, Walrus, Ghost, Baker, Robot, Badger, Tortoise",
        "place": "Marzipan Bay, Lantern Hill, the Tin Forest, Old Mill Lane, the Upside-Down Library, Winter Harbour",
        "name": "Pip, Odalys, Grandpa Finn, Tuesday, Mirabel, Captain Noor, Little Bao, Ingrid, Captain Moss, Zuri",
        "thing": "Teapot, Umbrella, Compass, Kite, Music Box, Pocket Watch, Red Balloon, Paper Boat, Lantern, Spoon",
        "deed": "Sing, Fly, Whistle, Tell the Truth, Dance, Bake Bread, Count to Ten, Keep a Secret, Sail, Hibernate",
    }.items()
}


@dataclass(frozen=True)
class Step:
    """A step of the pipeline: how long it takes, how often and of what it fails, what its output file says."""

    name: str
    median_ms: int
    spread: float
    failing: float
    rejected: float
    output: dict[str, object]
    errors: tuple[str, ...]
    objections: tuple[str, ...]


STEPS = (
    Step("01_ingest", 900, 0.35, 0.02, 0.010, {"source": "manual"},
         (r"[Errno 2] No such file or directory: 'data\\raw\\{story}.json'",
          "Expecting ',' delimiter: line {small} column 17 (char {big})"),
         ("Content too short (minimum 100 characters)", "Missing required field: title")),
    Step("02_preprocess", 2_600, 0.45, 0.03, 0.012, {"processed": True, "word_count": 64, "char_count": 402},
         ("Step execution returned False",
          "'utf-8' codec can't decode byte 0x92 in position {big}: invalid start byte"),
         ("Word count too low: {small} < 50", "Word count too high: {big} > 500")),
    Step("03_generate", 95_000, 0.55, 0.12, 0.020, {"generated_script": "A script.", "model": "gpt-4o-mini"},
         ("Error code: 429 - Rate limit reached for gpt-4o-mini in organization org-{hex} on tokens per min (TPM): "
          "Limit 200000, Used {huge}. Please try again in {small}.{big}s.",
          "HTTPSConnectionPool(host='api.openai.com', port=443): Read timed out. (read timeout=120) request req_{hex}",
          "CUDA out of memory. Tried to allocate {small}.25 GiB (GPU 0; 23.69 GiB total capacity)"),
         ("No generated scenes", "Too few scenes (minimum 3)")),
    Step("04_postprocess", 14_000, 0.40, 0.05, 0.015, {"postprocessed": True, "quality_score": 0.85},
         ("Quality model did not answer for {story} within 30s (run {run}, {at})",
          "[WinError 32] The process cannot access the file because it is being used by another process: "
          r"'C:\\StoryGenerator\\outputs\\04_postprocess\\{story}.json'"),
         ("Quality score too low: 0.{small} < 0.7", "Validation failed")),
    Step("05_package", 31_000, 0.50, 0.04, 0.005, {"packaged": True, "output_format": "mp4"},
         (r"ffmpeg exited with code 1 at {at}: C:\StoryGenerator\outputs\final\{story}.mp4: Invalid data found",
          r"[Errno 28] No space left on device: 'outputs\\final\\{story}.mp4'"),
         ("No final output path", "Output file does not exist")),
)  # fmt: skip
MAX_TRIES, SECOND_FAILURE, RERUN, CHECKED = 3, 0.6, 0.6, 0.85
SLOWER_DAYS, SLOWER_BY = 14, 0.9
SOURCES, SOURCE_WEIGHTS = ("pipeline", "manual", "reddit", "auto-generated"), (60, 18, 16, 6)
STORIES, FRESH, PENDING, MISSING_FILES, EARLY_FILES = 380, 6, 7, 4, 3
# Steps that have started and not ended, by position and how long ago: the first few just work, the others hang.
RUNNING = ((2, timedelta(minutes=4)), (2, timedelta(minutes=9)), (3, timedelta(seconds=50)), (4, timedelta(minutes=2)))
HANGING = ((2, timedelta(hours=5)), (2, timedelta(days=2, hours=3)), (4, timedelta(days=9)))

PIPELINE_SCHEMA = """
CREATE TABLE stories (
    id INTEGER PRIMARY KEY AUTOINCREMENT, story_id TEXT UNIQUE NOT NULL, title TEXT, source TEXT, metadata TEXT,
    created_at TIMESTAMP DEFAULT CURRENT_TIMESTAMP, updated_at TIMESTAMP DEFAULT CURRENT_TIMESTAMP
);
CREATE TABLE step_status (
    id INTEGER PRIMARY KEY AUTOINCREMENT, story_id TEXT NOT NULL, step_name TEXT NOT NULL, status TEXT NOT NULL,
    run_id TEXT, error_message TEXT, acceptance_passed INTEGER DEFAULT 0, acceptance_details TEXT,
    started_at TIMESTAMP, completed_at TIMESTAMP, created_at TIMESTAMP DEFAULT CURRENT_TIMESTAMP,
    FOREIGN KEY (story_id) REFERENCES stories(story_id), UNIQUE(story_id, step_name)
);
CREATE TABLE step_history (
    id INTEGER PRIMARY KEY AUTOINCREMENT, story_id TEXT NOT NULL, step_name TEXT NOT NULL, run_id TEXT NOT NULL,
    status TEXT NOT NULL, error_message TEXT, execution_time_ms INTEGER, timestamp TIMESTAMP DEFAULT CURRENT_TIMESTAMP,
    FOREIGN KEY (story_id) REFERENCES stories(story_id)
);
CREATE INDEX idx_stories_story_id ON stories(story_id);
CREATE INDEX idx_step_status_story_id ON step_status(story_id);
CREATE INDEX idx_step_status_step_name ON step_status(step_name);
CREATE INDEX idx_step_status_status ON step_status(status);
CREATE INDEX idx_step_history_story_id ON step_history(story_id);
"""


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

MEDIA_SCHEMA = """
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


def write_sources(folder: Path, now: datetime) -> list[Path]:
    """Write the sample sources below the folder, in place of an earlier demo's, and return what to ingest."""
    now = now.astimezone(timezone.utc)
    rng = random.Random(SEED)
    stories, files = pipeline_sources(rng, now)
    databases = {TRACKER: (PIPELINE_SCHEMA, stories), MEDIA: (MEDIA_SCHEMA, media_tables(rng, now))}
    try:
        # An earlier demo's reports are of another hour: its database goes with its sources.
        make_room(folder, [*files, *databases, *(REPORT_DATABASE + ending for ending in ("", "-wal", "-shm"))])
        for name, (schema, tables) in databases.items():
            write_database(folder / name, schema, tables)
        for name, (content, at) in files.items():
            (folder / name).write_text(json.dumps(content, indent=2), encoding="utf-8")
            os.utime(folder / name, (at.timestamp(), at.timestamp()))
    except OSError as error:
        raise StoryreportError(
            f"the demo cannot be written to {folder} ({error.strerror or error}); choose a folder that you can write to"
        ) from error
    return [folder / PIPELINE, folder / MEDIA]


def make_room(folder: Path, names: list[str]) -> None:
    """Delete what an earlier demo wrote and create the folders, or refuse before anything has changed."""
    manifest = folder / MANIFEST
    earlier = set(manifest.read_text(encoding="utf-8").splitlines()) if manifest.is_file() else set()
    folders = {folder.joinpath(*PurePosixPath(name).parts[:depth]) for name in names for depth in range(4)}
    folders -= {folder / name for name in names}
    in_the_way = [path for path in folders if path.exists() and not path.is_dir()]
    in_the_way += [folder / n for n in names if (folder / n).is_dir() or (n not in earlier and (folder / n).exists())]
    if in_the_way:
        raise StoryreportError(
            f"{min(in_the_way)} is in the way and no earlier demo wrote it; move it away or choose another folder"
        )
    # The list is ours, but a stray edit of it must not delete anything outside of the sources.
    parts = {name: PurePosixPath(name).parts for name in earlier}
    ours = [
        folder / name
        for name in earlier
        if "".join(parts[name][:1]).startswith((PIPELINE, MEDIA, REPORT_DATABASE)) and ".." not in parts[name]
    ]
    for path in ours:
        path.unlink(missing_ok=True)
    for parent in {path.parent for path in ours}:
        if parent.is_dir() and not any(parent.iterdir()):
            parent.rmdir()
    for path in sorted(folders):
        path.mkdir(parents=True, exist_ok=True)
    # Written before the files are, so that a demo that was cut short can be replaced too.
    manifest.write_text("\n".join(sorted(names)) + "\n", encoding="utf-8")


def write_database(path: Path, schema: str, tables: Tables) -> None:
    """Create a SQLite file with these tables and rows in one transaction."""
    with closing(sqlite3.connect(path, isolation_level=None)) as connection:
        # No journal: a file that was cut short is written anew, and nothing is left beside it.
        connection.executescript(f"pragma journal_mode = off; pragma synchronous = off; begin; {schema}")
        for table, rows in tables.items():
            places = ", ".join("?" * len(rows[0]))
            connection.executemany(f"insert into {table} values ({places})", rows)
        connection.execute("commit")


def utc(at: datetime) -> str:
    """Write a time as SQLite's CURRENT_TIMESTAMP does."""
    return at.strftime("%Y-%m-%d %H:%M:%S")


def local(at: datetime) -> str:
    """Write a time as Python's datetime.now() goes into SQLite; the machine's zone is UTC."""
    return at.strftime("%Y-%m-%d %H:%M:%S.%f")


def around(rng: random.Random, median: float, spread: float = 0.4) -> float:
    """Draw from a log-normal distribution."""
    return median * rng.lognormvariate(0, spread)


def fill(rng: random.Random, message: str, **known: str) -> str:
    """Put ids, numbers and times into a message."""
    numbers = {"small": rng.randint(10, 49), "big": rng.randint(501, 999), "huge": rng.randint(190_000, 199_999)}
    return message.format(hex=f"{rng.getrandbits(48):012x}", **numbers, **known)


def new_titles(rng: random.Random, count: int) -> list[str]:
    """Make up titles, all of them different."""
    titles = dict.fromkeys(ODD_TITLES)
    while len(titles) < count:
        titles[rng.choice(PATTERNS).format(**{kind: rng.choice(words) for kind, words in WORDS.items()})] = None
    return rng.sample(list(titles), count)


def busy_moments(rng: random.Random, now: datetime, count: int) -> list[datetime]:
    """Draw moments up to now: more of them on weekdays and in the afternoon."""
    days = [now.replace(hour=0, minute=0, second=0, microsecond=0) - timedelta(days=n) for n in range(DAYS)]
    weights = [VOLUME_BY_WEEKDAY[day.weekday()] * rng.uniform(0.6, 1.4) for day in days]
    moments: list[datetime] = []
    while len(moments) < count:
        moment = rng.choices(days, weights)[0] + timedelta(hours=rng.triangular(6, 23, 15))
        if moment < now:
            moments.append(moment)
    return sorted(moments)


@dataclass
class Story:
    """A story on its way through the pipeline, and where it will stop."""

    story_id: str
    title: str | None
    source: str
    start: datetime
    held: tuple[int, datetime] | None = None  # this step starts then and does not end
    waits_for: int = 0  # this step, never the first, is pending


@dataclass
class Tracker:
    """Collects what the pipeline's tracker writes, in any order, and replays it in the order of time."""

    rng: random.Random
    now: datetime
    writes: list[tuple[datetime, str, Row, Row]] = field(default_factory=list)
    files: Files = field(default_factory=dict)

    def tell(self, story: Story) -> None:
        """Take a story through the steps until it is packaged or stops."""
        clock, run_id = story.start, run_name(story.start)
        for position, step in enumerate(STEPS):
            if position and position == story.waits_for:
                return self.set_status(clock, story, step, "pending")
            if story.held and position == story.held[0]:
                return self.start_step(story.held[1], story, step, run_id)
            clock, run_id, accepted = self.run_step(clock, run_id, story, step)
            if not accepted:
                return None
            clock += timedelta(seconds=self.rng.uniform(1, 6))
        return None

    def run_step(self, clock: datetime, run_id: str, story: Story, step: Step) -> tuple[datetime, str, bool]:
        """Run a step until it succeeds or its tries are used up, then check what it made."""
        smooth = story.held or story.waits_for  # nothing goes wrong before the story gets where it stops
        rejected = not smooth and self.rng.random() < step.rejected
        if rejected and step is not STEPS[0] and self.rng.random() < 0.5:
            # Run with --no-db: the database hears of the step from the failed check alone.
            self.save_output(clock, story, step, run_id)
            return self.check(clock, run_id, story, step, passed=False)
        chance, cause = (0.0 if smooth else step.failing), self.rng.choice(step.errors)
        for attempt in range(2 * MAX_TRIES):
            if attempt == MAX_TRIES:
                if self.rng.random() > RERUN:
                    break
                clock += timedelta(hours=self.rng.uniform(3, 20))  # until somebody looked and started it anew
                run_id = run_name(clock)
            self.start_step(clock, story, step, run_id)
            milliseconds = self.execution_time(clock, step)
            clock += timedelta(milliseconds=milliseconds, microseconds=self.rng.randint(1, 999))
            if self.rng.random() >= chance:
                self.end_step(clock, story, step, run_id, milliseconds, None)
                self.save_output(clock, story, step, run_id)
                return self.check(clock, run_id, story, step, passed=not rejected)
            error = fill(self.rng, cause, story=story.story_id, run=run_id, at=utc(clock))
            self.end_step(clock, story, step, run_id, milliseconds, error)
            chance, clock = SECOND_FAILURE, clock + timedelta(seconds=10)
        return clock, run_id, False

    def execution_time(self, clock: datetime, step: Step) -> int:
        """Draw how long a step takes; generating gets slower towards now."""
        late = max(0.0, 1 - (self.now - clock) / timedelta(days=SLOWER_DAYS)) if step.name == "03_generate" else 0.0
        return int(around(self.rng, step.median_ms, step.spread) * (1 + SLOWER_BY * late))

    def start_step(self, at: datetime, story: Story, step: Step, run_id: str) -> None:
        """Register the story, as every start does, and set the step running."""
        metadata = {} if story.source in ("pipeline", "auto-generated") else {"genre": "bedtime", "language": "en"}
        row = (story.story_id, story.title, story.source, json.dumps(metadata), utc(at), utc(at))
        self.writes.append((at, "stories", (story.story_id,), row))
        self.set_status(at, story, step, "running", run_id)

    def end_step(self, at: datetime, story: Story, step: Step, run_id: str, ms: int, error: str | None) -> None:
        """Set the step's outcome and add it to the history."""
        status = "failed" if error else "completed"
        self.set_status(at, story, step, status, run_id, error)
        row = (story.story_id, step.name, run_id, status, error, ms, utc(at))
        self.writes.append((at, "step_history", (len(self.writes),), row))

    def check(self, clock: datetime, run_id: str, story: Story, step: Step, passed: bool) -> tuple[datetime, str, bool]:
        """Check a step's output; the check replaces the step's row and thereby forgets its run."""
        if passed and self.rng.random() > CHECKED:
            return clock, run_id, True
        clock += timedelta(seconds=self.rng.uniform(0.2, 1.5))
        details = "All criteria met" if passed else fill(self.rng, self.rng.choice(step.objections))
        self.set_status(clock, story, step, "completed" if passed else "failed", None, None, passed, details)
        return clock, run_id, passed

    def set_status(
        self, at: datetime, story: Story, step: Step, status: str, run_id: str | None = None,
        error: str | None = None, passed: bool = False, details: str | None = None,
    ) -> None:  # fmt: skip
        """Replace a step's row, so that it knows its start while it runs and its end afterwards, never both."""
        started = local(at) if status == "running" else None
        ended = local(at) if status in ("completed", "failed") else None
        row = (story.story_id, step.name, status, run_id, error, int(passed), details, started, ended, utc(at))
        self.writes.append((at, "step_status", (story.story_id, step.name), row))

    def save_output(self, at: datetime, story: Story, step: Step, run_id: str, run_file: bool = True) -> None:
        """Leave a step's files: the output, which repeats that of the steps before, and the run's note."""
        iso = at.replace(tzinfo=None).isoformat()
        title = story.title or f"Story {story.story_id}"
        text = f"Once there was a tale: {title}. " * 6
        content: dict[str, object] = {"story_id": story.story_id, "title": title, "content": text, "timestamp": iso}
        for done in STEPS[: STEPS.index(step) + 1]:
            content |= done.output
        self.keep(f"outputs/{step.name}/{story.story_id}.json", content, at)
        if run_file:
            note = {"step": step.name, "story_id": story.story_id, "run_id": run_id, "timestamp": iso}
            self.keep(f".runs/{run_id}/{step.name}_{story.story_id}.json", {**note, "status": "completed"}, at)

    def keep(self, name: str, content: dict[str, object], at: datetime) -> None:
        """Keep a file that was written by now."""
        if at <= self.now:
            self.files[f"{PIPELINE}/{name}"] = (content, at)

    def replay(self) -> dict[str, dict[Row, Row]]:
        """Return the rows by table and key after INSERT OR REPLACE of everything up to now."""
        tables: dict[str, dict[Row, Row]] = {"stories": {}, "step_status": {}, "step_history": {}}
        last_id = dict.fromkeys(tables, 0)
        for at, table, key, row in sorted(self.writes, key=itemgetter(0)):
            if at <= self.now:
                last_id[table] += 1
                tables[table].pop(key, None)
                tables[table][key] = (last_id[table], *row)
        return tables


def run_name(at: datetime) -> str:
    """Name a run as the pipeline's scripts do."""
    return at.strftime("%Y%m%d-%H%M%S")


def new_stories(rng: random.Random, now: datetime) -> list[Story]:
    """Make up the stories, the ones that stop on their way among them."""
    held = [(position, now - ago) for position, ago in (*RUNNING, *HANGING)]
    starts: list[tuple[datetime, tuple[int, datetime] | None]] = [
        *((at, None) for at in busy_moments(rng, now, STORIES)),
        *((now - timedelta(minutes=rng.uniform(15, 58)), None) for _ in range(FRESH)),
        # The steps before need some minutes; 2 hours are enough for the slowest of them.
        *((stop[1] - timedelta(hours=2, seconds=rng.uniform(0, 900)), stop) for stop in held),
    ]
    starts.sort(key=itemgetter(0))
    stories = []
    for number, (title, (at, stop)) in enumerate(zip(new_titles(rng, len(starts)), starts, strict=True), start=1):
        source = "manual" if title in ODD_TITLES else rng.choices(SOURCES, SOURCE_WEIGHTS)[0]
        if source == "auto-generated":
            stories.append(Story(f"STORY-{at:%Y%m%d%H%M%S}", None, source, at, stop))
        else:
            stories.append(Story(f"STORY-{number:04}", title, source, at, stop))
    for story in rng.sample([s for s in stories[-80:-20] if not s.held], PENDING):
        story.waits_for = rng.randint(1, 4)
    return stories


def pipeline_sources(rng: random.Random, now: datetime) -> tuple[Tables, Files]:
    """Return the tracker's tables and the files of the output and run folders."""
    tracker, stories = Tracker(rng, now), new_stories(rng, now)
    for story in stories:
        tracker.tell(story)
    # A check of a draft that nobody had registered, and two stories from before the database.
    tracker.check(now - timedelta(days=11, hours=2), "", Story("DRAFT-077", None, "", now), STEPS[0], passed=False)
    for number, (title, steps) in enumerate(zip(("The Attic Piano", "Snow on Lantern Hill"), (5, 3), strict=True), 1):
        at = now - timedelta(days=DAYS - 1 + number, hours=3)
        legacy = Story(f"LEGACY-{number:03}", title, "", at)
        for position, step in enumerate(STEPS[:steps]):
            tracker.save_output(at + timedelta(minutes=position), legacy, step, run_name(at), run_file=number > 1)
    tables = tracker.replay()
    # A pending step whose file is there already, and completed ones whose file has gone.
    for story in [s for s in stories if s.waits_for][:EARLY_FILES]:
        tracker.save_output(story.start + timedelta(minutes=30), story, STEPS[story.waits_for], "", False)
    packaged = {key[0] for key, row in tables["step_status"].items() if key[1] == STEPS[-1].name and row[6]}
    ordinary = [s.story_id for s in stories if s.story_id in packaged and s.title not in ODD_TITLES]
    deleted, *robbed = rng.sample(ordinary, 1 + MISSING_FILES)
    del tables["stories"][(deleted,)]
    for story_id in robbed:
        del tracker.files[f"{PIPELINE}/outputs/{rng.choice(STEPS[2:]).name}/{story_id}.json"]
    return {table: list(rows.values()) for table, rows in tables.items()}, tracker.files


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
        workflow = str(uuid.UUID(int=self.rng.getrandbits(128), version=4))
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
