"""Error messages by their cause: a message without its ids, measures, times, paths, URLs and quoted parts.

What says which error it is stays: status and error codes, exception classes, a provider's type of error, the name that
a program missed.
"""

import re

from ..patterns import Pattern, Words
from .codes import CODE, codes_of, saying_at

LONGEST_FINGERPRINT = 300
# Signs that no pattern knows stand for what is kept until the rest is replaced.
KEPT = {**{str(digit): chr(0xE000 + digit) for digit in range(10)}, '"': "\ue010", "'": "\ue011"}
KEEP, RESTORE = str.maketrans(KEPT), str.maketrans({sign: kept for kept, sign in KEPT.items()})
REMOVE = dict.fromkeys(RESTORE)


def _unless_said(found: re.Match[str]) -> str:
    """A quoted text as <text>, with its codes; what a provider says to everybody stays."""
    text = found[0].translate(RESTORE)
    said = saying_at(text, 1)
    codes = codes_of(text[said.end() if said else 1 : -1]).translate(KEEP)
    return f"{text[0]}{CODE.sub(_with_digits_kept, said[0])}{codes}{text[-1]}" if said else f"<text>{codes}"


def _with_digits_kept(found: re.Match[str]) -> str:
    return found[0].translate(KEEP)


# In this order: the wider pattern first. Each with what its matches hold, so that it need not look at most texts.
PLACEHOLDERS = (
    (
        Pattern(
            r"\b[a-z][a-z0-9+.-]{0,40}://(?:[^\s\"'`<>“”]|<(?:host|user|secret|account|bucket|ip|name|text"
            r"|e-mail)>)+(?<![.,;:!?)\]}])",
            re.I,
        ),
        "<url>",
        ("://",),
    ),
    # An apostrophe within a word opens nothing; b'…' is how Python prints bytes.
    (
        Pattern(
            r"\"[^\"\n]*\"|(?:(?<!\w)|(?<=\bb))'(?:[^'\n]|(?<=[^\W\d_])'(?=[^\W\d_]))*(?<!\()'|`[^`\n]*`|“[^”\n]*”"
        ),
        _unless_said,
        tuple("\"'`“"),
    ),
    (Pattern(r"(?:\b[A-Za-z]:\\|\\\\)[^\s:*?\"<>|]+"), "<path>", ("\\",)),
    (Pattern(r"(?<![\w<])(?:~|\.{1,2})?(?:/[\w.@%+~-]+)+/?"), "<path>", ("/",)),
    (Pattern(r"\b[0-9a-f]{8}-(?:[0-9a-f]{4}-){3}[0-9a-f]{12}\b", re.I), "<id>", ("-",)),
    (Pattern(r"\b\d{4}-\d\d-\d\d(?:[T ]\d\d:\d\d(?::\d\d(?:[.,]\d+)?)?(?:Z|[+-]\d\d:?\d\d)?)?"), "<time>", ("-",)),
    (Pattern(r"\b\d{1,2}:\d\d(?::\d\d(?:[.,]\d+)?)?\b"), "<time>", (":",)),
    # An id by its name.
    (
        Pattern(
            r"\b((?:request|trace|correlation|host|transaction|event|job|connection|span)["
            r" _-]?id\W{1,3})[\w+/-]{6,200}=*",
            re.I,
        ),
        r"\1<id>",
        ("id", "Id", "ID"),
    ),
    # What Kubernetes adds to the name of a pod.
    (Pattern(r"(?<=\w)-(?=[a-z]*\d)[a-z0-9]{8,10}-[bcdf-hj-np-tv-z2-9]{5}(?![a-z0-9])"), "-<id>", ("-",)),
    (Pattern(r"\b(?=[0-9a-f]*\d)(?=[0-9a-f]*[a-f])[0-9a-f]{8,}\b", re.I), "<id>", ()),
    # Letters between digits, as in req_51bfba9ac12, name one thing only.
    (Pattern(r"\b(?=\w{8})\w*?\d[a-z]+\d\w*", re.I | re.ASCII), "<id>", ()),
    (Pattern(r"0x[0-9a-f]+", re.I), "<n>", ("0x", "0X")),
    (Pattern(r"\d+(?:[.,]\d+)*"), "<n>", ()),
)

