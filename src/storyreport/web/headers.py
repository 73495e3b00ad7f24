"""Headers of every answer: what a browser may load, frame, guess and tell others."""

from __future__ import annotations

from typing import Any
from urllib.parse import parse_qsl

from . import assets, mode
from .addresses import local_path

ALWAYS = {b"x-content-type-options": b"nosniff", b"referrer-policy": b"same-origin"}
STATIC = ("/static/", "/vega/", "/-/static-plugins/")
# Datasette's pages have scripts within them, and Vega compiles its expressions; our own pages need neither.
ANY_SCRIPT = "'self' 'unsafe-inline' 'unsafe-eval'"
POLICY = (
    "default-src 'self'; script-src {scripts}; style-src 'self' 'unsafe-inline';"
    " img-src 'self' data: blob:; font-src 'self' data:; object-src 'none'; base-uri 'self'; form-action 'self';"
    " frame-ancestors 'self'"
)


PRIVATE = b"private"
# Datasette's cookie of who has logged in.
SESSION = b"ds_actor="


def with_headers(datasette: Any, scope: dict[str, Any], send: Any, scripts: str | None = None) -> Any:
    """Send answers with our headers; those that are there already stay. `scripts` are those that may run."""
    added, is_https = dict(_headers(datasette, scope, scripts or ANY_SCRIPT)), _is_https(datasette, scope)
    is_one_visitors = _is_one_visitors(datasette, scope)

    async def send_with(message: dict[str, Any]) -> None:
        if message["type"] == "http.response.start":
            headers = [(name.lower(), _secure(name, value, is_https)) for name, value in message.get("headers", ())]
            headers = _kept_by_one(headers) if is_one_visitors else headers
            there = {name for name, _ in headers}
            message = {**message, "headers": headers + [(k, v) for k, v in added.items() if k not in there]}
        await send(message)

    return send_with


def _headers(datasette: Any, scope: dict[str, Any], scripts: str) -> Any:
    served = mode.of(datasette)
    yield from ALWAYS.items()
    if f"{assets.MARK}=".encode() in scope["query_string"] and local_path(datasette, scope).startswith(STATIC):
        yield b"cache-control", assets.FOREVER
    query = scope["query_string"].decode("latin-1")
    is_embedded = "_embed" in query and any(name == "_embed" for name, _ in parse_qsl(query))
    # A report may stand in a frame: of any site where the server is its user's alone, else of the sites that are named.
    if not is_embedded:
        yield b"x-frame-options", b"SAMEORIGIN"
    if served.public:
        sites = "".join(f" {site}" for site in served.frames) if is_embedded else ""
        yield b"content-security-policy", (POLICY.format(scripts=scripts) + sites).encode("latin-1")


def _is_one_visitors(datasette: Any, scope: dict[str, Any]) -> bool:
    """Whether an answer is for the visitor who asked, and for nobody else that a proxy before us may give it to."""
    if local_path(datasette, scope).startswith(STATIC):
        return False
    if mode.of(datasette).login:
        return True
    return any(name == b"authorization" or (name == b"cookie" and SESSION in value) for name, value in scope["headers"])


def _kept_by_one(headers: list[tuple[bytes, bytes]]) -> list[tuple[bytes, bytes]]:
    """The headers, with which a shared cache keeps no copy: without a word some keep pictures and CSV for hours."""
    said = next((value for name, value in headers if name == b"cache-control"), b"")
    if PRIVATE in said or b"no-store" in said:
        return headers
    # `_ttl` in an address says for how long, and is the visitor's.
    others = [(name, value) for name, value in headers if name != b"cache-control"]
    return [*others, (b"cache-control", b", ".join(filter(None, (PRIVATE, said))))]


def _is_https(datasette: Any, scope: dict[str, Any]) -> bool:
    """Whether the visitor's browser speaks HTTPS, to us or to a proxy before us."""
    forwarded = dict(scope["headers"]).get(b"x-forwarded-proto", b"").split(b",")[0].strip()
    return bool(scope.get("scheme") == "https" or forwarded == b"https" or datasette.setting("force_https_urls"))


def _secure(name: bytes, value: bytes, is_https: bool) -> bytes:
    """A cookie that a browser sends over HTTPS alone."""
    if name.lower() != b"set-cookie" or not is_https or b"secure" in value.lower().split(b"; "):
        return value
    return value + b"; Secure"
