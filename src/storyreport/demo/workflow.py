"""A story-generation service's exports and log, as sixty days of work leave them."""

import json
import random
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from itertools import cycle

from .invent import Texts, around, busy_moments, fill, iso, json_lines, new_id, new_titles

FOLDER = "taleservice"
LOG = f"{FOLDER}/service.log"
EXPORTS = ("stories", "story_generation_runs", "story_generation_steps", "token_usage_tracking")


@dataclass(frozen=True)
class Stage:
    """A kind of step: what it asks of which model, its usual tokens, euros and seconds, and how it fails."""

    name: str
    each_chapter: bool
    action: str
    model: str
    tokens: tuple[int, int] | None
    euros: float
    seconds: float
    failures: tuple[tuple[str, str, str], ...]  # stage, code, message


STAGES = (
    Stage("generate_outline", False, "story_outline", "gemini-2.5-pro", (2_400, 1_900), 0.021, 38.0,
          (("outline", "MODEL_TIMEOUT", "Model did not answer within 120s (request {hex})"),
           ("outline", "INVALID_OUTLINE", "Outline is not valid JSON: Unexpected token at position {big}"))),
    Stage("create_characters", False, "character_generation", "gemini-2.5-flash", (3_100, 1_200), 0.004, 21.0,
          (("characters", "RATE_LIMITED", "429 RESOURCE_EXHAUSTED: quota exceeded, retry in {small}s"),)),
    Stage("write_chapter", True, "chapter_writing", "gemini-2.5-pro", (6_800, 2_600), 0.034, 52.0,
          (("writing", "RATE_LIMITED", "429 RESOURCE_EXHAUSTED: quota exceeded, retry in {small}s"),
           ("writing", "MODEL_TIMEOUT", "Model did not answer within 120s (request {hex})"),
           ("writing", "CHAPTER_TOO_SHORT", "Chapter has {big} words, expected at least 1200"))),
    Stage("generate_image_chapter", True, "image_generation", "imagen-4.0-generate-001", None, 0.037, 17.0,
          (("images", "SAFETY_BLOCKED", "Image was blocked by the safety filter (request {hex})"),
           ("images", "STORAGE_WRITE_FAILED", "Upload to gs://tale-images/{hex}.jpg failed: 503"))),
    Stage("review_story", False, "story_review", "gemini-2.5-flash", (19_000, 900), 0.008, 44.0,
          (("review", "REVIEW_REJECTED", "Story scored 0.{small}, below 0.7"),)),
)  # fmt: skip
# Calls that belong to no run.
EXTRAS = tuple(
    Stage("", False, action, "gemini-2.5-flash", (1_100, 400), euros, 0.0, ())
    for action, euros in (("story_structure", 0.006), ("story_enhancement", 0.011), ("audio_generation", 0.09),
                          ("content_validation", 0.002), ("image_edit", 0.041), ("test", 0.0003))
)  # fmt: skip
RUNS, FRESH, RERUN, EXTRA_CALLS, UNPRICED, CONFLICT = 135, 3, 0.6, 8, 0.03, 0.15
# How runs end that do not just complete: how many of them, and whether the log goes back that far.
TROUBLES = (
    ("failed", 6, True),
    ("failed", 10, False),
    ("cancelled", 5, False),
    ("blocked", 4, False),
    ("story never there", 5, True),
    ("story deleted", 1, False),
    ("chapters unknown", 2, True),
    ("no chapters", 2, False),
)
LOG_DAYS, SETTLED = timedelta(days=20), timedelta(days=1)
# Runs that say they are running: started so long ago, silent since.
STUCK = ((timedelta(hours=5), timedelta(hours=4, minutes=58)), (timedelta(hours=31), timedelta(hours=30, minutes=58)))
ACTIVE = (timedelta(minutes=1), timedelta(seconds=100), timedelta(minutes=2))
QUEUED = timedelta(seconds=40)
CACHED_FOR = timedelta(minutes=5)
FAILURES = [(stage, *failure) for stage in STAGES for failure in stage.failures]
DEFAULTED = "Could not determine chapter count for story, using default"


