"""Words that errors are not made of go, wherever they stand: no pattern has to know what comes before them."""

import pytest
from helpers import ROOT

from storyreport.values import clean_text, fingerprint, neutral
from storyreport.values.vocabulary import FOLDER, known_words

# What a message becomes; the words in it that are private are invented.
BECOMES = {
    "a sentence after a class": ("RuntimeError: The queen of Zqaldermoor fled", "RuntimeError: <text>"),
    "a sentence with an end of its own": ("ValueError: Papa Zqbear lost his spectacles", "ValueError: <text>"),
    "a title without quotes": ("narration of Zqgrandpa's Orchard: voice not available", "narration of <text>: voice not"
        " available"),
    "a title of one word": ("cover for Zqvesterbro was rejected", "cover for <name> was rejected"),
    "a short title in quotes": ("agent 'Zqgrandma Biographer' failed", "agent '<text>' failed"),
    "a key that is a name": ("KeyError: 'Zqwilhelmina'", "KeyError: '<name>'"),
    "a value beside its key": ("retry 3 of 5 story=the-zqclockmakers-apprentice", "retry 3 of 5 story=<name>"),
    "a file": ("/data/out/kapitel_zqhedwig.md: No such file", "/data/out/<name>.md: No such file"),
    "a folder and a file": ("stories/for-zqingrid/one.md is locked", "stories/<name>/one.md is locked"),
    "a table of a customer": ("table customer_zqmeridian_daily not found", "table <name> not found"),
    "a package of a company": (
        "Could not resolve com.zqquill.render:zqtale-core:jar:1.4.0",
        "Could not resolve com.<name>.render:<name>:jar:1.4.0",
    ),
    "a class of a company": ("com.zqpress.reader.ReaderError: failed", "<name>.ReaderError: failed"),
    "a host": ("lookup artifacts.zqquill.io: no such host", "lookup <host>: no such host"),
    "an issue": ("ticket ZQHARBOUR-88 failed", "ticket <name> failed"),
    "a random key": ("share link zT9wQ2 expired", "share link <id> expired"),
    "a pod": ("worker zqheron-gpu-07 lost heartbeat", "worker <name> lost heartbeat"),
    "a title in a Chinese sentence": ("第3章 月亮上的兔子 生成失败", "第3章 <text> 生成失败"),
    "a person in Japanese": ("キャラクター「春野」が見つかりません", "キャラクター「<text>」が見つかりません"),
    "a person in Russian": ("Ошибка: не найден персонаж Зкалёна", "Ошибка: не найден персонаж <name>"),
    "a name in Hindi, of two letters": ("त्रुटि: रवि विफल", "त्रुटि: <name> विफल"),
    "a title in Hindi": ("कहानी गौरी और चाँद विफल", "<text> विफल"),
    "a title in Bengali": ("TimeoutError: মেঘলা আকাশ", "TimeoutError: <text>"),
    "a name with points in Hebrew": ("לֵאָה failed", "<name> failed"),
    "a name whose accents are letters of their own": ("voice Zqzoe\u0308 failed", "voice <name> failed"),
    "a name and what it is called": ("character Zqosric the Lame is missing", "character <text> is missing"),
    "a title that begins with known words": ("The Lost Zqlantern failed", "<text> failed"),
    "a prompt after its word": ("filter triggered for prompt Write a text where the model kills a table",
        "filter triggered for prompt <text>"),
    "a title in German": ("Kapitel Zqbrief an Oma Zqhedwig konnte nicht erzeugt werden",
        "Kapitel <text> konnte nicht erzeugt werden"),
    "a birthday": ("child Zqtobias (2018-04-11) is too small", "child <name> (<time>) is too small"),
    "an invoice": ("invoice INV-2025-00417 failed, order #A-4500012345", "invoice <account> failed, order #<account>"),
    "a name within a program's attribute": ("'Story' object has no attribute 'zqbrunhilde_portrait'",
        "'Story' object has no attribute '<name>_portrait'"),
    "a name within a module": ("No module named 'prompts.zqwaltraud_voice'", "No module named 'prompts.<name>_voice'"),
    "a name within a call": ("get_zqbrunhilde_voice() failed", "get_<name>_voice() failed"),
    "a code between names": ("Zqanselm: E503 for Zqida", "<name>: E503 for <name>"),
}  # fmt: skip
STAYS = (
    "audio clipping detected: lip sync is off by 3 frames, the narrator mispronounced a word",
    "[mov,mp4,m4a,3gp,3g2,mj2 @ 0x55d0c8] moov atom not found",
    "texture missing, page 4 has no illustration",
    "gateway exploded, no luck",
    "Kerplunk!",
    "TypeError: Story.render() missing 1 required positional argument: 'frobnicate'",
    "AttributeError: 'Grimoire' object has no attribute 'zworp'",
    "ModuleNotFoundError: No module named 'insightface'",
    "ModuleNotFoundError: No module named 'insightface.app'",
    "f() got an unexpected keyword argument 'zctx_index'",
    "sqlite3.OperationalError: no such column: zwordcount",
    'relation "story_znodes" does not exist',
    "TypeError: Cannot read properties of undefined (reading 'zchoices')",
    "call of zworp.blorf() failed",
    "Your model claude-sonnet-4-5-20250929 is overloaded, gpt-4o-mini and llama3.2:3b, too",
    "HTTP 503, error TS2345, ORA-01400, P2025, SQLSTATE 42P01, exit code 0x80070005",
    "torch.cuda.OutOfMemoryError: CUDA out of memory. Tried to allocate 2.00 GiB",
    "/app/node_modules/next/dist/server/image-optimizer.js:12:7 failed",
    "request req_011CSHoEeqs5C35K2UUqR7Fy of 1cb8ff1c-42d6-4756-8bc2-e21cd3660002 timed out",
    "upstream connect error or disconnect/reset before headers. reset reason: connection termination",
    "TTS voice 'en-US-AriaNeural' is not available in region westeurope",
    "no answer for prompt template 3 within the time limit of 30 s",
    "El capítulo no se pudo generar: tiempo agotado",
)
NAMES = (
    "anna", "emma", "lena", "oskar", "jakub", "mary", "paul", "peter", "john", "alice", "bob", "grace", "rose", "lily",
    "sofia", "ivan", "olga", "ali", "fatima", "ming", "keller", "smith", "garcia", "novak", "silva", "johnson",
)  # fmt: skip
OF_STORIES = ("queen", "prince", "dragon", "wolf", "fox", "lantern", "castle", "moon", "grandma", "brother", "knife")


