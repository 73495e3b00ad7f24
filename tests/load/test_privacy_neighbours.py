"""Secrets beside the shapes that are known, and words that only end like the name of one; worked out by hand."""

import pytest

from storyreport.values import clean_text, neutral

KEPT_AS = {
    "a header's parameter": ('Authorization: Token token="Zq7abc" refused', 'Authorization: Token <secret>" refused'),
    "a digest": ('Authorization: Digest username="Zq7ann", nonce="Zq7n1"',
        'Authorization: Digest <secret>", nonce="<secret>"'),
    "a longer name": ("botocore: aws_session_token 'Zq7JpZ2luX2Vj//wEa'", "botocore: aws_session_token '<secret>'"),
    "a variable": ("env: {'HF_TOKEN': 'Zq7letters', 'A': '1'}", "env: {'HF_TOKEN': '<secret>', 'A': '1'}"),
    "a variable in a shell": ("DEEPL_KEY: Zq7letters", "DEEPL_KEY: <secret>"),
    "dropbox": ("sl.u.Zq7bcdef0123456789ab is expired", "<secret> is expired"),
    "hubspot": ("pat-na1-Zq7d1234-abcd-1234-abcd refused", "<secret> refused"),
    "1password": ("ops_eyJZq7duSW5BZGRy refused", "<secret> refused"),
    "doppler": ("dp.pt.Zq7abcdef0123456789 refused", "<secret> refused"),
    "together": ("tgp_v1_Zq7abcdef0123456789 refused", "<secret> refused"),
    "modal": ("ak-Zq7bcdef0123456789 refused", "<secret> refused"),
    "two names": ("C:\\Users\\Zq7Jane Zq7Doe\\story.txt is missing", "C:\\Users\\user\\story.txt is missing"),
    "two names, slashes": ("C:/Users/Zq7Jane Zq7Doe/story.txt is missing", "~/story.txt is missing"),
}  # fmt: skip
STAYS = (
    "Limit 30000 tokens per min: Used 29801",
    "max_tokens: unlimited",
    "KeyError: 'choices'",
    "design: passed, unicode: hashed",
    "sl.wikipedia.org is not found",
    "dp.py is missing",
    "the ak-47 chapter is too long",
    "C:\\Windows\\System32\\x.dll is missing",
    "status_code: timeout",
)


@pytest.mark.parametrize("kind", KEPT_AS)
def test_what_must_not_be_kept(kind: str) -> None:
    text, kept = KEPT_AS[kind]
    assert neutral(clean_text(text)) == kept
    assert "Zq7" not in kept


@pytest.mark.parametrize("text", STAYS)
def test_what_only_looks_like_it_stays(text: str) -> None:
    assert neutral(clean_text(text)) == text
