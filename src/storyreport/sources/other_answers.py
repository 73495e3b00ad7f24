"""Answers in forms of their own, some of which name no model: Cohere, Ollama, transcriptions, images, documents.

A helper of the sources: it describes no system. Texts, images, vectors and documents are never read.
"""

from collections.abc import Callable, Iterator, Mapping
from typing import Any, NamedTuple

from . import converse, native_answers
from .recordfiles import Row, columns, inside, objects

NANOSECONDS = 1_000_000
# What an answer of Cohere's has beside what it billed.
OF_COHERE = frozenset(("message", "results", "embeddings", "text", "generations", "classifications", "id"))
TOKENS = {"input_tokens": "input_tokens", "output_tokens": "output_tokens", "total_tokens": "total_tokens"}
# The seconds of a transcription of Mistral's, which names its model.
MISTRAL = "prompt_audio_seconds"
MEDIA_TOKENS = {
    "input_tokens": ("input_tokens", "prompt_tokens"),
    "output_tokens": ("output_tokens", "completion_tokens"),
    "total_tokens": "total_tokens",
}
# An event that ends a stream of one of these → the endpoint.
ENDPOINTS = {
    "transcript.text.done": "transcriptions",
    "conversation.item.input_audio_transcription.completed": "transcriptions",
    "speech.audio.done": "speech",
    "image_generation.completed": "images",
    "image_edit.completed": "images",
}


class Form(NamedTuple):
    """How an answer is known, and the row that it is."""

    is_one: Callable[[Mapping[str, Any]], bool]
    row: Callable[[Mapping[str, Any]], Row]


def is_ours(record: Mapping[str, Any]) -> bool:
    """Whether a record is such an answer."""
    return any(form.is_one(record) for form in FORMS)


def rows(record: Mapping[str, Any]) -> Iterator[Row]:
    """The row of such an answer."""
    yield next(form.row(record) for form in FORMS if form.is_one(record))


def _billed(record: Mapping[str, Any]) -> Any:
    return next(
        (held for name in ("usage", "meta") if (held := inside(record, name, "billed_units")) is not None), None
    )


def _is_cohere(record: Mapping[str, Any]) -> bool:
    return isinstance(_billed(record), dict) and bool(record.keys() & OF_COHERE)


def _cohere(answer: Mapping[str, Any]) -> Row:
    """An answer of Cohere's: what it billed counts, which leaves out what the service added to the prompt."""
    kinds = {"message": "chat", "results": "rerank", "embeddings": "embeddings"}
    return {
        **columns(_billed(answer), TOKENS),
        "id": next((answer[name] for name in ("id", "response_id", "generation_id") if answer.get(name)), None),
        "object": next((kind for name, kind in kinds.items() if name in answer), None),
        "provider": "cohere",
        "model": answer.get("model"),
    }


def _is_ollama(record: Mapping[str, Any]) -> bool:
    return {"model", "created_at", "done"} <= record.keys() or {"model", "embeddings", "load_duration"} <= record.keys()


def _ollama(answer: Mapping[str, Any]) -> Row:
    took = answer.get("total_duration")
    kinds = {"message": "chat", "embeddings": "embeddings"}
    return {
        "object": next((kind for name, kind in kinds.items() if name in answer), "generate"),
        "provider": "ollama",
        "model": answer.get("model"),
        "created_at": answer.get("created_at"),
        "latency_ms": took // NANOSECONDS if type(took) is int else None,
        "input_tokens": answer.get("prompt_eval_count"),
        "output_tokens": answer.get("eval_count"),
    }


def _is_speech(record: Mapping[str, Any]) -> bool:
    usage = record.get("usage")
    is_usage = isinstance(usage, dict) and (usage.get("type") in ("tokens", "duration") or MISTRAL in usage)
    return ("text" in record and is_usage) or str(record.get("type")) in ENDPOINTS


def _is_image(record: Mapping[str, Any]) -> bool:
    return {"created", "data", "usage"} <= record.keys() and inside(record, "usage", "input_tokens") is not None


def _media(answer: Mapping[str, Any]) -> Row:
    """A transcription, speech or images of OpenAI's and those like it: tokens by modality, or seconds."""
    used = answer.get("usage")
    usage = used if isinstance(used, dict) else {}
    given = columns(usage, {"in": ("input_tokens_details", "input_token_details"), "out": "output_tokens_details"})
    return {
        **columns(usage, MEDIA_TOKENS),
        "object": ENDPOINTS.get(str(answer.get("type")), "images" if "data" in answer else "transcriptions"),
        "model": answer.get("model"),
        "created_at": answer.get("created", answer.get("created_at")),
        "audio_seconds": usage.get("seconds", usage.get(MISTRAL)),
        "input_audio_tokens": inside(given["in"], "audio_tokens"),
        "input_image_tokens": inside(given["in"], "image_tokens"),
        "output_image_tokens": inside(given["out"], "image_tokens"),
    }


def _is_ocr(record: Mapping[str, Any]) -> bool:
    return {"pages", "model"} <= record.keys() and inside(record, "usage_info", "pages_processed") is not None


def _ocr(answer: Mapping[str, Any]) -> Row:
    """The text of a document, by Mistral; which pages of an annotated one cost more it does not say."""
    images = (image for page in objects(answer.get("pages")) for image in objects(page.get("images")))
    notes = (answer.get("document_annotation"), *(image.get("image_annotation") for image in images))
    is_annotated = any(note is not None for note in notes)
    return {
        "object": "ocr",
        "provider": "mistral",
        "model": answer.get("model"),
        "document_pages": None if is_annotated else inside(answer, "usage_info", "pages_processed"),
    }


FORMS = (
    Form(_is_ocr, _ocr),
    Form(converse.is_answer, converse.row),
    Form(_is_cohere, _cohere),
    Form(_is_ollama, _ollama),
    Form(_is_speech, _media),
    Form(_is_image, _media),
    # Counts of Bedrock's own before those of a body.
    Form(native_answers.is_measured, native_answers.measured),
    Form(lambda record: native_answers.is_llama(record) or native_answers.is_titan(record), native_answers.of_body),
    Form(native_answers.is_unnamed_chat, native_answers.unnamed_chat),
    Form(native_answers.is_prediction, native_answers.prediction),
)
