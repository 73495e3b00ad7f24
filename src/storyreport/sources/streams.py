"""Answers that came in parts, put together: those of OpenAI, Anthropic, Bedrock, Cohere, Ollama and Google.

A helper of the sources: it describes no system. What a part counts is the count so far, not what the part added. A
stream that was cut off is an answer with what is known of it by then.
"""

from collections.abc import Callable, Hashable, Iterable, Iterator, Mapping
from typing import Any, NamedTuple

from ..readers import text as textfiles
from . import answers, other_answers
from .recordfiles import inside, objects

# Beginnings of the names of events that say nothing of the usage.
BETWEEN = (
    *("content_block_", "content-", "tool-", "citation-", "ping", "response."),
    *("conversation.", "input_audio_buffer.", "text-generation", "search-", "interaction.", "step."),
)
CONVERSE = {"messageStart", "contentBlockStart", "contentBlockDelta", "contentBlockStop", "messageStop", "metadata"}
# Objects that are whole answers: most records are.
WHOLE = ("chat.completion", "response", "list", "text_completion")
RESPONSES = ("response", "realtime.response")
# How the events of transcriptions, speech and images begin.
MEDIA = ("transcript.text.", "speech.audio.", "image_generation.", "image_edit.")
SESSION = ("session.created", "session.updated")

Event = Mapping[str, Any]


class Part(NamedTuple):
    """An answer as far as a part of its stream says it, and what the parts of that stream have in common.

    Groq's systems give each chunk an id of its own and none a role: such a stream is nameless, and its chunks follow
    each other until one says why it finished.
    """

    of: Hashable
    answer: Event
    is_last: bool = False
    is_nameless: bool = False


NOTHING = Part(None, {})
Find = Callable[[Event, Part], Part | None]


def is_part(record: Event) -> bool:
    """Whether a record is a part of a stream that is known by itself."""
    part = _found(record, NOTHING)
    return part is not None and part is not NOTHING


def joined(records: Iterable[textfiles.Record]) -> Iterator[textfiles.Record]:
    """The records, with one instead of the parts of a stream."""
    held, line, models = NOTHING, 0, dict[str, Any]()
    for number, record, problem in records:
        event = record or {}
        if event.get("type") in SESSION:
            models = _models(event)
            continue
        part = None if event.get("object") in WHOLE else _found(event, held)
        if part is None or part.of != held.of:
            # Parts of several streams may alternate: the largest that was yielded counts.
            yield from _answer(line, held, models)
            held = NOTHING
        if part is None:
            yield number, record, problem
        elif part is not held:
            held, line = part, number
        if held.is_last:
            yield from _answer(line, held, models)
            held = NOTHING
    yield from _answer(line, held, models)


def _answer(line: int, part: Part, models: Mapping[str, Any]) -> Iterator[textfiles.Record]:
    if part is not NOTHING:
        model = models.get(str(part.answer.get("object") or part.answer.get("type")))
        yield line, {**({"model": model} if model else {}), **part.answer}, None


def _models(event: Event) -> dict[str, Any]:
    """The models of a realtime session: that of its responses, and that of the transcripts of what it heard."""
    session = event.get("session")
    inputs = (("input_audio_transcription", "model"), ("audio", "input", "transcription", "model"))
    heard = next((found for path in inputs if (found := inside(session, *path))), None)
    return {
        "realtime.response": inside(session, "model"),
        "conversation.item.input_audio_transcription.completed": heard,
    }


# Kinds of streams ----------------------------------------------------------------------------------------------------


def _found(event: Event, held: Part) -> Part | None:
    """The answer with this record; `held` where the record adds nothing, None where it is no part of a stream."""
    return next((part for find in KINDS if (part := find(event, held))), None)


def _chunk(event: Event, held: Part) -> Part | None:
    if event.get("object") != "chat.completion.chunk" or "model" not in event:
        return None
    # Groq's last chunk has it in its own object.
    if event.get("usage") is None and (usage := inside(event, "x_groq", "usage")) is not None:
        event = {**event, "usage": usage}
    of: Hashable = ("chunk", event.get("id") or event.get("created"))
    is_nameless = held.is_nameless
    if held.of != of:
        is_nameless = (held is NOTHING or held.is_nameless) and not _says(event, "delta", "role")
        is_begun = is_nameless and held.is_nameless and not _is_finished(held.answer)
        if is_begun and held.answer["model"] == event["model"]:
            of, event = held.of, {**event, "id": held.answer.get("id")}
    return held if held.of == of and _counted(event) < _counted(held.answer) else Part(of, event, False, is_nameless)


