"""What must not be kept of a text: credentials, people's addresses and folders, by their shape, name or randomness."""

from functools import lru_cache

from ..patterns import Pattern, any_of
from ..tokens import PREFIXES
from .abroad import KEYS, PASSWORDS
from .credentials import SECRETS, SHORT_PREFIXES, STRONG_WORDS, WEAK_WORDS
from .people import ADDRESS_WORDS, BIRTH_WORDS, NUMBERED_WORDS, STREETS, TELEPHONE_WORDS, USERS_ABROAD
from .places import PLACES
from .spellings import spelt_out

__all__ = ["SECRETS", "is_suspicious", "redacted"]

COMPILED = tuple((Pattern(pattern), replacement, frozenset(needles)) for pattern, replacement, needles in SECRETS)
OF_NAMES = (frozenset(STRONG_WORDS), frozenset(WEAK_WORDS))
NAMELESS = tuple(each for each in COMPILED if each[2] not in OF_NAMES)
# Each word is looked for once; those of other letters only where there are some.
ALL_NEEDLES = dict.fromkeys(needle for _, _, needles in SECRETS for needle in needles)
NEEDLES = tuple(needle for needle in ALL_NEEDLES if needle.isascii())
OTHER_NEEDLES = tuple(needle for needle in ALL_NEEDLES if not needle.isascii())
# Nearly all texts hold none of these, and so none of the SECRETS: words in lower case, and what has no fixed word.
WORDS = Pattern(
    any_of(
        (
            *("@", "%40", "bearer", "basic", "://", "-----", "cookie", "hook", "eyj", "/home/", "/users/", "users\\"),
            *("private-lines", "base64,", "ssws", "$2", "$1$", "$5$", "$6$", "$argon2", "$scrypt", "pbkdf2", "/media/"),
            *("seed words", "/reset/", "/invite/", "/verify/", "mnemonic", "phrase", "recovery", "sqlplus", "oracle:"),
            *("redis-cli", " dot ", "(dot)", "[dot]", " -u", "\t-u", " --user", "--proxy-user", " -p", " -a"),
            *("~", "home\\"),
            *("home/", "users/", "settings/", "settings\\", "2fa", "one-time", "verification"),
            *("securestring", "identified"),
            *("__construct", "connect", "kind:", "ssh ", "scp ", "sftp ", "rsync ", "/user/", "/afs/"),
            *("curl", "oauthtoken", "who:", "chat_id=", "cn=", "constraint ("),
            *(word for word in USERS_ABROAD if word.isascii()),
            *("@//", "env(", "keyid:", "string to sign", " hash", "virtual key", "message to", "call to"),
            *(word for _, _, words in PLACES for word in words),
            *("kakaoak", *(word for word in (*PASSWORDS, *KEYS) if word.isascii())),
        )
    )
)
# The same for texts with a digit, and for those with other letters than English ones.
WORDS_OF_PEOPLE = (*TELEPHONE_WORDS, "number", *STREETS, *NUMBERED_WORDS, *BIRTH_WORDS, *ADDRESS_WORDS)
WORDS_OF_NUMBERS = Pattern(any_of(word for word in WORDS_OF_PEOPLE if word.isascii()))
OTHER_WORDS = Pattern(
    any_of(word for word in (*PASSWORDS, *KEYS, *WORDS_OF_PEOPLE, *USERS_ABROAD) if not word.isascii())
)
# Names whose value may be a secret, where they end: `tokens` and `passed` are none.
NAMES = Pattern(any_of((*STRONG_WORDS, *WEAK_WORDS)))
NAME = Pattern(
    r"(?:key|token|secret|passw(?:or)?d|passphrase|pwd|authorization|credentials?|session|(?:session|php"
    r"|j)[-_]?s?\w{0,5}id"
    r"|connectionstring|sig|signature|auth|code|hash|nonce|otp|pin|pass|hmac|jwt|salt|dsn|cvv|cvc|_pat|creds?"
    r"|signing|cookie)(?![a-z])"
    r"|(?:key|token|secret|passw(?:or)?d|credential)s\W{0,4}[:=]|(?<![a-z])pw\W{0,2}[:=]|secret\w*\("
)
# A digit, and what is around it: all begin with one, which is quick to look for.
NUMBERS = Pattern(
    r"\d(?:(?<=\+\d)|\d\d\)(?<=\(\d{3}\))|\.\d+\.\d|(?<!\d\d)\d\d[.-]\d\d|\d{3}[ -]\d{4}"
    r"|(?<=[A-Z]{2}\d)\d ?[A-Z0-9]{4}|\d{14}|(?<=(?<!\d)0)\)?[1-9]\d{0,4}\)?[ /-]\d\d"
    r"|(?<=(?<!\d)1)[ -]\(?\d\d|(?<=(?<!\d)0)0[1-9]\d{0,2}[ -]"
    r"|(?<=(?<!\d)1)[3-9]\d[ -]\d{4})"
)
HAS_DIGIT = Pattern(r"\d")
# A person's name after the word for one; and words of which one must be there.
PERSON_WORDS = Pattern(
    any_of(
        (
            *("user", "login", "uid", "usr", "name", "role ", "account ", "customer ", "member ", "author "),
            *("employee ", " [", "git@"),
        )
    )
)
PERSON = Pattern(
    r"(?:[Uu][Ss][Ee][Rr](?:[-_ ]?(?:[Nn][Aa][Mm][Ee]|[Ii][Dd]))?|[Ll][Oo][Gg][Ii][Nn]|[Uu][Ii][Dd]"
    r"|[Uu][Ss][Rr]|[Nn][Aa][Mm][Ee])"
    r"\\?[\"']?\]?\s?[=:\uff1a]"
    r"|(?:[Uu]ser ?(?:name)?|[Rr]ole|[Aa]ccount|[Ll]ogin) [\"'`«]|(?:ser|ustomer|ember|mployee|uthor) [A-ZÀ-Þ]"
    r"|\d \S{1,64} \S{1,64} \[\d\d/|invalid user |LOGIN |git@"
)
PAIR = Pattern(r":(?<=[\w-]{6}:)[\w-]{6}|:(?:\d{4,5}|\*):[\w*-]+:|:fx\b")
# Words as long as a key, and those of them that may be one.
LONG_WORD = Pattern(r"[\w.+/-]{12,}")
LIKE_A_KEY = Pattern(rf"[\w+-]{{20}}|[\w/+]{{36}}|(?<![A-Za-z0-9_])(?:{PREFIXES})|(?<![\w.-])(?:{SHORT_PREFIXES})")

