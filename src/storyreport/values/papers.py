"""Numbers of papers, accounts, cards and licences, by their check digits, their shapes or the words before them."""

import re
from collections.abc import Callable

from .shapes import LIKE_KEYS, NUMBERED

Replacement = str | Callable[[re.Match[str]], str]
SECRET = "<secret>"
# What comes before such a number in the languages of those who issue it.
NAMES = (
    r"bsn|burgerservicenummer|personnummer|personnr|fødselsnummer|cpr(?:-nummer)?|henkilötunnus|pesel|nip|regon|cnpj"
    r"|rut|curp|rfc|codice fiscale|partita iva|insee|nir|numéro de sécurité sociale|nhs(?: number)?|ahv|avs"
    r"|vat(?: ?(?:id|number|no|reg))?|ust-?id(?:nr)?\.?|iban|routing number|sort code|account number|konto(?:nummer)?"
    r"|gstin|tfn|medicare|snils|снилс|инн|паспорт|id card|krankenversicherung\w{0,8}"
)
NAME_WORDS = (
    *("bsn", "burgerservice", "personn", "fødsel", "cpr", "henkilö", "pesel", "nip ", "nip:", "nip=", "regon", "cnpj"),
    *("rut ", "rut:", "rut=", "curp", "rfc", "codice", "partita", "insee", "nir ", "nir:", "numéro", "nhs", "ahv"),
    *("avs",),
    *("vat ", "vat:", "vat=", "vatid", "vat#", "ust-id", "ustid", "iban", "routing number", "sort code"),
    *("account number", "konto", "gstin", "tfn", "medicare", "snils", "снилс", "инн", "паспорт", "id card"),
    "krankenvers",
)


def _unless_wrong(match: re.Match[str]) -> str:
    """Takes out an account's number (IBAN) whose check digits are right."""
    number = match[0].replace(" ", "")
    if not 15 <= len(number) <= 34:
        return match[0]
    turned = f"{number[4:]}{number[:4]}"
    return SECRET if int("".join(str(int(sign, 36)) for sign in turned)) % 97 == 1 else match[0]


# Pattern, replacement, and texts in lower case of which one must be there, see `privacy`.
PAPERS: tuple[tuple[str, Replacement, tuple[str, ...]], ...] = (
    (r"(?<![\w-])[A-Z]{2}\d\d(?: ?[A-Z0-9]{4}){2,7}(?: ?[A-Z0-9]{1,3})?(?![\w-])", _unless_wrong, NUMBERED),
    (
        rf"(?i)((?<![^\W_])(?:{NAMES})(?:\W{{0,3}}\b(?:number|no|nr|num|id|n°)\b)?\.?[\s:=#\"'(]{{1,4}}(?:is )?)"
        r"(?=[A-Z .-]{0,8}\d)(?=(?:[^\d\n]{0,6}\d){5})[A-Z0-9]{1,16}(?:[ ./-]?[A-Z0-9]{1,6}){0,8}?(?![\w./-]|[ ]\d)",
        rf"\1{SECRET}",
        NAME_WORDS,
    ),
    (r"(?<![\w.])\d{2}\.\d{3}\.\d{3}/00\d\d-\d{2}(?!\w)", SECRET, ("/00",)),
    # Five groups of five, as licences are written.
    (r"(?<![\w-])(?=[A-Z0-9-]*\d)(?=[A-Z0-9-]*[A-Z])(?:[A-Z0-9]{5}-){3,6}[A-Z0-9]{5}(?![\w-])", SECRET, LIKE_KEYS),
    (
        r"(?i)(\b(?:card (?:number )?|account |visa |mastercard |iban )?(?:ending (?:in|with)"
        r"|last ?4\W{1,3}))\s?\d{4}\b",
        rf"\1 {SECRET}",
        ("ending ", "last4", "last 4"),
    ),
    (
        r"(?i)(\bexp(?:iry|ires|iration)?(?: date)?\W{1,2})(?:0\d|1[0-2])/(?:20)?\d\d\b",
        rf"\1{SECRET}",
        ("exp ", "exp:", "exp=", "expiry", "expires", "expiration"),
    ),
    (
        r"(?i)(\b(?:[th]otp|mfa|sms|login|security|auth|authentication|access) code[: ]{1,2}(?:is )?['\"]?)\d{4,8}\b",
        rf"\1{SECRET}",
        (
            *("otp code", "mfa code", "sms code", "login code", "security code", "auth code", "authentication code"),
            *("access code",),
        ),
    ),
    (
        r"(?i)(\b(?:backup|recovery"
        r"|scratch) codes?[: ]{1,2})(?=[\w-]*\d)[\w-]{6,20}(?:[, ]{1,2}(?=[\w-]*\d)[\w-]{6,20}){0,20}",
        rf"\1{SECRET}",
        ("backup code", "recovery code", "scratch code"),
    ),
    (r"(?i)(\b(?:sha256|sha1|v1)=)[0-9a-f]{32,}", rf"\1{SECRET}", ("sha256=", "sha1=", "v1=")),
    (
        r"(?i)(\b(?:pat|token|x-[\w-]{1,40}(?:key|token|auth)(?: header)?)\s)(?=[a-f0-9]*\d)[0-9a-f]{20,}\b",
        rf"\1{SECRET}",
        ("pat ", "token ", "-key ", "-auth ", "key header", "token header", "auth header"),
    ),
    (
        r"(?i)(\bvalue=\\?[\"'])(?=[^\"'\n<]{0,80}[\"'] ?/?>? ?#?[\w-]{0,20}(?:password|passwd|pin"
        r"|otp)\b)[^\"'\n<]{1,80}",
        rf"\1{SECRET}",
        ("value=",),
    ),
    # Where somebody is.
    (
        r"(?i)(\b(?:gps|latitude|coord\w{0,8}|geo\w{0,12}"
        r"|location)\b\W{0,4})-?\d{1,3}\.\d{3,}(?:[ ,;/]{1,3}(?:lon\w{0,8}|lng)?\W{0,3}-?\d{1,3}\.\d{3,})?",
        r"\1<address>",
        ("gps", "latitude", "coord", "geo", "location:", "location=", "location ("),
    ),
)
