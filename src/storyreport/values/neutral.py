"""Error messages without what they repeat of prompts, stories and answers: what says which error it is stays."""

import re
from functools import lru_cache

from ..patterns import AS_SHAPE, Pattern, any_of
from .codes import codes_of, kept_of, saying_at
from .titles import without_titles
from .unknown import without_unknown

# Where a message repeats what the program sent or got: prompts and completions.
ECHO = Pattern(
    r"(?is)(?<!\w)((?:messages|(?:\w{1,20}_)?(?:prompts?|text|content)|inputs?|input_value|contents|completions?"
    r"|llm_output"
    r"|output|response|body|parts|payload|request|data|story|chapter|arguments|k?w?args|variables|instructions|summary"
    r"|description|query|generations|candidates)\\?[\"']?\s*[=:]\s*)b?[\[{(\"'].*"
    # A row of a database, as its server repeats it.
    r"|\b((?:failing row contains|parameters?)[:=]?\s*)[\[({].*"
    r"|\b(values\s*)\((?!\s*(?:[?:$@%]|null\b|default\b)).*"
    r"|\b(variables\s*)\{.*"
    r"|\b(LINE \d+: )\s*(?:insert|update|select|values|with)\b.*"
    r"|\b((?:from completion|got|received|completion|generated text|invalid json output|could not parse llm output"
    r"|output parser|prompt was|while processing|raw output|llm response"
    r"|(?:model|llm|ai|assistant|user|gpt[\w.-]*|claude[\w.-]*|gemini[\w.-]*) (?:said|returned|answered|replied|wrote)"
    r")[:=]?\s+)(?=[\"'`\[{(])[\"'`\[{(].*"
)
# Words without which ECHO finds nothing, in lower case.
WORDS_OF_ECHO = (
    "messages", "prompt", "text", "content", "input", "completion", "output", "response", "body", "parts", "payload",
    "request", "data", "story", "chapter", "args", "arguments", "variables", "instructions", "summary", "description",
    "query", "generations", "candidates", "row contains", "parameter", "values", "line ", "got", "received",
    "invalid json", "while processing", "said", "returned", "answered", "replied", "wrote",
)  # fmt: skip
ECHO_WORDS = Pattern(any_of(WORDS_OF_ECHO))
# A sentence that follows without quotes; a type or a value is one word, and an error's own are five at most.
# Chinese, Japanese, Korean and Thai have no spaces between words.
UNSPACED = r"(?-i:[\u0e00-\u0e7f\u3040-\u30ff\u3400-\u9fff\uac00-\ud7af])"
NO_SIGN = r"(?!)"


def _words(count: int) -> str:
    """A pattern: that many words and one more, or a word that is too long to be read more than once."""
    return rf"(?:(?:\S{{1,300}}\s+){{0,{count - 1}}}\S{{301}}|(?:\S{{1,300}}\s+){{{count}}}\S)"


def _of_writings(pattern: str) -> tuple[Pattern, Pattern]:
    """The pattern for texts whose words are all spaced, and for others: their letters take long to be compiled."""
    return Pattern(pattern.replace(UNSPACED, NO_SIGN)), Pattern(pattern)


def _has_unspaced(message: str) -> bool:
    return not message.isascii() and any(
        "\u0e00" <= sign <= "\u0e7f" or "\u3040" <= sign <= "\ud7af" for sign in message
    )


