"""Accounts, devices and records of a company at services, and its people, by the ids that the services give them."""

from .shapes import LIKE_KEYS, NUMBERED

Replacement = str
ACCOUNT, HOST, USER, SECRET = "<account>", "<host>", "<user>", "<secret>"
UUID = r"[0-9a-fA-F]{8}-(?:[0-9a-fA-F]{4}-){3}[0-9a-fA-F]{12}"
# Names of fields that hold such an id, whatever it looks like; and those where only a digit tells it from a word.
FIELDS = (
    r"realm[-_ ]?(?:id|name)|tenant(?:[-_ ]?(?:id|name))?|client[-_ ]?id|workspace[-_ ]?id|account[-_ ]?(?:id|name)?"
    r"|(?:account|user|nt) domain|workstation(?: name)?|computer ?name|role[-_]id|shopper[-_ ]?reference"
    r"|virtual[-_ ]?host"
)
FIELDS_WITH_DIGITS = (
    r"channel(?:[-_ ]?id)?|team(?:[-_ ]?id)?|guild(?:[-_ ]?id)?|zone(?:[-_ ]?id)?|(?:user[-_ ]?)?pool(?:[-_ ]?id)?"
    r"|device(?:[-_ ]?(?:id|token))?|serial(?:[-_ ]?(?:number|no))?|payer(?:[-_ ]?id)?|runner|folder(?:[-_ ]?id)?"
    r"|customer(?:[-_ ]?id)?|worker[-_ ]?id|employee[-_ ]?id|page with id|existing id|registration[-_ ]?id"
)


def _named(*names: str) -> tuple[str, ...]:
    """The names as the fields of an id are called: followed by what stands before a value, or by `id`."""
    return tuple(
        f"{name}{end}" for name in names for end in ("=", ":", " =", " :", '"', "'", "\\", "id", "_id", "-id", " id")
    )


