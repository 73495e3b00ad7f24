"""Secrets, people and prompts in errors by more of their shapes; what only looks like one stays.

Each text beside how it is kept, worked out by hand: the class of the error, its code and short names stay. Zq7 is in
every secret and in nothing that is kept.
"""

import importlib
import json
from pathlib import Path

import pytest
from helpers.report_database import ReportDatabase

from storyreport.values import clean_text, neutral

SECRETS = {
    "a variable without a separator": ("PGPASSWORD=Zq7pw; psql failed", "PGPASSWORD=<secret>; psql failed"),
    "an option": ("mysql -uroot -pZq7secret99 -h db failed", "mysql -uroot -p<secret> -h db failed"),
    "a header of git": ("curl -H 'PRIVATE-TOKEN: Zq7tok'", "curl -H 'PRIVATE-TOKEN: <secret>'"),
    "a pair": ("sent [('xi-api-key', 'Zq7xi'), ('x', '*')]", "sent [('xi-api-key', '<secret>'), ('x', '*')]"),
    "German": ("Passwort: Zq7geheim", "Passwort: <secret>"),
    "French": ("mot de passe : Zq7secret", "mot de passe : <secret>"),
    "Spanish": ("contraseña=Zq7clave", "contraseña=<secret>"),
    "Chinese": ("密码\uff1aZq7mima", "密码\uff1a<secret>"),
    "short word": ("user=alice pass=Zq7pass1", "user=<user> pass=<secret>"),
    "long": (f"token: {'Zq' * 250}7", "token: <secret>"),
    "quoted": ('token "Zq7qwertyuiop" has expired', 'token "<secret>" has expired'),
    "after its fault": ("Invalid token: Zq7qwertyuiopasdf", "Invalid token: <secret>"),
    "session": ("Session Zq7sess-1234-abcd expired", "Session <secret> expired"),
    "one-time code": ("otp code 481516 refused", "otp code <secret> refused"),
    "docker": ("docker: dckr_pat_Zq7abcdefghij", "docker: <secret>"),
    "terraform": ("x Zq7abcdefgh.atlasv1.Zq7abcdefghijklmnop", "x <secret>"),
    "vault": ("vault: hvs.Zq7CAESIJabcdef", "vault: <secret>"),
    "atlassian": ("ATATT3xFfGF0Zq7abc denied", "<secret> denied"),
    "google": ("GOCSPX-Zq7abcdefgh and 1//0Zq7abcdefgh", "<secret> and <secret>"),
    "voyage": ("voyage pa-Zq7bcdefghijklmnop", "voyage <secret>"),
    "fireworks": ("fw_Zq7x0123456789abcdefgh", "<secret>"),
    "cerebras": ("csk-Zq7x0123456789", "<secret>"),
    "account": ("IBAN DE89 3704 0044 0532 0130 00 rejected", "IBAN <secret> rejected"),
    "card": ("card 4111 1111 1111 1111 declined", "card <secret> declined"),
    "card in one": ("card 4111111111111111 declined", "card <secret> declined"),
    "social security": ("SSN 078-05-1120 unknown", "SSN <secret> unknown"),
    "telephone": ("Tel. 0151 23456789 is busy", "Tel. <phone> is busy"),
    "telephone of ten digits": ("SMS to 555-123-4567 failed", "SMS to <phone> failed"),
    "name and address": ("user Alice Zq7Smith <zq7@example.com> denied", "user <e-mail> denied"),
    "local address": ("Zq7bob@localhost denied", "<e-mail> denied"),
    "share": ("\\\\files\\home\\Zq7user\\x.json", "\\\\<host>\\home\\user\\x.json"),
    "home elsewhere": ("/export/home/Zq7user/x is missing", "~/x is missing"),
    "windows from linux": ("/mnt/c/Users/Zq7user/x.json", "~/x.json"),
    "windows with slashes": ("C:/Users/Zq7user/AppData/x", "~/AppData/x"),
    "home by name": ("~Zq7user/stories/x missing", "~/stories/x missing"),
    "address of IPv6": ("from 2001:db8:85a3::8a2e:370:7334 refused", "from <ip> refused"),
}  # fmt: skip
PROMPTS = {
    "of pydantic": ("[type=x, input_value={'t': 'Zq7 dragon'}, input_type=dict]", "[type=x, input_value=<text>"),
    "of a filter": ("The prompt Zq7 a dragon eats Alice was blocked", "The prompt <text> was blocked"),
    "after a colon": ("Prompt: Zq7 a dragon eats Alice in the wood", "Prompt: <text>"),
    "of a program": ("user_prompt=Zq7 a dragon eats", "user_prompt=<text>"),
    "of a unique title": ('unique constraint "t" DETAIL: Key (title)=(Zq7 The dragon) already exists.',
        'unique constraint "t" DETAIL: Key (title)=(<text>) already exists.'),
    "of SQLAlchemy": ("(IntegrityError) [parameters: ('Zq7 Dragon',)]", "(IntegrityError) [parameters: <text>"),
    "of psycopg": ("syntax error LINE 1: INSERT INTO s VALUES ('Zq7 it''s')", "syntax error LINE 1: <text>"),
    "with an apostrophe before": ("can't encode 'é Zq7 upon a time'", "can't encode '<text>'"),
    "of a candidate": ("Candidate: Zq7 once upon a time there was", "Candidate: <text>"),
    "of a chapter": ("Chapter text: Zq7 once upon a time there was", "Chapter text: <text>"),
    "of an answer": ("Response: Zq7 once upon a time there was a girl", "Response: <text>"),
    "of a model": ('LLM said "Zq7 no"', "LLM said <text>"),
    "no JSON": ("Unexpected token Z at position 0: Zq7 once upon a", "Unexpected token Z at position 0: <text>"),
    "not as JSON": ("Failed to parse it as JSON: Zq7 once upon", "Failed to parse it as JSON: <text>"),
    "a page": ("<html><title>502 Bad Gateway</title><body>Zq7</body></html>", "<page> 502 Bad Gateway"),
}  # fmt: skip
KEPT = (
    "openai.RateLimitError: Rate limit reached for gpt-4o: Limit 30000, Used 29000. Please try again in 2s.",
    "prompt is too long: 212000 tokens > 200000 maximum",
    "duplicate key value violates unique constraint DETAIL: Key (story_id)=(A-17) already exists.",
    "Response: Too many requests, please try again later in a while",
    "input: value is not a valid integer for field chapters",
    "story: A-17 failed at step outline after three tries",
    "request: missing required field model in body of the call",
    "message: The model gpt-9 does not exist or you do not have access to it.",
    "Unexpected token < in JSON at position 0",
    "Outline is not valid JSON: Unexpected token at position 726",
    "Invalid json output: Expecting ',' delimiter: line 12 column 5 (char 762)",
    "Agent gave no answer within 938s (session 55e960da544a)",
    "std::bad_alloc at Foo::bar(int) at 10:00:00",
    "commit 9fceb02d0ae598e95dc970b74767f19372d61af8 not found",
    "epoch 1732701600123456 is late, ETA 12-34-5678",
    "invalid key: chapter_title_of_story",
    "secret_story and key_insights_of_the_chapter failed",
    "pass 2 of 3 failed, bypass=true",
    "Step 'write' wasn't found, it's 'draft'",
    "<html> tag is missing",
    "~/stories/x.json is missing",
)


