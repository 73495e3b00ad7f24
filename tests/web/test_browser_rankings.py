"""Charts of more rows than can be read: which of them are drawn, and what is said of the others."""

from pathlib import Path

from helpers.browsing import MARKS, needs_browser, opened, serving
from helpers.report_database import ReportDatabase
from selenium import webdriver

pytestmark = needs_browser
RUNS = 31


def test_the_newest_runs_are_drawn_however_short(browser: webdriver.Chrome, db: ReportDatabase, tmp_path: Path) -> None:
    """31 runs, each a second shorter than the one before: the oldest is the longest, and is left out."""
    lines = ["run,step,status,started_at,ended_at,duration_ms"]
    lines += [
        f"run-{n:02},plan,completed,2026-03-01T10:{n:02}:00Z,2026-03-01T10:{n:02}:40Z,{1000 * (RUNS - n)}"
        for n in range(RUNS)
    ]
    path = tmp_path / "attempts.csv"
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    db.ingest(path)
    with serving(db.path) as address:
        opened(browser, f"{address}/storyreport/recent_runs")
        text = browser.execute_script("return document.querySelector('figure.chart').parentElement.textContent")
        labels = browser.execute_script(
            f"return [...document.querySelectorAll({MARKS!r})].map(mark => mark.getAttribute('aria-label'))"
        )
    assert "The first 12 of 31 are drawn." in text
    assert len(labels) == 12
    assert any("run-30" in label for label in labels)
    assert not any("run-00" in label for label in labels)
