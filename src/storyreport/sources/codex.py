"""Codex CLI's sessions: one rollout-*.jsonl a session, or the folder (`~/.codex`, `sessions`) that holds them.

A session counts its tokens up; a call is an increase of the counters. Counts are written again without a call, and
a forked session or a sub-agent may begin with those of its parent: neither is a call. Newer versions record each
response, too: also those that summarize a conversation, which the counters leave out. Prompts, answers, folders and
branches are never staged; of a session's id, a digest is. Files that Codex compressed with Zstandard are not read.
"""

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from datetime import datetime, timedelta, timezone
from pathlib import Path
from typing import Any

from ..readers import text as textfiles
from . import System, Type, recordfiles
from .moments import zoned

# codex-rs: protocol/src/protocol.rs, TokenUsage.
COUNTERS = (
    "input_tokens",
    "cached_input_tokens",
    "cache_write_input_tokens",
    "output_tokens",
    "reasoning_output_tokens",
)
# A copy of the parent's counts is written at once; no call of its own has ended by then.
COPIED_WITHIN = timedelta(milliseconds=2500)
NAMED = re.compile(r"rollout-(\d{4}-\d\d-\d\dT\d\d-\d\d-\d\d)")
HOMES = ("archived_sessions", "sessions")
# sessions/2026/05/13/rollout-….jsonl
DEEPEST = 4

USAGE = recordfiles.table(
    {
        "session": Type.KEY,
        "usage_id": Type.KEY,
        "timestamp": Type.UTC,
        "provider": Type.WORD,
        "model": Type.WORD,
        "service_tier": Type.WORD,
        **dict.fromkeys(COUNTERS, Type.COUNT),
    },
    required=("usage_id",),
)
Counts = tuple[int, ...]
Counted = dict[str, set[Counts]]


def is_ours(record: Mapping[str, Any]) -> bool:
    """Whether a line is in Codex's envelope: the description of a session, or its usage."""
    payload, kind = record.get("payload"), record.get("type")
    if not isinstance(payload, dict) or "timestamp" not in record:
        return False
    if kind == "session_meta":
        return "id" in payload and bool({"cwd", "originator", "cli_version"} & payload.keys())
    return kind == "event_msg" and payload.get("type") == "token_count"


def files(folder: Path) -> Iterator[Path]:
    """The sessions below a folder, those that began first come first; a folder of sessions has nothing else."""
    homes = [home for name in HOMES if (home := folder / name).is_dir()]
    name = "*" if homes or folder.name in HOMES else "rollout-*"
    names = (f"{name}.jsonl", f"{name}.jsonl.gz")
    found = (file for home in homes or [folder] for file in recordfiles.below(home, *names, deepest=DEEPEST))
    # A child may be archived before its parent is.
    yield from sorted(found, key=_beginning)


def _beginning(file: Path) -> tuple[str, str]:
    """When a session began, by its file's name or its first line."""
    if named := NAMED.match(file.name):
        return named[1], file.name
    _, record, _ = next(iter(textfiles.first_records(file, 1)), (0, None, None))
    moment = zoned((record or {}).get("timestamp"))
    return (moment.astimezone(timezone.utc).strftime("%Y-%m-%dT%H-%M-%S") if moment else ""), file.name


def read(file: Path, records: Iterable[textfiles.Record], counted: Counted) -> Iterator[recordfiles.Item]:
    """A row for each call of a session; `counted` has the counts of the sessions before."""
    session = _Session(file, counted)
    for number, record, problem in records:
        if record is None:
            yield number, None, problem
            continue
        try:
            row = session.row(record)
        except textfiles.BrokenRecord as error:
            yield number, None, str(error)
            continue
        if row is not None:
            yield number, row, None


