"""Which scripts run on our own pages of a public server: files, and those that stand on every page of Datasette's."""

import base64
import hashlib
import re
import weakref
from typing import Any

from . import door, mode
from .addresses import local_path, named

SCRIPT = re.compile(r"<script>(.*?)</script>", re.DOTALL)
# Vega compiles its expressions.
EXPLORED = b"_explore"
_HASHES: weakref.WeakKeyDictionary[Any, str] = weakref.WeakKeyDictionary()


async def allowed(datasette: Any, scope: dict[str, Any]) -> str | None:
    """The sources of scripts (as a policy names them) on a page of ours; None for Datasette's and explored charts.

    With templates or plugins of somebody's own, which may have scripts in pages, it is None for all.
    """
    served = mode.of(datasette)
    if not served.public or getattr(datasette, mode.OWN_CODE, True) or not _is_ours(datasette, scope):
        return None
    if datasette not in _HASHES:
        await datasette.invoke_startup()
        # A page without any data: whatever runs there is the program's.
        empty = await datasette.render_template("base.html", {})
        _HASHES[datasette] = " ".join(f"'sha256-{_digest(script)}'" for script in SCRIPT.findall(empty))
    return f"'self' {_HASHES[datasette]}".rstrip()


def _is_ours(datasette: Any, scope: dict[str, Any]) -> bool:
    path = local_path(datasette, scope)
    if path == "/" or door.OURS.fullmatch(path) or path == door.LOGIN:
        return True
    return named(datasette, scope)[0] is not None and EXPLORED not in scope["query_string"]


def _digest(script: str) -> str:
    return base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()
