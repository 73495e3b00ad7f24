"""Words that errors are not made of: names, titles and sentences, wherever they stand.

A word stays if errors use it, see `vocabulary`, if it is a class, a code, a model or an id, or if it stands where a
program names a part of its own. What does not is `<name>`; a run of such words is `<text>`.
"""

import re
from functools import lru_cache

from ..patterns import Pattern
from .codes import codes_of
from .messages import MODELS
from .vocabulary import known_words

NAME, TEXT, ID, HOST = "<name>", "<text>", "<id>", "<host>"
AS_SHAPE_BUT_0 = str.maketrans("12345689", "77777777")
# Signs that belong to the letter before them, and scripts in which nearly each letter has one.
SIGNED = r"\u0900-\u0963\u0966-\u0dff\u0f00-\u109f\u1780-\u17ff"
SIGNS = rf"\u0300-\u036f\u0591-\u05c7\u0610-\u061a\u064b-\u065f\u0670{SIGNED}"
PLACEHOLDER = r"<[a-z][a-z-]{1,12}>"
# A word with what joins it to others: a path, a class with its modules, a key, a file.
COMPOUND = Pattern(rf"(?:{PLACEHOLDER}|[\w{SIGNS}~$])(?:{PLACEHOLDER}|[\w{SIGNS}.\-/\\:@+%~$'\u2019])*")
SEPARATORS = ("/", "\\", ":", "@")
TAIL = Pattern(r"[.:\-'\u2019/\\+%~$]*\Z")
PARTS = Pattern(rf"(?:[^\W\d_]|[{SIGNS}])+")
HAS_SIGNED = Pattern(rf"[{SIGNED}]")
# Words within a word: HTTPError, readTimeout.
HUMP = Pattern(r"[A-ZÀ-Þ]?[a-zß-ÿ]+|[A-ZÀ-Þ]+(?![a-zß-ÿ])|[^\W\d_]+")
# A letter beside a digit.
TURN = Pattern(r"\d(?=[^\W\d_])|[^\W\d_](?=\d)")
CLASS = Pattern(
    r"(?:[A-Z][a-z0-9]*|[A-Z]+){1,12}(?:Error|Exception|Warning|Timeout|Failure|Fault|Violation|Refused|Denied"
    r"|Exceeded|NotFound|Unavailable|Interrupt|Exit|Conflict|Invalid\w{1,20}|Forbidden)s?"
)
# P2025, E11000, RSC-005, TS2345, 42P01, 0x80070005, v2.1, 80GB, 2026-03-01T10:00Z, a3, en-US-AriaNeural.
CODE = Pattern(
    r"[A-Z]{1,6}\d{3,8}[A-Z]?|[A-Z]{2,12}(?:[-_][A-Z]{2,15}){0,3}[-_]?0\d{2,6}[A-Z]?|\d{1,2}[A-Z]\d{2}|HY\d{3}"
    r"|0x[0-9A-Fa-f]{1,16}|[vV]\d[\w.+-]{0,20}|\d[\d.,_]*[a-zA-Z%]{0,3}|\d{1,5}x\d{1,5}|\d[\d.:,-]*[TZ]?[\d.:,+-]*Z?"
    r"|[a-z]{1,3}\d{1,4}|[A-Z]{1,3}\d{1,3}|[a-z]{2,3}-[A-Z]{2}(?:-[A-Z][A-Za-z]{1,30})?"
)
MODEL = Pattern(rf"(?i)(?:{MODELS}|o\d|tts-1|sdxl|llava|stable-diffusion|bge)(?=[-.:\d])")
# A request, a session, a commit.
PLAIN_ID = Pattern(
    r"(?=[a-zA-Z_-]*\d)(?:[0-9a-f-]{8,64}|[0-9A-F-]{8,64}|\d{8}T\d{6}Z(?:-[0-9a-f]{4,12})?"
    r"|(?:req|msg|chatcmpl|call|toolu|resp|run|gen|batch|trace|span)[-_][\w-]{8,64})"
)
TOP = frozenset(
    (
        *("com", "org", "net", "io", "dev", "app", "ai", "co", "de", "fr", "es", "it", "nl", "pl", "uk", "us", "eu"),
        *("ch", "at", "se", "no", "dk", "fi", "cz", "ru", "jp", "cn", "kr", "in", "br", "ca", "au", "local", "lan"),
        *("internal", "corp", "home", "intra", "svc", "cloud", "site", "online", "me", "tv", "xyz", "info", "biz"),
    )
)
# Of a file whose name is unknown, its ending stays.
ENDING = Pattern(r"(.+?)((?:\.[A-Za-z][A-Za-z0-9]{0,9}){1,2})")
ENDINGS = frozenset(
    (
        *("py", "js", "mjs", "cjs", "ts", "tsx", "jsx", "rb", "go", "java", "cs", "php", "sql", "rs", "kt", "lua"),
        *("gd", "exe", "dll", "so", "sh", "bat", "ps1", "c", "h", "cc", "cpp", "json", "jsonl", "yaml", "yml", "toml"),
        *("ini", "cfg", "conf", "xml", "html", "htm", "erb", "css", "csv", "tsv", "txt", "md", "rst", "log", "pdf"),
        *("epub", "mobi", "azw3", "docx", "doc", "odt", "xlsx", "pptx", "png", "jpg", "jpeg", "webp", "gif", "heic"),
        *("heif", "svg", "tif", "tiff", "bmp", "psd", "wav", "mp3", "m4a", "m4b", "ogg", "opus", "flac", "aac", "mp4"),
        *("mkv", "mov", "webm", "avi", "srt", "vtt", "ass", "zip", "gz", "tgz", "tar", "bz2", "xz", "zst", "7z"),
        *("rar", "db", "sqlite", "sqlite3", "parquet", "npy", "npz", "pt", "pth", "ckpt", "safetensors", "gguf"),
        *("onnx", "bin", "pem", "crt", "key", "lock", "tmp", "bak", "part", "ipynb", "jar", "war", "pom", "apk"),
        *("whl", "tscn", "tres", "fbx", "glb", "obj", "blend", "ttf", "otf", "woff", "woff2", "xhtml", "opf", "ncx"),
        *("pyc", "swp"),
    )
)
# After these a program names a part of its own: a module, an attribute, an argument, a column.
OWN_PLACES = (
    Pattern(
        r"(?i)(?:no module named|has no attribute|cannot import name|cannot find module|keyword argument"
        r"|(?:positional|keyword-only|required) arguments?:?|missing field|unknown field"
        r"|\bname(?= ['\"]\w{1,60}['\"] is not)"
        r"|undefined (?:method|variable|local variable|constant|function)"
        r"|no such (?:column|table|function|module|option):?|\b(?:column|relation|constraint|index|attribute|property"
        r"|parameter|argument|function|module|class|operator|plugin|extension|package|option|field|method)"
        r"|properties of (?:undefined|null) \((?:reading|setting)) [\"'`\u2018\u201c]?"
        r"(?=[\w$.@/-]{1,60}[\"'`\u2019\u201d]|(?<![\"'`\u2018\u201c])(?-i:[a-z_$])[\w$]{1,60}(?:\W|\Z))"
    ),
    Pattern(r"'(?=[A-Z]\w{0,60}' object\b)"),
    # A call: name(), story.render().
    Pattern(r"(?<![\w.])(?=\w{1,41}(?:\.\w{1,40}){0,2}\(\))"),
)
# Scripts that have no spaces, and their longest known word.
UNSPACED = Pattern(r"[\u0e00-\u0e7f\u3040-\u30ff\u3400-\u9fff\uac00-\ud7af]+")
LONGEST_WORD = 16
SMALL = (
    r"[Oo]f|[Tt]he|and|to|for|[Aa]n?|in|on|at|with|from|by|or|[Mm]y|[Hh]is|[Hh]er|[Oo]ur|[Tt]heir|[Dd]er|[Dd]ie|[Dd]as"
    r"|und|von|de|[Ll]a|[Ll]es?|du|des|et|[Ee]l|[Ll]os|del|y|di|[Ii]l|&"
)
# What stands for a run until it is `<text>`.
MADE = "\ue020"
# Two unknown words or more, with small ones before and between them, and there with those with a capital.
BEFORE = rf"(?:(?<!\w)(?:(?:{SMALL}) ){{1,3}})?"
RUN = Pattern(
    rf"{BEFORE}{NAME}(?:['\u2019]s)?(?:,? (?:(?:[A-ZÀ-Þ][\w'\u2019-]*|{SMALL}) ){{0,3}}{NAME}(?:['\u2019]s)?)+"
    # Osric the Lame, The Lost Lantern.
    rf"|{NAME} the [A-ZÀ-Þ][a-zß-ÿ]+(?![\w.])|(?<!\w)(?:[Tt]he|[Dd](?:er|ie|as)|[Ll]es?|[Ll]a|[EeIi]l) "
    rf"(?!(?:Model|Task|Step|Story|File|Service|Server|Flow|Run|Job|Agent|Node|Voice|Module)\b)[A-ZÀ-Þ][a-zß-ÿ]+ {NAME}"
)
# Within a clause, from the first unknown word to the last.
CLAUSE_SIGN = r"[^:;!?\n()\"`,|>=\ue020]"
SPAN = Pattern(rf"{BEFORE}(?:{NAME}|{MADE}){CLAUSE_SIGN}*(?:(?:{NAME}|{MADE}){CLAUSE_SIGN}*)*(?:{NAME}|{MADE})")
CONTENT = Pattern(rf"{PLACEHOLDER}|{MADE}|[^\W\d_]{{4,}}")
# A day beside a name is a birthday.
BIRTHDAY = Pattern(rf"(?<={NAME} \()\d{{4}}-\d\d-\d\d(?=\))")
# A known word with one of these, and what stands in its place.
INFLECTIONS = (
    *(("s", ""), ("es", ""), ("ed", ""), ("ed", "e"), ("ing", ""), ("ing", "e"), ("ly", ""), ("er", "")),
    ("ies", "y"),
)
PREFIXES = ("un", "re", "non", "pre")
# Shorter words of a program's names are abbreviations: ctx, mgr. A package's name is often one word that is unknown.
SHORTEST_NAME = 5
SEGMENT = Pattern(r"[^./@:\\]+")
# What a database has is named by its makers, not by its users.
OF_SCHEMA = Pattern(r"(?i)(?:column|table|relation|constraint|index):? [\"'`\u2018\u201c]?\Z")
# An error of one plain word is what a program calls its failure.
ALONE = Pattern(r"[A-Za-z][a-z]{2,11}[.!]?")


