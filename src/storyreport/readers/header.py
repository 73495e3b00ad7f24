"""A SQLite file as a file: its header, the log beside it, and whether its writer is at work."""

import gzip
import zlib
from pathlib import Path

from ..errors import NotOursError, StoryreportError
from ..scratch import copy_file
from .padded import Padded

try:
    import fcntl
except ImportError:  # Windows
    fcntl = None  # type: ignore[assignment]

SQLITE_MAGIC = b"SQLite format 3\x00"
IMMUTABLE = "immutable=1"
TAR_MAGIC_END = 262
GZIP_MAGIC = b"\x1f\x8b"
# How other packed files begin.
PACKED = {
    b"PK\x03\x04": "a zip archive (of a spreadsheet, save a table as CSV)",
    b"\x28\xb5\x2f\xfd": "packed with Zstandard",
    b"\xfd7zXZ\x00": "packed with xz",
    b"BZh": "packed with bzip2",
    b"\x04\x22\x4d\x18": "packed with LZ4",
    b"7z\xbc\xaf\x27\x1c": "a 7z archive",
    b"Rar!": "a RAR archive",
}


def read_header(path: Path) -> bytes:
    """The first 100 bytes of a file."""
    with path.open("rb") as file:
        return file.read(100)


def packed_as(path: Path) -> str:
    """How a file is packed that cannot be read as it is, like `a tar archive`; '' for others, and gzipped texts."""
    with path.open("rb") as file:
        start = file.read(TAR_MAGIC_END)
    if not start.startswith(GZIP_MAGIC):
        return _packed(start)
    try:
        with Padded(path) as packed, gzip.GzipFile(fileobj=packed) as unpacked:
            start = unpacked.read(TAR_MAGIC_END)
    except (OSError, EOFError, zlib.error):
        # Whoever reads it says what is wrong with it.
        return ""
    if start.startswith(SQLITE_MAGIC):
        return "a gzipped SQLite database"
    return "gzipped twice" if start.startswith(GZIP_MAGIC) else _packed(start)


def _packed(start: bytes) -> str:
    if len(start) == TAR_MAGIC_END and start.endswith(b"ustar"):
        return "a tar archive"
    return next((name for magic, name in PACKED.items() if start.startswith(magic)), "")


def check_header(path: Path) -> None:
    """Raise StoryreportError for a file that cannot be a whole SQLite database."""
    size = path.stat().st_size
    if size == 0:
        raise NotOursError(f"{path} is empty: expected a SQLite database.")
    header = read_header(path)
    if not header.startswith(SQLITE_MAGIC):
        raise NotOursError(f"{path} is not a SQLite database: check the path.")
    if not wal_of(path).exists() and size < (database_size(header) or 0):
        raise StoryreportError(f"{path} is damaged: it ends after {size} bytes; restore it or copy it again.")


def database_size(header: bytes) -> int | None:
    """How many bytes of a SQLite file are its database, whatever follows; None where its header does not say."""
    page_size = int.from_bytes(header[16:18], "big")
    pages = int.from_bytes(header[28:32], "big")
    # The page count is only right where both counters agree (https://sqlite.org/fileformat2.html#in_header_database_size).
    is_valid = header[24:28] == header[92:96] and pages > 0
    return pages * (65536 if page_size == 1 else page_size) if is_valid else None


def is_wal(path: Path) -> bool:
    """Whether a SQLite file keeps a write-ahead log (otherwise it has a rollback journal)."""
    return read_header(path)[18:20] == b"\x02\x02"


def wal_of(path: Path) -> Path:
    """Where a SQLite file's write-ahead log would be."""
    return _beside(path, "-wal")


def _beside(path: Path, ending: str) -> Path:
    """A file that SQLite keeps beside its own: beside the target of a link, not beside the link."""
    real = path.resolve()
    return real.with_name(real.name + ending)


def is_abandoned(path: Path) -> bool:
    """Whether a SQLite file's writer died and left a log: to read that in place would leave a file beside it."""
    has_index = _beside(path, "-shm").exists()
    return is_wal(path) and wal_of(path).exists() and not has_index and not _is_locked(path)


def _is_locked(path: Path) -> bool:
    """Whether a writer holds a SQLite file for itself; where that cannot be tested, it might."""
    if fcntl is None:
        return True
    with path.open("rb") as file:
        try:
            # The bytes that a reader would lock (https://sqlite.org/src/file/src/os.h, SHARED_FIRST and SHARED_SIZE).
            fcntl.lockf(file, fcntl.LOCK_SH | fcntl.LOCK_NB, 510, 0x40000002)
        except OSError:
            return True
    return False


def copy_with_log(path: Path, copy: Path) -> None:
    """Copy a SQLite file and its log, for reading them elsewhere."""
    copy_file(path, copy)
    copy_file(wal_of(path), wal_of(copy))


def uri(path: Path) -> str:
    """How a source is opened: read only.

    A file in WAL mode without a log has no writer just now; opened as immutable, it gets no log and no shared memory
    file from us, which its writer might not be allowed to write.
    """
    mode = IMMUTABLE if is_wal(path) and not wal_of(path).exists() else "mode=ro"
    return f"{path.resolve().as_uri()}?{mode}"
