"""What says of files that they have not changed, without reading them: sizes, times, inodes, counters of transactions.

A copy that was put in a file's place has another inode; whoever sets back a file's time cannot set back the time of
that change. Where a file was changed within the last seconds, it may be changed again within the same tick of its
clock: it has not settled, and only its bytes say more.
"""

import os

# As type checkers know it: typing and collections take longer to import than all that is done here.
TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

SETTLED_NS = 2_000_000_000  # the coarsest clock of a file system
# Where a SQLite file counts its transactions, and the index of its log does
# (https://sqlite.org/fileformat2.html#file_change_counter, https://sqlite.org/walformat.html 2.1).
COUNTER = slice(24, 28)
INDEX_BYTES = 48
# On Windows it is the time when a file was made, which no change moves.
HAS_CHANGE_TIMES = os.name == "posix"
UNKNOWN = 2**63
# Indexes of logs that were looked at: device and inode → descriptor.
_held: dict[tuple[int, int], int] = {}


class State:
    """A file as it was seen: what must be the same next time, and when it was last changed (nanoseconds since 1970)."""

    # Neither a named tuple nor a dataclass: both take longer to import than all that is done here.
    def __init__(self, path: str, seen: str, changed_ns: int):
        self.path, self.seen, self.changed_ns = path, seen, changed_ns


def states(place: str) -> "Iterator[State]":
    """The states of a file with its SQLite log, or of the files below a folder; OSError where there is neither."""
    if os.path.isdir(place):
        yield from _below(place)
        return
    about = os.stat(place)
    yield _state(place, about, _beginning(place, COUNTER.stop)[COUNTER].hex())
    log = os.path.realpath(place) + "-wal"
    if os.path.exists(log):
        yield _log(log, os.stat(log))


def is_settled(changed_ns: int, now_ns: int) -> bool:
    """Whether a change is so long ago that another one now would have another time."""
    return changed_ns < now_ns - SETTLED_NS


def _below(folder: str) -> "Iterator[State]":
    """In an order that stays the same; what is behind a link to a folder may change at any time."""
    waiting = [folder]
    while waiting:
        with os.scandir(waiting.pop()) as entries:
            found = sorted(entries, key=lambda entry: entry.name)
        for entry in found:
            if entry.is_dir(follow_symlinks=False):
                waiting.append(entry.path)
            elif os.path.isdir(entry.path):
                yield State(entry.path, os.readlink(entry.path), UNKNOWN)
            elif entry.name.endswith("-shm"):
                # Reading changes this file, too.
                yield State(entry.path, _index(entry.path).hex(), 0)
            elif entry.name.endswith("-wal"):
                yield _log(entry.path, _stat(entry))
            else:
                yield _state(entry.path, _stat(entry))


def _stat(entry: "os.DirEntry[str]") -> os.stat_result:
    try:
        return entry.stat()
    except OSError:
        # A link may lead nowhere.
        return entry.stat(follow_symlinks=False)


def _state(path: str, about: os.stat_result, counter: str = "") -> State:
    changed = about.st_ctime_ns if HAS_CHANGE_TIMES else 0
    seen = f"{about.st_size}:{about.st_mtime_ns}:{changed}:{about.st_ino}:{counter}"
    return State(path, seen, changed or about.st_mtime_ns)


def _log(path: str, about: os.stat_result) -> State:
    """A SQLite log by its index, which each transaction changes; a reader that is root gives it another change time."""
    index = _index(path.removesuffix("wal") + "shm").hex()
    if not index:
        return _state(path, about)
    return State(path, f"{about.st_size}:{about.st_mtime_ns}:{about.st_ino}:{index}", about.st_mtime_ns)


def _index(path: str) -> bytes:
    """The beginning of the index of a log, which the database that this process writes may have, too.

    A process that closes a file loses all its locks on it (https://sqlite.org/howtocorrupt.html, 2.2): it stays open.
    """
    if os.name != "posix":
        return _beginning(path, INDEX_BYTES)
    try:
        about = os.stat(path)
    except FileNotFoundError:
        return b""
    key = about.st_dev, about.st_ino
    if key not in _held:
        _held[key] = os.open(path, os.O_RDONLY)
    return os.pread(_held[key], INDEX_BYTES, 0)


def _beginning(path: str, count: int) -> bytes:
    try:
        with open(path, "rb") as file:
            return file.read(count)
    except FileNotFoundError:
        return b""