SENTENCE = rf"(?!HTTP|\d|[\"'`\[{{(<])(?={_words(5)}|[^\n]{{0,20}}?{UNSPACED}{{6}}).*"
SAID = _of_writings(
    r"(?is)\b((?:from completion:?|(?:got|char \d+\) in|(?:model|llm|ai|assistant|user) (?:said|returned|answered"
    r"|replied)|(?:raw|l?lm|llm|model|ai|agent|assistant|bot) (?:output|response|text|answer|reply)"
    r"|looking for beginning of value"
    r"|sequences up to \d{1,4} tokens|prompt detected|(?:for|in) (?:the )?sentence|(?:invalid"
    r"|unparsable) (?:output|completion|answer|response)"
    r"|(?:\w{1,20}[_ ])?prompt|candidate|completion|(?:generated|chapter|story|page|scene|raw) text|text|content"
    r"|narration|transcript|title|as json|raw|(?:prompt|completion|output|answer|text)(?: (?:was|is|so far|received)"
    rf"| was not valid| ?\([^()\n]{{0,40}}\)){{1,2}})\s*:)\s*){SENTENCE}"
    rf"|((?:\w{{1,20}}_)?(?:prompt|text|content|title|completion|summary|description|instructions)\s*=\s*)"
    rf"(?![\"'`\[{{(<])(?={_words(3)}|{UNSPACED}{{6}}).*"
)
# The same, where it may also be an error's own sentence: one that has none of these words.
OF_ERRORS = (
    r"errors?|fails?|failed|failure|invalid|valid|limits?|exceed\w*|time[d ]?-?outs?|retry|unauthori[sz]ed|denied|quota"
    r"|overloaded|unavailable|try again|must|cannot|unable|missing|requires?|required|unsupported|not found|does not"
    r"|expired|forbidden|blocked|too long|too large|too many|key|connection|server|expected|status|exception"
    r"|(?:expecting\b[^\n]{0,40}|extra data: )\bline \d+|line \d+ column \d+"
)
MAYBE_SAID = _of_writings(
    r"(?is)\b((?:response|output|answer|input|story|chapter|request|reply|result|data|summary|description"
    r"|query|dialogue|system|user|human|assistant|question|thought|observation|(?-i:[Cc]ontext)|task|goal|sentence"
    r"|paragraph|passage"
    r"|chunk(?: \d{1,6})?(?: too long)?|in|document|refused|declined|invite(?: refusée)?|eingabe"
    r"|texto?|entrada|promemoria"
    r"|промпт|запрос|프롬프트)\s*[:=](?!:)\s*"
    r"|(?:(?:received|revised|rejected|image|video)[ _](?:image )?|(?:for|with|from) (?:the )?)prompt\s+"
    r"(?!is|was|has|had|in|of|for|to|from))"
    rf"(?={SENTENCE[:-2]})(?!.*\b(?:{OF_ERRORS})\b).*"
)
# What could not be read as JSON, at the end of what the reader says of it; where it stopped is its own word.
NOT_JSON = Pattern(
    r"(?is)((?:\(char \d+\)|\bat position \d+|\bas json|\b(?:invalid|valid|malformed|broken) json(?: output)?)\s*:\s+)"
    # What its own system has hidden already ends with advice.
    r"(?!\u2026|(?:unexpected|unterminated|expect\w+|invalid|extra data)\b[^\n]{0,80}\b(?:position|line|column|char)\b)"
    r"(?=\S+\s+\S+\s+\S).+"
)
# "The prompt Once upon a time … was blocked".
BETWEEN = Pattern(
    r"(?is)\b((?:the|your) (?:prompt|input|text|story|message)\s+)(?!was|is|has|must|contains)(?:\S+\s+){3,}?"
    r"(?=(?:was|is|has been|were|contains|violates|violated)\b)"
)
# As models begin to answer.
ANSWER = Pattern(
    r"(?is)(?<!\w)(?:i['\u2019]m sorry(?!, but an uncaught exception)"
    r"|i am sorry|i apologi[sz]e|i can(?:not|['\u2019]t) (?:help"
    r"|assist|write|create|generate|continue)"
    r"|as an ai\b|sure[,!]|certainly[,!]|of course[,!]|here(?:['\u2019]s| is| are) (?:the|your|an?|some) \w)"
    rf"\s?(?={_words(4)}).*"
)
# Text in an address: three words or more.
IN_ADDRESS = Pattern(
    r"(?<=[=/])[^\s=/&?#\"'<>+%]{0,80}(?:(?:%20|%0A|\+|%2C)+[^\s=/&?#\"'<>+%]{1,80}){2,}(?:[+%][^\s=/&?#\"'<>]*)?"
)
# The words for a prompt where words have no spaces.
PROMPTS = ("提示词", "提示詞", "提示", "输入", "輸入", "内容", "正文", "プロンプト", "入力", "本文", "프롬프트", "입력")
UNSPACED_PROMPT = Pattern(rf"(?s)((?:{'|'.join(PROMPTS)})\s*[:=\uff1a]\s*)(?=.{{0,40}}?{UNSPACED}{{4}}).*")
# What an agent is to do, on a line of its log.
GOAL = Pattern(
    rf"(?i)(\b(?:starting|new|running|current) (?:task|goal|objective|query|question): )(?={_words(4)})[^\n]*"
)
# Values in a statement of SQL, and of a key that is there already.
PARAMETERS = Pattern(r"(?is)(\[parameters: ).*")
ENTRY = Pattern(r"(Duplicate entry ')[^'\n]*(?=' for key)|(\bdup key: \{ ?\w{0,64}: ?)(?!null)[^}\n]*")
PERSONS_KEY = Pattern(r"(?i)(Key \((?:[\w, ]*(?:user|name|login|mail|phone|title)[\w, ]*)\)=\()[^)\n]*")
STATEMENT = Pattern(r"(?is)\b(?:select\b.{1,400}?\bfrom|update\b.{1,200}?\bset|delete\s+from|insert\s+into)\b")
LITERAL = Pattern(r"(?<!\w)'(?:[^'\n]|'')*'")
# What pytest shows of two texts.
DIFFERENCE = Pattern(rf"(?m)^(\s{{0,8}}[-+?] )(?={_words(3)})[^\n]*")
# What a model is sent as one text: its marks, and who speaks.
DIALOGUE = Pattern(
    r"(?s)(?:<\|\w{2,30}\|>|\[/?INST\]|<</?SYS>>|(?m:^)#{2,4} ?(?:Instructions?|Response|Input|Human|Assistant|User):"
    r"|(?m:^)(?:Human|Assistant|USER|ASSISTANT):\s*(?=\S+\s+\S+\s+\S)).*"
)
ELEMENT = Pattern(
    r"(?is)(<(?!text>(?!.*</text>)|p>(?!.*</p>))(story|chapter|text|prompt|content|title|scene|summary|output"
    r"|answer|response|thinking|document|speak|p)"
    r"\b[^<>]{0,80}>)(?!\s*<text>)\s*[^\s<].*?(</\2>|\Z)"
)
# What stands at a place of a document, and what a parser of JSON stopped at.
AT_PLACE = Pattern(r"(?s)(\bline \d+, column \d+:?\n\s*)[^\n]*\S\s+\S[^\n]*(?=\n\s*\^)")
JSON_DATA = Pattern(r"(?s)\b(JSON data, line \d+: ).*")
STOPPED_AT = Pattern(r"(?s)(\bUnexpected token [^,\n]{1,12}, )(?:\.{3})?[\"'`“].*?(?= is not valid JSON|\Z)")
# The value that a constraint was broken by: a title, unless it is one word.
KEY_VALUE = Pattern(r"((?:Key \([^()]*\)=|key value is )\()[^)\n]*\s[^)\n]*(\)|\Z)")
PAGE = Pattern(r"(?is)<(?:!doctype html|html\b[^>]*>\s*<).*")
PAGE_TITLE = Pattern(r"(?is)<title>\s*([1-5]\d\d[^<]{0,60})</title>")
# Words without which SAID, MAYBE_SAID and NOT_JSON find nothing, in lower case.
SAID_WORDS = Pattern(
    any_of(
        (
            *("completion", "got", "char ", "said", "returned", "answered", "replied", "output", "response", "text"),
            *("answer", "reply", "looking for beginning", "sequences up to", "prompt", "sentence", "candidate"),
            *("content",),
            *("narration", "transcript", "title", "as json", "raw", "summary", "description", "instructions"),
        )
    )
)
MAYBE_WORDS = Pattern(
    any_of(
        (
            *("response", "output", "answer", "input", "story", "chapter", "request", "reply", "result", "data"),
            *("summary",),
            *("description", "query", "dialogue", "system", "user", "human", "assistant", "question", "thought"),
            *("task",),
            *("observation", "context", "goal", "sentence", "paragraph", "passage", "chunk", "document", "refused"),
            *(
                "declined",
                "invite",
                "eingabe",
                "text",
                "entrada",
                "promemoria",
                "промпт",
                "запрос",
                "프롬프트",
                "prompt",
            ),
            *("in:", "in =", "in=", "in :", "in\t", "in\n", "in  "),
        )
    )
)
NOT_JSON_WORDS = Pattern(any_of(("(char ", "at position ", "json")))
# Where a sentence may follow.
FOLLOWED = _of_writings(rf"(?:[:=\uff1a]|completion\s|prompt\s)\s*(?![\d\s\"'`\[{{(<]){_words(2)}|{UNSPACED}{{6}}")
# A quoted part of three words or more, or of more than 60 characters, is content; a shorter one is a name.
# An apostrophe within a word opens and closes nothing.
QUOTED = Pattern(
    r"\"[^\"\n]*\"|(?<!\w)'(?:[^'\n]|(?<=\w)'(?=\w))*'(?!\w)|`[^`\n]*`|[“„][^“”\n]*[“”]"
    r"|«[^»\n]*»|»[^«\n]*«|\u2018[^\u2019\n]*\u2019(?!\w)|「[^」\n]*」|『[^』\n]*』"
)
LONGEST_NAME, FEWEST_WORDS = 60, 3
# What an ECHO or a quoted part opens with.
OPENINGS = Pattern(r"[\"'`“„«»\u2018「『\[{(]")
CONTENT = Pattern(rf"{UNSPACED}{{8}}")
MARKS = Pattern(r"[<\[#]|(?:Human|Assistant|USER|ASSISTANT):|, column ")
# The text of an element of a page, where it is a sentence.
TOO_LONG_NAME = Pattern(r"(?i)(file ?name too long\W{1,4})(?<=['\"])[^'\"\n]+")
IN_PAGE = Pattern(
    rf"(?i)(<(?:div|span|td|th|li|h[1-6]|pre|section|article|body|blockquote)\b[^<>]{{0,200}}>)(?={_words(5)})[^<]+"
)
SPEAKERS = (
    *("sorry", "apolog", "i can", "as an ai", "sure", "certainly", "of course", "here is", "here's"),
    *("here are", "here\u2019s"),
)