HTTP = r"(?:4(?:0[0-9]|1[0-8]|2[1-689]|31|51|99)|5(?:0[0-8]|1[01]|2[0-79]|30|9[89]))"
# A number before one of these, or a decimal one, measures something.
MEASURE = Pattern(
    r"[\w.,]*\d|\s?(?:%|(?:ms|s|secs?|seconds?|m|mins?|minutes?|h|hours?|days?|b|bytes?|[kmgt]i?b|px|tokens?"
    r"|chars|characters?|words?|rows?|items?|chapters?|attempts?|tries|retries|times|lines?|files?|pages?(?! not found)"
    r"|requests|chunks?|steps?|stories|images?|entries|calls|frames?|records?|scenes?|nodes?|credits?|matches|results?"
    r"|documents?|messages?|paragraphs?|sentences?|samples?|elements?|objects?|options?|users?|tasks?|jobs?|runs?"
    r"|points?|responses|columns?|bits?|fps|pixels?|dollars?|cents?|usd|eur)\b)",
    re.I,
)
REASONS = (
    r"bad request|unauthorized|payment required|forbidden|not found|method not allowed|request timeout|conflict|gone"
    r"|payload too large|unprocessable|too many requests|rate limit|internal server error|bad gateway"
    r"|service (?:temporarily )?unavailable|gateway time-?out|overloaded|client error|server error"
)
MODELS = (
    "gpt|claude|gemini|llama|mistral|mixtral|ministral|codestral|qwen|deepseek|grok|gemma|phi|flux|whisper|kimi"
    "|glm|veo|imagen"
    "|text-embedding|dall-e|command-r|titan|sonar|jamba|chatgpt|default-gpt|gorilla|palm"
)
ERROR_WORDS = "fehler|fehlercode|erreur|errore|erro|código|fout|błąd|hata|ошибка|ошибки|错误|錯誤|エラー|오류"
# A state of SQL: 23505, 42P01, HY000.
SQLSTATE = r"(?-i:(?=[A-Z]*\d)[0-9A-Z]{5})"
# Where the digits, the group `code`, are a code and no measure; each with the words in lower case of which one must be
# there, or () where it takes the code of an HTTP answer.
CODES = tuple(
    (Pattern(pattern, re.I), frozenset(words))
    for pattern, words in (
        # HTTP 503, HTTP/1.1 503, status=503, status_code: 503, "code": 503, error code 1205, <Response [503]>
        (
            r"(?:\b|_)(?:https?(?:/\d(?:\.\d)?)?|status(?:[ _-]?code)?"
            r"|(?:error|response|return|fault|result)[ _-]?code|code)"
            r"\\?[\"']?\s*(?:is|was|of)?\s*[:=(\[#]*\s*(?P<code>\d{3,5})\b",
            ("http", "status", "code"),
        ),
        # error 503, API error (529, error #1205
        (r"\berror\s*[(\[#]?\s*(?P<code>\d{3,5})\b", ("error",)),
        # Fehler 503, erreur (503), and the same in other languages
        (rf"(?:{ERROR_WORDS})\s*(?:[:(\[#\uff1a]\s*)?(?P<code>{HTTP})\b", tuple(ERROR_WORDS.split("|"))),
        # error TS2345, error CS0103; CUDA error: 700, curl: (28)
        (r"\berror:?\s+(?P<code>(?-i:[A-Z]{1,4})\d{3,5})\b", ("error",)),
        (r"\b(?:cuda|hip|cublas|cudnn|curl|opencl|vulkan)(?: \w+)? error:?\s*[(\[]?(?P<code>\d{1,5})\b", ("error",)),
        # RateLimitError: 429, request failed - 503, returned 404, failed with 500
        (
            rf"(?:error|exception|fail(?:ed|ure)|refused|denied|response|request|answer)\s?[:([-]+\s*"
            rf"(?P<code>{HTTP})\b",
            (),
        ),
        (rf"\b(?:returned|responded|answered|got|received|gave|with|a|an)\s+(?:an?\s+)?(?P<code>{HTTP})\b", ()),
        # 429 Too Many Requests, (503), [404]
        (rf"(?:^|[^\w\s]\s*|\b(?:error|http|server)\s+)(?P<code>{HTTP})\b(?=[\s:,-]{{1,3}}(?:{REASONS}))", ()),
        (rf"[(\[](?P<code>{HTTP})(?=[)\]])", ()),
        # rate limit 429, not found: 404
        (rf"\b(?:{REASONS}|rate_limit\w*)\s?[:=(\[-]?\s*(?P<code>{HTTP})\b", ()),
        (rf"^\s*(?P<code>{HTTP})\b", ()),
        # exit code 137, exit status 1, signal 9, errno 28, WinError 5
        (r"\bexit(?:ed)?(?: with)?(?:[ _-]?(?:code|status))?\s*[:=]?\s*-?(?P<code>\d{1,3})\b", ("exit",)),
        (r"\b(?:signal|errno|winerror)\s*[:=]?\s*-?(?P<code>\d{1,5})\b", ("signal", "errno", "winerror")),
        # SQLSTATE 23505, ERROR: 23505:, error 1205 (HY000), 002003 (42S02), code: '42P01'
        (r"\bsqlstate\W{0,3}(?P<code>\w{5})\b", ("sqlstate",)),
        (r"\b(?P<code>\d{6})(?= \(\w{5}\))", ("(",)),
        (rf"\berror:\s+(?P<code>{SQLSTATE})(?=:)", ("error:",)),
        (rf"(?:\berror\b[^()\n]{{0,20}}|^|\s)\((?P<code>{SQLSTATE})\)", ("(",)),
        (rf"\bcode\\?[\"']?\s*[:=]\s*(?P<code>[\"']?{SQLSTATE}[\"']?)(?!\w)", ("code",)),
        # grpc status 14, rpc error: code = 14
        (r"\bg?rpc\b[^\d\n]{0,30}\b(?:status|code)\s*[:=(]?\s*(?P<code>\d{1,2})\b", ("rpc",)),
        # HRESULT 0x80070005, error code 0xC0000005
        (
            r"(?:\b(?:hresult|ntstatus|error|code|status)\b\W{0,4}|exception \(|[a-z]\. \()(?P<code>0x[0-9a-f]{8})\b",
            ("0x",),
        ),
        # E503, E11000, E_TIMEOUT_42, ERR_HTTP2_STREAM_ERROR
        (r"\b(?P<code>(?-i:E)\d{3,5})\b", tuple(f"e{digit}" for digit in range(10))),
        (r"\b(?P<code>(?-i:E(?:RR|RROR)?_[A-Z0-9_]*[A-Z][A-Z0-9_]*))\b", ("e_", "err_", "error_")),
    )
)
NAMED_WITH_DIGITS = (
    "sqlite", "psycopg", "boto", "urllib", "ldap", "oauth", "base", "sha", "md", "utf", "latin", "cp", "x509", "x86",
    "x26", "mat", "py",
)  # fmt: skip
# The same, exactly: what looks so measures nothing.
EXACT_CODES = tuple(
    (Pattern(pattern, re.I), frozenset(words))
    for pattern, words in (
        (r"\bcurl:?\s*\(?(?P<code>\d{1,3})\b", ("curl",)),
        (
            r"\b(?:reason|code|error|blocked|failed|invalid)\W{1,3}(?P<code>(?-i:(?:[A-Z]{1,6}-?\d{2,6}"
            r"|0x[0-9A-Fa-f]{8})))\b",
            ("reason", "code", "error", "blocked", "failed", "invalid"),
        ),
        (r"(?<!\w)(?P<code>0x[8c][0-9a-f]{7})(?!\w)", ("0x8", "0xc")),
        (r"\((?P<code>\d{3})(?=, [\"'\ue010\ue011]|\) [A-Z]{2,}_[A-Z])", ("(",)),
        (rf"(?-i:\b[A-Z][a-z]+[A-Z][A-Za-z]+): (?P<code>{HTTP})\b", (": 4", ": 5")),
        (rf"(?-i:\b[A-Z]{{3,6}}): (?P<code>{HTTP})(?= - )", (": 4", ": 5")),
        (r"\berror=(?P<code>-?\d{1,5})\b", ("error=",)),
        (r"\(#(?P<code>\d{1,6})\)", ("(#",)),
        (r"\berror: (?P<code>\d{3,6})(?=\)|\. |(?-i: [A-Z][a-z]))", ("error: ",)),
        (rf"\w:? (?P<code>{HTTP})(?= (?:Invalid|Unable|Unauthori[sz]ed|Forbidden)\b)", (" 4", " 5")),
        (r"\bapi:? (?P<code>\d{3,5})(?=:? )", ("api",)),
        (r"\bsystem error (?P<code>\d{1,5})\b", ("system error",)),
        (r"\bsqlcode\s?[=:]?\s?(?P<code>-?\d{1,5})\b", ("sqlcode",)),
        (r"\bval=(?P<code>-?\d{1,4})(?=,str=)", (",str=",)),
        (r"(?:: |by: )\[(?P<code>\d{1,3})\](?= [A-Z])", (": [",)),
        (r"\bevent (?P<code>\d{4})(?= )", ("event ",)),
        (r"\(err (?P<code>\d{1,3})\)", ("(err ",)),
        # GET 401, Access denied: 403, 535-5.7.8, 550 5.1.1, dsn=5.4.4, (535, b'…'
        (rf"\b(?:GET|POST|PUT|PATCH|DELETE|HEAD|HTTP/\d\.\d\"?) (?P<code>{HTTP})\b", ()),
        (r"(?:\bdsn=|\b[245]\d\d[ -]|b['\"])(?P<code>[245]\.\d\.\d{1,2})\b", ("5.", "4.", "2.")),
        (r"\b(?P<code>[245]\d\d)(?=[ -][245\ue002\ue004\ue005][.][\d\ue000-\ue009][.])", ("5", "4", "2")),
        (
            r"(?:error|refused|exception|failed|login)\w{0,20}(?::|: \{[^{}\n]{0,100}:)? ?\(?(?P<code>[45]\d\d)"
            r"(?=[ -]The|, b['\"]|-\d)",
            ("smtp", "login:", "failed:"),
        ),
        # DiscordAPIError[50001], OperationalError: (1045, SocketException (11001), upstream timed out (110:
        (r"(?:error|exception)\[(?P<code>\d{3,6})\]", ("[",)),
        (r"(?:error|exception):? \((?P<code>\d{3,5})(?=[,)])", ("(",)),
        (r"\((?P<code>\d{2,3})(?=: [A-Z][a-z]+(?: [a-z]+){0,3}\))", ("(",)),
        (r"\b(?P<code>\d{4})(?= \(\w{5}\))", ("(",)),
        # Code: 60. DB::Exception, 250001: Failed, errno -4058, errno: -104, code: '401', Code = '401'
        (r"\bcode: (?P<code>\d{1,5})(?=\. )", ("code",)),
        (r"(?<![\w.])(?P<code>2[59]\d{4})(?=: [A-Z])", (": ",)),
        (rf"\bcode['\"\]]{{0,2}}\s?[:=]?\s?(?P<code>['\"]?{HTTP}['\"]?)(?!\w)", ("code",)),
        (rf"\bproxy \S{{1,80}}: (?P<code>{HTTP})\b", ("proxy",)),
        (rf"\" (?P<code>{HTTP})(?= \d{{1,12}} )", ('" ',)),
        # 403 (ACCESS-REFUSED), | 500 |, HttpError 403 when, (code 23), [HY000] [2002], (HY000/2002), { code: 'P2002' }
        (rf": (?P<code>{HTTP})(?= \([A-Z])", (": 4", ": 5")),
        (rf"\| (?P<code>{HTTP})(?= \|)", ("| 4", "| 5")),
        (rf"[a-z]error (?P<code>{HTTP})\b", ("error 4", "error 5")),
        (r"\(code (?P<code>\d{1,5})\)", ("(code ",)),
        (r"\] \[(?P<code>\d{4})\]", ("] [",)),
        (r"\((?P<code>(?=[A-Z]*\d)[0-9A-Z]{5}/\d{4})\)", ("/",)),
        (r"\bcode\W?\s?[:=]\s?[\"'\ue010\ue011](?P<code>[A-Z]{1,3}\d{3,5})\b", ("code",)),
        (r"\[(?P<code>(?=[A-Z]*\d)[0-9A-Z]{5})\](?= \[)", ("] [",)),
        (r"\b(?P<code>s3|ec2|route53)(?=:[a-z]{3,12}[a-z])", ("s3:", "ec2:", "route53:")),
        (rf": (?P<code>{HTTP})(?= Request has expired| Proxy Authentication)", ("expired", "proxy auth")),
        (r"\b(?:ORA|TNS|PLS|DPI|DPY|AADSTS)-?(?P<code>\d{3,8})\b", ("ora", "tns", "pls", "dpi", "dpy", "aadsts")),
        (r"\bindex: (?P<code>[\w.$-]{1,80})(?= dup key)", ("dup key",)),
        # Names that end with a digit: psycopg2, S3, x509; retrofit2.adapter.HttpException; gpt-4.1.
        (
            r"\b(?P<code>(?:(?:sqlite|psycopg|boto|urllib|ldap|oauth|base|sha|md|utf-?|latin-?|cp|py)\d{1,4}|x"
            r"(?:509|86|26[45])|mat[12]))"
            r"(?![\d-])",
            NAMED_WITH_DIGITS,
        ),
        (r"\b(?P<code>(?-i:(?:S3|EC2|R2|K8s)(?:[A-Z][a-z][A-Za-z]{0,40})?))(?!\w)", ("s3", "ec2", "r2", "k8s")),
        (
            r"(?<![\w./])(?P<code>(?-i:(?:[a-z_]\w{0,40}\.){1,6}[A-Z]\w{1,60}(?:Error|Exception|Violation|Detected"
            r"|Failed)))\b",
            ("error", "exception", "violation", "detected", "failed"),
        ),
        (
            rf"\b(?P<code>(?:{MODELS})[.-](?=[\w.:-]{{0,60}}\d)[\w.:-]{{0,60}}\w)",
            tuple(MODELS.split("|")),
        ),
    )
)
# Codes of products, by capitals and digits: KEYCLOAK-01012: …, [KC-SERVICES0013], CWIML4507E:, P2002; a story,
# a chapter or an issue by its number is none.
PRODUCT_CODES = (
    Pattern(
        r"(?:^|[\s\[(\"'])(?P<code>(?!(?:STORY|CHAPTER|SCENE|PAGE|TASK|JOB|RUN|STEP|ITEM|ISSUE|TICKET|ORDER|WORKER|NODE"
        r"|GPU|CPU|HTTP|PART|BOOK|LINE|ROW|USER|BATCH|SHOT|TAKE|EP)[-_]?\d)"
        r"[A-Z]{1,15}(?:[-_][A-Z]{1,15}){0,2}[-_]?\d{3,7}[A-Z]?)(?=\]|\)|:)"
    ),
    Pattern(r"\b(?P<code>[A-Z]{2,12}(?:-[A-Z]{2,12})?-?0\d{2,5}[A-Z]?)\b(?!-)"),
    Pattern(r"(?<![\w-])(?P<code>P[1-6]0\d\d|E\d{6,8})(?!\w)"),
)
HAS_PRODUCT_CODE = Pattern(r"[A-Z][-_]?\d{3}")
WORDS_OF_CODES = Words(word for _, words in (*EXACT_CODES, *CODES) for word in words)
IS_HTTP = Pattern(HTTP)
QUOTE = r"\\?[\"']"
# Where the quoted word, the group `name`, says which error it is: {"type": "overloaded_error"}, KeyError: 'title'.
NAMES = (
    Pattern(
        rf"(?P<open>{QUOTE})(?:[Ee]rror_?|decline_)?(?:[Tt]ype|[Cc]ode|[Ss]tatus|[Rr]eason"
        rf"|error)(?P<close>{QUOTE})\s*[:=]\s*(?P<before>{QUOTE})(?P<name>[A-Za-z][\w.-]{{1,59}})(?P<after>{QUOTE})"
    ),
    Pattern(rf"\bKeyError(?:: |\()(?P<before>{QUOTE})(?P<name>[A-Za-z_][\w.-]{{0,59}})(?P<after>{QUOTE})"),
    Pattern(
        rf"(?P<open>{QUOTE})name(?P<close>{QUOTE})\s*:\s*(?P<before>{QUOTE})(?P<name>[a-z]{{2,20}}"
        rf"(?:_[a-z]{{2,20}}){{1,4}})(?P<after>{QUOTE})"
    ),
    # Cannot read properties of undefined (reading 'content'), StatusCode="Unavailable", 'NoneType' object
    Pattern(rf"(?P<before>{QUOTE})(?P<name>NoneType)(?P<after>{QUOTE})"),
    Pattern(rf"\b(?:reading|setting) (?P<before>{QUOTE})(?P<name>[A-Za-z_][\w.]{{0,59}})(?P<after>{QUOTE})\)"),
    # { code: 'EAUTH' }, reason: "RATE_LIMIT_EXCEEDED", RequestError(400, 'index_not_found_exception'
    Pattern(
        rf"(?:code|type|status|reason|\w(?:Error|Exception)\(\d{{3}},)\s?:? ?(?P<before>{QUOTE})"
        rf"(?P<name>[A-Za-z][\w-]{{2,59}})(?P<after>{QUOTE})"
    ),
    Pattern(rf"(?:code|type|status|error)=(?P<before>{QUOTE})(?P<name>[A-Za-z][\w.-]{{1,59}})(?P<after>{QUOTE})", re.I),
    Pattern(
        r"\b(?:no attribute|no module named|cannot import name|name|variable|unexpected keyword argument|constraint"
        r"|index|relation|resource|column|the|exception|cannot (?:invoke|read field|assign field)) "
        rf"(?P<before>{QUOTE})(?P<name>[A-Za-z_][\w.]{{0,59}}(?:\(\))?)(?P<after>{QUOTE})",
        re.I,
    ),
)
HAS_DIGIT, HAS_QUOTE = Pattern(r"\d"), Pattern(r"[\"'`“]")


