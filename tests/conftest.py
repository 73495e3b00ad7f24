"""Fixtures for every test."""

import os
import shutil
from collections.abc import Iterator
from datetime import datetime, timezone
from pathlib import Path

import pytest
from helpers import DATA, adventure, attempts, media, sprint, workflow
from helpers.command_line import in_its_own_process
from helpers.everything import NOW
from helpers.made_once import made_once
from helpers.report_database import ReportDatabase, change, lay_out_once
from helpers.rollup_files import RollupFiles
from helpers.tracker import Tracker
from hypothesis import settings

from storyreport import rollups
from storyreport.demo import write_sources
from storyreport.upkeep import notes
from storyreport.upkeep.acknowledge import acknowledge

# The same examples in every run, so that a change is judged by what it changes. HYPOTHESIS_PROFILE=search finds more.
settings.register_profile("same", derandomize=True, deadline=None)
settings.register_profile("search", deadline=None)
settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "same"))


@pytest.fixture(scope="session", autouse=True)
def empty_databases_are_copied() -> Iterator[None]:
    """An empty report database in memory is laid out once a process."""
    with lay_out_once() as lay_out, pytest.MonkeyPatch.context() as monkeypatch:
        monkeypatch.setattr(rollups, "lay_out", lay_out)
        yield


@pytest.fixture(scope="module", autouse=True)
def hours_ago_are_of_the_module() -> None:
    """All tests together may take longer than what is planted is old."""
    attempts.NOW = datetime.now(timezone.utc)


@pytest.fixture
def db(tmp_path: Path) -> ReportDatabase:
    """A report database that does not exist yet."""
    return ReportDatabase(tmp_path)


@pytest.fixture
def tracker(tmp_path: Path) -> Tracker:
    """A story pipeline's tracker with nothing in it."""
    return Tracker(tmp_path / "studio.db")


@pytest.fixture
def real_pipeline(tmp_path: Path) -> Path:
    """A copy of a database that a story pipeline's tracker really wrote."""
    return Path(shutil.copy(DATA / "pipeline_stories.db", tmp_path))


@pytest.fixture
def games(tmp_path: Path) -> Path:
    """A choose-your-own-adventure service's database with planted rows."""
    return adventure.write(tmp_path / "games.db")


@pytest.fixture
def movies(tmp_path: Path) -> Path:
    """A story-to-video service's database, of the newer version, with planted rows."""
    return media.write(tmp_path / "movies.db")


@pytest.fixture
def tales(tmp_path: Path) -> Path:
    """An export of a story-generation service with nothing in it."""
    return workflow.write(tmp_path / "tales.db")


@pytest.fixture
def runner(tmp_path: Path) -> Path:
    """A sprint runner's database with nothing in it."""
    path = tmp_path / "runner.db"
    change(path, *sprint.SCHEMA.split(";"))
    return path


@pytest.fixture
def real_database(tmp_path: Path) -> Path:
    """A copy of a database that a sprint runner really wrote."""
    return Path(shutil.copy(DATA / "sprint-runner.db", tmp_path))


@pytest.fixture
def rollup_files(tmp_path: Path) -> Iterator[RollupFiles]:
    """The rollups, to be changed."""
    with pytest.MonkeyPatch.context() as monkeypatch:
        yield RollupFiles(tmp_path / "rollups", monkeypatch)
    RollupFiles.read_again()


@pytest.fixture(scope="session")
def demo_folder(request: pytest.FixtureRequest) -> Path:
    """The folder that `storyreport demo` makes, up to now; to be read only."""

    def make(folder: Path) -> str:
        done = in_its_own_process("demo", folder, "--no-serve", cwd=folder, patience_seconds=300)
        assert (done.returncode, done.stderr) == (0, "")
        return done.stdout

    folder, said = made_once(request, "demo", make)
    assert said.endswith(f"See them with: storyreport serve --db {folder / 'storyreport.db'}\n")
    return folder


@pytest.fixture(scope="session")
def samples(request: pytest.FixtureRequest) -> list[Path]:
    """The demo's sources up to a fixed moment, one of each system; to be read only."""
    _, paths = made_once(request, "samples", lambda folder: "\n".join(map(str, write_sources(folder / "demo", NOW))))
    return [Path(path) for path in paths.splitlines()]


@pytest.fixture(scope="session")
def sampled(request: pytest.FixtureRequest, samples: list[Path]) -> ReportDatabase:
    """A report database fed by all of them, in their order; to be read only."""

    def ingest(folder: Path) -> str:
        for source in samples:
            ReportDatabase(folder).ingest(source)
        return ""

    return ReportDatabase(made_once(request, "sampled", ingest)[0])


@pytest.fixture(scope="session")
def fed(request: pytest.FixtureRequest, demo_folder: Path) -> ReportDatabase:
    """A report database fed by every system up to now, with a row that could not be loaded; to be read only."""

    def feed(folder: Path) -> str:
        db = ReportDatabase(folder)
        shutil.copy(demo_folder / "storyreport.db", db.path)
        ledger = folder / "ledger.csv"
        calls = "draft,acme,2026-03-01,0.5\ndraft,acme,2026-03-01,NaN\n"
        ledger.write_text(f"step,provider,called_at,cost\n{calls}", encoding="utf-8")
        db.ingest(ledger)
        notes.add(db.path, "new prompt", "2026-03-01", "ledger")
        acknowledge(db.path, "orphans", None, "restored soon")
        return ""

    return ReportDatabase(made_once(request, "fed", feed)[0])


@pytest.fixture(scope="session")
def server() -> Iterator[str]:
    """The URL of a real PostgreSQL server."""
    from helpers import postgres

    with postgres.running() as url:
        yield url
