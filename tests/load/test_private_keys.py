"""Keys that are e-mail addresses are kept as hashes; what is the same is still the same, ingest after ingest."""

import json
import re
from pathlib import Path

import pytest
from helpers import tracker
from helpers.report_database import ReportDatabase, change

from storyreport.upkeep.doctor import examine
from storyreport.upkeep.scrub import scrub
from storyreport.values import neutral

SAME = {"step": "write", "status": "done", "started_at": "2026-03-10T10:00:00Z", "ended_at": "2026-03-10T10:05:00Z"}
BOB, ANN = "Zq7bob@example.com", "Zq7ann@example.com"


def write(path: Path, *rows: dict[str, str]) -> Path:
    """Step runs in the plain form."""
    path.write_text("".join(json.dumps({**SAME, **row}) + "\n" for row in rows), encoding="utf-8")
    return path


def test_keys_are_hashed(db: ReportDatabase, tmp_path: Path) -> None:
    """A story, a run, a step run and a step; the story of two rows is one, and versions are no addresses."""
    rows = (
        {"id": f"{BOB}/1", "story": BOB, "run": f"batch {BOB}"},
        {"id": "2", "story": BOB, "run": "pkg@1.2.3"},
        {"id": "3", "story": ANN, "step": f"by {ANN}"},
    )
    db.ingest(write(tmp_path / "steps.jsonl", *rows))
    assert b"Zq7" not in db.path.read_bytes()
    counted = "select source_key, (select count(*) from step_runs where story_id = stories.id) from stories"
    stories = dict(db.sql(counted))
    assert sorted(stories.values()) == [1, 2]
    assert all(re.fullmatch("e-mail-[0-9a-f]{16}", key) for key in stories)
    (bob,) = (key for key, count in stories.items() if count == 2)
    assert {key for (key,) in db.sql("select source_key from runs")} == {f"batch {bob}", "pkg@1.2.3"}
    assert f"{bob}/1" in {key for (key,) in db.sql("select source_key from step_runs")}


def test_a_key_that_is_an_encoded_address(db: ReportDatabase, tmp_path: Path) -> None:
    """An address in small letters, as it stands in a link, has neither a capital nor an @."""
    db.ingest(
        write(tmp_path / "steps.jsonl", {"id": "1", "story": "zq8ann%40mail.example"}, {"id": "2", "story": "5%"})
    )
    assert b"zq8" not in db.path.read_bytes()
    kept = [key for (key,) in db.sql("select source_key from stories order by source_key")]
    assert kept[0] == "5%"
    assert re.fullmatch("e-mail-[0-9a-f]{16}", kept[1])


def test_keys_that_hold_a_secret(db: ReportDatabase, tmp_path: Path) -> None:
    """A signed address, a password, the user of an address: a hash stands for each, so that two keys stay two."""
    secrets = ("Zq7sig", "Zq7other")
    keys = [f"https://x.example/v1?api_key={secret}&X-Amz-Signature={secret}" for secret in secrets]
    keys += ["password=Zq7pass1", "postgres://ann:Zq7pw@db/x", "day=2026-03-10/part=2"]
    db.ingest(write(tmp_path / "steps.jsonl", *({"id": str(n), "story": key} for n, key in enumerate(keys))))
    assert b"Zq7" not in db.path.read_bytes()
    kept = [key for (key,) in db.sql("select source_key from stories order by source_key")]
    assert len(kept) == len(keys)
    assert kept[0] == "day=2026-03-10/part=2"
    hashed = "secret-[0-9a-f]{16}"
    assert all(
        re.fullmatch(rf"https://x\.example/v1\?api_key={hashed}&X-Amz-Signature={hashed}", key) for key in kept[1:3]
    )
    assert re.fullmatch(f"password={hashed}", kept[3])
    assert re.fullmatch(f"postgres://{hashed}@db/x", kept[4])


@pytest.mark.parametrize(
    ("run", "hashed"),
    [
        ("nightly/sk-proj-Zq7Ab3dE5fG7hJ9kLmN0", "nightly/secret"),
        ("postgres://ann:Zq7pw@db/x", "postgres://secret@db/x"),
        (f"~/{ANN}/a~b", "~/e-mail/a~b"),
    ],
)
def test_what_is_private_within_a_key_of_several_parts(
    db: ReportDatabase, tmp_path: Path, run: str, hashed: str
) -> None:
    """A row without an id is known by its run, step and time, in which a slash is written otherwise."""
    db.ingest(write(tmp_path / "steps.jsonl", {"run": run}))
    assert b"Zq7" not in db.path.read_bytes()
    kept = db.one("select source_key from runs")
    assert re.sub("-[0-9a-f]{16}", "", kept) == hashed
    assert db.one("select source_key from step_runs").startswith(kept.replace("~", "~0").replace("/", "~1") + "/")


