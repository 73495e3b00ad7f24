"""Datasette's own CSV downloads, made safe for spreadsheets."""

import csv
import io
from typing import Any
from urllib.parse import parse_qs

from ..terminal.spreadsheets import safe_rows

# Longer than any row of a report database; the module's own limit is 128 KiB.
LONGEST_CELL = 1 << 24


def is_download(scope: dict[str, Any]) -> bool:
    """Whether the address is a CSV file to download, and not asked for as it is."""
    if b"_dl" not in scope["query_string"] or b"_raw=on" in scope["query_string"]:
        return False
    query = parse_qs(scope["query_string"].decode("latin-1"))
    return bool(query.get("_dl")) and (scope["path"].endswith(".csv") or query.get("_format") == ["csv"])


def safe(send: Any) -> Any:
    """Send a CSV response with no cell that a spreadsheet would run."""
    is_csv = False
    rest = ""

    async def sent(message: dict[str, Any]) -> None:
        nonlocal is_csv, rest
        if message["type"] == "http.response.start":
            headers = [(name, value) for name, value in message["headers"] if name.lower() != b"content-length"]
            is_csv = message["status"] == 200 and any(value.startswith(b"text/csv") for _, value in headers)
            message = {**message, "headers": headers} if is_csv else message
        elif is_csv:
            rest += message.get("body", b"").decode("utf-8")
            body = ""
            # A row may be in several messages: it is whole where its quotes are.
            if not message.get("more_body") or (rest.endswith("\n") and rest.count('"') % 2 == 0):
                body, rest = _safe(rest), ""
            message = {**message, "body": body.encode("utf-8")}
        await send(message)

    return sent


def _safe(text: str) -> str:
    safe_text = io.StringIO()
    # Before Python 3.11 the module reads no NUL.
    rows = csv.reader(io.StringIO(text.replace("\0", ""), newline=""))
    # The limit is the process's, whose other readers keep theirs.
    usual_limit = csv.field_size_limit(LONGEST_CELL)
    try:
        csv.writer(safe_text).writerows(safe_rows(rows))
    finally:
        csv.field_size_limit(usual_limit)
    return safe_text.getvalue()
