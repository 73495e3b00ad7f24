"""ComfyUI: its history as the API gives it (`/history`), an object with one entry a prompt; its `/queue`, `/api/jobs`.

A prompt is a run, each of its nodes a step. The history has no times of single nodes: what has run, had ended when the
prompt had. Entries of early versions have no status. A server keeps its history in memory: prompts that it no longer
has stay here. Of its queue and its jobs the prompts are read, and the node at which one failed. Written after ComfyUI's
published source. Graphs, inputs, outputs and clients are private: of a graph the classes of its nodes and the links
between them are read.
"""

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from ..readers import text as textfiles
from . import Part, System, Table, Type

LOOKED_AT = 20
# How an entry ended, by the name of its message.
ENDINGS = {
    "execution_success": "success",
    "execution_error": "error",
    "execution_interrupted": "interrupted",
}

# What is said of each item of a list of the queue.
QUEUES = {"queue_running": "running", "queue_pending": "pending"}
# What each job says.
JOB = frozenset(("id", "status", "priority", "create_time"))

PROMPTS = Table(
    columns={
        "prompt_id": Type.KEY,
        "position": Type.COUNT,
        "status": Type.WORD,
        "error_message": Type.TEXT,
        "queued_at": Type.UTC,
        "started_at": Type.UTC,
        "ended_at": Type.UTC,
    },
    required=("prompt_id",),
)
NODES = Table(
    columns={
        "prompt_id": Type.KEY,
        "position": Type.COUNT,
        "node_id": Type.KEY,
        "class_type": Type.KEY,
        "status": Type.WORD,
        "error_message": Type.TEXT,
        "ended_at": Type.UTC,
    },
    required=("prompt_id", "class_type"),
)


def find(path: Path) -> Path | None:
    """The path if it is a file of a history, a queue or jobs."""
    if not path.is_file():
        return None
    records = [record for _, record, _ in textfiles.first_records(path, LOOKED_AT) if record]
    return path if any(_is_ours(record) for record in records) else None


def stage(path: Path) -> Iterator[tuple[str, tuple[Any, ...]]]:
    """A row for each prompt and for each of its nodes."""
    position = 0
    for number, record, problem in textfiles.records(path):
        if record is None:
            yield _staged("comfyui_prompts", {"prompt_id": f"line {number}"}, problem)
        for key, found in _prompts(record or {}):
            position += 1
            try:
                rows = list(found)
            except textfiles.BrokenRecord as error:
                yield _staged("comfyui_prompts", {"prompt_id": key}, str(error))
                continue
            for table, row in rows:
                yield _staged(table, {"prompt_id": key, "position": position, **row})


def _staged(table: str, row: Mapping[str, Any], problem: str | None = None) -> tuple[str, tuple[Any, ...]]:
    return table, (*(row.get(column) for column in TABLES[table].columns), problem)


def _is_ours(record: Mapping[str, Any]) -> bool:
    return (
        all(isinstance(record.get(name), list) for name in QUEUES)
        or any(True for _ in _jobs(record))
        or any(_is_entry(key, entry) for key, entry in record.items())
    )


def _prompts(record: Mapping[str, Any]) -> Iterator[tuple[str, Iterator[tuple[str, dict[str, Any]]]]]:
    """The id of each prompt of an answer, and its rows."""
    if record.keys() >= QUEUES.keys():
        for name, status in QUEUES.items():
            items = record[name] if isinstance(record[name], list) else []
            for number, item in enumerate(items):
                is_item = isinstance(item, list) and len(item) > 1 and isinstance(item[1], str)
                yield item[1] if is_item else f"{name} {number}", _queued(item if is_item else None, status)
    elif jobs := list(_jobs(record)):
        yield from ((str(job["id"]), _job(job)) for job in jobs)
    else:
        yield from ((key, _rows(key, entry)) for key, entry in record.items())