# Lines of a log are the same in many rows.
@lru_cache(maxsize=1024)
def neutral(message: str | None) -> str | None:
    """A message without what it repeats of prompts, stories and answers: the class, the code and short names stay."""
    if message is None:
        return None
    # Without escapes, what stays does so whatever its digits are; of objects, hardly any stays.
    if "%" not in message and "{" not in message and "[" not in message:
        return message if _is_neutral(message.translate(AS_SHAPE)) else _neutral(message)
    return _neutral(message)


# Errors of one kind differ in numbers only.
@lru_cache(maxsize=1024)
def _is_neutral(shape: str) -> bool:
    """Whether a text stays as it is, in whose place its shape stands."""
    return _neutral(shape) == shape


def _neutral(message: str) -> str:
    return without_unknown(_without_echoes(message))


def _without_echoes(message: str) -> str:
    lowered = message.casefold()
    message = without_titles(_without_sentences(message, lowered), lowered)
    if "too long" in message:
        message = TOO_LONG_NAME.sub(r"\1<text>", message)
    if "assert" in message:
        message = DIFFERENCE.sub(r"\1<text>", message)
    if MARKS.search(message):
        message = IN_PAGE.sub(r"\1<text>", message) if "</" in message else message
        message = AT_PLACE.sub(r"\1<text>", ELEMENT.sub(r"\1<text>\3", DIALOGUE.sub("<text>", message)))
    if not OPENINGS.search(message):
        return message
    message = STOPPED_AT.sub(r"\1<text>", message) if "Unexpected token" in message else message
    text = ECHO.sub(_without_rest, message) if ECHO_WORDS.search(message.casefold()) else message
    return QUOTED.sub(_without_content, text)


