"""The policy of our own pages on a public server: no script within a page runs but those of an empty page."""

import base64
import hashlib
import re
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest
from helpers.serving import Served, fill

from storyreport.web.mode import mode_for
from storyreport.web.server import Extras

SCRIPTS = re.compile(r"script-src ([^;]*);")
INLINE = re.compile(r"<script>(.*?)</script>", re.DOTALL)
OURS = (
    "/", "/-/reports", "/-/reports?q=fox", "/-/pages", "/-/page/cost", "/-/source/alpha", "/-/run/run-1",
    "/-/story/story-1", "/storyreport/cost", "/storyreport/slowest_steps", "/storyreport/cost?nope=1",
)  # fmt: skip


@pytest.fixture(scope="module")
def path(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A filled report database."""
    path = tmp_path_factory.mktemp("scripts") / "storyreport.db"
    fill(path)
    return path


@pytest.fixture(scope="module")
def served(path: Path) -> Iterator[Served]:
    """A public server that asks nobody to log in."""
    with closing(Served(path, Extras(mode=mode_for(path, "0.0.0.0", False, True, True, ())))) as served:
        yield served


@pytest.mark.parametrize("address", OURS)
def test_what_stands_in_our_pages_is_known(served: Served, address: str) -> None:
    """Each script within the page is one that the policy names by its digest, and no other may run."""
    answer = served.get(address)
    found = SCRIPTS.search(answer.headers["content-security-policy"])
    assert found
    assert "unsafe" not in found[1]
    inline = INLINE.findall(answer.text)
    digests = {base64.b64encode(hashlib.sha256(script.encode()).digest()).decode() for script in inline}
    assert digests
    assert digests <= set(re.findall(r"'sha256-([^']*)'", found[1]))


@pytest.mark.parametrize("address", ["/storyreport", "/storyreport/stories", "/storyreport/slowest_steps?_explore=on"])
def test_datasettes_pages_and_explored_charts_keep_what_they_need(served: Served, address: str) -> None:
    assert "script-src 'self' 'unsafe-inline'" in served.get(address).headers["content-security-policy"]


def test_templates_of_ones_own_may_have_scripts(path: Path, tmp_path: Path) -> None:
    (tmp_path / "_report.html").write_text("{# mine #}", encoding="utf-8")
    mode = mode_for(path, "0.0.0.0", False, True, True, ())
    with closing(Served(path, Extras(mode=mode, template_dir=tmp_path))) as served:
        assert "'unsafe-inline'" in served.get("/-/reports").headers["content-security-policy"]
