"""A copy of the report database for others holds nothing that a visitor without a login is not shown."""

from pathlib import Path

from helpers import adventure
from helpers.report_database import ReportDatabase, ask, change

from storyreport.upkeep.public import publish
from storyreport.web.access import PRIVATE_TABLES

AT = "2026-03-10T10:00:00.000Z"
# Of each table that is private, all that may say something; row_blocks has the keys of the rows that it is about.
PLANTED = (
    "update inputs set location = '/home/zq7ann/books/games.db'",
    "update inputs set watermarks = json_set(watermarks, '$.place', 'zq7', '$.files.zq7', '', '$.named.t', 'zq7')",
    "insert into lakes (source_id, engine, location, rolled_up_at, until_day, full_at, step_runs, calls)"
    f" values (1, 'duckdb', '/home/zq7ann/lake', '{AT}', '2026-03-10', '{AT}', 1, 1)",
    "insert into rejects (source_id, input_id, source_table, source_key, severity, reason, row, rejected_at)"
    f" select 1, id, 'stories', 'zq7key', 'rejected', 'is no number', '{{\"a\": \"zq7row\"}}', '{AT}' from inputs",
    "insert into secrets values ('zq7name', 'zq7secret')",
    "insert into unchanged_requests values (x'00', x'00', 'zq7sources', x'00')",
    "insert into row_blocks select id, 'stories', 1, x'00', 'zq7keys' from inputs",
    f"insert into notes (source_id, at, note) values (1, '{AT}', 'zq7note')",
    f"insert into acknowledgements (id, check_name, acknowledged_at, note) values (1, 'orphans', '{AT}', 'zq7ack')",
    "insert into acknowledged_findings values (1, 1, '[\"story-1\"]')",
)


def test_what_is_private_is_not_in_a_copy_for_others(db: ReportDatabase, tmp_path: Path) -> None:
    """Nothing of it is in the file's bytes; what reports count and what was put aside stays."""
    db.ingest(adventure.write(tmp_path / "games.db"))
    change(db.path, *PLANTED)
    planted = {statement.split()[1 if statement.startswith("update") else 2] for statement in PLANTED}
    assert planted == set(PRIVATE_TABLES) - {"source_states"}, "source_states is a view"
    publish(db.path, tmp_path / "public.db")
    assert b"zq7" not in (tmp_path / "public.db").read_bytes().lower()
    assert ask(tmp_path / "public.db", "select distinct location from inputs") == [("games.db",)]
    assert ask(tmp_path / "public.db", "select location from lakes") == [("lake",)]
    kept = "select (select count(*) from rejects), (select count(*) from acknowledged_findings)"
    assert ask(tmp_path / "public.db", kept) == ask(db.path, kept)
