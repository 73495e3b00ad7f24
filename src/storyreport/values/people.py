"""What names a person in a text: folders, user names, telephones, addresses, numbers of cards and papers."""

import re
from collections.abc import Callable
from itertools import pairwise

from .shapes import NUMBERED

SECRET = "<secret>"
Replacement = str | Callable[[re.Match[str]], str]
# A folder's name of two words or three, as Windows calls one after a person.
FULL_NAME = r"[^\\/\s:\"'<>]+(?: [^\\/\s:\"'<>]+){1,2}"
# Between a name and its value.
IS = r"\\?[\"']?\]?\s*(?:=>|[:=\uff1a])\s*"
# Words for a telephone, and what may follow before its number.
TELEPHONE_WORDS = (
    *("tel", "phone", "mobil", "handy", "sms", "fax", "whatsapp", "téléphone", "teléfono", "móvil", "cell", "msisdn"),
    *("телефон", "电话", "電話", "手机", "手機", "携帯", "전화", "휴대폰", "هاتف"),
)
TELEPHONE = (
    r"(?:tel|telefon\w{0,6}|(?:\w{1,12}[_ -])?phone|mobile?|handy|sms|fax|whatsapp|téléphone|teléfono"
    r"|telefono|telefone|móvil"
    r"|cell|msisdn)(?![^\W\d_])|телефон\w{0,3}|电话|電話|手机号?码?|手機|携帯|전화|휴대폰|هاتف"
)
USER_WORDS = ("user", "login=", 'login"', "uid", "name", "usr=")
# What stands for no person.
NOBODY = (
    r"(?!\\?[\"']?(?:\d+|null|none|nil|true|false|undefined|unknown|required|missing|invalid|empty|anonymous|root"
    r"|admin|user"
    r"|assistant|system|default|string|str)?(?![\w.@-])|[<{\[(])"
)
USERS_ABROAD = (
    "user", "role ", "account ", "login ", "under the namespace", "benutzer", "utilisateur", "usuario", "usuário",
    "utente", "gebruiker", "użytkownik", "пользовател", "ユーザー", "用户", "用戶", "사용자",
)  # fmt: skip
STREETS = (
    *("street", "road", "avenue", "lane", "drive", "boulevard", "terrace", "court", "square", "straße"),
    *("strasse", "weg "),
    *("platz ", "gasse ", "allee ", "rue ", "place ", "chemin ", "calle ", "avenida ", "via ", "piazza ", "rua "),
)
NUMBERED_WORDS = (
    *("ssn", "social security", "passport", "reisepass", "ausweis", "driver", "licen", "cpf", "dni", "nif"),
    *("nie ", "aadhaar"),
    *("national id", "tax id", "steuer", "cvv", "cvc", "身份证", "護照", "护照", "insurance"),
)
BIRTH_WORDS = ("birth", "dob", "geburt", "naissance", "nacimiento", "nascita")

ADDRESS_WORDS = ("住所", "地址", "住址", "주소")