def without_unknown(message: str) -> str:
    """The message with `<name>` for words that errors are not made of, and `<text>` for runs of them."""
    # A compound has no blank in it.
    if ALONE.fullmatch(message) or all(map(_stays, message.translate(AS_SHAPE_BUT_0).split())):
        return message
    unknown = [found for found in COMPOUND.finditer(message) if _kept(found[0]) != found[0]]
    own = {found.end() for pattern in OWN_PLACES for found in pattern.finditer(message)}
    text, place = "", 0
    for found in unknown:
        start = found.start()
        is_of_schema = start in own and OF_SCHEMA.search(message, max(0, start - LONGEST_WORD), start) is not None
        kept = found[0] if is_of_schema else _of_own(found[0]) if start in own else _kept(found[0])
        text += message[place : found.start()] + kept
        place = found.end()
    text += message[place:]
    if NAME not in text:
        return text
    return SPAN.sub(_without_span, RUN.sub(MADE, BIRTHDAY.sub("<time>", text))).replace(MADE, TEXT)


def _without_span(found: re.Match[str]) -> str:
    """A span of words of which two in five or more are unknown as `<text>` with its codes."""
    words = CONTENT.findall(found[0])
    return f"{TEXT}{codes_of(found[0])}" if 5 * (words.count(NAME) + words.count(MADE)) >= 2 * len(words) else found[0]


