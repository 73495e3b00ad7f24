"""What says in a text which error it is, where the rest is not kept: codes, classes, a provider's own sentences."""

import re
from functools import reduce

from ..patterns import Pattern

MOST_CODES = 3
# Of a quoted or repeated text these stay, with their digits: [Errno 111] Connection refused, ORA-12541, (18456), 5.7.8.
CODE = Pattern(
    r"\[(?:Errno|WinError) -?\d{1,5}\](?: [A-Z][a-z]{1,15}(?: [a-z]{1,15}){1,4}\b)?|\[SSL: [A-Z0-9_]{2,60}\]"
    r"|\b(?:ORA|TNS|DPY|DPI|PLS)-\d{3,6}\b|\bAADSTS\d{4,8}\b|\b(?:SQLSTATE|SQLCODE)\W{1,2}\w{5}\b|\((?:\d{4,5})\)"
    r"|(?<![\d.])[45]\d\d(?: [A-Z][a-z]{1,15}){2,4}\b|\bkind: [A-Z][A-Za-z]{2,30}\b"
    r"|\bE(?:AI_AGAIN|CONN[A-Z]{3,12}|SOCKETTIMEDOUT|TIMEDOUT|HOSTUNREACH|NETUNREACH|NOTFOUND|PIPE|ACCES|NOENT|PERM"
    r"|NOSPC|ROFS)\b"
    r"|\bmodel=[\w.:/-]{2,60}|\bsafety_violations=\[[a-z_, /]{1,80}\]"
    r"|\b[a-z]{1,30}_status:\d{1,3}\b|\bcode=\d{2,5}\b|\bstatus(?:_?code)?\W{1,3}[45]\d\d\b|"
    r"(?<![\d.])[45]\.\d\.\d{1,2}(?![\d.])"
    r"|\b(?:[a-z_]\w{0,40}\.){0,5}[A-Z]\w{1,60}(?:Error|Exception|Violation|Refused|Denied)\b"
    r"|\b[A-Z]{2,20}(?:_[A-Z]{2,20}){1,5}\b|\b[a-z0-9]{2,10}:[A-Z][a-z]{2,12}[A-Z][A-Za-z]{2,30}\b"
    r"|\b(?:constraint|index|relation|column) \"\w{1,64}\"|\bMicrosoft\.\w{1,40}(?:/\w{1,40}){1,4}"
    r"|(?<=[\"'])(?:error|status|code|type|reason)\\?[\"']\s?:\s?\\?[\"'][a-z]{2,30}(?:[_-][a-z]{2,30}"
    r"|[A-Z][a-z]{2,30}){1,6}"
    r"(?=\\?[\"'])|(?<=<text> )(?:error|status|code|type|reason): \w{2,60}"
)
# A provider's sentence, as far as it is the same for everybody; numbers and models are part of it. One a line; the
# parts that would make a line too long have names.
PARTS = {
    "AMOUNT": r"[\d.,]{1,20}",
    "FIELD": r"(?:messages|tools|system|thinking|max_tokens|temperature)(?:\.\w{1,30}){0,8}",
    "ODBC": r"(?:\[\w{5}\] )?(?:\[[\w .]{1,40}\]){1,4}\s?",
    "MAIL": r"(?:[245]\.\d\.\d{1,2} )?",
    "LIMITS": r": Limit [\d.,]{1,20}, Used [\d.,]{1,20}, Requested [\d.,]{1,20}",
}
SENTENCES = r"""
Incorrect API key provided
Invalid API [Kk]ey provided
invalid x-api-key
API key not valid
Overloaded
prompt is too long(?:: AMOUNT tokens > AMOUNT maximum)?
Your credit balance is too low to access
OAuth token has (?:expired|been revoked)
OAuth authentication is currently not supported
The usage limit has been reached
No endpoints found
No allowed providers are available for the selected model
Output blocked by content filtering policy
Number of request tokens has exceeded
Internal server error
text content blocks must be non-empty
FIELD: (?:text content blocks must be non-empty|Extra inputs are not permitted|Input should be [\w ]{1,40})
FIELD: (?:Field required|unexpected `?\w{1,30}`?|all messages must have)
This request would exceed (?:the|your) (?:organization|account)'s rate limit
This request would exceed the rate limit for your organization
Rate limit reached for [\w.:-]{1,60} in organization \S{1,40} on [a-z ]{5,30}(?:\([A-Z]{2,5}\))?(?:LIMITS)?
You exceeded your current quota
Resource has been exhausted
Quota exceeded for quota metric
This model's maximum context length is AMOUNT tokens
Your request was rejected as a result of our safety system
The model `[\w.:/-]{1,60}` does not exist
Authentication Error, Invalid proxy server token passed
The server had an error while processing your request
The model is overloaded
The service is currently unavailable
Permission denied on resource project
Invalid schema for function
Unsupported (?:parameter|value): '[\w.]{1,40}'(?: is not supported with this model\. Use '[\w.]{1,40}' instead\.)?
Project `\S{1,40}` does not have access
Unusual activity detected
This request exceeds your quota
Could not finish the message because max_tokens
Access denied for user
Lost connection to MySQL server(?: during query)?
MySQL server has gone away
Can't connect to MySQL server
Duplicate entry '<text>' for key '[\w.]{1,64}'
Unauthenticated
ensure this value has at (?:most|least) AMOUNT (?:characters|items)
Data too long for column '\w{1,64}'
Unknown column '[\w.]{1,64}'
Unknown database
Too many connections
Deadlock found when trying to get lock
Lock wait timeout exceeded
Table '[\w.]{1,64}' doesn't exist
(?:<urllib3\.\w{1,30}\.\w{1,40} object at 0x[0-9a-f]{1,16}>: )?Failed to (?:establish a new connection|resolve)
Connection aborted
failed to connect to all addresses
upstream connect error or disconnect/reset before headers
Cannot connect to proxy
Connection to \S{1,80} timed out
Read timed out
Max retries exceeded
Remote end closed connection without response
No such (?:customer|token|charge|subscription|plan|price)
Request too large for model `[\w.:/-]{1,60}`
failed to terminate victim
pods is forbidden
Login timeout expired
Authentication failed
Unauthorized
Flow run encountered an exception
Task run encountered an exception
Your card was declined
Server failed to authenticate the request
Provided username
Failed to authenticate to
ODBC(?:Login failed for user|Login timeout expired|Cannot open database|Invalid object name)
Username and Password not accepted
5\.7\.8 Username and Password not accepted
The from address does not match
MAIL(?:The email account that you tried to reach|Recipient address rejected|User unknown|Mailbox full)
"""
SAYINGS = tuple(reduce(lambda said, part: said.replace(*part), PARTS.items(), SENTENCES).strip().splitlines())
FIRST_SIGNS = 3
# By how they begin, as a text begins like few of them and all take long to be compiled; "" has those with no fixed one.
SAYINGS_BY_SIGNS: dict[str, list[str]] = {}
for _saying in SAYINGS:
    _signs = _saying[:FIRST_SIGNS]
    SAYINGS_BY_SIGNS.setdefault(_signs if re.fullmatch(r"[\w ]+", _signs) else "", []).append(_saying)
