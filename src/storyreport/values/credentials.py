"""Credentials by their shape, name or randomness: patterns in the order in which a text is looked through."""

import re
from binascii import Error as NoBase64Error
from binascii import a2b_base64
from codecs import utf_8_decode

from ..patterns import Pattern
from ..tokens import PREFIXES
from .abroad import ABROAD
from .accounts import ACCOUNTS
from .homes import HOMES
from .papers import PAPERS
from .people import PEOPLE, Replacement
from .places import PLACES
from .shapes import (
    LIKE_KEYS,
    STRONG_ELEMENT,
    STRONG_FIELD,
    STRONG_NUMBER,
    STRONG_OPTION,
    STRONG_QUOTE,
    WEAK_EQUAL,
    WEAK_FIELD,
    WEAK_NUMBER,
)

SECRET = "<secret>"
# A version, as in storykit@1.2.0, is no host.
E_MAIL = (
    r"(?:[\w.+%-]{1,64}|\"[^\"\n]{1,64}\")(?:@|%40)"
    r"(?:(?!v?\d+\.\d+(?:\.\d+)?(?:[-+][\w.-]*)?(?![\w.-]))[\w-]+(?:\.[\w-]+)+|\[[\d.a-fA-F:]+\])"
)
# Names whose value is a secret after a colon, too; those of WEAK only after `=`, or where the value has a digit.
# What a name may begin with is left out (`OPENAI_` of `OPENAI_API_KEY`): to look for that costs most of the time.
STRONG = (
    r"(?:(?<![A-Za-z])(?:(?:api|access|secret|private|subscription|account|master|license|signing|encryption|admin|ssh"
    r"|consumer|storage|hmac|root|auth|gateway|rapidapi|instrumentation|sas|publishable|webhook"
    r"|deploy)[-_ ]?key(?:[-_ ]?id)?(?: provided)?"
    r"|(?:shared|secret)[-_ ]?access[-_ ]?key|(?:client|app|webhook|shared|consumer|api)[-_ ]?secret(?: provided)?"
    r"|(?:auth|access|refresh|api|bot|bearer|id|session|csrf(?:middleware)?|xsrf|security|user|private|deploy|job"
    r"|personal|oauth|service|reset|registration|identity|delegation)[-_ ]?token"
    r"|passphrase|authorization|credentials?|secret|(?:session|php|j)[-_]?s?(?:id|essid|essionid)"
    r"|x-[\w-]{0,40}(?:key|token|auth))"
    # A variable of the environment.
    r"|(?-i:(?<=_)(?:TOKEN|KEY|PASS|PW|AUTH|SALT|DSN|PAT|CREDS?|SIGNING|COOKIE))"
    r"|(?:become|ssh|db|user|admin|root|sudo|mail|smtp|ftp|redis|mysql|pg|postgres|proxy|http|basic|vault)_(?:pass|pw)"
    r"(?![A-Za-z])"
    r"|(?<!1)passw(?:or)?d|pwd|SharedAccessKey|AccountKey|ConnectionString)"
)
WEAK = (
    r"(?:(?<![A-Za-z])(?:key|token|session|sig|signature|auth|code|hash|nonce|otp|pin|pass|pw|hmac|jwt|salt|dsn|cvv"
    r"|cvc))"
)
# What opens a value: a list, a block of YAML, the next line, a quote of Python's bytes.
# Also a word around it, Some("…"), string(6) "…".
OPENING = (
    r"(?:[\[({|>]\s*)?(?:\\(?=\s))?\s*(?:string\(\d{1,6}\)\s*|[A-Za-z]\w{0,30}\((?=b?\\?[\"']))?(?:b(?=[\"']))?"
    r"(?:\\?[\"']){0,3}"
)
# Names of fields whose value stands beside them, {"name": "DB_PASSWORD", "value": "…"}.
FIELD = (
    r"[\w.-]{0,60}(?:key|token|secret|passw(?:or)?d|pwd|pw|passphrase|credentials?|authorization|cookie|dsn|pass"
    r"|connection_?string)"
)
# Shorter ones, which other words begin with too: then the rest has a digit and is long.
SHORT_PREFIXES = (
    r"(?:fw_|pa-|ak-|sl\.(?:u\.)?|pat-[a-z]{2}\d-|key_|key-|secret_|s\.|v1\.0-|tok_|re_(?:[A-Za-z0-9]{6,12}_)?)"
    r"(?=[a-zA-Z]*\d)[A-Za-z0-9-]{16,}"
    r"|\w{8,}\.atlasv1\.[\w-]{16,}|key(?=\w{14}\b)(?=[a-zA-Z]*\d)\w+|(?:SK|AC)(?=\w*\d)\w{32}\b"
    r"|[MNO][\w-]{22,30}\.[\w-]{6}\.[\w-]{20,}"
    r"|[0-9a-f]{8}-[0-9a-f-]{27}:fx\b"
)
# Ids of requests, and those that begin with a time, look like keys and open nothing.
NO_SECRETS = Pattern(
    r"\d{8}T|(?:req|msg|chatcmpl|call|toolu|tooluse|resp|run|gen|pred|batch|file|thread|step|asst|cmpl|trace|span"
    r"|job|wf|evt)[-_]"
)
RANDOM = r"(?<![\w/.-])[A-Za-z0-9_+-]{20,}={0,2}(?![\w/-])"
# As addresses have it too.
IN_BASE64 = r"(?<![\w/.+-])[A-Za-z0-9+_-]{20,}[A-Za-z0-9+/_-]*={0,2}(?![\w/-])"
# Base64, as a secret key of AWS or a whole file.
BASE64 = r"(?<![\w/.+-])(?=[\w+/]*[/+])[A-Za-z0-9+/]{36,}={0,2}(?![\w/.-])|(?<![\w/.+-])[A-Za-z0-9+/]{80,}={0,2}"

