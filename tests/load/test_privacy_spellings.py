"""Secrets of more vendors and in more spellings: escaped, quoted by programs, in lists, over lines; worked out by hand.

Zq7 is in every secret and in nothing that is kept.
"""

import json
from pathlib import Path

import pytest
from helpers.report_database import ReportDatabase

from storyreport.values import clean_text, neutral

KEPT_AS = {
    "percent": ("to https://a.example/?next=https%3A%2F%2Fb%3Ftoken%3DZq7tok", "<secret>"),
    "percent in JSON": ("%7B%22password%22%3A%22Zq7pass%22%7D refused", '{"password":"<secret>"} refused'),
    "percent twice": ("user Zq7ann%2540example.org refused", "user <e-mail> refused"),
    "a folder in an address": ("%2Fhome%2FZq7ann%2Fstory.txt is missing", "~/story.txt is missing"),
    "HTML": ("password=&quot;Zq7pass&quot; refused", 'password="<secret>" refused'),
    "an at sign": ("user Zq7ann&#64;example.org refused", "user <e-mail> refused"),
    "a wide at sign": ("user Zq7ann\uff20example.org refused", "user <e-mail> refused"),
    "JSON escapes": ('{"pass\\u0077ord": "Zq7pass"}', '{"password": "<secret>"}'),
    "JSON in JSON": ('{\\\\\\"password\\\\\\": \\\\\\"Zq7pass\\\\\\"}', '{"password": "<secret>"}'),
    "bytes": ("[(b'authorization', b'Bearer Zq7tok')]", "[(b'authorization', b'Bearer <secret>')]"),
    "a dict of bytes": ("{b'password': b'Zq7pass'}", "{b'password': b'<secret>'}"),
    "a list": ("api_keys=['Zq7one', 'Zq7two']", "api_keys=<secret>"),
    "an object": ('{"secrets": {"a": "Zq7pass"}, "n": 1}', '{"secrets": <secret>, "n": 1}'),
    "a block": ("password: |\n  Zq7pass\nuser: x", "password: |\n  <secret>\nuser: x"),
    "the next line": ("api_key:\n    Zq7letters", "api_key:\n    <secret>"),
    "a key in two lines": ("sk-proj-Zq7bcdefghij\nZq7lmnopqr01234 refused", "<secret> refused"),
    "an option": ("tool --password Zq7pass --dry-run", "tool --password <secret> --dry-run"),
    "an option of another name": ("gh --token Zq7letters pr list", "gh --token <secret> pr list"),
    "an element": ("<password>Zq7pass</password>", "<password><secret></password>"),
    "an element with a name": ('<wsse:Password Type="x">Zq7pass</wsse:Password>',
        '<wsse:Password Type="x"><secret></wsse:Password>'),
    "a user": ('password authentication failed for user "Zq7ann"', 'password authentication failed for user "<user>"'),
    "a user joined": ("curl -uann:Zq7pass https://a.example", "curl -uann:<secret> https://a.example"),
    "redis": ("redis-cli -h db -a Zq7pass ping", "redis-cli -h db -a <secret> ping"),
    "sshpass": ("sshpass -p Zq7pass ssh db", "sshpass -p <secret> ssh db"),
    "oracle": ("jdbc:oracle:thin:scott/Zq7tiger@//db:1521/x", "jdbc:oracle:thin:scott/<secret>@//db:1521/x"),
    "pgpass": ("db:5432:stories:ann:Zq7pass is wrong", "db:5432:stories:ann:<secret> is wrong"),
    "netrc": ("machine a.example login ann password Zq7pass", "machine a.example login ann password <secret>"),
    "docker": ('{"auths": {"hub": {"auth": "Zq7dXNlcjpwYXNz"}}}', '{"auths": {"hub": {"auth": "<secret>"}}}'),
    "an encrypted token": ("eyJhbGciOiJSU0EifQ..Zq7iv.Zq7ct.Zq7tag expired", "<secret> expired"),
    "a secret key of AWS": ("denied for Zq7rXUtnFEMI/K7MDENG/bPxRfiCYEX8MPLEKEY", "denied for <secret>"),
    "AWS in JSON": ('{"SecretAccessKey": "Zq7/rXUtnF"}', '{"SecretAccessKey": "<secret>"}'),
    "bedrock": ("bedrock-api-key-Zq7bcdef0123 expired", "<secret> expired"),
    "a picture": ("bad data:image/png;base64,Zq7VBORw0KGgo= given", "bad data:image/png;base64,<secret> given"),
    "putty": ("Private-Lines: 14\nZq7AAAA123\nZq7BBBB", "Private-Lines: <secret>"),
    "a hash": ("hash $2b$12$Zq7abcdefghijklmnopqr differs", "hash <secret> differs"),
    "a message of PGP": ("-----BEGIN PGP MESSAGE-----\nZq7lQOY\n-----END PGP MESSAGE----- x", "<secret> x"),
    "words of a wallet": ("seed phrase: Zq abandon ability able", "seed phrase: <secret>"),
    "grafana": ("glsa_Zq7bcdefgh_12345678 refused", "<secret> refused"),
    "new relic": ("NRAK-ZQ7ZQ7BCDEFGHIJ refused", "<secret> refused"),
    "postman": ("PMAK-Zq7-0123456789abcdef refused", "<secret> refused"),
    "bitbucket": ("ATBBZq7bcdefghijk1234 refused", "<secret> refused"),
    "okta": ("SSWS 00Zq7bcdefghijkl refused", "SSWS <secret> refused"),
    "mounted": ("/run/media/Zq7ann/USB/x is missing", "/run/media/user/USB/x is missing"),
    "windows from git": ("/c/Users/Zq7ann/x is missing", "~/x is missing"),
    "written out": ("Zq7ann at example dot org is unknown", "<e-mail> is unknown"),
}  # fmt: skip
STAYS = (
    "429 Too Many Requests, 30 %, retry in 20 s & try again",
    "GET https://a.example/stories?title=The%20Page returned 404",
    "tokens: 8192, max_tokens=4096, keys: 3",
    "prompt_tokens: [12, 14]",
    "<key> is not expected here",
    "no such option: --passive",
    "C:\\new\\table.txt is missing",
    "outputs/Chapter12/FinalDraft2/2026/scene/images.png is missing",
    "step-12:1234:5678 failed",
    "unexpected keyword argument 'password'",
    "the token limit of 128000 is exceeded for model claude-3-5-sonnet-20241022",
    "the secret(s) of the old story: chapter 3 is missing",
)


@pytest.mark.parametrize("kind", KEPT_AS)
def test_what_must_not_be_kept(kind: str) -> None:
    text, kept = KEPT_AS[kind]
    found = clean_text(text) or ""
    assert "Zq7" not in found
    assert found.endswith(kept) if kept == "<secret>" else found == kept


@pytest.mark.parametrize("text", STAYS)
def test_what_only_looks_like_it_stays(text: str) -> None:
    assert neutral(clean_text(text)) == text


def test_nothing_of_it_is_in_the_file(db: ReportDatabase, tmp_path: Path) -> None:
    same = {"step": "write", "status": "failed", "started_at": "2026-03-10T10:00:00Z"}
    rows = [{"id": f"i{number}", "error": text, **same} for number, (text, _) in enumerate(KEPT_AS.values())]
    # A time that cannot be read: the row is rejected, and its text is in no reject either.
    rows += [{**row, "id": f"r{row['id']}", "started_at": row["error"]} for row in rows]
    (source := tmp_path / "steps.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows), "utf-8")
    db.ingest(source)
    assert db.one("select count(error_message) from step_runs") == len(KEPT_AS)
    assert db.one("select count(*) from rejects") == len(KEPT_AS)
    assert b"zq7" not in db.path.read_bytes().lower()
