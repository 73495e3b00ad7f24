"""Sessions of coding agents in their folders: usage that is copied from one to another counts once."""

import hashlib
import json
from pathlib import Path
from typing import Any

import pytest
from helpers import DATA
from helpers.report_database import ReportDatabase, change

KEYS = ("input_tokens", "cached_input_tokens", "output_tokens", "reasoning_output_tokens")
Line = dict[str, Any]


def digest(session: str) -> str:
    """The name of a session in the report database."""
    return hashlib.sha256(session.encode()).hexdigest()[:16]


def meta(session: str, at: str, **more: Any) -> Line:
    """The line that says which session it is."""
    payload = {"id": session, "timestamp": at, "cwd": "/", "cli_version": "0.148.0", **more}
    return {"timestamp": at, "type": "session_meta", "payload": payload}


def used(at: str, total: int, last: int) -> Line:
    """A count of tokens: so many of input in total, and so many of the last call."""
    info = {
        f"{name}_token_usage": dict.fromkeys(KEYS, 0) | {"input_tokens": n}
        for name, n in (("total", total), ("last", last))
    }
    return {"timestamp": at, "type": "event_msg", "payload": {"type": "token_count", "info": info}}


MODEL: Line = {"timestamp": "2026-05-01T00:00:00Z", "type": "turn_context", "payload": {"model": "gpt-5"}}
PARENT = [
    meta("parent", "2026-05-01T10:00:00.000Z"),
    MODEL,
    used("2026-05-01T10:01:00.000Z", 100, 100),
    used("2026-05-01T10:02:00.000Z", 250, 150),
]
FORKED = "2026-05-01T11:00:00.000Z"
# The parent's counts, at the time of the fork.
COPY = [used("2026-05-01T11:00:00.001Z", 100, 100), used("2026-05-01T11:00:00.002Z", 250, 150)]
OWN = used("2026-05-01T11:01:00.000Z", 280, 30)


def late(counts: list[Line]) -> list[Line]:
    """Counts that were not written at the moment of the fork."""
    return [{**line, "timestamp": f"2026-05-01T12:00:0{second}.000Z"} for second, line in enumerate(counts)]


def write(home: Path, **sessions: list[Line]) -> Path:
    """A home of Codex with these sessions, in the order of their names."""
    day = home / "sessions" / "2026" / "05" / "01"
    day.mkdir(parents=True, exist_ok=True)
    for name, lines in sessions.items():
        text = "".join(json.dumps(line) + "\n" for line in lines)
        (day / f"rollout-2026-05-01T10-00-00-{name}.jsonl").write_text(text, encoding="utf-8")
    (home / "history.jsonl").write_text('{"session_id": "parent", "ts": 1, "text": "a secret"}\n', encoding="utf-8")
    return home


def input_tokens(db: ReportDatabase) -> dict[str, list[int]]:
    """The input tokens of the calls of each session."""
    found: dict[str, list[int]] = {}
    for session, tokens in db.sql(
        "select runs.source_key, input_tokens from calls join runs on runs.id = run_id order by called_at"
    ):
        found.setdefault(session, []).append(tokens)
    return found


# Codex ----------------------------------------------------------------------------------------------------------------


FORKS = {
    # codex fork: stamped again, the parent's description after its own
    "fork": [meta("child", FORKED, forked_from_id="parent"), PARENT[0], MODEL, *COPY, OWN],
    # a sub-agent that replays its parent with the times of then
    "replay": [
        meta("child", FORKED, source={"subagent": {"thread_spawn": {"parent_thread_id": "parent"}}}),
        *PARENT,
        OWN,
    ],
    # a sub-agent that goes on from its parent's total without a replay
    "total": [meta("child", FORKED, parent_thread_id="parent"), MODEL, OWN],
}
# A session resumed by an early version, which copied it and names no parent.
RESUMED = [meta("child", FORKED), *PARENT[1:], OWN]


@pytest.mark.parametrize("child", [*FORKS.values(), RESUMED], ids=[*FORKS, "resumed"])
def test_a_session_counts_what_is_its_own(db: ReportDatabase, tmp_path: Path, child: list[Line]) -> None:
    """The parent's 100 and 150 tokens count in the parent, the child's 30 in the child, however it was forked."""
    db.ingest(write(tmp_path / "codex", a=PARENT, b=child))
    assert input_tokens(db) == {digest("parent"): [100, 150], digest("child"): [30]}
    assert db.one("select count(*) from rejects") == 0


