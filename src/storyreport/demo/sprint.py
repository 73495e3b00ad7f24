"""A sprint runner's database, as sixty days of batches leave it."""

import json
import random
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from .invent import DAYS, Row, Tables, around, fill

DATABASE = "sprint-runner.db"


@dataclass(frozen=True)
class Command:
    """A command that the runner gives for a story: its tasks with their usual seconds, and the one that may fail."""

    name: str
    tasks: dict[str, float]
    fragile: str = ""
    failing: float = 0.0
    errors: tuple[str, ...] = ("",)


COMMANDS = (
    Command("create-story", {"setup": 12, "analyze": 16, "generate": 140, "write": 45, "validate": 18}),
    Command("story-review-1", {"setup": 9, "analyze": 48, "fix": 70, "validate": 12},
            "validate", 0.03, ("Validation failed (sections:{small})",)),
    Command("create-tech-spec", {"setup": 8, "discover": 95, "generate": 160, "write": 60, "validate": 11},
            "generate", 0.04, ("Agent gave no answer within {big}s (session {hex})",)),
    Command("dev-story", {"setup": 14, "implement": 780, "tests": 190, "lint": 25, "validate": 30},
            "tests", 0.16, ("Tests failed (passed:{big}, failed:{small})", "Command timed out after {big}s: npm test",
                            "error TS2345 in 'src/renderer/story-{hex}.tsx' line {big}")),
    Command("code-review-1", {"setup": 9, "analyze": 170, "fix": 240, "test": 120, "validate": 20},
            "test", 0.08, ("Tests failed (passed:{big}, failed:{small})",)),
    Command("code-review-2", {"setup": 9, "analyze": 120, "fix": 90, "test": 110, "validate": 15},
            "test", 0.03, ("Tests failed (passed:{big}, failed:{small})",)),
)  # fmt: skip
MAX_FAILURES = 3
BACKGROUND = (("story-review-chain", 420.0), ("tech-spec-review-chain", 610.0))
REFRESH = ("context-refresh", 150.0)
EPICS, STORIES_OF_EPIC = ("1", "2a", "2b", "3", "4", "5-SR", "6", "7a", "7b", "8"), 14
EVERY_DAYS, NEWEST_DAYS, RUNNER_DIED, RUNNING_FOR = 3, 2, timedelta(days=5, hours=4), timedelta(minutes=95)
# The runner's update, which made milliseconds of its seconds, came in the middle of a batch.
UPDATED_DAYS, UPDATED_INTO = 26, timedelta(minutes=50)
# Every so many stories a command fails so often that the story ends so.
DOOMED = ((13, "dev-story", MAX_FAILURES, "blocked"), (19, "create-tech-spec", 1, "failed"))
SKIPPED_EVERY, ERROR_EVERY, STOPPED_EVERY, AGAIN = 17, 9, 6, 0.35
HANGING_TASK = timedelta(days=2, hours=6)

SCHEMA = """
CREATE TABLE batches (
    id INTEGER PRIMARY KEY, started_at INTEGER NOT NULL, ended_at INTEGER, max_cycles INTEGER NOT NULL,
    cycles_completed INTEGER DEFAULT 0, status TEXT NOT NULL DEFAULT 'running'
);
CREATE TABLE stories (
    id INTEGER PRIMARY KEY, batch_id INTEGER NOT NULL, story_key TEXT NOT NULL, epic_id TEXT NOT NULL,
    status TEXT NOT NULL DEFAULT 'in-progress', started_at INTEGER NOT NULL, ended_at INTEGER,
    FOREIGN KEY (batch_id) REFERENCES batches(id)
);
CREATE TABLE commands (
    id INTEGER PRIMARY KEY, story_id INTEGER NOT NULL, command TEXT NOT NULL, task_id TEXT NOT NULL,
    started_at INTEGER NOT NULL, ended_at INTEGER, status TEXT NOT NULL DEFAULT 'running', output_summary TEXT,
    FOREIGN KEY (story_id) REFERENCES stories(id)
);
CREATE TABLE events (
    id INTEGER PRIMARY KEY, batch_id INTEGER NOT NULL, story_id INTEGER, command_id INTEGER,
    timestamp INTEGER NOT NULL, epic_id TEXT NOT NULL, story_key TEXT NOT NULL, command TEXT NOT NULL,
    task_id TEXT NOT NULL, status TEXT NOT NULL, message TEXT, event_type TEXT, payload_json TEXT
);
CREATE TABLE background_tasks (
    id INTEGER PRIMARY KEY, batch_id INTEGER NOT NULL, story_key TEXT NOT NULL, task_type TEXT NOT NULL,
    spawned_at INTEGER NOT NULL, completed_at INTEGER, status TEXT NOT NULL DEFAULT 'running',
    FOREIGN KEY (batch_id) REFERENCES batches(id)
);
CREATE INDEX idx_stories_batch_id ON stories(batch_id);
CREATE INDEX idx_stories_story_key ON stories(story_key);
CREATE INDEX idx_commands_story_id ON commands(story_id);
CREATE INDEX idx_events_batch_id ON events(batch_id);
CREATE INDEX idx_events_timestamp ON events(timestamp);
CREATE INDEX idx_background_tasks_batch_id ON background_tasks(batch_id);
CREATE INDEX idx_background_tasks_status ON background_tasks(status);
"""


