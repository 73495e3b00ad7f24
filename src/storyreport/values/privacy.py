"""What must not be kept of a text: credentials, people's addresses and folders, by their shape, name or randomness."""

import re
from collections.abc import Callable

SECRET = "<secret>"
E_MAIL = r"[\w.+%-]{1,64}(?:@|%40)[\w-]+(?:\.[\w-]+)+"
# Names whose value is a secret after a colon, too; those of WEAK only after `=`, or where the value has a digit.
STRONG = (
    r"(?:[A-Za-z0-9_.-]{0,40}[-_.])?(?:(?:api|access|secret|private|subscription|account|master|license)[-_ ]?key"
    r"(?: provided)?|(?:shared)?access[-_]?key|(?:client|app|webhook|shared)[-_]?secret"
    r"|(?:auth|access|refresh|api|bot|bearer|id|session|csrf|security|user)[-_ ]?token|passw(?:or)?d|passphrase|pwd"
    r"|authorization|credentials?|secret|(?:session|php|j)[-_]?s?(?:id|essid|essionid)|x-[\w-]{0,40}(?:key|token|auth)"
    r"|\w{0,40}(?:SharedAccessKey|AccountKey|ConnectionString))"
)
WEAK = r"(?:[A-Za-z0-9_.-]{0,40}[-_])?(?:key|token|session|sig|signature|auth|code|hash|nonce|otp|pin)"
# Prefixes that providers give to their keys, so that they are found.
PREFIXES = (
    r"(?:sk|pk|rk)[-_]|xox[a-z]-|xapp-|gh[a-z]_|github_pat_|glpat-|gl[a-z]{2,4}-|hf_|r8_|npm_|pypi-|gsk_|xai-|nvapi-|pplx-"
    r"|tvly-|AKIA|ASIA|AIza|ya29\.|SG\.|dop_v1_|shp[a-z]{2}_|lin_api_|whsec_|sq0[a-z]{3}-|EAA[A-Z]|dapi|eleven_"
    r"|ntn_|figd_|rnd_|ls(?:v2)?_[a-z]{2}_"
)
# Ids of requests, and those that begin with a time, look like keys and open nothing.
NO_SECRETS = re.compile(
    r"\d{8}T|(?:req|msg|chatcmpl|call|toolu|tooluse|resp|run|gen|pred|batch|file|thread|step|asst|cmpl|trace|span|job|wf|evt)[-_]"
)
RANDOM = r"(?<![\w/.-])[A-Za-z0-9_+-]{20,}={0,2}(?![\w/-])"

Replacement = str | Callable[[re.Match[str]], str]


def _unless_plain(match: re.Match[str]) -> str:
    """Takes out a long word of mixed letters and digits, as only a machine writes it."""
    word = match[0]
    if NO_SECRETS.match(word):
        return word
    is_mixed = re.search(r"[a-z]", word) and re.search(r"[A-Z]", word) and len(re.findall(r"\d", word)) >= 3
    changes = len(re.findall(r"[A-Za-z](?=\d)|\d(?=[A-Za-z])", word))
    return SECRET if is_mixed and changes >= 3 else word