FIELD_WORDS = (
    *("realm", "tenant", "workstation", "shopper", "virtual", "computername", "computer name", "page with id"),
    *("account name", "account_name", "accountname", "serial number", "serial no", "device token", "device_token"),
    *("pool=", "existing id", *_named("client", "workspace", "account", "domain", "role")),
    *_named("channel", "team", "guild", "zone", "pool", "device", "serial", "payer", "runner", "folder", "customer"),
    *_named("worker", "employee", "registration"),
)
NOTHING = r"(?!(?:null|none|nil|undefined|unknown|true|false|default|missing|master|account-console|<)(?![\w.-]))"
# Packages of everybody, which tell where an error comes from.
PUBLIC_SCOPES = (
    r"types|babel|angular|aws-sdk|azure|google-cloud|google|vue|nuxt|vitejs|vitest|jest|testing-library|eslint"
    r"|typescript-eslint|storybook|nestjs|prisma|sveltejs|emotion|mui|radix-ui|tanstack|reduxjs|apollo|graphql-tools"
    r"|octokit|actions|anthropic-ai|openai|langchain|huggingface|modelcontextprotocol|ai-sdk|vercel|next|sentry"
    r"|opentelemetry|swc|esbuild|rollup|parcel|webpack-cli|npmcli|npm|pnpm|yarnpkg|electron|ffmpeg-installer|playwright"
    r"|puppeteer|aws-cdk|smithy|grpc|fastify|hapi|koa|trpc|supabase|firebase|stripe|slack|discordjs|tensorflow|expo"
    r"|react-native|react-navigation|ionic|capacitor|tauri-apps|img|isaacs|sindresorhus|nodelib|jridgewell|ljharb"
    r"|codertocat|me|localhost"
)
SCOPE = rf"@(?!(?:{PUBLIC_SCOPES})(?:/|%2))[a-z0-9][\w.-]{{1,60}}"
POOLS = tuple(f"pool{end}" for end in ("=", ":", " ", "id", "_id", "-id", "'", '"'))
OF_STRIPE = ("pi", "ch", "pm", "seti", "sub", "src", "card", "txn", "py", "po", "tr", "ba", "prod", "price", "in")
# Pattern, replacement, and texts in lower case of which one must be there, see `privacy`.
ACCOUNTS: tuple[tuple[str, Replacement, tuple[str, ...]], ...] = (
    (
        rf"(?i)(?<![\w-])((?:{FIELDS})\\?[\"']?\s?[:=]\s?\\?[\"']?){NOTHING}"
        r"(?=[^\s\"',;&}<>()\[\]\\]*[^\s\"',;&}<>()\[\]\\:.\d])[^\s\"',;&}<>()\[\]\\]{3,80}",
        rf"\1{ACCOUNT}",
        FIELD_WORDS,
    ),
    (
        rf"(?i)(?<![\w-])((?:{FIELDS_WITH_DIGITS})\\?[\"']?\s?[:=]\s?\\?[\"']?)(?=[\w:-]*\d[\w:-]*\w)(?=[\w:-]*[a-z]"
        rf"|\d{{8}})"
        r"[\w:-]{6,200}",
        rf"\1{ACCOUNT}",
        FIELD_WORDS,
    ),
    (
        rf"(?i)(\b(?:application|app|license|licence|pool client|workspace|realm) (?:with id:? )?['\"]?)"
        rf"(?:{UUID}|(?=[a-z]*\d)[a-z0-9]{{26}}\b)",
        rf"\1{ACCOUNT}",
        LIKE_KEYS,
    ),
    (
        rf"(?<=the ){UUID}(?= directory)",
        ACCOUNT,
        LIKE_KEYS,
    ),
    # Services of Amazon, and what Slack, Salesforce, Stripe and others call a record.
    (r"(\bsqs\.[\w-]{1,40}\.amazonaws\.com/)\d{12}/[\w.-]{1,80}", rf"\1{ACCOUNT}/<name>", ("sqs.",)),
    (r"(\b[Pp]ool(?:[-_ ]?[Ii]d)?\W{1,4})[a-z]{2}-[a-z]{4,12}-\d_[A-Za-z0-9]{9}\b", rf"\1{ACCOUNT}", POOLS),
    (
        r"(?i)(\b(?:team|user|channel|conversation|workspace) )(?-i:[CTUGDWB])(?-i:(?=[A-Z]*\d)[A-Z0-9]{8,10})\b",
        rf"\1{ACCOUNT}",
        ("team ", "user ", "channel ", "conversation ", "workspace "),
    ),
    (r"\b00D[0-9A-Za-z]{6,12}!<secret>", SECRET, ("!",)),
    (r"\b[a0][0-9A-Za-z]{2}[0-9A-Za-z]{2}00000[0-9A-Za-z]{5}(?:[A-Z0-5]{3})?\b", ACCOUNT, ("00000",)),
    (
        rf"\b(?:{'|'.join(OF_STRIPE)})_[13][A-Za-z0-9]{{14,}}\b",
        ACCOUNT,
        tuple(f"{kind}_{digit}" for kind in OF_STRIPE for digit in "13"),
    ),
    (r"(?i)(\btenant/user )\S{3,80}(?= not found)", rf"\1{USER}", ("tenant/user",)),
    (r"(\bendpoint(?: id)?\W{1,3})ep-[a-z0-9-]{8,60}", rf"\1{ACCOUNT}", ("endpoint",)),
    (r"(\b(?:Expo(?:nent)?PushToken)\[)[\w-]{8,}", rf"\1{SECRET}", ("pushtoken[",)),
    (r"(/fcm/send/|/wpush/v\d/)[\w:-]{8,}", rf"\1{SECRET}", ("/fcm/send/", "/wpush/")),
    (r"\bage1[a-z0-9]{50,}", ACCOUNT, ("age1",)),
    (
        r"(\b(?:[Kk]ey(?:,? ?ID:?)|[Ss]ecret key) )(?:0x)?[0-9A-F]{16}\b(?: \"[^\"\n]{1,100}\")?",
        rf"\1{ACCOUNT}",
        ("key id", "key, id", "keyid", "key,id", "secret key"),
    ),
    (
        r"(?i)(\b(?:meeting|wallet|spreadsheet|sheet|contact|invoice|customer) (?:id )?)"
        r"(?:\d{8,14}|0x[0-9a-f]{40}|(?=[\w-]*\d)[\w-]{40,60})\b",
        rf"\1{ACCOUNT}",
        ("meeting ", "wallet ", "sheet ", "invoice ", "contact ", "customer "),
    ),
    # A paper by its number: four digits or more.
    (
        r"(?i)(\b(?:invoice|order|contract|booking|reservation|claim|policy|membership|patient|student|passport)"
        r"(?: (?:id|no\.?|number))?(?: #|[ #:=]))(?=[A-Z-]{0,12}\d{2})(?=(?:[A-Z-]*\d){4})[A-Z\d-]{5,40}(?![\w-])",
        rf"\1{ACCOUNT}",
        (
            *("invoice", "order", "contract", "booking", "reservation", "claim", "policy", "membership", "patient"),
            *("student", "passport"),
        ),
    ),
    (r"(\bpayer )[A-Z0-9]{13}\b", rf"\1{ACCOUNT}", ("payer ",)),
    (r"(?i)(\bserial(?: number| no\.?)? )(?-i:(?=[A-Z]*\d)[A-Z0-9]{8,14})\b", rf"\1{ACCOUNT}", ("serial",)),
    (r"(\banaconda\.(?:org|cloud|com)/t/)[\w-]{8,}", rf"\1{SECRET}", ("anaconda.",)),
    (r"(?i)(\bMAC(?: address)?[ :=]{1,3})(?:[0-9a-f]{2}[:-]){5}[0-9a-f]{2}\b", r"\1<ip>", ("mac ", "mac:", "mac=")),
    (r"(\bNameID[=:>]{1,2}\s?)(?!<)[^\s<,;]{2,100}", rf"\1{USER}", ("nameid",)),
    (r"(\botpauth://[a-z]{4}/)[^\s?<]{1,100}", rf"\1{USER}", ("otpauth:",)),
    (
        r"(?<![\w/])[@!#][\w.=-]{1,60}:[\w-]{1,60}(?:\.[\w-]{1,60}){1,5}(?::\d{2,5})?(?![\w.:])",
        USER,
        ("m_", "matrix", "@", "!"),
    ),
    (r"(googleapis\.com/v\d\w{0,8}/projects/)(?!<)[\w-]{4,40}(?=/)", rf"\1{ACCOUNT}", ("googleapis.com/v",)),
    (r"(\bDB::Exception: )(?!<)\w[\w.-]{1,60}(?=: Authentication failed)", rf"\1{USER}", ("db::exception",)),
    # Message brokers and clusters.
    (
        r"(?i)(\bv(?:irtual )?host\\?[\"']?\s?[:=]?\s?\\?['\"])(?!(?:/|none)['\"\\])[^'\"\n\\<]{1,80}",
        r"\1<name>",
        ("vhost", "virtual host"),
    ),
    (r"(\bamqps?://[^\s/]{0,200}/)(?!%2[Ff]\b|/)[^\s?\"'<>/]{1,80}", r"\1<name>", ("amqp",)),
    (r"(?<![\w./<-])(?=[\w-]*[.\d-])[A-Za-z][\w.-]{1,80}(?=/<ip>)", HOST, NUMBERED),
    (r"(\b(?:in|the) namespace:? \"?)(?!default|kube-|<)[\w-]{2,63}", r"\1<name>", ("namespace",)),
    (r"(\bashost=)[\w.-]{2,80}", rf"\1{HOST}", ("ashost=",)),
    (r"(\bclient \d{3} user )(?!<)\w{2,12}\b", rf"\1{USER}", ("client ",)),
    (r"(\bSQLERRMC=)\w{1,64}(?=\.)", rf"\1{USER}", ("sqlerrmc",)),
    # Who and where a directory, a domain and Windows know.
    (
        r"(?i)\b(?:ou|dc)=[^,=\n]{1,100}(?:,\s?(?:cn|ou|o|dc|uid|l|c)=[^,\s\"'=]{1,100}){1,10}",
        USER,
        ("ou=", "dc="),
    ),
    (r"\bS-1-5-21(?:-\d{1,10}){3,5}", USER, ("s-1-5-21",)),
    (
        r"(?i)((?:\b(?:logon failure: |(?:user|account|principal|identity|runas|as)[ :='\"]{1,3})|/ru ))"
        r"(?!HKEY_)[A-Z][\w.-]{1,30}\\{1,2}(?!\\)[\w.$-]{2,40}(?![\\\w])",
        rf"\1{USER}",
        ("\\",),
    ),
    (r"(?i)(\s/(?:u|user):)[^\s<]{2,80}(?: (?!system|/)(?=\S*[^a-z\s])[^\s/]{4,40})?", rf"\1{USER}", ("/u:", "/user:")),
    (r"(?i)(\s/(?:rp[ :]|p:|password:))(?![/\s])[^\s<]{4,}", rf"\1{SECRET}", ("/rp", "/p:", "/password:")),
    (
        r"(?<![\w\\:.)%/$])(\\\\(?:\\\\)?)(?![\\?.]|x[0-9a-f]{2}|u[0-9a-f]{4})[A-Za-z][\w.-]{2,62}(?=\\{1,2}[\w$])",
        rf"\1{HOST}",
        ("\\\\",),
    ),
    (rf"(\\{HOST}\\{{1,2}})(?=[\w.]*[$\d-])[\w.$-]{{2,80}}", r"\1<name>", ("\\\\",)),
    (r"(\bsssd?\[be\[)[\w.-]{3,80}", rf"\1{HOST}", ("[be[",)),
    # Packages and repositories that only a company has.
    (rf"(\bregistry[^\s@]{{1,100}}/){SCOPE}(?=/|%2)", r"\1@<name>", ("registry",)),
    (rf"(?<!\w){SCOPE}(?=/[\w.@^~*-]{{1,100}}['\"]? is not in)", "@<name>", ("is not in",)),
    (
        rf"(\b(?:resolving|Not Found|not found|package|dependency|access|install|publish)\W{{1,4}}){SCOPE}(?=/)",
        r"\1@<name>",
        ("resolving", "not found", "package", "dependency", "access", "install", "publish"),
    ),
    (
        r"(\b(?:pull access denied for|repository|[Ff]ailed to pull image) [\"'`]?)(?!library/|docker\.io/library"
        r"|[\w.-]{1,80}\.[a-z]{2,6}/|<)"
        r"[\w.-]{2,60}(?=/[\w.-])",
        r"\1<name>",
        ("pull access", "repository", "pull image"),
    ),
    (
        r"(\b(?:eu\.|us\.|asia\.)?gcr\.io/|-docker\.pkg\.dev/)(?!<)[\w.-]{2,60}(?=/)",
        rf"\1{ACCOUNT}",
        ("gcr.io/", "pkg.dev/"),
    ),
    (r"(://(?:<host>|[\w.-]{1,200})(?::\d{2,5})?/)(?!<)[\w.-]{1,64}(?=/[\w.-]{1,100}\.git\b)", rf"\1{USER}", (".git",)),
    (
        r"(\b[Rr]emote branch |\bpathspec ')(?!<)[^\s']{2,200}(?='? (?:not found|did not))",
        r"\1<name>",
        ("remote branch", "pathspec"),
    ),
)
