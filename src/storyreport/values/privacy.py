"""What must not be kept of a text: credentials, people's addresses and folders, by their shape, name or randomness."""

from functools import lru_cache

from ..patterns import AS_SHAPE, Pattern, Words, any_of
from ..tokens import PREFIXES
from .abroad import KEYS, PASSWORDS
from .accounts import ACCOUNTS
from .credentials import SECRETS, SHORT_PREFIXES, STRONG_WORDS, WEAK_WORDS
from .homes import HOMES
from .papers import PAPERS
from .people import ADDRESS_WORDS, BIRTH_WORDS, NUMBERED_WORDS, STREETS, TELEPHONE_WORDS, USERS_ABROAD
from .places import MACHINE_WORDS, PLACES, URL_HOST
from .shapes import (
    HOSTED,
    LIKE_KEYS,
    MACHINE,
    NUMBERED,
    STRONG_ELEMENT,
    STRONG_FIELD,
    STRONG_NUMBER,
    STRONG_OPTION,
    STRONG_QUOTE,
    WEAK_EQUAL,
    WEAK_FIELD,
    WEAK_NUMBER,
)
from .spellings import spelt_out

__all__ = ["SECRETS", "is_suspicious", "redacted"]

COMPILED = tuple((Pattern(pattern), replacement, frozenset(needles)) for pattern, replacement, needles in SECRETS)
# The patterns to try, by a word or a sign that a text has.
TRIED: dict[str, list[int]] = {}
for _number, _words in enumerate(needles for _, _, needles in COMPILED):
    for _word in _words:
        TRIED.setdefault(_word, []).append(_number)
# Nearly all texts hold none of these, and so none of the SECRETS: words in lower case, and what has no fixed word.
ALONE = frozenset(
    (
        *("@", "%40", "bearer", "basic", "-----", "cookie", "eyj", "/home/", "/users/", "users\\"),
        *("private-lines", "base64,", "ssws", "$2", "$1$", "$5$", "$6$", "$argon2", "$scrypt", "pbkdf2", "/media/"),
        *("seed words", "/reset/", "/invite/", "/verify/", "mnemonic", "phrase", "recovery", "sqlplus", "oracle:"),
        *("redis-cli", " dot ", "(dot)", "[dot]", " -u", "\t-u", " --user", "--proxy-user", " -p", " -a"),
        *("~", "home\\"),
        *("home/", "users/", "settings/", "settings\\", "2fa", "one-time", "verification"),
        *("securestring", "identified", "::"),
        *("__construct", "kind:", "ssh ", "scp ", "sftp ", "rsync ", "/user/", "/afs/"),
        *("curl", "rtmp", "oauthtoken", "who:", "chat_id=", "cn=", "constraint ("),
        *("@//", "env(", "keyid:", "string to sign", " hash", "virtual key", "message to", "call to", "kakaoak"),
        *(word for _, _, words in (*PLACES, *ACCOUNTS, *HOMES, *PAPERS) for word in words if "\0" not in word),
        *(*PASSWORDS, *KEYS, *USERS_ABROAD),
    )
)
# The same for texts with a digit.
OF_NUMBERS = frozenset((*TELEPHONE_WORDS, "number", *STREETS, *NUMBERED_WORDS, *BIRTH_WORDS, *ADDRESS_WORDS))
# Words that count where a pattern finds what is around them.
NAMES = frozenset((*STRONG_WORDS, *WEAK_WORDS))
OF_MACHINES = frozenset(MACHINE_WORDS)
OF_PERSONS = frozenset(
    (
        *("user", "login", "uid", "usr", "name", "role ", "account ", "customer ", "member ", "author "),
        *("employee ", " [", "git@"),
    )
)
# Each word is looked for once; those of other letters only where there are some.
ALL_WORDS = dict.fromkeys(
    (
        *(needle for _, _, needles in SECRETS for needle in needles if "\0" not in needle),
        *(*ALONE, *OF_NUMBERS, *NAMES, *OF_MACHINES, *OF_PERSONS, "://", "hook", "connect"),
    )
)
WORDS = Words(word for word in ALL_WORDS if word.isascii() and word.translate(AS_SHAPE) == word)
OTHER_WORDS = Words(word for word in ALL_WORDS if not word.isascii())
# Those that are not found in a text's shape.
NUMBERED_WORDS_OF_ALL = tuple(word for word in ALL_WORDS if word.translate(AS_SHAPE) != word)
HAS_NUMBERED = Pattern(any_of(NUMBERED_WORDS_OF_ALL))
HAS_NUMBERED_IN_SHAPE = Pattern(any_of(word.translate(AS_SHAPE) for word in NUMBERED_WORDS_OF_ALL))
# Names whose value may be a secret, where they end: `tokens` and `passed` are none.
STRONG_NAMES = (
    r"(?:key|token|secret|passw(?:or)?d|passphrase|pwd|authorization|credentials?|session|(?:session|php"
    r"|j)[-_]?s?\w{0,5}id"
    r"|connectionstring|auth|pass|salt|dsn|_pat|creds?|signing|cookie)(?![a-z])"
    r"|(?:key|token|secret|passw(?:or)?d|credential)s\W{0,4}[:=]|(?<![a-z])pw\W{0,2}[:=]|secret\w*\("
)
# The others open a value only with a sign; a number after it is a status.
NAME = Pattern(
    rf"{STRONG_NAMES}|(?:otp|pin|cvv|cvc)(?![a-z])"
    r"|(?:code|hash|nonce|hmac|jwt|sig|signature)(?:=|\\?[\"']?:(?!\s*\d{1,6}(?![^\s,;.)}\]])))"
)
IS_STRONG = Pattern(STRONG_NAMES)
# What a shape with the name of a secret has where a value may follow it; each with its sign.
BLANKS = " \t\n\r\f\v"
VALUES = (
    (STRONG_FIELD, (":", "=", '",', "',")),
    (STRONG_OPTION, ("-",)),
    (STRONG_ELEMENT, ("<",)),
    (STRONG_NUMBER, ("7",)),
    (STRONG_QUOTE, ('"', *(f"{blank}'" for blank in BLANKS))),
)
WEAK_VALUES = ((WEAK_EQUAL, ("=",)), (WEAK_FIELD, (":",)), (WEAK_NUMBER, ("7",)))
# The same for all patterns, in lower case; a long word is one.
HAS_VALUE = Pattern(r"[7:=<(\"-]|(?<!\w)'|\w{16}|(?:pass|password) \S")
TWO_DOTS = Pattern(r"\w\.[\w-]+\.\w")
# What stands for something that has been taken out.
MARKS = Pattern(r"<(?:secret|host|account|user|ip|phone|e-mail|address|bucket|name)>")


