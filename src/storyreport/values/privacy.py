"""What must not be kept of a text: credentials, people's addresses and folders, by their shape, name or randomness."""

import re
from collections.abc import Callable

from ..patterns import Pattern
from .spellings import spelt_out

SECRET = "<secret>"
E_MAIL = r"(?:[\w.+%-]{1,64}|\"[^\"\n]{1,64}\")(?:@|%40)(?:[\w-]+(?:\.[\w-]+)+|\[[\d.a-fA-F:]+\])"
# Names whose value is a secret after a colon, too; those of WEAK only after `=`, or where the value has a digit.
# What a name may begin with is left out (`OPENAI_` of `OPENAI_API_KEY`): to look for that costs most of the time.
STRONG = (
    r"(?:(?<![A-Za-z])(?:(?:api|access|secret|private|subscription|account|master|license|signing|encryption|admin|ssh"
    r"|consumer|storage|hmac|root)[-_ ]?key(?:[-_ ]?id)?(?: provided)?"
    r"|(?:shared|secret)[-_ ]?access[-_ ]?key|(?:client|app|webhook|shared|consumer|api)[-_ ]?secret(?: provided)?"
    r"|(?:auth|access|refresh|api|bot|bearer|id|session|csrf(?:middleware)?|xsrf|security|user|private|deploy|job"
    r"|personal|oauth|service|reset|registration|identity|delegation)[-_ ]?token"
    r"|passphrase|authorization|credentials?|secret|(?:session|php|j)[-_]?s?(?:id|essid|essionid)"
    r"|x-[\w-]{0,40}(?:key|token|auth))"
    # A variable of the environment.
    r"|(?-i:(?<=_)(?:TOKEN|KEY))"
    r"|passw(?:or)?d|pwd|SharedAccessKey|AccountKey|ConnectionString)"
)
WEAK = r"(?:(?<![A-Za-z])(?:key|token|session|sig|signature|auth|code|hash|nonce|otp|pin|pass|pw|hmac|jwt))"
# What opens a value: a list, a block of YAML, the next line, a quote of Python's bytes.
OPENING = r"(?:[\[({|>]\s*)?(?:\\(?=\s))?\s*(?:b(?=[\"']))?\\?[\"']?"
# The word for a password elsewhere.
ABROAD = (
    r"passwort|kennwort|mot de passe|contrase(?:ñ|n)a|clave|senha|wachtwoord|parola(?: d'ordine)?|has[łl]o|lösenord"
    r"|salasana|пароль|密码|密碼|パスワード|비밀번호"
)
# Prefixes that providers give to their keys, so that they are found.
PREFIXES = (
    r"(?:sk|pk|rk)[-_]|xox[a-z]-|xapp-|gh[a-z]_|github_pat_|glpat-|gl[a-z]{2,4}-|hf_|r8_|npm_|pypi-|gsk_|xai-|nvapi-|pplx-"
    r"|tvly-|AKIA|ASIA|AIza|ya29\.|SG\.|dop_v1_|shp[a-z]{2}_|lin_api_|whsec_|sq0[a-z]{3}-|EAA[A-Z]|dapi|eleven_"
    r"|ntn_|figd_|rnd_|ls(?:v2)?_[a-z]{2}_|dckr_pat_|hv[sb]\.|ATATT|GOCSPX-|pcsk_|vercel_|csk-|1//0|ops_eyJ|dp\.[a-z]{2}\.|tgp_v1_|fo1_|sb[ps]_|AGE-SECRET-KEY-"
    r"|ABSK|bedrock-api-key-|api_org_|sess-(?=\w*\d)|HRKU-|GR1348941|ATBB|ATCTT|pscale_[a-z]+_|npg_|fm[12]_|gl(?:sa|c)_"
    r"|NR(?:AK|II|JS)-|ph[cxs]_|PMAK-|pul-|rdme_|xkeysib-|xsmtpsib-|sntry[su]_|snyk_|LTAI|jina_|e2b_|rpa_|LA-|fc-(?=\w*\d)"
    r"|pat(?=\w{14}\.)|api_key_|apikey-|FLWSECK-|rzp_[a-z]+_|sb_secret_|sb_publishable_|ctx7sk-|cfut_|v1\.local\."
)
# Shorter ones, which other words begin with too: then the rest has a digit and is long.
SHORT_PREFIXES = (
    r"(?:fw_|pa-|ak-|sl\.(?:u\.)?|pat-[a-z]{2}\d-|key_|key-|secret_|s\.|v1\.0-|tok_|re_(?:[A-Za-z0-9]{6,12}_)?)(?=[a-zA-Z]*\d)[A-Za-z0-9-]{16,}"
    r"|\w{8,}\.atlasv1\.[\w-]{16,}|key(?=\w{14}\b)(?=[a-zA-Z]*\d)\w+|(?:SK|AC)(?=\w*\d)\w{32}\b|[MNO][\w-]{23,27}\.[\w-]{6}\.[\w-]{20,}"
    r"|[0-9a-f]{8}-[0-9a-f-]{27}:fx\b"
)
# Ids of requests, and those that begin with a time, look like keys and open nothing.
NO_SECRETS = Pattern(
    r"\d{8}T|(?:req|msg|chatcmpl|call|toolu|tooluse|resp|run|gen|pred|batch|file|thread|step|asst|cmpl|trace|span|job|wf|evt)[-_]"
)
# A folder's name of two words or three, as Windows calls one after a person.
FULL_NAME = r"[^\\/\s:\"'<>]+(?: [^\\/\s:\"'<>]+){1,2}"
RANDOM = r"(?<![\w/.-])[A-Za-z0-9_+-]{20,}={0,2}(?![\w/-])"
# Base64, as a secret key of AWS or a whole file.
BASE64 = r"(?<![\w/.+-])(?=[\w+/]*[/+])[A-Za-z0-9+/]{36,}={0,2}(?![\w/.-])|(?<![\w/.+-])[A-Za-z0-9+/]{80,}={0,2}"