def test_keys_that_are_a_token(db: ReportDatabase, tmp_path: Path) -> None:
    """Of a provider, by what it begins with; names of steps and ids of runs that look like one stay, and two"
    " stay two."""
    tokens = (
        "sk-proj-Zq7abcdefghij123456",
        "ghp_Zq7Abcdefghij1234567890",
        "AKIAZQ7XKD93MVBT51HW",
        "xoxb-12345678-Zq7abcXYZ",
        # In small letters, and without digits.
        "sk-zq7a2195c064a6d3ee3cf3aa3ac8a94f0",
        "dop_v1_zq7195c064a6d3ee3cf3aa3ac8a94f0",
        "xoxb-123456789012-zq7abcdefabcabc",
        "hf_ZqRsTuVwXyZaBcDeFgHiJkLmNoPqRsTuVw",
    )
    names = (
        "sk_generate_outline_2",
        "20260310T120000Z-a1b2c3",
        "msg_01XFDUDYJgAACzvnptvVoYEL",
        "LA-Confidential-Part2",
        "sk-the-story-of-the-two-brothers-2026",
        "fc-20260310t120000z0001",
        "sk-GenerateStoryOutlineForChapterOne",
        "chatcmpl-45a2195c064a6d3ee3cf3aa3ac8a94f0",
    )
    db.ingest(
        write(tmp_path / "steps.jsonl", *({"id": f"of {key}", "run": key, "step": key} for key in (*tokens, *names)))
    )
    assert re.search(rb"zq7|zqrs", db.path.read_bytes().lower()) is None
    runs = {key for (key,) in db.sql("select source_key from runs")}
    assert set(names) <= runs
    assert sum(re.fullmatch("secret-[0-9a-f]{16}", key) is not None for key in runs) == len(tokens)
    assert {key for (key,) in db.sql("select name from steps")} == runs


def test_words_that_hold_a_secret(db: ReportDatabase, tmp_path: Path) -> None:
    """A model, a status; names of models that look like one stay."""
    models = (
        "mistralai/Mixtral-8x7B-Instruct-v0.1",
        "eleven_multilingual_v2",
        "us.anthropic.claude-3-5-sonnet-20241022-v2:0",
    )
    secrets = ("sk-proj-Zq7abcdefghij1234567890", "x?password=Zq7pass1", "eyJhbGciOiJIUzI1NiJ9.eyJacTcifQ.Zq7sig")
    lines = ["id,step,model,called_at,input_tokens"]
    lines += [f"{number},write,{model},2026-03-10 10:00:00,3" for number, model in enumerate((*models, *secrets))]
    (source := tmp_path / "calls.csv").write_text("\n".join(lines), encoding="utf-8")
    db.ingest(source)
    assert b"Zq7" not in db.path.read_bytes()
    assert set(models) <= {model for (model,) in db.sql("select model from calls")}


@pytest.mark.parametrize("story", [BOB, "x?api_key=Zq7letters"], ids=("e-mail", "secret"))
def test_a_tracker_is_followed(db: ReportDatabase, tmp_path: Path, story: str) -> None:
    """Rows that change, and go, are found where stories are called after people; no key is kept beside the rows."""
    path = tmp_path / "pipeline_stories.db"
    tracker.Tracker(path).close()
    change(
        path,
        f"insert into stories (story_id, title) values ('{story}', 'One')",
        "insert into step_status (story_id, step_name, status, started_at)"
        f" values ('{story}', '01_ingest', 'running', '2026-03-10 10:00:00')",
    )
    db.ingest(path)
    assert db.sql("select status from step_runs") == [("running",)]
    change(path, "update step_status set status = 'failed'")
    db.ingest(path)
    assert db.sql("select status from step_runs where gone_at is null") == [("failed",)]
    assert db.one("select count(*) from stories") == 1
    change(path, "delete from step_status", "delete from stories")
    db.ingest(path)
    assert db.one("select count(*) from stories where gone_at is null") == 0
    assert b"Zq7" not in db.path.read_bytes()


@pytest.mark.parametrize(
    ("text", "kept"),
    [
        ("bad JSON (char 0) in: Once upon a time there was", "bad JSON (char 0) in: <text>"),
        ("Got: Sure! Here is your story about Alice", "Got: <text>"),
        ("no Story from completion Once upon a time in a land", "no Story from completion <text>"),
        ("DETAIL: Failing row contains (1, Alice, null)", "DETAIL: Failing row contains <text>"),
        ("f() got an unexpected keyword argument title in this call", None),
        ("model returned: 503 Service Unavailable, try again in a minute", None),
    ],
)
def test_sentences_of_prompts(text: str, kept: str | None) -> None:
    """What follows without quotes is a sentence where it has six words."""
    assert neutral(text) == (kept or text)


TAGGED = {"request_id": "r1", "call_type": "acompletion", "model": "gpt-4o", "spend": 0.1, "status": "success"}
TAGGED |= {"startTime": "2026-03-01T10:00:00Z", "endTime": "2026-03-01T10:00:02Z", "team_id": "tellers"}
TAGGED |= {"total_tokens": 10, "prompt_tokens": 5, "completion_tokens": 5}


def test_tags_are_texts(db: ReportDatabase, tmp_path: Path) -> None:
    """Whatever a list of labels holds is kept as a text is; what is nested in it is not kept."""
    tags = ["token=Zq7abcdef123", "by Zq7bob@example.com", "storyteller", ["Zq7"], 4]
    (tmp_path / "spend.jsonl").write_text(json.dumps({**TAGGED, "request_tags": tags}) + "\n", encoding="utf-8")
    db.ingest(tmp_path / "spend.jsonl")
    ((labels,),) = db.sql("select labels from calls")
    assert json.loads(labels) == {"team": "tellers", "tag": ["token=<secret>", "by <e-mail>", "storyteller", 4]}
    assert examine(db.path) == []
    change(db.path, 'update calls set labels = \'{"tag":["token=Zq7abcdef123"],"key":"4b9753aec667ac78"}\'')
    assert [(each.table, each.column, each.rows) for each in scrub(db.path)] == [("calls", "labels", 1)]
    assert db.sql("select labels from calls") == [('{"tag":["token=<secret>"],"key":"4b9753aec667ac78"}',)]
    values = {(row["label"], row["value"]) for row in db.report("cost_by_label")}
    assert values == {("tag", "token=<secret>"), ("key", "4b9753aec667ac78")}
    assert examine(db.path) == []