class HorizonError(Exception):
    """The runner died, or the present has been reached: what has begun has no end."""


@dataclass(frozen=True)
class Place:
    """Where in the sprint something happens: the batch, and the story where there is one."""

    batch: int
    story: int | None
    key: str
    epic: str


@dataclass
class Runner:
    """Collects what the runner writes, rows updated in place."""

    rng: random.Random
    updated: datetime
    horizon: datetime
    rows: dict[str, list[list[object]]] = field(
        default_factory=lambda: {
            table: [] for table in ("batches", "stories", "commands", "events", "background_tasks")
        }
    )

    def epoch(self, at: datetime) -> int:
        """Write a time as the runner of that day did; HorizonError when it did not come to that."""
        if at > self.horizon:
            raise HorizonError
        return int(at.timestamp() * (1 if at < self.updated else 1000))

    def add(self, table: str, *values: object) -> list[object]:
        """Add a row, which may change later."""
        row = [len(self.rows[table]) + 1, *values]
        self.rows[table].append(row)
        return row

    def run(self, at: datetime, horizon: datetime, cycles: int, status: str, smooth: bool) -> None:
        """Run a batch through its cycles, one story each, until it ends or reaches the horizon."""
        self.horizon = horizon
        batch = self.add("batches", self.epoch(at), None, cycles, 0, "running")
        number = len(self.rows["batches"])
        project = Place(number, None, "context", "system")
        try:
            self.event(at, project, "generate-project-context", "context", "create", "Creating project context")
            self.spawn(at + timedelta(seconds=3), project, *REFRESH)
            for cycle in range(cycles):
                if status != "completed" and cycle == cycles - 1:
                    break  # stopped by hand, or by an error, before the last cycle
                at = self.develop(at + timedelta(seconds=self.rng.uniform(4, 15)), number, smooth)
                batch[4] = cycle + 1
            ended = self.epoch(at + timedelta(seconds=5))
        except HorizonError:
            return
        batch[2], batch[5] = ended, status

    def develop(self, at: datetime, batch: int, smooth: bool) -> datetime:
        """Take a story through the commands; it is blocked when one of them has failed too often."""
        number = len(self.rows["stories"]) + 1
        epic = EPICS[(number - 1) // STORIES_OF_EPIC]
        place = Place(batch, number, f"{epic}-{(number - 1) % STORIES_OF_EPIC + 1}", epic)
        story = self.add("stories", batch, place.key, epic, "in-progress", self.epoch(at), None)
        if not smooth and number % SKIPPED_EVERY == 0:
            story[4], story[6] = "skipped", self.epoch(at)
            return at
        planned = {} if smooth else {command: (tries, end) for n, command, tries, end in DOOMED if number % n == 0}
        outcome = "done"
        for command in COMMANDS:
            tries, ending = planned.get(command.name, (0, "blocked"))
            at, fine = self.command(at, place, command, tries, smooth)
            if not fine:
                outcome = ending
                break
            if command.name in ("create-story", "create-tech-spec"):
                self.spawn(at, place, *BACKGROUND[command.name == "create-tech-spec"])
        story[6] = self.epoch(at)
        story[4] = outcome
        return at

    def command(self, at: datetime, place: Place, command: Command, doomed: int, smooth: bool) -> tuple[datetime, bool]:
        """Run a command's tasks, the fragile one again when it fails; say when it ended and how."""
        for task, seconds in command.tasks.items():
            fragile = task == command.fragile and not smooth
            chance = 0.0 if not fragile else 1.0 if doomed else command.failing
            for attempt in range(1, MAX_FAILURES + 1):
                failed = self.rng.random() < chance
                at = self.task(at, place, command, task, seconds, failed)
                if not failed:
                    break
                if attempt == (doomed or MAX_FAILURES):
                    return at, False
                chance = max(chance, AGAIN)
        return at, True

    def task(self, at: datetime, place: Place, command: Command, task: str, seconds: float, failed: bool) -> datetime:
        """Run a task once: a command's row and its events."""
        row = self.add("commands", place.story, command.name, task, self.epoch(at), None, "running", None)
        about = (command.name, task)
        self.event(at, place, *about, "start", f"{task.capitalize()} of story {place.key}", row[0])
        took = timedelta(seconds=around(self.rng, seconds))
        if seconds > 300:
            self.event(at + took / 2, place, *about, "progress", "Half of the tasks done", row[0])
        at += took
        said = fill(self.rng, self.rng.choice(command.errors)) if failed else f"Done (files:{self.rng.randint(1, 14)})"
        row[5] = self.epoch(at)
        row[6:] = ["failed" if failed else "completed", said]
        self.event(at, place, *about, "end", said, row[0])
        return at + timedelta(seconds=self.rng.uniform(1, 6))

    def event(
        self, at: datetime, place: Place, command: str, task: str, status: str, message: str, row: object = None
    ) -> None:
        """Add an event; before the update it had no type and no payload."""
        what = (command, task, status, message)
        more = (None, None) if at < self.updated else (f"command:{status}", json.dumps({"runner": "2.1.0"}))
        self.add("events", place.batch, place.story, row, self.epoch(at), place.epic, place.key, *what, *more)

    def spawn(self, at: datetime, place: Place, kind: str, seconds: float) -> None:
        """Start a background task, which ends by itself, if it does before the horizon."""
        row = self.add("background_tasks", place.batch, place.key, kind, self.epoch(at), None, "running")
        ended = at + timedelta(seconds=around(self.rng, seconds))
        if ended <= self.horizon:
            row[5:] = [self.epoch(ended), "failed" if self.rng.random() < 0.04 else "completed"]


def sprint_tables(rng: random.Random, now: datetime) -> Tables:
    """Return the runner's tables."""
    midnight = now.replace(hour=0, minute=0, second=0, microsecond=0)
    days = range(DAYS - 1, NEWEST_DAYS - 1, -EVERY_DAYS)
    starts = [midnight - timedelta(days=day) + timedelta(hours=rng.uniform(8, 12)) for day in days]
    updated = min(starts, key=lambda at: abs(now - at - timedelta(days=UPDATED_DAYS))) + UPDATED_INTO
    runner = Runner(rng, updated, now)
    plans = [(at, now, False) for at in starts]
    plans += [(now - RUNNER_DIED, now - RUNNER_DIED + timedelta(minutes=72), True), (now - RUNNING_FOR, now, True)]
    for number, (at, horizon, smooth) in enumerate(sorted(plans), start=1):
        status = "error" if number % ERROR_EVERY == 0 else "stopped" if number % STOPPED_EVERY == 0 else "completed"
        cycles = 6 if smooth else rng.randint(3, 6)
        runner.run(at, horizon, cycles, "completed" if smooth else status, smooth)
    # The reviews of a story that was done long ago have not come back.
    last = max(row[0] for row in runner.rows["batches"] if row[5] == "completed" and isinstance(row[0], int))
    key = next(row[2] for row in reversed(runner.rows["stories"]) if row[1] == last)
    runner.horizon = now
    runner.add("background_tasks", last, key, BACKGROUND[0][0], runner.epoch(now - HANGING_TASK), None, "running")
    tables: dict[str, list[Row]] = {table: [tuple(row) for row in rows] for table, rows in runner.rows.items()}
    return tables