@pytest.mark.parametrize("child", FORKS.values(), ids=FORKS)
def test_a_child_without_its_parent(db: ReportDatabase, tmp_path: Path, child: list[Line]) -> None:
    """The parent's usage is not the child's, also where the parent's session is missing."""
    db.ingest(write(tmp_path / "codex", b=child))
    assert input_tokens(db) == {digest("child"): [30]}


def test_two_children_may_use_the_same(db: ReportDatabase, tmp_path: Path) -> None:
    """Two forks of one session that each use 30 tokens more have used 60."""
    children = [[meta(name, FORKED, forked_from_id="parent"), MODEL, *COPY, OWN] for name in ("one", "two")]
    db.ingest(write(tmp_path / "codex", a=PARENT, b=children[0], c=children[1]))
    assert input_tokens(db) == {digest("parent"): [100, 150], digest("one"): [30], digest("two"): [30]}


def test_an_archived_copy_counts_once(db: ReportDatabase, tmp_path: Path) -> None:
    """A session that is there twice, once with a call more, counts once and whole."""
    db.ingest(write(tmp_path / "codex", a=PARENT[:3], b=PARENT))
    assert input_tokens(db) == {digest("parent"): [100, 150]}


def test_a_child_that_was_archived_first(db: ReportDatabase, tmp_path: Path) -> None:
    """A fork is read after its parent, wherever both lie: of its 100, 250 and 280 only the last 30 are its own."""
    home = tmp_path / "codex"
    lines = [
        meta("child", FORKED, forked_from_id="parent"),
        MODEL,
        *late(COPY),
        used("2026-05-01T12:01:00.000Z", 280, 30),
    ]
    for place, session in (("archived_sessions", lines), ("sessions", PARENT)):
        (home / place).mkdir(parents=True)
        text = "".join(json.dumps(line) + "\n" for line in session)
        (home / place / "session.jsonl").write_text(text, encoding="utf-8")
    db.ingest(home)
    assert input_tokens(db) == {digest("parent"): [100, 150], digest("child"): [30]}


def test_forks_of_a_deleted_session(db: ReportDatabase, tmp_path: Path) -> None:
    """What both have from their parent counts once, though neither stamped it again."""
    children = [[meta(name, FORKED, forked_from_id="parent"), MODEL, *late(COPY)] for name in ("one", "two")]
    children[1].append(used("2026-05-01T12:01:00.000Z", 290, 40))
    db.ingest(write(tmp_path / "codex", a=children[0], b=children[1]))
    assert input_tokens(db) == {digest("one"): [100, 150], digest("two"): [40]}


@pytest.mark.parametrize("place", ["", "sessions"])
def test_sessions_of_any_name(db: ReportDatabase, tmp_path: Path, place: str) -> None:
    """In the folder of sessions all files are sessions; beside it only those that have the name of one."""
    file = tmp_path / "codex" / "sessions" / "mine" / "session-alpha.jsonl"
    file.parent.mkdir(parents=True)
    file.write_text("".join(json.dumps(line) + "\n" for line in PARENT), encoding="utf-8")
    db.ingest(tmp_path / "codex" / place)
    assert input_tokens(db) == {digest("parent"): [100, 150]}


def test_a_session_goes_on(db: ReportDatabase, tmp_path: Path) -> None:
    """A call more is one row more; nothing else is written."""
    home = write(tmp_path / "codex", a=PARENT[:3])
    db.ingest(home)
    write(home, a=PARENT)
    outcome = db.ingest(home)
    # The call, and the run that ends with it.
    assert (outcome.counts.inserted, outcome.counts.updated) == (1, 1)
    assert input_tokens(db) == {digest("parent"): [100, 150]}