# A word, two of a name that are written as one, the size of a picture, a few seconds.
WORD = Pattern(r"[A-Z]?[a-z]{2,}\d{0,2}|[A-Z]{2,}\d{0,2}|(?:[A-Z][a-z]{3,}){2,3}\d{0,2}|\d{3,4}x\d{3,4}|\d{1,4}[a-z]")
CASES = Pattern(r"[a-z](?=[A-Z])|[A-Z](?=[a-z])")
CHANGES = Pattern(r"[a-z](?=[A-Z0-9])|[A-Z](?=[a-z0-9])|\d(?=[A-Za-z])")


def _unless_plain(match: re.Match[str]) -> str:
    """Takes out a long word of mixed letters and digits, as only a machine writes it."""
    word = match[0]
    if NO_SECRETS.match(word):
        return word
    is_mixed = re.search(r"[a-z]", word) and re.search(r"[A-Z]", word) and len(re.findall(r"\d", word)) >= 3
    changes = len(re.findall(r"[A-Za-z](?=\d)|\d(?=[A-Za-z])", word))
    if not is_mixed or not (changes >= 3 or len(CASES.findall(word)) >= 8):
        return word
    # Mixtral-8x7B-Instruct-v0 is a name: half of it or more is words.
    words = [part for part in re.split(r"[-_+]", word) if WORD.fullmatch(part)]
    return word if 2 * sum(map(len, words)) >= len(word) else SECRET


def _unless_path(match: re.Match[str]) -> str:
    """Takes out what changes between small letters, capitals and digits more often than words with slashes do."""
    return SECRET if len(CHANGES.findall(match[0])) * 4 > len(match[0]) else match[0]


