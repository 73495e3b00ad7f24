"""Fixtures for the tests of this folder."""

import pytest
from helpers.report_database import ReportDatabase
from helpers.tracker import Tracker


@pytest.fixture
def old_and_new(db: ReportDatabase, tracker: Tracker) -> ReportDatabase:
    """Stories that ended long ago, one that is still worked on, one that fails, one that is open; and a new one."""
    tracker.clock(days=-100)
    for story in ("OLD-1", "OLD-2", "LONG", "FAILING", "OPEN"):
        tracker.register(story)
    tracker.end("OLD-1", "01_ingest", "run-1", 100, "failed", "Boom 1")
    tracker.end("OLD-1", "01_ingest", "run-1", 200)
    tracker.end("OLD-2", "01_ingest", "run-2", 300)
    tracker.end("LONG", "01_ingest", "run-3", 400)
    tracker.end("FAILING", "01_ingest", "run-4", 500, "failed", "Boom 2")
    tracker.end("OPEN", "01_ingest", "run-5", 600)
    tracker.start("OPEN", "02_preprocess", "run-5")
    tracker.end("LOST", "01_ingest", "run-6", 700)
    tracker.clock(days=100)
    tracker.end("LONG", "02_preprocess", "run-3", 800)
    tracker.register("NEW")
    tracker.end("NEW", "01_ingest", "run-7", 900)
    db.ingest(tracker.path)
    return db