SAYING = {signs: Pattern(rf"(?:{'|'.join(sayings)})(?![a-z])") for signs, sayings in SAYINGS_BY_SIGNS.items()}


def saying_at(text: str, place: int = 0) -> re.Match[str] | None:
    """The provider's own sentence that the text has at a place."""
    like_it = SAYING.get(text[place : place + FIRST_SIGNS])
    return (like_it.match(text, place) if like_it else None) or SAYING[""].match(text, place)


def codes_of(text: str) -> str:
    """The codes and classes of a text that is not kept, each after a space; "" where it has none."""
    found = dict.fromkeys(_as_words(match[0]) for match in CODE.finditer(text))
    return "".join(f" {code}" for code in list(found)[:MOST_CODES])


def _as_words(code: str) -> str:
    """A field and its value without their quotes; another code as it is."""
    return re.sub(r"\\?[\"']", "", code) if code[0].islower() and ":" in code else code


def kept_of(text: str) -> str:
    """What is kept of a quoted text: its provider's own sentence, then <text> and codes for the rest."""
    said = saying_at(text)
    if said is None:
        return f"<text>{codes_of(text)}"
    rest = text[said.end() :]
    return f"{said[0]}{'' if len(rest) < 2 else f' <text>{codes_of(rest)}'}"
