"""How much a request may hold, and which paths: what is beyond costs Datasette more than it is worth."""

import asyncio
from collections.abc import Sequence
from typing import Any
from urllib.parse import parse_qsl

from . import DATABASE, parameter_types, traffic

# Bytes of the path and of the query; SQL is the longest that people write.
PATH_BYTES = 4_096
QUERY_BYTES = 16_384
PARAMETERS = 100
NAME_LENGTH = 200
VALUE_LENGTH = 2_000
FACETS = 5
BODY_BYTES = 1 << 20
# For the whole body: whoever takes longer would keep a place from others.
BODY_SECONDS = 10
# What reads has a body where it has one of these.
BODY_HEADERS = {b"content-length", b"transfer-encoding"}
LONG = {"sql", "_where"}
METHODS = {"GET", "HEAD", "OPTIONS", "POST", "PUT", "PATCH", "DELETE"}

Pairs = Sequence[tuple[str, str]]
Refusal = tuple[int, str]


def refused(scope: dict[str, Any]) -> Refusal | None:
    """The status and the reason for a request that is too large, or leads elsewhere; None for others."""
    if scope["method"] not in METHODS:
        # Datasette's pages know no other, and one of them is safe for its check of forms: TRACE.
        return 405, "Use GET."
    path: bytes = scope.get("raw_path") or scope["path"].encode()
    if len(path) > PATH_BYTES:
        return 414, f"The address is longer than {PATH_BYTES:,} characters: shorten it."
    if path.startswith(b"//") or b"\\" in path:
        # Datasette leads from /a/ to /a, and a browser from //a or /\a to the site a.
        return 400, "The path begins with two slashes or has a backslash: write one slash, and %5C for a backslash."
    query: bytes = scope["query_string"]
    if len(query) > QUERY_BYTES:
        return 414, f"The parameters are longer than {QUERY_BYTES:,} characters together: shorten them."
    headers = dict(scope["headers"])
    if has_two_lengths(scope):
        # A proxy may go by the other one, and take the rest for the next visitor's request.
        return 400, "The request has a Content-Length and a Transfer-Encoding: send one of them."
    if headers.get(b"content-type", b"").lower().startswith(b"multipart/"):
        return 415, "No form here is sent as multipart: send application/x-www-form-urlencoded."
    length = headers.get(b"content-length", b"0")
    if not length.isdigit() or int(length) > BODY_BYTES:
        return 413, f"The request is larger than {BODY_BYTES:,} bytes: send less."
    if query.count(b"&") >= PARAMETERS:
        return 400, f"There are more than {PARAMETERS} parameters: leave some out."
    pairs = parse_qsl(query.decode("latin-1"), keep_blank_values=True)
    if f"/{DATABASE}/" in scope["path"] and (refused := _refused_here(pairs)):
        return refused
    return _refused_pairs(pairs)


def has_two_lengths(scope: dict[str, Any]) -> bool:
    """Whether a request says twice how long its body is: what follows on its connection may be of somebody else."""
    return {b"transfer-encoding", b"content-length"} <= {name for name, _ in scope["headers"]}


def _refused_here(pairs: Pairs) -> Refusal | None:
    """The same for what the tables of the report database lack."""
    for name, value in pairs:
        if name == "_facet_array":
            # Datasette 1.0 answers it with status 500.
            return 400, "The parameter _facet_array takes a column of lists, which no table here has: use _facet."
        if name in ("_fts_table", "_fts_pk"):
            # The search of one table would tell another one's texts to whoever may not see that.
            return 400, f"No table here takes {name}: search the errors with errors?_search=."
        if name == "_through" and not parameter_types.table_of(value).islower():
            # SQLite knows INPUTS, too, and who may see which table goes by their names as they are.
            return 400, "The parameter _through takes a table of this database: its name has small letters."
    return None


def _refused_pairs(pairs: Pairs) -> Refusal | None:
    for name, value in pairs:
        if len(name) > NAME_LENGTH or (len(value) > VALUE_LENGTH and name not in LONG):
            return 400, f"The parameter {name[:40]!r} is longer than {VALUE_LENGTH:,} characters: shorten it."
        if reason := parameter_types.wrong(name, value):
            return 400, reason
    if sum(name.startswith("_facet") and name != "_facet_size" for name, _ in pairs) > FACETS:
        return 400, f"There are more than {FACETS} facets: leave some out."
    return None


def bounded(scope: dict[str, Any], receive: Any) -> Any:
    """A request's messages, at most BODY_BYTES of them and within BODY_SECONDS: then the client counts as gone."""
    if scope["method"] in traffic.READS and BODY_HEADERS.isdisjoint(name for name, _ in scope["headers"]):
        # Nothing comes, and a clock for each page takes as long as all other checks.
        return receive
    size_bytes, is_whole, until = 0, False, 0.0

    async def next_message() -> Any:
        nonlocal size_bytes, is_whole, until
        if is_whole:
            return await receive()
        now = asyncio.get_running_loop().time()
        until = until or now + BODY_SECONDS
        try:
            message = await asyncio.wait_for(receive(), until - now)
        except asyncio.TimeoutError:
            return {"type": "http.disconnect"}
        body = message.get("body") or b""
        size_bytes, is_whole = size_bytes + len(body), not message.get("more_body")
        if size_bytes > BODY_BYTES:
            return {"type": "http.disconnect"}
        # Forms and JSON are read as UTF-8, and their percent escapes are ASCII: other bytes would be a traceback.
        return message if body.isascii() else {**message, "body": body.decode(errors="replace").encode()}

    return next_message