# Words without which a name is none of STRONG; and none of WEAK.
STRONG_WORDS = (
    *("key", "token", "secret", "passw", "passphrase", "pwd", "authoriz", "credential", "sess", "connectionstring"),
    *("x-", "jsid", "phpsid"),
)
WEAK_WORDS = ("key", "token", "sess", "sig", "auth", "code", "hash", "nonce", "otp", "pin")
# Pattern, replacement, and texts in lower case of which one must be there: to look for these is quick. In this order:
# what holds others comes first.
SECRETS: tuple[tuple[str, Replacement, tuple[str, ...]], ...] = (
    (r"(?s)-----BEGIN [A-Z ]*(?:KEY|CERTIFICATE)[A-Z ]*-----.*?(?:-----END [A-Z ]*-----|\Z)", SECRET, ("-----",)),
    (r"(?i)\b((?:set-)?cookie\\?[\"']?\s*[:=]\s*)[^\r\n]+", rf"\1{SECRET}", ("cookie",)),
    # The user in an address; a password may hold anything but a space.
    (r"\b(\w+://)[^\s/@:]*:(?!\d{1,5}(?:[/?#\s]|$))[^\s\"'<>]*@", r"\1", ("://",)),
    (r"\b(\w+://)[^\s/@:?#\"'<>]+@", r"\1", ("://",)),
    (
        r"(?i)\b(https?://[^\s/]{0,200}hooks?[^\s/]{0,200}/|https?://\S{0,200}?/(?:web)?hooks?/)[^\s\"'<>]+",
        rf"\1{SECRET}",
        ("hook",),
    ),
    (r"(?<![\w-])(?:[\w-]{6,64}:[A-Za-z0-9_-]{20,}|Key [\w-]{6,64}:[\w-]{6,})", SECRET, (":",)),
    (
        r"(?i)\b(authorization\\?[\"']?\s*[:=]\s*\\?[\"']?(?:(?:basic|bearer|token|digest)\s+)?)"
        r"(?!\s*(?:(?:basic|bearer|token|digest)\s+)?<)[^\r\n\"',;}\\]{4,}",
        rf"\1{SECRET}",
        ("authorization",),
    ),
    (r"(\s(?:-u|--user|--proxy-user)[\s=]+[\"']?[^\s:\"']{1,64}:)[^\s\"']+", rf"\1{SECRET}", ("-u", "--proxy-u")),
    (r"(?i)\b(bearer\s+)[\w.~+/=-]{8,}", rf"\1{SECRET}", ("bearer",)),
    (r"(?i)\b(basic\s+)(?=[\w+/]*[0-9+/=])[\w+/]{12,}={0,2}", rf"\1{SECRET}", ("basic",)),
    (rf"(?<![A-Za-z0-9_])(?:{PREFIXES})[A-Za-z0-9_.-]{{9,}}", SECRET, ()),
    (r"\beyJ[\w-]{8,}\.[\w-]+\.?[\w-]*", SECRET, ("eyj",)),
    (E_MAIL, "<e-mail>", ("@", "%40")),
    # Signed addresses.
    (
        r"(?i)([?&;](?:sig|signature|x-(?:amz|goog)-[\w-]+|policy|key-pair-id|googleaccessid)=)[^\s&\"'<>]+",
        rf"\1{SECRET}",
        ("=",),
    ),
    (
        rf"(?i)(?<![A-Za-z])({STRONG})(\\?[\"']?\s*[:=]\s*\\?[\"']?(?:(?:basic|bearer|token|digest)\s+)?)"
        r"(?!(?:basic|bearer|token|digest)\s|<)[^\s\"'&,;}<\\]{4,}",
        rf"\1\2{SECRET}",
        STRONG_WORDS,
    ),
    (rf"(?i)(?<![A-Za-z])({WEAK}=\\?[\"']?)(?!<|\d{{1,5}}\b)[^\s\"'&,;}}<\\]{{4,}}", rf"\1{SECRET}", WEAK_WORDS),
    (
        rf"(?i)(?<![A-Za-z])({WEAK}\\?[\"']?:\s*\\?[\"']?)(?!\d{{1,6}}\b)(?=[^\s\"',;}}]*\d)[^\s\"'&,;}}<\\]{{6,}}",
        rf"\1{SECRET}",
        WEAK_WORDS,
    ),
    (
        rf"(?i)(?<![A-Za-z])({STRONG}|token)(\s+(?:is\s+|was\s+)?)(?=\S*\d)[^\s\"'<,;]{{6,}}",
        rf"\1\2{SECRET}",
        STRONG_WORDS,
    ),
    (r"(?<![\w.-])/(?:home|Users)/[^/\s:\"'<>]+", "~", ("/home/", "/users/")),
    (r"(?i)\b([A-Z]:\\{1,2}Users\\{1,2})[^\\\s:\"'<>]+", r"\1user", ("users\\",)),
    (r"(?<![\w.])\(\d{3}\) ?\d{3}[ -]\d{4}(?!\w)", "<phone>", ("(",)),
    (r"(?<![\w.])\+\d{1,3}[ ./()-]*\d{2,4}[ ./()-]*\w{3,}(?:[ ./-]\d{2,})*", "<phone>", ("+",)),
    # An address of a private network says nothing about a person.
    (
        r"(?<![\w.])(?!(?:0|10|127|192\.168|169\.254|172\.(?:1[6-9]|2\d|3[01]))\.)(?:\d{1,3}\.){3}\d{1,3}(?![\w.])",
        "<ip>",
        (".",),
    ),
    (RANDOM, _unless_plain, ()),
)
COMPILED = tuple((re.compile(pattern), replacement, needles) for pattern, replacement, needles in SECRETS)
# Nearly all texts hold none of these, and so none of the SECRETS: words in lower case, and what has no fixed word.
WORDS = (
    *STRONG_WORDS,
    *WEAK_WORDS,
    *("@", "%40", "bearer", "basic", "://", "-----", "cookie", "hook", "eyj", "/home/", "/users/", "users\\"),
    *(" -u", "\t-u", " --user", "--proxy-user"),
)
SHAPES = re.compile(rf"\+\d|\(\d{{3}}\)|\d\.\d+\.\d|[\w-]{{6}}:[\w-]{{6}}|[\w+-]{{20}}|(?<![A-Za-z0-9_])(?:{PREFIXES})")

