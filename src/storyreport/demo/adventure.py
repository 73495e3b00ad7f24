"""A choose-your-own-adventure service's database, as sixty days of players leave it."""

import json
import random
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from .invent import Row, Tables, around, busy_moments, fill, local, new_id, new_titles, utc

DATABASE = "adventure.db"
JOBS, SESSIONS, NODES, CHILDREN = 72, 24, (10, 25), (2, 3)
# The server's clock: its zone is seven hours behind UTC.
BEHIND = timedelta(hours=-7)
SECONDS = 24.0
THEMES = ("water park", "space", "haunted library", "dragons", "deep sea", "pirates", "robot school", "lost city")
# How the service spelt a job's status over time.
SPELLINGS = {"completed": ("completed", "completed", "Completed"), "failed": ("Failed", "failed", "FAILED")}
FAILED, ERRORS = 11, (
    "StoryGenerator.generate_story() missing 1 required positional argument: 'session_id'",
    "Invalid json output: Expecting ',' delimiter: line {small} column 5 (char {big})",
    "Error code: 429 - Rate limit reached for gpt-4o-mini (request req_{hex})",
    "1 validation error for StoryLLMResponse rootNode.options.{small} Field required",
)  # fmt: skip
# Jobs that have not ended, by status and how long ago they began; the last ones are stuck.
OPEN = (
    ("pending", timedelta(seconds=4)),
    ("processing", timedelta(seconds=11)),
    ("processing", timedelta(hours=6)),
    ("Processing", timedelta(days=2, hours=3)),
)

SCHEMA = """
CREATE TABLE stories (
    id INTEGER NOT NULL PRIMARY KEY, title VARCHAR, session_id VARCHAR, created_at DATETIME DEFAULT CURRENT_TIMESTAMP
);
CREATE TABLE story_jobs (
    id INTEGER NOT NULL PRIMARY KEY, job_id VARCHAR, session_id VARCHAR, theme VARCHAR, status VARCHAR,
    story_id INTEGER, error VARCHAR, created_at DATETIME DEFAULT CURRENT_TIMESTAMP, completed_at DATETIME
);
CREATE TABLE story_nodes (
    id INTEGER NOT NULL PRIMARY KEY, story_id INTEGER, content VARCHAR, is_root BOOLEAN, is_ending BOOLEAN,
    is_winning_ending BOOLEAN, options JSON, FOREIGN KEY(story_id) REFERENCES stories (id)
);
CREATE INDEX ix_stories_session_id ON stories (session_id);
CREATE INDEX ix_story_jobs_session_id ON story_jobs (session_id);
CREATE UNIQUE INDEX ix_story_jobs_job_id ON story_jobs (job_id);
CREATE INDEX ix_story_nodes_story_id ON story_nodes (story_id);
"""


@dataclass
class Node:
    """A scene of a story and the scenes that may follow it."""

    id: int
    parent: "Node | None" = None
    is_root: bool = False
    is_ending: bool = False
    is_winning: bool = False
    options: list[dict[str, object]] = field(default_factory=list)
    cut: int | None = None  # what the options' JSON was cut off by

    def offer(self, text: str, node_id: int) -> None:
        """Add an option."""
        self.options.append({"text": text, "node_id": node_id})


def grow(rng: random.Random, first_id: int) -> list[Node]:
    """Grow a sound tree."""
    size, nodes = rng.randint(*NODES), [Node(first_id, is_root=True)]
    leaves = [nodes[0]]
    while len(nodes) < size:
        parent = leaves.pop(rng.randrange(len(leaves)))
        for n in range(rng.randint(*CHILDREN)):
            child = Node(first_id + len(nodes), parent)
            parent.offer(("Go on", "Turn left", "Ask the stranger")[n], child.id)
            nodes.append(child)
            leaves.append(child)
    for leaf in leaves:
        leaf.is_ending, leaf.is_winning = True, rng.random() < 0.4
    return nodes


def inner(nodes: list[Node]) -> Node:
    """Return a node that is neither the root nor an ending."""
    return next(node for node in nodes if node.parent and node.options)


def without_root(nodes: list[Node], stranger: int) -> None:
    """Forget which node is the root."""
    nodes[0].is_root = False


def with_dead_end(nodes: list[Node], stranger: int) -> None:
    """Leave a node that is no ending without options."""
    ending = next(node for node in nodes if node.is_ending)
    ending.is_ending = ending.is_winning = False


def with_foreign_option(nodes: list[Node], stranger: int) -> None:
    """Name a node of another story."""
    inner(nodes).offer("Step through the mirror", stranger)


def with_loop(nodes: list[Node], stranger: int) -> None:
    """Lead back to where the reader came from."""
    node = inner(nodes)
    if node.parent:
        node.offer("Turn back", node.parent.id)


def with_broken_options(nodes: list[Node], stranger: int) -> None:
    """Cut the options' JSON off."""
    inner(nodes).cut = 9


UNSOUND: tuple[Callable[[list[Node], int], None], ...] = (
    without_root,
    with_dead_end,
    with_foreign_option,
    with_loop,
    with_broken_options,
    with_loop,
    with_dead_end,
)


def node_row(node: Node, story: int) -> Row:
    """Write a node down."""
    scene = "The end has come." if node.is_ending else "The corridor splits before you. Where do you go?"
    flags = (int(node.is_root), int(node.is_ending), int(node.is_winning))
    options = json.dumps(node.options)
    return (node.id, story, f"A secret scene. {scene}", *flags, options[: -node.cut] if node.cut else options)


def adventure_tables(rng: random.Random, now: datetime) -> Tables:
    """Return the service's tables; a story's nodes are deleted with it, the job that made it is not."""
    sessions = [new_id(rng) for _ in range(SESSIONS)]
    # The last few minutes belong to the jobs that have not ended.
    moments = busy_moments(rng, now - timedelta(minutes=5), JOBS)
    failed = set(rng.sample(moments, FAILED))
    begun = [(at, "failed" if at in failed else "completed") for at in moments]
    begun += [(now - ago, status) for status, ago in OPEN]
    made = [at for at in moments if at not in failed]
    deleted, *odd = rng.sample(made[5:], 1 + len(UNSOUND))
    unsound = dict(zip(odd, UNSOUND, strict=True))
    titles = iter(new_titles(rng, len(made)))
    stories: list[Row] = []
    nodes: list[Row] = []
    jobs: list[Row] = []
    story_id, node_id = 0, 1
    for number, (at, status) in enumerate(sorted(begun), start=1):
        session, theme = rng.choice(sessions), rng.choice(THEMES)
        ended = at + timedelta(seconds=around(rng, 0.9 if status == "failed" else SECONDS))
        closed = local(ended + BEHIND) if status in SPELLINGS else None
        job = (number, new_id(rng), session, theme, rng.choice(SPELLINGS.get(status, (status,))))
        if status != "completed":
            error = fill(rng, rng.choice(ERRORS)) if status == "failed" else None
            jobs.append((*job, None, error, utc(at), closed))
            continue
        story_id, tree = story_id + 1, grow(rng, node_id)
        jobs.append((*job, story_id, None, utc(at), closed))
        if at in unsound:
            unsound[at](tree, 1)
        if at != deleted:
            stories.append((story_id, next(titles), session, utc(ended)))
            nodes += [node_row(node, story_id) for node in tree]
        node_id += len(tree)
    return {"stories": stories, "story_jobs": jobs, "story_nodes": nodes}
