"""What names a company in a text: its hosts, its accounts at providers, its buckets. Hosts that all call stay."""

from .shapes import HOSTED, LIKE_KEYS
from .shapes import MACHINE as NAMED_MACHINE

Replacement = str
HOST = "<host>"
ACCOUNT = "<account>"
# One that has a dot, a digit or a hyphen, so that it is no word; and any.
LABEL = r"[A-Za-z0-9_][\w-]{0,62}"
DOTTED = rf"(?=[\w.-]{{0,64}}[.\d-]){LABEL}(?:\.[\w-]{{1,63}}){{0,8}}"
ANY_NAME = rf"{LABEL}(?:\.[\w-]{{1,63}}){{0,8}}"
# The same for everybody: this machine, and providers.
PROVIDERS = (
    r"openai|anthropic|claude|googleapis|google|youtube|github|githubusercontent|gitlab|huggingface|replicate"
    r"|elevenlabs|stability|mistral|cohere|groq|together|fireworks|deepseek|perplexity|x|openrouter|azure|microsoft"
    r"|microsoftonline|amazonaws|aws|cloudflare|stripe|slack|discord|discordapp|telegram|twilio|sendgrid|mailgun|npmjs"
    r"|yarnpkg|pypi|pythonhosted|python|terraform|hashicorp|anaconda|golang|crates|maven|apache|sonatype|gradle"
    r"|rubygems|packagist|nodejs|redhat|kernel|gnu|alpinelinux|archlinux|fedoraproject|centos|mozilla|jsdelivr|unpkg"
    r"|appveyor|launchpad|sourceforge|oracle|mysql|docker|quay|ghcr|gcr|k8s|debian|ubuntu|pytorch|nvidia|langchain"
    r"|facebook|gmail|outlook|office365"
)
NOBODYS = (
    r"(?!(?:localhost|127\.\d|0\.0\.0\.0|none\b|null\b|undefined\b|failed\b|(?:[\w-]{1,63}\.){0,4}"
    rf"(?:(?:{PROVIDERS})\.(?:com|ai|io|org|net|co|dev|sh|us|me)|(?:docker|google)\.internal)(?![\w-])))"
)
# What of a service's name comes after the name of who pays for it.
SERVICES = (
    r"openai\.azure|cognitiveservices\.azure|services\.ai\.azure|(?:blob|table|queue|file|dfs|web|database|servicebus"
    r"|search|redis\.cache|azuredatabricks)(?:\.core)?\.windows|(?:postgres|mysql|mariadb)\.database\.azure"
    r"|documents\.azure|vault\.azure|azurewebsites|azurecr|azuredatabricks|azurecontainerapps|(?:s3|rds|redshift|cache"
    r"|docdb|neptune|es|aoss|elb|execute-api|dkr\.ecr|d\.codeartifact"
    r"|kafka)(?:[.-][a-z]{2,3}(?:-[a-z]+)+-\d)?\.amazonaws|snowflakecomputing|mongodb|confluent|supabase|neon|upstash"
    r"|cloud\.databricks|auth0|okta|webhook\.office|atlassian|zendesk|sharepoint|onmicrosoft|appspot|run|cloudfunctions"
    r"|herokuapp|firebaseio|r2\.cloudflarestorage|digitaloceanspaces|oss-[a-z0-9-]{3,30}\.aliyuncs"
    r"|cos\.[a-z0-9-]{3,30}\.myqcloud|ngrok|ngrok-free|myshopify|service-now|my\.salesforce|qdrant|pinecone|found|ts"
)
SERVICE_WORDS = (
    ".azure", ".windows.net", "amazonaws", "snowflake", "mongodb.net", "confluent.", "supabase.", "neon.tech",
    "webhook.office", "upstash.", "databricks.", "auth0.", "okta.", "atlassian.", "zendesk.", "sharepoint.",
    "onmicrosoft.", "appspot.", ".run.app", "cloudfunctions.", "herokuapp.", "firebaseio.", "cloudflarestorage.",
    "digitaloceanspaces.", ".aliyuncs.com", ".myqcloud.com", "ngrok", "myshopify.", "service-now.", "salesforce.",
    "qdrant.", "pinecone.", ".found.io", ".ts.net",
)  # fmt: skip
# What a company calls the machines that others do not know: the first part of a name of three or more.
MACHINES = (
    r"git|gitlab|gitea|bitbucket|vault|consul|registry|harbor|nexus|artifactory|npm|pypi|maven|repo|apt|yum|jenkins|ci"
    r"|build|runner|sso|idp|auth|ldap|ad|keycloak|kafka|mq|rabbit(?:mq)?|nats|redis|cache|mail|mx|smtp|imap|vpn"
    r"|intranet|intra|admin|staging|stage|stg|dev|test|qa|uat|prod|internal|erp|crm|jira|confluence|grafana|kibana"
    r"|prometheus|elastic(?:search)?|sentry|minio|nas|fs|files?|backup|k8s|kube|db|sql|mysql|mariadb|postgres|pg|oracle"
    r"|oradb|mongo(?:db)?|node|worker|web|app|srv|server|host|gpu|render|ollama|vllm|llm|llm-?gateway|litellm|proxy"
    r"|gateway"
)
ENDINGS = (
    r"com|net|org|io|dev|app|cloud|ai|co|info|biz|tech|studio|media|online|de|at|ch|fr|nl|be|uk|eu|us|ca|es|it|pt|pl|cz"
    r"|se|no|dk|fi|ru|ua|cn|jp|kr|in|br|au|nz|example|test|zone|systems|services|network|group|games|tv|me"
)
# The end of a name; a text ends with a space where words are looked for.
ENDED = tuple(
    f".{ending}{sign}"
    for ending in ("internal", "local", "localdomain")
    for sign in " :/,.;!?()[]{}<>'\"`|&=#@\\+*%$^~\n\t\r"
)
# What stands before such a name, and where it is no address.
BEFORE = (
    *("host", "server", "lookup", "resolve", "connect to", "connecting to", "connected to", "reach", "domain", "go:"),
)
MACHINE_WORDS = tuple(
    f"{word}{end}" for word in BEFORE for end in (" ", ":", "=", "'", '"', "`", "(") if word + end != "server "
)
CONNECTED = ("connect to", "connecting to", "connected to")
MACHINE = rf"(?:{MACHINES})(?:-?\d{{1,3}}|-[\w-]{{1,40}})?(?:\.[a-z0-9-]{{1,63}}){{1,6}}\.(?:{ENDINGS})(?![\w-]|\.\w|@)"
UUID = r"[0-9a-fA-F]{8}-(?:[0-9a-fA-F]{4}-){3}[0-9a-fA-F]{12}"
# An address, in lower case, of which one of them may be the host.
URL_HOST = rf"://(?:[\w-]{{0,62}}\d(?=[:/]|\Z)|(?:{MACHINES})[\d.-])"
# Pattern, replacement, and texts in lower case of which one must be there.
PLACES: tuple[tuple[str, Replacement, tuple[str, ...]], ...] = (
    # Names that a network gives only within itself.
    (
        r"(?<![\w.@-])(?<!\w/)(?:[\w-]{1,63}\.){1,8}(?:corp|lan|intra|intranet|svc(?:\.cluster\.local)?|cluster\.local"
        r"|home\.arpa)(?![\w-]|\.\w)",
        HOST,
        (".corp", ".lan", ".intra", ".svc", ".cluster.local", ".arpa"),
    ),
    (
        r"(?<![\w.@-])(?<!\w/)(?!(?:com|org|net|java|jdk|io|sun)\.)(?![\w.-]*(?:google|docker)\.internal)"
        r"(?:[\w-]{1,63}\.){0,8}?"
        r"(?:[\w-]{1,63}\.[\w-]{1,63}|[\w-]{0,62}[\d-][\w-]{0,62}|[\w-]{1,63}(?=\.\w+:\d))\.(?:internal|local"
        r"|localdomain)(?![\w-]|\.\w)",
        HOST,
        ENDED,
    ),
    (
        rf"(?<![\w.-])[\w-]{{1,63}}(?:\.[\w-]{{1,63}}){{0,4}}?(?=\.(?:{SERVICES})\.(?:com|net|io|cloud|co|tech|dev"
        rf"|app|us|goog)(?![\w-]))",
        HOST,
        SERVICE_WORDS,
    ),
    (rf"(?i)(?<=://){NOBODYS}{MACHINE}", HOST, HOSTED),
    (
        rf"(?i)(\b(?:host|server|lookup|resolve|connect(?:ing|ed)?(?: to)?|reach|domain"
        rf"|go:)[\s:='\"`(]{{1,3}}){NOBODYS}{MACHINE}",
        rf"\1{HOST}",
        NAMED_MACHINE,
    ),
    (
        rf"(?i)(\bcertificate (?:is )?(?:only )?valid for )(?:{NOBODYS}[\w*-]+\.[\w.-]{{2,200}}(?:, (?!not )"
        rf"|(?=, not )|)){{1,20}}",
        rf"\1{HOST}",
        ("certificate",),
    ),
    (rf"(\bvalid for {HOST}, not ){NOBODYS}[\w*-]+\.[\w.-]{{2,200}}", rf"\1{HOST}", ("valid for",)),
    # What a program could not reach.
    (
        rf"((?i:host ?name|to host|\bhost=|server=|data source=|\(host=|server on|open server|server at|resolve(?:"
        rf" host)?:?)"
        rf"\s?(?:b?\\?[\"'`])(?:tcp:)?){NOBODYS}{ANY_NAME}",
        rf"\1{HOST}",
        (
            *("host=", "host name", "hostname", "to host", "server=", "server on", "server at", "open server"),
            *("data source", "resolve"),
        ),
    ),
    (
        rf"((?i:host ?name|to host|\bhost=|server=|data source=|server on|resolve host:?|\bhost:|connect(?:ing|ed)? to"
        rf"|received from"
        rf"|\bpull(?:ing)? image) (?:tcp:)?|(?i:\bhost=|server=|data source=|\(host=))(?!<){NOBODYS}(?"
        rf"=[\w-]{{1,63}}[.\d:-]){DOTTED}(?=[\s:,;)\]'\"]|\Z)",
        rf"\1{HOST}",
        (
            "host=",
            "host:",
            "host name",
            "hostname",
            "to host",
            "server=",
            "server on",
            "data source",
            "resolve host",
            *CONNECTED,
            "received from",
            "pull image ",
            "pulling image ",
        ),
    ),
    (
        rf"(\b(?:ENOTFOUND|EAI_AGAIN|ECONNREFUSED|ETIMEDOUT|EHOSTUNREACH|UnknownHostException:|tcp: lookup)"
        rf" ){NOBODYS}{ANY_NAME}",
        rf"\1{HOST}",
        (
            *("enotfound ", "eai_again ", "econnrefused ", "etimedout ", "ehostunreach ", "unknownhostexception: "),
            *("tcp: lookup ",),
        ),
    ),
    (rf"(?<=://)(?!localhost){LABEL}(?<=\d)(?=[:/]|\Z)", HOST, HOSTED),
    # Who wrote a line of a system's log; a share; the host of a user of MySQL.
    (
        r"(?m)^([A-Z][a-z]{2} [ \d]?\d \d\d:\d\d:\d\d )(?!<)[\w.-]{1,64}(?= [\w/.-]{1,64}\[\d{1,8}\]: )",
        rf"\1{HOST}",
        ("]: ",),
    ),
    (
        r"(?<![\w\\])(\\{2,4})(?!x[0-9a-f]{2}|u[0-9a-f]{4})[A-Za-z][\w-]{0,62}(?<=\d)(?=\\{1,2}\w)",
        rf"\1{HOST}",
        ("\\\\",),
    ),
    (r"(['\"]@['\"])(?!localhost|%|<|127\.)[\w.%-]{1,64}(?=['\"])", rf"\1{HOST}", ("'@'", '"@"')),
    # Accounts.
    (r"(\barn:aws[\w-]{0,10}:[\w-]{0,40}:[\w-]{0,30}:)\d{12}(?=:)", rf"\1{ACCOUNT}", ("arn:",)),
    (
        rf"(\barn:aws[\w-]{{0,10}}:(?:iam|sts)::{ACCOUNT}:[\w-]{{1,40}}/)[^\s\"',;<]{{1,300}}",
        r"\1<name>",
        ("arn:",),
    ),
    (r"(\barn:aws[\w-]{0,10}:s3:::)[^\s\"'/,;<]{1,100}", r"\1<bucket>", ("arn:",)),
    (
        r"(<BucketName>|<Resource>/|\bBucket:\s?\"|\bs3(?:[.-][a-z]{2,3}(?:-[a-z]{1,12})"
        r"{1,3}-\d)?\.amazonaws\.com/)(?!<)[\w.-]{3,63}",
        r"\1<bucket>",
        ("bucket", "<resource>", "amazonaws.com/"),
    ),
    (r"(\bFailed to upload \S{1,200} to )[\w.-]{3,63}(?=/)", r"\1<bucket>", ("failed to upload",)),
    (r"(\bLock Info:\s+ID:\s+\S{1,80}\s+Path:\s+)[\w.-]{3,63}(?=/)", r"\1<bucket>", ("lock info:",)),
    (
        r"(\b(?:s3[an]?|gs|gcs|abfss?|wasbs?|oss|cos|r2|b2)://)[^\s/\"'<]{1,200}",
        r"\1<bucket>",
        (
            *("s3://", "s3a://", "s3n://", "gs://", "gcs://", "abfs://", "abfss://", "wasb://", "wasbs://", "oss://"),
            *("cos://", "r2://", "b2://"),
        ),
    ),
    (
        r"(storage\.googleapis\.com/(?:storage/v1/b/|(?=[\w.-]{1,63}/)))(?!storage/|upload/)[\w.-]{1,63}",
        r"\1<bucket>",
        ("storage.google",),
    ),
    (
        rf"(?i)(\b(?:organi[sz]ation|org|tenant|workspace|directory|identifier|app|client|subscriptions?|account"
        rf"|object|principal)"
        rf"(?:[ _]?id)?[\s:=('\"/\\]{{1,6}}){UUID}",
        rf"\1{ACCOUNT}",
        LIKE_KEYS,
    ),
    (r"(?i)(/resourceGroups/)[\w.()-]{1,90}", rf"\1{ACCOUNT}", ("/resourcegroups/",)),
    (
        r"\b(?:org-|proj_|acct_|cus_|wrkspc_)(?=\w*\d|\w*[a-z][A-Z])[A-Za-z0-9]{12,}\b",
        ACCOUNT,
        ("org-", "proj_", "acct_", "cus_", "wrkspc_"),
    ),
    (r"(?i)(\bproject[_ ]number\W{1,3})\d{5,}", rf"\1{ACCOUNT}", ("project number", "project_number")),
    (
        r"((?:(?<=[\s\"'])projects/|\b(?:resource|use) project |[?&]project=|Denied: (?:Table|Dataset|Project) |on"
        r" (?:table|dataset) )"
        r"[`'\"]?)(?=[\w-]{0,40}[-\d])[a-z][\w-]{4,40}",
        rf"\1{ACCOUNT}",
        ("projects/", "resource project", "use project", "project=", "denied: ", "on table ", "on dataset "),
    ),
    (
        r"((?<![\w.@-])(?:git@)?(?:github|gitlab|bitbucket)\.(?:com|org)[/:])(?!<)[\w.-]{1,64}"
        r"(?=/[\w.-]{1,100}\.git\b)",
        r"\1<user>",
        (".git",),
    ),
    (r"(\bPermission to )[\w.-]{1,64}(/\S{1,100} denied to )[\w.-]{1,64}", r"\1<user>\2<user>", ("permission to",)),
)