def _numbers(zero: str, one: str, first: str, third: str) -> str:
    """A digit, and what is around it: all begin with one, which is quick to look for."""
    return (
        r"\d(?:(?<=\+\d)|\d\d\)(?<=\(\d{3}\))|\.\d+\.\d|(?<!\d\d)\d\d[.-]\d\d|\d{3}[ -]\d{4}"
        rf"|(?<=[A-Z]{{2}}\d)\d ?[A-Z0-9]{{4}}|\d{{14}}|(?<=(?<!\d){zero})\)?{first}\d{{0,4}}\)?[ /-]\d\d"
        rf"|(?<=(?<!\d){one})[ -]\(?\d\d|(?<=(?<!\d){zero}){zero}{first}\d{{0,2}}[ -]"
        rf"|(?<=(?<!\d){one}){third}\d[ -]\d{{4}})"
    )


NUMBERS = Pattern(_numbers("0", "1", "[1-9]", "[3-9]"))
# The same in a text's shape, where each digit is a 7: what has none there has none.
NUMBERS_IN_SHAPE = Pattern(_numbers(*"7777"))
HAS_DIGIT = Pattern(r"\d")
# A person's name after the word for one.
PERSON = Pattern(
    r"(?:[Uu][Ss][Ee][Rr](?:[-_ ]?(?:[Nn][Aa][Mm][Ee]|[Ii][Dd]))?|[Ll][Oo][Gg][Ii][Nn]|[Uu][Ii][Dd]"
    r"|[Uu][Ss][Rr]|[Nn][Aa][Mm][Ee])"
    r"\\?[\"']?\]?\s?[=:\uff1a]"
    r"|(?:[Uu]ser ?(?:name)?|[Rr]ole|[Aa]ccount|[Ll]ogin) [\"'`«]|(?:ser|ustomer|ember|mployee|uthor) [A-ZÀ-Þ]"
    r"|\d \S{1,64} \S{1,64} \[\d\d/|invalid user |LOGIN |git@"
)
URL_HOSTS, CONNECTS = Pattern(URL_HOST), Pattern(r"connect\w{0,20}\(")
PAIR = Pattern(r":(?<=[\w-]{6}:)[\w-]{6}|:(?:\d{4,5}|\*):[\w*-]+:|:fx\b")
# Words as long as a key, and those of them that may be one.
LONG_WORD = Pattern(r"[\w.+/-]{12,}")
LIKE_A_KEY = Pattern(rf"[\w+-]{{20}}|[\w/+]{{36}}|(?<![A-Za-z0-9_])(?:{PREFIXES})|(?<![\w.-])(?:{SHORT_PREFIXES})")

