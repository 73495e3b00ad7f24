"""Addresses that nobody writes by accident: they lead to no other site, to no file, and past no permission."""

import asyncio
import re
from collections.abc import Iterator
from contextlib import closing
from typing import Any

import pytest
from helpers.serving import Served, fill

from storyreport.web import accounts
from storyreport.web.mode import mode_for
from storyreport.web.server import Extras

SCRIPT = "%22%3E%3Cscript%3Ealert(1)%3C/script%3E"
ELSEWHERE = re.compile(r"//|/\\|\\|https?:")


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    """A public server that asks nobody to log in."""
    path = tmp_path_factory.mktemp("strange") / "storyreport.db"
    fill(path)
    accounts.add_user(path, "ann", "correct horse battery")
    with closing(Served(path, Extras(mode=mode_for(path, "0.0.0.0", False, True, True, ())))) as served:
        yield served


def get(served: Served, address: str) -> Any:
    """The first answer, wherever it leads."""
    return asyncio.run(served.datasette.client.get(address))


@pytest.mark.parametrize(
    "address",
    [
        "//evil.example/", "//evil.example/x/", "/\\evil.example/", "/\\\\evil.example/x/", "/%5Cevil.example/",
        "/%2Fevil.example/", "/%2f%2fevil.example/", "/%09/evil.example/", "/~5Cevil.example/", "/.//evil.example/",
        "/?q=x&next=//evil.example", "/storyreport/%5C/",
    ],
)  # fmt: skip
def test_no_answer_leads_to_another_site(served: Served, address: str) -> None:
    answer = get(served, address)
    assert answer.status_code in (302, 400, 404)
    target = answer.headers.get("location", "/").partition("?")[0]
    assert not ELSEWHERE.match(target)


@pytest.mark.parametrize(
    "address",
    [
        "/storyreport/%69nputs", "/storyreport/~69nputs", "/storyreport/inputs/1", "/storyreport/inputs/1.json",
        "/storyreport/INPUTS", "/%73toryreport/secrets", "/storyreport/secrets/keyed_hash", "/storyreport%252fsecrets",
        "/storyreport/-/../secrets", "/storyreport/rejected_rows.csv?nope=1", "/-/report-refusal/rejected_rows",
        "/-/%64atabases", "/-//databases", "/-/databases/", "/-/Databases.json", "/-/allowed.json?action=view-table",
        "/static/..%2f..%2fmetadata.yml", "/static/%2e%2e/%2e%2e/metadata.yml", "/vega/..%2f..%2f..%2fetc%2fpasswd",
        "/static/" + "a" * 256, "/-/static/x/" + "%2A" * 90, "/-/static-plugins/" + "~2F" * 100, "/vega/" + "a" * 999,
        "/static//etc/passwd", "/-/page/..~2F..~2Fmetadata", "/storyreport/secrets/-/schema",
    ],
)  # fmt: skip
def test_no_spelling_opens_what_is_closed(served: Served, address: str) -> None:
    """Neither tables, nor Datasette's pages about itself, nor files outside of the folders of styles and scripts."""
    answer = served.get(address)
    assert answer.status_code in (400, 403, 404)
    assert not re.search(
        r"keyed_hash</td>|\.json\b.*locations|/data/alpha\.db|root:x|plugins:|site-packages", answer.text
    )


@pytest.mark.parametrize(
    "address",
    [
        f"/?source={SCRIPT}&_since={SCRIPT}", f"/-/reports?q={SCRIPT}&_pipeline={SCRIPT}", f"/-/step/{SCRIPT}",
        f"/-/step/write?source={SCRIPT}&since=7d&_compare={SCRIPT}", f"/-/page/cost?source={SCRIPT}",
        f"/storyreport/cost?source={SCRIPT}", f"/storyreport/cost?as_of={SCRIPT}", f"/-/pages?_since={SCRIPT}",
        "/-/reports?_since=javascript:alert(1)", "/storyreport/cost?_charset=utf-7&source=%2BADw-script%2BAD4-",
    ],
)  # fmt: skip
def test_parameters_are_text_on_every_page(served: Served, address: str) -> None:
    """In the bar, its form and its links; the type and charset of a page are not the visitor's choice."""
    answer = served.get(address)
    assert "<script>alert" not in answer.text
    assert 'href="javascript:' not in answer.text
    assert answer.headers["content-type"].lower() == "text/html; charset=utf-8"
