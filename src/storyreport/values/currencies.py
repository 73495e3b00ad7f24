"""Currencies by their ISO 4217 codes, from the words and signs that exports have for them."""

UNKNOWN = "XXX"
_LISTED = (
    "AED AFN ALL AMD ANG AOA ARS AUD AWG AZN BAM BBD BDT BGN BHD BIF BMD BND BOB BRL BSD BTN BWP BYN BZD CAD"
    " CDF CHF CLP CNY COP CRC CUP CVE CZK DJF DKK DOP DZD EGP ERN ETB EUR FJD FKP GBP GEL GHS GIP GMD GNF GTQ"
    " GYD HKD HNL HTG HUF IDR ILS INR IQD IRR ISK JMD JOD JPY KES KGS KHR KMF KPW KRW KWD KYD KZT LAK LBP LKR"
    " LRD LSL LYD MAD MDL MGA MKD MMK MNT MOP MRU MUR MVR MWK MXN MYR MZN NAD NGN NIO NOK NPR NZD OMR PAB PEN"
    " PGK PHP PKR PLN PYG QAR RON RSD RUB RWF SAR SBD SCR SDG SEK SGD SHP SLE SOS SRD SSP STN SVC SYP SZL THB"
    " TJS TMT TND TOP TRY TTD TWD TZS UAH UGX USD UYU UZS VED VES VND VUV WST XAF XCD XOF XPF YER ZAR ZMW ZWG"
    " ZWL HRK"
)
CODES = frozenset(_LISTED.split())
# Signs that several currencies share, such as the yen's, are none of them, unless the currency is said elsewhere.
SHARED_SIGNS = {
    "$": frozenset(("ARS", "AUD", "CAD", "CLP", "COP", "HKD", "MXN", "NZD", "SGD", "TWD", "USD")),
    **dict.fromkeys(("\u00a5", "\uffe5"), frozenset(("CNY", "JPY"))),
}
WORDS = {
    **dict.fromkeys(("$", "US$", "USD$", "$US", "US DOLLAR", "US DOLLARS", "U.S. DOLLAR", "U.S. DOLLARS"), "USD"),
    **dict.fromkeys(("DOLLAR", "DOLLARS", "US-DOLLAR"), "USD"),
    **dict.fromkeys(("€", "EURO", "EUROS"), "EUR"),
    **dict.fromkeys(("£", "POUND", "POUNDS", "POUND STERLING", "GBP£"), "GBP"),
    **dict.fromkeys(("RMB", "YUAN", "RENMINBI", "CN¥"), "CNY"),
    **dict.fromkeys(("YEN", "JP¥"), "JPY"),
    **dict.fromkeys(("₹", "RUPEE", "RUPEES", "RS", "RS."), "INR"),
    **dict.fromkeys(("C$", "CA$", "CAN$", "CAD$"), "CAD"),
    **dict.fromkeys(("A$", "AU$", "AUD$"), "AUD"),
    **dict.fromkeys(("CHF.", "FR."), "CHF"),
    **dict.fromkeys(("S$", "SG$"), "SGD"),
    "NZ$": "NZD",
    "HK$": "HKD",
    "NT$": "TWD",
    "MX$": "MXN",
    "R$": "BRL",
    "₩": "KRW",
    "元": "CNY",
    "円": "JPY",
    "₽": "RUB",
    "₺": "TRY",
    "₪": "ILS",
    "₫": "VND",
    "฿": "THB",
    "₴": "UAH",
    "ZŁ": "PLN",
    "KČ": "CZK",
    "FT": "HUF",
}


def currency_code(value: object) -> str | None:
    """The ISO code of a currency's code, word or sign; XXX for one that is not known, None for nothing."""
    text = str(value if value is not None else "").strip().upper()
    if not text:
        return None
    return text if text in CODES else WORDS.get(text, UNKNOWN)
