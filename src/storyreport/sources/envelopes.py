"""Log lines as collectors and clouds wrap them, unwrapped: a line, and the time and level that its wrapper has.

A helper of the sources: it describes no system. Known are Google Cloud, CloudWatch (answers of its API, Insights,
subscriptions, `aws logs tail`), Lambda, Docker, Kubernetes, Compose, Heroku, syslog, journald, Loki, Datadog,
Elasticsearch, Splunk, pm2, Azure, Fluentd and GitHub Actions, and what loguru and tslog write.
"""

import json
import re
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any, NamedTuple

from ..readers import text as textfiles
from . import log_lines
from .recordfiles import object_in

# What an export calls the line, the first one that an entry has.
PAYLOADS = (
    *("jsonPayload", "textPayload", "log", "@message", "line", "MESSAGE", "_source", "Log_s", "LogMessage", "LogEntry"),
    *("log_s", "_raw"),
)
# What may be the line, where what is beside it shows that it was wrapped.
MESSAGE = "message"
BESIDE_MESSAGE = frozenset(("ingestionTime", "eventId", "logStreamName", "logStream", "logGroup", "id"))
TIMES = (
    *("timestamp", "time", "@timestamp", "ts", "TimeGenerated", "__REALTIME_TIMESTAMP", "receiveTimestamp"),
    *("TimeGenerated [UTC]", "eventTime", "dt", "_time", "@t", "Timestamp", "asctime", "datetime", "timeMillis"),
)
LEVELS = (
    *("severity", "levelname", "level_name", "level", "log.level", "log_level", "PRIORITY", "status", "Level"),
    *("LogLevel", "@l"),
)
# The words of clouds, journald, pino and others → winston's.
LEVEL_WORDS = {
    **dict.fromkeys(("emergency", "emerg", "alert", "critical", "crit", "err", "0", "1", "2", "3", "50"), "error"),
    **dict.fromkeys(("warning", "wrn", "4", "40"), "warn"),
    **dict.fromkeys(("default", "notice", "information", "inf", "5", "6", "30"), "info"),
    **dict.fromkeys(("dbg", "7", "20"), "debug"),
    **dict.fromkeys(("trc", "10"), "trace"),
    **dict.fromkeys(("ftl", "60"), "fatal"),
}
# What holds the line, or its fields: of Splunk (a result, an event), Datadog, loguru and Azure.
HOLDERS = ("result", "content", "event", "record", "properties")
# The lists of entries in an answer.
LISTS = ("events", "logEvents", "results", "result", "data", "logs")
# How a line begins that has its level in it.
WITH_LEVEL = re.compile(r"(?:\x1b\[[0-9;]*m)*\[?(?:error|warn|info|http|verbose|debug|silly)\b[^:\s]{0,6}: ")
# How a table of Google Cloud's names the fields of what was written.
FLAT = "jsonPayload."
# How many wrappers may be around each other.
DEEPEST = 4
ISO = r"\d{4}-\d\d-\d\d[T ]\d\d:\d\d:\d\d(?:[.,]\d+)?(?:Z|[+-]\d\d:?\d\d)?"
# Lines as they are written on a node, and the longest that is put together.
CRI_PIECE = re.compile(rf"(?P<time>{ISO}) (?P<stream>stdout|stderr) (?P<end>[FP])(?::\S*)? ")
DOCKER_PIECE = re.compile(r'\{"log":"(?P<rest>(?:[^"\\]|\\.)*)(?P<after>","stream":"(?P<stream>\w+)".*\})', re.ASCII)
LONGEST = 8 * 1024 * 1024
NAIVE = re.compile(r"\d{4}-\d\d-\d\d[T ][\d:.]+")
# What collectors write before a line. Of a time without a year nothing is taken.
PREFIXES = tuple(
    re.compile(pattern)
    for pattern in (
        rf"(?P<time>{ISO}) (?:stdout|stderr) [FP] ",
        rf"(?P<time>{ISO})\t\S+\t(?P<level>[A-Z]+)\t",
        rf"(?P<time>{ISO}) (?:app|heroku|router)\[[\w.-]+\]: ",
        rf"(?P<time>{ISO}) \S+ (?=\{{|\[?(?:error|warn|info|http|verbose|debug|silly)\]?: )",
        rf"(?P<time>{ISO}) (?=\[?{ISO}|\s{{2,}}(?:at|\.\.\.) )",
        rf"(?:<\d+>)?1 (?P<time>{ISO}) \S+ \S+ \S+ \S+ (?:-|\[[^\]]*\]) ",
        rf"(?:<\d+>)?(?:1 )?(?P<time>{ISO}) \S+ [\w./-]+(?:\[\d+\])?: ",
        r"(?:<\d+>)?[A-Z][a-z]{2} [ \d]\d \d\d:\d\d:\d\d \S+ [\w./-]+(?:\[\d+\])?: ",
        r"\[(?:pod|container)/[^\]\s]+\] ",
        r"(?:\d+\|)?[\w./-]+\s*\| ",
        rf"(?P<time>{ISO}) (?=\{{)",
        # Fluentd's, and those of a job of GitHub Actions.
        rf"(?P<time>{ISO})\t[\w.-]+\t(?=\{{)",
        rf"[^\t{{]+\t[^\t{{]+\t\ufeff?(?={ISO} )",
    )
)