def _without_sentences(message: str, lowered: str) -> str:
    """The message without sentences that it repeats without quotes."""
    if "<html" in lowered or "<!doctype" in lowered:
        page = PAGE.search(message)
        title = PAGE_TITLE.search(page[0]) if page else None
        message = f"{message[: page.start()]}<page>{f' {title[1].strip()}' if title else ''}" if page else message
    if "://" in message and ("%" in message or "+" in message):
        message = IN_ADDRESS.sub("<text>", message)
    if any(map(lowered.__contains__, SPEAKERS)):
        message = ANSWER.sub(lambda match: f"<text>{codes_of(match[0])}", message)
    has_unspaced = _has_unspaced(message)
    if has_unspaced and any(map(message.__contains__, PROMPTS)):
        message = UNSPACED_PROMPT.sub(r"\1<text>", message)
    if "[parameters: " in message:
        message = PARAMETERS.sub(r"\1<text>", message)
    if "duplicate entry" in lowered or "dup key" in lowered:
        message = ENTRY.sub(lambda match: f"{match[1] or match[2]}<text>", message)
    if "key (" in lowered:
        message = PERSONS_KEY.sub(r"\1<text>", message)
    if "'" in message and (statement := STATEMENT.search(message)):
        message = message[: statement.end()] + LITERAL.sub("'<text>'", message[statement.end() :])
    if ": " in message:
        message = GOAL.sub(r"\1<text>", message)
    if FOLLOWED[has_unspaced].search(message):
        said, maybe_said = SAID[has_unspaced], MAYBE_SAID[has_unspaced]
        for words, pattern in ((SAID_WORDS, said), (MAYBE_WORDS, maybe_said), (NOT_JSON_WORDS, NOT_JSON)):
            message = pattern.sub(_without_rest, message) if words.search(lowered) else message
    if "json data" in lowered:
        message = JSON_DATA.sub(r"\1<text>", message)
    if "the " in lowered or "your " in lowered:
        message = BETWEEN.sub(r"\1<text> ", message)
    return KEY_VALUE.sub(r"\1<text>\2", message) if "key (" in lowered or "key value is (" in lowered else message


def _without_rest(match: re.Match[str]) -> str:
    """What a message says before it repeats something, and the codes of what it repeats."""
    begins = match[match.lastindex or 0]
    rest = match[0][len(begins) :]
    said = saying_at(rest, 1 if rest[:1] in ("'", '"') else 0)
    return f"{begins}{rest[: said.end()] if said else '<text>'}{codes_of(rest[said.end() if said else 0 :])}"


def _without_content(match: re.Match[str]) -> str:
    quote, inner = match[0][0], match[0][1:-1]
    is_name = (
        len(inner) <= LONGEST_NAME
        and len(inner.split()) < FEWEST_WORDS
        and not (_has_unspaced(inner) and CONTENT.search(inner))
    )
    return match[0] if is_name else f"{quote}{kept_of(inner)}{match[0][-1]}"
