"""Words that errors are made of: those of many libraries, tools and providers; neither names nor words of stories."""

from functools import cache
from pathlib import Path

FOLDER = Path(__file__).parent / "words"


@cache
def known_words() -> frozenset[str]:
    """All of them in small letters: English ones, those of work on texts and media, those of other languages."""
    files = (path.read_text(encoding="utf-8") for path in FOLDER.glob("*.txt"))
    return frozenset(word for text in files for word in text.split())
