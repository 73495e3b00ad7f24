"""A public server in a real browser: its content security policy lets charts be drawn, and a login leads on."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from helpers.browsing import browsing, marks, needs_browser, opened, serving
from helpers.serving import fill
from selenium.webdriver.common.by import By
from selenium.webdriver.support.ui import WebDriverWait

from storyreport.web import accounts

pytestmark = needs_browser
PASSWORD = "correct horse battery"


@pytest.fixture(scope="module")
def address(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """A public server with a user."""
    path = tmp_path_factory.mktemp("public") / "storyreport.db"
    fill(path)
    accounts.add_user(path, "ann", PASSWORD)
    with serving(path, "--public") as address:
        yield address


def test_a_person_logs_in_and_sees_a_chart(address: str, tmp_path: Path) -> None:
    """The address that was asked for comes after the login, with its chart, and the browser complains of nothing."""
    with browsing(tmp_path / "profile", 1280) as browser:
        browser.get(f"{address}/storyreport/slowest_steps")
        browser.find_element(By.NAME, "name").send_keys("ann")
        browser.find_element(By.NAME, "password").send_keys(PASSWORD)
        browser.find_element(By.CSS_SELECTOR, "input[type=submit][value='Log in']").click()
        WebDriverWait(browser, 20).until(lambda _: "/storyreport/slowest_steps" in browser.current_url)
        opened(browser, f"{address}/storyreport/slowest_steps")
        # Three steps were planted.
        assert marks(browser) == 3
        log = browser.get_log("browser")  # type: ignore[no-untyped-call]
        assert [entry for entry in log if "Content Security" in entry["message"]] == []
