"""Rollups and views are files; a database notes which text each of its own was made of."""

import hashlib
import re
import sqlite3
from functools import cache
from pathlib import Path

VIEWS = Path(__file__).parent / "views"
ROLLUPS = Path(__file__).parent.parent / "rollups"
# Words for people make no difference to what is computed.
WORDS = re.compile(r"^(?:description|meanings):.*\n(?:[ \t]+.*\n)*|--.*$", re.MULTILINE)


@cache
def views() -> dict[str, str]:
    """The views: name → SELECT."""
    return {path.stem: path.read_text(encoding="utf-8") for path in sorted(VIEWS.glob("*.sql"))}


@cache
def rollups() -> dict[str, tuple[Path, str]]:
    """The files that define rollups, what they are made of and what prune remembers: name → path and text."""
    return {path.stem: (path, path.read_text(encoding="utf-8")) for path in sorted(ROLLUPS.glob("*/*.sql"))}


@cache
def hashes() -> dict[str, str]:
    """The hash of each rollup and view by its name: it changes with its own text and with that of any it reads."""
    texts = {**views(), **{name: text for name, (_, text) in rollups().items()}}
    texts = {name: WORDS.sub("", text) for name, text in texts.items()}
    reads = {name: _names(text) & texts.keys() - {name} for name, text in texts.items()}
    return {name: _hash([texts[read] for read in sorted(_all_read(name, reads))]) for name in texts}


def is_kept(connection: sqlite3.Connection) -> bool:
    """Whether a database notes its definitions: the first versions did not."""
    return bool(connection.execute("select count(*) from main.sqlite_master where name = 'definitions'").fetchone()[0])


def known(connection: sqlite3.Connection, *kinds: str) -> dict[str, str]:
    """What a database was made of, of some kinds or of all: name → hash."""
    rows = connection.execute("select kind, name, hash from main.definitions where kind <> 'files'").fetchall()
    return {name: digest for kind, name, digest in rows if not kinds or kind in kinds}


def is_current(connection: sqlite3.Connection) -> bool:
    """Whether a database that has every migration was made of the definitions of this version."""
    if not is_kept(connection):
        return False
    noted = connection.execute("select hash from main.definitions where kind = 'files'").fetchone()
    # Where not even words for people have changed, no file needs a closer look.
    return noted == (whole(),) or known(connection) == hashes()


def note_files(connection: sqlite3.Connection) -> None:
    """Note that a database is made of the files as they are."""
    connection.execute(
        "insert into main.definitions values ('files', '', ?)"
        " on conflict do update set hash = excluded.hash where hash <> excluded.hash",
        [whole()],
    )


@cache
def whole() -> str:
    """The hash of all of their texts, words for people among them."""
    return _hash([*views().values(), *(text for _, text in rollups().values())])


def _names(text: str) -> set[str]:
    return {word.removeprefix("rollup_").removeprefix("dirty_") for word in re.findall(r"\w+", text)}


def _all_read(name: str, reads: dict[str, set[str]]) -> set[str]:
    """A definition, those that it reads, and those that these read."""
    found, new = {name}, {name}
    while new:
        new = set().union(*(reads[one] for one in new)) - found
        found |= new
    return found


def _hash(texts: list[str]) -> str:
    return hashlib.sha256("\0".join(texts).encode()).hexdigest()
