"""Errors that tools write as objects, `{"error": {"type": "overloaded", "message": "Busy"}}`, as a sentence."""

import json
import re
from typing import Any

# What an object or a list of errors begins with.
OPENINGS = ("{", "[")
# Where the error is in what an API or a logger answers with.
HOLDERS = ("error", "err", "exception", "cause", "fault", "failure", "errors", "detail", "details")
CLASSES = (
    *("type", "name", "errortype", "error_type", "exc_type", "exception_type", "class", "code"),
    *("error_code", "status"),
)
# Beside its class: the code of an HTTP answer.
STATUSES = ("code", "status", "status_code", "statuscode", "httpcode", "http_status")
IS_STATUS = re.compile("[45][0-9][0-9]")
# Not text, title or content: an answer of a model has those, and is no message.
MESSAGES = (
    *("message", "msg", "errormessage", "error_message", "exc_message", "exception_message", "detail", "reason"),
    "error",
)
# What tools write where there is no error.
NOTHING = frozenset(
    {
        "",
        "-",
        "0",
        "{}",
        "[]",
        "false",
        "none",
        "null",
        "nil",
        "nan",
        "n/a",
        "<na>",
        "\\n",
        "(null)",
        "undefined",
        '""',
        "''",
    }
)
DEEPEST = 6


def error_text(text: str | None) -> str | None:
    """The message of an error, with its class or code before it where it is an object; None where it says nothing.

    A text that is no object is the message itself.
    """
    if text is None or (len(text) < 10 and text.strip().lower() in NOTHING):
        return None
    if not text.lstrip().startswith(OPENINGS):
        return text
    return _sentence(_parsed(text.strip())) or text


def _parsed(text: str) -> Any:
    """The object or list in a text, as JSON or as Python prints it; None for anything else."""
    for parse in (json.loads, _literal):
        try:
            return parse(text)
        except (ValueError, SyntaxError, RecursionError, MemoryError, TypeError):
            continue
    return None


def _literal(text: str) -> Any:
    # Few texts are what Python prints.
    import ast

    return ast.literal_eval(text)


def _sentence(value: Any, depth: int = 0) -> str | None:
    if isinstance(value, str):
        return value.strip() or None
    if isinstance(value, list) and value and depth < DEEPEST:
        found = [_sentence(item, depth + 1) for item in value[:3]]
        return "; ".join(filter(None, found)) or None
    if not isinstance(value, dict) or depth == DEEPEST:
        return None
    fields = {str(name).lower(): item for name, item in value.items()}
    held = next((fields[name] for name in HOLDERS if isinstance(fields.get(name), (dict, list)) and fields[name]), None)
    inner = _sentence(held, depth + 1) if held is not None else None
    message = inner or next((item for name in MESSAGES if isinstance(item := fields.get(name), str) and item), None)
    if message is None:
        return None
    # The object within may have said it.
    kind = next((str(item) for name in CLASSES if isinstance(item := fields.get(name), (str, int)) and item), "")
    status = next((str(item) for name in STATUSES if IS_STATUS.fullmatch(str(item := fields.get(name, "")))), "")
    if inner or not kind or message.startswith(kind):
        return message
    return f"{kind}: {message}" if not status or status in f"{kind} {message}" else f"{kind} ({status}): {message}"
