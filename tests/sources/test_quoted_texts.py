"""Error messages are kept without the story that they quote."""

from pathlib import Path

import pytest
from helpers.adventure import TABLES
from helpers.report_database import ReportDatabase, change

from storyreport.values.quotes import without_quotes

STORY = '{"title": "The Private Title", "rootNode": {"content": "You wake in the SECRETWORD cave."}}'


@pytest.mark.parametrize(
    ("error", "kept"),
    [
        (f"Failed to parse Reply from completion {STORY}. Got: 1 validation error",
            "Failed to parse Reply from completion …. Got: 1 validation error"),
        ("Failed to parse Reply from completion You wake in the SECRETWORD cave. Got: 1 validation error",
            "Failed to parse Reply from completion …. Got: 1 validation error"),
        (f"Invalid json output: {STORY}\nFor troubleshooting, visit: https://example.org/OUTPUT_PARSING_FAILURE",
            "Invalid json output: …\nFor troubleshooting, visit: https://example.org/OUTPUT_PARSING_FAILURE"),
        (f"Could not parse LLM output: {STORY[:40]}", "Could not parse LLM output: …"),
        ("1 validation error for Reply\nrootNode\n  Field required [type=missing, input_value={'title': 'SECRETWORD'},"
            " input_type=dict]", None),
        (f"Expecting value in {STORY[:60]}", "Expecting value in {…}"),
        ("bad answer: 'You wake in the SECRETWORD cave, cold and wet'", "bad answer: …"),
        ("(sqlite3.IntegrityError) NOT NULL constraint failed: nodes.x [parameters: ('SECRETWORD', 1)]", None),
        ("null value in column \"x\" DETAIL: Failing row contains (1, SECRETWORD).", None),
    ],
)  # fmt: skip
def test_quotes_are_hidden(db: ReportDatabase, tmp_path: Path, error: str, kept: str | None) -> None:
    """What was quoted is nowhere in the report database; what the library says is."""
    path = tmp_path / "game.db"
    escaped = error.replace("'", "''")
    change(
        path,
        *TABLES.split(";"),
        f"insert into story_jobs values (1, 'j1', 's', 'sea', 'failed', null, '{escaped}', '2026-01-01', '2026-01-02')",
    )
    db.ingest(path)
    (message,) = db.sql("select error_message from runs")[0]
    assert b"SECRETWORD" not in db.path.read_bytes()
    assert kept is None or message == kept
    assert message.split()[0] == error.split()[0]


@pytest.mark.parametrize(
    "error",
    ["KeyError: 'title'", "HTTP 429: rate limit [retry in 20 s]", "Story 'The Fox' not found", "index [3] is missing"],
)
def test_plain_messages_stay(error: str) -> None:
    """Names, codes and lists without quotes are what an error is known by."""
    assert without_quotes(error) == error


@pytest.mark.parametrize(
    ("answer", "kept"),
    [
        ("{'error': {'message': 'Over your quota', 'type': 'insufficient_quota', 'code': 'insufficient_quota'}}",
            "{insufficient_quota …}"),
        ("{'error': {'message': 'Limit 3, see {x}', 'type': 'tokens', 'code': 'rate_limit_exceeded'}}",
            "{rate_limit_exceeded …}"),
        ('{"type": "error", "error": {"type": "overloaded_error", "message": "Overloaded"}}', "{overloaded_error …}"),
        ("{'error': {'code': 429, 'message': 'Exhausted', 'status': 'RESOURCE_EXHAUSTED'}}", "{RESOURCE_EXHAUSTED …}"),
        ("{'title': 'A', 'type': 'dark_cave', 'error': {'type': 'dark_cave'}}", "{…}"),
    ],
)  # fmt: skip
def test_kinds_of_a_provider_s_error_stay(answer: str, kept: str) -> None:
    """A used up quota is another error than too many requests at once; what looks like a story has no kinds."""
    assert without_quotes(f"Error code: 429 - {answer}") == f"Error code: 429 - {kept}"