MOST_PASSES = 5


# Models, titles and errors are the same in many rows.
@lru_cache(maxsize=2048)
def is_suspicious(text: str) -> bool:
    """Whether a text may hold what must not be kept; False for nearly all texts, at little cost."""
    plain = spelt_out(text)
    return _is_suspicious(text) or (plain is not text and _is_suspicious(plain))


def _is_suspicious(text: str) -> bool:
    lowered = text.casefold()
    if WORDS.search(lowered) or _is_named(lowered) or (PERSON_WORDS.search(lowered) and PERSON.search(text)):
        return True
    if HAS_DIGIT.search(text) and (NUMBERS.search(text) or WORDS_OF_NUMBERS.search(lowered)):
        return True
    if not text.isascii() and OTHER_WORDS.search(lowered):
        return True
    if ":" in text and ("::" in text or PAIR.search(text)):
        return True
    return any(LIKE_A_KEY.search(word) for word in LONG_WORD.findall(text))


def _is_named(lowered: str) -> bool:
    """Whether a text in lower case has a name whose value may be a secret."""
    return NAMES.search(lowered) is not None and NAME.search(lowered) is not None


def _needles_of(lowered: str) -> set[str]:
    """The words that a text in lower case has, of those without which patterns match nothing."""
    present = {needle for needle in NEEDLES if needle in lowered}
    return present if lowered.isascii() else present | {needle for needle in OTHER_NEEDLES if needle in lowered}


@lru_cache(maxsize=1024)
def redacted(text: str) -> str:
    """The text without what must not be kept."""
    plain = spelt_out(text)
    # What is written as it is in an address or in JSON is kept so, unless it hides something there.
    if plain is not text and (found := _redacted(plain)) != plain:
        return found
    return _redacted(text)


def _redacted(text: str) -> str:
    if not _is_suspicious(text):
        return text
    # What is taken out may leave another such text behind.
    for _ in range(MOST_PASSES):
        before, lowered = text, text.casefold()
        present = _needles_of(lowered)
        for pattern, replacement, needles in COMPILED if _is_named(lowered) else NAMELESS:
            if not needles or not needles.isdisjoint(present):
                text = pattern.sub(replacement, text)
        if text == before or not _is_suspicious(text):
            break
    return text
