"""JSON documents: small ones are read at once, the lists of large ones an item at a time.

A helper of the sources: it names no system. A document is a list of records, or an object whose `data`, `records` or
`rows` is one (also `items` or `results` where nothing else stands beside it), or else one record.
"""

import codecs
import io
import json
import re
from collections.abc import Iterator, Sequence
from itertools import chain
from pathlib import Path
from typing import Any

from .lines import damage_of, opened

# A larger document is read an item at a time where it is a list; otherwise it may be so large.
AT_ONCE = 8 * 1024 * 1024
LARGEST_DOCUMENT = 64 * 1024 * 1024
LISTS = ("data", "records")
# The rows of a table, whatever is said of it.
ROWS = ("rows",)
# Lists of records only beside the words of a page.
PAGED = ("items", "results")
ALL_LISTS = (*LISTS, *ROWS, *PAGED)
# Beside it a list is one answer of a model: its vectors, images or ranked documents.
USAGE = "usage"
ANSWERED = frozenset(("embedding", "b64_json", "relevance_score"))
# What a page of an API says beside its list of records.
PAGE = frozenset(
    (
        *("data", "meta", "object", "has_more", "next_page", "previous_page", "next", "previous", "prev", "links"),
        *("total", "count", "page", "pages", "page_size", "size", "offset", "per_page", "limit", "total_pages"),
        *("total_items", "pagination"),
        *("first_id", "last_id", "next_cursor", "nextCursor", "success", "error", "status", "extra"),
    )
)
BROKEN = "the file is broken JSON"
TOO_DEEP = "nested too deeply: leave out what lies so deep"
# Between two documents that follow each other.
MOST_BLANKS = 1000
BLANK = re.compile(r"[ \t\r\n]*")

# (number, fields, None) or (number, None, problem)
Record = tuple[int, dict[str, Any] | None, str | None]


def records(path: Path) -> Iterator[Record]:
    """(number, fields, None) or (number, None, problem) of each record of a document."""
    with opened(path) as file:
        content = file.read(AT_ONCE + 1)
        if len(content) <= AT_ONCE:
            yield from _of(content, damage_of(file))
            return
    del content
    with opened(path) as file:
        stream = _Stream(file)
        try:
            is_object = stream.peek() == "{"
            has_list = stream.enter_list()
        except (ValueError, RecursionError):
            has_list = False
        items = _items(stream, file) if has_list else iter(())
        first = next(items, None)
        is_answer = first is not None and is_object and bool((first[1] or {}).keys() & ANSWERED)
        if has_list and not is_answer:
            yield from chain([first] if first else [], items)
            return
    yield from _whole(path)


def is_whole(path: Path) -> bool:
    """Whether a file is one JSON document, of a size that is read at once."""
    with opened(path) as file:
        content = file.read(LARGEST_DOCUMENT + 1)
    try:
        return len(content) <= LARGEST_DOCUMENT and json.loads(content) is not None
    except ValueError:
        return bool(_following(content))
    except RecursionError:
        return False


def _whole(path: Path) -> Iterator[Record]:
    """The records of a document that is no list, unless it is too large."""
    with opened(path) as file:
        content = file.read(LARGEST_DOCUMENT + 1)
        found = damage_of(file)
    if len(content) > LARGEST_DOCUMENT:
        yield 1, None, f"the JSON document is larger than {LARGEST_DOCUMENT} bytes: write one object a line"
    else:
        yield from _of(content, found)


def _of(content: bytes, found: str) -> Iterator[Record]:
    try:
        items = _listed(json.loads(content))
    except ValueError:
        items = [item for document in _following(content) for item in _listed(document)]
        if not items:
            yield 1, None, found or BROKEN
            return
    except RecursionError:
        yield 1, None, f"the file is {TOO_DEEP}"
        return
    for number, record in enumerate(items, start=1):
        yield _record(number, record)
    if found:
        yield len(items) + 1, None, found


def _listed(document: Any) -> list[Any]:
    """The records of a document."""
    if isinstance(document, dict):
        if isinstance(document.get(USAGE), dict):
            return [document]
        return next((document[key] for key in ALL_LISTS if _is_list(document, key)), [document])
    return [record for item in document for record in held_in(item)]