class _Session:
    """A session as far as it has been read."""

    def __init__(self, file: Path, counted: Counted):
        self.counted = counted
        self.key = recordfiles.digest(file.name)
        self.parent: str | None = None
        self.is_known = False
        self.is_copying = True
        self.is_stamped_again = False
        self.began: datetime | None = None
        self.provider: Any = None
        self.model: Any = None
        self.tier: Any = None
        self.before: Counts | None = None
        self.resets = 0
        self.recorded: set[str] = set()
        # A response is recorded and counted, mostly in this order: what only one of the two has said so far.
        self.is_recorded = False
        self.unrecorded: Counts | None = None

    def row(self, record: Mapping[str, Any]) -> recordfiles.Row | None:
        """The call that a line records, if it does."""
        payload, kind = record.get("payload"), record.get("type")
        if not isinstance(payload, dict):
            return None
        if kind == "session_meta":
            self._open(record, payload)
        elif kind == "turn_context":
            self._set(payload)
        elif kind == "event_msg" and payload.get("type") == "thread_settings_applied":
            self._set(textfiles.object_in(payload, "thread_settings"))
        elif kind == "event_msg" and payload.get("type") == "token_count":
            return self._counted(record, payload)
        elif kind == "token_usage_record":
            return self._recorded(record, payload)
        return None

    def _counted(self, record: Mapping[str, Any], payload: Mapping[str, Any]) -> recordfiles.Row | None:
        """The call by which the counters have increased, unless it has been recorded."""
        used, usage_id = self._used(payload, record.get("timestamp"))
        if not used:
            return None
        is_known, self.is_recorded = self.is_recorded, False
        self.unrecorded = None if is_known else used
        return None if is_known else self._call(record, usage_id, used)

    def _recorded(self, record: Mapping[str, Any], payload: Mapping[str, Any]) -> recordfiles.Row | None:
        """The call of a response's record, unless it has been counted; none of a record of the parent's."""
        used = _counts(payload.get("usage"), "usage")
        name = str(payload.get("response_id") or record.get("timestamp"))
        is_own = recordfiles.digest(payload.get("thread_id")) in (None, self.key)
        if not used or not any(used) or not is_own or name in self.recorded:
            return None
        self.recorded.add(name)
        if used == self.unrecorded:
            self.unrecorded = None
            return None
        self.is_recorded = True
        return self._call(record, recordfiles.digest(name) or "", used)

    def _call(self, record: Mapping[str, Any], usage_id: str, used: Counts) -> recordfiles.Row:
        """The row of a call that used these tokens."""
        tier = record["payload"].get("service_tier") or self.tier
        return {
            "session": self.key,
            "usage_id": usage_id,
            "timestamp": record.get("timestamp"),
            "provider": self.provider,
            "model": self.model,
            "service_tier": textfiles.single(tier, "service_tier"),
            **dict(zip(COUNTERS, used, strict=True)),
        }

    def _set(self, settings: Mapping[str, Any]) -> None:
        """Read what holds from now on; since 0.140 a tier is among it, `priority` where the user asked for speed."""
        self.model = settings.get("model") or self.model
        if "service_tier" in settings:
            self.tier = textfiles.single(settings["service_tier"], "service_tier")

    def _open(self, record: Mapping[str, Any], payload: Mapping[str, Any]) -> None:
        """Read the description of a session; a parent's may follow its own."""
        if self.is_known:
            return
        spawned = recordfiles.inside(payload, "source", "subagent", "thread_spawn", "parent_thread_id")
        self.key = recordfiles.digest(payload.get("id")) or self.key
        self.parent = recordfiles.digest(payload.get("forked_from_id") or payload.get("parent_thread_id") or spawned)
        self.began = zoned(payload.get("timestamp")) or zoned(record.get("timestamp"))
        self.provider = payload.get("model_provider")
        self.is_known = True

    def _used(self, payload: Mapping[str, Any], timestamp: Any) -> tuple[Counts | None, str]:
        """The tokens used since the count before, and a name for them within the session."""
        total = _counts(recordfiles.inside(payload, "info", "total_token_usage"), "total_token_usage")
        last = _counts(recordfiles.inside(payload, "info", "last_token_usage"), "last_token_usage")
        if total is None:
            # Without a total nothing says whether a count is repeated; its time does.
            return (last if last and any(last) else None), str(timestamp)
        before, self.before = self.before, total
        is_copy = self._is_copy(total, timestamp)
        self.counted.setdefault(self.key or "", set()).add(total)
        if self.parent is not None:
            self.counted.setdefault(self.siblings, set()).add(total)
        if is_copy:
            return None, ""
        if before is None:
            # A sub-agent may go on from its parent's total.
            used = last or total
        elif any(now < then for now, then in zip(total, before, strict=True)):
            self.resets += 1
            used = last or total
        else:
            used = tuple(now - then for now, then in zip(total, before, strict=True))
        return (used if any(used) else None), f"{self.resets}.{'.'.join(map(str, total))}"

    def _is_copy(self, total: Counts, timestamp: Any) -> bool:
        """Whether a count at the beginning is one of the session that this one goes on from."""
        if not self.is_copying:
            return False
        moment = zoned(timestamp)
        is_early = bool(moment and self.began and moment < self.began)
        if self.parent is None:
            # Early versions wrote the whole conversation again into each session that resumed it.
            self.is_copying = is_early and any(total in counts for counts in self.counted.values())
        elif self.parent in self.counted:
            self.is_copying = is_early or total in self.counted[self.parent]
        elif is_early or (moment and self.began and moment <= self.began + COPIED_WITHIN):
            self.is_stamped_again = True
        else:
            # What was copied with the parent's own times is in the parent's other children too.
            self.is_copying = not self.is_stamped_again and total in self.counted.get(self.siblings, ())
        return self.is_copying

    @property
    def siblings(self) -> str:
        """Under which name the counts are that all children of the parent have."""
        return f"children of {self.parent}"


def _counts(usage: Any, name: str) -> Counts | None:
    """A count by counter; None where there is none. Raises BrokenRecord for other values."""
    if usage is None or usage == {}:
        return None
    values = [textfiles.whole(usage.get(counter) or 0) for counter in COUNTERS] if isinstance(usage, dict) else []
    if not values or not all(isinstance(value, int) and not isinstance(value, bool) and value >= 0 for value in values):
        raise textfiles.BrokenRecord(f"{name} holds no counts")
    return tuple(values)


def why_not(path: Path) -> str | None:
    """Of what `codex exec --json` prints, where the model is said that it does not name."""
    first = next((record for _, record, _ in textfiles.first_records(path, 1)), None) or {}
    if first.get("type") == "thread.started" and "thread_id" in first:
        return "is what `codex exec --json` prints, which names no model: give the sessions in ~/.codex"
    return None


def new_reader() -> recordfiles.Read:
    """A reader of sessions that knows the counts of the sessions before."""
    counted: Counted = {}
    return lambda file, records: read(file, records, counted)


SYSTEM = System(
    name="codex",
    title="Codex CLI session",
    pieces_file=recordfiles.SESSIONS,
    parts={
        "sessions": replace(
            recordfiles.part("codex_usage", USAGE, is_ours, new_reader, files=files, feeds=("runs", "calls")),
            why_not=why_not,
        )
    },
    has_private_names=True,
)
