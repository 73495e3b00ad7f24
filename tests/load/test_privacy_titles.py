"""Titles, characters and lines of stories that an error has without quotes; each beside how it is kept, by hand."""

import pytest

from storyreport.values import clean_text, neutral

KEPT_AS = {
    "a title": ("Failed to generate story The Zq7 Lantern for Anna: timeout", "Failed to generate story <text>:"
        " timeout"),
    "a title with small words": ("story Die zq7e Laterne has no ending", "story <text> has no ending"),
    "a scene of it": ("Image for scene 3 of Mira and the Zq7 Fox failed: moderation_blocked",
        "Image for scene 3 of <text> failed: moderation_blocked"),
    "a book": ("Cover for book Night Zq7 not generated: 429", "Cover for book <text> not generated: 429"),
    "narration": ("Error while narrating The Zq7 Apprentice: no voice", "Error while narrating <text>: no voice"),
    "its sound": ("audio for Night Zq7 chapter 2 is silent (-91 dB)", "audio for <text> chapter 2 is silent (-91 dB)"),
    "German": ("Erstellung der Geschichte Die zq7e Laterne fehlgeschlagen: x", "Erstellung der Geschichte <text>"
        " fehlgeschlagen: x"),
    "Korean": ("스토리 생성 실패: 잃어버린 Zq7 등불을 찾아서 TimeoutError", "스토리 생성 실패: <text> TimeoutError"),
    "a character": ("Cannot find character Rosalind Zq7ersen in cast", "Cannot find character <text> in cast"),
    "a plan": ("bad outline:\n1. Mira finds the Zq7\n2. Her brother lies\nmissing section 3",
        "bad outline:\n<text>\nmissing section 3"),
    "what was heard": ("failed; [00:01:12.480 --> 00:01:18.120]   Mr Zq7 never came back",
        "failed; [00:01:12.480 --> 00:01:18.120]   <text>"),
    "what a file says": ("INFO Transcribed: a_1.wav -> a zq7 felelet helyett", "INFO Transcribed: a_1.wav -> <text>"),
    "a value": ("STRING_TOO_LONG: data value too large: The Girl Who Kept Zq7 (max length=80)",
        "STRING_TOO_LONG: data value too large: <text> (max length=80)"),
    "what a filter saw": ("Text did not pass moderation: two zq7 brothers fight", "Text did not pass moderation:"
        " <text>"),
    "what a filter refused": ("prompt rejected by safety filter: Write of the boy Zq7", "prompt rejected by safety"
        " filter: <text>"),
    "Chinese": ("生成故事《失落Zq7》失败", "生成故事《<text>》失败"),
    "arguments": ("Exception in generate_chapter('Zq7', 'Anna'): KeyError", "Exception in generate_chapter(<text>):"
        " KeyError"),
    "a file's name": ("/tmp/Zq7 - Hey, Soul Sister.mp3: No such file", "/tmp/<text>.mp3: No such file"),
    "an address": ("res://story/zq7_and_the_wolf.tscn is missing", "res://story/<text>.tscn is missing"),
}  # fmt: skip
STAYS = (
    "Story Generation Service failed: no route",
    "story 4711 has no ending, story ID is missing",
    "the story is too long, no story was generated",
    "/app/story/generate_story_text.py:12 AssertionError",
    "/mnt/nas/tales: Stale file handle",
    "chapter 3 of 12 failed with 429 Too Many Requests",
    "C:\\Program Files\\Tale Maker\\bin\\ffmpeg.exe failed",
    "TypeError: undefined\\n    at tell (/app/a b c.js:1)",
    "POST /v1/audio/transcriptions: connection reset by peer",
    "I'm sorry, but an uncaught exception occurred. ScriptError: could not find label 'ch3_main'.",
    "install <text> for Jupyter support",
)


@pytest.mark.parametrize("kind", KEPT_AS)
def test_what_is_not_kept(kind: str) -> None:
    text, kept = KEPT_AS[kind]
    assert neutral(clean_text(text)) == kept
    # Nothing is left for `scrub`.
    assert neutral(clean_text(kept)) == kept


@pytest.mark.parametrize("text", STAYS)
def test_what_stays(text: str) -> None:
    assert neutral(clean_text(text)) == text
