"""What the samples are made of: titles, moments, messages and how times are written."""

import json
import random
import uuid
from collections.abc import Iterable
from datetime import datetime, timedelta

Row = tuple[object, ...]
Tables = dict[str, list[Row]]
Files = dict[str, tuple[dict[str, object], datetime]]
Texts = dict[str, list[str]]

DAYS = 60
VOLUME_BY_WEEKDAY = (1.0, 1.15, 1.2, 1.1, 0.9, 0.35, 0.25)

# What the stories are called; a page that shows them must survive the odd ones.
ODD_TITLES = (
    'The <b>Bold</b> Knight & the "Quiet" Dragon 🐉',
    "Grandma's 'Secret' Map; or, <i>the Attic</i>",
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


def utc(at: datetime) -> str:
    """Write a time as SQLite's CURRENT_TIMESTAMP does."""
    return at.strftime("%Y-%m-%d %H:%M:%S")


def local(at: datetime) -> str:
    """Write a time as Python's datetime.now() goes into SQLite; the machine's zone is UTC."""
    return at.strftime("%Y-%m-%d %H:%M:%S.%f")


def iso(at: datetime) -> str:
    """Write a time as JavaScript's toISOString does."""
    return at.strftime("%Y-%m-%dT%H:%M:%S.") + f"{at.microsecond // 1000:03}Z"


def new_id(rng: random.Random) -> str:
    """Make up a UUID."""
    return str(uuid.UUID(int=rng.getrandbits(128), version=4))


def json_lines(rows: Iterable[dict[str, object]]) -> list[str]:
    """Write rows as an export in JSON lines does."""
    return [json.dumps(row, ensure_ascii=False, separators=(",", ":")) for row in rows]


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
