"""Secrets, people and prompts as other languages, tools and formats write them; worked out by hand.

Zq7 is in every secret and in nothing that is kept. What stays says which error it is.
"""

import base64
import json
from pathlib import Path

import pytest
from helpers.report_database import ReportDatabase, change

from storyreport.errors import StoryreportError
from storyreport.upkeep.scrub import scrub
from storyreport.values import clean_text, fingerprint, neutral

IN_BASE64 = base64.b64encode(b'{"api_key": "Zq7key", "user": "ann"}').decode()
SECRETS = {
    "German": ("Benutzer fehlt, Kennwort Zq7geheim99 ist falsch", "Benutzer fehlt, Kennwort <secret> ist falsch"),
    "German, of an API": ("Ungültiger API-Schlüssel: Zq7geheim99", "Ungültiger API-Schlüssel: <secret>"),
    "French": ("clé d'API invalide : Zq7secret9abc", "clé d'API invalide : <secret>"),
    "Spanish": ("la contraseña 'Zq7clave99' no es válida", "la contraseña '<secret>' no es válida"),
    "Portuguese": ("chave=Zq7chave99", "chave=<secret>"),
    "Italian": ("chiave API non valida: Zq7chiave9876", "chiave API non valida: <secret>"),
    "Russian": ("Неверный ключ API: Zq7klyuch123456", "Неверный ключ API: <secret>"),
    "Ukrainian": ("невірний пароль: «Zq7parol99»", "невірний пароль: «<secret>»"),
    "Chinese": ("无效的API密钥\uff1aZq7miyao123456", "无效的API密钥\uff1a<secret>"),
    "Japanese": ("APIキー「Zq7kagi123456」が無効です", "APIキー「<secret>」が無効です"),
    "Korean": ("API 키: Zq7ki123456 가", "API 키: <secret> 가"),
    "Turkish": ("şifre: Zq7sifre99 hatal\u0131", "şifre: <secret> hatal\u0131"),
    "Arabic": ("كلمة المرور: Zq7murur99", "كلمة المرور: <secret>"),
    "Rust": ('{ password: Some("Zq7pw"), token: Some("Zq7tok") }', '{ password: Some'
    '("<secret>"), token: Some("<secret>") }'),
    "PHP": ("Array ( [password] => Zq7pw )", "Array ( [password] => <secret> )"),
    "PHP, a connection": ("PDO->__construct('mysql:host=db', 'root', 'Zq7pw')", "PDO->__construct(<secret>)"),
    "Ruby": ('{:password=>"Zq7pw", "api_key"=>"Zq7key"}', '{:password=>"<secret>", "api_key"=>"<secret>"}'),
    "Go": ("&{Host:db User:Zq7ann Password:Zq7pw DBName:x}", "&{Host:db User:<user> Password:<secret> DBName:x}"),
    "TOML": ("password = '''Zq7pw'''", "password = '''<secret>'''"),
    "YAML": ("tokens:\n  - Zq7one\n  - Zq7two", "tokens:\n  <secret>"),
    "a variable of YAML": ("- name: DB_PASSWORD\n  value: Zq7pw", "- name: DB_PASSWORD\n  value: <secret>"),
    "a variable of JSON": ('{"name": "API_TOKEN", "value": "Zq7tok"}', '{"name": "API_TOKEN", "value": "<secret>"}'),
    "the value first": ('{"value":"Zq7key","name":"OPENAI_API_KEY"}', '{"value":"<secret>","name":"OPENAI_API_KEY"}'),
    "XML": ('<add key="ApiKey" value="Zq7key"/>', '<add key="ApiKey" value="<secret>"/>'),
    "XML, a property": ('<property name="password">Zq7pw</property>', '<property name="password"><secret></property>'),
    "CDATA": ("<password><![CDATA[Zq7pw", "<password><![CDATA[<secret>"),
    "HTML": ('<input type="password" name="pw" value="Zq7pw">', '<input type="password" name="pw" value="<secret>">'),
    "a form": ('name="password"\n\nZq7pw\n--x', 'name="password"\n\n<secret>\n--x'),
    "a Secret of Kubernetes": ("kind: Secret\ndata:\n  user: WnE3YW5u\n", "kind: Secret\ndata:\n  <secret>\n"),
    "base64": (f"body {IN_BASE64} refused", "body <secret> refused"),
    "a part of a JWT": ("bad segment eyJzdWIiOiJacTcifQ", "bad segment <secret>"),
    "environment": ("{'DB_PASS': 'Zq7pw'} SALT=Zq7salt", "{'DB_PASS': '<secret>'} SALT=<secret>"),
    "a shell of Windows": ('setx DB_PWD "Zq7pw"', 'setx DB_PWD "<secret>"'),
    "PowerShell": ("ConvertTo-SecureString 'Zq7pass' -Force", "ConvertTo-SecureString '<secret>' -Force"),
    "curl": ("curl -b 'sid=Zq7sid; a=b' https://a.example", "curl -b '<secret>' https://a.example"),
    "httpie": ("http -a ann:Zq7pw a.example", "http -a <secret> a.example"),
    "docker": ("docker login -u ann -p Zq7pw hub.example", "docker login -u ann -p <secret> hub.example"),
    "SQL": ("CREATE USER ann IDENTIFIED BY 'Zq7pw'", "CREATE USER ann IDENTIFIED BY '<secret>'"),
    "ODBC": ("SERVER=db;UID=Zq7ann;PWD={Zq7p;w};", "SERVER=db;UID=<user>;PWD=<secret>;"),
    "Oracle": ('connect("scott/Zq7tiger@db/x")', 'connect("scott/<secret>@db/x")'),
    "IMAP": ("a1 LOGIN ann Zq7pw failed", "a1 LOGIN ann <secret> failed"),
    "FTP": ("USER ann PASS Zq7pw -> 530", "USER ann PASS <secret> -> 530"),
    "Redis": ("AUTH ann Zq7pw failed", "AUTH ann <secret> failed"),
    "Kakao": ("KakaoAK zq770123456789abcdef refused", "KakaoAK <secret> refused"),
}  # fmt: skip
PEOPLE = {
    "a user of SQL Server": ("Login failed for user 'Zq7ann'.", "Login failed for user '<user>'."),
    "a user of SSH": ("Failed password for invalid"
    " user Zq7ann from 10.0.0.1", "Failed password for invalid user <user> from <ip>"),
    "a user of a log": ("203.0.113.9 - annZq7 [10/Mar/2026]", "<ip> - <user> [10/Mar/2026]"),
    "a field": ("username=Zq7ann is locked", "username=<user> is locked"),
    "a field of JSON": ('{"user": "Zq7ann"}', '{"user": "<user>"}'),
    "a customer": ("customer name: Anna Zq7Meier not found", "customer name: <user> not found"),
    "in words": ("user Anna Zq7Meier has no access", "user <user> has no access"),
    "a remote folder": ("s3://bucket/home/Zq7ann/x", "s3://<bucket>/home/user/x"),
    "a folder below others": ("/var/lib/jenkins/users/Zq7ann/x", "/var/lib/jenkins/users/user/x"),
    "a folder of two words": ("/Users/Zq7 ann/Story/x.txt", "~/Story/x.txt"),
    "a folder of Windows": ("D:\\home\\Zq7ann\\x", "D:\\home\\user\\x"),
    "a street": ("address: 12 Zq7bury Road, London", "address: <address>"),
    "a German street": ("Adresse: Zq7straße 12, 10115 Berlin", "Adresse: <address>"),
    "a French street": ('"street": "12 rue Zq7 Voltaire"', '"street": "<address>"'),
    "a birthday": ("date of birth: 1984-05-06", "date of birth: <secret>"),
    "a passport": ("passport no. C01X00T47 refused", "passport no. <secret> refused"),
    "papers of Brazil": ("CPF 123.456.789-09", "CPF <secret>"),
    "papers of India": ("Aadhaar 2345 6789 0123", "Aadhaar <secret>"),
    "papers of China": ("身份证号 11010519491231002X", "身份证号 <secret>"),
}  # fmt: skip
TELEPHONES = (
    *("+33 1 42 68 53 00", "+81-3-1234-5678", "0044 20 7946 0958", "07700 900123", "06 12 34 56 78", "030/901820"),
    *("1-800-555-0199", "138 0013 8000", "+358401234567"),
)
NAMED_TELEPHONES = (
    "WhatsApp number {}",
    "SMS an {}",
    "téléphone {}",
    "电话\uff1a{}",
    "mobile={}",
    '"phone":"{}"',
    "phone_number: {}",
)
PROMPTS = {
    "of SQL": ("INSERT INTO s VALUES ('Zq7 it', 1)", "INSERT INTO s VALUES <text>"),
    "in a condition": ("SELECT * FROM s WHERE title = 'Zq7'", "SELECT * FROM s WHERE title = '<text>'"),
    "of SQL Server": ("duplicate key value is (The Zq7 dragon).", "duplicate key value is (<text>)."),
    "of an address": ("GET https://a.example/x?prompt=Zq7%20the%20dragon%20eats&w=1 failed",
        "GET https://a.example/x?prompt=<text>&w=1 failed"),
    "of an address's path": ("https://a.example/prompt/Zq7%20the%20dragon?w=1", "https://a.example/prompt/<text>?w=1"),
    "of DSPy": ("LM Response: Zq7 the dragon loves my daughter Alice", "LM Response: <text>"),
    "of a tokenizer": ("only handle sequences up to 77 tokens: Zq7 the dragon loves my daughter",
        "only handle sequences up to 77 tokens: <text>"),
    "of an agent": ("Thought: I write about Zq7 the dragon", "Thought: <text>"),
    "of a refusal": ("refused: I'm sorry, but Zq7 is no fox", "refused: <text>"),
    "of a test": ("assert 'a'\n  + Zq7 the dragon loves", "assert 'a'\n  + <text>"),
    "of a page": ("<div>Zq7 the dragon loves my daughter Alice</div>", "<div><text></div>"),
    "of XML": ("not well-formed: line 1, column"
    " 5\nZq7 the dragon\n    ^", "not well-formed: line 1, column 5\n<text>\n    ^"),
    "a file's name": ("File name too long: '/data/Zq7_the_dragon.txt'", "File name too long: '<text>'"),
    "German": ("Eingabe: Es war einmal ein Zq7 im Wald", "Eingabe: <text>"),
    "Chinese": ("提示词\uff1a从前有一只Zq7住在森林里", "提示词\uff1a<text>"),
}  # fmt: skip
# Each an error of its own.
STAYS = (
    "Missing some input keys: {'chapter'}",
    "missing keys: ['title', 'summary']",
    "Invalid role 'assistant' after role 'user'",
    "Access denied (using password: YES)",
    "Extra data: line 1 column 5 (char 4)",
    "called `Result::unwrap()` on an `Err` value: NotFound",
    "CONTEXT: SQL statement of the function write at line 3",
    "no such column: users.name",
    "name 'user' is not defined",
    "username is required",
    "user_id=42 has no stories",
    "chapters 01 02 03 04 05 failed",
    "10/03/2026 10:00:00 is too late",
    "batch 00 12 is empty, see page 1 of 12 34 56",
    "cell 3 of the notebook failed",
    "via Bedrock 2 times",
    "address already in use",
    "connect() failed (111: Connection refused) while connecting to upstream",
    "sqlite3.connect('stories.db') failed",
    "kind: Deployment",
    "AUTH failed for service",
    "Fehlender Schlüssel: kapitel_titel",
    "clave no encontrada: titulo",
    "令牌已过期",
    "here are 3 files of the chapter that failed",
    "INSERT INTO stories (title) VALUES (?)",
    "outputs/Chapter12/FinalDraft2/scene.png is missing",
    "generate_chapter_outline_and_summary_v2 failed",
)