Replacement = str | Callable[[re.Match[str]], str]
CASES = Pattern(r"[a-z](?=[A-Z])|[A-Z](?=[a-z])")
CHANGES = Pattern(r"[a-z](?=[A-Z0-9])|[A-Z](?=[a-z0-9])|\d(?=[A-Za-z])")


def _unless_plain(match: re.Match[str]) -> str:
    """Takes out a long word of mixed letters and digits, as only a machine writes it."""
    word = match[0]
    if NO_SECRETS.match(word):
        return word
    is_mixed = re.search(r"[a-z]", word) and re.search(r"[A-Z]", word) and len(re.findall(r"\d", word)) >= 3
    changes = len(re.findall(r"[A-Za-z](?=\d)|\d(?=[A-Za-z])", word))
    return SECRET if is_mixed and (changes >= 3 or len(CASES.findall(word)) >= 8) else word


def _unless_path(match: re.Match[str]) -> str:
    """Takes out what changes between small letters, capitals and digits more often than words with slashes do."""
    return SECRET if len(CHANGES.findall(match[0])) * 4 > len(match[0]) else match[0]


def _is_card(digits: str) -> bool:
    """Whether the last digit is the check digit of a card's number (Luhn)."""
    doubled = (int(digit) * (1 + place % 2) for place, digit in enumerate(reversed(digits)))
    return sum(value // 10 + value % 10 for value in doubled) % 10 == 0


# Words without which a name is none of STRONG; and none of WEAK.
STRONG_WORDS = (
    *("key", "token", "secret", "passw", "passphrase", "pwd", "authoriz", "credential", "sess", "connectionstring"),
    *("x-", "jsid", "phpsid"),
)
WEAK_WORDS = ("key", "token", "sess", "sig", "auth", "code", "hash", "nonce", "otp", "pin", "pass", "pw", "hmac", "jwt")
ABROAD_WORDS = (
    *(
        "passwort",
        "kennwort",
        "passe",
        "contrase",
        "clave",
        "senha",
        "wachtwoord",
        "parola",
        "hasło",
        "haslo",
        "lösenord",
    ),
    *("salasana", "пароль", "密码", "密碼", "パスワード", "비밀번호"),
)
# Pattern, replacement, and texts in lower case of which one must be there: to look for these is quick. In this order:
# what holds others comes first.
SECRETS: tuple[tuple[str, Replacement, tuple[str, ...]], ...] = (
    (r"(?s)-----BEGIN [A-Z0-9 ]+-----.*?(?:-----END [A-Z0-9 ]*-----|\Z)", SECRET, ("-----",)),
    (r"(?is)\b(private-lines:).*", rf"\1 {SECRET}", ("private-lines",)),
    (r"(?i)\b((?:set-)?cookies?\\?[\"']?\s*[:=,]\s*)[^\r\n]+", rf"\1{SECRET}", ("cookie",)),
    (r"(?i)\b(data:[\w/+.;=-]{0,60};base64,)[\w+/=-]+", rf"\1{SECRET}", ("base64,",)),
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
        r"(?!\s*(?:(?:basic|bearer|token|digest)\s+)?<)(?:\w+=\\?\"[^\"\r\n]*|[^\r\n\"',;}\\]{4,})",
        rf"\1{SECRET}",
        ("authorization",),
    ),
    (r"(\s(?:-u|--user|--proxy-user)[\s=]*[\"']?[^\s:\"']{1,64}:)[^\s\"']+", rf"\1{SECRET}", ("-u", "--proxy-u")),
    (r"(?i)\b(bearer\s+)[\w.~+/=-]{7,}", rf"\1{SECRET}", ("bearer",)),
    (r"(?i)\b(ssws\s+)[\w-]{8,}", rf"\1{SECRET}", ("ssws",)),
    (
        r"(?i)\b(basic\s+)(?=[\w+/]*[0-9+/=]|(?-i:[a-zA-Z]+[a-z][A-Z]|[A-Z]{2,}\w*[a-z]))[\w+/]{12,}={0,2}",
        rf"\1{SECRET}",
        ("basic",),
    ),
    # A terminal or a log breaks a long key into two lines.
    (
        rf"(?<![A-Za-z0-9_])(?:{PREFIXES})(?:[A-Za-z0-9_.-]{{9,}}(?:\s*\n\s*(?=[A-Za-z_-]*\d)[\w-]{{12,}})?)",
        SECRET,
        (),
    ),
    (rf"(?<![\w.-])(?:{SHORT_PREFIXES})", SECRET, ()),
    (r"\beyJ[\w-]{8,}(?:\.[\w-]*){1,4}", SECRET, ("eyj",)),
    # Hashes of passwords.
    (r"(?:\$(?:2[abxy]|[156]|argon2\w*|scrypt)|\bpbkdf2\w*)\$[^\s\"',;]{8,}", SECRET, ("$",)),
    (E_MAIL, "<e-mail>", ("@", "%40")),
    (r"[\w.+-]{1,64}@localhost\b", "<e-mail>", ("@localhost",)),
    (
        r"(?i)\b[\w.+-]{1,64} ?(?:\[at\]|\(at\)| at )(?: ?\w+ ?(?:\[dot\]|\(dot\)| dot )){1,3} ?\w+",
        "<e-mail>",
        ("dot",),
    ),
    # Servers tell who was refused.
    (r"(?i)\b((?:for|as) user |\brole )([\"'`])[^\"'`\n]+\2", r"\1\2<user>\2", ("for user", "as user", "role ")),
    # The name beside it.
    (r"(?:\b[^\W\d_a-z][\w.'-]*\s+){1,3}<<e-mail>>", "<e-mail>", ("@", "%40", "<<e-mail>>")),
    # Signed addresses.
    (
        r"(?i)([?&;](?:sig|signature|x-(?:amz|goog)-[\w-]+|policy|key-pair-id|googleaccessid)=)[^\s&\"'<>]+",
        rf"\1{SECRET}",
        ("=",),
    ),
    (
        rf"(?i)({STRONG})(\\?[\"']?\s*(?:[:=]|(?<=[\"']),)\s*{OPENING}(?:(?:basic|bearer|token|digest)\s+)?)"
        r"(?!(?:basic|bearer|token|digest)\s|<)[^\s\"'&,;}<\\]{4,}",
        rf"\1\2{SECRET}",
        STRONG_WORDS,
    ),
    # Of several, of which each is a text; and as an option or an element.
    (
        r"(?i)((?:key|token|secret|passw(?:or)?d|credential)s\\?[\"']?\s*[:=]\s*)"
        r"(?:\[[^\[\]A-Za-z]*[A-Za-z][^\[\]]*(?:\]|\Z)|\([^()A-Za-z]*[A-Za-z][^()]*(?:\)|\Z)|\{[^{}A-Za-z]*[A-Za-z][^{}]*(?:\}|\Z))",
        rf"\1{SECRET}",
        STRONG_WORDS,
    ),
    (r"(?i)(\bpasswords\s*[:=]\s*)[^\[\s][^\n;]+", rf"\1{SECRET}", ("passwords",)),
    (rf"(?i)((?<!\w)--?{STRONG}|(?<!\w)--token)([\s=]+[\"']?)(?!-)[^\s\"']{{4,}}", rf"\1\2{SECRET}", STRONG_WORDS),
    # Our own sign looks like an element.
    (rf"(?i)(<(?!secret>)(?:\w+:)?{STRONG}[^<>]{{0,200}}>)[^<]+", rf"\1{SECRET}", STRONG_WORDS),
    (r"(?i)(<secret>)[^<]+(?=</secret>)", rf"\1{SECRET}", STRONG_WORDS),
    (r"(?i)\b(secret\w*\(b?[\"'])[^\"']+", rf"\1{SECRET}", ("secret",)),
    (r"(?i)(/(?:key|token|secret|api[-_]?key|reset|invite|verify)/)(?=[\w-]*\d)[\w-]{8,}", rf"\1{SECRET}", ("/",)),
    (r"(?i)\b((?:auth|signature|sig)\\?[\"']\s*:\s*\\?[\"'])[\w+/=-]{12,}", rf"\1{SECRET}", ("auth", "sig")),
    (
        r"(?i)\b((?:(?:seed|recovery) (?:phrase|words)|mnemonic)\W{1,3}(?:is )?)(?:[a-z]+\W+){2,}[a-z]+",
        rf"\1{SECRET}",
        ("seed", "recovery", "mnemonic"),
    ),
    (r"(?i)\b(login \S+ password )\S+", rf"\1{SECRET}", ("login",)),
    (r"(?i)\b((?:sqlplus\s+(?:-\w+\s+)*|oracle:\w+:)\w+/)[^@\s]+(?=@)", rf"\1{SECRET}", ("sqlplus", "oracle:")),
    # A line of .pgpass.
    (r"(?<![\w.*-])([\w.*-]+:(?:\d{4,5}|\*):[\w*-]+:[\w*-]+:)[^\s:]+", rf"\1{SECRET}", (":",)),
    (
        rf"(?i)({WEAK}={OPENING})(?!<|(?:\d{{1,5}}|true|false|none|null)\b)[^\s\"'&,;}}<\\]{{4,}}",
        rf"\1{SECRET}",
        WEAK_WORDS,
    ),
    # With a digit, or so long that it is no word: what follows is not read again for each name in it.
    (
        rf"(?i)({WEAK}\\?[\"']?:\s*\\?[\"']?)(?!\d{{1,6}}\b)"
        rf"(?=[^\s\"',;}}\d]{{0,400}}\d|[^\s\"',;}}\d]{{401}})[^\s\"'&,;}}<\\]{{6,}}",
        rf"\1{SECRET}",
        WEAK_WORDS,
    ),
    (
        rf"(?i)({STRONG}|(?<![A-Za-z])token)(\s+(?:is\s+|was\s+)?)(?=\S*\d)[^\s\"'<,;]{{6,}}",
        rf"\1\2{SECRET}",
        STRONG_WORDS,
    ),
    (rf"(?i)\b({ABROAD})(\s*[:=\uff1a]\s*)[^\s\"'&,;}}<]{{4,}}", rf"\1\2{SECRET}", ABROAD_WORDS),
    (
        r"(?i)(?<!unexpected )(?<![A-Za-z])((?:token|password|secret|passphrase)(?: is)?\s+)([\"'])[^\"']{6,}\2",
        rf"\1\2{SECRET}\2",
        STRONG_WORDS,
    ),
    (
        r"(?i)\b((?:invalid|expired|bad|wrong|incorrect|revoked)\s+(?:\w+\s)?(?:token|key|credentials?)\s*[:=]?\s*[\"']?)"
        r"(?:[A-Za-z0-9]{16,}|(?=[\w-]*\d)[\w-]{16,})",
        rf"\1{SECRET}",
        ("token", "key", "credential"),
    ),
    (r"(?i)\b(session\s+)(?=[\w-]*\d)(?=[\w-]*[a-z])[\w-]{16,}", rf"\1{SECRET}", ("session",)),
    (
        r"(?i)\b((?:key|token|secret|credentials?)\s+)(?-i:(?=\w*[a-z])(?=\w*[A-Z])(?=\w*\d))[A-Za-z0-9]{16,}",
        rf"\1{SECRET}",
        WEAK_WORDS,
    ),
    # Up to the next of these commands: each is looked at once, however many there are.
    (r"(?i)\b(mysql\w{0,10}\b(?:(?!\bmysql\w{0,10}\b)[^\n])*?\s-p)(?!\s)\S+", rf"\1{SECRET}", (" -p",)),
    (
        r"(?i)\b(sshpass\b(?:(?!\bsshpass\b)[^\n])*?\s-p|redis-cli\b(?:(?!\bredis-cli\b)[^\n])*?\s-a)(\s*)\S+",
        rf"\1\2{SECRET}",
        ("sshpass", "redis-cli"),
    ),
    (
        r"(?i)\b((?:otp|2fa|one-time|verification)(?: code| password)?(?: is)?[: ]+)\d{4,8}\b",
        rf"\1{SECRET}",
        ("otp", "2fa", "one-time", "verification"),
    ),
    # Folders that are named after people, wherever systems keep them.
    (
        rf"(?i)\b[A-Z]:/(?:Users|Documents and Settings)/(?:{FULL_NAME}(?=/)|[^/\s:\"'<>]+)",
        "~",
        ("users/", "settings/"),
    ),
    (
        r"(?i)\b([A-Z]:\\{1,2}(?:Users|Documents and Settings)\\{1,2})" + rf"(?:{FULL_NAME}(?=\\)|[^\\\s:\"'<>]+)",
        r"\1user",
        ("users\\", "settings\\"),
    ),
    (
        r"(?<![\w.-])(?:/(?:var|export|usr|nfs|net|(?:mnt/|cygdrive/)?[a-z]|mnt|data|srv|host|private|Volumes(?:/[^/\n]+)?"
        r"|volume\d+|System/Volumes/Data))?/(?:home|Users)/[^/\s:\"'<>]+(?: [A-Z][\w.-]*(?=/))*",
        "~",
        ("/home/", "/users/"),
    ),
    (r"(?<![\w.-])(/(?:run/)?media/)[^/\s:\"'<>]+(?=/)", r"\1user", ("/media/",)),
    (r"(?<![\w/~.-])~[A-Za-z_][\w.-]*(?=/)", "~", ("~",)),
    (r"(?i)(\\\\[\w.$-]+(?:\\[\w.-]+)?\\(?:home|users)\\)[^\\\s:\"'<>]+", r"\1user", ("home\\", "users\\")),
    # An account, a card, a number of social security, a telephone.
    (r"\b[A-Z]{2}\d\d ?[A-Z0-9]{4} ?\d{4}(?: ?\d{3,4}){2,5}(?: ?\d{1,3})?\b", SECRET, ()),
    (r"(?<![\w.-])(?:\d{4}[ -]){3}\d{4}(?![\w-])", SECRET, ()),
    (r"(?<![\w.])[3-6]\d{14,15}(?![\w.])", lambda match: SECRET if _is_card(match[0]) else match[0], ()),
    (r"(?<![\w-])\d{3}-\d\d-\d{4}(?![\w-])", SECRET, ("-",)),
    (r"(?<![\w.-])\d{3}([-.])\d{3}\1\d{4}(?![\w-])", "<phone>", ()),
    (
        r"(?i)\b((?:tel|telefon|phone|mobile|mobil|sms|fax)\.?:?\s+(?:to\s+|no\.?\s+|number\s+)?)0?\d[\d ()/-]{5,}\d",
        r"\1<phone>",
        ("tel", "phone", "mobil", "sms", "fax"),
    ),
    (r"(?<![\w.])\(\d{3}\) ?\d{3}[ -]\d{4}(?!\w)", "<phone>", ("(",)),
    (r"(?<![\w.])\+\d{1,3}[ ./()-]*\d{2,4}[ ./()-]*\w{3,}(?:[ ./-]\d{2,})*", "<phone>", ("+",)),
    # An address of a private network says nothing about a person.
    (
        r"(?<![\w.])(?!(?:0|10|127|192\.168|169\.254|172\.(?:1[6-9]|2\d|3[01]))\.)(?:\d{1,3}\.){3}\d{1,3}(?![\w.])",
        "<ip>",
        (".",),
    ),
    (
        r"(?i)(?<![\w:.])(?!f[cde][0-9a-f]{2}:|::1\b)(?=[0-9a-f:]*\d)(?=[0-9a-f:]*::|(?:[0-9a-f]{1,4}:){7}[0-9a-f])"
        r"(?:[0-9a-f]{0,4}:){2,7}[0-9a-f]{0,4}(?![\w:])",
        "<ip>",
        ("::", ":"),
    ),
    (RANDOM, _unless_plain, ()),
    (BASE64, _unless_path, ()),
)
COMPILED = tuple((Pattern(pattern), replacement, needles) for pattern, replacement, needles in SECRETS)
NAMELESS = tuple(each for each in COMPILED if each[2] not in (STRONG_WORDS, WEAK_WORDS))
# Nearly all texts hold none of these, and so none of the SECRETS: words in lower case, and what has no fixed word.
WORDS = (
    *("@", "%40", "bearer", "basic", "://", "-----", "cookie", "hook", "eyj", "/home/", "/users/", "users\\"),
    *("private-lines", "base64,", "ssws", "$2", "$1$", "$5$", "$6$", "$argon2", "$scrypt", "pbkdf2", "/media/"),
    *(
        "for user",
        "as user",
        'role "',
        "role '",
        "role `",
        "seed words",
        "/reset/",
        "/invite/",
        "/verify/",
        "mnemonic",
        "phrase",
        "recovery",
        "sqlplus",
        "oracle:",
        "redis-cli",
        " dot ",
    ),
    *("(dot)", "[dot]"),
    *(" -u", "\t-u", " --user", "--proxy-user", " -p", "~", "home\\", "users/", "settings\\"),
    *("tel.", "tel:", "tel ", "telefon", "phone", "mobil"),
    *("sms", "fax", "2fa", "one-time", "verification"),
    *ABROAD_WORDS,
)
# Names whose value may be a secret, where they end: `tokens` and `passed` are none.
NAMES = tuple(dict.fromkeys((*STRONG_WORDS, *WEAK_WORDS)))
NAME = Pattern(
    r"(?:key|token|secret|passw(?:or)?d|passphrase|pwd|authorization|credentials?|session|(?:session|php|j)[-_]?s?\w{0,5}id"
    r"|connectionstring|sig|signature|auth|code|hash|nonce|otp|pin|pass|hmac|jwt)(?![a-z])"
    r"|(?:key|token|secret|passw(?:or)?d|credential)s\W{0,4}[:=]|(?<![a-z])pw\W{0,2}[:=]|secret\w*\("
)
# A digit, and what is around it: all begin with one, which is quick to look for.
NUMBERS = Pattern(
    r"\d(?:(?<=\+\d)|\d\d\)(?<=\(\d{3}\))|\.\d+\.\d|(?<!\d\d)\d\d[.-]\d\d|\d{3}[ -]\d{4}"
    r"|(?<=[A-Z]{2}\d)\d ?[A-Z0-9]{4}|\d{14})"
)
PAIR = Pattern(r":(?<=[\w-]{6}:)[\w-]{6}|:(?:\d{4,5}|\*):[\w*-]+:|:fx\b")
# Words as long as a key, and those of them that may be one.
LONG_WORD = Pattern(r"[\w.+/-]{12,}")
LIKE_A_KEY = Pattern(rf"[\w+-]{{20}}|[\w/+]{{36}}|(?<![A-Za-z0-9_])(?:{PREFIXES})|{SHORT_PREFIXES}")

MOST_PASSES = 5


def is_suspicious(text: str) -> bool:
    """Whether a text may hold what must not be kept; False for nearly all texts, at little cost."""
    plain = spelt_out(text)
    return _is_suspicious(text) or (plain is not text and _is_suspicious(plain))


def _is_suspicious(text: str) -> bool:
    lowered = text.casefold()
    if any(word in lowered for word in WORDS) or NUMBERS.search(text) or _is_named(lowered):
        return True
    if ":" in text and ("::" in text or PAIR.search(text)):
        return True
    return any(LIKE_A_KEY.search(word) for word in LONG_WORD.findall(text))


def _is_named(lowered: str) -> bool:
    """Whether a text in lower case has a name whose value may be a secret."""
    return any(name in lowered for name in NAMES) and NAME.search(lowered) is not None


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
        for pattern, replacement, needles in COMPILED if _is_named(lowered) else NAMELESS:
            if not needles or any(needle in lowered for needle in needles):
                text = pattern.sub(replacement, text)
        if text == before:
            break
    return text
