"""Names of secrets in other languages than English, as errors of localized programs have them."""

SECRET = "<secret>"
# A password; a token.
PASSWORDS = (
    *("passwort", "kennwort", "mot de passe", "contraseña", "clave", "senha", "wachtwoord"),
    *("parola d'ordine", "parola"),
    *("hasło", "haslo", "lösenord", "adgangskode", "passord", "salasana", "şifre", "jelszó", "heslo"),
    *("parolă", "κωδικός"),
    *(
        "пароль",
        "密码",
        "密碼",
        "口令",
        "パスワード",
        "비밀번호",
        "암호",
        "كلمة المرور",
        "סיסמה",
        "पासवर्ड",
        "kata sandi",
    ),
    *("mật khẩu", "รหัสผ่าน"),
    *("токен", "令牌", "トークン", "토큰", "jeton", "geheimnis", "секрет", "秘钥"),
)
# A key, which is one of an API's where that word is beside it.
KEYS = (
    *("schlüssel", "clé", "clef", "clave", "llave", "chave", "chiave", "sleutel", "klucz", "nyckel", "nøgle", "nøkkel"),
    *(
        "avain",
        "anahtar",
        "ключ",
        "密钥",
        "密鑰",
        "金鑰",
        "キー",
        "키",
        "kulcs",
        "klíč",
        "cheie",
        "مفتاح",
        "कुंजी",
        "kunci",
    ),
)
PASSWORD, KEY = "|".join(PASSWORDS), "|".join(KEYS)
# What may stand between a name and its value.
IS = r"\s*(?:[:=\uff1a]|=>)\s*"
QUOTE = r"[\"'«„“「『\u2018]\s?"
# Pattern, replacement, and words of which one must be there, see `privacy`.
ABROAD: tuple[tuple[str, str, tuple[str, ...]], ...] = (
    (rf"(?i)(?<![^\W\d_])((?:{PASSWORD}){IS}(?:{QUOTE})?)[^\s\"'&,;}}<»“」』]{{4,}}", rf"\1{SECRET}", PASSWORDS),
    (rf"(?i)(?<![^\W\d_])((?:{PASSWORD})\s*{QUOTE})[^\"'»“」』\n<]{{4,}}", rf"\1{SECRET}", PASSWORDS),
    (rf"(?i)(?<![^\W\d_])((?:{PASSWORD})\s)(?=\S*\d)(?=\S*[a-z])[^\s\"',;<]{{6,}}", rf"\1{SECRET}", PASSWORDS),
    # Clé d'API invalide : x, 无效的API密钥: x, chave=x.
    (
        rf"(?i)((?:api\W?(?:{KEY})|(?:{KEY})(?:\s(?:d['\u2019]|de |di |da |do |за )?"
        rf"|\W)?api)(?:\s[^\W\d]{{1,15}}){{0,3}}"
        rf"(?:{IS}(?:{QUOTE})?|\s*{QUOTE}))(?=\S{{0,400}}\d)[^\s\"',;<»“」』]{{6,}}",
        rf"\1{SECRET}",
        ("api",),
    ),
    (rf"(?i)(?<![^\W\d_])((?:{KEY})=)(?=[^\s&;]{{0,400}}\d)[^\s\"'&,;}}<]{{6,}}", rf"\1{SECRET}", KEYS),
)