NOTHING: frozenset[str] = frozenset()
MOST_PASSES = 5


# Models, titles and errors are the same in many rows.
@lru_cache(maxsize=2048)
def is_suspicious(text: str) -> bool:
    """Whether a text may hold what must not be kept; False for nearly all texts, at little cost."""
    plain = spelt_out(text)
    return _is_suspicious(text) or (plain is not text and _is_suspicious(plain))


def _is_suspicious(text: str) -> bool:
    return bool(_signs_of(text))


# Errors of one kind differ in numbers only.
@lru_cache(maxsize=1024)
def _signs_of_shape(shape: str) -> tuple[frozenset[str], bool, bool]:
    """The words and signs of a text in whose place its shape stands, and whether they make it suspicious.

    And whether a look at the text itself, with its digits, may find more.
    """
    lowered = f"{shape.casefold()} "
    signs = WORDS.within(lowered)
    if not lowered.isascii():
        signs |= OTHER_WORDS.within(lowered)
    is_named = not NAMES.isdisjoint(signs) and NAME.search(lowered) is not None
    if is_named:
        values = (*VALUES, *WEAK_VALUES) if IS_STRONG.search(lowered) else WEAK_VALUES
        signs.update(sign for (sign,), needles in values if any(needle in shape for needle in needles))
    if not OF_MACHINES.isdisjoint(signs) and TWO_DOTS.search(shape):
        signs.update(MACHINE)
    is_suspicious = (
        (is_named and HAS_VALUE.search(lowered) is not None)
        or MACHINE[0] in signs
        or not ALONE.isdisjoint(signs)
        or (not OF_PERSONS.isdisjoint(signs) and PERSON.search(shape) is not None)
        or (":" in signs and PAIR.search(shape) is not None)
        or ("connect" in signs and CONNECTS.search(lowered) is not None)
        or {"://", "hook"} <= signs
        or (not OF_NUMBERS.isdisjoint(signs) and HAS_DIGIT.search(shape) is not None)
    )
    may_be_more = (
        (
            HAS_DIGIT.search(shape) is not None
            and (NUMBERS_IN_SHAPE.search(shape) or HAS_NUMBERED_IN_SHAPE.search(lowered))
        )
        or LONG_WORD.search(shape)
        or "://" in signs
    )
    return frozenset(signs), is_suspicious, bool(may_be_more)


# Asked twice of a text that is suspicious.
@lru_cache(maxsize=4)
def _signs_of(text: str) -> frozenset[str]:
    """The words and signs of a text, without which patterns match nothing; none where no pattern matches."""
    signs, is_suspicious, may_be_more = _signs_of_shape(text.translate(AS_SHAPE))
    shapes = _shapes_of(text, signs) if may_be_more else []
    return signs.union(shapes, ("\0",)) if shapes or is_suspicious else NOTHING


def _shapes_of(text: str, words: frozenset[str]) -> list[str]:
    """The signs for what a text looks like, and its words with digits."""
    shapes: list[str] = []
    if HAS_DIGIT.search(text):
        if NUMBERS.search(text):
            shapes += NUMBERED
        if HAS_NUMBERED.search(lowered := text.casefold()):
            shapes += [word for word in NUMBERED_WORDS_OF_ALL if word in lowered]
    if any(LIKE_A_KEY.search(word) for word in LONG_WORD.findall(text)):
        shapes += LIKE_KEYS
    if "://" in words and URL_HOSTS.search(text.casefold()):
        shapes += HOSTED
    return shapes


@lru_cache(maxsize=1024)
def redacted(text: str) -> str:
    """The text without what must not be kept."""
    plain = spelt_out(text)
    # What is written as it is in an address or in JSON is kept so, unless it hides something there.
    if plain is not text and (found := _redacted(plain)) != plain:
        return found
    return _redacted(text)


def _redacted(text: str) -> str:
    signs = _signs_of(text)
    # What is taken out may leave another such text behind.
    for _ in range(MOST_PASSES if signs else 0):
        before = text
        for number in sorted({number for sign in signs for number in TRIED.get(sign, ())}):
            pattern, replacement, _ = COMPILED[number]
            text = pattern.sub(replacement, text)
        if text == before or not _is_suspicious(text if "</secret>" in text else MARKS.sub("<>", text)):
            break
        signs = _signs_of(text)
    return text