def _is_list(document: dict[str, Any], key: str) -> bool:
    """Whether the document's records are in the list of this name."""
    held = document.get(key)
    if not isinstance(held, list) or key in LISTS:
        return isinstance(held, list)
    is_alone = key in ROWS or document.keys() - {key} <= PAGE
    return is_alone and bool(held) and all(isinstance(record, dict) for record in held)


def held_in(item: Any) -> Sequence[Any]:
    """The records of an item of a list or of a line: of a page of an API, or a group of spans, each of its own."""
    if isinstance(item, list):
        return item
    held = item.get("data") if isinstance(item, dict) else None
    is_page = isinstance(held, list) and item.keys() <= PAGE and all(isinstance(record, dict) for record in held)
    return held if is_page and held else (item,)


def _following(content: bytes) -> list[Any]:
    """The documents of a file, one after the other as `gh api --paginate` and jq write them; none if one is broken."""
    decode = json.JSONDecoder().raw_decode
    documents, at = [], 0
    try:
        text = content.decode("utf-8-sig").strip()
        while at < len(text):
            document, at = decode(text, at)
            at += len(text[at : at + MOST_BLANKS]) - len(text[at : at + MOST_BLANKS].lstrip())
            if not isinstance(document, (dict, list)):
                return []
            documents.append(document)
    except (ValueError, RecursionError):
        return []
    return documents


def _items(stream: "_Stream", file: io.BufferedReader) -> Iterator[Record]:
    """The items of a list, each as it is read; what comes after the list is not looked at."""
    number, problem, is_first = 0, "", True
    try:
        while stream.peek() != "]":
            if not is_first:
                stream.take(",")
            item = stream.value()
            for record in held_in(item):
                number += 1
                yield _record(number, record)
            is_first = False
    except ValueError:
        problem = BROKEN
    except RecursionError:
        problem = f"the file is {TOO_DEEP}"
    if problem := damage_of(file) or problem:
        yield number + 1, None, problem


def _record(number: int, record: Any) -> Record:
    return (number, record, None) if isinstance(record, dict) else (number, None, "the item is no JSON object")


class _Stream:
    """A JSON text that is read a value at a time: never more of it than twice the value is held."""

    def __init__(self, file: io.BufferedReader):
        self._file = file
        self._decoder = codecs.getincrementaldecoder("utf-8-sig")()
        self._decode = json.JSONDecoder().raw_decode
        self._text, self._at, self._is_end = "", 0, False

    def enter_list(self) -> bool:
        """Go to the first item of the document's list of records; False where it has none. ValueError if broken."""
        if self.peek() == "[":
            self.take("[")
            return True
        self.take("{")
        while self.peek() == '"':
            name = self.value()
            self.take(":")
            if name in (*LISTS, *ROWS) and self.peek() == "[":
                self.take("[")
                return True
            self.value()
            if self.peek() == ",":
                self.take(",")
        return False

    def peek(self) -> str:
        """The next character that is not blank; '' at the end."""
        while True:
            if blank := BLANK.match(self._text, self._at):
                self._at = blank.end()
            if self._at < len(self._text) or self._is_end:
                return self._text[self._at : self._at + 1]
            self._read_on()

    def take(self, mark: str) -> None:
        """Pass over a character that must come next; ValueError where another one does."""
        if self.peek() != mark:
            raise ValueError(f"{mark} is missing")
        self._at += 1

    def value(self) -> Any:
        """The value that comes next; ValueError where it is broken or too large, RecursionError if it is too deep."""
        self.peek()
        while True:
            try:
                value, end = self._decode(self._text, self._at)
            except ValueError:
                if self._is_end or len(self._text) - self._at > LARGEST_DOCUMENT:
                    raise
            else:
                # A number at the end may go on.
                if end < len(self._text) or self._is_end:
                    self._at = end
                    return value
            self._read_on()

    def _read_on(self) -> None:
        """Read on as far as the value reaches already, so that a long one is tried only a few times."""
        held = self._text[self._at :]
        block = self._file.read(max(len(held), 1 << 16))
        self._is_end = not block
        self._text, self._at = held + self._decoder.decode(block, final=self._is_end), 0