@pytest.mark.parametrize("total", ["many", -1, True, 1.5, [1]])
def test_counts_that_do_not_count(db: ReportDatabase, tmp_path: Path, total: Any) -> None:
    """A count that is no whole number is rejected; the calls around it are counted."""
    broken = used("2026-05-01T10:01:30.000Z", total, 100)
    db.ingest(write(tmp_path / "codex", a=[*PARENT[:3], broken, PARENT[3]]))
    assert input_tokens(db) == {digest("parent"): [100, 150]}
    assert db.sql("select reason from rejects") == [("total_token_usage holds no counts",)]


def test_a_first_count_that_names_no_last_call(db: ReportDatabase, tmp_path: Path) -> None:
    """The total alone says what was used: 100 tokens, and 150 more."""
    first = used("2026-05-01T10:01:00.000Z", 100, 100)
    first["payload"]["info"]["last_token_usage"] = {}
    db.ingest(write(tmp_path / "codex", a=[*PARENT[:2], first, PARENT[3]]))
    assert input_tokens(db) == {digest("parent"): [100, 150]}


# Gemini CLI -----------------------------------------------------------------------------------------------------------


def test_a_migrated_session_counts_once(db: ReportDatabase, tmp_path: Path) -> None:
    """A session whose document was left beside its log is one; an agent's log lies in a folder of its own."""
    chats = tmp_path / "gemini" / "tmp" / "project" / "chats"
    (chats / "abc").mkdir(parents=True)
    document = json.loads((DATA / "gemini_cli--document.txt").read_text(encoding="utf-8"))
    (chats / "session-2026-05-13T09-00-abc.json").write_text(json.dumps(document, indent=2), encoding="utf-8")
    head = {name: value for name, value in document.items() if name != "messages"}
    log = "".join(json.dumps(record) + "\n" for record in (head, *document["messages"]))
    (chats / "session-2026-05-13T09-00-abc.jsonl").write_text(log, encoding="utf-8")
    agent = {**document["messages"][1], "id": "g1"}
    (chats / "abc" / "agent.jsonl").write_text(json.dumps(agent) + "\n", encoding="utf-8")
    (tmp_path / "gemini" / "settings.json").write_text('{"theme": "dark"}', encoding="utf-8")
    db.ingest(tmp_path / "gemini")
    # Two messages of the session and one of the agent: 1000 + 2300 + 1000.
    assert db.sql("select count(*), sum(input_tokens) from calls") == [(3, 4300)]
    assert db.one("select count(*) from runs") == 2


# opencode -------------------------------------------------------------------------------------------------------------


def message(key: str, **more: Any) -> Line:
    """A message of opencode's as its file has it."""
    fields: Line = json.loads((DATA / "opencode--message.txt").read_text(encoding="utf-8"))
    return {**fields, "id": key, "sessionID": "ses_tellnoone", **more}


def database(folder: Path, *messages: Line) -> Path:
    """A database of opencode's with these messages, and one of a user."""
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / "opencode.db"
    change(
        path,
        "create table project (id text primary key, worktree text)",
        "create table session (id text primary key, project_id text, directory text, title text, time_created integer)",
        "create table message"
        " (id text primary key, session_id text, time_created integer, time_updated integer, data text)",
        "create index message_session_idx on message (session_id)",
        "create table part (id text primary key, message_id text, data text)",
        "insert into message values ('msg_0', 'ses_tellnoone', 1793923199000, 1793923199000, '{\"role\": \"user\"}')",
    )
    add(path, *messages)
    return path


def add(path: Path, *messages: Line) -> None:
    """Add messages to a database of opencode's."""
    for fields in messages:
        data = {name: value for name, value in fields.items() if name not in ("id", "sessionID")}
        text = json.dumps(data).replace("'", "''")
        times = f"{fields['time']['created']}, {fields['time'].get('completed') or fields['time']['created']}"
        change(path, f"insert into message values ('{fields['id']}', '{fields['sessionID']}', {times}, '{text}')")


