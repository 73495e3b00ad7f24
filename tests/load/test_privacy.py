"""Error texts are private: no credential, address, folder or prompt is stored; what helps to fix them stays."""

import json
from pathlib import Path

import pytest
from helpers.report_database import ReportDatabase

from storyreport.values import clean_text, neutral

# A text, and how it is kept. Each secret has a part Zq7, which is in nothing that is kept.
REDACTED = {
    "groq": ("gsk_Zq7xKd93mVbt51HwLpR2", "<secret>"),
    "replicate": ("bad token r8_Zq7xKd93mVbt51HwLpR2.", "bad token <secret>"),
    "npm, gitlab": ("npm_Zq7xKd93mVbt51HwLp glpat-Zq7xKd93mVbt51Hw", "<secret> <secret>"),
    "amazon": ("AKIAZQ7XKD93MVBT51HW denied", "<secret> denied"),
    "live payment": ("sk_live_Zq7xKd93mVbt51HwLp declined", "<secret> declined"),
    "no prefix": ("token rejected: aZq7xKd93mVbt51HwLpR2q", "token rejected: <secret>"),
    "bare key": ("auth failed key=Zq7x9f8a7b6c5", "auth failed key=<secret>"),
    "fal": ("Key 12ab34cd-Zq7:5678ef90abcd", "<secret>"),
    "setting": ("aws_secret_access_key = Zq7xwJalrXUtnFEMI", "aws_secret_access_key = <secret>"),
    "connection": ("Endpoint=sb://x/;SharedAccessKey=Zq7azure12345678=", "Endpoint=sb://x/;SharedAccessKey=<secret>"),
    "JSON": ('{"user":"bob","pwd":"Zq7x","secret":"Zq7y"}', '{"user":"<user>","pwd":"<secret>","secret":"<secret>"}'),
    "header without colon": ("xi-api-key Zq7x0123456789", "xi-api-key <secret>"),
    "in words": ("login failed with password Zq7hunter22", "login failed with password <secret>"),
    "cookie": ("Cookie: session=Zq7value; path=/", "Cookie: <secret>"),
    "session": ("session_id=Zq7sess1234567890", "session_id=<secret>"),
    "basic": ("Authorization: Basic WnE3OnBhc3N3b3JkZm9y", "Authorization: Basic <secret>"),
    "pem": ("x -----BEGIN PRIVATE KEY-----\nZq7vQ\n-----END PRIVATE KEY----- y", "x <secret> y"),
    "pem that is cut": ("-----BEGIN RSA PRIVATE KEY-----\nZq7vQIBADAN", "<secret>"),
    "password with @ and /": ("postgresql://al:Zq7@ss/w0rd@db.internal:5432/x", "postgresql://<host>:5432/x"),
    "token as user": ("https://Zq7tokenonly@git.example/x.git failed", "https://git.example/x.git failed"),
    "signed": (
        "https://b.example/k?X-Amz-Credential=Zq7&X-Amz-Signature=Zq7&partNumber=1",
        "https://b.example/k?X-Amz-Credential=<secret>&X-Amz-Signature=<secret>&partNumber=1",
    ),
    "shared": ("https://a.example/f.png?sv=2020&sig=Zq7%2Ba&se=2026", "https://a.example/f.png?sv=2020&sig=<secret>&se=2026"),
    "hook": ("https://hooks.slack.com/services/T0/B0/Zq7 failed", "https://hooks.slack.com/<secret> failed"),
    "web hook": ("https://chat.example/api/webhooks/1/Zq7", "https://chat.example/api/webhooks/<secret>"),
    "telegram": (
        "https://api.telegram.org/bot123456789:Zq7telegramtoken_abcdefgh/send", "https://api.telegram.org/<secret>/send",
    ),
    "encoded e-mail": ("user Zq7%40mail.example not allowed", "user <e-mail> not allowed"),
    "e-mail of any letters": ("user Zq7müller@exämple.de not allowed", "user <e-mail> not allowed"),
    "phone": ("SMS to +49 151 23456789 failed", "SMS to <phone> failed"),
    "ip": ("request from 203.0.113.77 refused", "request from <ip> refused"),
    "home": ("no file /home/Zq7/stories/x.json", "no file ~/stories/x.json"),
    "mac": ("No such file: /Users/Zq7/Documents/x", "No such file: ~/Documents/x"),
    # It would turn the rest of a page's line around.
    "turned around": ("draft \u202eof Ann\u2066 failed", "draft of Ann failed"),
    "windows": ("C:\\Users\\Zq7\\x.json not found", "C:\\Users\\user\\x.json not found"),
}  # fmt: skip
# What people need to fix an error, and what only looks like a secret.
KEPT = (
    "HTTP 429 Too Many Requests, request_id=req_011CSHoEeqs5C35K2UUqR7Fy",
    "max_tokens=4096 is more than 2048",
    "error code: 12345, exit code=137",
    "KeyError: 'chapter_title'",
    "missing key: title",
    "Unexpected token: } in JSON",
    "session expired, wrong password for a user",
    "StoryGenerationWorkflowV2Activity failed at 2026-03-10T08:00:00.000+00:00",
    "claude-sonnet-4-5-20250929 and gpt-4o-mini-2024-07-18 are overloaded",
    "run 20260310T120000Z-a1b2c3 of 1cb8ff1c-42d6-4756-8bc2-e21cd3660002 failed",
    "/data/StoryPipeline2/out/Chapter12.json is missing",
    "no route to 127.0.0.1:443, localhost or api.openai.com, mask 255.255.255.0, version 22.3.12.19",
    "https://api.example:8443/v1/chat?alt=json timed out",
    "author=unknown, keyword=page, stage=7",
)