class Wrapped(NamedTuple):
    """A line without its wrappers, and what these say: a time and a level, or None."""

    payload: str | dict[str, Any]
    time: Any = None
    level: str | None = None


class _Piece(NamedTuple):
    """A line of a container's runtime: what stands before and after what the container has written."""

    stream: str
    before: str
    rest: str
    after: str
    is_last: bool


def texts(path: Path) -> Iterator[textfiles.Line]:
    """The lines of a log, or the entries of an export that is one JSON document or a table, each as a line."""
    if _is_export(path):
        for number, record, problem in textfiles.records(path):
            entries = None if record is None else listed(record) or [record]
            yield from ((number, json.dumps(entry), None) for entry in entries or ())
            if problem:
                yield number, None, problem
        return
    for number, text, problem in _whole(textfiles.lines(path)):
        may_list = text and any(f'"{name}"' in text for name in (*LISTS, "values"))
        held = listed(object_in(text)) if text and may_list else None
        if held is None:
            yield number, text, problem
        yield from ((number, json.dumps(entry), None) for entry in held or ())


def _whole(lines: Iterable[textfiles.Line]) -> Iterator[textfiles.Line]:
    """The lines of a log, those that a container's runtime has cut into pieces of 16 KB as one, by their stream."""
    held: dict[str, tuple[int, str, str]] = {}
    for number, text, problem in lines:
        piece = _piece(text) if text and (held or _may_be_piece(text)) else None
        if piece is None or (piece.is_last and piece.stream not in held):
            yield number, text, problem
            continue
        begun, before, _ = held.pop(piece.stream, (number, piece.before, ""))
        whole = before + piece.rest
        if piece.is_last or len(whole) > LONGEST:
            yield begun, whole + piece.after, None
        else:
            held[piece.stream] = begun, whole, piece.after
    yield from ((number, whole + after, None) for number, whole, after in held.values())


def _may_be_piece(text: str) -> bool:
    """Whether a line may be a first piece, at a glance."""
    return (text.startswith('{"log":"') and '\\n","stream":' not in text) or " P" in text[:50]


def _piece(text: str) -> _Piece | None:
    """A line as a container's runtime writes it: Kubernetes marks pieces with P, Docker's end without a line break."""
    if found := CRI_PIECE.match(text):
        return _Piece(
            found["stream"], f"{found['time']} {found['stream']} F ", text[found.end() :], "", found["end"] == "F"
        )
    if found := DOCKER_PIECE.fullmatch(text):
        return _Piece(found["stream"], '{"log":"', found["rest"], found["after"], found["rest"].endswith("\\n"))
    return None


def unwrapped(text: str) -> Wrapped:
    """What is in a line of a log or an entry of an export."""
    payload: Any = object_in(text) or text
    time, level = None, None
    for _ in range(DEEPEST):
        found = _from_object(payload) if isinstance(payload, dict) else _from_text(payload)
        if found is None:
            break
        payload, time, level = found.payload, time or found.time, level or found.level
    return Wrapped(payload, time, level)


def within(record: Mapping[str, Any]) -> Mapping[str, Any]:
    """The object that a wrapped line is in JSON; the record itself where it wraps none."""
    found = _from_object(record)
    return found.payload if found and isinstance(found.payload, dict) else record


def level_word(value: Any) -> str | None:
    """Winston's word for a level."""
    word = str(value).lower() if isinstance(value, (str, int)) and not isinstance(value, bool) else None
    return LEVEL_WORDS.get(word, word) if word else None


def first(record: Mapping[str, Any], names: tuple[str, ...]) -> Any:
    """The first value of these names that is there and no object."""
    values = (record.get(name) for name in names)
    return next((value for value in values if value is not None and not isinstance(value, (dict, list))), None)


def _time(record: Mapping[str, Any]) -> Any:
    """The time of a wrapper; CloudWatch and Azure write UTC without saying so."""
    value = first(record, TIMES)
    is_utc = "@timestamp" in record or "TimeGenerated [UTC]" in record
    return f"{value}Z" if is_utc and isinstance(value, str) and NAIVE.fullmatch(value) else value


def _is_export(path: Path) -> bool:
    """Whether a file is one document or a table of wrapped lines, and not a log of lines."""
    texts = (text for _, text, _ in textfiles.lines(path) if text)
    beginning = next(texts, "")
    if beginning.strip() == "{" and log_lines.OPENED.match(next(texts, "")):
        return False
    beginning = log_lines.uncoloured(beginning).lstrip()
    if beginning.startswith("["):
        return not re.match(r"\[[\w:.,+ /-]+\]", beginning)
    if beginning.startswith("{"):
        return not object_in(beginning) and textfiles.form(path) == "document"
    header = {name.strip().strip('"') for name in re.split(r"[,;\t]", beginning)}
    return len(header) > 1 and any(name in PAYLOADS or name.startswith(FLAT) for name in header)


