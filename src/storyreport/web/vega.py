"""The script that charts are explored with (Vega, Vega-Lite, Vega-Embed), made once by the package that draws pictures.

It takes some seconds to make, so it is kept: in this process, and in the user's cache folder where that can be written.
"""

import asyncio
import contextlib
import os
import subprocess
import sys
import threading
from importlib.metadata import version
from pathlib import Path
from typing import Any

from datasette import Response

NAME = "vega.js"
# A process of its own makes it: the server needs none of its memory.
MAKE = "import sys, vl_convert; sys.stdout.buffer.write(vl_convert.javascript_bundle().encode())"
SECONDS = 120
_LOCK = threading.Lock()
_kept: list[bytes] = []


def mark() -> str:
    """What names the script's content in its address."""
    return version("vl-convert-python")


def routes() -> list[tuple[str, Any]]:
    """`/vega/vega.js`."""
    return [(rf"/vega/{NAME}$", script)]


async def script() -> Response:
    """The script; 503 where it cannot be made."""
    try:
        text = await asyncio.get_running_loop().run_in_executor(None, _bundle)
    except (OSError, subprocess.SubprocessError):
        return Response.text("The script that draws charts cannot be made: the pictures show the same.", status=503)
    return Response(text, content_type="text/javascript; charset=utf-8")


def _bundle() -> bytes:
    with _LOCK:
        if not _kept:
            _kept.append(_read() or _made())
        return _kept[0]


def _made() -> bytes:
    command = [sys.executable, "-c", MAKE]
    text = subprocess.run(command, stdout=subprocess.PIPE, check=True, timeout=SECONDS).stdout
    with contextlib.suppress(OSError, RuntimeError):
        file = _file()
        file.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        # Whole or not at all, whoever else makes it now.
        part = file.with_name(f"{file.name}.{os.getpid()}")
        part.write_bytes(text)
        part.replace(file)
    return text


def _read() -> bytes:
    with contextlib.suppress(OSError, RuntimeError):
        return _file().read_bytes()
    return b""


def _file() -> Path:
    """Where it is kept; RuntimeError where the user has no home."""
    folder = os.environ.get("XDG_CACHE_HOME") or os.environ.get("LOCALAPPDATA") or Path.home() / ".cache"
    return Path(folder) / "storyreport" / f"vega-{mark()}.js"
