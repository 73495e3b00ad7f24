"""Lines of a service's log as loggers print them for people, in colour or not: winston, pino-pretty, log4js, logfmt, ….

A helper of the workflow source: it describes no system.
"""

import json
import os
import re
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

from ..readers.lines import GZIP_MAGIC
from ..readers.text import Line
from .recordfiles import object_in

# What a logger puts around a level or a line: colours, and what clears the rest of the line. Collectors write out the
# escape before it (rsyslog #033, others \\u001b, ^[), or leave it out; the end of a colour shows that these are some.
COLOUR = re.compile(r"(?:\x1b|\^\[|#033|\\(?:x1b|u001b|033|e))\[[0-9;]*[mK]|\[\d[0-9;]{0,20}m", re.IGNORECASE)
COLOUR_ENDS = ("[39m", "[0m", "[22m")
LEVEL = r"(?P<level>error|warn|warning|info|http|verbose|debug|silly|fatal|trace|emerg|alert|crit|critical|notice)"
SHORT = r"(?P<level>TRC|DBG|INF|WRN|ERR|FTL)"
TIME = r"\[?(?P<time>\d{4}[/-]\d\d[/-]\d\d[T ][\d:.,]+(?:\s?(?:Z|[+-]\d\d:?\d\d))?)\]?:?"
SAID = r"(?P<said>.*?)(?:\s\+\d+ms)?"
# pino-pretty: [10:00:00.000] INFO (name/123 on host): message
PRETTY = rf"(?:{TIME}|\[[\d:.]+\])\s+{LEVEL}(?: \([^()]*\))?:\s{SAID}"
FORMS = tuple(
    re.compile(form, re.IGNORECASE)
    for form in (
        # winston: info: message, [info]: message; bunyan: INFO: name/1 on host: message
        rf"(?:{TIME}\s+)?\[?{LEVEL}\]?:\s+(?:[\w.-]+/\d+ on [\w.-]+: )?{SAID}",
        # log4js: [time] [INFO] default - message
        rf"(?:{TIME}\s+)?\[{LEVEL}\]\s+(?:[\w.-]+ - )?{SAID}",
        PRETTY,
    )
)
# Those that begin with a time.
TIMED_FORMS = tuple(
    re.compile(form, re.IGNORECASE)
    for form in (
        # Python, log4j and Spring: time - name - INFO - message, time INFO [thread] name - message
        rf"{TIME} (?:- [\w.]+ - )?\[?{LEVEL}\s*\]?(?: \d+ ---)?(?: +\[[^\]]*\])?(?: [\w.$]+)? *(?:- |: ){SAID}",
        # zap: time, level, caller, message and fields, between tabs
        rf"{TIME}\t{LEVEL}\t(?:[\w./-]+:\d+\t)?{SAID}",
        # Serilog: time [INF] message; zerolog: time INF message name=value
        rf"(?:{TIME}|[\d:]+(?:AM|PM)?) \[?{SHORT}\]? (?:\S+:\d+ > )?{SAID}",
        # structlog: time [info     ] message   name=value
        rf"{TIME} \[{LEVEL}\s*\] (?P<said>.*?)",
    )
)
IS_PRETTY = re.compile(PRETTY, re.IGNORECASE)
# Below its line pino-pretty has the fields, and within those the ones of an error.
BELOW = re.compile(r"\s{4}\s*\S.*")
FIELD_BELOW = re.compile(r"\s{4}(\w{1,40}): (\"[^\"]*\"|[\w.-]+)")
MESSAGE_BELOW = re.compile(r"\s{6}\"message\": (\"[^\"]*\"),?")
# What stands before the fields behind a message, and how these begin.
BEFORE_FIELDS = re.compile(r"\s\{")
FIELDS = re.compile(r"""\{\s*(?:["']|\w+\s*:|$)""")
# The fields that are read from objects as Node prints them, { runId: 'r1' }.
PRINTED = re.compile(
    r"(?:^\s*\{|,)\s*(level|message|runId|run_id|storyId|story_id|error|timestamp): "
    r"(?:'([^']*)'|\"([^\"]*)\"|([\w.:-]+))"
)
# The same as structlog, zerolog and bunyan print them behind a message: runId=r1 storyId=s0, (runId=r1, storyId=s0)
VALUE = r"""(?:"(?:[^"\\]|\\.)*"|'(?:[^'\\]|\\.)*'|[^\s"',)]*)"""
# Forty pairs at most: a line of nothing else is looked through once, and not again from each of its pairs.
PAIRS_BEHIND = re.compile(rf"(?<!\s)\s+\(?(?P<pairs>(?:[A-Za-z_][\w.]*={VALUE}(?:,?\s+|(?=\)?$))){{1,40}})\)?$")
LONGEST = 2000
READ_PAIR = re.compile(rf"(?<!\S)(runId|run_id|storyId|story_id|error|timestamp)=({VALUE})")
# How such an object goes on below its brace, where JSON has a name in quotes; and how many lines it may have.
OPENED = re.compile(r"\s+(?:\w+|'[^']*'|\[Symbol\(\w+\)\]): ")
LONGEST_OBJECT = 200
# level=info msg="a message" runId=r1
LOGFMT = re.compile(r"(?:[A-Za-z_@][\w.@-]*=(?:\"(?:[^\"\\]|\\.)*\"|[^\s\"]*)(?:\s+|$))+")
PAIR = re.compile(r"([A-Za-z_@][\w.@-]*)=(?:\"((?:[^\"\\]|\\.)*)\"|([^\s\"]*))")


