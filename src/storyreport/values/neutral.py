"""Error messages without what they repeat of prompts, stories and answers: what says which error it is stays."""

import re

from ..late import Pattern

# Where a message repeats what the program sent or got: prompts and completions.
ECHO = Pattern(
    r"(?is)(?<!\w)((?:messages|(?:\w{1,20}_)?(?:prompts?|text|content)|inputs?|input_value|contents|completions?|llm_output"
    r"|output|response|body|parts|payload|request|data|story|chapter)\\?[\"']?\s*[=:]\s*)[\[{(\"'].*"
    # A row of a database, as its server repeats it.
    r"|\b((?:failing row contains|parameters?)[:=]?\s*)[\[(].*"
    r"|\b(LINE \d+: )\s*(?:insert|update|select|values|with)\b.*"
    r"|\b((?:from completion|got|received|completion|generated text|invalid json output|could not parse llm output"
    r"|output parser|prompt was|while processing|raw output|llm response"
    r"|(?:model|llm|ai|assistant|user|gpt[\w.-]*|claude[\w.-]*|gemini[\w.-]*) (?:said|returned|answered|replied|wrote)"
    r")[:=]?\s+)(?=[\"'`\[{(])[\"'`\[{(].*"
)
# A sentence that follows without quotes; a type or a value is one word, and an error's own are five at most.
SENTENCE = r"(?!HTTP|\d|[\"'`\[{(<])(?=(?:\S+\s+){5}\S).*"
SAID = Pattern(
    r"(?is)\b((?:from completion:?|(?:got|char \d+\) in|(?:model|llm|ai|assistant|user) (?:said|returned|answered"
    r"|replied)|raw (?:output|response|text)|(?:invalid|unparsable) (?:output|completion|answer|response)"
    r"|(?:\w{1,20}[_ ])?prompt|candidate|completion|(?:generated|chapter|story|page|scene|raw) text|text|content"
    rf"|narration|transcript|title|as json)\s*:)\s*){SENTENCE}"
    r"|((?:\w{1,20}_)?(?:prompt|text|content|title|completion)=)(?![\"'`\[{(<])(?=(?:\S+\s+){3}\S).*"
)
# The same, where it may also be an error's own sentence: one that has none of these words.
OF_ERRORS = (
    r"errors?|fails?|failed|failure|invalid|valid|limits?|exceed\w*|time[d ]?-?outs?|retry|unauthori[sz]ed|denied|quota"
    r"|overloaded|unavailable|try again|must|cannot|unable|missing|requires?|required|unsupported|not found|does not"
    r"|expired|forbidden|blocked|too long|too large|too many|key|connection|server|expected|status|exception"
    r"|expecting\b[^\n]{0,40}\bline \d+"
)
MAYBE_SAID = Pattern(
    r"(?is)\b((?:response|output|answer|input|story|chapter|request|reply|result|data)\s*[:=]\s*)"
    rf"(?!.*\b(?:{OF_ERRORS})\b){SENTENCE}"
)
# What could not be read as JSON, at the end of what the reader says of it; where it stopped is its own word.
NOT_JSON = Pattern(
    r"(?is)((?:\(char \d+\)|\bat position \d+|\bas json|\b(?:invalid|valid|malformed|broken) json)\s*:\s+)"
    r"(?!(?:unexpected|unterminated|expect\w+|invalid|extra data)\b[^\n]{0,80}\b(?:position|line|column|char)\b)"
    r"(?=\S+\s+\S+\s+\S).+"
)
# "The prompt Once upon a time … was blocked".
BETWEEN = Pattern(
    r"(?is)\b((?:the|your) (?:prompt|input|text|story|message)\s+)(?!was|is|has|must|contains)(?:\S+\s+){3,}?"
    r"(?=(?:was|is|has been|were|contains|violates|violated)\b)"
)
# The value that a constraint was broken by: a title, unless it is one word.
KEY_VALUE = Pattern(r"(Key \([^()]*\)=\()[^)\n]*\s[^)\n]*(\)|\Z)")
PAGE = Pattern(r"(?is)<(?:!doctype html|html\b[^>]*>\s*<).*")
PAGE_TITLE = Pattern(r"(?is)<title>\s*([1-5]\d\d[^<]{0,60})</title>")
# Where a sentence may follow.
FOLLOWED = Pattern(r"(?:[:=]|completion\s)\s*(?![\d\s\"'`\[{(<])\S+\s+\S+\s+\S")
# A quoted part of three words or more, or of more than 60 characters, is content; a shorter one is a name.
# An apostrophe within a word opens and closes nothing.
QUOTED = Pattern(r"\"[^\"\n]*\"|(?<!\w)'(?:[^'\n]|(?<=\w)'(?=\w))*'(?!\w)|`[^`\n]*`|“[^”\n]*”")
LONGEST_NAME, FEWEST_WORDS = 60, 3
# What an ECHO or a quoted part opens with.
OPENINGS = Pattern(r"[\"'`“\[{(]")


def neutral(message: str | None) -> str | None:
    """A message without what it repeats of prompts, stories and answers: the class, the code and short names stay."""
    if message is None:
        return None
    message = _without_sentences(message, message.casefold())
    if not OPENINGS.search(message):
        return message
    text = ECHO.sub(lambda match: f"{match[match.lastindex or 0]}<text>", message)
    return QUOTED.sub(_without_content, text)


def _without_sentences(message: str, lowered: str) -> str:
    """The message without sentences that it repeats without quotes."""
    if "<html" in lowered or "<!doctype" in lowered:
        page = PAGE.search(message)
        title = PAGE_TITLE.search(page[0]) if page else None
        message = f"{message[: page.start()]}<page>{f' {title[1].strip()}' if title else ''}" if page else message
    if FOLLOWED.search(message):
        for pattern in (SAID, MAYBE_SAID, NOT_JSON):
            message = pattern.sub(lambda match: f"{match[match.lastindex or 0]}<text>", message)
    if "the " in lowered or "your " in lowered:
        message = BETWEEN.sub(r"\1<text> ", message)
    return KEY_VALUE.sub(r"\1<text>\2", message) if "key (" in lowered else message


def _without_content(match: re.Match[str]) -> str:
    quote, inner = match[0][0], match[0][1:-1]
    is_name = len(inner) <= LONGEST_NAME and len(inner.split()) < FEWEST_WORDS
    return match[0] if is_name else f"{quote}<text>{match[0][-1]}"