@pytest.mark.parametrize("case", REDACTED)
def test_what_is_taken_out(case: str) -> None:
    """By known shapes, by names and by randomness; the rest of the text stays."""
    text, kept = REDACTED[case]
    assert clean_text(text) == kept
    # Within a longer text, and as bytes.
    assert f"so: {kept}" == clean_text(f"so: {text}".encode())


@pytest.mark.parametrize("text", KEPT)
def test_what_stays(text: str) -> None:
    assert clean_text(text) == text
    assert neutral(text) == text


@pytest.mark.parametrize(
    ("text", "kept"),
    [
        ("too long. Received messages=[{'role': 'user', 'content': 'x'}]", "too long. Received messages=<text>"),
        ("Could not parse LLM output: `The dragon said`", "Could not parse LLM output: <text>"),
        ('Failed to parse S from completion {"a": "A dragon"}. Got: 1', "Failed to parse S from completion <text>"),
        ("invalid chapter 'The dragon and the night' at 3", "invalid chapter '<text>' at 3"),
        ('no such column "chapter_3" in \'stories\'', 'no such column "chapter_3" in \'stories\''),
        ("prompt: too long", "prompt: too long"),
        (None, None),
    ],
)  # fmt: skip
def test_what_is_repeated_of_prompts(text: str | None, kept: str | None) -> None:
    """The class and short names of an error stay; prompts, completions and quoted sentences do not."""
    assert neutral(text) == kept


def test_nothing_private_is_in_the_file(db: ReportDatabase, tmp_path: Path) -> None:
    """Not in errors, their search index, rejected rows or free pages; --with-text keeps prompts, never credentials."""
    prompt = "content: 'a dragon called Wumpus loves me'"
    texts = [*(text for text, _ in REDACTED.values()), prompt]
    same = {"step": "write", "status": "failed", "started_at": "2026-03-10T10:00:00Z"}
    rows = [{"id": f"i{number}", "error": text, **same} for number, text in enumerate(texts)]
    rows.append({"id": "bad", "step": "write", "error": "Wumpus", "started_at": "no time but Wumpus"})
    source = tmp_path / "steps.jsonl"
    source.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    outcome = db.ingest(source)
    assert outcome.counts.rejected == 1
    content = db.path.read_bytes()
    assert b"Zq7" not in content
    assert b"Wumpus" not in content
    assert json.loads(db.one("select row from rejects"))["started_at"] == "<text of 18 characters>"
    db.ingest(source, with_text=True)
    content = db.path.read_bytes()
    assert b"Zq7" not in content
    assert b"Wumpus" in content
