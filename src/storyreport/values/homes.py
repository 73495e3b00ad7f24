"""Folders that are named after people, beside those of `/home` and `C:\\Users`: on data disks, shares and clusters."""

# What the first folder of such a disk is called where it is nobody's.
COMMON = (
    r"apps?|application\w*|artifacts?|assets?|audio|backups?|bin|blobs?|books?|build|cache|caches|checkouts?|chapters?"
    r"|ci|clusters?|code|comfyui\w*|common|conda|config|configs|containers?|covers?|data|databases?|datasets?|db|dev"
    r"|deploy|dist|docker|docs?|downloads?|env|envs|etc|exports?|files?|fonts?|ftp|games?|git|gitlab\w*|groups?|hdd\d*"
    r"|home|hosts?|html|http|httpd|huggingface|images?|import|imports|incoming|ingest|inputs?|install|jenkins\w*|jobs?"
    r"|kafka|kubernetes|lake|lib|libs|local|log|logs|lost\+found|mail|main|media|minio|models?|mongo\w*|mounts?|movies?"
    r"|music|mysql|nas\d*|netdata|nfs|nginx|node|node_modules|opt|out|outputs?|packages?|pages?|persistent|photos?"
    r"|pipelines?|plugins?|postgres\w*|private|prod|production|programs?|projects?|public|python[\d.]*|queue|raid\w*"
    r"|raw|redis\w*|releases?|renders?|repo|repos|repositor\w+|results?|root|run|runs|runner|samba|samples?|scenes?"
    r"|scratch|scripts?|sd\w?|server|servers|services?|share|shared|shares|site|sites|software|source|sources|spool|sql"
    r"|src|ssd\d*|stage|staging|state|static|storage|stor(?:y|ies)\w*|system|tales?|tasks?|temp|templates?|test|tests"
    r"|tftp|tmp|tools?|uploads?|user|usr|var|venvs?|videos?|voices?|vol\w*|web|webapps?|www\w*|whisper\w*|workers?|work"
    r"|workdir|workspaces?|www|x"
)
# Pattern, replacement, and texts in lower case of which one must be there, see `privacy`.
HOMES: tuple[tuple[str, str, tuple[str, ...]], ...] = (
    (
        rf"(?<![\w.:/~>-])(/(?:srv|data\d?|work|scratch|u|u\d{{2}}|nfs|storage|cluster|lustre|gpfs|beegfs"
        rf"|mnt/\w{{1,20}}|export/\w{{1,20}}"
        rf"|(?:data|nfs|storage|var/lib/jenkins|home\d|users\d?)/users?)/)(?!(?i:{COMMON})(?:/|\Z)"
        rf"|user/)[A-Za-z][\w.-]{{1,40}}(?=/)",
        r"\1user",
        (
            *("/srv/", "/data", "/work/", "/scratch/", "/u/", "/u0", "/nfs/", "/storage/", "/cluster/", "/lustre/"),
            *("/gpfs/", "/beegfs/", "/mnt/", "/export/", "/user"),
        ),
    ),
    (
        r"(?<![\w/])(/Volumes/)(?!Macintosh|Data/|System)[^/\n\"']{1,60}(?=/)",
        r"\1user",
        ("/volumes/",),
    ),
    (
        r"(?<!\w)([D-Z]:\\{1,2})(?!Program|Documents|System|Windows|Microsoft|Visual|Steam|Epic|Common|My "
        r"|New |AI |Stable|SD )"
        r"[A-ZÀ-Þ][\w'-]+ [A-ZÀ-Þ][\w'-]+(?=[\\/])",
        r"\1user",
        tuple(f"{letter}:\\" for letter in "defghijklmnopqrstuvwxyz"),
    ),
    (r"(?<![\w/])(/var/(?:spool/)?mail/)[\w.-]{1,60}", r"\1user", ("/var/mail/", "/spool/mail/")),
)