def test_the_database_and_the_files_say_the_same(db: ReportDatabase, tmp_path: Path) -> None:
    """A message is the same call from the database as from its file."""
    columns = (
        "source_key, provider, model, status, called_at, duration_ms, input_tokens, output_tokens, cache_read_tokens,"
        " cache_write_tokens, cost, currency"
    )
    database(tmp_path / "new", message("msg_1"))
    db.ingest(tmp_path / "new", name="new")
    (folder := tmp_path / "old" / "storage" / "message" / "ses_1").mkdir(parents=True)
    (folder / "msg_0.json").write_text('{"id": "msg_0", "role": "user", "sessionID": "ses_1"}', encoding="utf-8")
    (folder / "msg_1.json").write_text(json.dumps(message("msg_1")), encoding="utf-8")
    db.ingest(tmp_path / "old", name="old")
    assert db.sql("select system from sources") == [("opencode",), ("opencode",)]
    new, old = (db.sql(f"select {columns} from calls where source_id = {number}") for number in (1, 2))
    # 100 + 1000 + 200 tokens of input, 50 + 7 of output.
    assert new == old == [
        ("msg_1", "anthropic", "claude-sonnet-4-5", "completed", "2026-11-06T00:00:00.000Z", 3000, 1300, 57, 1000, 200,
         0.0123, "USD")
    ]  # fmt: skip


def test_messages_of_opencode_that_name_no_role(db: ReportDatabase, tmp_path: Path) -> None:
    """What has a model and tokens is a model's, wherever it lies and whatever the file is called."""
    said = message("msg_1")
    del said["role"]
    database(tmp_path / "opencode", said)
    (folder := tmp_path / "older" / "storage" / "message").mkdir(parents=True)
    (folder / "message.json").write_text(json.dumps({**said, "id": "msg_2", "cost": 0.5}), encoding="utf-8")
    db.ingest(tmp_path / "opencode", tmp_path / "older")
    assert db.sql("select cost from calls order by cost") == [(0.0123,), (0.5,)]


@pytest.mark.parametrize("together", [True, False])
def test_a_forked_session_of_opencode_counts_its_own_messages(
    db: ReportDatabase, tmp_path: Path, together: bool
) -> None:
    """A fork has the messages before it once more, under other ids, with their times and tokens."""
    home = tmp_path / "opencode"
    path = database(home, message("msg_1"), message("msg_2"))
    if not together:
        db.ingest(home)
    later = {"created": 1793923300000, "completed": 1793923301000}
    copied = [message(key, sessionID="ses_fork") for key in ("msg_3", "msg_4")]
    add(path, *copied, message("msg_5", sessionID="ses_fork", time=later))
    db.ingest(home)
    assert db.sql("select source_key from calls order by 1") == [("msg_1",), ("msg_2",), ("msg_5",)]
    db.ingest(home, full=True)
    assert db.one("select count(*) from calls where gone_at is null") == 3


def test_what_was_migrated_counts_once(db: ReportDatabase, tmp_path: Path) -> None:
    """The files of an older version lie beside the database that has copied them."""
    home = tmp_path / "opencode"
    database(home, message("msg_1"), message("msg_2"))
    (folder := home / "storage" / "message" / "ses_1").mkdir(parents=True)
    for key in ("msg_1", "msg_3"):
        (folder / f"{key}.json").write_text(json.dumps(message(key, cost=0.5)), encoding="utf-8")
    for full in (False, True):
        db.ingest(home, full=full)
        # Two of the database, and the one that only a file has.
        assert db.sql("select source_key, cost from calls where gone_at is null order by 1") == [
            ("msg_1", 0.0123),
            ("msg_2", 0.0123),
            ("msg_3", 0.5),
        ]
        assert db.one("select count(*) from runs where gone_at is null") == 1


