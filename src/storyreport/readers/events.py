"""Server-sent events as they came over HTTP and were saved: the JSON of each `data:` line is a record.

A helper of the sources: it names no system. Heartbeats, comments and the mark of the end are passed over.
"""

import json
import re
from collections.abc import Iterable, Iterator
from typing import Any

from . import documents
from .lines import Place, lines

FIELD = re.compile(r"(?:data|event|id|retry)?:")
DATA, EVENT = "data:", "event:"
# What OpenAI's streams end with.
DONE = "[DONE]"


def are_events(beginning: Iterable[str]) -> bool:
    """Whether the first lines of a file are those of events, one of them with an object."""
    found = list(beginning)
    is_event = bool(found) and bool(FIELD.match(found[0]))
    return is_event and any(text.startswith(DATA) and _data(text).startswith("{") for text in found)


def records(place: Place) -> Iterator[documents.Record]:
    """(number, fields, None) or (number, None, problem) of each event; its `type` is its name where it has none."""
    name = ""
    for number, text, problem in lines(place):
        if text is None:
            yield number, None, problem
        elif text.startswith(EVENT):
            name = text.removeprefix(EVENT).strip()
        elif text.startswith(DATA) and (data := _data(text)) != DONE:
            yield _record(number, data, name)
            name = ""


def _data(text: str) -> str:
    return text.removeprefix(DATA).strip()


def _record(number: int, data: str, name: str) -> documents.Record:
    try:
        record: Any = json.loads(data)
    except ValueError:
        return number, None, "the event is broken JSON"
    except RecursionError:
        return number, None, f"the event is {documents.TOO_DEEP}"
    if not isinstance(record, dict):
        return number, None, "the event is no JSON object"
    return number, {"type": name, **record} if name else record, None
