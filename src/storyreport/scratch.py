"""Folders for copies of sources: bounded by what is free, and taken away, after a kill by the next start."""

import contextlib
import os
import shutil
import signal
import tempfile
from collections.abc import Callable, Iterator
from io import FileIO
from pathlib import Path

from .errors import StoryreportError

try:
    import fcntl
except ImportError:  # Windows
    fcntl = None  # type: ignore[assignment]

PREFIX = "storyreport-"
# In a folder that is in use somebody holds the lock of this file.
LOCK = "in-use"
# What is left free for others.
SPARE_BYTES = 64 << 20
BLOCK_BYTES = 1 << 18


@contextlib.contextmanager
def folder() -> Iterator[Path]:
    """A folder of this process's own, which ends with the context."""
    remove_abandoned()
    with contextlib.ExitStack() as making:
        making.enter_context(_undisturbed())
        made = tempfile.TemporaryDirectory(prefix=PREFIX)
        file = _locked(made.name)
        try:
            # A Ctrl-C that came meanwhile is raised here.
            making.close()
            yield Path(made.name)
        finally:
            with _undisturbed():
                if file is not None:
                    os.close(file)
                made.cleanup()


@contextlib.contextmanager
def _undisturbed() -> Iterator[None]:
    """Let Ctrl-C wait: between a folder and who takes it away again it would leave the folder behind."""
    if not hasattr(signal, "pthread_sigmask"):  # Windows
        yield
        return
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


def _locked(name: str) -> int | None:
    """Mark a folder as in use; locked before the mark has its name, so that nobody takes the folder for abandoned."""
    if not fcntl:
        return None
    file = os.open(os.path.join(name, "new"), os.O_RDWR | os.O_CREAT, 0o600)
    fcntl.flock(file, fcntl.LOCK_EX)
    os.rename(os.path.join(name, "new"), os.path.join(name, LOCK))
    return file


def remove_abandoned() -> None:
    """Delete the folders of processes that were killed."""
    if fcntl is None:
        return
    for lock in Path(tempfile.gettempdir()).glob(f"{PREFIX}*/{LOCK}"):
        # Somebody else's, or just being deleted.
        with contextlib.suppress(OSError), lock.open("rb") as file:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            shutil.rmtree(lock.parent)


def copy_file(source: Path, copy: Path, size_of: Callable[[bytes], int | None] = lambda _: None) -> None:
    """Copy a file without its holes; StoryreportError where there is no room for it.

    `size_of` says by its first 100 bytes how many of it are to be copied (None: all). The file is opened once: to
    close it ends all locks that this process has on it.
    """
    # Unbuffered: seeking over holes would not agree with a buffer.
    with source.open("rb", buffering=0) as file, copy.open("wb", buffering=0) as target:
        os.chmod(copy, 0o600)
        about = os.fstat(file.fileno())
        limit = size_of(file.read(100))
        size = about.st_size if limit is None else min(limit, about.st_size)
        check_room(source, copy.parent, min(size, getattr(about, "st_blocks", size) * 512))
        for start, end in filled(file.fileno(), size):
            _copy(file, target, start, end)
        target.truncate(size)


def _copy(file: FileIO, target: FileIO, start: int, end: int) -> None:
    """Copy bytes to the same place; within a file system that can share them they are not even read."""
    if hasattr(os, "copy_file_range"):
        fds = file.fileno(), target.fileno()
        with contextlib.suppress(OSError):
            while start < end and (copied := os.copy_file_range(*fds, end - start, start, start)):
                start += copied
    # A block that stays in the processor's cache: new ones of a megabyte take three times as long.
    block = memoryview(bytearray(BLOCK_BYTES))
    file.seek(start)
    target.seek(start)
    while start < end and (count := file.readinto(block[: min(BLOCK_BYTES, end - start)])):
        start += target.write(block[:count])


def check_room(source: Path, place: Path, size: int) -> None:
    """Raise StoryreportError where a copy of so many bytes would fill the disk."""
    free = shutil.disk_usage(place).free
    if size + SPARE_BYTES > free:
        raise StoryreportError(
            f"{source} has to be copied to be read, {size / 1e6:,.0f} MB, and {place} has {free / 1e6:,.0f} MB free:"
            " free some, or set TMPDIR to a folder with more room."
        )


def filled(file: int, size: int) -> Iterator[tuple[int, int]]:
    """(start, end) of each part of a file, up to a size, that is no hole."""
    if not hasattr(os, "SEEK_DATA"):
        yield 0, size
        return
    end = 0
    while end < size:
        try:
            start = os.lseek(file, end, os.SEEK_DATA)
        except OSError:
            # Nothing but a hole is left.
            return
        end = os.lseek(file, start, os.SEEK_HOLE)
        if start < size:
            yield start, min(end, size)