def listed(record: Mapping[str, Any]) -> list[dict[str, Any]] | None:
    """The entries of an answer; None where it has none."""
    data = record.get("data")
    holders = (record, data) if isinstance(data, dict) else (record,)
    held = next((holder[name] for holder in holders for name in LISTS if isinstance(holder.get(name), list)), None)
    if isinstance(record.get("stream"), dict) and isinstance(record.get("values"), list):
        held = [record]
    if held is None:
        return None
    entries = []
    for item in held:
        if isinstance(item, list):
            # Insights has a list of cells for each line.
            entries.append({str(cell.get("field")): cell.get("value") for cell in item if isinstance(cell, dict)})
        elif isinstance(item, dict):
            entries += _of_loki(item) if isinstance(item.get("values"), list) else [item]
    return entries


def _of_loki(stream: Mapping[str, Any]) -> list[dict[str, Any]]:
    pairs = (value for value in stream["values"] if isinstance(value, list) and len(value) >= 2)
    return [{"ts": pair[0], "line": pair[1]} for pair in pairs]


def _payload_name(record: Mapping[str, Any]) -> str | None:
    """The field that holds the line; a message is one where it is a line of its own, or has none of its level."""
    if not record.keys().isdisjoint(PAYLOADS):
        return next(name for name in PAYLOADS if name in record)
    message = record.get(MESSAGE)
    if not isinstance(message, str):
        return None
    inner = object_in(message)
    is_wrapped = isinstance(inner.get(MESSAGE), str) or isinstance(inner.get("msg"), str)
    has_no_level = first(record, LEVELS) is None and ("@timestamp" in record or WITH_LEVEL.match(message))
    return MESSAGE if is_wrapped or has_no_level or record.keys() & BESIDE_MESSAGE else None


def _held(record: Mapping[str, Any]) -> Wrapped | None:
    """The object that holds the line, of loggers that put it into one; loguru has objects of its level and time."""
    if record.keys().isdisjoint(HOLDERS) or not record.keys().isdisjoint((MESSAGE, "msg")):
        return None
    objects = (inside for name in HOLDERS if isinstance(inside := record.get(name), dict))
    inside = next((inside for inside in objects if inside.keys() & {"_raw", MESSAGE}), None)
    if inside is None:
        return None
    level, time = inside.get("level"), inside.get("time")
    return Wrapped(
        inside,
        time.get("timestamp") if isinstance(time, dict) else _time(record),
        level_word(level.get("name") if isinstance(level, dict) else first(record, LEVELS)),
    )


def _of_tslog(record: Mapping[str, Any]) -> Wrapped:
    """tslog numbers what was logged."""
    meta, fields = record["_meta"], record.get("1")
    said = {**(fields if isinstance(fields, dict) else {}), MESSAGE: record["0"]}
    return Wrapped(said, meta.get("date"), level_word(meta.get("logLevelName")))


def _of_datadog(record: Mapping[str, Any]) -> Wrapped | None:
    """Datadog has what the service wrote beside its message."""
    attributes = record.get("attributes")
    if not isinstance(attributes, dict) or MESSAGE in record:
        return None
    own = attributes.get("attributes")
    return Wrapped({**(own if isinstance(own, dict) else {}), **attributes, "attributes": None})


def _from_object(record: Mapping[str, Any]) -> Wrapped | None:
    """What an object wraps; None for one that is itself the line."""
    if any(name.startswith(FLAT) for name in record):
        flat = {name.removeprefix(FLAT): value for name, value in record.items() if name.startswith(FLAT)}
        return Wrapped(flat, _time(record), level_word(first(record, LEVELS)))
    if isinstance(record.get("@fields"), dict):
        # What logstash's form of winston has beside its message.
        return None
    name = _payload_name(record)
    if name is None and (held := _held(record)):
        return held
    if isinstance(line := record.get("event"), str) and "sourcetype" in record:
        return Wrapped(object_in(line) or line, _time(record))
    if isinstance(record.get("_meta"), dict) and isinstance(record.get("0"), str):
        return _of_tslog(record)
    if name is None:
        return _of_datadog(record)
    payload = record[name]
    if not isinstance(payload, dict):
        payload = object_in(str(payload)) or str(payload)
    return Wrapped(payload, _time(record), level_word(first(record, LEVELS)))


def _from_text(text: str) -> Wrapped | None:
    """What a line has behind a collector's prefix; None where it has none."""
    for pattern in PREFIXES:
        if found := pattern.match(text):
            rest = text[found.end() :]
            named = found.groupdict()
            return Wrapped(object_in(rest) or rest, named.get("time"), level_word(named.get("level")))
    return None