def uncoloured(text: str) -> str:
    """A line without colours."""
    return COLOUR.sub("", text) if "\x1b" in text or any(end in text for end in COLOUR_ENDS) else text


def parsed(text: str) -> dict[str, Any] | None:
    """The fields of a line without colours, with its level, message and timestamp; None where it is in no form."""
    text = text.strip()
    forms = (*FORMS, *TIMED_FORMS) if text[:1].isdigit() or text[:1] == "[" else FORMS
    match = next((match for form in forms if (match := form.fullmatch(text))), None)
    if match is None:
        return _printed(text) if text.startswith("{") else _of_pairs(text)
    message, held = _parts(match["said"])
    fields = object_in(held) or _printed(held)
    has_pairs = "=" in message and len(message) <= LONGEST
    if has_pairs and (behind := PAIRS_BEHIND.search(message)) and (pairs := READ_PAIR.findall(behind["pairs"])):
        message, fields = message[: behind.start()], {name: value.strip("\"'") for name, value in pairs} | fields
    said = {"level": match["level"], "message": without_fields(message)}
    return {**fields, **said, "timestamp": match["time"] or fields.get("timestamp")}


def _parts(said: str) -> tuple[str, str]:
    """The message and the fields behind it; '{}' where there are none."""
    begun = BEFORE_FIELDS.search(said) if said.endswith("}") else None
    return (said[: begun.start()], said[begun.start() :]) if begun else (said, "{}")


def _printed(text: str) -> dict[str, Any]:
    """The fields of an object as Node prints it, the first of each name."""
    found = PRINTED.findall(text)
    return {name: next(filter(None, values), "") for name, *values in reversed(found)}


def folded(lines: Iterable[Line]) -> Iterator[Line]:
    """The lines of a log, those of an object that Node has printed over several lines as one."""
    held: list[Line] = []
    for number, text, problem in lines:
        bare = uncoloured(text or "")
        if held or bare == "{":
            held.append((number, text, problem))
            if bare == "}":
                yield held[0][0], " ".join((line or "").strip() for _, line, _ in held), None
            elif len(held) <= LONGEST_OBJECT and not (len(held) == 2 and not OPENED.match(bare)):
                continue
            else:
                yield from held
            held = []
        else:
            yield number, text, problem
    yield from held


def joined(lines: Iterable[Line]) -> Iterator[Line]:
    """The lines of a log, those of pino-pretty with the fields below them."""
    held: Line | None = None
    fields: dict[str, Any] = {}
    for number, text, problem in folded(lines):
        bare = uncoloured(text or "")
        if held and BELOW.fullmatch(bare):
            if found := FIELD_BELOW.fullmatch(bare) or MESSAGE_BELOW.fullmatch(bare):
                name, value = ("error", found[1]) if found.re is MESSAGE_BELOW else found.groups()
                fields.setdefault(name, value.strip('"'))
            continue
        if held:
            yield _with_fields(held, fields)
        held, fields = ((number, text, problem), {}) if IS_PRETTY.fullmatch(bare) else (None, {})
        if not held:
            yield number, text, problem
    if held:
        yield _with_fields(held, fields)


def without_fields(message: str) -> str:
    """A message up to where fields begin that are cut off or glued to it: a prompt may be in them."""
    begun = FIELDS.search(message)
    unclosed = message.find("{", message.rfind("}") + 1)
    ends = [begun.start() if begun else -1, unclosed]
    return message[: min((end for end in ends if end >= 0), default=None)].rstrip()


def _with_fields(line: Line, fields: dict[str, Any]) -> Line:
    number, text, problem = line
    return number, f"{text} {json.dumps(fields)}" if fields else text, problem


def _of_pairs(text: str) -> dict[str, Any] | None:
    """The fields of a line in logfmt that has a message."""
    if not LOGFMT.fullmatch(text):
        return None
    fields = {name: said.replace('\\"', '"') or word for name, said, word in PAIR.findall(text)}
    return fields if "msg" in fields or "message" in fields else None


def ends(path: Path) -> bool:
    """Whether a file ends with a whole line: a line end, or the bracket of an object."""
    with path.open("rb") as file:
        is_packed = file.read(len(GZIP_MAGIC)) == GZIP_MAGIC
        file.seek(-1, os.SEEK_END)
        return is_packed or file.read(1) in (b"\n", b"}", b"]")