def _jobs(record: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
    """The jobs of a list of them, or the one that a record is."""
    listed = record.get("jobs")
    for job in listed if isinstance(listed, list) else [record]:
        if isinstance(job, dict) and job.keys() >= JOB:
            yield job


def _queued(item: list[Any] | None, status: str) -> Iterator[tuple[str, dict[str, Any]]]:
    """The row of a prompt that waits or runs; raises BrokenRecord."""
    if item is None:
        raise textfiles.BrokenRecord("is no prompt of a queue")
    extra = item[3] if len(item) > 3 and isinstance(item[3], dict) else {}
    yield "comfyui_prompts", {"status": status, "queued_at": textfiles.single(extra.get("create_time"), "create_time")}


def _job(job: Mapping[str, Any]) -> Iterator[tuple[str, dict[str, Any]]]:
    """The row of a job, and that of the node at which it failed; raises BrokenRecord."""
    failure = textfiles.object_in(job, "execution_error")
    columns = {"status": "status", "queued_at": "create_time"}
    columns |= {"started_at": "execution_start_time", "ended_at": "execution_end_time"}
    row = {column: textfiles.single(job.get(name), name) for column, name in columns.items()}
    yield "comfyui_prompts", {**row, "error_message": _error(failure)}
    for node in _nodes({}, frozenset(), {"execution_error": failure}, row["status"]):
        yield "comfyui_nodes", {**node, "ended_at": row["ended_at"]}


def _is_entry(key: str, entry: Any) -> bool:
    """Whether an object is what the history says of a prompt: the queue's item with the prompt's id, and outputs."""
    if not isinstance(entry, dict) or not isinstance(entry.get("outputs"), dict):
        return False
    item = entry.get("prompt")
    return isinstance(item, list) and len(item) >= 5 and item[1] == key and isinstance(item[2], dict)


def _rows(key: str, entry: Any) -> Iterator[tuple[str, dict[str, Any]]]:
    """The row of a prompt and those of its nodes; raises BrokenRecord."""
    if not _is_entry(key, entry):
        raise textfiles.BrokenRecord("is no prompt of a history")
    _, _, graph, extra, wanted, *_ = entry["prompt"]
    status = textfiles.object_in(entry, "status")
    messages = dict(_messages(status))
    ending = next((name for name in messages if name in ENDINGS), "")
    last = messages.get(ending, {})
    word = ENDINGS.get(ending) or textfiles.single(status.get("status_str"), "status_str")
    ended_at = textfiles.single(last.get("timestamp"), "timestamp")
    yield (
        "comfyui_prompts",
        {
            "status": word,
            "error_message": _error(last),
            "queued_at": textfiles.single(extra.get("create_time"), "create_time") if isinstance(extra, dict) else None,
            "started_at": textfiles.single(messages.get("execution_start", {}).get("timestamp"), "timestamp"),
            "ended_at": ended_at,
        },
    )
    yield from (
        ("comfyui_nodes", {**row, "ended_at": ended_at}) for row in _nodes(graph, _names(wanted), messages, word)
    )


def _nodes(
    graph: Mapping[str, Any], wanted: frozenset[str], messages: Mapping[str, Mapping[str, Any]], word: Any
) -> Iterator[dict[str, Any]]:
    """The rows of the nodes that a prompt has executed, taken from the cache or stopped at; raises BrokenRecord."""
    last = messages.get(next((name for name in messages if name in ENDINGS), ""), {})
    stopped = textfiles.single(last.get("node_id"), "node_id")
    if last.get("node_type") is not None:
        # Its id may be that of a node which another one has put in its place, and so not in the graph.
        row = {"node_id": stopped, "class_type": textfiles.single(last["node_type"], "node_type")}
        yield {**row, "status": word, "error_message": _error(last)}
    cached = _names(messages.get("execution_cached", {}).get("nodes"))
    executed = _needed(graph, wanted) if word == "success" else _names(last.get("executed"))
    for node_id in sorted((cached | executed) - {stopped}):
        node = graph.get(node_id)
        if isinstance(node, dict):
            class_type = textfiles.single(node.get("class_type"), "class_type")
            yield {"node_id": node_id, "class_type": class_type, "status": "cached" if node_id in cached else "success"}


def _messages(status: Mapping[str, Any]) -> Iterator[tuple[str, Mapping[str, Any]]]:
    """(name, what it says) of each message of an entry."""
    messages = status.get("messages") or []
    if not isinstance(messages, list):
        raise textfiles.BrokenRecord("messages is no list")
    for message in messages:
        match message:
            case [str(name), dict(said)]:
                yield name, said
            case _:
                raise textfiles.BrokenRecord("a message has no name or no object")


def _error(details: Mapping[str, Any]) -> str | None:
    """The error that a message tells of, with its type."""
    kind = textfiles.single(details.get("exception_type"), "exception_type")
    message = textfiles.single(details.get("exception_message"), "exception_message")
    return ": ".join(str(part).strip() for part in (kind, message) if part) or None


def _names(value: Any) -> frozenset[str]:
    return frozenset(name for name in value if isinstance(name, str)) if isinstance(value, list) else frozenset()


def _needed(graph: Mapping[str, Any], wanted: frozenset[str]) -> frozenset[str]:
    """The nodes that some nodes depend on, and these themselves: others of the graph are not executed."""
    needed: set[str] = set()
    coming = [name for name in wanted if name in graph]
    while coming:
        name = coming.pop()
        if name in needed:
            continue
        needed.add(name)
        inputs = graph[name].get("inputs") if isinstance(graph[name], dict) else None
        for value in inputs.values() if isinstance(inputs, dict) else ():
            # A link is the id of a node and the number of its output.
            match value:
                case [str(other), int()] if other in graph:
                    coming.append(other)
    return frozenset(needed)


TABLES = {"comfyui_prompts": PROMPTS, "comfyui_nodes": NODES}

HISTORY = Part(
    tables=TABLES,
    # Nothing is ever missing: a history without a prompt says only that the server was restarted.
    feeds={},
    statuses={"success": "completed", "error": "failed", "interrupted": "cancelled", "cached": "skipped"},
    find=find,
    stage=stage,
)

SYSTEM = System(name="comfyui", title="ComfyUI history", parts={"history": HISTORY}, pipeline="comfyui")
