"""A story pipeline's tracker and its folders, as sixty days of work leave them."""

import json
import random
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from operator import itemgetter

from .invent import DAYS, ODD_TITLES, Files, Row, Tables, around, busy_moments, fill, local, new_titles, utc

FOLDER = "storyteller"
DATABASE = f"{FOLDER}/data/pipeline_stories.db"


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
# The first story of the last hour takes so long to generate: whenever the demo is made, a run is slower than usual.
SLOW_MS = 840_000
# Stories of the last night that the provider turned away, so long ago: whenever the demo is made, there were failures.
FAILING = (timedelta(hours=9, minutes=12), timedelta(hours=8, minutes=37), timedelta(hours=7, minutes=51))
FAILING_AT = 2
# Steps that have started and not ended, by position and how long ago: the first few just work, the others are stuck.
RUNNING = ((2, timedelta(minutes=4)), (2, timedelta(minutes=9)), (3, timedelta(seconds=50)), (4, timedelta(minutes=2)))
HANGING = ((2, timedelta(hours=5)), (2, timedelta(days=2, hours=3)), (4, timedelta(days=9)))

SCHEMA = """
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


@dataclass
class Story:
    """A story on its way through the pipeline, and where it will stop."""

    story_id: str
    title: str | None
    source: str
    start: datetime
    held: tuple[int, datetime] | None = None  # this step starts then and does not end
    waits_for: int = 0  # this step, never the first, is pending
    is_slow: bool = False
    fails_at: int = -1  # all tries of this step fail


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
        # Nothing goes wrong before the story gets where it stops.
        is_last = STEPS.index(step) == story.fails_at
        smooth = story.held or story.waits_for or story.is_slow or story.fails_at >= 0
        rejected = not smooth and self.rng.random() < step.rejected
        if rejected and step is not STEPS[0] and self.rng.random() < 0.5:
            # Run with --no-db: the database hears of the step from the failed check alone.
            self.save_output(clock, story, step, run_id)
            return self.check(clock, run_id, story, step, passed=False)
        chance, cause = (0.0 if smooth else step.failing), self.rng.choice(step.errors)
        if is_last:
            chance, cause = 1.0, step.errors[0]
        for attempt in range(2 * MAX_TRIES):
            if attempt == MAX_TRIES:
                if is_last or self.rng.random() > RERUN:
                    break
                clock += timedelta(hours=self.rng.uniform(3, 20))  # until somebody looked and started it again
                run_id = run_name(clock)
            self.start_step(clock, story, step, run_id)
            milliseconds = self.execution_time(clock, story, step)
            clock += timedelta(milliseconds=milliseconds, microseconds=self.rng.randint(1, 999))
            if self.rng.random() >= chance:
                self.end_step(clock, story, step, run_id, milliseconds, None)
                self.save_output(clock, story, step, run_id)
                return self.check(clock, run_id, story, step, passed=not rejected)
            error = fill(self.rng, cause, story=story.story_id, run=run_id, at=utc(clock))
            self.end_step(clock, story, step, run_id, milliseconds, error)
            chance, clock = (chance if is_last else SECOND_FAILURE), clock + timedelta(seconds=10)
        return clock, run_id, False

    def execution_time(self, clock: datetime, story: Story, step: Step) -> int:
        """Draw how long a step takes; generating gets slower towards now."""
        drawn_ms = around(self.rng, step.median_ms, step.spread)
        if step.name != "03_generate":
            return int(drawn_ms)
        late = max(0.0, 1 - (self.now - clock) / timedelta(days=SLOWER_DAYS))
        return SLOW_MS if story.is_slow else int(drawn_ms * (1 + SLOWER_BY * late))

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
            self.files[f"{FOLDER}/{name}"] = (content, at)

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
        *((now - ago, None) for ago in FAILING),
    ]
    starts.sort(key=itemgetter(0))
    stories = []
    for number, (title, (at, stop)) in enumerate(zip(new_titles(rng, len(starts)), starts, strict=True), start=1):
        source = "manual" if title in ODD_TITLES else rng.choices(SOURCES, SOURCE_WEIGHTS)[0]
        name, known = (f"{at:%Y%m%d%H%M%S}", None) if source == "auto-generated" else (f"{number:04}", title)
        fails_at = FAILING_AT if now - at in FAILING else -1
        stories.append(Story(f"STORY-{name}", known, source, at, stop, fails_at=fails_at))
    for story in rng.sample([s for s in stories[-80:-20] if not s.held and s.fails_at < 0], PENDING):
        story.waits_for = rng.randint(1, 4)
    next(story for story in stories if not story.held and story.start > now - timedelta(hours=1)).is_slow = True
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
        del tracker.files[f"{FOLDER}/outputs/{rng.choice(STEPS[2:]).name}/{story_id}.json"]
    return {table: list(rows.values()) for table, rows in tables.items()}, tracker.files
