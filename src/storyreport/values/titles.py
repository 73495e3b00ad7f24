"""Titles of stories, names of their characters and what happens in them, where an error has them without quotes."""

from ..patterns import Pattern, any_of
from .codes import codes_of

# Words of a title that begin with a small letter.
SMALL = (
    r"of|the|and|to|for|a|an|in|on|at|with|from|who|under|over|by|or|der|die|das|und|von|vom|im|de|la|le|les|du|des|et"
    r"|el|los|del|y|e|di|il"
)
WORD = r"[A-ZÀ-ÞА-Я](?:[\w'\u2019-]*[a-zß-ÿа-я][\w'\u2019-]*)?"
# Two words or more, the first and the last with a capital.
TITLE = rf"{WORD}(?:(?:,? (?:{SMALL})\b){{0,4}},? {WORD}){{1,12}}(?: \(\d{{1,3}}\))?"
# The same where any word may be small, up to a word that goes on with the error.
ENDS = (
    r"(?=\s?(?:[:;,(\n]|\.(?:\s|\Z)|-> |- |\Z|has\b|had\b|is\b|was\b|were\b|are\b|not\b|does\b|did\b|could\b"
    r"|cannot\b|already\b|failed\b"
    r"|after\b|because\b|without\b|fehl|nicht\b|konnte\b|wurde\b|ist\b|hat\b|existiert|n'|est\b|a été|no\b|fue\b"
    r"|ya\b|non\b))"
)
LOOSE = rf"{WORD}(?!{ENDS})(?: [\w'\u2019-]{{1,30}}){{1,12}}?{ENDS}"
THING = r"stor(?:y|ies)|tales?|novels?|books?|fairy ?tales?|episodes?|movies?|films?|comics?|poems?|saga"
THING_ABROAD = (
    r"Geschichte|Märchen|Erzählung|Roman|histoire|conte|récit|roman|historia|cuento|relato|storia"
    r"|racconto|fiaba|história|conto|verhaal|sprookje"
)
NOT_A_TITLE = (
    r"(?!(?:ID|Id|Not|No|API|JSON|Error|Exception|Status|Step|Chapter|Scene|Page|Node|File|Service|Server|Generat\w+"
    r"|Engine"
    r"|Pipeline|Tree|Table|Type|Object|Model|Builder|Writer|Manager|Agent|Task|Job|Run|Is|Has|Was|Does|Could|Cannot"
    r"|Failed)\b)"
)
OF = Pattern(
    rf"((?:(?<![\w/.\\-])(?:{THING})(?: (?:titled|named|called|entitled|id \d+))?:? |\b(?:scene|chapter|page|part"
    rf"|episode|act) \d{{1,4}} (?:of|for|in) "
    rf"|\b(?:[Tt]itled|[Ee]ntitled|[Nn]arrating|[Ii]llustrating) |\b(?:{THING_ABROAD}) "
    rf"|\b(?:[Aa]udio|[Cc]over|[Ii]mages?|[Vv]oice|[Vv]ideo|[Mm]usic|[Nn]arration|[Ii]llustrations?"
    rf"|[Oo]utline) (?:for|of) )(?:the )?)"
    rf"{NOT_A_TITLE}(?:{TITLE}|{LOOSE})"
)
# A character, and somebody that a story is for.
PERSON = Pattern(
    rf"(\b(?:[Cc]haracter|[Pp]rotagonist|[Hh]ero(?:ine)?|[Vv]illain|[Nn]arrator|[Ss]peaker"
    rf"|[Aa]uthor) ){NOT_A_TITLE}{WORD}(?: {WORD}){{1,3}}"
    rf"|(<text> (?:for|by|about) |[\"'\u201d»] by (?={WORD} )){WORD}(?: {WORD}){{0,3}}(?=\s?(?:[:;,.()\n]|\Z))"
)
# The same in writings without capitals, up to an end of the line; with the word for what it is.
ABROAD_WORDS = (
    *("故事", "小说", "小說", "章节", "童话", "物語", "小説", "童話", "스토리", "이야기", "동화", "소설"),
    *("قصة", "القصة", "رواية", "סיפור", "कहानी", "история", "историю", "истории", "сказк", "рассказ", "ιστορία"),
    *("เรื่อง", "truyện"),
)
ABROAD = Pattern(
    rf"(?i)((?:{'|'.join(ABROAD_WORDS)})[^:\uff1a\n\"'«»「」《》]{{0,30}}[:\uff1a]\s*)(?![<\s])"
    rf"[^\n:\uff1a]*?[^\x00-\x7f][^\n]*?"
    r"(?=\s*(?:[A-Z]\w+(?:Error|Exception)\b|\b[45]\d\d\b|[:\uff1a]|\n|\Z))"
)
# The marks of a title in Chinese.
MARKED = Pattern(r"\u300a[^\u300a\u300b\n]{1,200}\u300b")
# What was recognised or is to be spoken: with its times, or after the name of its file.
SEGMENT = Pattern(
    r"(\[?(?:\d\d:)?\d\d:\d\d[.,]\d{2,3} --> (?:\d\d:)?\d\d:\d\d[.,]\d{2,3}(?!\d)(?:\][ \t]*|[ \t]*\n[ \t]*|[ \t]+))"
    r"(?![<\s\]])[^\n]+"
)
TRANSCRIBED = Pattern(
    r"(?i)((?<![/\w])transcri(?:bed|bing|pts?|ptions?)\b[^\n\"']{0,120}?(?:->|=>"
    r"|: )\s*)(?=\S+\s+\S+\s+\S)(?!\S+ -> )[^\n]+"
)
# A plan of a story: lines with numbers, after the word for one.
OUTLINE = Pattern(
    r"(?i)(\b(?:outline|scenes?|chapters?|beats?|plot|synopsis|acts?)\b[^\n]{0,60}\n)(?:[ \t]{0,8}(?:\d{1,2}[.)]"
    r"|[-*•]) [^\n]+(?:\n|\Z))+"
)
# The arguments of a function that tells.
ARGUMENTS = Pattern(
    r"(?i)(\b\w{0,40}(?:story|chapter|scene|narrat|paragraph"
    r"|title)\w{0,40}\()(?=[\"'])[^()\n]*[\"'](?=[^()\n\"']{0,40}\))"
)
TOO_LARGE = Pattern(r"(?i)(\b(?:data )?value too (?:large|long): )(?=\S+ \S+ \S)[^\n(]+")
MODERATED = Pattern(
    r"(?i)(\b(?:did not pass moderation|(?:rejected|blocked|refused|stopped) by [a-z ]{3,30}|flagged (?:text|content"
    r"|input)|blocked (?:text|prompt|input)"
    r"|moderated (?:text|prompt))\s?[:=]\s?)"
    r"(?=\S+ \S+ \S)[^\n]+"
)
# How the files of programs end.
PROGRAM = r"py|js|mjs|cjs|ts|tsx|rb|go|java|cs|php|sql|rs|kt|lua|gd|exe|dll|so"
# The name of a file that is a sentence.
FILE = Pattern(
    r"((?:(?<=[/\\])|\bfile:))(?! |[nrt](?:\s|[A-Z]))[^/\\\n\"'<>:|]*(?: [^/\\\n\"'<>:|]{1,40}){2,}"
    rf"(?=\.(?!(?:{PROGRAM})\b)[A-Za-z][A-Za-z0-9]{{1,4}}(?:\W|\Z))"
)
# The same as a part of an address, unless it is a program.
SLUG = Pattern(
    r"(?i)(/(?:stor(?:y|ies)|tales?|books?|novels?|chapters?|scenes?"
    r"|episodes?)/)(?=[^\W_]*[^\W\d_])[^\W_]{2,40}(?:[-_][^\W_]{1,40}){2,20}"
    rf"(?!\w|\.(?:{PROGRAM})\b)"
)