@pytest.mark.parametrize("case", SECRETS)
def test_what_is_taken_out(case: str) -> None:
    text, kept = SECRETS[case]
    assert clean_text(text) == kept
    assert clean_text(f"so: {text}".encode()) == f"so: {kept}"


@pytest.mark.parametrize("case", PROMPTS)
def test_what_is_repeated(case: str) -> None:
    text, kept = PROMPTS[case]
    assert neutral(text) == kept


@pytest.mark.parametrize("text", KEPT)
def test_what_stays(text: str) -> None:
    assert neutral(clean_text(text)) == text


def test_nothing_of_it_is_in_the_file(db: ReportDatabase, tmp_path: Path) -> None:
    texts = [text for cases in (SECRETS, PROMPTS) for text, _ in cases.values()]
    same = {"step": "write", "status": "failed", "started_at": "2026-03-10T10:00:00Z"}
    rows = ({"id": f"i{number}", "error": text, **same} for number, text in enumerate(texts))
    (source := tmp_path / "steps.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows), "utf-8")
    db.ingest(source)
    assert db.one("select count(error_message) from step_runs") == len(texts)
    assert b"zq7" not in db.path.read_bytes().lower()


def test_the_number_of_a_card_has_a_check_digit() -> None:
    """Luhn's, worked out by hand: of 4111111111111111 the doubled digits add up to 8 + 7 * 2, others to 8: 30."""
    is_card = importlib.import_module("storyreport.values.people")._is_card
    assert is_card("4111111111111111")
    assert not is_card("4111111111111112")
    assert is_card("378282246310005")