@pytest.mark.parametrize("case", [*SECRETS, *PEOPLE])
def test_what_is_taken_out(case: str) -> None:
    text, kept = {**SECRETS, **PEOPLE}[case]
    assert clean_text(text) == kept
    # What stands for it is not taken for one again.
    assert clean_text(kept) == kept


@pytest.mark.parametrize("number", TELEPHONES)
def test_telephones(number: str) -> None:
    assert clean_text(f"no answer at {number} in time") == "no answer at <phone> in time"


@pytest.mark.parametrize("name", NAMED_TELEPHONES)
def test_telephones_that_are_said_to_be_one(name: str) -> None:
    assert clean_text(name.format("13800138000")) == name.format("<phone>")


@pytest.mark.parametrize("case", PROMPTS)
def test_what_is_repeated(case: str) -> None:
    text, kept = PROMPTS[case]
    assert neutral(text) == kept


def test_what_stays() -> None:
    """The whole text; and each still differs from the others."""
    assert [text for text in STAYS if neutral(clean_text(text)) != text] == []
    assert len({fingerprint(text) for text in STAYS}) == len(STAYS)


def test_nothing_of_it_is_in_the_file(db: ReportDatabase, tmp_path: Path) -> None:
    texts = [text for cases in (SECRETS, PEOPLE, PROMPTS) for text, _ in cases.values()]
    same = {"step": "write", "status": "failed", "started_at": "2026-03-10T10:00:00Z"}
    rows = ({"id": f"i{number}", "error": text, **same} for number, text in enumerate(texts))
    (source := tmp_path / "steps.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows), "utf-8")
    db.ingest(source)
    assert db.one("select count(error_message) from step_runs") == len(texts)
    assert b"zq7" not in db.path.read_bytes().lower()


def test_nothing_of_it_is_in_a_sentence(db: ReportDatabase, tmp_path: Path) -> None:
    """The first line of a file of no known format is named in the error, as its columns."""
    (source := tmp_path / "notes.csv").write_text(
        "ghp_Zq7abcdefghij1234567890,token=Zq7abcdef1,other\n1,2,3\n", "utf-8"
    )
    with pytest.raises(StoryreportError, match="columns <secret>, other, token=<secret> match no known format"):
        db.ingest(source)


def test_lines_of_a_log_repeat_nothing_either(db: ReportDatabase, tmp_path: Path) -> None:
    """As errors do not, without --with-text; scrub takes it out of a database that has it."""
    said = "Could not parse LLM output: `Zq7 once upon a time`"
    line = {"level": "error", "message": said, "runId": "r1", "storyId": "s1", "timestamp": "2026-11-20T10:00:00.000Z"}
    (source := tmp_path / "app.log").write_text(json.dumps(line) + "\n", "utf-8")
    db.ingest(source)
    assert db.sql("select message from log_events") == [("Could not parse LLM output: <text>",)]
    change(db.path, f"update log_events set message = '{said}'")
    assert [(each.table, each.column, each.rows) for each in scrub(db.path)] == [("log_events", "message", 1)]
    assert b"zq7" not in db.path.read_bytes().lower()
    db.ingest(source, with_text=True)
    assert db.sql("select message from log_events") == [(said,)]
