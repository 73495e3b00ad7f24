"""Requests below a base URL: Datasette puts the base before every address that it makes of a request's own path.

A proxy may hand on the base (`/reports/storyreport`) or take it away (`/storyreport`). Datasette 0.65 makes
`/reports/reports/storyreport` of the first, so it never gets the base to see.
"""

from collections.abc import Callable
from typing import Any


def local(datasette: Any, scope: dict[str, Any], send: Callable[..., Any]) -> tuple[dict[str, Any], Callable[..., Any]]:
    """A request without the base URL, and how its answer is sent; both as they are where it has none."""
    base: str = datasette.setting("base_url")
    raw: bytes = scope.get("raw_path") or scope.get("path", "").encode()
    if scope["type"] != "http" or base == "/" or not raw.startswith(base.encode()):
        return scope, send
    raw = raw[len(base) - 1 :]

    async def answer(message: dict[str, Any]) -> None:
        if message["type"] == "http.response.start" and 300 <= message["status"] < 400:
            message = {**message, "headers": [_led(header, raw, base.encode()) for header in message["headers"]]}
        await send(message)

    path = scope["path"].removeprefix(base[:-1]) if scope["path"].startswith(base) else raw.decode("latin-1")
    return {**scope, "path": path, "raw_path": raw}, answer


def _led(header: tuple[bytes, bytes], raw: bytes, base: bytes) -> tuple[bytes, bytes]:
    """A header; where Datasette leads to another spelling of the request's own path, with the base before it."""
    name, value = header
    path = raw.partition(b"?")[0]
    spelled = path.replace(b"~", b"~7E").replace(b"%", b"~").replace(b".", b"~2E")
    is_own = name.lower() == b"location" and value.partition(b"?")[0] in (path.rstrip(b"/"), spelled)
    return (name, base[:-1] + value) if is_own else header