def _is_card(digits: str) -> bool:
    """Whether the last digit is the check digit of a card's number (Luhn)."""
    doubled = (int(digit) * (1 + place % 2) for place, digit in enumerate(reversed(digits)))
    return sum(value // 10 + value % 10 for value in doubled) % 10 == 0


def _unless_counted(match: re.Match[str]) -> str:
    """Takes out a telephone; numbers that count up are none, nor are those of a date."""
    groups = [int(group) for group in re.findall(r"\d+", match[0])]
    is_date = re.match(r"\d\d([-/. ])\d\d\1(?:19|20)\d\d", match[0])
    is_counted = all(later - earlier == 1 for earlier, later in pairwise(groups))
    return match[0] if is_date or is_counted or not 9 <= len(re.sub(r"\D", "", match[0])) <= 14 else "<phone>"


# Pattern, replacement, and texts in lower case of which one must be there; what holds others comes first.
PEOPLE: tuple[tuple[str, Replacement, tuple[str, ...]], ...] = (
    # Servers tell who was refused; the roles of a chat are nobody.
    (
        r"(?i)((?<![\w-])(?:user(?: ?name)?|role|account|login|under the namespace|benutzer|utilisateur|usuario"
        r"|usuário|utente"
        r"|gebruiker|użytkownik\w{0,3}|пользовател\w{1,2}) |(?:ユーザー|用户|用戶|사용자)\s?)(\\?[\"'`«「“] ?)"
        r"(?!(?:assistant|user"
        r"|system|tool|function|developer|model)\2)(?!\s?<)"
        r"(?:[^\"'`»」”\\\n]|\\(?![\"'`]))+(?=\\?[\"'`»」”])",
        r"\1\2<user>",
        USERS_ABROAD,
    ),
    (
        r"(?i)\b(invalid user |(?:password|publickey|keyboard-interactive\S{0,9}) for )(?!invalid user)\S+(?= from )",
        r"\1<user>",
        (" from ",),
    ),
    (r"((?:\d{1,3}(?:\.\d{1,3}){3}|<ip>) \S{1,64} )(?!-)[^\s\[\]]{1,64}(?= \[\d\d/)", r"\1<user>", (" [",)),
    (r"\b((?:ssh|scp|sftp|rsync)\b[^\n@]{0,80}?\s)[\w.-]{1,64}@(?=[\w-])", r"\1", ("@",)),
    # As mail servers and git ask for one, a chat of Telegram, and where a directory keeps people.
    (r"(\buser(?:name)?=<)(?!user>|secret>|e-mail>)[^<>\s]{1,64}(?=>)", r"\1<user>", ("user",)),
    (r"(\bUsername for '[^'\n]{1,200}': )(?!<)[^\s:]{1,64}(?=\s*?(?:\n|\Z))", r"\1<user>", ("username for",)),
    (
        r"(\busername )(?!is\b|and\b|or\b|<)[\w.@-]{2,64}(?= (?:and/or password|does not exist|not found))",
        r"\1<user>",
        ("username ",),
    ),
    (r"(?<![\w/@])[A-Za-z]\w{0,63}(?=@//)", "<user>", ("@//",)),
    (r"(\bWho:\s{1,8})[^\s@]{1,64}@\S{1,64}", r"\1<user>", ("who:",)),
    (r"(\bchat_id\W{1,4})-?\d{5,}", r"\1<user>", ("chat_id",)),
    (
        r"(?i)\b(?:cn|uid)=[^,=\n]{1,100}(?:,\s?(?:cn|ou|o|dc|uid|l|c)=[^,\s\"'=]{1,100}){1,10}",
        "<user>",
        ("cn=", "uid="),
    ),
    (
        r"((?:用户|用戶)\s)(?![<\s\"'`«「“\\])[^\s,\uff0c:\uff1a]{2,20}(?=\s?(?:登录|登陆|登錄|不存在|没有|無))",
        r"\1<user>",
        ("用户", "用戶"),
    ),
    (r"(\bconstraint \()[A-Za-z]\w{1,63}(?=\.\w)", r"\1<user>", ("constraint (",)),
    (r"\bgit@([\w.-]+:)[\w.-]+/", r"git@\1<user>/", ("git@",)),
    (
        rf"(?i)(?<![\w-])((?:--[\w-]{{0,20}}-|\w{{1,20}}[._])?(?:user(?:[-_ ]?(?:name|id))?|login|uid"
        rf"|usr)(?:\\?[\"'])?\]?\s?=>?\s*\\?[\"']?){NOBODY}"
        r"[^\s\"',;&}<>()\\]{2,64}(?!\w?\()",
        r"\1<user>",
        USER_WORDS,
    ),
    (
        rf"(?i)(?<![\w-])((?:user(?:[-_ ]?(?:name|id))?"
        rf"|login)\\?[\"']?\s*:\s*\\?[\"']){NOBODY}[^\s\"',;&}}<>()\\]{{2,64}}(?=\\?[\"'])",
        r"\1<user>",
        USER_WORDS,
    ),
    (
        rf"(?im)(?<![\w-])(user[-_ ]?name\s*:\s*){NOBODY}[^\s\"',;&}}<>()\\]{{2,64}}(?=[\s,;]*$)",
        r"\1<user>",
        USER_WORDS,
    ),
    # As Go prints a struct.
    (rf"(\bUser(?:name|Name)?:){NOBODY}[\w.@-]{{2,64}}(?=[ }}])", r"\1<user>", ("user",)),
    (
        r"(?i)(?<![\w-])((?:(?:display|first|last|full|family|given|real|customer|contact|nick|sur)[-_ ]?name)"
        rf"{IS})(?:\\?[\"'][^\"'\n]{{2,64}}(?=\\?[\"'])"
        rf"|(?-i:[^\W\d_a-z][\w'\u2019-]+(?: [^\W\d_a-z][\w'\u2019-]+){{0,2}}))",
        r"\1<user>",
        ("name",),
    ),
    (
        r"((?:\b[Uu]ser|\b[Cc]ustomer|\b[Mm]ember|\b[Ee]mployee"
        r"|\b[Aa]uthor) )[A-ZÀ-Þ][\w'\u2019-]+ [A-ZÀ-Þ][\w'\u2019-]+"
        r"(?= (?:is|has|was|does|did|not|cannot|may|already|with|exceeded)\b)",
        r"\1<user>",
        ("user ", "customer ", "member ", "employee ", "author "),
    ),
    # Folders that are named after people, wherever systems keep them.
    (
        rf"(?i)\b[A-Z]:/(?:Users|home|Documents and Settings)/(?:{FULL_NAME}(?=/)|[^/\s:\"'<>]+)",
        "~",
        ("users/", "settings/", "home/"),
    ),
    (
        r"(?i)\b([A-Z]:\\{1,2}(?:Users|home|Documents and Settings)\\{1,2})" + rf"(?:{FULL_NAME}(?=\\)|[^\\\s:\"'<>]+)",
        r"\1user",
        ("users\\", "settings\\", "home\\"),
    ),
    (
        r"(?<![\w.>-])(?:/(?:var|export|usr|nfs|net|(?:mnt/|cygdrive/)?[a-z]|mnt|data|srv|host|private|Volumes"
        r"(?:/[^/\n]+)?"
        r"|volume\d+|System/Volumes/Data))?/(?:home|Users)/[^/\s:\"'<>]+(?: [\w.-]+(?=/))*",
        "~",
        ("/home/", "/users/"),
    ),
    (
        r"(?<![\w:/.])((?:/[\w.@+-]{1,64}){1,6}/(?:home|users)/)[^/\s:\"'<>]+(?=/)",
        r"\1user",
        ("/home/", "/users/"),
    ),
    (
        r"(?i)\b((?!https?:)[a-z][a-z0-9+]{1,12}:/(?:/[\w.@:+-]{1,64}){0,4}/(?:home|users)/"
        r"|hdfs://[\w.:-]{0,64}/user/)[^/\s:\"'<>]+",
        r"\1user",
        ("/home/", "/users/", "/user/"),
    ),
    (r"(?<![\w/])(/afs/[\w.-]+/user/\w/)[^/\s:\"'<>]+", r"\1user", ("/afs/",)),
    (r"(?<![\w.-])(/(?:run/)?media/)[^/\s:\"'<>]+(?=/)", r"\1user", ("/media/",)),
    (r"(?<![\w/~.-])~[A-Za-z_][\w.-]*(?=/|: no such)", "~", ("~",)),
    (r"(?i)(\\\\[\w.$-]+(?:\\[\w.$-]+)?\\(?:home|users)\\)[^\\\s:\"'<>]+", r"\1user", ("home\\", "users\\")),
    # An account, a card, a number of social security, of a passport, a telephone.
    (r"\b[A-Z]{2}\d\d ?[A-Z0-9]{4} ?\d{4}(?: ?\d{3,4}){2,5}(?: ?\d{1,3})?\b", SECRET, NUMBERED),
    (r"(?<![\w.-])(?:\d{4}[ -]){3}\d{4}(?![\w-])", SECRET, NUMBERED),
    (r"(?<![\w.])[3-6]\d{14,15}(?![\w.])", lambda match: SECRET if _is_card(match[0]) else match[0], NUMBERED),
    (r"(?<![\w-])\d{3}-\d\d-\d{4}(?![\w-])", SECRET, ("-",)),
    (r"(?<![\w.-])\d{3}\.\d{3}\.\d{3}-\d\d(?![\w-])", SECRET, ("-",)),
    (r"(?<!\w)[1-6]\d{5}(?:19|20)\d{2}[01]\d[0-3]\d{4}[\dXx](?!\w)", SECRET, NUMBERED),
    (
        r"(?i)((?:(?<![^\W\d_])(?:ssn|social security|passport|reisepass|ausweis|driver(?:'s"
        r"|s)? licen[cs]e|cpf|dni|nif|nie|aadhaar"
        r"|national id|tax id|steuer-?id|cvv2?|cvc2?|insurance)|身份证|護照|护照)(?:\W{0,3}\b(?:number|no"
        r"|nr|num|id|n°|号码?)\b)?\.?\W{1,4}"
        r"(?:is )?)(?=[A-Z]{0,3}\d)[A-Z0-9]{1,6}(?:(?:[ .-]\d{2,4}){1,4}|[A-Z0-9]{0,24})(?!\w)",
        rf"\1{SECRET}",
        NUMBERED_WORDS,
    ),
    (
        r"(?i)((?:date[-_ ]of[-_ ]birth|birth[-_ ]?da(?:te|y)|dob|geburts(?:datum|tag)|date de naissance"
        r"|fecha de nacimiento"
        r"|data di nascita)\W{1,5})\d{1,4}[-./]\d{1,2}[-./]\d{1,4}",
        rf"\1{SECRET}",
        BIRTH_WORDS,
    ),
    (r"(?<![\w.-])\d{3}([-.])\d{3}\1\d{4}(?![\w-])", "<phone>", NUMBERED),
    (
        rf"(?i)((?<![^\W\d_])(?:{TELEPHONE})(?:[^\w+(]|_|to|no|number|nummer|nr|num|an"
        rf"|is){{1,8}})\(?\+?\d(?:[ ()./-]{{0,2}}\d){{6,14}}",
        r"\1<phone>",
        TELEPHONE_WORDS,
    ),
    (
        r"(?i)(\b(?:text message|message|call) to |\b(?:to|from)['\"]? (?:phone )?number\W{1,3})\+?\d{7,15}\b",
        r"\1<phone>",
        ("message to", "call to", "number"),
    ),
    (r"(?<![\w.])\(\d{3}\) ?\d{3}[ -]\d{4}(?!\w)", "<phone>", ("(",)),
    # +0000 is a time zone.
    (r"(?<![\w.])\+[1-9]\d{0,2}[ ./()-]*\d{2,4}[ ./()-]*\w{3,}(?:[ ./-]\d{2,})*", "<phone>", ("+",)),
    (r"(?<![\w.])\+[1-9](?:[ ./()-]{0,2}\d){7,14}(?!\w)", "<phone>", ("+",)),
    (r"(?<![\w.:/-])(?:00[1-9]\d{0,2}|1)(?:[ -]\(?\d{2,4}\)?){3,5}(?![\w-])", _unless_counted, NUMBERED),
    # As they are dialled within a country.
    (r"(?<![\w.:/-])\(?0\)?[1-9]\d{0,4}\)?(?:[ /-]\d{2,8}){1,4}(?![\w:/.-])", _unless_counted, NUMBERED),
    (r"(?<![\w.-])1[3-9]\d([ -])\d{4}\1\d{4}(?![\w-])", "<phone>", NUMBERED),
    # Where somebody lives: with a number, before or after.
    (
        r"(?<![\w.])\d{1,5}[A-Za-z]?,? (?:[A-Z][\w'\u2019.-]* ){1,4}(?:Street|St\.?|Road|Rd\.?"
        r"|Avenue|Ave\.?|Lane|Ln\.?|Drive|Dr\.?"
        r"|Boulevard|Blvd\.?|Terrace|Court|Square)(?![\w])(?:, ?(?:[A-Z]|\d{4,5}\b)[\w -]{1,40}){0,3}",
        "<address>",
        STREETS,
    ),
    (
        r"(?<!\w)[A-ZÄÖÜ]\w{0,40}(?:straße|strasse|weg|platz|gasse"
        r"|allee) \d{1,4}[a-z]?(?!\w)(?:, ?(?:\d{4,5} )?[A-ZÄÖÜ][\w-]+)?",
        "<address>",
        STREETS,
    ),
    (
        r"(?<![\w.])\d{1,4}(?: bis)?,? (?:rue|avenue|boulevard|place"
        r"|chemin) (?:[a-z]{1,3}['\u2019 ]){0,3}[A-ZÀ-Þ][\w'\u2019 -]{1,40}(?:, ?\d{5} [A-Z][\w-]+)?",
        "<address>",
        STREETS,
    ),
    (
        r"(?<!\w)(?:Calle|Avenida|Via|Viale|Piazza|Corso"
        r"|Rua)(?: d\w{1,3})? [A-ZÀ-Þ][\w'\u2019 -]{1,40},? \d{1,4}(?!\w)(?:, ?\d{5} [A-Z][\w-]+)?",
        "<address>",
        STREETS,
    ),
    (r"((?:住所|地址|住址|주소)[:\uff1a]\s*)[^\s,;<]{6,}", r"\1<address>", ADDRESS_WORDS),
    # This machine's own address, masks and versions stay.
    (
        r"(?<![\w.])(?<!version )(?!(?:0|127|255)\.|169\.254\.169\.254)(?:\d{1,3}\.){3}\d{1,3}(?!\w|\.\w)",
        "<ip>",
        (".",),
    ),
    (
        r"(?i)(?<![\w:.])(?!::1\b)(?=[0-9a-f:]*\d)(?=[0-9a-f:]*::|(?:[0-9a-f]{1,4}:){7}[0-9a-f])"
        r"(?:[0-9a-f]{0,4}:){2,7}[0-9a-f]{0,4}(?![\w:])",
        "<ip>",
        ("::", ":"),
    ),
)