# The same words come again in nearly all errors, and their numbers differ; a code may begin with 0.
@lru_cache(maxsize=8192)
def _stays(shape: str) -> bool:
    """Whether a piece without blanks stays as it is, in whose place its shape stands."""
    return all(_kept(compound) == compound for compound in COMPOUND.findall(shape))


def _kept(compound: str) -> str:
    """A compound as it stays: itself, or with placeholders for what is unknown of it."""
    core = TAIL.sub("", compound)
    return f"{_core(core)}{compound[len(core) :]}" if core else compound


def _of_own(name: str) -> str:
    """A name of a program's own: of several words, unknown ones beside known ones are `<name>`."""
    return SEGMENT.sub(_of_words, name)


def _of_words(segment: re.Match[str]) -> str:
    words = [word for word in PARTS.findall(segment[0]) if len(word) > 2]
    unknown = {word for word in words if not _are_known(word)}
    if len(unknown) == len(set(words)):
        return segment[0]
    return PARTS.sub(
        lambda found: NAME if found[0] in unknown and len(found[0]) >= SHORTEST_NAME else found[0], segment[0]
    )


def _core(core: str) -> str:
    for sign in SEPARATORS:
        if sign in core:
            return sign.join(_core(part) if part else "" for part in core.split(sign))
    if _is_known(core):
        return core
    if not core.isascii() and UNSPACED.search(core):
        return UNSPACED.sub(_without_unspaced, core)
    if (file := ENDING.fullmatch(core)) and file[2].rsplit(".", 1)[1].lower() in ENDINGS:
        return f"{_core(file[1])}{file[2]}"
    if "." in core:
        return _of_parts(core.split("."), core)
    return ID if _looks_random(core) or not PARTS.search(core) else NAME


