"""Dashboards and pages that lead on, in a browser: axe, widths, no script needed."""

import pytest
from helpers.browsing import check, needs_browser, opened
from selenium import webdriver
from selenium_axe_python.axe import Axe

# These answer with a status that the browser calls an error.
REFUSED = ("/-/page/nix", "/-/page/cost?since=soon", "/storyreport/slowest_step")
OURS = (
    *REFUSED,
    "/-/pages",
    "/-/page/cost",
    "/-/page/quality",
    "/-/page/operations",
    "/storyreport/slowest_steps?pipeline=nix",
    "/storyreport/run_timeline",
    "/storyreport/runs/1",
    "/storyreport/overview?by=week",
)

pytestmark = needs_browser


@pytest.mark.parametrize("path", OURS)
def test_they_fit_the_screen(browser: webdriver.Chrome, site: str, path: str) -> None:
    """Nothing is run that a source says, and nothing is wider than the screen, of a phone, too."""
    opened(browser, site + path)
    if path in REFUSED:
        browser.get_log("browser")  # type: ignore[no-untyped-call]
    check(browser)


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_axe_finds_nothing_serious(browser: webdriver.Chrome, site: str, scheme: str) -> None:
    media = {"features": [{"name": "prefers-color-scheme", "value": scheme}]}
    browser.execute_cdp_cmd("Emulation.setEmulatedMedia", media)
    found = []
    for path in OURS:
        opened(browser, site + path)
        browser.execute_script("document.querySelector('navigation-search')?.remove()")
        axe = Axe(browser)
        axe.inject()  # type: ignore[no-untyped-call]
        found += [
            f"{path}: {violation['id']} at {node['target']}: {node['failureSummary']}"
            for violation in axe.run()["violations"]
            if violation["impact"] in ("serious", "critical")
            for node in violation["nodes"]
        ]
    browser.execute_cdp_cmd("Emulation.setEmulatedMedia", {"features": []})
    assert found == []


def test_a_dashboard_needs_no_script(browser: webdriver.Chrome, site: str) -> None:
    browser.execute_cdp_cmd("Emulation.setScriptExecutionDisabled", {"value": True})
    try:
        browser.get(f"{site}/-/page/cost?since=2025-03-01")
        page = browser.page_source
    finally:
        browser.execute_cdp_cmd("Emulation.setScriptExecutionDisabled", {"value": False})
    assert '<div class="picture wide"><svg' in page
    assert "Cost of failures" in page