@dataclass
class Service:
    """Collects what the service writes."""

    rng: random.Random
    now: datetime
    horizon: datetime
    causes: Iterator[tuple[Stage, str, str, str]] = field(default_factory=lambda: cycle(FAILURES))
    rows: dict[str, list[dict[str, object]]] = field(default_factory=lambda: {name: [] for name in EXPORTS})
    log: list[tuple[datetime, str]] = field(default_factory=list)

    def say(self, at: datetime, run: dict[str, object], level: str, message: str, **about: object) -> None:
        """Add a line to the log, in the form of the machine that the run is on; older lines were rotated away."""
        if not self.now - LOG_DAYS < at <= self.horizon:
            return
        fields = {"runId": run["run_id"], "storyId": run["story_id"], **about}
        if str(run["run_id"])[0] in "01234567":
            plain = json.dumps({**fields, "timestamp": iso(at)}, separators=(",", ":"))
            self.log.append((at, f"{level}: {message} {plain}"))
        else:
            entry = {"level": level, "message": message, "timestamp": iso(at), "service": FOLDER, **fields}
            self.log.append((at, json.dumps(entry)))

    def new_story(self, title: str, at: datetime) -> dict[str, object]:
        """Write the draft that a run is to make a story of."""
        made = at - timedelta(seconds=self.rng.uniform(20, 900))
        ids: dict[str, object] = {"story_id": new_id(self.rng), "author_id": new_id(self.rng), "title": title}
        return {**ids, "chapter_count": None, "status": "draft", "created_at": stamp(made), "updated_at": stamp(made)}

    def new_run(self, story: dict[str, object], at: datetime) -> dict[str, object]:
        """Queue a run of a story."""
        run: dict[str, object] = {"run_id": new_id(self.rng), "story_id": story["story_id"]}
        where = "projects/tales/locations/europe-west1/workflows/story-generation/executions/"
        run |= {"gcp_workflow_execution": where + new_id(self.rng), "status": "queued"}
        run |= dict.fromkeys(("current_step", "failure_stage", "failure_code", "error_message"))
        run |= {"started_at": None, "ended_at": None, "metadata": {"trigger": "api"}}
        run |= {"created_at": stamp(at), "updated_at": stamp(at)}
        self.rows["story_generation_runs"].append(run)
        return run

    def generate(self, story: dict[str, object], at: datetime, horizon: datetime, ending: str) -> datetime:
        """Run a story through the stages until its ending, or until the horizon, and say when that was."""
        self.horizon, run, chapters = horizon, self.new_run(story, at), self.rng.randint(3, 7)
        at += timedelta(seconds=self.rng.uniform(1, 8))
        if at > horizon:
            return horizon
        run |= {"status": "running", "started_at": stamp(at), "updated_at": stamp(at)}
        if ending == "story never there":
            return self.miss(run, at)
        self.say(at, run, "info", "Story context loaded successfully")
        steps = [
            (f"{stage.name}_{n}" if n else stage.name, stage)
            for stage in STAGES
            for n in (range(1, chapters + 1) if stage.each_chapter else (0,))
        ]
        culprit, *failure = next(self.causes) if ending == "failed" else (STAGES[-1], "", "", "")
        stop = self.rng.choice([n for n, (_, stage) in enumerate(steps) if stage is culprit])
        stop = self.rng.randint(2, len(steps) - 2) if ending == "cancelled" else stop
        counted = at - CACHED_FOR
        for number, (name, stage) in enumerate(steps):
            stops = number == stop and ending in ("failed", "cancelled", "blocked")
            if stops and ending == "cancelled":
                break
            run |= {"current_step": name, "updated_at": stamp(at)}
            if stops and ending == "blocked":
                self.add_step(run, name, "pending", at, None, None)
                break
            ended = at + timedelta(seconds=around(self.rng, stage.seconds))
            if ended > horizon:
                self.add_step(run, name, "running", at, at, None)
                return horizon
            self.add_step(run, name, "failed" if stops else "completed", at, at, ended)
            at = ended
            if stops:
                return self.fail(run, at, *failure)
            self.pay(story, stage, at)
            run |= {"updated_at": stamp(at)}
            if name == "generate_outline":
                story |= {"status": "writing", "updated_at": stamp(at)}
                story |= {"chapter_count": {"chapters unknown": None, "no chapters": 0}.get(ending, chapters)}
            counted = self.progress(run, stage, at, counted, known=bool(story["chapter_count"]))
        status = ending if ending in ("cancelled", "blocked") else "completed"
        run |= {"status": status, "updated_at": stamp(at), "ended_at": None if status == "blocked" else stamp(at)}
        if status == "completed":
            story |= {"status": "published", "updated_at": stamp(at)}
        return at

    def progress(self, run: dict[str, object], stage: Stage, at: datetime, counted: datetime, known: bool) -> datetime:
        """Log an update of the run's progress, for which the chapters are counted; say when they were last counted."""
        if stage.each_chapter and self.rng.random() < CONFLICT:
            self.say(at, run, "debug", "Progress update already in progress, skipping")
        if not known:
            self.say(at, run, "warn", DEFAULTED, defaultCount=10)
        elif at - counted < CACHED_FOR:
            self.say(at, run, "debug", "Chapter count retrieved from cache")
        else:
            source = "outline" if stage is STAGES[0] else "database"
            self.say(at, run, "debug", f"Chapter count determined from {source}")
            return at
        return counted

    def miss(self, run: dict[str, object], at: datetime) -> datetime:
        """Fail a run whose story nobody knows."""
        error = f"Story not found: {run['story_id']}"
        run |= {"current_step": STAGES[0].name}
        self.say(at, run, "error", "Story not found", statusCode=404, path=f"/internal/stories/{run['story_id']}")
        self.add_step(run, STAGES[0].name, "failed", at, at, at + timedelta(seconds=2))
        return self.fail(run, at + timedelta(seconds=2), "context", "STORY_NOT_FOUND", error)

    def fail(self, run: dict[str, object], at: datetime, stage: str, code: str, message: str) -> datetime:
        """Fail a run; updates of its progress that are still under way are skipped."""
        error = fill(self.rng, message)
        run |= {"status": "failed", "failure_stage": stage, "failure_code": code, "error_message": error}
        run |= {"ended_at": stamp(at), "updated_at": stamp(at)}
        self.say(at, run, "error", "Workflow error occurred", error=error, stage=stage)
        for n in range(self.rng.randint(1, 4)):
            self.say(at + timedelta(seconds=n + 1), run, "warn", "Skipping progress update for failed run")
        return at

    def add_step(
        self, run: dict[str, object], name: str, status: str, at: datetime, start: datetime | None, end: datetime | None
    ) -> None:
        """Write a step as it was last updated."""
        row: dict[str, object] = {"run_id": run["run_id"], "step_name": name, "status": status}
        row |= {"detail_json": {"attempt": 1}, "started_at": start and stamp(start), "ended_at": end and stamp(end)}
        self.rows["story_generation_steps"].append({**row, "created_at": stamp(at), "updated_at": stamp(end or at)})

    def pay(self, story: dict[str, object], stage: Stage, at: datetime) -> None:
        """Write down a call of a model and what it is thought to have cost."""
        share = around(self.rng, 1.0, 0.25) if stage.tokens else 1.0
        read, written = (int(count * share) for count in stage.tokens) if stage.tokens else (None, None)
        cost = round(stage.euros * share, 6) if self.rng.random() > UNPRICED else None
        row = {"token_usage_id": new_id(self.rng), "author_id": story["author_id"], "story_id": story["story_id"]}
        row |= {"action": stage.action, "ai_model": stage.model, "input_tokens": read, "output_tokens": written}
        row |= {"estimated_cost_in_euros": cost}
        row |= {"input_prompt_json": {"prompt": f"A secret wish of the author's for '{story['title']}'"}}
        self.rows["token_usage_tracking"].append({**row, "created_at": stamp(at)})