def _unless_no_text(match: re.Match[str]) -> str:
    """Takes out base64 of a text; other bytes are hardly ever one."""
    word = match[0].rstrip("=").replace("-", "+").replace("_", "/")
    try:
        text, _ = utf_8_decode(a2b_base64(word[: len(word) // 4 * 4]), "strict", False)
    except (NoBase64Error, UnicodeDecodeError):
        return match[0]
    return SECRET if re.sub(r"[\0\t\r\n]", " ", text).isprintable() and re.search(r"\w\W*\w", text) else match[0]


def _unless_git(match: re.Match[str]) -> str:
    """Takes out an e-mail address; git@github.com is none."""
    return match[0] if match[0].startswith("git@") else "<e-mail>"


# Words without which a name is none of STRONG; and none of WEAK.
STRONG_WORDS = (
    *("key", "token", "secret", "passw", "passphrase", "pwd", "authoriz", "credential", "sess", "connectionstring"),
    *("x-", "jsid", "phpsid", "pass", "pw", "auth", "salt", "dsn", "_pat", "cred", "signing", "cookie"),
)
WEAK_WORDS = (
    *("key", "token", "sess", "sig", "auth", "code", "hash", "nonce", "otp", "pin", "pass", "pw", "hmac", "jwt"),
    *("salt", "dsn", "cvv", "cvc"),
)
FIELD_WORDS = ("value", "content", "default", "name=", "key=")
SCHEMES = ("ssws", "kakaoak", "apikey", "geniekey", "oauthtoken", "auth-key", "api-key")
# Commands that take a password by -p or -P.
LOGINS = (
    r"(?:mongo(?:sh|dump|restore|export|import)?|(?:docker|podman|az|oc|registry|nerdctl|crane|cf) login|sqlcmd|cqlsh"
    r"|cypher-shell|svn|unzip|7z|kinit|lftp|influx|arangosh)"
)
# Pattern, replacement, and texts in lower case of which one must be there: to look for these is quick. In this order:
# what holds others comes first.
SECRETS: tuple[tuple[str, Replacement, tuple[str, ...]], ...] = (
    (r"(?s)-----BEGIN [A-Z0-9 ]+-----.*?(?:-----END [A-Z0-9 ]*-----|\Z)", SECRET, ("-----",)),
    (r"(?is)\b(private-lines:).*", rf"\1 {SECRET}", ("private-lines",)),
    (r"(?i)\b((?:set-)?cookies?\\?[\"']?\s*[:=,]\s*)[^\r\n]+", rf"\1{SECRET}", ("cookie",)),
    (r"(?i)\b(data:[\w/+.;=-]{0,60};base64,)[\w+/=-]+", rf"\1{SECRET}", ("base64,",)),
    # The user in an address; a password may hold anything but a space.
    (r"\b(\w+://)[^\s/@:]*:(?!\d{1,5}(?:[/?#\s]|$))[^\s\"'<>]*@", r"\1", ("@",)),
    (r"\b(\w+://)[^\s/@:?#\"'<>]+@", r"\1", ("@",)),
    (
        r"(?i)\b(https?://[^\s/]{0,200}hooks?[^\s/]{0,200}/|https?://\S{0,200}?/(?:web)?hooks?/)[^\s\"'<>]+",
        rf"\1{SECRET}",
        ("hook",),
    ),
    # Ids, RequestId:…, and codes, ErrorCode:AuthenticationFailed, are none, nor is the version of owner/model:version.
    (
        r"(?<![\w-])(?:(?!\w{0,40}(?:[Ii][Dd]|[Cc]ode|[Tt]ype|[Nn]ame):|(?<=\w/)[\w-]{6,64}:[0-9a-f]{64}\b)"
        r"[\w-]{6,64}:[A-Za-z0-9_-]{20,}|Key"
        r" [\w-]{6,64}:[\w-]{6,})",
        SECRET,
        (":",),
    ),
    (
        r"(?i)\b(authorization\\?[\"']?\s*[:=]\s*\\?[\"']?(?:(?:basic|bearer|token|digest)\s+)?)"
        r"(?!\s*(?:(?:basic|bearer|token|digest)\s+)?<)(?:\w+=\\?\"[^\"\r\n]*|[^\r\n\"',;}\\]{4,})",
        rf"\1{SECRET}",
        ("authorization",),
    ),
    (r"(\s(?:-u|--user|--proxy-user)[\s=]*[\"']?[^\s:\"']{1,64}:)[^\s\"']+", rf"\1{SECRET}", ("-u", "--proxy-u")),
    (r"(?i)\b(bearer\s+)[\w.~+/=-]{7,}", rf"\1{SECRET}", ("bearer",)),
    (
        r"(?i)\b((?:ssws|kakaoak|apikey|geniekey|zoho-oauthtoken|xapikey|deepl-auth-key|"
        r"klaviyo-api-key)\s+)[\w.~+/=:-]{8,}",
        rf"\1{SECRET}",
        SCHEMES,
    ),
    (
        r"(?i)\b(basic\s+)(?=[\w+/]*[0-9+/=]|(?-i:[a-zA-Z]+[a-z][A-Z]|[A-Z]{2,}\w*[a-z]))[\w+/]{12,}={0,2}",
        rf"\1{SECRET}",
        ("basic",),
    ),
    # A terminal or a log breaks a long key into two lines.
    (
        rf"(?<![A-Za-z0-9_])(?:{PREFIXES})(?:[A-Za-z0-9_.-]{{9,}}(?:\s*\n\s*(?=[A-Za-z_-]*\d)[\w-]{{12,}})?)",
        SECRET,
        LIKE_KEYS,
    ),
    (rf"(?<![\w.-])(?:{SHORT_PREFIXES})", SECRET, LIKE_KEYS),
    (r"(\bFlyV1 )[\w.,+/=-]{9,}", rf"\1{SECRET}", ("flyv1 ",)),
    (r"\beyJ[\w-]{8,}(?:\.[\w-]*){0,4}", SECRET, ("eyj",)),
    # Hashes of passwords.
    (r"(?:\$(?:2[abxy]|[156]|argon2\w*|scrypt)|\bpbkdf2\w*)\$[^\s\"',;]{8,}", SECRET, ("$",)),
    (E_MAIL, _unless_git, ("@", "%40")),
    (r"[\w.+-]{1,64}@localhost\b", "<e-mail>", ("@localhost",)),
    (
        r"(?i)\b[\w.+-]{1,64} ?(?:\[at\]|\(at\)| at )(?: ?\w+ ?(?:\[dot\]|\(dot\)| dot )){1,3} ?\w+",
        "<e-mail>",
        ("dot",),
    ),
    # The name beside it.
    (r"(?:\b[^\W\d_a-z][\w.'-]*\s+){1,3}<<e-mail>>", "<e-mail>", ("@", "%40", "<<e-mail>>")),
    (r"(?i)((?:pwd|password)=)\{[^{}\n<]+\}", rf"\1{SECRET}", ("={",)),
    # A field and its value, one beside the other.
    (
        rf"(?i)(\b(?:name|key|header|field|id)\\?[\"']?\s*(?:=>|[:=])\s*\\?[\"']?"
        rf"{FIELD}\\?[\"']?[\s,;/]{{1,40}}(?:type=[\"']\w{{1,20}}[\"']\s)?"
        r"\\?[\"']?(?:value|val|content|default)\\?[\"']?\s*(?:=>|[:=])\s*\\?[\"']?)[^\s\"'\\,;}<>]{2,}",
        rf"\1{SECRET}",
        FIELD_WORDS,
    ),
    (
        rf"(?i)((?<![\w-])(?:value|val|content)\\?[\"']?\s*[:=]\s*\\?[\"']?)[^\s\"'\\,;}}<>=]{{2,500}}={{0,2}}"
        rf"(?=\\?[\"']?[\s,]{{1,20}}\\?[\"']?(?:name|key)\\?[\"']?\s*[:=]\s*\\?[\"']?{FIELD}[\s\"'\\,}}/>])",
        rf"\1{SECRET}",
        FIELD_WORDS,
    ),
    (
        rf"(?i)(<\w{{1,30}}\s(?:[^<>]{{0,100}}?\s)?(?:name|key)=[\"']{FIELD}[\"'][^<>]{{0,100}}>)[^<\s][^<]*",
        rf"\1{SECRET}",
        FIELD_WORDS,
    ),
    (rf"(?i)(name=\"{FIELD}\"[^\n]{{0,100}}\n(?:[\w-]+:[^\n]*\n){{0,3}}\s*\n)[^\n<]+", rf"\1{SECRET}", FIELD_WORDS),
    # A setting's default.
    (
        r"(?i)(\benv\(\s?['\"]\w{0,40}(?:pass|secret|token|key|user|pwd)\w{0,20}['\"],\s?['\"])[^'\"\n<]+",
        rf"\1{SECRET}",
        ("env(",),
    ),
    (r"(\bKeyI[Dd]:\s?\")[^\"\n<]{4,}", rf"\1{SECRET}", ("keyid:",)),
    # What a provider signs and hashes of a key.
    (
        r"(?is)(\bstring to sign\b[\w ]{0,20}:?\s{0,3})['\"].{1,4000}?['\"](?=[.,<\s]|\Z)",
        rf"\1{SECRET}",
        ("string to sign",),
    ),
    (r"(?i)(\b(?:key|token) hash\W{1,3}(?:\(token\)\W{1,4})?)[0-9a-f]{16,}", rf"\1{SECRET}", (" hash",)),
    (r"(\bVirtual Key expected\. Received=)[^\s,]+", rf"\1{SECRET}", ("virtual key",)),
    # The key of a stream.
    (r"(\brtmps?://[^\s/]{1,200}/[\w-]{1,40}/)(?=[\w-]*\d)[\w-]{12,}", rf"\1{SECRET}", ("rtmp",)),
    # Signed addresses.
    (
        r"(?i)([?&;](?:sig|signature|x-(?:amz|goog)-[\w-]+|policy|key-pair-id|googleaccessid)=)[^\s&\"'<>]+",
        rf"\1{SECRET}",
        ("=",),
    ),
    (
        rf"(?i)({STRONG})(\\?[\"']?\s*(?:[:=]|(?<=[\"']),|\]\s*=(?=>))\s*{OPENING}(?:(?:basic|bearer|token"
        rf"|digest)\s+)?)"
        r"(?!(?:basic|bearer|token|digest)\s|<|(?:value|val|content)\\?[\"']|(?:yes|no)\)|[\w"
        r"()]{1,40}\s?b?\\?[\"']<secret>)[^\s\"'&,;}<\\]{4,}",
        rf"\1\2{SECRET}",
        STRONG_FIELD,
    ),
    # Of several, of which each is a text; and as an option or an element.
    (
        r"(?i)((?:(?<![A-Za-z])(?:api|access|secret|private|auth|ssh|signing|admin|service)[-_ ]?keys"
        r"|(?:token|secret|passw(?:or)?d|credential)s)"
        r"\\?[\"']?\s*[:=]\s*)"
        r"(?:\[[^\[\]A-Za-z]*[A-Za-z][^\[\]]*(?:\]|\Z)|\([^()A-Za-z]*[A-Za-z][^()]*(?:\)|\Z)"
        r"|\{[^{}A-Za-z]*[A-Za-z][^{}]*(?:\}|\Z)"
        r"|-\s(?=[^\n]*[A-Za-z])[^\n]+(?:\n\s*-\s[^\n]+)*)",
        rf"\1{SECRET}",
        STRONG_FIELD,
    ),
    (r"(?i)(\bpasswords\s*[:=]\s*)[^\[\s][^\n;]+", rf"\1{SECRET}", ("passwords",)),
    (rf"(?i)((?<!\w)--?{STRONG}|(?<!\w)--token)([\s=]+[\"']?)(?!-)[^\s\"']{{4,}}", rf"\1\2{SECRET}", STRONG_OPTION),
    # Our own sign looks like an element.
    (rf"(?i)(<(?!secret>)(?:\w+:)?{STRONG}[^<>]{{0,200}}>(?:<!\[CDATA\[)?)[^<]+", rf"\1{SECRET}", STRONG_ELEMENT),
    (r"(?i)(<secret>)[^<]+(?=</secret>)", rf"\1{SECRET}", STRONG_ELEMENT),
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
        # Code="AuthorizationFailed" is a name.
        rf"(?i)({WEAK}={OPENING})(?!(?<=code=)(?-i:[A-Z][a-z]+){{2,6}}\b|(?<=code=[\"'])(?-i:[A-Z][a-z]+){{2,6}}\b"
        rf"|<|(?<=code=)(?-i:_?[A-Z]+(?:_[A-Z]+)+)\b|[\w.-]{{1,60}}\\?[\"']\s*,?\s*[\"']?(?:value|val)\b"
        rf"|(?:\d{{1,5}}|true|false|none"
        rf"|null)\b)[^\s\"'&,;}}<\\]{{4,}}",
        rf"\1{SECRET}",
        WEAK_EQUAL,
    ),
    # With a digit, or so long that it is no word: what follows is not read again for each name in it.
    (
        rf"(?i)({WEAK}\\?[\"']?:\s*(?:[A-Za-z]\w{{0,30}}\((?=[\"']))?\\?[\"']?)(?!\d{{1,6}}\b)"
        rf"(?=[^\s\"',;}}\d]{{0,400}}\d|[^\s\"',;}}\d]{{401}})[^\s\"'&,;}}<\\]{{6,}}",
        rf"\1{SECRET}",
        WEAK_FIELD,
    ),
    (
        rf"(?i)({STRONG}|(?<![A-Za-z])token)(\s+(?:is\s+|was\s+)?)(?=\S*\d)[^\s\"'<,;]{{6,}}",
        rf"\1\2{SECRET}",
        STRONG_NUMBER,
    ),
    *ABROAD,
    (
        r"(?i)(?<!unexpected )(?<![A-Za-z])((?:token|password|secret|passphrase|(?-i:[A-Z][A-Z_]{0,40}_(?:PWD"
        r"|TOKEN|KEY|PASS|SECRET|PAT)))(?: is)?\s+)([\"'])[^\"'\s]{4,}\2",
        rf"\1\2{SECRET}\2",
        STRONG_QUOTE,
    ),
    (
        r"(?i)\b((?:invalid|expired|bad|wrong|incorrect|revoked)\s+(?:\w+\s)?(?:token|key"
        r"|credentials?)\s*[:=]?\s*[\"']?)"
        r"(?:[A-Za-z0-9]{16,}|(?=[\w-]*\d)[\w-]{16,})",
        rf"\1{SECRET}",
        ("token", "key", "credential"),
    ),
    (r"(?i)\b(session\s+)(?=[\w-]*\d)(?=[\w-]*[a-z])[\w-]{16,}", rf"\1{SECRET}", ("session",)),
    (
        r"(?i)\b((?:key|token|secret|credentials?)\s+)(?-i:(?=\w*[a-z])(?=\w*[A-Z])(?=\w*\d))[A-Za-z0-9]{16,}",
        rf"\1{SECRET}",
        WEAK_NUMBER,
    ),
    # Up to the next of these commands: each is looked at once, however many there are.
    (r"(?i)\b(mysql\w{0,10}\b(?:(?!\bmysql\w{0,10}\b)[^\n])*?\s-p)(?!\s)\S+", rf"\1{SECRET}", (" -p",)),
    (
        r"(?i)\b(sshpass\b(?:(?!\bsshpass\b)[^\n])*?\s-p|redis-cli\b(?:(?!\bredis-cli\b)[^\n])*?\s-a)(\s*)\S+",
        rf"\1\2{SECRET}",
        ("sshpass", "redis-cli"),
    ),
    (
        rf"(?i)\b({LOGINS}\b(?:(?!{LOGINS}\b)[^\n])*?\s-p\s*[\"']?)(?!-|assword)[^\s\"'<]+",
        rf"\1{SECRET}",
        (" -p",),
    ),
    (
        r"(?i)\b(curl\b(?:(?!\bcurl\b)[^\n])*?\s(?:-b|--cookie)[\s=]*[\"']?)[^\s=\"'<]+=[^\"'\n<]+",
        rf"\1{SECRET}",
        ("curl",),
    ),
    (
        r"(\bhttps?\s(?:[^\n]{0,200}?\s)??(?:-a|--auth)[\s=]+[\"']?)[^\s:\"'<]{1,64}:[^\s\"'<]+",
        rf"\1{SECRET}",
        ("http",),
    ),
    (r"(\bhttps?\s(?:[^\n]{0,200}?\s)??-A\s?bearer\s-a\s)[^\s\"'<]+", rf"\1{SECRET}", ("http",)),
    (
        r"(?i)\b((?:convertto-securestring|identified (?:with \w{1,40} )?by|with password"
        r"|password)\s+)(['\"])[^'\"\n<]+",
        rf"\1\2{SECRET}",
        ("convertto", "identified", "password"),
    ),
    # Arguments of a connection: the third is its password.
    (
        r"((?:->__construct|connect\w{0,20})\()(?=[^()\"']*[\"'])(?:[^(),\n]{0,200},){2,}[^()\n]*",
        rf"\1{SECRET}",
        ("__construct", "connect"),
    ),
    (r"(connect\w{0,20}\([\"']\w{1,64}/)[^@\"'\n<]+(?=@)", rf"\1{SECRET}", ("connect",)),
    # Commands of mail, file and key servers.
    (r"\b(LOGIN [\w.@\"<>-]{1,64} )(?=\S*\d)[^\s<]+", rf"\1{SECRET}", ("login ",)),
    (r"\b(AUTH LOGIN\b[^\n]{0,80}\r?\n)[\w+/=]{8,}", rf"\1{SECRET}", ("auth login",)),
    (r"\b(USER \S{1,64}\W{1,4}PASS )[^\s<]+", rf"\1{SECRET}", ("pass ",)),
    (r"\b(AUTH (?:[\w.-]{1,64} )?)(?=\S*\d)(?=\S*[a-z])[^\s<]{4,}", rf"\1{SECRET}", ("auth ",)),
    (
        r"(?s)(kind:\s*Secret\b.{0,2000}?\n(?:data|stringData):\s*\n)(?:[ \t]+[^\n]*(?:\n|\Z))+",
        rf"\1  {SECRET}\n",
        ("kind:",),
    ),
    (
        r"(?i)\b((?:otp|2fa|one-time|verification)(?: code| password)?(?: is)?[: ]+)\d{4,8}\b",
        rf"\1{SECRET}",
        ("otp", "2fa", "one-time", "verification"),
    ),
    *PAPERS,
    *PEOPLE,
    *PLACES,
    *ACCOUNTS,
    *HOMES,
    (RANDOM, _unless_plain, LIKE_KEYS),
    (IN_BASE64, _unless_no_text, LIKE_KEYS),
    (BASE64, _unless_path, LIKE_KEYS),
)