def test_version_2_of_opencode_has_a_table_of_its_own(db: ReportDatabase, tmp_path: Path) -> None:
    """A message of version 1 that it has copied counts once, under its id or another; its summaries are calls."""
    at = {"created": 1793923400000, "completed": 1793923401000}
    later = {"created": 1793923500000, "completed": 1793923501000}
    path = database(tmp_path, message("msg_1"), message("msg_2", time=at), message("msg_3", time=later))
    columns = "id text primary key, session_id text, type text, seq integer"
    change(path, f"create table session_message ({columns}, time_created integer, time_updated integer, data text)")
    said = message("msg_1")
    held = {"model": {"id": said["modelID"], "providerID": said["providerID"]}, "tokens": said["tokens"], "cost": 0.5}
    copies: list[tuple[str, str, Line]] = [
        ("msg_1", "assistant", {"time": {**said["time"], "created": said["time"]["created"] + 1}}),
        ("other", "assistant", {"time": at}),
        ("msg_4", "compaction", {"status": "completed"}),
        ("msg_5", "user", {"text": "tellnoone"}),
        ("msg_6", "model-switched", {}),
    ]
    for number, (key, kind, more) in enumerate(copies):
        row = f"'{key}', 'ses_tellnoone', '{kind}', {number}, 1793923600000, 1793923601000"
        change(path, f"insert into session_message values ({row}, '{json.dumps({**held, **more})}')")
    db.ingest(path)
    columns = "source_key, provider, model, status, input_tokens, output_tokens, cost"
    calls = db.sql(f"select {columns} from calls order by 1")
    model = ("anthropic", "claude-sonnet-4-5", "completed", 1300, 57)
    assert calls == [
        ("msg_1", *model, 0.5),
        ("msg_3", *model, 0.0123),
        ("msg_4", *model, 0.5),
        ("other", *model, 0.5),
    ]
    assert db.one("select ended_at from runs") == "2026-11-06T00:06:41.000Z"
    assert b"tellnoone" not in db.path.read_bytes()


@pytest.mark.parametrize(
    ("more", "expected"),
    [
        # A subscription writes 0: the tokens are estimated.
        ({"cost": 0}, [("completed", 1300, 57, None)]),
        # The total says that the output includes the 7 tokens of reasoning: 100 + 1000 + 200 + 50.
        ({"tokens": {"total": 1350, "input": 100, "output": 50, "reasoning": 7, "cache": {"read": 1000, "write": 200}}},
         [("completed", 1300, 50, 0.0123)]),
        ({"error": {"name": "ProviderAuthError", "data": {"message": "tellnoone"}}, "cost": 0,
          "tokens": {"input": 0, "output": 0, "reasoning": 0, "cache": {"read": 0, "write": 0}}},
         [("failed", 0, 0, 0.0)]),
        # It has only begun.
        ({"cost": 0, "time": {"created": 1793923200000},
          "tokens": {"input": 0, "output": 0, "reasoning": 0, "cache": {"read": 0, "write": 0}}}, []),
    ],
)  # fmt: skip
@pytest.mark.parametrize("is_database", [True, False], ids=["database", "file"])
def test_messages(
    db: ReportDatabase, tmp_path: Path, more: Line, expected: list[tuple[Any, ...]], is_database: bool
) -> None:
    """The cost, reasoning tokens and end of a message."""
    if is_database:
        path = database(tmp_path / "new", message("msg_1", **more))
    else:
        (path := tmp_path / "msg_1.json").write_text(json.dumps(message("msg_1", **more)), encoding="utf-8")
    db.ingest(path)
    recorded = "case when is_estimated then null else cost end"
    assert db.sql(f"select status, input_tokens, output_tokens, {recorded} from calls") == expected
    assert b"tellnoone" not in db.path.read_bytes()


def test_a_database_goes_on(db: ReportDatabase, tmp_path: Path) -> None:
    """A message more, and one that has ended meanwhile: the run lasts from its first message to its last."""
    path = database(tmp_path, message("msg_1"))
    db.ingest(path)
    add(path, message("msg_2", time={"created": 1793923260000, "completed": 1793923265000}))
    outcome = db.ingest(path)
    assert (outcome.counts.inserted, outcome.counts.updated) == (1, 1)
    # From the user's message at 23:59:59 to 00:01:05.
    assert db.sql("select started_at, ended_at, duration_ms from runs") == [
        ("2026-11-05T23:59:59.000Z", "2026-11-06T00:01:05.000Z", 66_000)
    ]


@pytest.mark.parametrize(
    "data", ["no JSON", "[]", "null", '{"role": "assistant", "tokens": []}', '{"role": "assistant"}']
)
def test_a_message_that_says_nothing(db: ReportDatabase, tmp_path: Path, data: str) -> None:
    """A broken message, or one that no model wrote, is no call."""
    path = database(tmp_path, message("msg_1"))
    change(path, f"insert into message values ('msg_9', 'ses_1', 1793923200000, 1793923200000, '{data}')")
    db.ingest(path)
    assert db.sql("select source_key from calls") == [("msg_1",)]