TITLE_WORDS = Pattern(
    any_of(
        (
            *("story", "stories", "tale", "novel", "book", "episode", "movie", "film", "comic", "poem", "saga"),
            *("scene", "chapter", "title", "narrat", "paragraph", "illustrat", "image", "outline"),
            *("page ", "part ", "act "),
            *("audio ", "cover ", "voice ", "video ", "music ", "geschichte", "märchen", "erzähl", "roman", "histoire"),
            *("conte", "récit", "historia", "cuento", "relato", "storia", "racconto", "fiaba", "história", "conto"),
            *("verhaal", "sprookje"),
        )
    )
)
PERSON_WORDS = Pattern(
    any_of(
        (
            *("character ", "protagonist ", "hero", "villain ", "narrator ", "speaker ", "author ", " for ", " by "),
            *(" about ",),
        )
    )
)
HAS_WORDS_ABROAD = Pattern("|".join(ABROAD_WORDS))


# A title, or somebody, has two words or more and begins with a capital, after a space.
CAPITAL = Pattern(r"[ :(][A-ZÀ-ÞА-Я][\w'\u2019-]*[ ,:;.)]")


def without_titles(message: str, lowered: str) -> str:
    """The message without titles, characters and lines of stories."""
    has_capital = CAPITAL.search(message) is not None or CAPITAL.search(f"{message[-80:]} ") is not None
    if TITLE_WORDS.search(lowered):
        message = OF.sub(r"\1<text>", message) if has_capital else message
        if "/" in message:
            message = SLUG.sub(r"\1<text>", message)
        if "('" in message or '("' in message:
            message = ARGUMENTS.sub(r"\1<text>", message)
        if "\n" in message:
            message = OUTLINE.sub(r"\1<text>\n", message)
    if has_capital and PERSON_WORDS.search(lowered):
        message = PERSON.sub(lambda found: f"{found[1] or found[2]}{'<text>' if found[1] else '<user>'}", message)
    if not message.isascii() and HAS_WORDS_ABROAD.search(lowered):
        message = ABROAD.sub(r"\1<text>", message)
    if "\u300a" in message:
        message = MARKED.sub("\u300a<text>\u300b", message)
    if " --> " in message:
        message = SEGMENT.sub(r"\1<text>", message)
    if "transcri" in lowered:
        message = TRANSCRIBED.sub(r"\1<text>", message)
    if "value too" in lowered:
        message = TOO_LARGE.sub(r"\1<text> ", message)
    if "flagged" in lowered or "blocked" in lowered or "moderat" in lowered or "ed by " in lowered:
        message = MODERATED.sub(lambda found: f"{found[1]}<text>{codes_of(found[0][len(found[1]) :])}", message)
    return FILE.sub(r"\1<text>", message) if "/" in message or "\\" in message or "file:" in message else message
