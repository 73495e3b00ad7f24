"""One database fed by every system: the same answers in any order, and nothing private of any of them."""

import json
import re
import shutil
from pathlib import Path

from helpers.everything import answers
from helpers.report_database import ReportDatabase, ask


def test_every_system_is_there(sampled: ReportDatabase, samples: list[Path]) -> None:
    """Each source is one of another system, with rows and nothing rejected."""
    rows = sampled.sql("select name, system, rows, rejected from source_states")
    assert len(rows) == len({system for _, system, _, _ in rows}) == len(samples)
    assert {"pipeline", "workflow", "sprint", "media", "adventure", "litellm"} <= {system for _, system, _, _ in rows}
    assert all(count > 0 for _, _, count, _ in rows)
    assert sum(rejected for _, _, _, rejected in rows) == 0


def test_reports_speak_of_all(sampled: ReportDatabase) -> None:
    """One report speaks of the sources of several systems."""
    together = answers(sampled)
    for name in ("slowest_steps", "failure_rates", "stuck_runs", "orphans"):
        assert len({row["source"] for row in together[name]}) >= 4, name
    assert len({row["source"] for row in together["cost"]}) >= 3
    assert {row["currency"] for row in together["cost"]} == {"USD", "EUR"}


def test_another_order_gives_the_same_answers(sampled: ReportDatabase, samples: list[Path], tmp_path: Path) -> None:
    """The reports do not depend on which source came first."""
    db = ReportDatabase(tmp_path)
    for source in reversed(samples):
        db.ingest(source)
    expected, found = answers(sampled), answers(db)
    for row in [*expected["sessions"], *found["sessions"]]:
        # Each database has a key of its own for these.
        del row["session"]
    for row in [*expected["cost_by_label"], *found["cost_by_label"]]:
        if row["label"] in ("user", "key"):
            del row["value"]
    # When it was read, and how long it has been running since.
    for name in expected.keys() - {"ingests", "active_runs"}:
        rows = expected[name]
        assert sorted(map(str, found[name])) == sorted(map(str, rows)), name


def test_the_same_again_writes_nothing(sampled: ReportDatabase, samples: list[Path], db: ReportDatabase) -> None:
    """No source is read twice, and reading it in full changes nothing."""
    shutil.copy(sampled.path, db.path)
    for source in samples:
        assert db.ingest(source).unchanged
        assert db.ingest(source, full=True).counts.written == 0


def private_texts(samples: list[Path]) -> set[str]:
    """What must not be found: prompts, texts, people and sessions, as the sources themselves have them."""
    found: set[str] = set()
    for path in samples:
        if path.name == "moviemaker.db":
            found |= {text for (text,) in ask(path, "select original_prompt from workflows")}
            found |= {text for row in ask(path, "select username, email from users") for text in row}
            found |= {text for row in ask(path, "select description, prompt from scenes") for text in row}
        elif path.name == "adventure.db":
            found |= {text for (text,) in ask(path, "select content from story_nodes")}
            found |= {text for (text,) in ask(path, "select session_id from story_jobs")}
            options = (
                json.loads(text) for (text,) in ask(path, "select options from story_nodes where json_valid(options)")
            )
            found |= {o["text"] for list_ in options if isinstance(list_, list) for o in list_ if isinstance(o, dict)}
        elif path.suffix == ".jsonl":
            for line in path.read_text(encoding="utf-8").splitlines():
                record = json.loads(line)
                found |= {str(record[key]) for key in ("user", "end_user", "session_id", "api_key") if record.get(key)}
        elif path.name == "taleservice":
            for line in (path / "token_usage_tracking.jsonl").read_text(encoding="utf-8").splitlines():
                record = json.loads(line)
                found |= {str(record[key]) for key in ("author_id",) if record.get(key)}
                found |= set(re.findall(r"[^\"{}:]{25,}", json.dumps(record.get("input_prompt_json") or "")))
    return {text for text in found if len(text) > 5}


def test_nothing_private_is_copied(sampled: ReportDatabase, samples: list[Path]) -> None:
    """No byte of the database is of a prompt, a story, a node, a person or a session."""
    texts = private_texts(samples)
    assert len(texts) > 300
    stored = sampled.path.read_bytes()
    assert [text for text in sorted(texts) if text.encode() in stored] == []
    assert b"Once there was a tale" not in stored


def test_with_text_only_texts_are_copied(samples: list[Path], tmp_path: Path) -> None:
    """Asked for, prompts and stories are copied; people and sessions are not."""
    db = ReportDatabase(tmp_path)
    for source in samples:
        db.ingest(source, with_text=True)
    assert db.one("select count(*) from stories where prompt is not null") > 100
    assert db.one("select count(*) from story_nodes where text is not null") > 100
    stored = db.path.read_bytes()
    people = [text for text in private_texts(samples) if "@" in text or re.fullmatch(r"[0-9a-f-]{36}", text)]
    assert people
    assert [text for text in people if text.encode() in stored] == []