@pytest.mark.parametrize("case", BECOMES)
def test_what_is_unknown_goes(case: str) -> None:
    text, kept = BECOMES[case]
    assert neutral(clean_text(text)) == kept
    assert neutral(kept) == kept


@pytest.mark.parametrize("text", STAYS)
def test_what_errors_say_stays(text: str) -> None:
    assert neutral(clean_text(text)) == text


@pytest.mark.parametrize(
    ("text", "names"),
    [
        ("KeyError: '{}'", ("Zqwilhelmina", "Zqottoline")),
        ("story {} was rejected", ("the-zqlost-key", "zqmira-and-zqoskar")),
        ("Request {}: no such token", ("req_AbCdEfGh", "req_ZyXwVuTs")),
        ("/data/{}.wav is empty", ("zqmoritz_schlaflied", "ZqEmil")),
    ],
)
def test_one_error_has_one_fingerprint(text: str, names: tuple[str, ...]) -> None:
    assert len({fingerprint(neutral(clean_text(text.format(name)))) for name in names}) == 1


def test_the_vocabulary_has_no_names() -> None:
    """Nor words of stories; it is in small letters, and each word once."""
    assert known_words().isdisjoint((*NAMES, *OF_STORIES))
    words = [word for path in FOLDER.glob("*.txt") for word in path.read_text(encoding="utf-8").split()]
    assert len(words) == len(set(words)) > 10_000
    assert [word for word in words if word != word.lower()] == []
    assert ROOT in FOLDER.parents
