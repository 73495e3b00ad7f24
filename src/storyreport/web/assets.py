"""Scripts and styles: their addresses name their content, so that a browser keeps them for good."""

import functools
import hashlib
from pathlib import Path
from typing import Any

from . import vega

# The argument of an address that names the content of the file.
MARK = "_hash"
FOREVER = b"public, max-age=31536000, immutable"
STYLES = ("static/storyreport.css", "static/pages.css", "static/report.css")
# datasette-vega, nearly a megabyte, is loaded by pages that are explored.
HEAVY = "/datasette_vega/"


def address(datasette: Any, path: str) -> str:
    """The address of a static file (`static/page.js`) with the base URL and its content's name."""
    return str(datasette.urls.path("/" + marked(datasette, path).lstrip("/")))


def marked(datasette: Any, path: str) -> str:
    """The path of a static file with its content's name; without, where it is not among the served files."""
    mount, _, name = path.partition("/")
    if mount == "vega":
        return f"/{path}?{MARK}={vega.mark()}"
    folder = next((folder for known, folder in datasette.static_mounts if known.strip("/") == mount), None)
    file = Path(folder) / name if folder else None
    if file is None or not file.is_file():
        return f"/{path}"
    return f"/{path}?{MARK}={_digest(file, file.stat().st_mtime_ns)}"


def needed(found: list[list[Any]], request: Any) -> list[list[Any]]:
    """The scripts of all plugins that a page loads."""
    if request is not None and request.args.get("_explore"):
        return found
    return [[each for each in urls if HEAVY not in str(each)] for urls in found]


@functools.lru_cache(maxsize=100)
def _digest(file: Path, _changed: int) -> str:
    return hashlib.sha256(file.read_bytes()).hexdigest()[:12]