def _of_parts(parts: list[str], core: str) -> str:
    """A host, a class with its modules, or a key with dots."""
    *modules, last = parts
    if last in TOP and core.islower():
        return HOST
    if CLASS.fullmatch(last):
        return core if all(map(_is_known, modules)) else f"{NAME}.{last}"
    return ".".join(_core(part) if part else "" for part in parts) if any(map(_is_known, parts)) else NAME


def _looks_random(core: str) -> bool:
    """Whether letters and digits take turns, and fewer than half of the letters are of known words."""
    if len(core) < 5 or len(TURN.findall(core)) < 2:
        return False
    runs = PARTS.findall(core)
    return 2 * sum(len(run) for run in runs if len(run) > 2 and _are_known(run)) < sum(map(len, runs))


def _is_known(core: str) -> bool:
    if core.lower() in known_words() or any(each.fullmatch(core) for each in (CODE, CLASS, PLAIN_ID)):
        return True
    if (model := MODEL.match(core)) and all(map(_are_known, PARTS.findall(core, model.end()))):
        return True
    return not _looks_random(core) and all(map(_are_known, PARTS.findall(core)))


def _are_known(run: str) -> bool:
    """Whether a run of letters is a known word or made of such: readTimeout, HTTPError, MiB."""
    if run.lower() in known_words() or (not run.isascii() and UNSPACED.match(run)):
        return run.lower() in known_words()
    if not run.isascii() and HAS_SIGNED.search(run):
        return False
    if len(run) <= 2:
        return True
    parts = [part.lower() for part in HUMP.findall(run)]
    # Pieces of two letters are no words: AbCdEf.
    if len(run) > 3 and all(len(part) <= 2 for part in parts):
        return False
    return all(len(part) <= 2 or part in known_words() or _is_inflected(part) for part in parts)


def _is_inflected(word: str) -> bool:
    """Whether a word is a known one with an ending or a beginning: chunks, narrating, unreachable."""
    words = known_words()
    return any(
        word.endswith(ending) and len(word) - len(ending) >= 3 and word[: -len(ending)] + instead in words
        for ending, instead in INFLECTIONS
    ) or any(word.startswith(prefix) and word[len(prefix) :] in words for prefix in PREFIXES)


def _without_unspaced(found: re.Match[str]) -> str:
    """A run of a script without spaces: known words stay, the longest first; what is between the first others goes."""
    run, kept, place = found[0], [""], 0
    while place < len(run):
        length = next((size for size in range(LONGEST_WORD, 0, -1) if run[place : place + size] in known_words()), 0)
        if length or kept[-1] != TEXT:
            kept.append(run[place : place + length] if length else TEXT)
        place += length or 1
    # What is known between two unknown pieces is a part of a title.
    first, last = (kept.index(TEXT), len(kept) - kept[::-1].index(TEXT)) if TEXT in kept else (0, 0)
    return "".join((*kept[:first], TEXT, *kept[last:])) if last else run
