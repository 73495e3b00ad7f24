"""Texts that hold nothing are let through at a glance: none that a pattern would change."""

from helpers import ROOT
from hypothesis import given, settings
from hypothesis import strategies as st

from storyreport.values import neutral, privacy, unknown
from storyreport.values.neutral import _neutral
from storyreport.values.spellings import spelt_out

# Words, marks and shapes that the patterns look for, and what may stand between them.
PIECES = st.sampled_from(
    [
        *(word for _, _, words in privacy.SECRETS for word in words),
        *sorted(privacy.NAMES | privacy.OF_MACHINES),
        *(
            "sk-",
            "sk_live_",
            "ghp_",
            "r8_",
            "AKIA",
            "hf_",
            "key_",
            "s.",
            "ya29.",
            "1//0",
            "eyJ",
            "xoxb-",
            "re_",
            "dapi",
        ),
        *(
            "apiKey",
            "API_TOKEN",
            "x-goog-key",
            "PHPSESSID",
            "pass",
            "Pwd",
            "key provided",
            "clientSecret",
            "MyAccountKey",
        ),
        *(" ", "=", ":", ": ", '"', "'", "/", "\\", "@", "%40", "-", "_", ".", "\n", "<", ",", "(", ")", "+", "~"),
        *(
            "a",
            "Zq7",
            "Zq7Wm2Lx9R",
            "abcdefgh",
            "QwErTyUiOp1234567890",
            "12345",
            "2026",
            "555",
            "00000000",
            "is",
            "was",
        ),
        *(
            "C:/Users/",
            "/home/",
            "Anna Lee",
            "anna",
            "example.org",
            "DE89 3704",
            "0044 20 7946",
            "127.0.0.1",
            "fe80::1",
        ),
    ]
)


def slowly_redacted(text: str) -> str:
    """The text after all patterns, whatever words it holds; spelt out where that hides something."""
    plain = spelt_out(text)
    found = after_all_patterns(plain)
    return found if found != plain else after_all_patterns(text)


def after_all_patterns(text: str) -> str:
    for _ in range(privacy.MOST_PASSES):
        before = text
        for pattern, replacement, _ in privacy.COMPILED:
            text = pattern.sub(replacement, text)
        if text == before:
            break
    return text


@settings(max_examples=250)
@given(st.lists(PIECES, max_size=9).map("".join))
def test_the_glance_misses_nothing(text: str) -> None:
    assert privacy.redacted(text) == slowly_redacted(text)


def test_nor_does_it_in_our_own_tests() -> None:
    """Each line of the tests of privacy is a text, too."""
    lines = [
        line
        for path in (ROOT / "tests" / "load").glob("test_privacy*.py")
        for line in path.read_text(encoding="utf-8").splitlines()
    ]
    assert [line for line in lines if privacy.redacted(line) != slowly_redacted(line)] == []


@settings(max_examples=100)
@given(st.lists(PIECES, max_size=6).map("".join))
def test_words_are_looked_at_by_their_shape(text: str) -> None:
    """A text of several words changes exactly if one of its words does, each looked at as it is."""
    changes = any(unknown._kept(word) != word for word in unknown.COMPOUND.findall(text))
    places = {found.end() for pattern in unknown.OWN_PLACES for found in pattern.finditer(text)}
    assert places or unknown.ALONE.fullmatch(text) or changes == (unknown.without_unknown(text) != text)


@settings(max_examples=100)
@given(st.lists(PIECES, max_size=6).map("".join))
def test_a_shape_stands_for_its_texts(text: str) -> None:
    """What is decided once for texts that differ in numbers only is so for each of them."""
    for one in (text, text.translate(str.maketrans("0123456789", "5814920367"))):
        assert neutral(one) == _neutral(one)