def _is_finished(chunk: Event) -> bool:
    return chunk.get("usage") is not None or _says(chunk, "finish_reason")


def _says(chunk: Event, *path: str) -> bool:
    return any(inside(choice, *path) is not None for choice in objects(chunk.get("choices")))


def _counted(event: Event) -> int:
    """The sum of what a usage counts."""
    usage = event.get("usage")
    return sum(count for count in usage.values() if type(count) is int) if isinstance(usage, dict) else 0


def _response(event: Event, _: Part) -> Part | None:
    response = event.get("response")
    kind = event.get("type")
    if not isinstance(kind, str) or not kind.startswith("response.") or not isinstance(response, dict):
        return None
    is_ours = response.get("object") in RESPONSES
    return Part(("response", response.get("id")), response, response.get("usage") is not None) if is_ours else None


def _message(event: Event, held: Part) -> Part | None:
    """Anthropic's: what a later part counts takes the place of what the first one did."""
    kind, message = event.get("type"), event.get("message")
    if kind == "message_start" and isinstance(message, dict):
        return Part(("message", message.get("id")), {"type": "message", **message})
    is_begun = isinstance(held.of, tuple) and held.of[0] == "message"
    of, before = (held.of, held.answer) if is_begun else (("message", None), {"type": "message", "model": None})
    if kind == "message_delta" and isinstance(event.get("usage"), dict):
        counted = {name: count for name, count in event["usage"].items() if count is not None}
        return Part(of, {**before, "usage": {**(inside(before, "usage") or {}), **counted}})
    if is_begun and kind in ("message_stop", "error"):
        return Part(of, {**before, "error": event.get("error")}, is_last=True)
    return None


def _converse(event: Event, _: Part) -> Part | None:
    kind = next(iter(event), "")
    if len(event) != 1 or kind not in CONVERSE or not isinstance(event[kind], dict):
        return None
    is_last = isinstance(event[kind].get("usage"), dict)
    nothing = {"output": {}, "stopReason": None, "usage": {"inputTokens": None}}
    return Part("converse", {**nothing, **(event[kind] if is_last else {})}, is_last)


def _cohere(event: Event, held: Part) -> Part | None:
    kind = event.get("type")
    if kind == "message-start" and isinstance(inside(event, "delta", "message"), dict):
        return Part("cohere", {"id": event.get("id"), "message": {}, "usage": {"billed_units": {}}})
    if event.get("event_type") == "stream-start":
        return Part("cohere", {"id": event.get("generation_id"), "text": "", "meta": {"billed_units": {}}})
    if event.get("event_type") == "stream-end" and isinstance(event.get("response"), dict):
        return Part("cohere", event["response"], is_last=True)
    usage = inside(event, "delta", "usage")
    before = held.answer if held.of == "cohere" else {"message": {}}
    is_end = kind == "message-end" and isinstance(usage, dict)
    return Part("cohere", {**before, "usage": usage}, is_last=True) if is_end else None


def _ollama(event: Event, _: Part) -> Part | None:
    if not {"model", "created_at", "done"} <= event.keys():
        return None
    return Part(("ollama", event["model"]), event, is_last=event["done"] is True)


def _media(event: Event, _: Part) -> Part | None:
    kind = event.get("type")
    if kind == "conversation.item.input_audio_transcription.completed":
        return Part("heard", event, is_last=True)
    beginning = next((begin for begin in MEDIA if isinstance(kind, str) and kind.startswith(begin)), None)
    if beginning is None:
        return None
    is_last = kind in other_answers.ENDPOINTS
    return Part(beginning, event if is_last else {"type": _end_of(beginning), "usage": None}, is_last)


def _end_of(beginning: str) -> str:
    return next(kind for kind in other_answers.ENDPOINTS if kind.startswith(beginning))


def _google(event: Event, _: Part) -> Part | None:
    """Google's: the last part counts, where an earlier one may have counted more of the prompt."""
    interaction = event.get("interaction")
    if isinstance(interaction, dict) and answers.is_interaction(interaction):
        return Part(("google", interaction["id"]), interaction, "usage" in interaction)
    of = answers.stream(event)
    return Part(("google", *of.key), event, of.is_last) if of else None


def _between(event: Event, held: Part) -> Part | None:
    kind = event.get("type", event.get("event_type"))
    return held if isinstance(kind, str) and kind.startswith(BETWEEN) else None


KINDS: tuple[Find, ...] = (_chunk, _response, _message, _converse, _cohere, _ollama, _media, _google, _between)