def stamp(at: datetime) -> str:
    """Write a time as PostgreSQL's row_to_json does."""
    return at.isoformat(timespec="microseconds")


def endings(rng: random.Random, now: datetime, moments: list[datetime]) -> dict[datetime, str]:
    """Say how the runs end that start at some of the moments."""
    chosen: dict[datetime, str] = {}
    for ending, count, logged in TROUBLES:
        after = now - LOG_DAYS if logged else moments[0]
        free = [at for at in moments if after <= at < now - SETTLED and at not in chosen]
        chosen |= dict.fromkeys(rng.sample(free, count), ending)
    return chosen


def service_files(rng: random.Random, now: datetime) -> Texts:
    """Return the exports of the service's tables and its log, by file."""
    service, moments = Service(rng, now, now), busy_moments(rng, now, RUNS)
    fates = endings(rng, now, moments)
    plans = [(at, now, fates.get(at, "completed")) for at in moments]
    plans += [(now - timedelta(minutes=rng.uniform(20, 58)), now, "completed") for _ in range(FRESH)]
    plans += [(now - started, now - silent, "completed") for started, silent in STUCK]
    plans += [(now - ago, now, "completed") for ago in ACTIVE]
    plans += [(now - QUEUED, now - QUEUED, "completed")]
    plans.sort()
    for title, (at, horizon, ending) in zip(new_titles(rng, len(plans)), plans, strict=True):
        story = service.new_story(title, at)
        ended = service.generate(story, at, horizon, ending)
        again = ended + timedelta(hours=rng.uniform(1, 8))
        if ending == "failed" and rng.random() < RERUN:
            service.generate(story, again, now, "completed")
        if not ending.startswith("story"):
            service.rows["stories"].append(story)
    for stage in EXTRAS:
        for story in rng.sample(service.rows["stories"], EXTRA_CALLS):
            service.pay(story, stage, datetime.fromisoformat(str(story["updated_at"])))
    lines = [line for _, line in sorted(service.log, key=lambda entry: entry[0])]
    return {**{f"{FOLDER}/{name}.jsonl": json_lines(rows) for name, rows in service.rows.items()}, LOG: lines}
