"""Error messages without what they quote: a model's completion, the values of a statement."""

import re

from ..patterns import Pattern

# What follows is what was to be parsed or written, up to the end or up to what the library says of it.
PAYLOADS = (
    Pattern(r"(?is)(\bfrom completion\b).*?(?=\. Got:|\Z)"),
    Pattern(
        r"(?is)(\b(?:invalid json output|could not parse (?:llm )?(?:output|response|json)|llm output|completion)\s*:)"
        r".*?(?=\n?For troubleshooting|\. Got:|\Z)"
    ),
    Pattern(r"(?is)(\binput_value=).*?(?=, input_type=|\Z)"),
    Pattern(r"(?is)(\[parameters:|\bFailing row contains\b).*\Z"),
)
# A quoted text of several words, longer than a name.
QUOTED = Pattern(r"""(?s)(?P<quote>["'`])(?=[^"'`]*\s)[^"'`]{25,}(?P=quote)""")
OPENING = Pattern(r"[{\[]")
# What a provider says of an error, and in it the names of the kind of error, which no story has.
ERROR = Pattern(r"""^\{\s*(?:(["'])type\1\s*:\s*(["'])error\2\s*,\s*)?(["'])error\3\s*:\s*\{""")
KIND = Pattern(r"""(["'])(?:type|code|status)\1\s*:\s*(["'])(?P<kind>[a-z]+(?:_[a-z]+)+|[A-Z]+(?:_[A-Z]+)+)\2""")
HIDDEN = "…"


def without_quotes(text: str | None) -> str | None:
    """An error message without objects, lists and long texts that it quotes."""
    if text is None:
        return None
    for pattern in PAYLOADS:
        text = pattern.sub(rf"\1 {HIDDEN}", text)
    return QUOTED.sub(HIDDEN, _without_objects(text))


def _without_objects(text: str) -> str:
    """The text with `{…}` for each object or list that holds quotes; one that is cut off hides all that follows."""
    kept, place = [], 0
    while found := OPENING.search(text, place):
        end = _end_of(text, found.start())
        inner = text[found.start() : end]
        kept.append(text[place : found.start()])
        kept.append(_hidden(inner) if re.search(r"[\"'“]", inner) else inner)
        place = end
    return "".join((*kept, text[place:]))


def _hidden(quoted: str) -> str:
    """`{…}`; of a provider's answer with the kinds of its error, so that a used up quota is no busy server."""
    kinds = [found["kind"] for found in KIND.finditer(quoted)] if ERROR.search(quoted) else []
    return f"{{{' '.join((*dict.fromkeys(kinds), HIDDEN))}}}"


def _end_of(text: str, start: int) -> int:
    """Where an object that begins at a place ends: behind its bracket, or at the end of the text."""
    depth = 0
    for place in range(start, len(text)):
        depth += (text[place] in "{[") - (text[place] in "}]")
        if depth == 0:
            return place + 1
    return len(text)
