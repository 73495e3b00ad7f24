"""Pictures of every page, on screen and phone, light and dark: python tests/screenshots.py DATABASE FOLDER [WORD]"""

import sqlite3
import sys
import tempfile
from contextlib import closing
from pathlib import Path
from urllib.parse import quote

from datasette.utils import tilde_encode
from helpers.browsing import browsing, opened, serving
from selenium import webdriver

from storyreport import reports

SIZES = {"screen": 1280, "phone": 390}
SCHEMES = ("light", "dark")
# The rows of which a thing with much to show has most: the picture's name, the kind of thing, its rows.
THINGS = (
    ("story", "story", "story_options join story_nodes on story_nodes.id = story_options.node_id"),
    ("failed", "story", "failed_step_runs"),
    ("run", "run", "step_runs"),
    ("called", "run", "calls"),
)
SHOWN = """
    with failed_step_runs as (select * from step_runs where status = 'failed')
    select
        things.source_key,
        sources.name
    from {rows}
    join {table} as things on things.id = {kind}_id
    join sources on sources.id = things.source_id
    group by things.id
    order by count(*) desc
    limit 1
"""
TABLES = {"story": "stories", "run": "runs"}


def addresses(database: Path) -> dict[str, str]:
    """The pages by the names of their pictures."""
    pages = {"home": "/", "home-found": "/?q=cost", "database": "/storyreport", "table": "/storyreport/runs"}
    pages |= {f"report-{name}": f"/storyreport/{name}" for name in reports.load_reports()}
    pages |= {
        "embedded": "/storyreport/slowest_steps?_embed=1",
        "explored": "/storyreport/slowest_steps?_explore=1#g.mark=bar&g.x_column=step&g.x_type=ordinal"
        "&g.y_column=total_ms&g.y_type=quantitative",
        "refused": "/storyreport/slowest_steps?since=soon",
        "nothing": "/storyreport/slowest_steps?since=2100-01-01",
        "unknown": "/-/run/unknown",
    }
    with closing(sqlite3.connect(database)) as connection:
        for name, kind, rows in THINGS:
            found = connection.execute(SHOWN.format(kind=kind, table=TABLES[kind], rows=rows)).fetchone()
            if found:
                key, source = found
                pages[f"thing-{name}"] = f"/-/{kind}/{tilde_encode(key)}?source={quote(source)}"
                pages |= looked_at(kind, key)
        for (name,) in connection.execute("select name from sources"):
            pages[f"thing-source-{name}"] = f"/-/source/{tilde_encode(name)}"
        for source, family in connection.execute(
            "select name, family from rollup_steps join sources on id = source_id order by executions desc limit 2"
        ):
            pages[f"thing-step-{family}"] = f"/-/step/{tilde_encode(family)}?source={quote(source)}"
    return pages


def looked_at(kind: str, key: str) -> dict[str, str]:
    """The reports on one thing, which show nothing without it."""
    return {
        f"report-{report.name}": f"/storyreport/{report.name}?{kind}={quote(key)}"
        for report in reports.load_reports().values()
        if report.topic == "One run, one story" and any(param.name == kind for param in report.params)
    }


def photograph(
    browser: webdriver.Chrome, site: str, pages: dict[str, str], folder: Path, kind: str, width: int
) -> None:
    """One picture a page and scheme, as long as the page is."""
    for name, path in pages.items():
        for scheme in SCHEMES:
            media = {"features": [{"name": "prefers-color-scheme", "value": scheme}]}
            browser.execute_cdp_cmd("Emulation.setEmulatedMedia", media)
            opened(browser, site + path)
            height = min(browser.execute_script("return document.documentElement.scrollHeight"), 6000)
            size = {"width": width, "height": height, "deviceScaleFactor": 1, "mobile": False}
            browser.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", size)
            browser.save_screenshot(str(folder / f"{name}-{kind}-{scheme}.png"))
            sideways = browser.execute_script("return document.documentElement.scrollWidth - innerWidth")
            if sideways > 0:
                print(f"{name} scrolls sideways by {sideways} px on a {kind}")
            browser.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", {**size, "height": 900})


def main(database: Path, folder: Path, word: str = "") -> None:
    """Photograph the pages whose name holds the word."""
    folder.mkdir(parents=True, exist_ok=True)
    pages = {name: path for name, path in addresses(database).items() if word in name}
    with serving(database) as site, tempfile.TemporaryDirectory() as profile:
        for kind, width in SIZES.items():
            with browsing(Path(profile) / kind, width) as browser:
                photograph(browser, site, pages, folder, kind, width)


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]), *sys.argv[3:])
