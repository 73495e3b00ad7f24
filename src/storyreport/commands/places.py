"""Places of sources and the progress line: what commands share that needs no click, which takes a while to import."""

import contextlib
import stat
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from ..errors import StoryreportError, UsageError

if TYPE_CHECKING:
    from ..given import Request

# What a SOURCE is called where it is standard input.
LABELS = {"-": "standard input", "/dev/stdin": "standard input"}


@contextlib.contextmanager
def progress_line() -> Iterator[Callable[[str], None]]:
    """Progress on a terminal's stderr, in one line; nothing if stderr is no terminal."""
    if not sys.stderr.isatty():
        yield lambda _: None
        return
    begun = time.monotonic()

    def show(text: str) -> None:
        print(f"\r\033[K{text} ({time.monotonic() - begun:.0f} s)", end="", file=sys.stderr, flush=True)

    try:
        yield show
    finally:
        print("\r\033[K", end="", file=sys.stderr, flush=True)


def place(source: str) -> Path | str:
    """Where a SOURCE is: its path or URL."""
    if not source.strip():
        raise UsageError("A SOURCE is empty: is a variable of your script not set?")
    return source if "://" in source else Path(source)


def is_stream(source: str) -> bool:
    """Whether a SOURCE can be read only once: standard input, a named pipe or a device."""
    if source == "-":
        return True
    try:
        mode = Path(source).stat().st_mode
    except (OSError, ValueError):
        return False
    return stat.S_ISFIFO(mode) or stat.S_ISCHR(mode) or stat.S_ISSOCK(mode)


@contextlib.contextmanager
def streamed(source: str) -> Iterator[Path]:
    """A SOURCE that can be read only once as a temporary file; errors name it instead of the file."""
    import shutil

    from .. import scratch

    with scratch.folder() as folder:
        # The source's name comes from the file's.
        is_named = source != "-" and not source.startswith("/dev/")
        path = folder / (Path(source).name if is_named else "stdin")
        with path.open("wb") as file, sys.stdin.buffer if source == "-" else open(source, "rb") as stream:
            shutil.copyfileobj(stream, file)
        try:
            yield path
        except StoryreportError as error:
            message = (
                str(error)
                .replace(str(path), source if is_named else "Standard input")
                .replace("check the path", "check what writes it")
            )
            raise type(error)(message) from error


def called(request: "Request", kept: Mapping[Path | str, str]) -> "Request":
    """The same source; what was kept of a stream is called as that is, wherever it was kept."""
    from dataclasses import replace

    parts = (replace(part, label=kept[part.path]) if part.path in kept else part for part in request.parts)
    return replace(request, parts=tuple(parts))