def fingerprint(message: str | None) -> str | None:
    """The message with its ids, measures, times, paths, URLs and quoted parts replaced: equal for equal causes."""
    if message is None:
        return None
    text = message.strip() if message.isascii() else message.strip().translate(REMOVE)
    if HAS_QUOTE.search(text):
        for pattern in NAMES:
            text = pattern.sub(_with_quotes_kept, text)
    lowered, has_http, has_digit = text.casefold(), IS_HTTP.search(text), HAS_DIGIT.search(text)
    present = WORDS_OF_CODES.within(lowered)
    for pattern in PRODUCT_CODES if HAS_PRODUCT_CODE.search(text) else ():
        text = pattern.sub(_with_code_kept, text)
    for codes, replacement in ((EXACT_CODES, _with_code_kept), (CODES, _unless_measure)):
        for pattern, words in codes:
            if not words.isdisjoint(present) if words else has_http:
                text = pattern.sub(replacement, text)
    for pattern, placeholder, signs in PLACEHOLDERS:
        if any(sign in text for sign in signs) if signs else has_digit:
            text = pattern.sub(placeholder, text)
    text = " ".join(text.split())
    return (text if text.isascii() else text.translate(RESTORE))[:LONGEST_FINGERPRINT]


def _with_quotes_kept(found: re.Match[str]) -> str:
    """The match with its quotes kept; numbers in the name are still replaced."""
    return found[0].translate({ord(quote): KEPT[quote] for quote in "\"'"})


def _unless_measure(found: re.Match[str]) -> str:
    return found[0] if MEASURE.match(found.string, found.end()) else _with_code_kept(found)


def _with_code_kept(found: re.Match[str]) -> str:
    start, end = (place - found.start() for place in found.span("code"))
    return found[0][:start] + found[0][start:end].translate(KEEP) + found[0][end:]