# Where a message repeats what the program sent or got: prompts and completions.
ECHO = re.compile(
    r"(?is)(?<!\w)((?:messages|prompts?|input|inputs|content|contents|completions?|llm_output|output|response|body|text|parts"
    r"|payload|request|data|story|chapter)\\?[\"']?\s*[=:]\s*)[\[{(\"'].*"
    # A row of a database, as its server repeats it.
    r"|\b((?:failing row contains|with parameters?)[:=]?\s*)[\[(].*"
    r"|\b((?:from completion|got|received|completion|generated text|invalid json output|could not parse llm output"
    r"|output parser|prompt was|while processing|raw output|model said|llm response)[:=]?\s+)(?=[\"'`\[{(])[\"'`\[{(].*"
)
# A sentence that follows without quotes; a type or a value is one word.
SAID = re.compile(
    r"(?is)\b((?:from completion:?|(?:got|char \d+\) in|model (?:said|returned|answered)|raw (?:output|response|text)"
    r"|(?:invalid|unparsable) (?:output|completion|answer|response))\s*:)\s+)"
    r"(?!HTTP|\d|[\"'`\[{(])(?=(?:\S+\s+){5}\S).*"
)
SAID_WORDS = ("completion", "got", "char ", "model ", "raw ", "invalid ", "unparsable ")
# A quoted part of three words or more, or of more than 60 characters, is content; a shorter one is a name.
QUOTED = re.compile(r"\"[^\"\n]*\"|'[^'\n]*'|`[^`\n]*`|“[^”\n]*”")
LONGEST_NAME, FEWEST_WORDS = 60, 3
MOST_PASSES = 5
# What an ECHO or a quoted part opens with.
OPENINGS = re.compile(r"[\"'`“\[{(]")


def is_suspicious(text: str) -> bool:
    """Whether a text may hold what must not be kept; False for nearly all texts, at little cost."""
    lowered = text.casefold()
    return any(word in lowered for word in WORDS) or SHAPES.search(text) is not None


def redacted(text: str) -> str:
    """The text without what must not be kept."""
    if not is_suspicious(text):
        return text
    # What is taken out may leave another such text behind.
    for _ in range(MOST_PASSES):
        before, lowered = text, text.casefold()
        for pattern, replacement, needles in COMPILED:
            if not needles or any(needle in lowered for needle in needles):
                text = pattern.sub(replacement, text)
        if text == before:
            break
    return text


def neutral(message: str | None) -> str | None:
    """A message without what it repeats of prompts, stories and answers: the class, the code and short names stay."""
    if message is None:
        return None
    lowered = message.casefold()
    if any(word in lowered for word in SAID_WORDS):
        message = SAID.sub(r"\1<text>", message)
    if not OPENINGS.search(message):
        return message
    text = ECHO.sub(lambda match: f"{match[match.lastindex or 0]}<text>", message)
    return QUOTED.sub(_without_content, text)


def _without_content(match: re.Match[str]) -> str:
    quote, inner = match[0][0], match[0][1:-1]
    is_name = len(inner) <= LONGEST_NAME and len(inner.split()) < FEWEST_WORDS
    return match[0] if is_name else f"{quote}<text>{match[0][-1]}"
